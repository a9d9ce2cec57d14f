import { DecodeError } from '../../lib/errors.ts';
import type { SampleRows } from '../journal.ts';

/** Bytes of a LowCardinality(String) column before its dictionary: version of the serialisation. */
const LOW_CARDINALITY_PREFIX = 8;
const INDEX_WIDTHS = [1, 2, 4, 8];

/**
 * Reads Native blocks of the journaled table: columns `metric`, `series_id`, `ts` and `value`, in any number of blocks one after
 * the other. The answers alias `data`.
 *
 * @throws DecodeError when the bytes are something else.
 */
export function* readSampleBlocks(data: Uint8Array): Generator<SampleRows> {
  const reader = new Reader(data);
  while (!reader.isAtEnd) yield readBlock(reader);
}

function readBlock(reader: Reader): SampleRows {
  const columnCount = reader.varint();
  const rows = reader.varint();
  const columns = new Map<string, Uint8Array>();
  let metricAt: ((row: number) => string) | undefined;
  for (let i = 0; i < columnCount; i++) {
    const name = reader.text();
    const type = reader.text();
    if (type.startsWith('LowCardinality')) metricAt = readWords(reader, rows);
    else columns.set(name, reader.bytes(rows * 8));
  }
  const [ids, timesMs, values] = [columns.get('series_id'), columns.get('ts'), columns.get('value')];
  if (metricAt === undefined || ids === undefined || timesMs === undefined || values === undefined) {
    throw new DecodeError('the block does not have the columns of metric_samples');
  }
  return { rows, ids, timesMs, values, metricAt };
}

/** A dictionary and an index per row, as `LowCardinalityColumn` writes them. */
function readWords(reader: Reader, rows: number): (row: number) => string {
  reader.bytes(LOW_CARDINALITY_PREFIX);
  const flags = reader.uint64();
  const width = INDEX_WIDTHS[flags & 0xff];
  if (width === undefined || width === 8) throw new DecodeError('unknown width of an index');
  const words = Array.from({ length: reader.boundedCount() }, () => reader.text());
  if (reader.uint64() !== rows) throw new DecodeError('an index of another length than its block');
  const indexes = reader.bytes(rows * width);
  const view = new DataView(indexes.buffer, indexes.byteOffset, indexes.byteLength);
  return (row) => {
    const at = row * width;
    const index =
      width === 1 ? view.getUint8(at) : width === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
    return words[index] ?? '';
  };
}

class Reader {
  readonly #data: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(data: Uint8Array) {
    this.#data = data;
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#data.length;
  }

  bytes(count: number): Uint8Array {
    const end = this.#at + count;
    if (end > this.#data.length) throw new DecodeError('the block ends too early');
    const bytes = this.#data.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  varint(): number {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 49; factor *= 128) {
      const byte = this.bytes(1)[0]!;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw new DecodeError('a number is too long');
  }

  text(): string {
    return Buffer.from(this.bytes(this.varint())).toString('utf8');
  }

  uint64(): number {
    const at = this.#at;
    this.bytes(8);
    return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 2 ** 32;
  }

  /** A count of things of at least one byte each. */
  boundedCount(): number {
    const count = this.uint64();
    if (count > this.#data.length) throw new DecodeError('the block ends too early');
    return count;
  }
}
