import {
  ArrayColumn,
  type AttributeMapColumn,
  type Column,
  FixedStringColumn,
  Float64Column,
  Int16Column,
  Int64Column,
  LowCardinalityColumn,
  MapColumn,
  StringColumn,
  UInt8Column,
  UInt32Column,
} from './native/columns.ts';

/** Which retention setting governs a table. */
export type Signal = 'metrics' | 'logs' | 'traces' | 'sessions';

/** One column: how it is stored, and the buffer that fills it. */
export interface ColumnDefinition<C extends Column> {
  /** Type in `CREATE TABLE`; the buffer's type is what travels, the store converts between them. */
  readonly type: string;
  /** Compression codec without the word CODEC, `Default` when absent; `Default` is explained below. */
  readonly codec?: string;
  readonly create: () => C;
}

/** One table, as data: DDL, buffers and retention are derived from it. */
export interface TableDefinition<S extends Record<string, ColumnDefinition<Column>>> {
  readonly name: string;
  /**
   * The rows are made durable in the spool and stay there until they have been stored in another form: the engine has no such table.
   */
  readonly isJournal?: boolean;
  readonly signal: Signal;
  /** Further signals whose rows refer to this table: its rows stay as long as the longest of them. */
  readonly alsoKeptFor?: readonly Signal[];
  readonly columns: S;
  readonly orderBy: string;
  /** Expression of the partition key; absent: one partition. */
  readonly partitionBy?: string;
  /** `replacing` keeps the row with the greatest `version` per order key once parts are merged. */
  readonly engine: { readonly kind: 'plain' } | { readonly kind: 'replacing'; readonly version: string };
  /**
   * Expression with the row's time (DateTime); rows older than the signal's retention are dropped. Written as ClickHouse
   * prints it. What is seen once a day stays a day longer than what refers to it.
   */
  readonly timeOf: string;
  /** Sharding expression in a cluster. */
  readonly shardBy: string;
  /** Lines for the end of the column list: indexes, projections. */
  readonly extras?: readonly string[];
  readonly settings?: Readonly<Record<string, string | number>>;
}

/** The open block of a table: one growing buffer per column. */
export type Rows<T> =
  T extends TableDefinition<infer S>
    ? { readonly [K in keyof S]: S[K] extends ColumnDefinition<infer C> ? C : never }
    : never;

function column<C extends Column>(type: string, create: () => C, codec?: string): ColumnDefinition<C> {
  return codec === undefined ? { type, create } : { type, create, codec };
}

/*
 * Codecs. `Default` is LZ4 in a part as it was inserted and ZSTD(1) in one that was merged, see `defaultCodec` of the layout; it keeps
 * the first write cheap and the disk small. Measured with 200 000 log records of 910 bytes (bodies from 30 templates, 14 attributes):
 * ZSTD(1) 97 bytes a record, LZ4 208, ZSTD(3) 102 with half as much CPU time again; map keys as plain strings take 9 bytes more.
 */
const timeNs = () => column('DateTime64(9)', () => new Int64Column('DateTime64(9)'), 'Delta(8), Default');
const timeMs = () => column('DateTime64(3)', () => new Int64Column('DateTime64(3)'), 'DoubleDelta, Default');
const hash = () => column('UInt64', () => new Int64Column('UInt64'));
const word = () => column('LowCardinality(String)', () => new LowCardinalityColumn());
const text = () => column('String', () => new StringColumn());
const byte = () => column('UInt8', () => new UInt8Column());
const count = () => column('UInt64', () => new Int64Column('UInt64'), 'T64, Default');
const integer = () => column('Int64', () => new Int64Column('Int64'), 'T64, Default');
const float = () => column('Float64', () => new Float64Column());
const traceId = () => column('FixedString(16)', () => new FixedStringColumn(16));
const spanId = () => column('FixedString(8)', () => new FixedStringColumn(8));

/**
 * Attributes travel as Map(String, String): keys as sent, values as text. The column `..._types` beside it has one
 * character per entry, in the same order, so that nothing of the type is lost: `s` string, `i` integer (decimal),
 * `d` double (shortest round-trip form), `b` boolean (`true`, `false`), `x` bytes (base64), `a` array and `m`
 * key-value list (JSON with typed leaves as OTLP/JSON writes them), `n` empty value.
 */
