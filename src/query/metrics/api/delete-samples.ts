import {
  encodeChunk,
  localTable,
  onCluster,
  SampleBuffer,
  SampleMerge,
  type Sql,
  type SqlValue,
  type Store,
  sql,
  type TableName,
} from '../../../store/index.ts';
import type { CatalogSeries } from '../series-catalog.ts';
import { MAX_SPAN_MS } from '../stored-chunks.ts';

/** A row of `metric_chunks`. */
export interface ChunkRow {
  readonly metric: string;
  /** Words of the series id. */
  readonly low: number;
  readonly high: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly count: number;
  /** `packed_at`, epoch milliseconds: what is left of a chunk keeps its place among chunks with samples at the same times. */
  readonly packedMs: number;
  readonly data: Uint8Array;
}

export interface DeleteParts {
  readonly store: Pick<Store, 'binary' | 'query' | 'command' | 'layout'>;
  /** Appends rows to `metric_chunks`; resolves when they are durable. */
  readonly insertChunks: (rows: readonly ChunkRow[]) => Promise<void>;
  /**
   * Drops the samples of a series within the bounds (both inclusive) from memory.
   *
   * @returns whether memory has other samples of it.
   */
  readonly forget: (series: CatalogSeries, fromMs: number, toMs: number) => boolean;
  /**
   * Told about series of which nothing is left and whose rows in `metric_series` are gone: the catalogue has to forget them, and whoever
   * announces series to announce them again with their next sample.
   */
  readonly onEmpty: (series: readonly CatalogSeries[]) => void;
}

/** Both inclusive, epoch milliseconds. */
export interface DeleteRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Tables with a row per sample. */
export const DELETED_TABLES = ['metric_deltas', 'metric_histograms', 'metric_exemplars'] as const;
/** Tables of which a row says that a series is still there. */
const SAMPLE_TABLES: readonly TableName[] = ['metric_chunks', 'metric_deltas', 'metric_histograms'];
/** Series per statement. */
const BATCH_SERIES = 1000;
const DELETE_TIMEOUT_MS = 300_000;

/**
 * Deletes samples of series from the store and from memory.
 *
 * A chunk that only overlaps the range is replaced by what is left of it, and the new one is durable before the old one goes: a crash
 * in between leaves samples twice, which readers do not see, or some of the range undeleted, and never loses others. Delta series are
 * the sum of their increments, so deleting early ones lowers the later values.
 */
export async function deleteSamples(
  parts: DeleteParts,
  series: readonly CatalogSeries[],
  range: DeleteRange,
  signal: AbortSignal,
): Promise<void> {
  for (let at = 0; at < series.length; at += BATCH_SERIES) {
    // Between batches, so that what was begun is finished.
    signal.throwIfAborted();
    await deleteBatch(parts, series.slice(at, at + BATCH_SERIES), range);
  }
}

async function deleteBatch(
  parts: DeleteParts,
  series: readonly CatalogSeries[],
  range: DeleteRange,
): Promise<void> {
  const { store } = parts;
  const { fromMs, toMs } = range;
  const [from, to] = [new Date(fromMs), new Date(toMs)];
  const selected = selectionOf(series);
  const cuts = await readCuts(store, series, range);
  const rests = cuts.flatMap((cut) => restOf(cut, range));
  if (rests.length > 0) await parts.insertChunks(rests);
  if (cuts.length > 0) await deleteFrom(store, 'metric_chunks', sql`${selected} AND ${isOneOf(cuts)}`);
  const isInside = sql`min_ts >= ${from} AND max_ts <= ${to}`;
  await deleteFrom(store, 'metric_chunks', sql`${selected} AND ${isInside}`);
  for (const table of DELETED_TABLES) {
    await deleteFrom(store, table, sql`${selected} AND ts >= ${from} AND ts <= ${to}`);
  }
  const kept = new Set(rests.map(({ low, high }) => idOf(low, high)));
  for (const one of series) if (parts.forget(one, fromMs, toMs)) kept.add(one.id);
  await removeEmpty(
    parts,
    series.filter(({ id }) => !kept.has(id)),
  );
}

/** A row of the store that has samples on both sides of an edge of the range. */
interface Cut {
  readonly series: CatalogSeries;
  readonly minMs: number;
  readonly maxMs: number;
  readonly count: number;
  /** Tells two rows with the same bounds apart. */
  readonly hash: bigint;
  readonly packedMs: number;
  readonly data: Uint8Array;
}

