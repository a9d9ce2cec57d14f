import { columnSchemas, type TableSchema } from '../schema.ts';

/** What happened to alerts. Frozen. */
export const alertEventsTable: TableSchema = {
  name: 'alert_events',
  orderBy: 'ts, event_id',
  partitionBy: 'toYYYYMM(ts)',
  engine: { kind: 'replacing', version: 'ts' },
  shardBy: 'event_id',
  extras: [
    'INDEX fingerprint_filter fingerprint TYPE bloom_filter(0.01) GRANULARITY 1',
    'INDEX rule_filter rule_id TYPE bloom_filter(0.01) GRANULARITY 1',
  ],
  settings: { index_granularity: 1024, ttl_only_drop_parts: 0 },
  columns: columnSchemas([
    ['ts', 'DateTime64(3)', 'DoubleDelta, Default'],
    ['event_id', 'UInt64', 'Default'],
    ['kind', 'LowCardinality(String)', 'Default'],
    ['fingerprint', 'String', 'Default'],
    ['starts_at', 'DateTime64(3)', 'DoubleDelta, Default'],
    ['alertname', 'LowCardinality(String)', 'Default'],
    ['severity', 'LowCardinality(String)', 'Default'],
    ['priority', 'LowCardinality(String)', 'Default'],
    ['labels', 'Map(LowCardinality(String), String)', 'Default'],
    ['rule_id', 'LowCardinality(String)', 'Default'],
    ['receiver', 'LowCardinality(String)', 'Default'],
    ['integration', 'LowCardinality(String)', 'Default'],
    ['channel', 'LowCardinality(String)', 'Default'],
    ['reason', 'LowCardinality(String)', 'Default'],
    ['group_key', 'String', 'Default'],
    ['actor', 'LowCardinality(String)', 'Default'],
    ['detail', 'String', 'Default'],
    ['value', 'Float64', 'Default'],
    ['latency_ms', 'Float64', 'Default'],
    ['attempts', 'UInt32', 'Default'],
  ]),
};
