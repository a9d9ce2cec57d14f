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
import { type ChannelAnswer, failureOf, quote, send, toJson } from './http.ts';
import {
  fitMessage,
  isHttpUrl,
  MAX_MESSAGE_ALERTS,
  messageButtons,
  missingProblem,
  orStatus,
  overviewUrl,
  pairProblems,
  readState,
  recordOf,
} from './message.ts';

/** Discord's limits (https://discord.com/developers/docs/resources/message#embed-object-embed-limits). */
const MAX_CONTENT_LENGTH = 2000;
const MAX_TITLE_LENGTH = 256;
const MAX_DESCRIPTION_LENGTH = 4096;
const MAX_USERNAME_LENGTH = 80;
const MAX_URL_LENGTH = 2048;
const MAX_MENTIONS = 100;
/** Links below the description, as far as they leave it enough room. */
const MAX_LINKS_LENGTH = 1500;

const COLORS = { firing: 0xda3633, resolved: 0x2da44e } as const;

const schema = section({
  /** Of a channel's settings: `https://discord.com/api/webhooks/<id>/<token>`. */
  webhook_url: text.optional(),
  webhook_url_file: text.optional(),
  title: text.default('{{ template "discord.default.title" . }}'),
  message: text.default('{{ template "discord.default.message" . }}'),
  /** Above the box; the only place where mentions work: those that stand here, none of a label's value. */
  content: text.default('{{ template "discord.default.content" . }}'),
  username: text.default(''),
  avatar_url: text.default(''),
  /** Ours. Of a thread in the channel. */
  thread_id: text.optional(),
  /** Ours. Links to acknowledge, open, silence and to the runbook below the text. */
  links: bool.default(true),
  /** Ours. When everything is resolved the first message changes instead of a new one. */
  update_message: bool.default(false),
});

export type DiscordSettings = z.output<typeof schema>;
type Context = SendContext<DiscordSettings>;

/** Discord's webhooks (https://discord.com/developers/docs/resources/webhook#execute-webhook). */
export const discord: ChannelDefinition<DiscordSettings> = defineChannel({
  name: 'discord',
  title: 'Discord',
  configKey: 'discord_configs',
  isInAlertmanager: true,
  schema,
  globals: {},
  secretKeys: ['webhook_url'],
  templateKeys: ['title', 'message', 'content'],
  sendsResolved: true,
  maxAlerts: MAX_MESSAGE_ALERTS,
  // Discord allows 30 in a minute for a webhook.
  messagesPerMinute: 25,
  check: (settings) => [
    ...pairProblems(settings, [['webhook_url', 'webhook_url_file']]),
    ...missingProblem(settings, ['webhook_url', 'webhook_url_file']),
  ],
  send: sendDiscord,
});

async function sendDiscord(notification: Notification, context: Context): Promise<SendResult> {
  const { settings } = context;
  const webhook = await context.secret(settings.webhook_url, settings.webhook_url_file);
  if (webhook === undefined || !URL.canParse(webhook))
    throw new DeliveryError({ message: 'webhook_url is not a URL', isRetryable: false });
  const message = await discordMessage(notification, context);
  const before = readState(context.previous);
  const isResolved = notification.status === 'resolved';
  const isGoingOn = typeof before.id === 'string' && before.done !== true;
  if (isResolved && settings.update_message && isGoingOn) {
    const url = addressOf(webhook, settings, `/messages/${before.id}`);
    const answer = await request(context, 'PATCH', url, message);
    if (answer.status !== 404) return resultOf(context, answer, 'changed', true);
  }
  const { username, avatar_url: avatar } = settings;
  const body = {
    ...message,
    ...(username === '' ? {} : { username: cutText(cleanLine(username), MAX_USERNAME_LENGTH) }),
    ...(avatar === '' ? {} : { avatar_url: avatar }),
  };
  const answer = await request(context, 'POST', addressOf(webhook, settings, ''), body);
  return resultOf(context, answer, 'sent', isResolved, isGoingOn ? String(before.id) : undefined);
}

/** With `wait` Discord answers with the message, and with an error when it could not be posted. */
function addressOf(webhook: string, settings: DiscordSettings, path: string): string {
  const url = new URL(webhook);
  url.pathname = url.pathname.replace(/\/$/, '') + path;
  if (path === '') url.searchParams.set('wait', 'true');
  if (settings.thread_id !== undefined) url.searchParams.set('thread_id', settings.thread_id);
  return url.href;
}

