import { cutHtml, type HtmlTag } from './cut-html.ts';

/** Telegram's limit for a text. It counts after the tags were read; we count them in, which is always enough. */
export const MAX_TELEGRAM_LENGTH = 4096;

const PLAIN: HtmlTag = {};
/** https://core.telegram.org/bots/api#html-style; anything else makes Telegram refuse the message. */
export const TELEGRAM_TAGS: ReadonlyMap<string, HtmlTag> = new Map<string, HtmlTag>([
  ...['b', 'strong', 'i', 'em', 'u', 'ins', 's', 'strike', 'del', 'tg-spoiler', 'pre'].map(
    (name): [string, HtmlTag] => [name, PLAIN],
  ),
  ['span', { attributes: { class: /^tg-spoiler$/ }, needsAttribute: true }],
  ['a', { attributes: { href: /^(?:https?|tg|mailto|tel):\S*$/i }, needsAttribute: true }],
  ['code', { attributes: { class: /^language-[\w+#-]{1,40}$/ } }],
  ['blockquote', { attributes: { expandable: true } }],
  ['tg-emoji', { attributes: { 'emoji-id': /^\d{1,30}$/ }, needsAttribute: true }],
]);

/** The text as HTML that Telegram takes, at most 4096 long. */
export function telegramHtml(html: string, end: string, endWhenCut: string): string {
  return cutHtml(html, { tags: TELEGRAM_TAGS, maxLength: MAX_TELEGRAM_LENGTH, end, endWhenCut });
}
