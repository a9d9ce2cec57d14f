import type { z } from 'zod';
import type { Notification } from '../../model/notification.ts';
import { bool, duration, section, text } from '../../prom-config/index.ts';
import { escapeHtml } from '../../templates/index.ts';
import {
  type ChannelDefinition,
  DeliveryError,
  defineChannel,
  type SendContext,
  type SendResult,
} from '../channel.ts';
import { cleanLine, cleanText, cutText } from '../text.ts';
import { cutHtml, type HtmlTag } from './cut-html.ts';
import { type ChannelAnswer, failureOf, quote, send } from './http.ts';
import {
  closingLines,
  fitMessage,
  groupHash,
  isHttpUrl,
  MAX_MESSAGE_ALERTS,
  messageButtons,
  missingProblem,
  orStatus,
  pairProblems,
  recordOf,
} from './message.ts';

/** Pushover's limits (https://pushover.net/api#limits). */
const MAX_MESSAGE_LENGTH = 1024;
const MAX_TITLE_LENGTH = 250;
const MAX_URL_LENGTH = 512;
const MAX_URL_TITLE_LENGTH = 100;
/** Priority 2 is repeated until somebody confirms it: every 30 s at most, for 3 h at most. */
const EMERGENCY = 2;
const MIN_RETRY_S = 30;
const MAX_EXPIRE_S = 10_800;

