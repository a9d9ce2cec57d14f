import { type Sql, sql } from '../../store/index.ts';

/**
 * Counter points as increments in whole units, one row per point: micro-dollars for `cost`, milliseconds for `active_time`, counts for
 * the rest. A delta point is its own increment. Of a series of totals it is what the total grew by since the highest one before, so
 * that repeats and late arrivals add nothing, and the increments of a series add up to its last total. Each point is rounded
 * before it is subtracted, which keeps sums the same however they are grouped.
 *
 * @param condition on `agent_points`; it must not cut a series of totals at its beginning.
 */
export function pointIncrements(condition: Sql): Sql {
  return sql`
    SELECT session_id, ts, start_ts, measure, part, model, query_source, agent_name,
      client, client_version, user, demo,
      if(is_delta = 1, amount, greatest(0, amount - max(amount) OVER earlier)) AS increment
    FROM (
      SELECT *, toInt64(round(value * multiIf(measure = 'cost', 1000000, measure = 'active_time', 1000, 1))) AS amount
      FROM agent_points
      WHERE ${condition}
      LIMIT 1 BY session_id, series_id, ts, start_ts
    )
    WINDOW earlier AS (
      PARTITION BY session_id, series_id, start_ts ORDER BY ts ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )`;
}
