import type { IncomingHttpHeaders } from 'node:http';
import { BellwetherError, messageOf } from '../../lib/errors.ts';
import { type Log, silentLog } from '../../lib/log.ts';
import { Labels } from '../../model/labels.ts';
import type { AlertEngine } from '../engine-types.ts';
import type { AlertClock, IncomingAlert } from '../types.ts';
import type { InboundWebhook } from './config.ts';
import type { RawAlert, RawDelivery } from './kind.ts';
import { MAX_PAYLOAD_BYTES, parsePayload, webAddress } from './payload.ts';
import { safeAnnotations, safeLabels } from './safe-labels.ts';
import { checkSignature, checkToken, headerOf, type ShownSender } from './sender.ts';

/** Alerts in one delivery. */
const MAX_DELIVERED_ALERTS = 1000;

export interface InboundParts {
  readonly engine: Pick<AlertEngine, 'post'>;
  readonly clock: Pick<AlertClock, 'now'>;
  readonly webhooks?: readonly InboundWebhook[];
  readonly log?: Log;
}

/** One request to a webhook. */
export interface InboundDelivery {
  readonly name: string;
  readonly headers: IncomingHttpHeaders;
  readonly params: URLSearchParams;
  /** Called at most once, after the token was found right. */
  readonly readBody: (maxBytes: number) => Promise<Uint8Array>;
}

/** How a webhook is used, since the start. Times are epoch milliseconds. */
export interface InboundWebhookStatus {
  readonly name: string;
  readonly kind: string;
  /** Deliveries that were understood, with alerts or without. */
  readonly accepted: number;
  /** Deliveries that were not: a wrong token, a body that cannot be read, an engine that is full. */
  readonly refused: number;
  /** Alerts that were taken. */
  readonly alerts: number;
  /** Of the last delivery, accepted or refused. */
  readonly lastAtMs: number | undefined;
  /** '' when none was refused yet. */
  readonly lastError: string;
  readonly lastErrorAtMs: number | undefined;
}

export interface Inbound {
  /**
   * Takes one delivery: durable once it resolves.
   *
   * @throws BellwetherError 404 `unknown_webhook`, 401, 400 when the payload is none of its kind, and what the engine throws.
   */
  receive(delivery: InboundDelivery): Promise<{ readonly status: number; readonly json: unknown }>;
  /** Changes to other webhooks; counts of those that stay go on. */
  configure(webhooks: readonly InboundWebhook[]): void;
  /** In the order of the configuration. */
  status(): readonly InboundWebhookStatus[];
}

/** Turns deliveries of other products into alerts. */
export function createInboundService(parts: InboundParts): Inbound {
  const { engine, clock, log = silentLog } = parts;
  let entries = new Map<string, Entry>();
  configure(parts.webhooks ?? []);

  function configure(webhooks: readonly InboundWebhook[]): void {
    const next = webhooks.map((webhook): [string, Entry] => {
      const known = entries.get(webhook.name);
      return [webhook.name, { webhook, counts: known?.counts ?? newCounts() }];
    });
    entries = new Map(next);
  }

  return {
    configure,
    async receive(delivery) {
      const entry = entries.get(delivery.name);
      if (entry === undefined) throw unknownWebhook();
      const { webhook, counts } = entry;
      counts.lastAtMs = clock.now();
      try {
        const { alerts, note } = await read(webhook, delivery, clock.now());
        if (alerts.length > 0) await engine.post(alerts);
        counts.accepted++;
        counts.alerts += alerts.length;
        return { status: 200, json: { accepted: alerts.length, ...(note !== '' && { message: note }) } };
      } catch (thrown) {
        const error = thrown instanceof BellwetherError ? thrown : unreadablePayload(thrown);
        counts.refused++;
        counts.lastError = error.message;
        counts.lastErrorAtMs = clock.now();
        const facts = { webhook: webhook.name, code: error.code, error: error.message };
        const cause = error.cause === undefined ? {} : { cause: messageOf(error.cause) };
        log.warn({ ...facts, ...cause }, 'a delivery to a webhook was refused');
        throw error;
      }
    },
    status: () =>
      [...entries.values()].map(({ webhook, counts }) => ({
        ...{ name: webhook.name, kind: webhook.kind.name },
        ...counts,
      })),
  };
}

