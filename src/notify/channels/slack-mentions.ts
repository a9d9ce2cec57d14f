import type { Notification } from '../../model/notification.ts';
import { escapeSlack } from '../../templates/index.ts';
import { cleanText } from '../text.ts';

/** Slack reads `<!channel>`, `<@U123>` and `<https://...|text>` anywhere in a text. Templates may write them, label values may not. */

/** Distinct markups of values that are looked for; with more of them the whole text is escaped. */
const MAX_MARKUPS = 200;
const MARKUP = /<[!@#a-zA-Z][^<>]{0,300}/g;
const MENTION = /<(?=[!@#])/g;
const NAME_MENTION = /@(?=channel|here|everyone|[a-z0-9])/gi;

/** What the labels and annotations of a notification could do to a text. */
export interface SlackThreats {
  readonly markups: readonly string[];
  /** Some value has a markup, or the beginning of one. */
  readonly isHostile: boolean;
  readonly isTooMuch: boolean;
}

export function slackThreats(notification: Notification): SlackThreats {
  const markups = new Set<string>();
  let isHostile = false;
  for (const value of valuesOf(notification)) {
    if (!value.includes('<')) continue;
    const text = cleanText(value);
    if (text.endsWith('<')) isHostile = true;
    for (const [markup] of text.matchAll(MARKUP)) {
      if (markups.size > MAX_MARKUPS) break;
      markups.add(markup);
    }
  }
  // Longer ones first, because one may begin another.
  const sorted = [...markups].sort((a, b) => b.length - a.length);
  return {
    markups: sorted,
    isHostile: isHostile || sorted.length > 0,
    isTooMuch: sorted.length > MAX_MARKUPS,
  };
}

function* valuesOf(notification: Notification): Generator<string> {
  yield notification.receiver;
  yield* notification.groupLabels.values;
  for (const { labels, annotations, generatorUrl } of notification.alerts) {
    yield* labels.values;
    yield* labels.names;
    yield* annotations.values;
    yield* annotations.names;
    yield generatorUrl;
  }
}

/**
 * The text without markups that stand in values. What a template wrote itself stays, except for mentions when some value has markup:
 * the value could be put together to a mention by the template.
 *
 * @param hasNames Slack was told to make mentions of names, so `@channel` is one too.
 */
export function withoutForeignMarkup(text: string, threats: SlackThreats, hasNames: boolean): string {
  if (threats.isTooMuch) return escapeSlack(text);
  let result = text;
  for (const markup of threats.markups) result = result.replaceAll(markup, escapeSlack(markup));
  if (threats.isHostile) result = result.replace(MENTION, '&lt;');
  // Behind a word joiner no name is recognised, and nobody sees it.
  return hasNames ? result.replace(NAME_MENTION, '@\u2060') : result;
}
