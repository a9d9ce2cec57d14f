import { UInt32Column } from './native/columns.ts';

import {
  attributes,
  byte,
  column,
  count,
  define,
  float,
  hash,
  integer,
  spanId,
  text,
  timeMs,
  traceId,
  word,
} from './table-columns.ts';

/**
 * The agent ledger, first half: what happened, one row per event or span of a Claude client. `event_id` is a hash of
 * what identifies the event, so an export that is repeated replaces itself.
 */
export const agentEvents = define({
  name: 'agent_events',
  signal: 'sessions',
  columns: {
    session_id: word(),
    ts: timeMs(),
    /** Hash over session, time and what else identifies the event: readers keep one row of each. */
    event_id: hash(),
    /**
     * Which source told: `event` (log records of the client), `span` (spans of the client, an SDK or an instrumentation), `server`
     * (spans of the API's own side). Readers prefer events, take spans where a session has none, and server spans last.
     */
    origin: word(),
    /**
     * prompt (a human's), command (a slash command typed as a prompt), api_request, api_error, tool_call (an executed tool), tool (the
     * span around decision and execution), tool_decision, subagent, compaction, refusal, retries_exhausted, error, start (start-up
     * records), other.
     */
    kind: word(),
    /** The event's own short name (`api_request`) or the span's name. */
    name: word(),
    /** Order within the process, from `event.sequence`; -1 when not sent. */
    sequence: integer(),
    client: word(),
    client_version: word(),
    /** user.email, else a name from resource attributes, else user.id. */
    user: word(),
    stream_id: hash(),
    prompt_id: text(),
    request_id: text(),
    tool_use_id: text(),
    agent_id: text(),
    agent_name: word(),
    model: word(),
    /** main, subagent, auxiliary. */
    query_source: word(),
    tool_name: word(),
    /** Integer micro-dollars; exact sums. */
    cost_micros: integer(),
    /** 0 the client's figure, 1 computed from the price book, 2 price missing (cost is then 0). */
    cost_basis: byte(),
    /** Tokens that were neither read from nor written to the cache. */
    input_tokens: count(),
    output_tokens: count(),
    cache_read_tokens: count(),
    cache_creation_tokens: count(),
    duration_ms: float(),
    ttft_ms: float(),
    attempts: column('UInt32', () => new UInt32Column()),
    /** 1 failed, 0 not. */
    failed: byte(),
    /** HTTP status, 0 when there was none. */
    status_code: column('UInt32', () => new UInt32Column()),
    error: text(),
    /** accept, reject or empty. */
    decision: word(),
    decision_source: word(),
    /** Why the model stopped, from spans of the client; `tool_use` without a decision after it means somebody is asked. */
    stop_reason: word(),
    trace_id: traceId(),
    span_id: spanId(),
    parent_span_id: spanId(),
    /** 1 for replayed demonstration data. */
    demo: byte(),
    attributes: attributes(),
    attribute_types: text(),
  },
  orderBy: 'session_id, ts, event_id',
  partitionBy: 'toDate(ts)',
  engine: { kind: 'replacing', version: 'ts' },
  timeOf: 'toDateTime(ts)',
  shardBy: 'cityHash64(session_id)',
  // Sessions are looked up by id over all days: the filter leaves only the granules that hold them.
  extras: ['INDEX session_id_filter session_id TYPE bloom_filter(0.001) GRANULARITY 1'],
  settings: { index_granularity: 2048 },
});

/**
 * The agent ledger, second half: points of Claude's counters, by session. What only metrics tell (lines, commits, active time)
 * comes from here; cost and tokens come from here only for sessions without events.
 */
export const agentPoints = define({
  name: 'agent_points',
  signal: 'sessions',
  columns: {
    session_id: word(),
    ts: timeMs(),
    start_ts: timeMs(),
    series_id: hash(),
    /** 1: value is the increment of this interval; 0: value is the total since start_ts. */
    is_delta: byte(),
    /** session, lines, pull_requests, commits, cost, tokens, decisions, active_time. */
    measure: word(),
    /** The attribute that divides the measure: added/removed, input/output/..., accept/reject, user/cli, start type. */
    part: word(),
    value: float(),
    client: word(),
    client_version: word(),
    user: word(),
    stream_id: hash(),
    model: word(),
    query_source: word(),
    agent_name: word(),
    tool_name: word(),
    /** 1 for replayed demonstration data. */
    demo: byte(),
  },
  orderBy: 'session_id, series_id, ts, start_ts',
  partitionBy: 'toDate(ts)',
  engine: { kind: 'replacing', version: 'ts' },
  timeOf: 'toDateTime(ts)',
  shardBy: 'cityHash64(session_id)',
  extras: ['INDEX session_id_filter session_id TYPE bloom_filter(0.001) GRANULARITY 1'],
  settings: { index_granularity: 2048 },
});
