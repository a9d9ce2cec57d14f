import { z } from 'zod';
import type { Notification } from '../../model/notification.ts';
import { bool, count, section, text } from '../../prom-config/index.ts';
import { escapeHtml } from '../../templates/index.ts';
import {
  type ChannelDefinition,
  DeliveryError,
  defineChannel,
  type SendContext,
  type SendResult,
} from '../channel.ts';
import { cleanText } from '../text.ts';
import { failureOf, quote, send, toJson } from './http.ts';
import {
  closingLines,
  fitMessage,
  MAX_MESSAGE_ALERTS,
  type MessageButton,
  messageButtons,
  missingProblem,
  orStatus,
  pairProblems,
  readState,
  recordOf,
} from './message.ts';
import { MAX_TELEGRAM_LENGTH, telegramHtml } from './telegram-html.ts';

/** Of a button, as far as phones show it. */
const MAX_BUTTON_LENGTH = 64;
const MAX_BUTTON_URL_LENGTH = 2048;
/** `callback_data` of a button that acknowledges: this and the alert's fingerprint, of 64 bytes that Telegram allows. */
export const ACKNOWLEDGE_DATA = 'ack:';

const chatId = z
  .union([z.number(), z.string()], { error: 'must be the number of a chat, or @name of a public channel' })
  .transform((value, context) => {
    const number = typeof value === 'string' && /^-?\d{1,16}$/.test(value) ? Number(value) : value;
    if (typeof number === 'number' && Number.isSafeInteger(number) && number !== 0) return number;
    if (typeof number === 'string' && (/^@\w{4,40}$/.test(number) || number.includes('{{'))) return number;
    context.addIssue({
      code: 'custom',
      message: 'must be the number of a chat, or @name of a public channel',
    });
    return z.NEVER;
  });

const schema = section({
  api_url: text.default('https://api.telegram.org'),
  /** As BotFather gave it: `123456:ABC...`. */
  bot_token: text.optional(),
  bot_token_file: text.optional(),
  chat_id: chatId.optional(),
  chat_id_file: text.optional(),
  /** Of a topic in a group that has topics. */
  message_thread_id: count.optional(),
  message: text.default('{{ template "telegram.default.message" . }}'),
  disable_notifications: bool.default(false),
  parse_mode: z
    .enum(['HTML', 'MarkdownV2', 'Markdown', ''], { error: 'must be HTML, MarkdownV2, Markdown or empty' })
    .default('HTML'),
  /** Ours. Buttons to acknowledge, open, silence and to the runbook. */
  buttons: bool.default(true),
  /** Ours. The acknowledging button calls the bot back (`ack:<fingerprint>`) instead of opening a page. */
  interactive: bool.default(false),
  /** Ours. When everything is resolved the first message changes, without a sound, instead of a reply to it. */
  update_message: bool.default(false),
});

export type TelegramSettings = z.output<typeof schema>;
type Context = SendContext<TelegramSettings>;

/** Telegram's bot API (https://core.telegram.org/bots/api#sendmessage). Later messages of a group are replies to its first. */
export const telegram: ChannelDefinition<TelegramSettings> = defineChannel({
  name: 'telegram',
  title: 'Telegram',
  configKey: 'telegram_configs',
  isInAlertmanager: true,
  schema,
  globals: {
    api_url: 'telegram_api_url',
    bot_token: 'telegram_bot_token',
    bot_token_file: 'telegram_bot_token_file',
  },
  secretKeys: ['bot_token'],
  templateKeys: ['message'],
  sendsResolved: true,
  maxAlerts: MAX_MESSAGE_ALERTS,
  // Telegram allows 20 in a minute for a group.
  messagesPerMinute: 18,
  check: (settings) => [
    ...pairProblems(settings, [
      ['bot_token', 'bot_token_file'],
      ['chat_id', 'chat_id_file'],
    ]),
    ...missingProblem(settings, ['bot_token', 'bot_token_file']),
    ...missingProblem(settings, ['chat_id', 'chat_id_file']),
  ],
  send: sendTelegram,
});

interface Message {
  readonly text: string;
  readonly parse_mode?: string;
  readonly link_preview_options: { readonly is_disabled: true };
  readonly reply_markup?: { readonly inline_keyboard: readonly (readonly unknown[])[] };
}

