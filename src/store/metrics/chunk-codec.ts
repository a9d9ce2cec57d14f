/**
 * One series' samples of a stretch of time as bytes: what a row of `metric_chunks` holds, and the memory of recent samples.
 *
 *     format     1 byte: 0x40, plus the kind of the values (bits 0-1), plus 4 if there are exceptions
 *     count      varint, 1 to 65,536
 *     min time   signed varint, epoch ms
 *     span       varint: max time - min time
 *     times      integer column relative to the min time (chunk-ints.ts)
 *     values     by kind: 8 bytes for a constant; a scale byte and an integer column for decimals; xor-ed words (chunk-xor.ts)
 *     exceptions varint count, then for each a varint (values since the last exception) and its 8 bytes
 *
 * Byte streams and not bit streams, in an order that lets a general compressor over many chunks find the same times again.
 * Values keep their bits, whichever: NaN payloads, signalling NaNs, the sign of zero.
 */

import { wordsOf } from '../../model/samples.ts';
import { ChunkReader, ChunkWriter, corrupt } from './chunk-bytes.ts';
import { DecimalScan, POWERS_OF_TEN } from './chunk-decimals.ts';
import { IntEncoder, MAX_INT_RANGE } from './chunk-ints.ts';
import { decodeInts } from './chunk-ints-decode.ts';
import { readXorPlanes, readXorTrimmed, XorEncoder } from './chunk-xor.ts';

export const MAX_CHUNK_SAMPLES = 65_536;
/** Most that the times of one chunk may be apart. */
export const MAX_CHUNK_SPAN_MS = MAX_INT_RANGE;

const FORMAT = 0x40;
const KIND_CONSTANT = 0;
const KIND_DECIMALS = 1;
const KIND_XOR_TRIMMED = 2;
const KIND_XOR_PLANES = 3;
const HAS_EXCEPTIONS = 4;
const MAX_TIME_MS = 2 ** 53;
const EXCEPTION_BYTES = 9;

export interface ChunkFacts {
  readonly count: number;
  /** Time of the first sample, epoch ms. */
  readonly minMs: number;
  /** Time of the last sample. */
  readonly maxMs: number;
}

/** What is encoded: `[from, to)` of two columns. */
export interface SampleRange {
  /** Integers within ±2^53, ascending, at most {@link MAX_CHUNK_SPAN_MS} apart; equal ones are kept. */
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
  /** `wordsOf(values)`. */
  readonly words: Uint32Array;
  readonly from: number;
  readonly to: number;
}

/** Makes chunks. It owns scratch memory that is reused, so keep one. */
export class ChunkEncoder {
  readonly #out = new ChunkWriter();
  readonly #ints = new IntEncoder();
  readonly #decimals = new DecimalScan();
  readonly #xor = new XorEncoder();
  #lastTimesMs = new Float64Array(512);
  /** How many of `#lastTimesMs` are what `#lastTimes` holds; 0: none. */
  #lastCount = 0;
  readonly #lastTimes = new ChunkWriter();

  /**
   * Returns the chunk in memory that the next call overwrites. RangeError when there is no sample, more than
   * {@link MAX_CHUNK_SAMPLES}, or the times are not as {@link SampleRange} says.
   */
  encode(range: SampleRange): Uint8Array {
    const { timesMs, from, to } = range;
    const count = to - from;
    if (!(count >= 1 && count <= MAX_CHUNK_SAMPLES)) throw new RangeError(`${count} samples in a chunk`);
    const minMs = timesMs[from]!;
    const spanMs = timesMs[to - 1]! - minMs;
    if (!(Number.isInteger(minMs) && Math.abs(minMs) <= MAX_TIME_MS && spanMs <= MAX_CHUNK_SPAN_MS)) {
      throw new RangeError('the times of a chunk are no integers or too far apart');
    }
    this.#ints.ensure(count);
    const out = this.#out;
    out.end = 0;
    out.byte(FORMAT);
    out.varint(count);
    out.signed(minMs);
    out.varint(spanMs);
    this.#writeTimes(range);
    // The values may move the memory, so it is looked up after them.
    const valueBits = this.#writeValues(range);
    out.bytes[0] = FORMAT | valueBits;
    return out.bytes.subarray(0, out.end);
  }

