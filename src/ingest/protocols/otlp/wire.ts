import { DecodeError } from '../../../lib/errors.ts';

const EMPTY = new Uint8Array(0);

export const WIRE_VARINT = 0;
export const WIRE_FIXED64 = 1;
export const WIRE_BYTES = 2;
export const WIRE_FIXED32 = 5;

/**
 * Reads protobuf without making objects: values are numbers, offsets into `bytes`, or left in the reader's fields.
 *
 * A message is read like this; `enter` and `leave` nest without recursion of the reader itself:
 *
 *     for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
 *       if (field === 1) { reader.range(); use(reader.start, reader.stop); }
 *       else if (field === 2) { const outer = reader.enter(); ...; reader.leave(outer); }
 *       else reader.skip();
 *     }
 *
 * Every step moves forward and is checked against the end of the enclosing message, so no input makes it loop or read past the
 * end. The only error it throws is {@link DecodeError}. A known field with another wire type than expected is an error, groups
 * (wire types 3 and 4, which OTLP never had) are too.
 *
 * Format: https://protobuf.dev/programming-guides/encoding/
 */
export class WireReader {
  /** Plain Uint8Array over the body, also when a Buffer was given: one hidden class keeps the hot loops monomorphic. */
  bytes: Uint8Array = EMPTY;
  view: DataView = new DataView(EMPTY.buffer);
  /** Next byte to read. */
  pos = 0;
  /** End of the message being read. */
  end = 0;
  /** Wire type of the field that `nextField` returned. */
  wireType = 0;
  /** Low and high half of the last 64-bit value, as unsigned 32-bit numbers. */
  low = 0;
  high = 0;
  /** First byte and end of the last length-delimited value. */
  start = 0;
  stop = 0;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(bytes: Uint8Array = EMPTY) {
    this.reset(bytes);
  }

  /** Starts over with another body. The body is not copied; call `reset()` when done to let go of it. */
  reset(bytes: Uint8Array = EMPTY): void {
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.pos = 0;
    this.end = bytes.byteLength;
  }

  /** Reads the message at `[start, end)`, which must come from `start` and `stop` of this reader. */
  seek(start: number, end: number): void {
    this.pos = start;
    this.end = end;
  }

  /** The number of the next field, 0 at the end of the message. Sets `wireType`. */
  nextField(): number {
    if (this.pos >= this.end) return 0;
    let tag = this.bytes[this.pos++]!;
    if (tag >= 0x80) tag = this.#longTag(tag);
    this.wireType = tag & 7;
    const field = tag >>> 3;
    if (field === 0) this.fail('field number 0');
    return field;
  }

