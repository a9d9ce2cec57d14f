import type { TableSchema } from '../schema.ts';

/** The tables of the first release. Frozen: a later change of tables.ts gets a migration of its own. */
export const initialTables: readonly TableSchema[] = [
  {
    name: 'streams',
    columns: [
      {
        name: 'stream_id',
        type: 'UInt64',
        codec: 'ZSTD(1)',
      },
      {
        name: 'seen_at',
        type: 'DateTime',
        codec: 'ZSTD(1)',
      },
      {
        name: 'service_name',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'service_namespace',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'service_instance_id',
        type: 'String',
        codec: 'ZSTD(1)',
      },
      {
        name: 'resource_attributes',
        type: 'Map(LowCardinality(String), String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'resource_attribute_types',
        type: 'String',
        codec: 'ZSTD(1)',
      },
      {
        name: 'resource_schema_url',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'scope_name',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'scope_version',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'scope_attributes',
        type: 'Map(LowCardinality(String), String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'scope_attribute_types',
        type: 'String',
        codec: 'ZSTD(1)',
      },
      {
        name: 'scope_schema_url',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
    ],
    orderBy: 'stream_id',
    engine: {
      kind: 'replacing',
      version: 'seen_at',
    },
    shardBy: 'stream_id',
  },
  {
    name: 'logs',
    columns: [
      {
        name: 'ts',
        type: 'DateTime64(9)',
        codec: 'Delta(8), ZSTD(1)',
      },
      {
        name: 'observed_ts',
        type: 'DateTime64(9)',
        codec: 'Delta(8), ZSTD(1)',
      },
      {
        name: 'stream_id',
        type: 'UInt64',
        codec: 'ZSTD(1)',
      },
      {
        name: 'service_name',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'severity_number',
        type: 'UInt8',
        codec: 'ZSTD(1)',
      },
      {
        name: 'severity_text',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'event_name',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'trace_id',
        type: 'FixedString(16)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'span_id',
        type: 'FixedString(8)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'trace_flags',
        type: 'UInt8',
        codec: 'ZSTD(1)',
      },
      {
        name: 'body',
        type: 'String',
        codec: 'ZSTD(1)',
      },
      {
        name: 'body_type',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'attributes',
        type: 'Map(LowCardinality(String), String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'attribute_types',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'dropped_attributes',
        type: 'UInt32',
        codec: 'ZSTD(1)',
      },
    ],
    orderBy: 'service_name, toStartOfHour(ts), stream_id, ts',
    partitionBy: 'toDate(ts)',
    engine: {
      kind: 'plain',
    },
    shardBy: 'stream_id',
    extras: ['INDEX trace_id_index trace_id TYPE bloom_filter(0.01) GRANULARITY 1'],
  },
  {
    name: 'spans',
    columns: [
      {
        name: 'trace_id',
        type: 'FixedString(16)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'span_id',
        type: 'FixedString(8)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'parent_span_id',
        type: 'FixedString(8)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'trace_state',
        type: 'String',
        codec: 'ZSTD(1)',
      },
      {
        name: 'trace_flags',
        type: 'UInt32',
        codec: 'ZSTD(1)',
      },
      {
        name: 'name',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'kind',
        type: 'UInt8',
        codec: 'ZSTD(1)',
      },
      {
        name: 'start_ts',
        type: 'DateTime64(9)',
        codec: 'Delta(8), ZSTD(1)',
      },
      {
        name: 'duration_ns',
        type: 'UInt64',
        codec: 'T64, ZSTD(1)',
      },
      {
        name: 'status_code',
        type: 'UInt8',
        codec: 'ZSTD(1)',
      },
      {
        name: 'status_message',
        type: 'String',
        codec: 'ZSTD(1)',
      },
      {
        name: 'stream_id',
        type: 'UInt64',
        codec: 'ZSTD(1)',
      },
      {
        name: 'service_name',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'attributes',
        type: 'Map(LowCardinality(String), String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'attribute_types',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'dropped_attributes',
        type: 'UInt32',
        codec: 'ZSTD(1)',
      },
      {
        name: 'event_ts',
        type: 'Array(DateTime64(9))',
        codec: 'ZSTD(1)',
      },
      {
        name: 'event_name',
        type: 'Array(LowCardinality(String))',
        codec: 'ZSTD(1)',
      },
      {
        name: 'event_attributes',
        type: 'Array(Map(LowCardinality(String), String))',
        codec: 'ZSTD(1)',
      },
      {
        name: 'event_attribute_types',
        type: 'Array(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'link_trace_id',
        type: 'Array(FixedString(16))',
        codec: 'ZSTD(1)',
      },
      {
        name: 'link_span_id',
        type: 'Array(FixedString(8))',
        codec: 'ZSTD(1)',
      },
      {
        name: 'link_trace_state',
        type: 'Array(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'link_attributes',
        type: 'Array(Map(LowCardinality(String), String))',
        codec: 'ZSTD(1)',
      },
      {
        name: 'link_attribute_types',
        type: 'Array(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'dropped_events',
        type: 'UInt32',
        codec: 'ZSTD(1)',
      },
      {
        name: 'dropped_links',
        type: 'UInt32',
        codec: 'ZSTD(1)',
      },
    ],
    orderBy: 'toStartOfHour(start_ts), trace_id, start_ts',
    partitionBy: 'toDate(start_ts)',
    engine: {
      kind: 'plain',
    },
    shardBy: 'cityHash64(trace_id)',
    extras: ['INDEX trace_id_index trace_id TYPE bloom_filter(0.01) GRANULARITY 1'],
  },
  {
    name: 'metric_series',
    columns: [
      {
        name: 'metric',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'series_id',
        type: 'UInt64',
        codec: 'ZSTD(1)',
      },
      {
        name: 'seen_at',
        type: 'DateTime',
        codec: 'ZSTD(1)',
      },
      {
        name: 'labels',
        type: 'Map(LowCardinality(String), String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'type',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'unit',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'storage',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
    ],
    orderBy: 'metric, series_id, seen_at, storage',
    partitionBy: 'toDate(seen_at)',
    engine: {
      kind: 'replacing',
      version: 'seen_at',
    },
    shardBy: 'series_id',
  },
  {
    name: 'metric_metadata',
    columns: [
      {
        name: 'metric',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'type',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'unit',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'help',
        type: 'String',
        codec: 'ZSTD(1)',
      },
      {
        name: 'seen_at',
        type: 'DateTime',
        codec: 'ZSTD(1)',
      },
    ],
    orderBy: 'metric, type, unit, help',
    engine: {
      kind: 'replacing',
      version: 'seen_at',
    },
    shardBy: 'cityHash64(metric)',
  },
  {
    name: 'metric_samples',
    columns: [
      {
        name: 'metric',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'series_id',
        type: 'UInt64',
        codec: 'ZSTD(1)',
      },
      {
        name: 'ts',
        type: 'DateTime64(3)',
        codec: 'DoubleDelta, ZSTD(1)',
      },
      {
        name: 'value',
        type: 'Float64',
        codec: 'Gorilla, ZSTD(1)',
      },
    ],
    orderBy: 'metric, toStartOfHour(ts), series_id, ts',
    partitionBy: 'toDate(ts)',
    engine: {
      kind: 'plain',
    },
    shardBy: 'series_id',
    settings: {
      index_granularity: 2048,
    },
  },
  {
    name: 'metric_deltas',
    columns: [
      {
        name: 'metric',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'series_id',
        type: 'UInt64',
        codec: 'ZSTD(1)',
      },
      {
        name: 'ts',
        type: 'DateTime64(3)',
        codec: 'DoubleDelta, ZSTD(1)',
      },
      {
        name: 'start_ts',
        type: 'DateTime64(3)',
        codec: 'DoubleDelta, ZSTD(1)',
      },
      {
        name: 'value',
        type: 'Float64',
        codec: 'ZSTD(1)',
      },
    ],
    orderBy: 'metric, series_id, ts, start_ts',
    partitionBy: 'toDate(ts)',
    engine: {
      kind: 'replacing',
      version: 'ts',
    },
    shardBy: 'series_id',
  },
  {
    name: 'metric_histograms',
    columns: [
      {
        name: 'metric',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'series_id',
        type: 'UInt64',
        codec: 'ZSTD(1)',
      },
      {
        name: 'ts',
        type: 'DateTime64(3)',
        codec: 'DoubleDelta, ZSTD(1)',
      },
      {
        name: 'start_ts',
        type: 'DateTime64(3)',
        codec: 'DoubleDelta, ZSTD(1)',
      },
      {
        name: 'temporality',
        type: 'UInt8',
        codec: 'ZSTD(1)',
      },
      {
        name: 'schema',
        type: 'Int16',
        codec: 'ZSTD(1)',
      },
      {
        name: 'zero_threshold',
        type: 'Float64',
        codec: 'ZSTD(1)',
      },
      {
        name: 'zero_count',
        type: 'Float64',
        codec: 'ZSTD(1)',
      },
      {
        name: 'count',
        type: 'Float64',
        codec: 'ZSTD(1)',
      },
      {
        name: 'sum',
        type: 'Float64',
        codec: 'ZSTD(1)',
      },
      {
        name: 'positive_index',
        type: 'Array(Int64)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'positive_count',
        type: 'Array(Float64)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'negative_index',
        type: 'Array(Int64)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'negative_count',
        type: 'Array(Float64)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'custom_bounds',
        type: 'Array(Float64)',
        codec: 'ZSTD(1)',
      },
    ],
    orderBy: 'metric, series_id, ts, start_ts',
    partitionBy: 'toDate(ts)',
    engine: {
      kind: 'replacing',
      version: 'ts',
    },
    shardBy: 'series_id',
  },
  {
    name: 'metric_exemplars',
    columns: [
      {
        name: 'metric',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'series_id',
        type: 'UInt64',
        codec: 'ZSTD(1)',
      },
      {
        name: 'ts',
        type: 'DateTime64(3)',
        codec: 'DoubleDelta, ZSTD(1)',
      },
      {
        name: 'value',
        type: 'Float64',
        codec: 'ZSTD(1)',
      },
      {
        name: 'trace_id',
        type: 'FixedString(16)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'span_id',
        type: 'FixedString(8)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'labels',
        type: 'Map(LowCardinality(String), String)',
        codec: 'ZSTD(1)',
      },
    ],
    orderBy: 'metric, series_id, ts',
    partitionBy: 'toDate(ts)',
    engine: {
      kind: 'plain',
    },
    shardBy: 'series_id',
  },
  {
    name: 'agent_events',
    columns: [
      {
        name: 'session_id',
        type: 'String',
        codec: 'ZSTD(1)',
      },
      {
        name: 'ts',
        type: 'DateTime64(3)',
        codec: 'DoubleDelta, ZSTD(1)',
      },
      {
        name: 'event_id',
        type: 'UInt64',
        codec: 'ZSTD(1)',
      },
      {
        name: 'origin',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'kind',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'name',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'sequence',
        type: 'Int64',
        codec: 'T64, ZSTD(1)',
      },
      {
        name: 'client',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'client_version',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'user',
        type: 'String',
        codec: 'ZSTD(1)',
      },
      {
        name: 'stream_id',
        type: 'UInt64',
        codec: 'ZSTD(1)',
      },
      {
        name: 'prompt_id',
        type: 'String',
        codec: 'ZSTD(1)',
      },
      {
        name: 'request_id',
        type: 'String',
        codec: 'ZSTD(1)',
      },
      {
        name: 'tool_use_id',
        type: 'String',
        codec: 'ZSTD(1)',
      },
      {
        name: 'agent_id',
        type: 'String',
        codec: 'ZSTD(1)',
      },
      {
        name: 'agent_name',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'model',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'query_source',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'tool_name',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'cost_micros',
        type: 'Int64',
        codec: 'T64, ZSTD(1)',
      },
      {
        name: 'cost_basis',
        type: 'UInt8',
        codec: 'ZSTD(1)',
      },
      {
        name: 'input_tokens',
        type: 'UInt64',
        codec: 'T64, ZSTD(1)',
      },
      {
        name: 'output_tokens',
        type: 'UInt64',
        codec: 'T64, ZSTD(1)',
      },
      {
        name: 'cache_read_tokens',
        type: 'UInt64',
        codec: 'T64, ZSTD(1)',
      },
      {
        name: 'cache_creation_tokens',
        type: 'UInt64',
        codec: 'T64, ZSTD(1)',
      },
      {
        name: 'duration_ms',
        type: 'Float64',
        codec: 'ZSTD(1)',
      },
      {
        name: 'ttft_ms',
        type: 'Float64',
        codec: 'ZSTD(1)',
      },
      {
        name: 'attempts',
        type: 'UInt32',
        codec: 'ZSTD(1)',
      },
      {
        name: 'failed',
        type: 'UInt8',
        codec: 'ZSTD(1)',
      },
      {
        name: 'status_code',
        type: 'UInt32',
        codec: 'ZSTD(1)',
      },
      {
        name: 'error',
        type: 'String',
        codec: 'ZSTD(1)',
      },
      {
        name: 'decision',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'decision_source',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'stop_reason',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'trace_id',
        type: 'FixedString(16)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'span_id',
        type: 'FixedString(8)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'parent_span_id',
        type: 'FixedString(8)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'demo',
        type: 'UInt8',
        codec: 'ZSTD(1)',
      },
      {
        name: 'attributes',
        type: 'Map(LowCardinality(String), String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'attribute_types',
        type: 'String',
        codec: 'ZSTD(1)',
      },
    ],
    orderBy: 'session_id, ts, event_id',
    partitionBy: 'toDate(ts)',
    engine: {
      kind: 'replacing',
      version: 'ts',
    },
    shardBy: 'cityHash64(session_id)',
    extras: ['INDEX session_id_filter session_id TYPE bloom_filter(0.01) GRANULARITY 1'],
    settings: {
      index_granularity: 2048,
    },
  },
  {
    name: 'agent_points',
    columns: [
      {
        name: 'session_id',
        type: 'String',
        codec: 'ZSTD(1)',
      },
      {
        name: 'ts',
        type: 'DateTime64(3)',
        codec: 'DoubleDelta, ZSTD(1)',
      },
      {
        name: 'start_ts',
        type: 'DateTime64(3)',
        codec: 'DoubleDelta, ZSTD(1)',
      },
      {
        name: 'series_id',
        type: 'UInt64',
        codec: 'ZSTD(1)',
      },
      {
        name: 'is_delta',
        type: 'UInt8',
        codec: 'ZSTD(1)',
      },
      {
        name: 'measure',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'part',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'value',
        type: 'Float64',
        codec: 'ZSTD(1)',
      },
      {
        name: 'client',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'client_version',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'user',
        type: 'String',
        codec: 'ZSTD(1)',
      },
      {
        name: 'stream_id',
        type: 'UInt64',
        codec: 'ZSTD(1)',
      },
      {
        name: 'model',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'query_source',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'agent_name',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'tool_name',
        type: 'LowCardinality(String)',
        codec: 'ZSTD(1)',
      },
      {
        name: 'demo',
        type: 'UInt8',
        codec: 'ZSTD(1)',
      },
    ],
    orderBy: 'session_id, series_id, ts, start_ts',
    partitionBy: 'toDate(ts)',
    engine: {
      kind: 'replacing',
      version: 'ts',
    },
    shardBy: 'cityHash64(session_id)',
    extras: ['INDEX session_id_filter session_id TYPE bloom_filter(0.01) GRANULARITY 1'],
    settings: {
      index_granularity: 2048,
    },
  },
];
