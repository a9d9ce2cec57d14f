import { z } from 'zod';
import type { Notification, Priority } from '../../model/notification.ts';
import { bool, section, text, textMap } from '../../prom-config/index.ts';
import { commonPairs } from '../../templates/index.ts';
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
  groupHash,
  MAX_MESSAGE_ALERTS,
  messageButtons,
  missingProblem,
  moreAlerts,
  orStatus,
  pairProblems,
  priorityOf,
  recordOf,
} from './message.ts';

/** Opsgenie's limits (https://docs.opsgenie.com/docs/alert-api#create-alert). */
const MAX_MESSAGE_LENGTH = 130;
const MAX_DESCRIPTION_LENGTH = 15_000;
const MAX_ALIAS_LENGTH = 512;
const MAX_SOURCE_LENGTH = 100;
const MAX_ENTITY_LENGTH = 512;
const MAX_NOTE_LENGTH = 25_000;
const MAX_DETAILS_LENGTH = 8000;
const MAX_DETAIL_LENGTH = 1000;
const MAX_TAGS = 20;
const MAX_ACTIONS = 10;
const MAX_WORD_LENGTH = 50;
const MAX_RESPONDERS = 50;

const PRIORITIES: Readonly<Record<Priority, string>> = { P0: 'P1', P1: 'P2', P2: 'P3', P3: 'P4' };
const RESPONDER_TYPES = ['team', 'user', 'escalation', 'schedule'];

const responder = section({
  id: text.optional(),
  name: text.optional(),
  username: text.optional(),
  type: text,
}).superRefine((value, context) => {
  const add = (message: string) => context.addIssue({ code: 'custom', message });
  if (value.id === undefined && value.name === undefined && value.username === undefined)
    add('a responder needs an id, a name or a username');
  const isTemplate = value.type.includes('{{');
  const type = value.type.toLowerCase();
  if (!isTemplate && type !== 'teams' && !RESPONDER_TYPES.includes(type))
    add('the type of a responder is team, teams, user, escalation or schedule');
});

const schema = section({
  /** Of an API integration. */
  api_key: text.optional(),
  api_key_file: text.optional(),
  /** `https://api.eu.opsgenie.com/` for accounts in Europe. */
  api_url: text.default('https://api.opsgenie.com/'),
  message: text.default('{{ template "opsgenie.default.message" . }}'),
  description: text.default('{{ template "opsgenie.default.description" . }}'),
  source: text.default('{{ template "opsgenie.default.source" . }}'),
  /** Ours. What one alert in Opsgenie stands for; a hash of the group's key by default. */
  alias: text.default(''),
  /** The common labels are added. */
  details: textMap.default({}),
  responders: z.array(responder).default([]),
  /** Separated by commas. */
  tags: text.default(''),
  note: text.default(''),
  /** P1 to P5. Ours by default: P0 is P1 there, P1 P2, P2 P3, P3 P4. */
  priority: text.default(''),
  update_alerts: bool.default(false),
  entity: text.default(''),
  /** Separated by commas. */
  actions: text.default(''),
});

export type OpsgenieSettings = z.output<typeof schema>;
type Context = SendContext<OpsgenieSettings>;

/** Opsgenie's alert API (https://docs.opsgenie.com/docs/alert-api). Jira Service Management takes the same requests. */
export const opsgenie: ChannelDefinition<OpsgenieSettings> = defineChannel({
  name: 'opsgenie',
  title: 'Opsgenie',
  configKey: 'opsgenie_configs',
  isInAlertmanager: true,
  schema,
  globals: {
    api_key: 'opsgenie_api_key',
    api_key_file: 'opsgenie_api_key_file',
    api_url: 'opsgenie_api_url',
  },
  secretKeys: ['api_key'],
  templateKeys: [
    'api_key',
    'message',
    'description',
    'source',
    'alias',
    'details',
    'responders.id',
    'responders.name',
    'responders.username',
    'responders.type',
    'tags',
    'note',
    'priority',
    'entity',
    'actions',
  ],
  sendsResolved: true,
  maxAlerts: MAX_MESSAGE_ALERTS,
  messagesPerMinute: 50,
  isPerGroup: true,
  check: (settings) => [
    ...pairProblems(settings, [['api_key', 'api_key_file']]),
    ...missingProblem(settings, ['api_key', 'api_key_file']),
  ],
  send: sendOpsgenie,
});

async function sendOpsgenie(notification: Notification, context: Context): Promise<SendResult> {
  const line = lineOf(context);
  const configured = await line(context.settings.alias, MAX_ALIAS_LENGTH);
  const alias = configured === '' ? groupHash(notification) : configured;
  const source = await line(context.settings.source, MAX_SOURCE_LENGTH);
  const one = `v2/alerts/${encodeURIComponent(alias)}`;
  if (notification.status === 'resolved')
    return accepted(
      context,
      await call(context, 'POST', `${one}/close?identifierType=alias`, withoutEmpty({ source })),
    );
  const alert = await createRequest(notification, context, { alias, source });
  const result = await once(context, 'created', async () =>
    accepted(context, await call(context, 'POST', 'v2/alerts', alert)),
  );
  if (!context.settings.update_alerts) return result;
  // An alert that exists already only counts one more; its texts change when they are asked to.
  const { message, description } = alert;
  accepted(context, await call(context, 'PUT', `${one}/message?identifierType=alias`, { message }));
  if (description !== undefined)
    accepted(context, await call(context, 'PUT', `${one}/description?identifierType=alias`, { description }));
  return result;
}