async function sendTelegram(notification: Notification, context: Context): Promise<SendResult> {
  const { settings } = context;
  const chat = await chatOf(context);
  const message = await messageOf(notification, context);
  const before = readState(context.previous);
  const isResolved = notification.status === 'resolved';
  const isGoingOn = typeof before.message_id === 'number' && before.chat === chat && before.done !== true;
  const first = isGoingOn ? (before.message_id as number) : undefined;
  if (first !== undefined && isResolved && settings.update_message) {
    if (await changeMessage(context, chat, first, message)) return result('changed', chat, first, true);
  }
  const sent = await call(context, 'sendMessage', {
    chat_id: chat,
    message_thread_id: settings.message_thread_id,
    disable_notification: settings.disable_notifications,
    ...message,
    ...(first === undefined
      ? {}
      : { reply_parameters: { message_id: first, allow_sending_without_reply: true } }),
  });
  const id = recordOf(sent.result).message_id;
  if (typeof id !== 'number')
    throw new DeliveryError({ message: 'the answer of Telegram has no message in it', isRetryable: true });
  return result('sent', chat, first ?? id, isResolved);
}

function result(what: string, chat: string | number, messageId: number, isResolved: boolean): SendResult {
  // A group that fires again after it was resolved begins with a new message.
  const state = { chat, message_id: messageId, ...(isResolved ? { done: true } : {}) };
  return { detail: `${what}, message ${messageId}`, state: JSON.stringify(state) };
}

async function chatOf(context: Context): Promise<string | number> {
  const { chat_id: id, chat_id_file: file } = context.settings;
  if (typeof id === 'number') return id;
  const text = id ?? (await context.secret(undefined, file)) ?? '';
  const chat = chatId.safeParse(text.includes('{{') ? (await context.render(text)).trim() : text);
  if (chat.success) return chat.data;
  throw new DeliveryError({
    message: `chat_id is neither the number of a chat nor the @name of a channel: ${quote(context, text)}`,
    isRetryable: false,
  });
}

async function messageOf(notification: Notification, context: Context): Promise<Message> {
  const { settings } = context;
  const isHtml = settings.parse_mode === 'HTML';
  const buttons = settings.buttons ? messageButtons(notification) : [];
  const keys = buttons.map((button) => keyOf(button, settings.interactive));
  // What Telegram would refuse as a button is written out.
  const written = buttons.filter((button, i) => keys[i] === undefined && button.url !== undefined);
  const links = written.map(({ label, url }) => `\n${label}: ${url}`).join('');
  const rendered = cleanText(await context.render(settings.message, { isHtml }));
  const body = orStatus(rendered, notification);
  const end = (isCut: boolean) =>
    escapeHtml(closingLines(notification, isCut)) + boundedLinks(escapeHtml(links));
  const text = isHtml
    ? telegramHtml(body.trimEnd(), end(false), end(true))
    : fitMessage(body, notification, MAX_TELEGRAM_LENGTH, boundedLinks(links));
  const keyboard = rowsOf(keys.filter((key) => key !== undefined));
  return {
    text,
    ...(settings.parse_mode === '' ? {} : { parse_mode: settings.parse_mode }),
    link_preview_options: { is_disabled: true },
    ...(keyboard.length === 0 ? {} : { reply_markup: { inline_keyboard: keyboard } }),
  };
}

/** Links that are written out must leave room for the message. */
function boundedLinks(links: string): string {
  return links.length <= MAX_TELEGRAM_LENGTH / 4 ? links : '';
}

function keyOf(button: MessageButton, isInteractive: boolean): Record<string, string> | undefined {
  const label = button.label.slice(0, MAX_BUTTON_LENGTH).toWellFormed();
  if (isInteractive && button.kind === 'acknowledge')
    return { text: label, callback_data: `${ACKNOWLEDGE_DATA}${button.fingerprint}` };
  if (button.url === undefined || !isTelegramUrl(button.url)) return undefined;
  return { text: label, url: button.url };
}

