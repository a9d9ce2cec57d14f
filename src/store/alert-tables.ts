import { UInt32Column } from './native/columns.ts';
import { attributes, column, define, float, hash, text, timeMs, word } from './table-columns.ts';

/**
 * What happened to alerts: one row per event. `event_id` is a hash of what identifies the event, so an event that is written
 * again replaces itself.
 *
 * Ordered by time, because the history is read newest first; one alert or one rule is found by the filters, which leave only the granules
 * that hold it. Some hundred rows a day are usual, so a partition is a month.
 */
export const alertEvents = define({
  name: 'alert_events',
  signal: 'alerts',
  columns: {
    ts: timeMs(),
    event_id: hash(),
    /** As in the contract's `historyEvent`. */
    kind: word(),
    /** 16 hexadecimal digits; empty for what is about no single alert. */
    fingerprint: text(),
    /** When this life of the alert began; 0 when unknown. */
    starts_at: timeMs(),
    alertname: word(),
    severity: word(),
    /** P0 to P3, or empty. */
    priority: word(),
    labels: attributes(),
    rule_id: word(),
    receiver: word(),
    integration: word(),
    channel: word(),
    reason: word(),
    group_key: text(),
    actor: word(),
    detail: text(),
    /** NaN when there is none. */
    value: float(),
    /** NaN when there is none. */
    latency_ms: float(),
    attempts: column('UInt32', () => new UInt32Column()),
  },
  orderBy: 'ts, event_id',
  partitionBy: 'toYYYYMM(ts)',
  engine: { kind: 'replacing', version: 'ts' },
  timeOf: 'toDateTime(ts)',
  shardBy: 'event_id',
  extras: [
    'INDEX fingerprint_filter fingerprint TYPE bloom_filter(0.01) GRANULARITY 1',
    'INDEX rule_filter rule_id TYPE bloom_filter(0.01) GRANULARITY 1',
  ],
  // Parts hold a month: waiting until all of one is too old would keep rows a month longer than asked.
  settings: { index_granularity: 1024, ttl_only_drop_parts: 0 },
});
