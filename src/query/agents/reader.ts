import type { QueryOptions, Sql } from '../../store/index.ts';
import { sql } from '../../store/index.ts';

/** What these queries need of the store. 64-bit integers arrive as numbers when they are safe integers. */
export interface LedgerReader {
  query<T>(query: Sql, options?: QueryOptions): Promise<T[]>;
}

/**
 * Settings of every query here.
 *
 * A row and its repeat always lie in the same partition, because the partition follows from the key; so FINAL need not look across
 * partitions, and parts that are merged already are read as they are. Aggregates are named like the columns they are made from.
 */
export const LEDGER_SETTINGS = {
  do_not_merge_across_partitions_select_final: 1,
  prefer_column_name_to_alias: 1,
} as const;

/** Kinds that are calls of a model. */
export const CALLS = sql`('api_request', 'api_error')`;

/**
 * Kinds that do not make a session by themselves: what a client reports at start-up. After `--continue` those records carry a
 * throw-away session id that never appears again.
 */
export const NOT_ACTIVITY = sql`('start', 'other', 'command')`;

/** Measures that make a session by themselves. */
export const ACTIVITY_MEASURES = sql`('cost', 'tokens', 'lines', 'commits', 'pull_requests', 'decisions')`;

/** Epoch milliseconds of a DateTime64(3) column. */
export function msOf(expression: Sql): Sql {
  return sql`toUnixTimestamp64Milli(${expression})`;
}

/** Dollars as shown, from integer millionths. */
export function usdOf(micros: number): number {
  return micros / 1e6;
}
