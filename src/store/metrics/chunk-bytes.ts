import { DecodeError } from '../../lib/errors.ts';

/** Longest varint: 8 bytes hold the 54 bits that the largest residual can need. */
const MAX_VARINT_BYTES = 8;

export function corrupt(what: string): DecodeError {
  return new DecodeError(`metric chunk: ${what}`);
}

/** Bytes of one chunk under construction; reused from chunk to chunk. */
export class ChunkWriter {
  bytes = new Uint8Array(8192);
  end = 0;

  /** Makes sure `count` more bytes fit; `bytes` may be replaced. */
  ensure(count: number): void {
    if (this.end + count <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.end + count));
    grown.set(this.bytes.subarray(0, this.end));
    this.bytes = grown;
  }

  byte(value: number): void {
    this.ensure(1);
    this.bytes[this.end++] = value;
  }

  /** An integer from 0 to 2^53. */
  varint(value: number): void {
    this.ensure(MAX_VARINT_BYTES);
    this.end = putVarint(this.bytes, this.end, value);
  }

  /** An integer within ±2^53: bit 6 of the first byte is the sign, so that no doubled magnitude is needed. */
  signed(value: number): void {
    this.ensure(MAX_VARINT_BYTES);
    const sign = value < 0 ? 0x40 : 0;
    const magnitude = Math.abs(value);
    const rest = Math.floor(magnitude / 64);
    this.bytes[this.end++] = (magnitude % 64) | sign | (rest > 0 ? 0x80 : 0);
    if (rest > 0) this.end = putVarint(this.bytes, this.end, rest);
  }

  /** Appends `source[start, end)`. */
  append(source: Uint8Array, start: number, end: number): void {
    this.ensure(end - start);
    for (let i = start; i < end; i++) this.bytes[this.end++] = source[i]!;
  }

  /** 32 bits, low byte first. */
  word(value: number): void {
    this.ensure(4);
    for (let shift = 0; shift < 32; shift += 8) this.bytes[this.end++] = value >>> shift;
  }
}

/** Writes a varint and returns the position after it. The caller has made room. */
export function putVarint(bytes: Uint8Array, position: number, value: number): number {
  let at = position;
  let rest = value;
  while (rest >= 0x8000_0000) {
    bytes[at++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest >= 0x80) {
    bytes[at++] = rest | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}

export function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  if (value < 0x1000_0000) return 4;
  let count = 5;
  for (let rest = value / 0x8_0000_0000; rest >= 1; rest /= 128) count++;
  return count;
}

/** Reads within `[pos, end)` and throws DecodeError rather than leave it. */
export class ChunkReader {
  bytes: Uint8Array = new Uint8Array(0);
  pos = 0;
  end = 0;

  reset(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.pos = start;
    this.end = end;
  }

  byte(): number {
    if (this.pos >= this.end) throw corrupt('it ends too early');
    return this.bytes[this.pos++]!;
  }

  varint(): number {
    return this.#varint(1);
  }

  signed(): number {
    const first = this.byte();
    const magnitude = (first & 0x3f) + (first >= 0x80 ? this.#varint(64) : 0);
    return (first & 0x40) !== 0 ? -magnitude : magnitude;
  }

  word(): number {
    const at = this.take(4);
    const { bytes } = this;
    return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
  }

  /** Moves past `count` bytes and returns where they start. */
  take(count: number): number {
    const at = this.pos;
    if (count > this.end - at) throw corrupt('it ends too early');
    this.pos = at + count;
    return at;
  }

  #varint(unit: number): number {
    let value = 0;
    let weight = unit;
    for (let i = 0; i < MAX_VARINT_BYTES; i++) {
      const byte = this.byte();
      value += (byte & 0x7f) * weight;
      if (byte < 0x80) return value;
      weight *= 128;
    }
    throw corrupt('a number is too long');
  }
}
