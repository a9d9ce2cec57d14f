const MIN_CAPACITY = 1024;
/** Memory beyond this is given back by `clear`. */
const KEPT_BYTES = 4 * 1024 * 1024;

/**
 * Writes protobuf messages into memory that grows and is used again. Zeros are written like anything else: leave the call out where
 * proto3 leaves the field out.
 */
export class ProtoWriter {
  #bytes = new Uint8Array(MIN_CAPACITY);
  #view = new DataView(this.#bytes.buffer);
  /** Bytes written. */
  end = 0;

  /** Begins anew; what {@link written} gave before is overwritten. */
  clear(): void {
    this.end = 0;
    if (this.#bytes.length > KEPT_BYTES) this.#resize(MIN_CAPACITY);
  }

  /** A view of what was written; copy what must stay. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.end);
  }

  /** An unsigned integer up to 2^53. */
  varint(field: number, value: number): void {
    this.#tag(field, 0);
    this.raw(value);
  }

  /** An int64 (not sint64) within ±2^53. */
  int64(field: number, value: number): void {
    this.#tag(field, 0);
    this.#signed(value);
  }

  /** A sint32 or sint64 within ±2^52. */
  zigzag(field: number, value: number): void {
    this.varint(field, zigzagOf(value));
  }

  double(field: number, value: number): void {
    this.#tag(field, 1);
    this.#ensure(8);
    this.#view.setFloat64(this.end, value, true);
    this.end += 8;
  }

  /** A double by its words, so that a signalling NaN stays one. */
  doubleWords(field: number, low: number, high: number): void {
    this.#tag(field, 1);
    this.words(low, high);
  }

  text(field: number, value: string): void {
    // Most names and values are ASCII and short; then the length is known before.
    this.#tag(field, 2);
    const most = value.length * 3;
    this.#ensure(most + 5);
    const lengthBytes = varintBytes(value.length);
    const { written } = encoder.encodeInto(value, this.#bytes.subarray(this.end + lengthBytes));
    this.#closeBlock(this.end, lengthBytes, written);
  }

  block(field: number, value: Uint8Array): void {
    this.#tag(field, 2);
    this.raw(value.length);
    this.append(value);
  }

  /** A message: fields are written until {@link close} with the same mark. */
  open(field: number): number {
    this.#tag(field, 2);
    this.#ensure(1);
    this.#bytes[this.end++] = 0;
    return this.end;
  }

  close(mark: number): void {
    this.#closeBlock(mark - 1, 1, this.end - mark);
  }

  packedZigzag(field: number, values: readonly number[]): void {
    if (values.length === 0) return;
    const mark = this.open(field);
    for (const value of values) this.raw(zigzagOf(value));
    this.close(mark);
  }

  packedDoubles(field: number, values: readonly number[]): void {
    if (values.length === 0) return;
    this.#tag(field, 2);
    this.raw(values.length * 8);
    this.#ensure(values.length * 8);
    for (const value of values) {
      this.#view.setFloat64(this.end, value, true);
      this.end += 8;
    }
  }

  packedVarints(field: number, values: readonly number[]): void {
    if (values.length === 0) return;
    const mark = this.open(field);
    for (const value of values) this.raw(value);
    this.close(mark);
  }

  /** Bytes as they are, without a tag. */
  append(value: Uint8Array): void {
    this.#ensure(value.length);
    this.#bytes.set(value, this.end);
    this.end += value.length;
  }

  /** Eight bytes without a tag: two words, little-endian. */
  words(low: number, high: number): void {
    this.#ensure(8);
    this.#view.setUint32(this.end, low, true);
    this.#view.setUint32(this.end + 4, high, true);
    this.end += 8;
  }

  /** Four bytes without a tag, little-endian. */
  word(value: number): void {
    this.#ensure(4);
    this.#view.setUint32(this.end, value, true);
    this.end += 4;
  }

  byte(value: number): void {
    this.#ensure(1);
    this.#bytes[this.end++] = value;
  }

  /** A varint without a tag. */
  raw(value: number): void {
    this.#ensure(10);
    let rest = value;
    for (; rest >= 0x1000_0000; rest = Math.floor(rest / 128)) this.#bytes[this.end++] = (rest % 128) | 0x80;
    for (; rest >= 0x80; rest >>>= 7) this.#bytes[this.end++] = (rest & 0x7f) | 0x80;
    this.#bytes[this.end++] = rest;
  }

  #tag(field: number, wireType: number): void {
    this.raw(field * 8 + wireType);
  }

  /** Negative numbers take ten bytes, as in every protobuf library. */
  #signed(value: number): void {
    if (value >= 0) {
      this.raw(value);
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value));
    this.#ensure(10);
    for (; rest >= 128n; rest >>= 7n) this.#bytes[this.end++] = Number(rest & 127n) | 128;
    this.#bytes[this.end++] = Number(rest);
  }

  /** Puts the length of a block in front of it, for which `reserved` bytes were left at `at`. */
  #closeBlock(at: number, reserved: number, length: number): void {
    const needed = varintBytes(length);
    if (needed !== reserved) {
      this.#ensure(needed);
      this.#bytes.copyWithin(at + needed, at + reserved, at + reserved + length);
    }
    this.end = at;
    this.raw(length);
    this.end = at + needed + length;
  }

  #ensure(more: number): void {
    if (this.end + more > this.#bytes.length)
      this.#resize(Math.max(this.#bytes.length * 2, this.end + more + MIN_CAPACITY));
  }

  #resize(capacity: number): void {
    const bytes = new Uint8Array(capacity);
    bytes.set(this.#bytes.subarray(0, Math.min(this.end, capacity)));
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

const encoder = new TextEncoder();

function zigzagOf(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1;
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}