const PLAIN: HtmlTag = {};
const TAGS: ReadonlyMap<string, HtmlTag> = new Map<string, HtmlTag>([
  ...['b', 'i', 'u'].map((name): [string, HtmlTag] => [name, PLAIN]),
  ['font', { attributes: { color: /^#?\w{1,20}$/ }, needsAttribute: true }],
  ['a', { attributes: { href: /^https?:\/\/\S*$/i }, needsAttribute: true }],
]);

const schema = section({
  user_key: text.optional(),
  user_key_file: text.optional(),
  /** Of the application. */
  token: text.optional(),
  token_file: text.optional(),
  /** Ours; for a stand-in or a proxy of your own. */
  api_url: text.default('https://api.pushover.net/1/messages.json'),
  title: text.default('{{ template "pushover.default.title" . }}'),
  message: text.default('{{ template "pushover.default.message" . }}'),
  url: text.default('{{ template "pushover.default.url" . }}'),
  url_title: text.default(''),
  device: text.default(''),
  sound: text.default(''),
  priority: text.default('{{ if eq .Status "firing" }}2{{ else }}0{{ end }}'),
  retry: duration.default(60_000),
  expire: duration.default(3_600_000),
  ttl: duration.optional(),
  html: bool.default(false),
  monospace: bool.default(false),
});

export type PushoverSettings = z.output<typeof schema>;
type Context = SendContext<PushoverSettings>;

/** Pushover (https://pushover.net/api). Emergencies stop to repeat once everything is resolved. */
export const pushover: ChannelDefinition<PushoverSettings> = defineChannel({
  name: 'pushover',
  title: 'Pushover',
  configKey: 'pushover_configs',
  isInAlertmanager: true,
  schema,
  globals: {},
  secretKeys: ['user_key', 'token'],
  templateKeys: ['user_key', 'token', 'title', 'message', 'url', 'url_title', 'device', 'sound', 'priority'],
  sendsResolved: true,
  maxAlerts: MAX_MESSAGE_ALERTS,
  messagesPerMinute: 20,
  check: (settings) => [
    ...pairProblems(settings, [
      ['user_key', 'user_key_file'],
      ['token', 'token_file'],
    ]),
    ...missingProblem(settings, ['user_key', 'user_key_file']),
    ...missingProblem(settings, ['token', 'token_file']),
    ...(settings.html && settings.monospace
      ? [{ path: ['monospace'], message: 'at most one of monospace & html must be configured' }]
      : []),
  ],
  send: sendPushover,
});

async function sendPushover(notification: Notification, context: Context): Promise<SendResult> {
  const { settings } = context;
  const token = await keyOf(context, settings.token, settings.token_file);
  const user = await keyOf(context, settings.user_key, settings.user_key_file);
  const isResolved = notification.status === 'resolved';
  const tag = groupHash(notification).slice(0, 32);
  // Before the message: repeated, it cancels nothing, while a message would come twice.
  if (isResolved && context.previous === 'emergency') await cancelEmergency(context, token, tag);
  const fields = await fieldsOf(notification, context, tag);
  const body = new URLSearchParams([['token', token], ['user', user], ...fields]).toString();
  const answer = await post(context, settings.api_url, body);
  const said = recordOf(answer.json());
  if (answer.status < 200 || answer.status >= 300) throw refusal(context, answer);
  if (said.status !== 1)
    throw new DeliveryError({
      message: `the answer is not one of Pushover: ${answer.detail} ${quote(context, answer.text)}`.trim(),
      isRetryable: true,
    });
  const isEmergency = fields.some(([name, value]) => name === 'priority' && Number(value) === EMERGENCY);
  const state = isEmergency ? 'emergency' : isResolved ? 'done' : context.previous;
  return {
    detail: `${answer.detail}, request ${quote(context, String(said.request ?? ''))}`,
    ...(state === undefined ? {} : { state }),
  };
}

async function keyOf(context: Context, key: string | undefined, file: string | undefined): Promise<string> {
  const configured = (await context.secret(key, file)) ?? '';
  const text = configured.includes('{{') ? await context.render(configured) : configured;
  return (await context.secret(text.trim(), undefined)) ?? '';
}

function post(context: Context, url: string, body: string): Promise<ChannelAnswer> {
  return send(context, { url, headers: { 'content-type': 'application/x-www-form-urlencoded' }, body });
}

function refusal(context: Context, answer: ChannelAnswer): DeliveryError {
  const { errors } = recordOf(answer.json());
  return failureOf(context, answer, Array.isArray(errors) ? errors.map(String).join('; ') : undefined);
}

/** Ends all repeated messages of the group (https://pushover.net/api/receipts#cancel). That there are none is no mistake. */
async function cancelEmergency(context: Context, token: string, tag: string): Promise<void> {
  const url = context.settings.api_url.replace(/messages\.json$/, `receipts/cancel_by_tag/${tag}.json`);
  const answer = await post(context, url, new URLSearchParams({ token }).toString());
  const failure = refusal(context, answer);
  if (answer.status >= 400 && failure.isRetryable) throw failure;
}

async function fieldsOf(
  notification: Notification,
  context: Context,
  tag: string,
): Promise<[name: string, value: string][]> {
  const { settings } = context;
  const line = async (template: string, maxLength: number) =>
    cutText(cleanLine(template === '' ? '' : await context.render(template)), maxLength);
  const priority = priorityOf(await line(settings.priority, 20));
  const link = await linkOf(notification, context);
  const startMs = Math.min(...notification.alerts.map(({ startsAtMs }) => startsAtMs));
  const fields: [string, string][] = [
    [
      'title',
      cutText(orStatus(await line(settings.title, MAX_TITLE_LENGTH), notification), MAX_TITLE_LENGTH),
    ],
    ['message', await messageOf(notification, context)],
    ['url', link.url],
    ['url_title', link.title],
    ['priority', String(priority)],
    ['device', await line(settings.device, 200)],
    ['sound', await line(settings.sound, 50)],
    ['html', settings.html ? '1' : ''],
    ['monospace', settings.monospace ? '1' : ''],
    ['timestamp', notification.status === 'firing' ? String(Math.floor(startMs / 1000)) : ''],
  ];
  if (priority === EMERGENCY)
    fields.push(
      ['retry', String(Math.max(MIN_RETRY_S, Math.ceil(settings.retry / 1000)))],
      ['expire', String(Math.min(MAX_EXPIRE_S, Math.max(MIN_RETRY_S, Math.ceil(settings.expire / 1000))))],
      ['tags', tag],
    );
  else if (settings.ttl !== undefined && settings.ttl > 0)
    fields.push(['ttl', String(Math.ceil(settings.ttl / 1000))]);
  return fields.filter(([, value]) => value !== '').map(([name, value]) => [name, value.toWellFormed()]);
}

/** -2 to 2; anything else counts as normal, because a message is better than none. */
function priorityOf(text: string): number {
  return /^-?[0-2]$/.test(text) ? Number(text) : 0;
}

/** Pushover shows one link: what is configured, or the acknowledgement of a single alert when that is the default. */
async function linkOf(notification: Notification, context: Context): Promise<{ url: string; title: string }> {
  const { settings } = context;
  const configured = cleanLine(await context.render(settings.url));
  const title = cutText(cleanLine(await context.render(settings.url_title)), MAX_URL_TITLE_LENGTH);
  const isDefault = settings.url === schema.shape.url.parse(undefined);
  const [button] = messageButtons(notification).filter(({ url }) => url !== undefined);
  const isBetter = isDefault && title === '' && notification.alerts.length === 1;
  if (isBetter && button?.url !== undefined && button.url.length <= MAX_URL_LENGTH && isHttpUrl(button.url))
    return { url: button.url, title: button.kind === 'acknowledge' ? 'Acknowledge' : button.label };
  return isHttpUrl(configured) && configured.length <= MAX_URL_LENGTH
    ? { url: configured, title }
    : { url: '', title: '' };
}

async function messageOf(notification: Notification, context: Context): Promise<string> {
  const { settings } = context;
  const rendered = cleanText(await context.render(settings.message, { isHtml: settings.html }));
  const text = orStatus(rendered, notification);
  if (!settings.html) return fitMessage(text, notification, MAX_MESSAGE_LENGTH);
  return cutHtml(text.trimEnd(), {
    tags: TAGS,
    maxLength: MAX_MESSAGE_LENGTH,
    end: escapeHtml(closingLines(notification, false)),
    endWhenCut: escapeHtml(closingLines(notification, true)),
  });
}
