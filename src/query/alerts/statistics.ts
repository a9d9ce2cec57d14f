import type { AlertStatisticsJson } from '../../contract/index.ts';
import { BellwetherError } from '../../lib/errors.ts';
import { formatTime, parseTimeRange, type TimeRange } from '../../lib/time.ts';
import { type Sql, sql } from '../../store/index.ts';
import { type AlertHistoryReader, finiteOrNull } from './event-rows.ts';
import { inRange } from './history.ts';

/** Rules that are listed; the totals count all. */
const MAX_RULES = 500;
/** The same night as that of a rule's backtest. */
const NIGHT_FROM_HOUR = 22;
const NIGHT_TO_HOUR = 6;
/** An alert that is over so soon without anybody's doing was noise. */
const NOISE_MS = 300_000;

export interface StatisticsQuery {
  readonly from: string;
  readonly to: string;
  /** IANA name, for what is night; UTC when absent. */
  readonly time_zone?: string | undefined;
}

interface LifeSums {
  readonly fired: number;
  readonly resolved: number;
  readonly acknowledged: number;
  readonly response_missed: number;
  readonly mtta_ms: number;
  readonly mttr_ms: number;
}
interface RuleRow extends LifeSums {
  readonly rule: string;
  readonly name: string;
  readonly last_severity: string;
  readonly fired_at_night: number;
  readonly notified: number;
  readonly only_self_resolved: number;
  readonly firing_ms: number;
}
interface NotificationRow {
  readonly notified: number;
  readonly notify_failed: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
}

/**
 * How alerts went in a range. What is counted are lives of alerts: from firing to the end, whatever is recorded about one twice.
 *
 * The times to acknowledge and to resolve are those of alerts that fired in the range and were acknowledged or resolved since, be it
 * after the range; alerts where one of the two is missing are left out.
 *
 * @throws BellwetherError 400 `bad_time`, `bad_range`, `bad_time_zone`.
 */
export async function readStatistics(
  reader: AlertHistoryReader,
  query: StatisticsQuery,
  nowMs: number,
): Promise<AlertStatisticsJson> {
  const range = parseTimeRange(query, nowMs);
  const lives = livesIn(range, Math.min(nowMs, range.toMs), timeZoneOf(query.time_zone ?? 'UTC'));
  const [totals, notifications, rules] = await Promise.all([
    reader.query<LifeSums>(sql`SELECT ${sums} FROM (${lives})`),
    reader.query<NotificationRow>(notificationsIn(range)),
    reader.query<RuleRow>(rulesOf(lives)),
  ]);
  return statisticsOf(range, totals[0]!, notifications[0]!, rules);
}

/** Each condition holds for lives that are complete in that respect. */
const sums = sql`
  countIf(fired_ms > 0) AS fired,
  countIf(has_resolved) AS resolved,
  countIf(has_acknowledged) AS acknowledged,
  countIf(has_missed) AS response_missed,
  avgIf(acknowledged_ms - fired_ms, is_life AND fired_ms > 0 AND acknowledged_ms >= fired_ms) AS mtta_ms,
  avgIf(resolved_ms - fired_ms, is_life AND fired_ms > 0 AND resolved_ms >= fired_ms) AS mttr_ms`;

/**
 * A row per life of an alert, and one per event whose alert's beginning is unknown. Times of what did not happen are 0. Beyond the end of
 * the range only what ends a life is read.
 *
 * Not every event knows its rule: all of one alert count for the rule that one of them names.
 */
function livesIn(range: TimeRange, horizonMs: number, timeZone: string): Sql {
  const { fromMs, toMs } = range;
  const happened = (kind: string) => sql`kind = ${kind} AND is_inside`;
  return sql`
    SELECT *,
      max(own_rule) OVER (PARTITION BY fingerprint) AS rule,
      max(own_name) OVER (PARTITION BY fingerprint) AS name,
      toHour(fromUnixTimestamp64Milli(toInt64(fired_ms), ${timeZone})) AS fired_hour,
      if(fired_ms > 0, fired_ms, if(has_resolved AND is_life, greatest(began_ms, ${fromMs}), 0)) AS firing_from_ms,
      least(if(resolved_ms > 0, resolved_ms, ${horizonMs}), ${horizonMs}) AS firing_to_ms
    FROM (
      SELECT fingerprint, began_ms, began_ms > 0 AS is_life,
        max(rule_id) AS own_rule, max(alertname) AS own_name, argMax(severity, at_ms) AS own_severity, max(at_ms) AS last_ms,
        minIf(at_ms, ${happened('firing')}) AS fired_ms,
        minIf(at_ms, kind = 'resolved') AS resolved_ms,
        minIf(at_ms, kind = 'acknowledged') AS acknowledged_ms,
        countIf(${happened('resolved')}) > 0 AS has_resolved,
        countIf(${happened('acknowledged')}) > 0 AS has_acknowledged,
        countIf(${happened('response_missed')}) > 0 AS has_missed,
        countIf(${happened('notified')}) AS notified_count
      FROM (
        SELECT fingerprint, kind, rule_id, alertname, severity, event_id, toUnixTimestamp64Milli(ts) AS at_ms,
          toUnixTimestamp64Milli(starts_at) AS began_ms, at_ms < ${toMs} AS is_inside
        FROM alert_events
        WHERE fingerprint != '' AND ts >= ${new Date(fromMs)}
          AND (ts < ${new Date(toMs)} OR kind IN ('resolved', 'acknowledged'))
        LIMIT 1 BY event_id
      )
      GROUP BY fingerprint, began_ms, if(began_ms > 0, 0, event_id)
    )`;
}