const attributes = () =>
  column('Map(LowCardinality(String), String)', (): AttributeMapColumn => new MapColumn(new StringColumn()));
const attributeTypes = () => column('LowCardinality(String)', () => new LowCardinalityColumn());

/**
 * Events come in at a high rate and every merge compresses them again, so more parts may gather before they are merged, about 16
 * at once. Measured: 0.9 merged rows per inserted row instead of 1.5; a query has some more parts to open.
 */
const lazyMerges = { merge_selector_base: 16, merge_selector_blurry_base_scale_factor: 4 };

/** Finds a trace without knowing its time: one of a hundred granules without it is read in vain. */
const traceIdIndex = 'INDEX trace_id_index trace_id TYPE bloom_filter(0.01) GRANULARITY 1';

function define<S extends Record<string, ColumnDefinition<Column>>>(
  table: TableDefinition<S>,
): TableDefinition<S> {
  return table;
}

/**
 * Who sends: one row per distinct resource and scope. Logs and spans carry only `stream_id`, which keeps a
 * resource's attributes from being stored once per record. Written when a stream is first seen by a process, and
 * again each day it is alive, so that retention never removes a stream that is still in use.
 */
export const streams = define({
  name: 'streams',
  signal: 'logs',
  alsoKeptFor: ['traces', 'sessions'],
  columns: {
    /** 64-bit hash over resource attributes, scope name, version and attributes; independent of their order. */
    stream_id: hash(),
    seen_at: column('DateTime', () => new UInt32Column('DateTime')),
    service_name: word(),
    service_namespace: word(),
    service_instance_id: text(),
    resource_attributes: attributes(),
    resource_attribute_types: text(),
    resource_schema_url: word(),
    scope_name: word(),
    scope_version: word(),
    scope_attributes: attributes(),
    scope_attribute_types: text(),
    scope_schema_url: word(),
  },
  orderBy: 'stream_id',
  engine: { kind: 'replacing', version: 'seen_at' },
  timeOf: '(seen_at + toIntervalDay(1))',
  shardBy: 'stream_id',
});

export const logs = define({
  name: 'logs',
  signal: 'logs',
  columns: {
    ts: timeNs(),
    observed_ts: timeNs(),
    stream_id: hash(),
    service_name: word(),
    /** OpenTelemetry severity number, 0 when the sender set none. */
    severity_number: byte(),
    severity_text: word(),
    event_name: word(),
    trace_id: traceId(),
    span_id: spanId(),
    trace_flags: byte(),
    body: text(),
    /** One character as in attribute types. */
    body_type: word(),
    attributes: attributes(),
    attribute_types: attributeTypes(),
    dropped_attributes: column('UInt32', () => new UInt32Column()),
  },
  orderBy: 'service_name, toStartOfHour(ts), stream_id, ts',
  partitionBy: 'toDate(ts)',
  engine: { kind: 'plain' },
  timeOf: 'toDateTime(ts)',
  shardBy: 'stream_id',
  extras: [traceIdIndex],
  settings: lazyMerges,
});

