import type { Usage, UsageFigures, UsageGroupBy } from '../../contract/index.ts';
import { parseTimeRange, type TimeRange } from '../../lib/time.ts';
import { type Sql, sql } from '../../store/index.ts';
import { LEDGER_SETTINGS, type LedgerReader, usdOf } from './reader.ts';
import { readSourceMix, type SourceMix, usageRows } from './usage-sql.ts';

/** Most groups sent; the total includes the others. */
const MAX_GROUPS = 1000;

export interface UsageQuery {
  readonly from: string;
  readonly to: string;
  readonly group_by: UsageGroupBy;
}

/** Sums over `usageRows`. */
export interface UsageSums {
  readonly cost_micros: number;
  readonly unpriced: number;
  readonly input: number;
  readonly output: number;
  readonly cache_read: number;
  readonly cache_creation: number;
  readonly requests: number;
  readonly errors: number;
  readonly sessions: number;
}

interface UsageRow extends UsageSums {
  readonly group_key: string;
  readonly is_total: number;
}

const KEYS: Readonly<Record<UsageGroupBy, Sql>> = {
  model: sql`model`,
  session: sql`session_id`,
  user: sql`user`,
  agent: sql`agent`,
  day: sql`toString(toDate(ts, 'UTC'))`,
  source: sql`source`,
};

/** The select list that makes `UsageSums`. */
export const USAGE_SUMS = sql`
  sum(cost_micros) AS cost_micros, sum(unpriced) AS unpriced, sum(input) AS input, sum(output) AS output,
  sum(cache_read) AS cache_read, sum(cache_creation) AS cache_creation,
  sum(requests) AS requests, sum(errors) AS errors, uniqExact(session_id) AS sessions`;

/**
 * What was spent in a range, in groups. Groups and total come from one pass over the same rows, so they agree to the millionth.
 *
 * @throws BellwetherError 400 `bad_time`, `bad_range`.
 */
export async function readUsage(reader: LedgerReader, query: UsageQuery, nowMs: number): Promise<Usage> {
  const range = parseTimeRange(query, nowMs);
  const mix = await readSourceMix(reader, range);
  const rows = await reader.query<UsageRow>(usageStatement(range, mix, query.group_by), {
    settings: LEDGER_SETTINGS,
  });
  const total = rows.find((row) => row.is_total === 1);
  const groups = rows.filter((row) => row.is_total === 0);
  return {
    total: figuresOf(total),
    groups: groups.slice(0, MAX_GROUPS).map((row) => ({ key: row.group_key, ...figuresOf(row) })),
    truncated: groups.length > MAX_GROUPS,
  };
}

function usageStatement(range: TimeRange, mix: SourceMix, groupBy: UsageGroupBy): Sql {
  const order = groupBy === 'day' ? sql`group_key` : sql`sum(cost_micros) DESC, group_key`;
  return sql`
    SELECT group_key, toUInt8(grouping(group_key)) AS is_total, ${USAGE_SUMS}
    FROM (SELECT *, ${KEYS[groupBy]} AS group_key FROM (${usageRows(range, mix)}))
    GROUP BY GROUPING SETS ((group_key), ())
    ORDER BY is_total DESC, ${order}
    LIMIT ${MAX_GROUPS + 2}`;
}

const NOTHING: UsageSums = {
  cost_micros: 0,
  unpriced: 0,
  input: 0,
  output: 0,
  cache_read: 0,
  cache_creation: 0,
  requests: 0,
  errors: 0,
  sessions: 0,
};

/** Sums as the API shows them. */
export function figuresOf(sums: UsageSums = NOTHING): UsageFigures {
  return {
    cost_usd: usdOf(sums.cost_micros),
    cost_complete: sums.unpriced === 0,
    input_tokens: sums.input,
    output_tokens: sums.output,
    cache_read_tokens: sums.cache_read,
    cache_creation_tokens: sums.cache_creation,
    api_requests: sums.requests,
    api_errors: sums.errors,
    sessions: sums.sessions,
  };
}
