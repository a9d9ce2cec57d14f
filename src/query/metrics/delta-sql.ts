import { BellwetherError } from '../../lib/errors.ts';
import { type Sql, sql } from '../../store/index.ts';

/** How far behind the window increments are read, for those whose interval begins inside it. */
const LOOK_AHEAD_MS = 3_600_000;

export interface DeltaWindow {
  /** Metric names, at least one. */
  readonly metrics: readonly string[];
  /** Ids of the series, or a query for them (`SELECT series_id FROM ...`). Absent: all series of the metrics. */
  readonly series?: readonly bigint[] | Sql;
  /** Epoch milliseconds. Samples lie in `(fromMs, toMs]`. */
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * SQL that reads delta sums as cumulative series: columns `metric`, `series_id`, `ts` and `value`, ordered by metric,
 * series and time, with at most one sample per series and millisecond.
 *
 * `metric_deltas` has the increments as they were sent; the series is their running sum. Formed at reading, it comes
 * out the same whatever the order of arrival and whichever process received what, and a repeated export adds
 * nothing because it has the key of the first one.
 *
 * Each increment gives a sample at its time, with the sum of all increments up to then. It gives another at its
 * start time, with the sum before it, unless the previous increment reaches up to there. The first of those is
 * the zero a series begins with, so that `increase()` counts its first increment; the later ones close the gaps
 * that senders leave while nothing happens, so that the first increment after a pause counts as well. A first
 * increment without a start time has its zero one millisecond before it.
 *
 * What lies before the window is added up and not listed, so a long history costs one pass over its values.
 */
export function deltaSamplesSql(window: DeltaWindow): Sql {
  const { metrics, series, fromMs, toMs } = window;
  if (metrics.length === 0) {
    throw new BellwetherError({ code: 'internal', message: 'a delta window needs at least one metric' });
  }
  const bySeries =
    series === undefined ? sql`` : sql` AND delta.series_id IN ${isSql(series) ? sql`(${series})` : series}`;
  const selection = sql`delta.metric IN ${metrics}${bySeries}`;
  const from = new Date(fromMs);
  const ahead = new Date(toMs + LOOK_AHEAD_MS);
  return sql`
SELECT metric, series_id, sample.1 AS ts, sample.2 AS value
FROM (
  SELECT
    increment.metric AS metric,
    increment.series_id AS series_id,
    increment.at AS at,
    increment.start AS start,
    before.total + sumKahan(increment.amount) OVER (${PER_SERIES} ${UP_TO_ROW}) AS total,
    before.total + sumKahan(increment.amount) OVER (${PER_SERIES} ${UP_TO_PREVIOUS}) AS previous_total,
    greatest(before.last_at, max(increment.at) OVER (${PER_SERIES} ${UP_TO_PREVIOUS})) AS previous_at
  FROM (
    -- Two increments with the same time but different starts come from two senders with the same labels: both count.
    SELECT
      delta.metric AS metric,
      delta.series_id AS series_id,
      delta.ts AS at,
      minIf(delta.start_ts, delta.start_ts > ${EPOCH}) AS start,
      sum(delta.value) AS amount
    FROM metric_deltas AS delta FINAL
    WHERE ${selection} AND delta.ts > ${from} AND delta.ts <= ${ahead}
    GROUP BY delta.metric, delta.series_id, delta.ts
  ) AS increment
  LEFT JOIN (
    SELECT
      delta.metric AS metric,
      delta.series_id AS series_id,
      sumKahan(delta.value) AS total,
      max(delta.ts) AS last_at
    FROM metric_deltas AS delta FINAL
    WHERE ${selection} AND delta.ts <= ${from}
    GROUP BY delta.metric, delta.series_id
  ) AS before ON before.metric = increment.metric AND before.series_id = increment.series_id
)
ARRAY JOIN arrayConcat(
  multiIf(
    start > previous_at AND start < at, [(start, previous_total)],
    previous_at = ${EPOCH}, [(at - INTERVAL 1 MILLISECOND, previous_total)],
    []
  ),
  [(at, total)]
) AS sample
WHERE sample.1 > ${from} AND sample.1 <= ${new Date(toMs)}
ORDER BY metric, series_id, ts`;
}

const EPOCH = new Date(0);
const PER_SERIES = sql`PARTITION BY increment.metric, increment.series_id ORDER BY increment.at`;
const UP_TO_ROW = sql`ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW`;
const UP_TO_PREVIOUS = sql`ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING`;

function isSql(series: readonly bigint[] | Sql): series is Sql {
  return !Array.isArray(series);
}
