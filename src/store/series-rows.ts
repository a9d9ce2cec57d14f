import type { AttributeMapColumn } from './native/columns.ts';
import type { Rows, tables } from './tables.ts';

/** A row of `metric_series`. */
export interface SeriesRow {
  readonly metric: string;
  readonly seriesId: bigint;
  /** Start of the day, epoch milliseconds. */
  readonly dayMs: number;
  /** Names and values in turn, in the order of the row, without `__name__`. */
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly storage: string;
}

/** Reads the rows of an open block back. They are few: a series is announced once a day. */
export function* seriesRowsOf(columns: Rows<typeof tables.metric_series>): Generator<SeriesRow> {
  const ids = viewOf(columns.series_id.written());
  const days = viewOf(columns.seen_at.written());
  const labels = mapRows(columns.labels);
  for (let row = 0; row < columns.metric.length; row++) {
    yield {
      metric: columns.metric.wordAt(row),
      seriesId: ids.getBigUint64(row * 8, true),
      dayMs: days.getUint32(row * 4, true) * 1000,
      labels: labels.next().value ?? [],
      storage: columns.storage.wordAt(row),
    };
  }
}

function* mapRows(column: AttributeMapColumn): Generator<[string, string][], undefined> {
  const pieces: Uint8Array[] = [];
  column.writeData(pieces);
  const [offsets, keys, values] = [viewOf(pieces[0]!), texts(pieces[1]!), texts(pieces[2]!)];
  let done = 0;
  for (let row = 0; row < column.length; row++) {
    const end = Number(offsets.getBigUint64(row * 8, true));
    const entries: [string, string][] = [];
    for (; done < end; done++) entries.push([keys.next().value ?? '', values.next().value ?? '']);
    yield entries;
  }
}

/** Strings with their lengths in front. */
function* texts(data: Uint8Array): Generator<string, undefined> {
  const buffer = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  let at = 0;
  while (at < buffer.length) {
    let length = 0;
    let factor = 1;
    for (let byte = 0x80; byte >= 0x80; factor *= 128) {
      byte = buffer[at++]!;
      length += (byte & 0x7f) * factor;
    }
    yield buffer.toString('utf8', at, at + length);
    at += length;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
