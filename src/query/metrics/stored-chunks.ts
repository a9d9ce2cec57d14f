import { BellwetherError } from '../../lib/errors.ts';
import { type Store, sql } from '../../store/index.ts';
import type { CatalogSeries } from './series-catalog.ts';

/** No chunk spans more, so chunks that begin earlier than this before a window do not reach into it. */
export const MAX_SPAN_MS = 3_600_000;
/** Series named in one query; with more the whole metric is read. */
const MAX_NAMED_SERIES = 5_000;
/** Bytes of chunks that one selection may bring. */
const MAX_BYTES = 512 * 1024 * 1024;

/** Packed samples of a series from the store; `bytes.subarray(start, end)` is the chunk. */
export interface StoredChunk {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly count: number;
}

export interface ChunkWindow {
  readonly series: readonly CatalogSeries[];
  /** Both inclusive, epoch milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly signal: AbortSignal;
}

export interface StoredChunks {
  /** Chunks by series id, in the order they were packed, which is their order in time but for late samples. */
  readonly bySeries: ReadonlyMap<bigint, readonly StoredChunk[]>;
  readonly rows: number;
  readonly bytes: number;
}

/** Reads the chunks of series that overlap a window. */
export async function readChunks(store: Pick<Store, 'binary'>, window: ChunkWindow): Promise<StoredChunks> {
  const { series, fromMs, toMs, signal } = window;
  const metrics = [...new Set(series.map(({ labels }) => labels.metric))];
  const bySeries = sql` AND series_id IN ${series.map(({ id }) => id)}`;
  const data = await store.binary(
    sql`
SELECT series_id, count, data
FROM metric_chunks
WHERE metric IN ${metrics}${series.length <= MAX_NAMED_SERIES ? bySeries : sql``}
  AND toStartOfHour(min_ts) >= toStartOfHour(${new Date(fromMs - MAX_SPAN_MS)})
  AND min_ts <= ${new Date(toMs)} AND max_ts >= ${new Date(fromMs)}
ORDER BY metric, series_id, packed_at, min_ts`,
    { signal, settings: { max_result_bytes: MAX_BYTES, result_overflow_mode: 'throw' } },
  );
  const wanted = new Set(series.map(({ id }) => id));
  return splitRows(data, wanted);
}

/** RowBinary: 8 bytes, 4 bytes, a varint and so many bytes. */
function splitRows(data: Uint8Array, wanted: ReadonlySet<bigint>): StoredChunks {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const bySeries = new Map<bigint, StoredChunk[]>();
  let rows = 0;
  let last: bigint | undefined;
  let list: StoredChunk[] = [];
  for (let at = 0; at < data.length; rows++) {
    const id = view.getBigUint64(at, true);
    const count = view.getUint32(at + 8, true);
    at += 12;
    let length = 0;
    for (let shift = 0, byte = 0x80; byte >= 0x80; shift += 7) {
      byte = data[at++] ?? truncated();
      length += (byte & 0x7f) << shift;
    }
    if (at + length > data.length) truncated();
    if (id !== last) {
      last = id;
      list = bySeries.get(id) ?? [];
      if (list.length === 0 && wanted.has(id)) bySeries.set(id, list);
    }
    list.push({ bytes: data, start: at, end: at + length, count });
    at += length;
  }
  return { bySeries, rows, bytes: data.length };
}

function truncated(): never {
  throw new BellwetherError({
    code: 'storage_error',
    status: 503,
    retryAfterS: 1,
    message: 'the storage engine broke off in the middle of an answer',
  });
}