  #longTag(first: number): number {
    let tag = first & 0x7f;
    for (let shift = 7; shift < 35; shift += 7) {
      if (this.pos >= this.end) this.fail('a tag is cut off');
      const byte = this.bytes[this.pos++]!;
      if (shift === 28 && byte > 0x0f) break;
      tag |= (byte & 0x7f) << shift;
      if (byte < 0x80) return tag >>> 0;
    }
    return this.fail('a tag is longer than 32 bits');
  }

  /** A varint as a number: exact up to 2^53, rounded above (use `varint64` where that matters). */
  varint(): number {
    if (this.wireType !== WIRE_VARINT) this.#wrongType(WIRE_VARINT);
    return this.#plainVarint();
  }

  #plainVarint(): number {
    if (this.pos < this.end) {
      const first = this.bytes[this.pos]!;
      if (first < 0x80) {
        this.pos++;
        return first;
      }
    }
    this.#longVarint();
    return this.high * 0x1_0000_0000 + this.low;
  }

  /** A varint into `low` and `high`. */
  varint64(): void {
    if (this.wireType !== WIRE_VARINT) this.#wrongType(WIRE_VARINT);
    this.#longVarint();
  }

  /** One element of a packed repeated varint field, into `low` and `high`; call between `enter` and `leave`. */
  packedVarint64(): void {
    this.#longVarint();
  }

  #longVarint(): void {
    const bytes = this.bytes;
    let low = 0;
    let high = 0;
    for (let index = 0; index < 10; index++) {
      if (this.pos >= this.end) this.fail('a number is cut off');
      const byte = bytes[this.pos++]!;
      const bits = byte & 0x7f;
      if (index < 4) low |= bits << (7 * index);
      else if (index === 4) {
        low |= bits << 28;
        high = bits >>> 4;
      } else if (index < 9) high |= bits << (7 * index - 32);
      else high |= (bits & 1) << 31;
      if (byte < 0x80) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        return;
      }
    }
    this.fail('a number is longer than 10 bytes');
  }

  /** The offset of a fixed64, sfixed64 or double. */
  fixed64(): number {
    if (this.wireType !== WIRE_FIXED64) this.#wrongType(WIRE_FIXED64);
    return this.#advance(8);
  }

  /** A fixed32 as an unsigned number. */
  fixed32(): number {
    if (this.wireType !== WIRE_FIXED32) this.#wrongType(WIRE_FIXED32);
    return this.view.getUint32(this.#advance(4), true);
  }

  double(): number {
    return this.view.getFloat64(this.fixed64(), true);
  }

  /** The offset of the next 8 bytes of a packed field of doubles or fixed64; call between `enter` and `leave`. */
  packed64(): number {
    return this.#advance(8);
  }

  #advance(count: number): number {
    const at = this.pos;
    if (at + count > this.end) this.fail('a number is cut off');
    this.pos = at + count;
    return at;
  }

  /** A length-delimited value: `start` and `stop` are its bounds, and reading goes on behind it. */
  range(): void {
    if (this.wireType !== WIRE_BYTES) this.#wrongType(WIRE_BYTES);
    const length = this.#plainVarint();
    if (length > this.end - this.pos) {
      this.fail(`a length of ${length} reaches ${length - (this.end - this.pos)} bytes past the end`);
    }
    this.start = this.pos;
    this.stop = this.pos + length;
    this.pos = this.stop;
  }

  /** Goes into a nested message; returns what `leave` needs. */
  enter(): number {
    const outerEnd = this.end;
    this.range();
    this.pos = this.start;
    this.end = this.stop;
    return outerEnd;
  }

  /** Goes back to the enclosing message, behind the nested one. */
  leave(outerEnd: number): void {
    this.pos = this.end;
    this.end = outerEnd;
  }

  /** Passes over the value of a field nobody asked for. */
  skip(): void {
    switch (this.wireType) {
      case WIRE_VARINT:
        this.#longVarint();
        return;
      case WIRE_FIXED64:
        this.#advance(8);
        return;
      case WIRE_BYTES:
        this.range();
        return;
      case WIRE_FIXED32:
        this.#advance(4);
        return;
      default:
        this.fail(`wire type ${this.wireType}`);
    }
  }

  /** The bytes `[start, stop)` as text; bytes that are not UTF-8 become U+FFFD. */
  text(start: number, stop: number): string {
    return this.#buffer.toString('utf8', start, stop);
  }

  /** The bytes `[start, stop)` as latin1: one character per byte, for cache keys. */
  binaryText(start: number, stop: number): string {
    return this.#buffer.toString('latin1', start, stop);
  }

  base64(start: number, stop: number): string {
    return this.#buffer.toString('base64', start, stop);
  }

  /** `low` and `high` as a signed integer: a number when it is safe, else a bigint. */
  signed(): number | bigint {
    return signedOf(this.low, this.high);
  }

  #wrongType(expected: number): never {
    return this.fail(`wire type ${this.wireType} where ${expected} belongs`);
  }

  fail(what: string): never {
    throw new DecodeError(
      `Not a valid protobuf message: ${what}, at byte ${this.pos} of ${this.bytes.length}.`,
      'Send an OTLP export request; check that the content type fits the body.',
    );
  }
}

/** The halves of a two's complement 64-bit integer as a number when it is safe, else as a bigint. */
export function signedOf(low: number, high: number): number | bigint {
  const value = (high | 0) * 0x1_0000_0000 + (low >>> 0);
  if (Number.isSafeInteger(value)) return value;
  return (BigInt(high | 0) << 32n) | BigInt(low >>> 0);
}