/** Telegram refuses buttons to this machine and to names without a dot: only the reader's own network would know them. */
export function isTelegramUrl(url: string): boolean {
  if (!URL.canParse(url) || url.length > MAX_BUTTON_URL_LENGTH) return false;
  const { protocol, hostname } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') return false;
  const isLoopback = /^(?:127\.|0\.0\.0\.0$|\[)/.test(hostname) || /(?:^|\.)localhost\.?$/.test(hostname);
  return !isLoopback && hostname.replace(/\.$/, '').includes('.');
}

/** Acknowledgements of several alerts one below the other, everything else side by side. */
function rowsOf(keys: readonly Record<string, string>[]): Record<string, string>[][] {
  const isWide = (key: Record<string, string>) => key.text!.startsWith('Acknowledge ');
  const wide = keys.filter(isWide).map((key) => [key]);
  const others = keys.filter((key) => !isWide(key));
  return others.length === 0 ? wide : [...wide, others];
}

/** False when there is no such message any more, or it may not be changed. */
async function changeMessage(
  context: Context,
  chat: string | number,
  messageId: number,
  message: Message,
): Promise<boolean> {
  const body = { chat_id: chat, message_id: messageId, ...message };
  const answer = await call(context, 'editMessageText', body, [
    /message is not modified/i,
    /message to edit not found/i,
    /message can't be edited/i,
    /MESSAGE_ID_INVALID/,
  ]);
  return answer.ok === true || /not modified/i.test(String(answer.description));
}

type Answer = Readonly<Record<string, unknown>>;

/** @param expected refusals that are answers. */
async function call(
  context: Context,
  method: string,
  body: Record<string, unknown>,
  expected: readonly RegExp[] = [],
): Promise<Answer> {
  const { settings } = context;
  const token = await context.secret(settings.bot_token, settings.bot_token_file);
  const url = `${settings.api_url.replace(/\/+$/, '')}/bot${token}/${method}`;
  const request = { url, headers: { 'content-type': 'application/json' }, body: toJson(body) };
  const answer = await send(context, request);
  const said = recordOf(answer.json());
  if (said.ok === true) return said;
  const description = String(said.description ?? '');
  if (expected.some((pattern) => pattern.test(description))) return said;
  if (body.parse_mode !== undefined && /can't parse entities/i.test(description)) {
    // Better without formatting than not at all: label values can break the Markdown of any template.
    const { parse_mode: _, ...plain } = body;
    return call(context, method, plain, expected);
  }
  if (answer.status >= 200 && answer.status < 300 && typeof said.description !== 'string')
    throw new DeliveryError({
      message: `the answer is not one of Telegram: ${answer.detail} ${quote(context, answer.text)}`.trim(),
      isRetryable: true,
    });
  throw refusal(context, failureOf(context, answer, description === '' ? undefined : description), said);
}

const HINTS: readonly (readonly [pattern: RegExp, hint: string])[] = [
  [/chat not found/i, 'Write to the bot, or add it to the group, and check chat_id.'],
  [/bot was (?:blocked|kicked)/i, 'Somebody blocked the bot or removed it from the group; add it again.'],
  [/not enough rights|need administrator/i, 'Make the bot an administrator that may post messages.'],
  [/unauthorized/i, 'The bot token is wrong or was revoked; get it from BotFather.'],
  [/message thread not found/i, 'There is no such topic; check message_thread_id.'],
];

function refusal(context: Context, failure: DeliveryError, said: Answer): DeliveryError {
  const { retry_after: retryAfterS, migrate_to_chat_id: newChatId } = recordOf(said.parameters);
  const description = String(said.description ?? '');
  const hint =
    typeof newChatId === 'number'
      ? `The group became a supergroup with another number: set chat_id to ${newChatId}.`
      : HINTS.find(([pattern]) => pattern.test(description))?.[1];
  const waitMs =
    typeof retryAfterS === 'number' && retryAfterS >= 0 ? Math.ceil(retryAfterS * 1000) : undefined;
  return new DeliveryError({
    message: hint === undefined ? failure.message : `${failure.message}. ${quote(context, hint)}`,
    isRetryable: failure.isRetryable || waitMs !== undefined,
    retryAfterMs: waitMs ?? failure.retryAfterMs,
    ...(hint === undefined ? {} : { hint }),
  });
}