  /** Series that are scraped together have the same times, so those encoded last are remembered. */
  #writeTimes({ timesMs, from, to }: SampleRange): void {
    const { ints } = this.#ints;
    const minMs = timesMs[from]!;
    const count = to - from;
    if (count > this.#lastTimesMs.length) this.#lastTimesMs = new Float64Array(count);
    const lastTimesMs = this.#lastTimesMs;
    let isRepeated = count === this.#lastCount;
    this.#lastCount = 0;
    let previous = 0;
    for (let i = 0; i < count; i++) {
      const relative = timesMs[from + i]! - minMs;
      if (!(relative >= previous)) throw new RangeError('the times of a chunk must ascend');
      if (relative !== Math.floor(relative)) throw new RangeError('the times of a chunk must be integers');
      if (lastTimesMs[i] !== relative) {
        isRepeated = false;
        lastTimesMs[i] = relative;
      }
      ints[i] = relative;
      previous = relative;
    }
    const out = this.#out;
    if (isRepeated) {
      out.append(this.#lastTimes.bytes, 0, this.#lastTimes.end);
    } else {
      this.#lastTimes.end = 0;
      const start = out.end;
      this.#ints.plan(count, true);
      this.#ints.write(out);
      this.#lastTimes.append(out.bytes, start, out.end);
    }
    this.#lastCount = count;
  }

  /** Returns the bits of the format byte that say how. */
  #writeValues({ values, words, from, to }: SampleRange): number {
    const count = to - from;
    const out = this.#out;
    if (isConstant(words, from, to)) {
      out.word(words[2 * from]!);
      out.word(words[2 * from + 1]!);
      return KIND_CONSTANT;
    }
    const decimals = this.#decimals;
    const ints = this.#ints;
    let intBytes = Number.POSITIVE_INFINITY;
    if (decimals.scan(values, from, count, ints.ints) && decimals.max - decimals.min <= MAX_INT_RANGE) {
      ints.plan(count, false);
      intBytes = ints.byteCount + decimals.exceptionCount * EXCEPTION_BYTES;
    }
    // The search for something smaller pays only where the integers are wide.
    if (intBytes > 4 * count) {
      this.#xor.plan(words, from, count);
      if (this.#xor.byteCount < intBytes) {
        this.#xor.write(out);
        return this.#xor.isPlanes ? KIND_XOR_PLANES : KIND_XOR_TRIMMED;
      }
    }
    out.byte(decimals.scale);
    ints.write(out);
    if (decimals.exceptionCount === 0) return KIND_DECIMALS;
    this.#writeExceptions(words, from);
    return KIND_DECIMALS | HAS_EXCEPTIONS;
  }

  #writeExceptions(words: Uint32Array, from: number): void {
    const out = this.#out;
    const { exceptions, exceptionCount } = this.#decimals;
    out.varint(exceptionCount);
    let after = 0;
    for (let i = 0; i < exceptionCount; i++) {
      const at = exceptions[i]!;
      out.varint(at - after);
      out.word(words[2 * (from + at)]!);
      out.word(words[2 * (from + at) + 1]!);
      after = at + 1;
    }
  }
}

/** Where a chunk lies and where its samples go. */
export interface DecodeTarget {
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
  /** `wordsOf(values)` if at hand. */
  readonly words?: Uint32Array | undefined;
  /** Index of the first sample. */
  readonly at: number;
}

/** Reads chunks. It owns a little state that is reused, so keep one. */
export class ChunkDecoder {
  /** Whether no two times of the chunk decoded last are equal. */
  isStrict = true;
  readonly #reader = new ChunkReader();

  facts(bytes: Uint8Array, start: number, end: number): ChunkFacts {
    this.#reader.reset(bytes, start, end);
    this.#format();
    return this.#facts();
  }

  /**
   * Decodes the chunk at `[start, end)` and returns its number of samples. DecodeError when it is not sound or there is no room; the
   * target's samples from `at` on then have no meaning. Times come out as integers that ascend from min to max.
   */
  decode(bytes: Uint8Array, start: number, end: number, target: DecodeTarget): number {
    const reader = this.#reader;
    reader.reset(bytes, start, end);
    const format = this.#format();
    const { count, minMs, maxMs } = this.#facts();
    const { timesMs, values, at } = target;
    if (at + count > timesMs.length || at + count > values.length)
      throw corrupt('more samples than there is room for');
    decodeInts(reader, timesMs, { at, count, divisor: 1 });
    this.isStrict = placeTimes(timesMs, at, at + count, minMs);
    if (timesMs[at] !== minMs || timesMs[at + count - 1] !== maxMs)
      throw corrupt('its times contradict its bounds');
    this.#values(format, target, count);
    if (reader.pos !== end) throw corrupt('bytes after its end');
    return count;
  }

