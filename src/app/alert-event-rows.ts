import { createHash } from 'node:crypto';
import type { PartialAlertEvent } from '../alerts/types.ts';
import { Labels } from '../model/labels.ts';
import type { Priority } from '../model/notification.ts';
import type { Batch } from '../store/index.ts';

/** Longest text of an event; the beginning of a longer one is kept. */
const MAX_TEXT = 8_192;
const MAX_ATTEMPTS = 0xffff_ffff;
/** End of year 2261: what the store's times and the API's can hold. */
const MAX_MS = Date.UTC(2262, 0, 1) - 1;

/** What comes first of the things that happen to an alert in the same millisecond. Kinds that are not here come last. */
const ORDER: readonly string[] = [
  'inactive',
  'resolved',
  'pending',
  'firing',
  'suppressed',
  'notify_failed',
  'notified',
  'escalated',
  'acknowledged',
];

/**
 * The 64 bits that tell one event from every other: over all that identifies it, not over what was measured about it. The same event
 * recorded again, for instance after a crash, has the same ones. The first byte puts those of one millisecond into order.
 */
export function eventId(event: PartialAlertEvent): bigint {
  const identity = [
    event.timeMs,
    event.kind,
    event.fingerprint ?? '',
    event.startsAtMs ?? 0,
    event.ruleId ?? '',
    event.receiver ?? '',
    event.integration ?? '',
    event.channel ?? '',
    event.reason ?? '',
    event.groupKey ?? '',
    event.actor ?? '',
    event.detail ?? '',
    event.labels?.key ?? '',
  ];
  const bytes = createHash('sha256').update(JSON.stringify(identity)).digest();
  const rank = ORDER.indexOf(event.kind);
  bytes[0] = rank < 0 ? ORDER.length : rank;
  return bytes.readBigUInt64BE();
}

/** Appends one row. `priority` is empty for what is about no single alert. */
export function appendAlertEvent(
  rows: Batch['alert_events'],
  event: PartialAlertEvent,
  priority: Priority | '',
): void {
  const labels = event.labels ?? Labels.EMPTY;
  rows.ts.append(wholeMs(event.timeMs));
  rows.event_id.appendBigInt(eventId(event));
  rows.kind.append(event.kind);
  rows.fingerprint.append(cut(event.fingerprint));
  rows.starts_at.append(wholeMs(event.startsAtMs ?? 0));
  rows.alertname.append(cut(labels.get('alertname')));
  rows.severity.append(cut(labels.get('severity')));
  rows.priority.append(priority);
  for (const [name, value] of labels.entries()) {
    rows.labels.keys.append(cut(name));
    rows.labels.values.append(cut(value));
  }
  rows.labels.close();
  rows.rule_id.append(cut(event.ruleId));
  rows.receiver.append(cut(event.receiver));
  rows.integration.append(cut(event.integration));
  rows.channel.append(cut(event.channel));
  rows.reason.append(event.reason ?? '');
  rows.group_key.append(cut(event.groupKey));
  rows.actor.append(cut(event.actor));
  rows.detail.append(cut(event.detail));
  rows.value.append(event.value ?? Number.NaN);
  rows.latency_ms.append(event.latencyMs ?? Number.NaN);
  rows.attempts.append(Math.min(MAX_ATTEMPTS, Math.max(0, Math.trunc(event.attempts ?? 0) || 0)));
}

function cut(text: string | undefined): string {
  return text === undefined || text.length <= MAX_TEXT ? (text ?? '') : `${text.slice(0, MAX_TEXT)}…`;
}

function wholeMs(ms: number): number {
  return Math.min(MAX_MS, Math.max(0, Math.floor(ms) || 0));
}