interface Entry {
  readonly webhook: InboundWebhook;
  readonly counts: Counts;
}

interface Counts {
  accepted: number;
  refused: number;
  alerts: number;
  lastAtMs: number | undefined;
  lastError: string;
  lastErrorAtMs: number | undefined;
}

function newCounts(): Counts {
  return {
    ...{ accepted: 0, refused: 0, alerts: 0 },
    ...{ lastAtMs: undefined, lastError: '', lastErrorAtMs: undefined },
  };
}

async function read(
  webhook: InboundWebhook,
  delivery: InboundDelivery,
  nowMs: number,
): Promise<{ alerts: IncomingAlert[]; note: string }> {
  const shown: ShownSender = delivery;
  await checkToken(webhook, shown);
  const body = await delivery.readBody(MAX_PAYLOAD_BYTES);
  await checkSignature(webhook, { ...shown, nowMs }, body);
  const header = (name: string) => headerOf(delivery.headers, name);
  const payload = parsePayload(formPayload(header('content-type'), body));
  const context = { name: webhook.name, header, nowMs };
  const { alerts, note }: RawDelivery = await webhook.reader(payload, context);
  if (alerts.length > MAX_DELIVERED_ALERTS) throw tooManyAlerts(alerts.length);
  return { alerts: alerts.map((alert) => toIncoming(webhook, alert, nowMs)), note };
}

/** Some senders, GitHub among them, can put the JSON into a form's field. */
function formPayload(contentType: string, body: Uint8Array): Uint8Array {
  if (!/^application\/x-www-form-urlencoded\b/i.test(contentType)) return body;
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  return Buffer.from(new URLSearchParams(text).get('payload') ?? '');
}

function toIncoming(webhook: InboundWebhook, alert: RawAlert, nowMs: number): IncomingAlert {
  const { isResolved } = alert;
  const given = safeLabels(alert.labels);
  const named = given.has('alertname') ? given : given.with('alertname', webhook.name);
  const endsAtMs = isResolved
    ? Math.min(alert.endsAtMs ?? nowMs, nowMs)
    : (laterOf(alert.endsAtMs, nowMs) ?? nowMs + webhook.resolveAfterMs);
  return {
    labels: Labels.from([...named.entries(), ...webhook.labels.entries()]),
    annotations: safeAnnotations(alert.annotations),
    startsAtMs: alert.startsAtMs === undefined ? undefined : Math.min(alert.startsAtMs, endsAtMs, nowMs),
    endsAtMs,
    generatorUrl: webAddress(alert.generatorUrl),
    source: `webhook:${webhook.name}`,
    value: alert.value,
  };
}

function laterOf(timeMs: number | undefined, nowMs: number): number | undefined {
  return timeMs !== undefined && timeMs > nowMs ? timeMs : undefined;
}

function unknownWebhook(): BellwetherError {
  return new BellwetherError({
    code: 'unknown_webhook',
    status: 404,
    message: 'there is no webhook of this name',
    hint: 'webhooks are listed under inbound_webhooks in bellwether.yml',
  });
}

function tooManyAlerts(count: number): BellwetherError {
  return new BellwetherError({
    code: 'too_many_alerts',
    status: 413,
    message: `${count} alerts in one delivery are more than the limit of ${MAX_DELIVERED_ALERTS}`,
    hint: 'send them in several deliveries',
  });
}

/** A reader is ours: that it failed is our mistake, and the sender cannot mend it. */
function unreadablePayload(cause: unknown): BellwetherError {
  return new BellwetherError({
    code: 'internal',
    status: 500,
    message: 'the server failed to read this delivery',
    hint: 'this is a bug in Bellwether; its log has the details',
    cause,
  });
}
