/**
 * Values that are no decimals: each is xor-ed with its predecessor, and what is zero in the result is left out. `first` is 8 bytes.
 *
 *     trimmed   first, then per further value a byte (high nibble: zero bytes left out at the low end, low nibble: bytes kept), then all
 *               kept bytes, low byte first
 *     planes    first, a byte with a bit per byte position that is ever non-zero, then for each of those the bytes of all further values
 */

import { type ChunkReader, type ChunkWriter, corrupt } from './chunk-bytes.ts';

/** Encoder of one chunk's values at a time; reused. */
export class XorEncoder {
  /** Of the smaller form, known after `plan`. */
  byteCount = 0;
  isPlanes = false;
  #lows = new Uint32Array(512);
  #highs = new Uint32Array(512);
  #count = 0;
  #first = 0;
  #words: Uint32Array = this.#lows;
  #mask = 0;

  /** @param words see `wordsOf`; values `[from, from + count)` of it. */
  plan(words: Uint32Array, from: number, count: number): void {
    if (count > this.#lows.length) {
      this.#lows = new Uint32Array(count);
      this.#highs = new Uint32Array(count);
    }
    this.#words = words;
    this.#first = 2 * from;
    this.#count = count - 1;
    let anyLow = 0;
    let anyHigh = 0;
    let kept = 0;
    for (let i = 0, at = 2 * from; i < count - 1; i++, at += 2) {
      const low = words[at]! ^ words[at + 2]!;
      const high = words[at + 1]! ^ words[at + 3]!;
      this.#lows[i] = low;
      this.#highs[i] = high;
      anyLow |= low;
      anyHigh |= high;
      if ((low | high) !== 0) kept += lastByte(low, high) - firstByte(low, high) + 1;
    }
    this.#mask = byteMask(anyLow) | (byteMask(anyHigh) << 4);
    const planes = 1 + bitCount(this.#mask) * this.#count;
    const trimmed = this.#count + kept;
    this.isPlanes = planes <= trimmed;
    this.byteCount = 8 + Math.min(planes, trimmed);
  }

  write(out: ChunkWriter): void {
    out.word(this.#words[this.#first]!);
    out.word(this.#words[this.#first + 1]!);
    out.ensure(this.byteCount);
    if (this.isPlanes) this.#writePlanes(out);
    else this.#writeTrimmed(out);
    // The planned chunk's memory is the caller's.
    this.#words = this.#lows;
  }

  #writePlanes(out: ChunkWriter): void {
    out.byte(this.#mask);
    const { bytes } = out;
    let at = out.end;
    for (let plane = 0; plane < 8; plane++) {
      if ((this.#mask & (1 << plane)) === 0) continue;
      const words = plane < 4 ? this.#lows : this.#highs;
      const shift = 8 * (plane & 3);
      for (let i = 0; i < this.#count; i++) bytes[at++] = words[i]! >>> shift;
    }
    out.end = at;
  }

  #writeTrimmed(out: ChunkWriter): void {
    const { bytes } = out;
    let control = out.end;
    let at = control + this.#count;
    for (let i = 0; i < this.#count; i++) {
      const low = this.#lows[i]!;
      const high = this.#highs[i]!;
      if ((low | high) === 0) {
        bytes[control++] = 0;
        continue;
      }
      const first = firstByte(low, high);
      const last = lastByte(low, high);
      bytes[control++] = (first << 4) | (last - first + 1);
      for (let position = first; position <= last; position++) {
        bytes[at++] = position < 4 ? low >>> (8 * position) : high >>> (8 * position - 32);
      }
    }
    out.end = at;
  }
}

/** Reads `count` values, `count >= 1`, into `words` from value `at` on. */
export function readXorPlanes(reader: ChunkReader, words: Uint32Array, at: number, count: number): void {
  words[2 * at] = reader.word();
  words[2 * at + 1] = reader.word();
  const mask = reader.byte();
  const { bytes } = reader;
  const end = 2 * (at + count);
  const others = count - 1;
  if ((mask & 0xf) === 0xf) {
    // The usual case in one go: all low bytes differ.
    const from = reader.take(4 * others);
    for (let i = 0; i < others; i++) {
      const low = bytes[from + i]! | (bytes[from + others + i]! << 8) | (bytes[from + 2 * others + i]! << 16);
      words[2 * (at + 1 + i)] = low | (bytes[from + 3 * others + i]! << 24);
      words[2 * (at + 1 + i) + 1] = 0;
    }
  } else words.fill(0, 2 * at + 2, end);
  for (let plane = (mask & 0xf) === 0xf ? 4 : 0; plane < 8; plane++) {
    if ((mask & (1 << plane)) === 0) continue;
    let from = reader.take(others);
    const shift = 8 * (plane & 3);
    for (let i = 2 * at + 2 + (plane >>> 2); i < end; i += 2) words[i]! |= bytes[from++]! << shift;
  }
  for (let i = 2 * at + 2; i < end; i++) words[i]! ^= words[i - 2]!;
}

/** As {@link readXorPlanes}, for the trimmed form. */
export function readXorTrimmed(reader: ChunkReader, words: Uint32Array, at: number, count: number): void {
  let low = reader.word();
  let high = reader.word();
  words[2 * at] = low;
  words[2 * at + 1] = high;
  let control = reader.take(count - 1);
  const { bytes, end } = reader;
  let from = reader.pos;
  for (let i = 2 * at + 2; i < 2 * (at + count); i += 2) {
    const first = bytes[control]! >>> 4;
    const kept = bytes[control++]! & 15;
    if (first + kept > 8) throw corrupt('a value of more than 8 bytes');
    if (from + kept > end) throw corrupt('it ends too early');
    let position = first;
    const last = first + kept;
    for (; position < last && position < 4; position++) low ^= bytes[from++]! << (8 * position);
    for (; position < last; position++) high ^= bytes[from++]! << (8 * position - 32);
    words[i] = low;
    words[i + 1] = high;
  }
  reader.pos = from;
}

/** Position 0 to 7 of the lowest byte that is not zero. Not both words may be zero. */
function firstByte(low: number, high: number): number {
  return low !== 0 ? trailingZeros(low) >>> 3 : 4 + (trailingZeros(high) >>> 3);
}

function lastByte(low: number, high: number): number {
  return high !== 0 ? 7 - (Math.clz32(high) >>> 3) : 3 - (Math.clz32(low) >>> 3);
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** A bit for each byte of the word that is not zero. */
function byteMask(word: number): number {
  let mask = 0;
  for (let i = 0; i < 4; i++) if (((word >>> (8 * i)) & 0xff) !== 0) mask |= 1 << i;
  return mask;
}

function bitCount(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}