async function discordMessage(
  notification: Notification,
  context: Context,
): Promise<Record<string, unknown>> {
  const { settings } = context;
  const isDefaultTitle = settings.title === schema.shape.title.parse(undefined);
  const title = orStatus(cleanLine(await context.render(settings.title)), notification);
  const description = cleanText(await context.render(settings.message));
  const content = cleanText(await context.render(settings.content)).trim();
  const links = settings.links ? linksOf(notification) : '';
  const url = overviewUrl(notification);
  return {
    allowed_mentions: allowedMentions(settings.content),
    ...(content === '' ? {} : { content: cutText(content, MAX_CONTENT_LENGTH) }),
    embeds: [
      {
        // The default title has label values in it as they are.
        title: withoutHalfEscape(cutText(isDefaultTitle ? escapeMarkdown(title) : title, MAX_TITLE_LENGTH)),
        ...(isHttpUrl(url) && url.length <= MAX_URL_LENGTH ? { url } : {}),
        description: withoutHalfEscape(fitMessage(description, notification, MAX_DESCRIPTION_LENGTH, links)),
        color: COLORS[notification.status],
      },
    ],
  };
}

/** Whom Discord may call, whatever the texts say: whom the configuration names, and nobody else. */
function allowedMentions(content: string): Record<string, readonly string[]> {
  const idsOf = (pattern: RegExp) => [...new Set([...content.matchAll(pattern)].map(([, id]) => id!))];
  const roles = idsOf(/<@&(\d{1,20})>/g).slice(0, MAX_MENTIONS);
  const users = idsOf(/<@!?(\d{1,20})>/g).slice(0, MAX_MENTIONS);
  return {
    parse: /@(?:everyone|here)\b/.test(content) ? ['everyone'] : [],
    ...(roles.length === 0 ? {} : { roles }),
    ...(users.length === 0 ? {} : { users }),
  };
}

/** A backslash in front of the mark of a cut would show. */
function withoutHalfEscape(text: string): string {
  return text.replace(/(?<!\\)((?:\\\\)*)\\…/g, '$1…');
}

function linksOf(notification: Notification): string {
  let line = '';
  for (const { label, url } of messageButtons(notification)) {
    if (url === undefined || !isHttpUrl(url)) continue;
    const link = `[${escapeMarkdown(label)}](${new URL(url).href.replace(/[()]/g, encodeParenthesis)})`;
    if (line.length + link.length > MAX_LINKS_LENGTH) continue;
    line += line === '' ? link : ` · ${link}`;
  }
  return line === '' ? '' : `\n\n${line}`;
}

function encodeParenthesis(sign: string): string {
  return sign === '(' ? '%28' : '%29';
}

function request(context: Context, method: string, url: string, body: unknown): Promise<ChannelAnswer> {
  return send(context, { method, url, headers: { 'content-type': 'application/json' }, body: toJson(body) });
}

function resultOf(
  context: Context,
  answer: ChannelAnswer,
  what: string,
  isResolved: boolean,
  firstId?: string,
): SendResult {
  const said = recordOf(answer.json());
  if (answer.status < 200 || answer.status >= 300) throw refusal(context, answer, said);
  if (answer.status === 204) return { detail: answer.detail };
  if (typeof said.id !== 'string')
    throw new DeliveryError({
      message: `the answer is not one of Discord: ${answer.detail} ${quote(context, answer.text)}`.trim(),
      isRetryable: true,
    });
  const state = { id: firstId ?? said.id, ...(isResolved ? { done: true } : {}) };
  return { detail: `${answer.detail}, ${what}`, state: JSON.stringify(state) };
}

const HINTS: Readonly<Record<number, string>> = {
  10015: 'The webhook was deleted in Discord; make a new one.',
  10003: 'The channel or thread is gone; check thread_id.',
  50027: 'The token in webhook_url is wrong; copy the address again.',
};

function refusal(
  context: Context,
  answer: ChannelAnswer,
  said: Readonly<Record<string, unknown>>,
): DeliveryError {
  const errors = said.errors === undefined ? '' : ` ${toJson(said.errors)}`;
  const reason = typeof said.message === 'string' ? `${said.message}${errors}` : undefined;
  const failure = failureOf(context, answer, reason);
  const hint = HINTS[Number(said.code)];
  // In seconds, with a fraction; more precise than the header.
  const waitMs = typeof said.retry_after === 'number' ? Math.ceil(said.retry_after * 1000) : undefined;
  return new DeliveryError({
    message: hint === undefined ? failure.message : `${failure.message}. ${hint}`,
    isRetryable: failure.isRetryable,
    retryAfterMs: failure.isRetryable ? (waitMs ?? failure.retryAfterMs) : undefined,
    ...(hint === undefined ? {} : { hint }),
  });
}
