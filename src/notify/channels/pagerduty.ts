import { z } from 'zod';
import type { Notification, Priority } from '../../model/notification.ts';
import { duration, section, text } from '../../prom-config/index.ts';
import {
  type ChannelDefinition,
  DeliveryError,
  defineChannel,
  type SendContext,
  type SendResult,
} from '../channel.ts';
import { cleanLine, cleanText, cutBytes, cutText } from '../text.ts';
import { type ChannelAnswer, failureOf, quote, send, toJson } from './http.ts';
import {
  groupHash,
  isHttpUrl,
  MAX_MESSAGE_ALERTS,
  messageButtons,
  missingProblem,
  moreAlerts,
  orStatus,
  pairProblems,
  priorityOf,
  recordOf,
} from './message.ts';

const V2_PATH = '/v2/enqueue';
const V1_PATH = '/generic/2010-04-15/create_event.json';
/** PagerDuty's limits: 512 KB for an event; what is beside the details is small but has to fit too. */
const MAX_EVENT_BYTES = 512_000;
const MAX_SUMMARY_LENGTH = 1024;
const MAX_TEXT_LENGTH = 1024;
/** Tried one after the other until the event is small enough. */
const DETAIL_BYTES = [100_000, 20_000, 4000, 500] as const;
const MAX_DETAILS_DEPTH = 10;
const MAX_DETAIL_ENTRIES = 500;

const SEVERITIES: Readonly<Record<Priority, string>> = {
  P0: 'critical',
  P1: 'error',
  P2: 'warning',
  P3: 'info',
};
const DEFAULT_DETAILS: Readonly<Record<string, string>> = {
  firing: '{{ template "pagerduty.default.instances" .Alerts.Firing }}',
  resolved: '{{ template "pagerduty.default.instances" .Alerts.Resolved }}',
  num_firing: '{{ .Alerts.Firing | len }}',
  num_resolved: '{{ .Alerts.Resolved | len }}',
};

const schema = section({
  /** Integration key of an Events API v2 integration. */
  routing_key: text.optional(),
  routing_key_file: text.optional(),
  /** Integration key of the older type `Prometheus`, which is told with the events API v1. */
  service_key: text.optional(),
  service_key_file: text.optional(),
  url: text.default(`https://events.pagerduty.com${V2_PATH}`),
  client: text.default('{{ template "pagerduty.default.client" . }}'),
  client_url: text.default('{{ template "pagerduty.default.clientURL" . }}'),
  description: text.default('{{ template "pagerduty.default.description" .}}'),
  /** Ours by default: P0 critical, P1 error, P2 warning, P3 info. */
  severity: text.default(''),
  /** The client when absent. */
  source: text.default(''),
  /** Templates by name; lists and maps may stand in them. The four default ones are added. */
  details: z.record(z.string(), z.unknown(), { error: 'must be names and values' }).default({}),
  images: z.array(section({ src: text, href: text.optional(), alt: text.optional() })).default([]),
  links: z.array(section({ href: text, text: text.optional() })).default([]),
  class: text.default(''),
  component: text.default(''),
  group: text.default(''),
  timeout: duration.default(0),
});

export type PagerdutySettings = z.output<typeof schema>;
type Context = SendContext<PagerdutySettings>;
type Event = Record<string, unknown>;

/** PagerDuty's events API v2 (https://developer.pagerduty.com/docs/send-alert-event), and v1 for keys of the older type. */
export const pagerduty: ChannelDefinition<PagerdutySettings> = defineChannel({
  name: 'pagerduty',
  title: 'PagerDuty',
  configKey: 'pagerduty_configs',
  isInAlertmanager: true,
  schema,
  globals: { url: 'pagerduty_url' },
  secretKeys: ['routing_key', 'service_key'],
  templateKeys: [
    'routing_key',
    'service_key',
    'client',
    'client_url',
    'description',
    'severity',
    'source',
    'details',
    'images.src',
    'images.href',
    'images.alt',
    'links.href',
    'links.text',
    'class',
    'component',
    'group',
  ],
  sendsResolved: true,
  maxAlerts: MAX_MESSAGE_ALERTS,
  messagesPerMinute: 100,
  isPerGroup: true,
  check: (settings) => [
    ...pairProblems(settings, [
      ['routing_key', 'routing_key_file'],
      ['service_key', 'service_key_file'],
    ]),
    ...missingProblem(settings, ['routing_key', 'routing_key_file', 'service_key', 'service_key_file']),
  ],
  send: sendPagerduty,
});

