import type { z } from 'zod';
import type { Notification, Priority } from '../../model/notification.ts';
import { bool, section, text, textList } from '../../prom-config/index.ts';
import {
  type ChannelDefinition,
  DeliveryError,
  defineChannel,
  type SendContext,
  type SendResult,
} from '../channel.ts';
import { cleanLine, cleanText, cutBytes } from '../text.ts';
import { failureOf, quote, send, toJson } from './http.ts';
import {
  buttonsWithin,
  closingLines,
  groupHash,
  isHttpUrl,
  isSet,
  MAX_MESSAGE_ALERTS,
  messageButtons,
  missingProblem,
  orStatus,
  overviewUrl,
  pairProblems,
  priorityOf,
  recordOf,
} from './message.ts';

/** ntfy makes a file of a longer message, which nobody reads on a phone. */
const MAX_MESSAGE_BYTES = 4096;
const MAX_TITLE_BYTES = 250;
const MAX_TAGS = 20;
const MAX_ACTIONS = 3;
const MAX_URL_LENGTH = 2000;

const DEFAULT_MESSAGE = '{{ template "ntfy.default.message" . }}';
const MARKDOWN_MESSAGE = '{{ template "__markdown_alerts" . }}';
const PRIORITIES: Readonly<Record<Priority, number>> = { P0: 5, P1: 4, P2: 3, P3: 2 };
const RESOLVED_PRIORITY = 3;
const PRIORITY_NAMES: Readonly<Record<string, number>> = {
  min: 1,
  low: 2,
  default: 3,
  high: 4,
  max: 5,
  urgent: 5,
};

const schema = section({
  /** Of the server; may end in the topic. */
  url: text.default('https://ntfy.sh'),
  topic: text.default(''),
  /** Access token (`tk_...`). */
  token: text.optional(),
  token_file: text.optional(),
  username: text.optional(),
  password: text.optional(),
  password_file: text.optional(),
  title: text.default('{{ template "ntfy.default.title" . }}'),
  message: text.default(DEFAULT_MESSAGE),
  /** 1 to 5 or their names. By default of our priority: P0 5, P1 4, P2 3, P3 2, resolved 3. */
  priority: text.default(''),
  /** Emoji by name, or words. */
  tags: textList.default(['{{ if eq .Status "firing" }}rotating_light{{ else }}white_check_mark{{ end }}']),
  /** What opens at a touch; the alert by default. */
  click: text.default(''),
  icon: text.default(''),
  /** Buttons to acknowledge, to the runbook and to silence. */
  actions: bool.default(true),
  markdown: bool.default(false),
  /** A later notification of a group replaces the one before, with servers from 2.16 on; older ones show both. */
  update_message: bool.default(false),
});

export type NtfySettings = z.output<typeof schema>;
type Context = SendContext<NtfySettings>;

/** ntfy (https://docs.ntfy.sh/publish/#publish-as-json). */
export const ntfy: ChannelDefinition<NtfySettings> = defineChannel({
  name: 'ntfy',
  title: 'ntfy',
  configKey: 'ntfy_configs',
  isInAlertmanager: false,
  schema,
  globals: {},
  secretKeys: ['token', 'password'],
  templateKeys: ['topic', 'title', 'message', 'priority', 'tags', 'click', 'icon'],
  sendsResolved: true,
  maxAlerts: MAX_MESSAGE_ALERTS,
  messagesPerMinute: 20,
  check: checkNtfy,
  send: sendNtfy,
});

function checkNtfy(settings: NtfySettings) {
  const problems = [
    ...pairProblems(settings, [
      ['token', 'token_file'],
      ['password', 'password_file'],
    ]),
  ];
  if (serverOf(settings).topic === '') problems.push(...missingProblem(settings, ['topic']));
  if (isSet(settings.token ?? settings.token_file) && isSet(settings.username))
    problems.push({ path: ['token'], message: 'give a token, or a username with its password, not both' });
  if (isSet(settings.username) !== isSet(settings.password ?? settings.password_file))
    problems.push({ path: ['username'], message: 'username and password belong together' });
  return problems;
}

/** The server's address without the topic it may end in. */
function serverOf(settings: NtfySettings): { url: string; topic: string } {
  const url = settings.url.replace(/\/+$/, '');
  if (settings.topic !== '') return { url, topic: settings.topic };
  const match = /^(https?:\/\/[^/]+.*)\/([-_A-Za-z0-9]{1,64})$/.exec(url);
  return match === null ? { url, topic: '' } : { url: match[1]!, topic: match[2]! };
}

