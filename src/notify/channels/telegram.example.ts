import assert from 'node:assert/strict';
import type { ChannelDefinition } from '../channel.ts';
import {
  type ChannelExample,
  HTTP_FAULTS,
  type HttpAnswer,
  type HttpReceived,
  jsonOf,
  type StandIn,
  startHttpStandIn,
} from './channel-suite.ts';
import { assertJson, assertKeys, assertTells, quoteRequest } from './example-checks.ts';
import { telegram } from './telegram.ts';

export const BOT_TOKEN = '123456789:AAabcdefghijklmnopqrstuvwxyz0123456';
export const CHAT_ID = -1001234567890;
/** https://core.telegram.org/bots/api#html-style */
const TAGS = new Set(
  'b strong i em u ins s strike del span tg-spoiler a tg-emoji code pre blockquote'.split(' '),
);
const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"' };

/** What Telegram makes of HTML: the text and the tags in it. Throws as Telegram refuses. */
export function readTelegramHtml(html: string): { text: string; tags: string[] } {
  const open: string[] = [];
  const tags: string[] = [];
  let text = '';
  let at = 0;
  while (at < html.length) {
    const sign = html[at]!;
    if (sign === '<') {
      const end = html.indexOf('>', at);
      if (end < 0) throw new Error("Bad Request: can't parse entities: unclosed start tag");
      readTag(html.slice(at + 1, end), open, tags);
      at = end + 1;
    } else if (sign === '&') {
      const [written, shown] = readEntity(html.slice(at, at + 12));
      text += shown;
      at += written;
    } else {
      text += sign;
      at++;
    }
  }
  if (open.length > 0)
    throw new Error(`Bad Request: can't parse entities: can't find end tag of ${open.at(-1)}`);
  if (text.trim() === '') throw new Error('Bad Request: message text is empty');
  return { text, tags };
}

function readTag(inside: string, open: string[], tags: string[]): void {
  const match = /^(\/?)([a-z-]+)((?:\s+[a-z-]+(?:="[^"<>]*")?)*)\s*$/.exec(inside);
  if (match === null || !TAGS.has(match[2]!))
    throw new Error(`Bad Request: can't parse entities: Unsupported start tag "${inside.slice(0, 20)}"`);
  const name = match[2]!;
  if (match[1] === '/') {
    if (open.pop() !== name) throw new Error(`Bad Request: can't parse entities: unexpected end tag ${name}`);
    return;
  }
  if (name === 'span' && !/class="tg-spoiler"/.test(match[3]!))
    throw new Error(`Bad Request: can't parse entities: Tag "span" must have class "tg-spoiler"`);
  open.push(name);
  tags.push(name + match[3]);
}

function readEntity(text: string): [written: number, shown: string] {
  const match = /^&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]+));/i.exec(text);
  if (match === null) return [1, '&'];
  const [whole, decimal, hex, name] = match;
  if (name !== undefined) return ENTITIES[name] === undefined ? [1, '&'] : [whole.length, ENTITIES[name]];
  const point = decimal === undefined ? Number.parseInt(hex!, 16) : Number(decimal);
  return [whole.length, String.fromCodePoint(point)];
}

/** https://core.telegram.org/bots/api#sendmessage and #editmessagetext */
export function startTelegram(): Promise<StandIn> {
  let count = 0;
  return startHttpStandIn({
    check(request) {
      assertJson(request);
      const [, method] =
        new RegExp(`^/bot${BOT_TOKEN}/(sendMessage|editMessageText)$`).exec(request.path) ?? [];
      assert.ok(method !== undefined, `no such method: ${request.path}`);
      checkMessage(jsonOf(request), method === 'editMessageText');
    },
    answer(request): HttpAnswer {
      const { message_id: edited, chat_id: id } = jsonOf(request);
      count++;
      const result = { message_id: edited ?? 100 + count, chat: { id }, date: 1_700_000_000, text: '' };
      return { body: JSON.stringify({ ok: true, result }) };
    },
    refuse: (request) => ({
      status: 400,
      body: JSON.stringify({
        ok: false,
        error_code: 400,
        description: `Bad Request: chat not found ${quoteRequest(request)}`,
      }),
    }),
  });
}

const KEYS = [
  'chat_id',
  'message_thread_id',
  'text',
  'parse_mode',
  'link_preview_options',
  'disable_notification',
  'reply_parameters',
  'reply_markup',
];

// biome-ignore lint/suspicious/noExplicitAny: checks an unknown body
function checkMessage(body: any, isEdit: boolean): void {
  assertKeys(body, isEdit ? [...KEYS, 'message_id'] : KEYS);
  assert.equal(body.chat_id, CHAT_ID);
  assert.ok(body.text.length >= 1 && body.text.length <= 4096, `the text has ${body.text.length} characters`);
  if (body.parse_mode === 'HTML') readTelegramHtml(body.text);
  assert.deepEqual(body.link_preview_options, { is_disabled: true });
  if (isEdit) assert.equal(typeof body.message_id, 'number');
  if (body.reply_parameters !== undefined) assert.equal(typeof body.reply_parameters.message_id, 'number');
  for (const row of body.reply_markup?.inline_keyboard ?? []) {
    assert.ok(row.length >= 1 && row.length <= 8, 'buttons in a row');
    for (const button of row) checkButton(button);
  }
}

function checkButton(button: { text: string; url?: string; callback_data?: string }): void {
  assertKeys(button, ['text', 'url', 'callback_data']);
  assert.ok(button.text.trim() !== '', 'a button without a text');
  assert.equal([button.url, button.callback_data].filter((value) => value !== undefined).length, 1);
  if (button.callback_data !== undefined) assert.ok(Buffer.byteLength(button.callback_data) <= 64);
  if (button.url === undefined) return;
  const { hostname, protocol } = new URL(button.url);
  assert.match(protocol, /^(https?|tg):$/);
  assert.ok(
    hostname.includes('.'),
    `Bad Request: inline keyboard button URL '${button.url}' is invalid: Wrong HTTP URL`,
  );
}

export function telegramText(request: HttpReceived): string {
  const { text, parse_mode: mode } = jsonOf(request);
  return mode === 'HTML' ? readTelegramHtml(text).text : text;
}

export const telegramExample: ChannelExample = {
  definition: telegram as ChannelDefinition,
  startStandIn: startTelegram,
  settings: (standIn) => ({ api_url: standIn.url, bot_token: BOT_TOKEN, chat_id: CHAT_ID }),
  secrets: [BOT_TOKEN],
  fileKeys: ['bot_token'],
  faults: HTTP_FAULTS,
  verify(request, notification) {
    assertTells([telegramText(request)], notification);
    const { tags } = readTelegramHtml(jsonOf(request).text);
    assert.deepEqual(tags, [], 'formatting that the template does not have');
  },
  texts(request) {
    const rows: { text: string }[][] = jsonOf(request).reply_markup?.inline_keyboard ?? [];
    return [telegramText(request), ...rows.flat().map(({ text }) => text)];
  },
  sizes: (request) => [{ name: 'text', used: jsonOf(request).text.length, max: 4096 }],
};