async function sendPagerduty(notification: Notification, context: Context): Promise<SendResult> {
  const { settings } = context;
  const routingKey = await keyOf(context, settings.routing_key, settings.routing_key_file);
  const serviceKey = await keyOf(context, settings.service_key, settings.service_key_file);
  const isV1 = routingKey === undefined && serviceKey !== undefined;
  const event = isV1
    ? await eventV1(notification, context, serviceKey)
    : await eventV2(notification, context, routingKey);
  const url = isV1 ? settings.url.replace(/\/v2\/enqueue\/?$/, V1_PATH) : settings.url;
  const timeoutMs = settings.timeout > 0 ? Math.min(settings.timeout, context.timeoutMs) : context.timeoutMs;
  const headers = { 'content-type': 'application/json' };
  const answer = await send({ ...context, timeoutMs }, { url, headers, body: fitEvent(event, isV1) });
  return accepted(context, answer, isV1);
}

/** Keys are templates, so that one receiver can serve teams by a label. */
async function keyOf(
  context: Context,
  key: string | undefined,
  file: string | undefined,
): Promise<string | undefined> {
  const configured = await context.secret(key, file);
  if (configured === undefined || configured === '') return undefined;
  const text = configured.includes('{{') ? await context.render(configured) : configured;
  return context.secret(text.trim(), undefined);
}

async function eventV2(
  notification: Notification,
  context: Context,
  routingKey: string | undefined,
): Promise<Event> {
  const { settings } = context;
  const line = lineOf(context);
  const client = await line(settings.client);
  const configuredSeverity = await line(settings.severity);
  const severity = Object.values(SEVERITIES).includes(configuredSeverity.toLowerCase())
    ? configuredSeverity.toLowerCase()
    : SEVERITIES[priorityOf(notification)];
  return {
    routing_key: routingKey,
    event_action: notification.status === 'resolved' ? 'resolve' : 'trigger',
    dedup_key: groupHash(notification),
    client,
    client_url: await line(settings.client_url),
    payload: withoutEmpty({
      summary: cutText(
        orStatus(await line(settings.description, MAX_SUMMARY_LENGTH), notification),
        MAX_SUMMARY_LENGTH,
      ),
      source: (await line(settings.source)) || client || 'Bellwether',
      severity,
      class: await line(settings.class),
      component: await line(settings.component),
      group: await line(settings.group),
      custom_details: await detailsOf(notification, context),
    }),
    images: await imagesOf(context),
    links: await linksOf(notification, context),
  };
}

async function eventV1(notification: Notification, context: Context, serviceKey: string): Promise<Event> {
  const { settings } = context;
  const line = lineOf(context);
  return {
    service_key: serviceKey,
    event_type: notification.status === 'resolved' ? 'resolve' : 'trigger',
    incident_key: groupHash(notification),
    description: orStatus(await line(settings.description, MAX_SUMMARY_LENGTH), notification),
    client: await line(settings.client),
    client_url: await line(settings.client_url),
    details: await detailsOf(notification, context),
  };
}

function lineOf(context: Context) {
  return async (template: string, maxLength = MAX_TEXT_LENGTH) =>
    cutText(cleanLine(template === '' ? '' : await context.render(template)), maxLength);
}

async function detailsOf(notification: Notification, context: Context): Promise<Event> {
  const configured = { ...DEFAULT_DETAILS, ...context.settings.details };
  const details = (await renderAll(configured, context, 0)) as Event;
  const more = moreAlerts(notification);
  return more === '' ? details : { ...details, not_shown: more };
}

