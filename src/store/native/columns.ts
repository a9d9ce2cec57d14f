/**
 * Growable columns in ClickHouse's Native format.
 *
 * A decoder appends values straight into the bytes that will be written to disk, so an ingested string is
 * copied once and never becomes a JavaScript string. Every column can be marked before a record and rolled
 * back to the mark when the record turns out to be bad, which keeps one bad record from harming its batch.
 *
 * Format: https://clickhouse.com/docs/interfaces/formats/Native (no block info, client revision 0).
 */

const INITIAL_BYTES = 1024;
const textEncoder = new TextEncoder();

/** A column of one block under construction. Not safe for concurrent use; the owner of the block owns it. */
export interface Column {
  /** ClickHouse type as it stands in the block header. */
  readonly type: string;
  /** Rows appended so far. */
  readonly length: number;
  /** Bytes the column would occupy now; used for flush thresholds and memory budgets. */
  readonly byteLength: number;
  /** Remembers the current end. One level: a second mark replaces the first. */
  mark(): void;
  /** Drops everything appended since the last mark. */
  rollback(): void;
  /** Empties the column and keeps its memory for the next block. */
  clear(): void;
  /** Appends the serialisation prefix of nested low-cardinality parts, which precedes all data. */
  writePrefix(out: Uint8Array[]): void;
  /**
   * Appends the data. The pieces alias the column's memory: they are valid until the next append or clear.
   */
  writeData(out: Uint8Array[]): void;
}

/** Bytes that grow by doubling. `bytes.subarray(0, end)` is what was written. */
class GrowingBytes {
  bytes = new Uint8Array(INITIAL_BYTES);
  end = 0;

  /** Makes room for `count` more bytes and returns the position where they go; `end` is moved past them. */
  reserve(count: number): number {
    const at = this.end;
    const needed = at + count;
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.bytes.length * 2, needed));
      grown.set(this.bytes.subarray(0, at));
      this.bytes = grown;
    }
    this.end = needed;
    return at;
  }

  writeVarint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.reserve(1)] = (rest & 0x7f) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.bytes[this.reserve(1)] = rest;
  }

  written(): Uint8Array {
    return this.bytes.subarray(0, this.end);
  }
}

abstract class FixedColumn implements Column {
  readonly type: string;
  readonly width: number;
  protected readonly data = new GrowingBytes();
  #view = new DataView(this.data.bytes.buffer);
  #marked = 0;

  constructor(type: string, width: number) {
    this.type = type;
    this.width = width;
  }

  get length(): number {
    return this.data.end / this.width;
  }

  get byteLength(): number {
    return this.data.end;
  }

  /** The view over the column's memory, renewed when the memory grew. */
  protected view(): DataView {
    if (this.#view.buffer !== this.data.bytes.buffer) this.#view = new DataView(this.data.bytes.buffer);
    return this.#view;
  }

  /** Appends one value that already is in little-endian form at `source[start]`. */
  appendRaw(source: Uint8Array, start: number): void {
    const at = this.data.reserve(this.width);
    const target = this.data.bytes;
    for (let i = 0; i < this.width; i++) target[at + i] = source[start + i]!;
  }

  mark(): void {
    this.#marked = this.data.end;
  }

  rollback(): void {
    this.data.end = this.#marked;
  }

  clear(): void {
    this.data.end = 0;
    this.#marked = 0;
  }

  writePrefix(_out: Uint8Array[]): void {}

  writeData(out: Uint8Array[]): void {
    out.push(this.data.written());
  }
}

/** UInt8, and Bool or Enum8, which share its bytes. */
export class UInt8Column extends FixedColumn {
  constructor(type = 'UInt8') {
    super(type, 1);
  }
  append(value: number): void {
    this.data.bytes[this.data.reserve(1)] = value;
  }
}

export class Int16Column extends FixedColumn {
  constructor() {
    super('Int16', 2);
  }
  append(value: number): void {
    const at = this.data.reserve(2);
    this.view().setInt16(at, value, true);
  }
}

export class UInt32Column extends FixedColumn {
  constructor(type = 'UInt32') {
    super(type, 4);
  }
  append(value: number): void {
    const at = this.data.reserve(4);
    this.view().setUint32(at, value, true);
  }
}

export class Float64Column extends FixedColumn {
  constructor() {
    super('Float64', 8);
  }
  append(value: number): void {
    const at = this.data.reserve(8);
    this.view().setFloat64(at, value, true);
  }
}

/** 64-bit integers: Int64, UInt64, DateTime64. */
export class Int64Column extends FixedColumn {
  constructor(type = 'Int64') {
    super(type, 8);
  }
  /** Appends a safe integer, positive or negative. */
  append(value: number): void {
    const at = this.data.reserve(8);
    const high = Math.floor(value / 0x1_0000_0000);
    const view = this.view();
    view.setUint32(at, value - high * 0x1_0000_0000, true);
    view.setInt32(at + 4, high, true);
  }
  appendBigInt(value: bigint): void {
    const at = this.data.reserve(8);
    this.view().setBigUint64(at, BigInt.asUintN(64, value), true);
  }
  /** Appends from two unsigned 32-bit halves. */
  appendParts(low: number, high: number): void {
    const at = this.data.reserve(8);
    const view = this.view();
    view.setUint32(at, low, true);
    view.setUint32(at + 4, high, true);
  }
}

/** FixedString(n) for binary ids; absent is all zero. */
export class FixedStringColumn extends FixedColumn {
  constructor(width: number) {
    super(`FixedString(${width})`, width);
  }
  /** Appends `source[start, start + width)`. */
  appendBytes(source: Uint8Array, start: number): void {
    this.appendRaw(source, start);
  }
  appendZero(): void {
    const at = this.data.reserve(this.width);
    this.data.bytes.fill(0, at, at + this.width);
  }
}

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
    // Three bytes per UTF-16 unit is the most UTF-8 can need; short ASCII, the usual case, avoids the encoder.
    if (value.length < 24 && this.#appendAscii(value)) return;
    const encoded = textEncoder.encode(value);
    this.appendBytes(encoded, 0, encoded.length);
  }

  /** Appends `source[start, end)`. */
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
  #keys = new StringColumn();
  #lastText: string | undefined;
  #lastIndex = 0;
  #markedLength = 0;

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

  #indexOf(value: string): number {
    const known = this.#dictionary.get(value);
    if (known !== undefined) return known;
    const index = this.#keys.length;
    this.#dictionary.set(value, index);
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
  }

  /** The dictionary keeps words of the dropped rows: harmless, and cheaper than finding out who else uses them. */
  rollback(): void {
    this.length = this.#markedLength;
  }

  clear(): void {
    this.length = 0;
    this.#markedLength = 0;
    this.#dictionary = new Map();
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