export const spans = define({
  name: 'spans',
  signal: 'traces',
  columns: {
    trace_id: traceId(),
    span_id: spanId(),
    parent_span_id: spanId(),
    trace_state: text(),
    trace_flags: column('UInt32', () => new UInt32Column()),
    name: word(),
    /** OTLP SpanKind, 0 to 5. */
    kind: byte(),
    start_ts: timeNs(),
    duration_ns: count(),
    /** OTLP StatusCode: 0 unset, 1 ok, 2 error. */
    status_code: byte(),
    status_message: text(),
    stream_id: hash(),
    service_name: word(),
    attributes: attributes(),
    attribute_types: attributeTypes(),
    dropped_attributes: column('UInt32', () => new UInt32Column()),
    event_ts: column(
      'Array(DateTime64(9))',
      () => new ArrayColumn(new Int64Column('DateTime64(9)'), 'Array(DateTime64(9))'),
    ),
    event_name: column('Array(LowCardinality(String))', () => new ArrayColumn(new LowCardinalityColumn())),
    event_attributes: column(
      'Array(Map(LowCardinality(String), String))',
      () => new ArrayColumn<AttributeMapColumn>(new MapColumn(new StringColumn())),
    ),
    event_attribute_types: column('Array(String)', () => new ArrayColumn(new StringColumn())),
    link_trace_id: column('Array(FixedString(16))', () => new ArrayColumn(new FixedStringColumn(16))),
    link_span_id: column('Array(FixedString(8))', () => new ArrayColumn(new FixedStringColumn(8))),
    link_trace_state: column('Array(String)', () => new ArrayColumn(new StringColumn())),
    link_attributes: column(
      'Array(Map(LowCardinality(String), String))',
      () => new ArrayColumn<AttributeMapColumn>(new MapColumn(new StringColumn())),
    ),
    link_attribute_types: column('Array(String)', () => new ArrayColumn(new StringColumn())),
    dropped_events: column('UInt32', () => new UInt32Column()),
    dropped_links: column('UInt32', () => new UInt32Column()),
  },
  orderBy: 'toStartOfHour(start_ts), trace_id, start_ts',
  partitionBy: 'toDate(start_ts)',
  engine: { kind: 'plain' },
  timeOf: 'toDateTime(start_ts)',
  shardBy: 'cityHash64(trace_id)',
  extras: [traceIdIndex],
  settings: lazyMerges,
});

/** One row per series and day it is alive; `labels` include everything but `__name__`, which is `metric`. */
export const metricSeries = define({
  name: 'metric_series',
  signal: 'metrics',
  columns: {
    metric: word(),
    series_id: hash(),
    /** Start of the day on which the series was seen. */
    seen_at: column('DateTime', () => new UInt32Column('DateTime')),
    labels: attributes(),
    /** Prometheus type: counter, gauge, histogram, gaugehistogram, summary, info, stateset, unknown. */
    type: word(),
    unit: word(),
    /** `cumulative`: samples are in metric_samples; `delta`: in metric_deltas; `native`: in metric_histograms. */
    storage: word(),
  },
  orderBy: 'metric, series_id, seen_at, storage',
  partitionBy: 'toDate(seen_at)',
  engine: { kind: 'replacing', version: 'seen_at' },
  timeOf: '(seen_at + toIntervalDay(1))',
  shardBy: 'series_id',
});

export const metricMetadata = define({
  name: 'metric_metadata',
  signal: 'metrics',
  columns: {
    metric: word(),
    type: word(),
    unit: word(),
    help: text(),
    seen_at: column('DateTime', () => new UInt32Column('DateTime')),
  },
  orderBy: 'metric, type, unit, help',
  engine: { kind: 'replacing', version: 'seen_at' },
  timeOf: '(seen_at + toIntervalDay(1))',
  shardBy: 'cityHash64(metric)',
});

/** Samples as they arrive. From the journal they go to the head in memory, and from there, packed, to `metric_chunks`. */
export const metricSamples = define({
  name: 'metric_samples',
  signal: 'metrics',
  isJournal: true,
  columns: {
    metric: word(),
    series_id: hash(),
    ts: timeMs(),
    value: column('Float64', () => new Float64Column(), 'Gorilla, Default'),
  },
  orderBy: 'metric, toStartOfHour(ts), series_id, ts',
  partitionBy: 'toDate(ts)',
  engine: { kind: 'plain' },
  timeOf: 'toDateTime(ts)',
  shardBy: 'series_id',
  settings: { index_granularity: 2048 },
});

/**
 * Samples of one series, packed: up to 240 within an hour, in the form of `metrics/chunk-codec.ts`. Chunks of a series may overlap, and
 * a sample may be in two of them; readers keep one per time. Measured against a row per sample in docs/decisions/0005.
 */
export const metricChunks = define({
  name: 'metric_chunks',
  signal: 'metrics',
  columns: {
    metric: word(),
    series_id: hash(),
    /** Times of the first and the last sample. */
    min_ts: timeMs(),
    max_ts: timeMs(),
    count: column('UInt32', () => new UInt32Column(), 'T64, Default'),
    data: text(),
  },
  orderBy: 'metric, toStartOfHour(min_ts), series_id, min_ts',
  partitionBy: 'toDate(min_ts)',
  engine: { kind: 'plain' },
  timeOf: 'toDateTime(max_ts)',
  shardBy: 'series_id',
  settings: { index_granularity: 512 },
});