/** Carries out every text of nested details. */
async function renderAll(value: unknown, context: Context, depth: number): Promise<unknown> {
  if (typeof value === 'string') return cleanText(await context.render(value));
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DETAILS_DEPTH) return '(nested too deeply)';
  if (Array.isArray(value))
    return Promise.all(
      value.slice(0, MAX_DETAIL_ENTRIES).map((inner) => renderAll(inner, context, depth + 1)),
    );
  const entries = Object.entries(value).slice(0, MAX_DETAIL_ENTRIES);
  return Object.fromEntries(
    await Promise.all(
      entries.map(async ([key, inner]) => [key, await renderAll(inner, context, depth + 1)] as const),
    ),
  );
}

async function imagesOf(context: Context): Promise<Event[]> {
  const line = lineOf(context);
  const images = await Promise.all(
    context.settings.images.map(async ({ src, href, alt }) =>
      withoutEmpty({ src: await line(src), href: await line(href ?? ''), alt: await line(alt ?? '') }),
    ),
  );
  return images.filter(({ src }) => src !== undefined);
}

/** The configured links, and ours. */
async function linksOf(notification: Notification, context: Context): Promise<Event[]> {
  const line = lineOf(context);
  const configured = await Promise.all(
    context.settings.links.map(async ({ href, text }) => {
      const url = await line(href, 4096);
      return { href: url, text: (await line(text ?? '')) || url };
    }),
  );
  const own = messageButtons(notification)
    .filter(({ url }) => url !== undefined)
    .map(({ url, label }) => ({ href: url!, text: label }));
  return [...configured, ...own].filter(({ href }) => isHttpUrl(href));
}

function withoutEmpty(event: Event): Event {
  return Object.fromEntries(Object.entries(event).filter(([, value]) => value !== '' && value !== undefined));
}

/** The event as JSON, with details that are cut as far as PagerDuty's limit asks for. */
function fitEvent(event: Event, isV1: boolean): string {
  let body = toJson(event);
  for (const maxBytes of DETAIL_BYTES) {
    if (Buffer.byteLength(body) <= MAX_EVENT_BYTES) return body;
    body = toJson(withDetails(event, isV1, (details) => cutDetails(details, maxBytes)));
  }
  if (Buffer.byteLength(body) <= MAX_EVENT_BYTES) return body;
  return toJson(withDetails(event, isV1, () => ({ error: 'The details were larger than PagerDuty takes.' })));
}

function withDetails(event: Event, isV1: boolean, change: (details: Event) => Event): Event {
  if (isV1) return { ...event, details: change(event.details as Event) };
  const payload = event.payload as Event;
  return { ...event, payload: { ...payload, custom_details: change(payload.custom_details as Event) } };
}

function cutDetails(details: Event, maxBytes: number): Event {
  return Object.fromEntries(
    Object.entries(details).map(([key, value]) => {
      const text = typeof value === 'string' ? value : toJson(value ?? null);
      return [cutBytes(key, 100), Buffer.byteLength(text) <= maxBytes ? value : cutBytes(text, maxBytes)];
    }),
  );
}

/** `{"status":"success","message":"Event processed","dedup_key":"..."}`, or what is wrong with the event. */
function accepted(context: Context, answer: ChannelAnswer, isV1: boolean): SendResult {
  const said = recordOf(answer.json());
  if (answer.status >= 200 && answer.status < 300) {
    if (said.status === 'success')
      return { detail: `${answer.detail} ${quote(context, String(said.message ?? ''))}`.trim() };
    throw new DeliveryError({
      message: `the answer is not one of PagerDuty: ${answer.detail} ${quote(context, answer.text)}`.trim(),
      isRetryable: true,
    });
  }
  const errors = Array.isArray(said.errors) ? said.errors.map(String).join('; ') : '';
  const reason =
    typeof said.message === 'string' ? [said.message, errors].filter(Boolean).join(': ') : undefined;
  const failure = failureOf(context, answer, reason);
  // The older API says 403 where the newer one says 429.
  if (!isV1 || answer.status !== 403) throw failure;
  throw new DeliveryError({ message: failure.message, isRetryable: true });
}
