export type { FileInsert, QueryLimits, QueryOptions, Row, Settings, StoreConnection } from './client.ts';
export { type Clock, systemClock } from './clock.ts';
export {
  type DataDirLock,
  defaultEngineMemoryBytes,
  type EngineHandle,
  type EngineHealth,
  type EngineState,
  lockDataDir,
  type StartEngineOptions,
  startEngine,
} from './engine/index.ts';
export type { InsertTarget, StoredRows } from './inserter.ts';
export { type Journal, type SampleRows, sampleRowsOf } from './journal.ts';
export { SampleBuffer } from './metrics/chunk-buffer.ts';
export { encodeChunk } from './metrics/chunk-codec.ts';
export { SampleMerge } from './metrics/chunk-merge.ts';
export { type LastSample, MetricsHead } from './metrics/head.ts';
export type { SeriesRead } from './metrics/head-read.ts';
export * from './native/block.ts';
export * from './native/columns.ts';
export type { Retention } from './retention.ts';
export { createSampleStore, replayInto, type SampleStore } from './sample-store.ts';
export { type Layout, localTable, onCluster } from './schema.ts';
export { type SeriesRow, seriesRowsOf } from './series-rows.ts';
export { nodeSpoolFs, type SpoolFs, type SpoolHandle } from './spool-fs.ts';
export { Sql, type SqlValue, sql } from './sql.ts';
export { StorageError } from './storage-error.ts';
export { openStore, type Store, type StoreOptions, type StoreReadiness } from './store.ts';
export * from './tables.ts';
export { createWriter, type Writer, type WriterLimits, type WriterOptions } from './writer.ts';
export type { WriterStats } from './writer-stats.ts';
