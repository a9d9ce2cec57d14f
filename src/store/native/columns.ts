/**
 * Growable columns in ClickHouse's Native format.
 *
 * A decoder appends values straight into the bytes that will be written to disk, so an ingested string is
 * copied once and never becomes a JavaScript string. Every column can be marked before a record and rolled
 * back to the mark when the record turns out to be bad, which keeps one bad record from harming its batch.
 *
 * Format: https://clickhouse.com/docs/interfaces/formats/Native (no block info, client revision 0).
 */

import { isUtf8 } from 'node:buffer';
import type { Column } from './column.ts';
import { Int64Column } from './fixed-columns.ts';
import { copyAscii, GrowingBytes, varintLength } from './growing-bytes.ts';

export type { Column } from './column.ts';
export * from './fixed-columns.ts';

/** From this length on the native copy and check are faster than `copyAscii`. */
const NATIVE_COPY_BYTES = 512;

/** String: bytes with a length in front. Callers make sure the bytes are valid UTF-8. */
export class StringColumn implements Column {
  readonly type = 'String';
  length = 0;
  readonly #data = new GrowingBytes();
  #markedEnd = 0;
  #markedLength = 0;

  get byteLength(): number {
    return this.#data.end;
  }

  append(value: string): void {
    // Short ASCII, the usual case, avoids the encoder.
    if (value.length < 24 && this.#appendAscii(value)) return;
    const count = Buffer.byteLength(value);
    this.#data.writeVarint(count);
    const at = this.#data.reserve(count);
    const { buffer } = this.#data.bytes;
    // Half a surrogate pair is written as U+FFFD, and `byteLength` counts it as that.
    Buffer.from(buffer, at, count).write(value, 'utf8');
    this.length++;
  }

  /**
   * Appends `source[start, end)`, text that nobody has checked: bytes that are not UTF-8 become U+FFFD. ASCII is found out while
   * copying, so it costs nothing extra.
   *
   * @param view over the same memory as `source`, from its first byte.
   */
  appendText(source: Uint8Array, view: DataView, start: number, end: number): void {
    const count = end - start;
    const data = this.#data;
    const header = count < 0x80 ? 1 : varintLength(count);
    const headerAt = data.reserve(header + count);
    if (header === 1) data.bytes[headerAt] = count;
    else data.putVarint(headerAt, count);
    const at = headerAt + header;
    this.length++;
    if (count >= NATIVE_COPY_BYTES) {
      const piece = source.subarray(start, end);
      data.bytes.set(piece, at);
      if (!isUtf8(piece)) this.#replaceLast(piece, at);
    } else if (!copyAscii(data, at, view, start, count)) {
      const piece = source.subarray(start, end);
      if (!isUtf8(piece)) this.#replaceLast(piece, at);
    }
  }

  /** Writes the last value again, as what decoding makes of it. */
  #replaceLast(piece: Uint8Array, at: number): void {
    this.#data.end = at - varintLength(piece.length);
    this.length--;
    this.append(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength).toString('utf8'));
  }

  /** Appends `source[start, end)`, which the caller knows to be UTF-8. */
  appendBytes(source: Uint8Array, start: number, end: number): void {
    const count = end - start;
    this.#data.writeVarint(count);
    const at = this.#data.reserve(count);
    if (count < 32) {
      const target = this.#data.bytes;
      for (let i = 0; i < count; i++) target[at + i] = source[start + i]!;
    } else {
      this.#data.bytes.set(source.subarray(start, end), at);
    }
    this.length++;
  }

  /** Appends an integer from 0 to 2^31 - 1 in decimal, without a string in between. */
  appendDigits(value: number): void {
    let digits = 1;
    for (let power = 10; power <= value; power *= 10) digits++;
    const at = this.#data.reserve(digits + 1);
    const target = this.#data.bytes;
    target[at] = digits;
    let rest = value;
    for (let i = digits; i > 0; i--) {
      target[at + i] = 0x30 + (rest % 10);
      rest = (rest / 10) | 0;
    }
    this.length++;
  }

  /** Appends `units / 10^decimals` in decimal; `units` from 0 to 2^31 - 1, not ending in 0, and `decimals` from 1 to 6. */
  appendDecimal(units: number, decimals: number): void {
    let digits = decimals + 1;
    for (let power = 10 ** digits; power <= units; power *= 10) digits++;
    const at = this.#data.reserve(digits + 2);
    const target = this.#data.bytes;
    target[at] = digits + 1;
    const point = at + digits + 1 - decimals;
    let rest = units;
    for (let i = at + digits + 1; i > at; i--) {
      if (i === point) {
        target[i] = 0x2e;
        continue;
      }
      target[i] = 0x30 + (rest % 10);
      rest = (rest / 10) | 0;
    }
    this.length++;
  }

  /** Appends `count` values that already have their lengths in front: the first `bytes` bytes of `source`. */
  appendRun(source: DataView, bytes: number, count: number): void {
    copyAscii(this.#data, this.#data.reserve(bytes), source, 0, bytes);
    this.length += count;
  }

  #appendAscii(value: string): boolean {
    const count = value.length;
    const at = this.#data.reserve(count + 1);
    const target = this.#data.bytes;
    target[at] = count;
    for (let i = 0; i < count; i++) {
      const unit = value.charCodeAt(i);
      if (unit > 0x7f) {
        this.#data.end = at;
        return false;
      }
      target[at + 1 + i] = unit;
    }
    this.length++;
    return true;
  }

  mark(): void {
    this.#markedEnd = this.#data.end;
    this.#markedLength = this.length;
  }

  rollback(): void {
    this.#data.end = this.#markedEnd;
    this.length = this.#markedLength;
  }

  clear(): void {
    this.#data.end = 0;
    this.length = 0;
    this.#markedEnd = 0;
    this.#markedLength = 0;
  }

  writePrefix(_out: Uint8Array[]): void {}

  writeData(out: Uint8Array[]): void {
    out.push(this.#data.written());
  }
}

