import { createHmac } from 'node:crypto';
import { z } from 'zod';
import type { Labels } from '../../model/labels.ts';
import type { Notification, NotifiedAlert } from '../../model/notification.ts';
import { count, duration, section, text } from '../../prom-config/index.ts';
import {
  type ChannelDefinition,
  DeliveryError,
  defineChannel,
  type SendContext,
  type SendResult,
} from '../channel.ts';
import { sendSuccessfully, toJson } from './http.ts';
import { isHttpUrl, missingProblem, pairProblems } from './message.ts';

/** Nesting and entries of a `payload`. */
const MAX_PAYLOAD_DEPTH = 20;
const MAX_PAYLOAD_ENTRIES = 1000;

const schema = section({
  url: text.optional(),
  url_file: text.optional(),
  /** 0: all. */
  max_alerts: count.default(0),
  /** Ends an attempt; 0: the server's default. */
  timeout: duration.default(0),
  /** In place of the usual body: JSON with templates in its texts, or one text that becomes the body as it is. */
  payload: z.unknown().optional(),
  /** Ours: key of the signature in `X-Bellwether-Signature`. */
  secret: text.optional(),
  secret_file: text.optional(),
});

export type WebhookSettings = z.output<typeof schema>;
type Context = SendContext<WebhookSettings>;

/** Alertmanager's webhook, version 4 (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config). */
export const webhook: ChannelDefinition<WebhookSettings> = defineChannel({
  name: 'webhook',
  title: 'Webhook',
  configKey: 'webhook_configs',
  isInAlertmanager: true,
  schema,
  globals: {},
  secretKeys: ['url', 'secret'],
  templateKeys: ['payload'],
  sendsResolved: true,
  maxAlerts: undefined,
  messagesPerMinute: 600,
  check: checkWebhook,
  send: sendWebhook,
});

function checkWebhook(settings: WebhookSettings) {
  const problems = [
    ...pairProblems(settings, [
      ['url', 'url_file'],
      ['secret', 'secret_file'],
    ]),
    ...missingProblem(settings, ['url', 'url_file']),
  ];
  if (settings.url !== undefined && settings.url !== '' && !isHttpUrl(settings.url))
    problems.push({ path: ['url'], message: 'must be a URL with http or https' });
  return problems;
}

async function sendWebhook(notification: Notification, context: Context): Promise<SendResult> {
  const { settings } = context;
  const url = await context.secret(settings.url, settings.url_file);
  if (url === undefined || url === '')
    throw new DeliveryError({ message: 'there is no url', isRetryable: false });
  const body = await bodyOf(notification, context);
  const answer = await sendSuccessfully(context, {
    url,
    headers: await headersOf(notification, context, body),
    body,
  });
  return { detail: answer.detail };
}

async function bodyOf(notification: Notification, context: Context): Promise<string> {
  const { payload, max_alerts: maxAlerts } = context.settings;
  if (payload === undefined) return toJson(webhookMessage(notification, maxAlerts));
  if (typeof payload === 'string') return context.render(payload);
  return toJson(await renderAll(payload, context, 0));
}

async function headersOf(
  notification: Notification,
  context: Context,
  body: string,
): Promise<Record<string, string>> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'idempotency-key': notification.id,
  };
  const secret = await context.secret(context.settings.secret, context.settings.secret_file);
  if (secret !== undefined && secret !== '')
    headers['x-bellwether-signature'] = signature(secret, Math.floor(context.nowMs / 1000), body);
  return headers;
}

/**
 * `t=<seconds>,v1=<HMAC-SHA256 of "<seconds>.<body>" in hexadecimal digits>`. With the time in it a receiver can refuse what somebody
 * recorded and sends again.
 */
export function signature(secret: string, timeS: number, body: string): string {
  return `t=${timeS},v1=${createHmac('sha256', secret).update(`${timeS}.${body}`).digest('hex')}`;
}

/** Go's zero time: the end of an alert that still fires. */
const ZERO_TIME = '0001-01-01T00:00:00Z';

/** The body, with its keys in Alertmanager's order. */
export function webhookMessage(notification: Notification, maxAlerts: number): Record<string, unknown> {
  const alerts = maxAlerts > 0 ? notification.alerts.slice(0, maxAlerts) : notification.alerts;
  const left = notification.alerts.length - alerts.length;
  return {
    receiver: notification.receiver,
    status: notification.status,
    alerts: alerts.map(alertOf),
    groupLabels: notification.groupLabels.toObject(),
    // Over all alerts, also those that are cut off, as Alertmanager has it.
    commonLabels: common(notification.alerts.map(({ labels }) => labels)),
    commonAnnotations: common(notification.alerts.map(({ annotations }) => annotations)),
    externalURL: notification.externalUrl,
    version: '4',
    groupKey: notification.groupKey,
    truncatedAlerts: notification.truncatedAlerts + left,
  };
}

function alertOf(alert: NotifiedAlert) {
  return {
    status: alert.status,
    labels: alert.labels.toObject(),
    annotations: alert.annotations.toObject(),
    startsAt: goTime(alert.startsAtMs),
    endsAt: alert.status === 'resolved' && alert.endsAtMs !== undefined ? goTime(alert.endsAtMs) : ZERO_TIME,
    generatorURL: alert.generatorUrl,
    fingerprint: alert.fingerprint,
  };
}

/** RFC 3339 without zeros at the end of the fraction. */
function goTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/\.?0*Z$/, 'Z');
}

function common(all: readonly Labels[]): Record<string, string> {
  const [first, ...others] = all;
  const pairs = [...(first?.entries() ?? [])].filter(([name, value]) =>
    others.every((labels) => labels.get(name) === value),
  );
  const object = Object.create(null) as Record<string, string>;
  for (const [name, value] of pairs) object[name] = value;
  return object;
}

/** Carries out every text. One that becomes a JSON object or list is put in as such, so that a template can make lists. */
async function renderAll(value: unknown, context: Context, depth: number): Promise<unknown> {
  if (typeof value === 'string') return asStructure(await context.render(value), value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_PAYLOAD_DEPTH) return '(nested too deeply)';
  const entries = Object.entries(value).slice(0, MAX_PAYLOAD_ENTRIES);
  const rendered: [string, unknown][] = [];
  for (const [key, inner] of entries) rendered.push([key, await renderAll(inner, context, depth + 1)]);
  return Array.isArray(value) ? rendered.map(([, inner]) => inner) : Object.fromEntries(rendered);
}

function asStructure(rendered: string, template: string): unknown {
  const isMeant = template.includes('{{') && /^\s*[[{]/.test(rendered);
  if (!isMeant) return rendered;
  try {
    return JSON.parse(rendered);
  } catch {
    // A text that only begins like JSON.
    return rendered;
  }
}
