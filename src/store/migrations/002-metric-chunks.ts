import { columnSchemas, type Layout, localTable, onCluster, type TableSchema } from '../schema.ts';
import { type Sql, sql } from '../sql.ts';

/** Samples are stored packed from here on. Frozen. */
export const metricChunksTable: TableSchema = {
  name: 'metric_chunks',
  orderBy: 'metric, toStartOfHour(min_ts), series_id, min_ts',
  partitionBy: 'toDate(min_ts)',
  engine: { kind: 'plain' },
  shardBy: 'series_id',
  settings: { index_granularity: 512 },
  columns: columnSchemas([
    ['metric', 'LowCardinality(String)', 'Default'],
    ['series_id', 'UInt64', 'Default'],
    ['min_ts', 'DateTime64(3)', 'DoubleDelta, Default'],
    ['max_ts', 'DateTime64(3)', 'DoubleDelta, Default'],
    ['count', 'UInt32', 'T64, Default'],
    ['packed_at', 'DateTime64(3)', 'DoubleDelta, Default'],
    ['data', 'String', 'Default'],
  ]),
};

/** The table with a row per sample, which no released version has written. */
export function dropSampleRows(layout: Layout): Sql[] {
  const names = new Set(['metric_samples', localTable('metric_samples', layout)]);
  return [...names].map(
    (name) => sql`DROP TABLE IF EXISTS ${sql.id(layout.database, name)}${onCluster(layout)} SYNC`,
  );
}
