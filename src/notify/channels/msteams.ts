import type { z } from 'zod';
import type { Notification } from '../../model/notification.ts';
import { bool, section, text } from '../../prom-config/index.ts';
import { escapeMarkdown } from '../../templates/index.ts';
import {
  type ChannelDefinition,
  DeliveryError,
  defineChannel,
  type SendContext,
  type SendResult,
} from '../channel.ts';
import { cleanLine, cleanText, cutText } from '../text.ts';
import { postJson, quote, toJson } from './http.ts';
import {
  buttonsWithin,
  fitMessage,
  isHttpUrl,
  MAX_MESSAGE_ALERTS,
  messageButtons,
  missingProblem,
  orStatus,
  pairProblems,
} from './message.ts';

/** Of a message with its card; Teams allows 28 KB. */
const MAX_MESSAGE_BYTES = 28_000;
const MAX_TITLE_LENGTH = 500;
/** Teams shows six buttons of a card. */
const MAX_ACTIONS = 6;
const MAX_URL_LENGTH = 2000;

const schema = section({
  /** Of a workflow that posts to a channel when a webhook request is received. */
  webhook_url: text.optional(),
  webhook_url_file: text.optional(),
  title: text.default('{{ template "msteamsv2.default.title" . }}'),
  text: text.default('{{ template "msteamsv2.default.text" . }}'),
  /** Ours. Buttons to acknowledge, open, silence and to the runbook. */
  buttons: bool.default(true),
});

export type MsteamsSettings = z.output<typeof schema>;
type Context = SendContext<MsteamsSettings>;

/** Microsoft Teams: an Adaptive Card for a workflow (https://adaptivecards.io/explorer/AdaptiveCard.html). */
export const msteams: ChannelDefinition<MsteamsSettings> = defineChannel({
  name: 'msteamsv2',
  title: 'Microsoft Teams',
  configKey: 'msteamsv2_configs',
  isInAlertmanager: true,
  schema,
  globals: {},
  secretKeys: ['webhook_url'],
  templateKeys: ['title', 'text'],
  sendsResolved: true,
  maxAlerts: MAX_MESSAGE_ALERTS,
  messagesPerMinute: 30,
  check: (settings) => [
    ...pairProblems(settings, [['webhook_url', 'webhook_url_file']]),
    ...missingProblem(settings, ['webhook_url', 'webhook_url_file']),
  ],
  send: sendMsteams,
});

async function sendMsteams(notification: Notification, context: Context): Promise<SendResult> {
  const { settings } = context;
  const url = (await context.secret(settings.webhook_url, settings.webhook_url_file)) ?? '';
  const isDefaultTitle = settings.title === schema.shape.title.parse(undefined);
  const rawTitle = cutText(
    orStatus(cleanLine(await context.render(settings.title)), notification),
    MAX_TITLE_LENGTH,
  );
  // The default title has label values in it as they are, and a card reads Markdown in every text.
  const title = isDefaultTitle ? escapeMarkdown(rawTitle) : rawTitle;
  const body = withoutHeadings(cleanText(await context.render(settings.text)));
  const answer = await postJson(context, { url, body: fitCard(notification, settings, title, body) });
  // Old connectors answer 200 and say in the body that the message was not posted.
  const failed = /HTTP error (\d{3})/i.exec(answer.text);
  if (failed === null) return { detail: answer.detail };
  throw new DeliveryError({
    message: `Teams did not post the message: ${quote(context, answer.text)}`,
    isRetryable: failed[1] === '429' || failed[1]!.startsWith('5'),
  });
}

/** Cards have no headings in Markdown, and would show the sign. */
function withoutHeadings(text: string): string {
  return text.replace(/^#{1,6} +(.+)$/gm, '**$1**');
}

/** The message with as much of the text as Teams takes: found by halving, because a character takes one to six bytes in JSON. */
function fitCard(
  notification: Notification,
  settings: MsteamsSettings,
  title: string,
  text: string,
): unknown {
  const withLength = (length: number) =>
    card(notification, settings, title, withoutHalfEscape(fitMessage(text, notification, length)));
  const fits = (message: unknown) => Buffer.byteLength(toJson(message)) <= MAX_MESSAGE_BYTES;
  const whole = withLength(MAX_MESSAGE_BYTES);
  if (fits(whole)) return whole;
  let low = 0;
  let high = MAX_MESSAGE_BYTES;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(withLength(middle))) low = middle;
    else high = middle;
  }
  return withLength(low);
}

function withoutHalfEscape(text: string): string {
  return text.replace(/(?<!\\)((?:\\\\)*)\\…/g, '$1…');
}

function card(notification: Notification, settings: MsteamsSettings, title: string, text: string): unknown {
  const actions = settings.buttons ? actionsOf(notification) : [];
  return {
    type: 'message',
    summary: title,
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          msteams: { width: 'Full' },
          body: [
            {
              type: 'TextBlock',
              text: title,
              style: 'heading',
              size: 'Medium',
              weight: 'Bolder',
              color: notification.status === 'firing' ? 'Attention' : 'Good',
              wrap: true,
            },
            ...(text.trim() === '' ? [] : [{ type: 'TextBlock', text, wrap: true }]),
          ],
          ...(actions.length === 0 ? {} : { actions }),
        },
      },
    ],
  };
}

function actionsOf(notification: Notification): unknown[] {
  const usable = messageButtons(notification).filter(
    ({ url }) => url !== undefined && url.length <= MAX_URL_LENGTH && isHttpUrl(url),
  );
  return buttonsWithin(usable, MAX_ACTIONS).map(({ label, url }) => ({
    type: 'Action.OpenUrl',
    title: label,
    url,
  }));
}
