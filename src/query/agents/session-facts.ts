import { type Sql, sql } from '../../store/index.ts';
import { pointIncrements } from './points-sql.ts';
import { CALLS, eventRows, LEDGER_SETTINGS, type LedgerReader, msOf, NOT_ACTIVITY } from './reader.ts';

/** What one source (`event`, `span`, `server`) tells about a session. */
export interface EventFacts {
  readonly session_id: string;
  readonly origin: string;
  readonly first_ms: number;
  readonly last_ms: number;
  readonly client: string;
  readonly client_version: string;
  readonly user: string;
  readonly demo: number;
  /** Rows that make a session. */
  readonly activity: number;
  /** Rows that may appear in the timeline: all but start-up records. */
  readonly timeline_rows: number;
  readonly models: readonly string[];
  readonly cost_micros: number;
  readonly unpriced: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_read_tokens: number;
  readonly cache_creation_tokens: number;
  readonly prompts: number;
  readonly api_requests: number;
  readonly api_errors: number;
  readonly tool_calls: number;
  readonly tool_failures: number;
  readonly edits_accepted: number;
  readonly edits_rejected: number;
  readonly last_call_kind: string;
  readonly last_call_ms: number;
  /** When the last prompt began; its span ends after all that it caused. */
  readonly last_prompt_ms: number;
  /** The last thing that follows a model's wish to use a tool. */
  readonly last_answer_ms: number;
  /** Start and end of the last request that ended in a wish to use a tool; 0 when there is none. */
  readonly asked_from_ms: number;
  readonly asked_ms: number;
}

/** What one measure of the counters tells about a session. */
export interface PointFacts {
  readonly session_id: string;
  readonly measure: string;
  readonly part: string;
  /** In whole units, see `pointIncrements`. */
  readonly total: number;
  readonly first_ms: number;
  readonly last_ms: number;
  readonly client: string;
  readonly client_version: string;
  readonly user: string;
  readonly demo: number;
  readonly models: readonly string[];
}

export interface SessionFacts {
  readonly events: readonly EventFacts[];
  readonly points: readonly PointFacts[];
}

/** Tools whose permission decisions count as edits. */
const EDIT_TOOLS = sql`('Edit', 'Write', 'MultiEdit', 'NotebookEdit')`;

/** Most models named per session and source. */
const MAX_MODELS = 50;

/** A record that claims to have lasted longer does not move the beginning of its session. */
const MAX_DURATION_MS = 86_400_000;

/** A series of totals older than this says nothing about when the session began. */
const MAX_SERIES_AGE_DAYS = 7;

/** Everything the ledger knows about the sessions, whole and not cut by any range, in two queries. */
export async function readSessionFacts(
  reader: LedgerReader,
  sessionIds: readonly string[],
): Promise<Map<string, SessionFacts>> {
  const facts = new Map<string, { events: EventFacts[]; points: PointFacts[] }>();
  if (sessionIds.length === 0) return facts;
  const [events, points] = await Promise.all([
    reader.query<EventFacts>(eventFactsQuery(sessionIds), { settings: LEDGER_SETTINGS }),
    reader.query<PointFacts>(pointFactsQuery(sessionIds), { settings: LEDGER_SETTINGS }),
  ]);
  for (const id of sessionIds) facts.set(id, { events: [], points: [] });
  for (const row of events) facts.get(row.session_id)?.events.push(row);
  for (const row of points) facts.get(row.session_id)?.points.push(row);
  return facts;
}

function eventFactsQuery(sessionIds: readonly string[]): Sql {
  const isCall = sql`kind IN ${CALLS}`;
  const isEdit = sql`kind = 'tool_decision' AND tool_name IN ${EDIT_TOOLS}`;
  const asks = sql`kind = 'api_request' AND stop_reason = 'tool_use'`;
  const startMs = sql`${msOf(sql`ts`)} - toInt64(least(duration_ms, ${MAX_DURATION_MS}))`;
  return sql`
    SELECT session_id, origin,
      min(${startMs}) AS first_ms,
      ${msOf(sql`max(ts)`)} AS last_ms,
      argMaxIf(client, ts, client != '') AS client,
      argMaxIf(client_version, ts, client_version != '') AS client_version,
      argMaxIf(user, ts, user != '') AS user,
      max(demo) AS demo,
      countIf(kind NOT IN ${NOT_ACTIVITY}) AS activity,
      countIf(kind != 'start') AS timeline_rows,
      groupUniqArrayIf(${MAX_MODELS})(model, ${isCall} AND model != '') AS models,
      sumIf(cost_micros, ${isCall}) AS cost_micros,
      countIf(${isCall} AND cost_basis = 2) AS unpriced,
      sumIf(input_tokens, ${isCall}) AS input_tokens,
      sumIf(output_tokens, ${isCall}) AS output_tokens,
      sumIf(cache_read_tokens, ${isCall}) AS cache_read_tokens,
      sumIf(cache_creation_tokens, ${isCall}) AS cache_creation_tokens,
      countIf(kind = 'prompt') AS prompts,
      countIf(kind = 'api_request') AS api_requests,
      countIf(kind = 'api_error') AS api_errors,
      countIf(kind = 'tool_call') AS tool_calls,
      countIf(kind = 'tool_call' AND failed = 1) AS tool_failures,
      countIf(${isEdit} AND decision = 'accept') AS edits_accepted,
      countIf(${isEdit} AND decision = 'reject') AS edits_rejected,
      toString(argMaxIf(kind, (ts, sequence), ${isCall})) AS last_call_kind,
      ${msOf(sql`maxIf(ts, ${isCall})`)} AS last_call_ms,
      maxIf(${startMs}, kind IN ('prompt', 'command')) AS last_prompt_ms,
      ${msOf(sql`maxIf(ts, kind IN ('prompt', 'command', 'tool', 'tool_call', 'tool_decision', 'subagent'))`)} AS last_answer_ms,
      argMaxIf(${startMs}, ts, ${asks}) AS asked_from_ms,
      ${msOf(sql`maxIf(ts, ${asks})`)} AS asked_ms
    FROM ${eventRows(sql`session_id IN ${sessionIds}`)}
    GROUP BY session_id, origin`;
}

function pointFactsQuery(sessionIds: readonly string[]): Sql {
  const isKnownStart = sql`start_ts > ts - toIntervalDay(${MAX_SERIES_AGE_DAYS})`;
  return sql`
    SELECT session_id, measure, part,
      sum(increment) AS total,
      ${msOf(sql`min(if(${isKnownStart}, start_ts, ts))`)} AS first_ms,
      ${msOf(sql`maxIf(ts, increment > 0)`)} AS last_ms,
      argMaxIf(client, ts, client != '') AS client,
      argMaxIf(client_version, ts, client_version != '') AS client_version,
      argMaxIf(user, ts, user != '') AS user,
      max(demo) AS demo,
      groupUniqArrayIf(${MAX_MODELS})(model, model != '') AS models
    FROM (${pointIncrements(sql`session_id IN ${sessionIds}`)})
    GROUP BY session_id, measure, part`;
}
