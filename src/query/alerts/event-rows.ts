import type { HistoryEventJson } from '../../contract/index.ts';
import { formatTime } from '../../lib/time.ts';
import { type QueryOptions, type Sql, sql } from '../../store/index.ts';

/** What these queries need of the store. 64-bit integers arrive as numbers when they are safe integers. */
export interface AlertHistoryReader {
  query<T>(query: Sql, options?: QueryOptions): Promise<T[]>;
}

/** An event as it is read. */
export interface EventRow {
  readonly at_ms: number;
  readonly event_id: number | bigint;
  readonly kind: HistoryEventJson['kind'];
  readonly fingerprint: string;
  readonly alertname: string;
  readonly severity: string;
  readonly priority: string;
  readonly labels: Record<string, string>;
  readonly rule_id: string;
  readonly receiver: string;
  readonly integration: string;
  readonly channel: string;
  readonly reason: string;
  readonly actor: string;
  readonly detail: string;
  readonly value: number;
  readonly latency_ms: number;
  readonly attempts: number;
}

/** Newest first. An event that was written twice lies in the table twice until parts are merged. */
export async function readEvents(
  reader: AlertHistoryReader,
  conditions: readonly Sql[],
  limit: number,
): Promise<EventRow[]> {
  return await reader.query<EventRow>(sql`
    SELECT toUnixTimestamp64Milli(ts) AS at_ms, event_id, kind, fingerprint, alertname, severity, priority, labels, rule_id,
      receiver, integration, channel, reason, actor, detail, value, latency_ms, attempts
    FROM alert_events
    WHERE ${sql.and(conditions)}
    ORDER BY ts DESC, event_id DESC
    LIMIT 1 BY ts, event_id
    LIMIT ${limit}`);
}

export function eventOf(row: EventRow): HistoryEventJson {
  return {
    id: BigInt(row.event_id).toString(16).padStart(16, '0'),
    at: formatTime(row.at_ms),
    kind: row.kind,
    fingerprint: row.fingerprint,
    name: row.alertname,
    severity: row.severity,
    priority: row.priority === '' ? null : (row.priority as HistoryEventJson['priority']),
    labels: row.labels,
    rule_id: row.rule_id,
    receiver: row.receiver,
    integration: row.integration,
    channel: row.channel,
    reason: row.reason,
    actor: row.actor,
    detail: row.detail,
    value: finiteOrNull(row.value),
    latency_ms: finiteOrNull(row.latency_ms),
    attempts: row.attempts,
  };
}

/** JSON has no other numbers. */
export function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
