import { agentEvents, agentPoints } from './agent-tables.ts';
import { alertEvents } from './alert-tables.ts';
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
  UInt32Column,
} from './native/columns.ts';
import {
  attributes,
  attributeTypes,
  byte,
  column,
  count,
  define,
  float,
  hash,
  lazyMerges,
  spanId,
  text,
  timeMs,
  timeNs,
  traceId,
  traceIdIndex,
  word,
} from './table-columns.ts';

export { agentEvents, agentPoints } from './agent-tables.ts';
export { alertEvents } from './alert-tables.ts';
export type { ColumnDefinition, Rows, Signal, TableDefinition } from './table-columns.ts';

import type { Rows } from './table-columns.ts';

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
    /** When the chunk was packed: of two samples at one time the one packed first counts. */
    packed_at: timeMs(),
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
  alert_events: alertEvents,
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