/** LowCardinality(String): a dictionary per block and an index per row. */
export class LowCardinalityColumn implements Column {
  readonly type = 'LowCardinality(String)';
  length = 0;
  #indexes = new Uint32Array(256);
  #dictionary = new Map<string, number>();
  /** The dictionary's words by index: once for looking up, once as the bytes to be written. */
  #words: string[] = [];
  readonly #keys = new StringColumn();
  #lastText: string | undefined;
  #lastIndex = 0;
  #markedLength = 0;
  #markedWords = 0;

  get byteLength(): number {
    return this.length * 4 + this.#keys.byteLength;
  }

  append(value: string): void {
    if (value !== this.#lastText) {
      this.#lastIndex = this.#indexOf(value);
      this.#lastText = value;
    }
    if (this.length === this.#indexes.length) this.#grow();
    this.#indexes[this.length++] = this.#lastIndex;
  }

  /** The text of a row. */
  wordAt(row: number): string {
    return this.#words[this.#indexes[row]!]!;
  }

  #indexOf(value: string): number {
    const known = this.#dictionary.get(value);
    if (known !== undefined) return known;
    const index = this.#keys.length;
    this.#dictionary.set(value, index);
    this.#words.push(value);
    this.#keys.append(value);
    return index;
  }

  #grow(): void {
    const grown = new Uint32Array(this.#indexes.length * 2);
    grown.set(this.#indexes);
    this.#indexes = grown;
  }

  mark(): void {
    this.#markedLength = this.length;
    this.#markedWords = this.#words.length;
    this.#keys.mark();
  }

  /** Words of the dropped rows go too, or a sender of bad requests could fill the dictionary without end. */
  rollback(): void {
    this.length = this.#markedLength;
    if (this.#words.length === this.#markedWords) return;
    for (let i = this.#markedWords; i < this.#words.length; i++) this.#dictionary.delete(this.#words[i]!);
    this.#words.length = this.#markedWords;
    this.#keys.rollback();
    this.#lastText = undefined;
  }

  clear(): void {
    this.length = 0;
    this.#markedLength = 0;
    this.#markedWords = 0;
    this.#dictionary = new Map();
    this.#words = [];
    this.#keys.clear();
    this.#lastText = undefined;
  }

  writePrefix(out: Uint8Array[]): void {
    out.push(littleEndian64(1));
  }

  writeData(out: Uint8Array[]): void {
    if (this.length === 0) return;
    const keyCount = this.#keys.length;
    const width = keyCount <= 0x100 ? 1 : keyCount <= 0x1_0000 ? 2 : 4;
    const widthCode = width === 1 ? 0 : width === 2 ? 1 : 2;
    const flags = widthCode | (1 << 9) | (1 << 10); // additional keys follow, dictionary is replaced
    out.push(littleEndian64(flags), littleEndian64(keyCount));
    this.#keys.writeData(out);
    out.push(littleEndian64(this.length), this.#packIndexes(width));
  }

  #packIndexes(width: 1 | 2 | 4): Uint8Array {
    const used = this.#indexes.subarray(0, this.length);
    if (width === 1) return Uint8Array.from(used);
    if (width === 4) return new Uint8Array(used.buffer, used.byteOffset, used.byteLength);
    const packed = Uint16Array.from(used);
    return new Uint8Array(packed.buffer);
  }
}

/** Array(T): `open()` starts a row's array, elements go to `items`, `close()` ends it. */
export class ArrayColumn<T extends Column> implements Column {
  readonly type: string;
  readonly items: T;
  readonly #offsets = new Int64Column('UInt64');

  constructor(items: T, type = `Array(${items.type})`) {
    this.items = items;
    this.type = type;
  }

  get length(): number {
    return this.#offsets.length;
  }

  get byteLength(): number {
    return this.#offsets.byteLength + this.items.byteLength;
  }

  /** Ends the row: everything appended to `items` since the last close belongs to it. */
  close(): void {
    this.#offsets.append(this.items.length);
  }

  mark(): void {
    this.#offsets.mark();
    this.items.mark();
  }

  rollback(): void {
    this.#offsets.rollback();
    this.items.rollback();
  }

  clear(): void {
    this.#offsets.clear();
    this.items.clear();
  }

  writePrefix(out: Uint8Array[]): void {
    this.items.writePrefix(out);
  }

  writeData(out: Uint8Array[]): void {
    this.#offsets.writeData(out);
    this.items.writeData(out);
  }
}

/** Two columns side by side, as Tuple and the entries of a Map have them. */
export class PairColumn<K extends Column, V extends Column> implements Column {
  readonly type: string;
  readonly keys: K;
  readonly values: V;

  constructor(keys: K, values: V) {
    this.keys = keys;
    this.values = values;
    this.type = `Tuple(${keys.type}, ${values.type})`;
  }

  get length(): number {
    return this.keys.length;
  }

  get byteLength(): number {
    return this.keys.byteLength + this.values.byteLength;
  }

  mark(): void {
    this.keys.mark();
    this.values.mark();
  }

  rollback(): void {
    this.keys.rollback();
    this.values.rollback();
  }

  clear(): void {
    this.keys.clear();
    this.values.clear();
  }

  writePrefix(out: Uint8Array[]): void {
    this.keys.writePrefix(out);
    this.values.writePrefix(out);
  }

  writeData(out: Uint8Array[]): void {
    this.keys.writeData(out);
    this.values.writeData(out);
  }
}

/** Map(K, String). Append to `keys` and `values`, then `close()` the row. */
export class MapColumn<K extends Column> extends ArrayColumn<PairColumn<K, StringColumn>> {
  constructor(keys: K) {
    const values = new StringColumn();
    super(new PairColumn(keys, values), `Map(${keys.type}, String)`);
  }
  get keys(): K {
    return this.items.keys;
  }
  get values(): StringColumn {
    return this.items.values;
  }
}

/** Array(Map(String, String)) and deeper nestings are built from the classes above. */
export type AttributeMapColumn = MapColumn<StringColumn>;

function littleEndian64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value >>> 0, true);
  view.setUint32(4, Math.floor(value / 0x1_0000_0000), true);
  return bytes;
}