async function sendNtfy(notification: Notification, context: Context): Promise<SendResult> {
  const { settings } = context;
  const { url, topic } = serverOf(settings);
  const body = await ntfyMessage(notification, context, topic);
  const authorization = await authorizationOf(context);
  const headers = {
    'content-type': 'application/json',
    ...(authorization === undefined ? {} : { authorization }),
  };
  const answer = await send(context, { url: `${url}/`, headers, body: toJson(body) });
  const said = recordOf(answer.json());
  if (answer.status < 200 || answer.status >= 300)
    throw failureOf(context, answer, typeof said.error === 'string' ? said.error : undefined);
  if (typeof said.id === 'string') return { detail: `${answer.detail}, message ${said.id}` };
  throw new DeliveryError({
    message: `the answer is not one of ntfy: ${answer.detail} ${quote(context, answer.text)}`.trim(),
    isRetryable: true,
  });
}

async function authorizationOf(context: Context): Promise<string | undefined> {
  const { settings } = context;
  const token = await context.secret(settings.token, settings.token_file);
  if (token !== undefined) return `Bearer ${token}`;
  const password = await context.secret(settings.password, settings.password_file);
  if (settings.username === undefined || password === undefined) return undefined;
  const pair = Buffer.from(`${settings.username}:${password}`).toString('base64');
  return `Basic ${await context.secret(pair, undefined)}`;
}

async function ntfyMessage(
  notification: Notification,
  context: Context,
  topic: string,
): Promise<Record<string, unknown>> {
  const { settings } = context;
  const line = async (template: string) => cleanLine(template === '' ? '' : await context.render(template));
  const template =
    settings.markdown && settings.message === DEFAULT_MESSAGE ? MARKDOWN_MESSAGE : settings.message;
  const message = orStatus(cleanText(await context.render(template)), notification);
  const tags = await Promise.all(settings.tags.map(line));
  const click = (await line(settings.click)) || overviewUrl(notification);
  const icon = await line(settings.icon);
  const actions = settings.actions ? actionsOf(notification) : [];
  return {
    topic: await topicOf(context, topic),
    title: cutBytes(orStatus(await line(settings.title), notification), MAX_TITLE_BYTES),
    message: fitBytes(message, notification),
    priority: priorityNumber(await line(settings.priority), notification),
    tags: tags
      .flatMap((tag) => tag.split(','))
      .map((tag) => tag.trim())
      .filter(Boolean)
      .slice(0, MAX_TAGS),
    ...(isHttpUrl(click) ? { click } : {}),
    ...(isHttpUrl(icon) ? { icon } : {}),
    ...(actions.length === 0 ? {} : { actions }),
    ...(settings.markdown ? { markdown: true } : {}),
    ...(settings.update_message ? { sequence_id: groupHash(notification).slice(0, 32) } : {}),
  };
}

async function topicOf(context: Context, configured: string): Promise<string> {
  const topic = configured.includes('{{') ? (await context.render(configured)).trim() : configured;
  if (/^[-_A-Za-z0-9]{1,64}$/.test(topic)) return topic;
  throw new DeliveryError({
    message: `${JSON.stringify(quote(context, topic))} cannot be the name of a topic in ntfy`,
    isRetryable: false,
    hint: 'Names of topics have up to 64 letters, digits, hyphens and underscores.',
  });
}

function fitBytes(message: string, notification: Notification): string {
  const whole = message.trimEnd() + closingLines(notification, false);
  if (Buffer.byteLength(whole) <= MAX_MESSAGE_BYTES) return whole;
  const end = closingLines(notification, true);
  return cutBytes(message.trimEnd(), MAX_MESSAGE_BYTES - Buffer.byteLength(end)) + end;
}

function priorityNumber(configured: string, notification: Notification): number {
  const named = PRIORITY_NAMES[configured.toLowerCase()] ?? Number(configured || Number.NaN);
  if (Number.isInteger(named) && named >= 1 && named <= 5) return named;
  return notification.status === 'resolved' ? RESOLVED_PRIORITY : PRIORITIES[priorityOf(notification)];
}

function actionsOf(notification: Notification): Record<string, unknown>[] {
  const usable = messageButtons(notification).filter(
    // The alert itself opens at a touch.
    ({ kind, url }) => kind !== 'open' && url !== undefined && url.length <= MAX_URL_LENGTH && isHttpUrl(url),
  );
  return buttonsWithin(usable, MAX_ACTIONS).map(({ kind, label, url }) => ({
    action: 'view',
    label,
    url,
    clear: kind === 'acknowledge',
  }));
}