/** Not again when only a later request has to be repeated: Opsgenie would count one more occurrence. */
async function once(context: Context, what: string, run: () => Promise<SendResult>): Promise<SendResult> {
  if (context.done.has(what)) return { detail: `${what} before` };
  const result = await run();
  context.done.add(what);
  return result;
}

function lineOf(context: Context) {
  return async (template: string, maxLength: number) =>
    cutText(cleanLine(template === '' ? '' : await context.render(template)), maxLength);
}

async function createRequest(
  notification: Notification,
  context: Context,
  known: { alias: string; source: string },
): Promise<Record<string, unknown>> {
  const { settings } = context;
  const line = lineOf(context);
  const description = cleanText(await context.render(settings.description));
  const priority = (await line(settings.priority, 10)).toUpperCase();
  return withoutEmpty({
    ...known,
    message: cutText(
      orStatus(await line(settings.message, MAX_MESSAGE_LENGTH), notification),
      MAX_MESSAGE_LENGTH,
    ),
    description: fitMessage(description, notification, MAX_DESCRIPTION_LENGTH),
    details: await detailsOf(notification, context),
    responders: await respondersOf(context),
    tags: words(await line(settings.tags, MAX_TAGS * MAX_WORD_LENGTH), MAX_TAGS),
    note: cutText(
      cleanText(settings.note === '' ? '' : await context.render(settings.note)),
      MAX_NOTE_LENGTH,
    ),
    priority: /^P[1-5]$/.test(priority) ? priority : PRIORITIES[priorityOf(notification)],
    entity: await line(settings.entity, MAX_ENTITY_LENGTH),
    actions: words(await line(settings.actions, MAX_ACTIONS * MAX_WORD_LENGTH), MAX_ACTIONS),
  });
}

function words(text: string, max: number): string[] {
  const all = text
    .split(',')
    .map((word) => cutText(word.trim(), MAX_WORD_LENGTH))
    .filter(Boolean);
  return all.slice(0, max);
}

/** The common labels, what is configured, and our links, as long as all together is within the limit. */
async function detailsOf(notification: Notification, context: Context): Promise<Record<string, string>> {
  const line = lineOf(context);
  const common = commonPairs(notification.alerts.map(({ labels }) => labels));
  const configured = await Promise.all(
    Object.entries(context.settings.details).map(
      async ([name, template]) => [name, await line(template, MAX_DETAIL_LENGTH)] as const,
    ),
  );
  const links = messageButtons(notification).map(({ label, url }) => [label, url ?? ''] as const);
  const more = moreAlerts(notification);
  const all = new Map([
    ...configured,
    ...links,
    ...(more === '' ? [] : [['Not shown', more] as const]),
    ...common.filter(([name]) => !Object.hasOwn(context.settings.details, name)),
  ]);
  const details: [string, string][] = [];
  let left = MAX_DETAILS_LENGTH;
  for (const [name, value] of all) {
    const pair: [string, string] = [
      cutText(cleanLine(name), MAX_DETAIL_LENGTH),
      cutText(cleanLine(value), MAX_DETAIL_LENGTH),
    ];
    left -= pair[0].length + pair[1].length;
    if (left < 0) break;
    if (pair[1] !== '') details.push(pair);
  }
  return Object.fromEntries(details);
}

async function respondersOf(context: Context): Promise<Record<string, string>[]> {
  const line = lineOf(context);
  const all: Record<string, string>[] = [];
  for (const configured of context.settings.responders) {
    const type = (await line(configured.type, 50)).toLowerCase();
    const id = await line(configured.id ?? '', 500);
    const name = await line(configured.name ?? '', 500);
    const username = await line(configured.username ?? '', 500);
    if (type === 'teams')
      all.push(...words(name, MAX_RESPONDERS).map((team) => ({ name: team, type: 'team' })));
    else if (id !== '') all.push({ id, type });
    else if (name !== '') all.push({ name, type });
    else if (username !== '') all.push({ username, type });
  }
  return all.slice(0, MAX_RESPONDERS);
}

function withoutEmpty(body: Record<string, unknown>): Record<string, unknown> {
  const isThere = (value: unknown) => value !== '' && !(Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries(body).filter(([, value]) => isThere(value)));
}

async function call(context: Context, method: string, path: string, body: unknown): Promise<ChannelAnswer> {
  const { settings } = context;
  const configured = (await context.secret(settings.api_key, settings.api_key_file)) ?? '';
  const rendered = configured.includes('{{') ? await context.render(configured) : configured;
  const key = await context.secret(rendered.trim(), undefined);
  const url = `${settings.api_url.replace(/\/+$/, '')}/${path}`;
  const headers = { 'content-type': 'application/json', authorization: `GenieKey ${key}` };
  return send(context, { method, url, headers, body: toJson(body) });
}

/** Opsgenie takes requests with 202 and carries them out later. */
function accepted(context: Context, answer: ChannelAnswer): SendResult {
  const said = recordOf(answer.json());
  if (answer.status >= 200 && answer.status < 300) {
    if (typeof said.requestId === 'string')
      return { detail: `${answer.detail}, request ${quote(context, said.requestId)}` };
    throw new DeliveryError({
      message: `the answer is not one of Opsgenie: ${answer.detail} ${quote(context, answer.text)}`.trim(),
      isRetryable: true,
    });
  }
  const errors = said.errors === undefined ? '' : ` ${toJson(said.errors)}`;
  throw failureOf(context, answer, typeof said.message === 'string' ? `${said.message}${errors}` : undefined);
}