  #format(): number {
    const format = this.#reader.byte();
    const kind = format & 3;
    const isKnown =
      (format & 0xf8) === FORMAT && (format < FORMAT + HAS_EXCEPTIONS || kind === KIND_DECIMALS);
    if (!isKnown) throw corrupt(`unknown format ${format}`);
    return format;
  }

  #facts(): ChunkFacts {
    const reader = this.#reader;
    const count = reader.varint();
    if (count < 1 || count > MAX_CHUNK_SAMPLES) throw corrupt('the number of samples is out of range');
    const minMs = reader.signed();
    const spanMs = reader.varint();
    if (Math.abs(minMs) > MAX_TIME_MS || spanMs > MAX_CHUNK_SPAN_MS) throw corrupt('a time is out of range');
    return { count, minMs, maxMs: minMs + spanMs };
  }

  #values(format: number, { values, words, at }: DecodeTarget, count: number): void {
    const reader = this.#reader;
    const kind = format & 3;
    if (kind === KIND_DECIMALS) {
      const scale = reader.byte();
      if (scale >= POWERS_OF_TEN.length) throw corrupt('the decimal scale is out of range');
      decodeInts(reader, values, { at, count, divisor: POWERS_OF_TEN[scale]! });
      if ((format & HAS_EXCEPTIONS) !== 0) readExceptions(reader, words ?? wordsOf(values), at, count);
      return;
    }
    const target = words ?? wordsOf(values);
    if (kind === KIND_XOR_PLANES) readXorPlanes(reader, target, at, count);
    else if (kind === KIND_XOR_TRIMMED) readXorTrimmed(reader, target, at, count);
    else fillWords(target, { at, count, low: reader.word(), high: reader.word() });
  }
}

const encoder = new ChunkEncoder();
const decoder = new ChunkDecoder();

/** Encodes `[from, to)` into new memory; see {@link SampleRange} and {@link ChunkEncoder.encode}. */
export function encodeChunk(
  timesMs: Float64Array,
  values: Float64Array,
  from: number,
  to: number,
): Uint8Array<ArrayBuffer> {
  return encoder.encode({ timesMs, values, words: wordsOf(values), from, to }).slice();
}

/**
 * Decodes a chunk into the columns from index `at` on.
 *
 * @returns the number of samples. DecodeError when the chunk is not sound or the columns are too short for it ({@link chunkFacts}).
 */
export function decodeChunk(
  data: Uint8Array,
  outTimesMs: Float64Array,
  outValues: Float64Array,
  at: number,
): number {
  return decoder.decode(data, 0, data.length, { timesMs: outTimesMs, values: outValues, at });
}

/** What a chunk's header says. DecodeError when it is not sound. */
export function chunkFacts(data: Uint8Array): ChunkFacts {
  return decoder.facts(data, 0, data.length);
}

function isConstant(words: Uint32Array, from: number, to: number): boolean {
  const low = words[2 * from]!;
  const high = words[2 * from + 1]!;
  for (let at = 2 * from; at < 2 * to; at += 2) {
    if (words[at] !== low || words[at + 1] !== high) return false;
  }
  return true;
}

/** Adds the min time to relative times, and returns whether none is repeated; DecodeError when one goes back. */
function placeTimes(timesMs: Float64Array, at: number, end: number, minMs: number): boolean {
  let previous = 0;
  let isAscending = true;
  let repeated = 0;
  for (let i = at; i < end; i++) {
    const relative = timesMs[i]!;
    isAscending = isAscending && relative >= previous;
    repeated += relative === previous ? 1 : 0;
    previous = relative;
    timesMs[i] = minMs + relative;
  }
  if (!isAscending) throw corrupt('its times do not ascend');
  // The first is 0, as `previous` was.
  return repeated <= 1;
}

function readExceptions(reader: ChunkReader, words: Uint32Array, at: number, count: number): void {
  const exceptions = reader.varint();
  if (exceptions > count) throw corrupt('more exceptions than samples');
  let index = 0;
  for (let i = 0; i < exceptions; i++) {
    index += reader.varint();
    if (index >= count) throw corrupt('an exception beyond the last sample');
    words[2 * (at + index)] = reader.word();
    words[2 * (at + index) + 1] = reader.word();
    index++;
  }
}

function fillWords(
  words: Uint32Array,
  { at, count, low, high }: { at: number; count: number; low: number; high: number },
): void {
  for (let i = 2 * at; i < 2 * (at + count); i += 2) {
    words[i] = low;
    words[i + 1] = high;
  }
}
