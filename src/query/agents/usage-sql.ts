import type { TimeRange } from '../../lib/time.ts';
import { type Sql, sql } from '../../store/index.ts';
import { pointIncrements } from './points-sql.ts';
import { CALLS, eventRows, LEDGER_SETTINGS, type LedgerReader } from './reader.ts';

/**
 * How far outside the range a session's other sources are looked for. The signals of one request arrive within minutes; a
 * session whose only request event is days away from its counters would be counted by its counters.
 */
const SOURCE_MARGIN_MS = 3 * 86_400_000;

/** How far back the total before the range is looked for; totals are sent every minute. */
const TOTALS_BEFORE_MS = 7 * 86_400_000;

/** Which sources besides events there are: sessions without a request event that have... */
export interface SourceMix {
  /** ...counters of cost or tokens. */
  readonly hasCounters: boolean;
  /** ...spans of requests. */
  readonly hasSpans: boolean;
  /** ...only the API's own spans. */
  readonly hasServerSpans: boolean;
}

/**
 * Finds out which sources must be read. Where all clients send events, which is usual, the answer is none of the others, and reading
 * usage costs a third of what it would with them.
 */
export async function readSourceMix(reader: LedgerReader, range: TimeRange): Promise<SourceMix> {
  const rows = await reader.query<{ counters: number; spans: number; server: number }>(
    sql`
      SELECT countIf(events = 0 AND counters = 1) AS counters, countIf(events = 0 AND spans = 1) AS spans,
        countIf(events = 0 AND spans = 0 AND server = 1) AS server
      FROM (
        SELECT session_id, max(is_event) AS events, max(is_span) AS spans, max(is_server) AS server, max(is_counter) AS counters
        FROM (
          SELECT session_id, origin = 'event' AS is_event, origin = 'span' AS is_span, origin = 'server' AS is_server,
            0 AS is_counter
          FROM agent_events WHERE kind IN ${CALLS} AND ${within(around(range))}
          UNION ALL
          SELECT session_id, 0 AS is_event, 0 AS is_span, 0 AS is_server, 1 AS is_counter
          FROM agent_points WHERE measure IN ('cost', 'tokens') AND ${within(around(range))}
        )
        GROUP BY session_id
      )`,
    { settings: LEDGER_SETTINGS },
  );
  const { counters = 0, spans = 0, server = 0 } = rows[0] ?? {};
  return { hasCounters: counters > 0, hasSpans: spans > 0, hasServerSpans: server > 0 };
}

/**
 * What was spent in a range, as rows that may be added up in any grouping without counting anything twice. The source is chosen per
 * session as in `sessionOf`: events where they tell of model requests, else counters, else spans, else the API's own spans. Spans of a
 * session whose money comes from counters still tell its requests.
 *
 * Columns: ts, session_id, user, model, agent (`main` for the main thread), source (main, subagent, auxiliary), cost_micros, unpriced,
 * input, output, cache_read, cache_creation, requests, errors, latency_ms (-1 when the row is no successful request).
 */
export function usageRows(range: TimeRange, mix: SourceMix): Sql {
  const sources = [callsOfEvents(range)];
  if (mix.hasCounters) sources.push(spendOfCounters(range));
  if (mix.hasSpans) sources.push(callsOfSpans('span', range, mix));
  if (mix.hasServerSpans) sources.push(callsOfSpans('server', range, mix));
  return sql.join(sources, '\nUNION ALL\n');
}

function within(range: TimeRange): Sql {
  return sql`ts >= ${new Date(range.fromMs)} AND ts < ${new Date(range.toMs)}`;
}

function around(range: TimeRange): TimeRange {
  return { fromMs: Math.max(0, range.fromMs - SOURCE_MARGIN_MS), toMs: range.toMs + SOURCE_MARGIN_MS };
}

/** Sessions whose model requests are told by a source. */
function sessionsWithCalls(origin: 'event' | 'span', range: TimeRange): Sql {
  return sql`(
    SELECT session_id FROM agent_events
    WHERE origin = ${origin} AND kind IN ${CALLS} AND ${within(around(range))}
  )`;
}

function sessionsWithCounters(range: TimeRange): Sql {
  return sql`(
    SELECT session_id FROM agent_points WHERE measure IN ('cost', 'tokens') AND ${within(around(range))}
  )`;
}

const AGENT = sql`multiIf(agent_name != '', toString(agent_name), query_source = 'subagent', 'unnamed subagent', 'main')`;

/** Columns that events and counters have in common. */
const WHO = sql`
  ts, session_id, toString(user) AS user, toString(model) AS model, ${AGENT} AS agent, toString(query_source) AS source`;

const CALL_COUNTS = sql`
  toUInt8(kind = 'api_request') AS requests, toUInt8(kind = 'api_error') AS errors,
  if(kind = 'api_request', duration_ms, -1) AS latency_ms`;

function callsOfEvents(range: TimeRange): Sql {
  return sql`
    SELECT ${WHO}, cost_micros, toUInt8(cost_basis = 2) AS unpriced,
      toInt64(input_tokens) AS input, toInt64(output_tokens) AS output,
      toInt64(cache_read_tokens) AS cache_read, toInt64(cache_creation_tokens) AS cache_creation, ${CALL_COUNTS}
    FROM ${eventRows(sql`origin = 'event' AND kind IN ${CALLS} AND ${within(range)}`)}`;
}

function spendOfCounters(range: TimeRange): Sql {
  const withTotalsBefore = { fromMs: Math.max(0, range.fromMs - TOTALS_BEFORE_MS), toMs: range.toMs };
  const condition = sql`measure IN ('cost', 'tokens') AND ${within(withTotalsBefore)}
    AND session_id GLOBAL NOT IN ${sessionsWithCalls('event', range)}`;
  const tokens = (part: string) => sql`if(measure = 'tokens' AND part = ${part}, increment, 0)`;
  return sql`
    SELECT ${WHO}, if(measure = 'cost', increment, 0) AS cost_micros, toUInt8(0) AS unpriced,
      ${tokens('input')} AS input, ${tokens('output')} AS output,
      ${tokens('cacheRead')} AS cache_read, ${tokens('cacheCreation')} AS cache_creation,
      toUInt8(0) AS requests, toUInt8(0) AS errors, toFloat64(-1) AS latency_ms
    FROM (${pointIncrements(condition)})
    WHERE ts >= ${new Date(range.fromMs)} AND increment > 0`;
}

function callsOfSpans(origin: 'span' | 'server', range: TimeRange, mix: SourceMix): Sql {
  const isCounted = mix.hasCounters ? sql`session_id GLOBAL IN ${sessionsWithCounters(range)}` : sql`false`;
  const spent = (column: string) => sql`if(is_counted, 0, toInt64(${sql.id(column)}))`;
  const conditions = [
    sql`origin = ${origin} AND kind IN ${CALLS} AND ${within(range)}`,
    sql`session_id GLOBAL NOT IN ${sessionsWithCalls('event', range)}`,
  ];
  if (origin === 'server') conditions.push(sql`session_id GLOBAL NOT IN ${sessionsWithCalls('span', range)}`);
  return sql`
    SELECT ${WHO}, ${spent('cost_micros')} AS cost_micros, toUInt8(cost_basis = 2 AND NOT is_counted) AS unpriced,
      ${spent('input_tokens')} AS input, ${spent('output_tokens')} AS output,
      ${spent('cache_read_tokens')} AS cache_read, ${spent('cache_creation_tokens')} AS cache_creation, ${CALL_COUNTS}
    FROM (SELECT *, ${isCounted} AS is_counted FROM ${eventRows(sql.and(conditions))})`;
}