function rulesOf(lives: Sql): Sql {
  return sql`
    SELECT rule, name, argMax(own_severity, last_ms) AS last_severity, ${sums},
      countIf(fired_ms > 0 AND (fired_hour >= ${NIGHT_FROM_HOUR} OR fired_hour < ${NIGHT_TO_HOUR})) AS fired_at_night,
      sum(notified_count) AS notified,
      countIf(is_life AND fired_ms > 0 AND resolved_ms >= fired_ms AND resolved_ms - fired_ms <= ${NOISE_MS}
        AND acknowledged_ms = 0) AS only_self_resolved,
      sumIf(firing_to_ms - firing_from_ms, firing_from_ms > 0 AND firing_to_ms > firing_from_ms) AS firing_ms
    FROM (${lives})
    GROUP BY rule, name
    HAVING fired + resolved + acknowledged + response_missed + notified > 0
    ORDER BY fired DESC, notified DESC, firing_ms DESC, name, rule
    LIMIT ${MAX_RULES}`;
}

function notificationsIn(range: TimeRange): Sql {
  const isTimed = sql`kind = 'notified' AND NOT isNaN(latency_ms)`;
  return sql`
    SELECT countIf(kind = 'notified') AS notified, countIf(kind = 'notify_failed') AS notify_failed,
      quantileExactInclusiveIf(0.5)(latency_ms, ${isTimed}) AS p50_ms,
      quantileExactInclusiveIf(0.99)(latency_ms, ${isTimed}) AS p99_ms
    FROM (SELECT kind, latency_ms FROM alert_events
      WHERE ${inRange(range)} AND kind IN ('notified', 'notify_failed') LIMIT 1 BY event_id)`;
}

function statisticsOf(
  range: TimeRange,
  totals: LifeSums,
  notifications: NotificationRow,
  rules: readonly RuleRow[],
): AlertStatisticsJson {
  return {
    from: formatTime(range.fromMs),
    to: formatTime(range.toMs),
    fired: totals.fired,
    resolved: totals.resolved,
    acknowledged: totals.acknowledged,
    notified: notifications.notified,
    notify_failed: notifications.notify_failed,
    response_missed: totals.response_missed,
    mtta_s: secondsOf(totals.mtta_ms),
    mttr_s: secondsOf(totals.mttr_ms),
    notify_p50_ms: finiteOrNull(notifications.p50_ms),
    notify_p99_ms: finiteOrNull(notifications.p99_ms),
    rules: rules.map((row) => ({
      rule_id: row.rule,
      name: row.name,
      severity: row.last_severity,
      fired: row.fired,
      fired_at_night: row.fired_at_night,
      notified: row.notified,
      acknowledged: row.acknowledged,
      only_self_resolved: row.only_self_resolved,
      mtta_s: secondsOf(row.mtta_ms),
      mttr_s: secondsOf(row.mttr_ms),
      firing_s: row.firing_ms / 1000,
    })),
  };
}

/** The mean of nothing is NaN. */
function secondsOf(ms: number): number | null {
  return Number.isFinite(ms) ? ms / 1000 : null;
}

/** The zone's canonical name, which the engine knows too. */
function timeZoneOf(name: string): string {
  try {
    const { timeZone } = new Intl.DateTimeFormat('en-GB', { timeZone: name }).resolvedOptions();
    if (/^[A-Za-z]/.test(timeZone)) return timeZone;
  } catch (cause) {
    throw badTimeZone(name, cause);
  }
  throw badTimeZone(name);
}

function badTimeZone(name: string, cause?: unknown): BellwetherError {
  return new BellwetherError({
    code: 'bad_time_zone',
    status: 400,
    message: `there is no time zone ${JSON.stringify(name.slice(0, 100))}`,
    hint: 'use a name such as Europe/Berlin or UTC',
    cause,
  });
}