async function readCuts(
  store: DeleteParts['store'],
  series: readonly CatalogSeries[],
  { fromMs, toMs }: DeleteRange,
): Promise<Cut[]> {
  const [from, to] = [new Date(fromMs), new Date(toMs)];
  const rows = await store.binary(sql`
SELECT series_id, toUnixTimestamp64Milli(min_ts), toUnixTimestamp64Milli(max_ts), count, cityHash64(data),
  toUnixTimestamp64Milli(packed_at), data
FROM metric_chunks
WHERE ${selectionOf(series)} AND min_ts >= ${new Date(Math.max(0, fromMs - MAX_SPAN_MS))}
  AND min_ts <= ${to} AND max_ts >= ${from} AND (min_ts < ${from} OR max_ts > ${to})`);
  const byId = new Map(series.map((one) => [one.id, one]));
  const view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
  const cuts: Cut[] = [];
  for (let at = 0; at < rows.length; ) {
    const length = varintAt(rows, at + 44);
    const end = length.end + length.value;
    const one = byId.get(view.getBigUint64(at, true));
    if (one !== undefined) {
      cuts.push({
        series: one,
        minMs: Number(view.getBigInt64(at + 8, true)),
        maxMs: Number(view.getBigInt64(at + 16, true)),
        count: view.getUint32(at + 24, true),
        hash: view.getBigUint64(at + 28, true),
        packedMs: Number(view.getBigInt64(at + 36, true)),
        data: rows.subarray(length.end, end),
      });
    }
    at = end;
  }
  return cuts;
}

function varintAt(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  let at = start;
  for (let shift = 0, byte = 0x80; byte >= 0x80; shift += 7) {
    byte = bytes[at++] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
  }
  return { value, end: at };
}

/** What lies before and behind the range, each as a chunk of its own. */
function restOf({ series, data, count, packedMs }: Cut, { fromMs, toMs }: DeleteRange): ChunkRow[] {
  const buffer = new SampleBuffer(count);
  const everything = new SampleMerge(buffer, { fromMs: -(2 ** 53), toMs: 2 ** 53 });
  everything.appendChunk(data, 0, data.length, count);
  const end = everything.finish();
  const { timesMs, values } = buffer;
  let before = 0;
  while (before < end && timesMs[before]! < fromMs) before++;
  let behind = before;
  while (behind < end && timesMs[behind]! <= toMs) behind++;
  return [[0, before] as const, [behind, end] as const].flatMap(([first, stop]) => {
    if (stop === first) return [];
    const bytes = encodeChunk(timesMs, values, first, stop);
    const bounds = { minMs: timesMs[first]!, maxMs: timesMs[stop - 1]!, count: stop - first, packedMs };
    return [{ metric: series.labels.metric, low: series.low, high: series.high, ...bounds, data: bytes }];
  });
}

function isOneOf(cuts: readonly Cut[]): Sql {
  const keys: SqlValue[] = cuts.map(({ series, minMs, maxMs, count, hash }) => [
    series.id,
    minMs,
    maxMs,
    count,
    hash,
  ]);
  return sql`(series_id, toUnixTimestamp64Milli(min_ts), toUnixTimestamp64Milli(max_ts), count, cityHash64(data)) IN ${keys}`;
}

function selectionOf(series: readonly CatalogSeries[]): Sql {
  const metrics = [...new Set(series.map(({ labels }) => labels.metric))];
  return sql`metric IN ${metrics} AND series_id IN ${series.map(({ id }) => id)}`;
}

async function deleteFrom(store: DeleteParts['store'], name: TableName, condition: Sql): Promise<void> {
  const { layout } = store;
  const table = sql.id(layout.database, localTable(name, layout));
  await store.command(sql`DELETE FROM ${table}${onCluster(layout)} WHERE ${condition}`, {
    settings: { lightweight_deletes_sync: 2 },
    timeoutMs: DELETE_TIMEOUT_MS,
  });
}

async function removeEmpty(parts: DeleteParts, series: readonly CatalogSeries[]): Promise<void> {
  if (series.length === 0) return;
  const selected = selectionOf(series);
  const left = new Set<bigint>();
  for (const name of SAMPLE_TABLES) {
    const rows = await parts.store.query<{ series_id: number | bigint }>(
      sql`SELECT DISTINCT series_id FROM ${sql.id(parts.store.layout.database, name)} WHERE ${selected}`,
    );
    for (const { series_id } of rows) left.add(BigInt(series_id));
  }
  const empty = series.filter(({ id }) => !left.has(id));
  if (empty.length === 0) return;
  await deleteFrom(parts.store, 'metric_series', selectionOf(empty));
  parts.onEmpty(empty);
}

function idOf(low: number, high: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}