/**
 * Points of delta sums and of the parts of delta histograms, as sent. The cumulative series is their running sum, formed
 * when it is read: that makes it independent of restarts, of the order of arrival, of which instance received
 * a point, and of repeats, because a repeated export has the same key.
 */
export const metricDeltas = define({
  name: 'metric_deltas',
  signal: 'metrics',
  columns: {
    metric: word(),
    series_id: hash(),
    ts: timeMs(),
    start_ts: timeMs(),
    value: float(),
  },
  orderBy: 'metric, series_id, ts, start_ts',
  partitionBy: 'toDate(ts)',
  engine: { kind: 'replacing', version: 'ts' },
  timeOf: 'toDateTime(ts)',
  shardBy: 'series_id',
});

/** Native (exponential) histograms, in Prometheus's sparse form. Deltas are marked and summed when read. */
export const metricHistograms = define({
  name: 'metric_histograms',
  signal: 'metrics',
  columns: {
    metric: word(),
    series_id: hash(),
    ts: timeMs(),
    start_ts: timeMs(),
    /** 0 cumulative, 1 delta, 2 gauge. */
    temporality: byte(),
    /** -4 to 8, or -53 for custom bounds. */
    schema: column('Int16', () => new Int16Column()),
    zero_threshold: float(),
    zero_count: float(),
    count: float(),
    sum: float(),
    /** Bucket indexes and their counts (absolute, not differences), ascending by index. */
    positive_index: column('Array(Int64)', () => new ArrayColumn(new Int64Column('Int64'))),
    positive_count: column('Array(Float64)', () => new ArrayColumn(new Float64Column())),
    negative_index: column('Array(Int64)', () => new ArrayColumn(new Int64Column('Int64'))),
    negative_count: column('Array(Float64)', () => new ArrayColumn(new Float64Column())),
    custom_bounds: column('Array(Float64)', () => new ArrayColumn(new Float64Column())),
  },
  orderBy: 'metric, series_id, ts, start_ts',
  partitionBy: 'toDate(ts)',
  engine: { kind: 'replacing', version: 'ts' },
  timeOf: 'toDateTime(ts)',
  shardBy: 'series_id',
});

export const metricExemplars = define({
  name: 'metric_exemplars',
  signal: 'metrics',
  columns: {
    metric: word(),
    series_id: hash(),
    ts: timeMs(),
    value: float(),
    trace_id: traceId(),
    span_id: spanId(),
    labels: attributes(),
  },
  orderBy: 'metric, series_id, ts',
  partitionBy: 'toDate(ts)',
  engine: { kind: 'plain' },
  timeOf: 'toDateTime(ts)',
  shardBy: 'series_id',
});

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

/** Every table, by name. */
export const tables = {
  streams,
  logs,
  spans,
  metric_series: metricSeries,
  metric_metadata: metricMetadata,
  metric_samples: metricSamples,
  metric_chunks: metricChunks,
  metric_deltas: metricDeltas,
  metric_histograms: metricHistograms,
  metric_exemplars: metricExemplars,
  agent_events: agentEvents,
  agent_points: agentPoints,
} as const;

export type TableName = keyof typeof tables;

/** The tables that the engine has. */
export const storedTables = Object.values(tables).filter(
  (table: { readonly isJournal?: boolean }) => table.isJournal !== true,
);

/** The open blocks of all tables. Decoders append here; the writer takes them at each group commit. */
export type Batch = { readonly [N in TableName]: Rows<(typeof tables)[N]> };

/** A fresh, empty batch. */
export function createBatch(): Batch {
  const batch: Record<string, Record<string, Column>> = {};
  for (const [name, table] of Object.entries(tables)) {
    const rows: Record<string, Column> = {};
    for (const [key, definition] of Object.entries(table.columns)) rows[key] = definition.create();
    batch[name] = rows;
  }
  return batch as unknown as Batch;
}
