import type { QueryOptions, Sql } from '../../store/index.ts';
import { sql } from '../../store/index.ts';

/** What these queries need of the store. 64-bit integers arrive as numbers when they are safe integers. */
export interface LedgerReader {
  query<T>(query: Sql, options?: QueryOptions): Promise<T[]>;
}

/** Settings of every query here: aggregates are named like the columns they are made from. */
export const LEDGER_SETTINGS = { prefer_column_name_to_alias: 1 } as const;

/**
 * Rows of `agent_events`, each once. A repeated export lies in the table twice until parts are merged; FINAL would take that away as well,
 * at twenty times the cost for a look-up by session.
 */
export function eventRows(condition: Sql): Sql {
  return sql`(SELECT * FROM agent_events WHERE ${condition} LIMIT 1 BY event_id)`;
}

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
