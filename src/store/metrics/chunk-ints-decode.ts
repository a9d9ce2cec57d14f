import { type ChunkReader, corrupt } from './chunk-bytes.ts';
import {
  PACK_NONE,
  PACK_PLANES,
  PACK_VARINTS,
  PREDICT_LINE,
  PREDICT_TREND,
  planesBytes,
  residualCount,
  SHIFT_FLAG,
  TOP_BITS,
} from './chunk-ints.ts';

const MAX_WIDTH = 54;
const MAX_SHIFT = 31;
/** Residuals of up to this many bits are handled as 32-bit integers. */
const SMALL_WIDTH = 31;

/**
 * Reads a column that IntEncoder wrote: `count` integers, each divided by `divisor`, into `out` from `at` on.
 *
 * @param divisor a power of ten: the quotient is the double nearest to the decimal.
 */
export function decodeInts(
  reader: ChunkReader,
  out: Float64Array,
  { at, count, divisor }: { at: number; count: number; divisor: number },
): void {
  const head = reader.byte();
  const predictor = head & 3;
  const packing = (head >>> 2) & 3;
  if (predictor > PREDICT_TREND || head >= 0x20) throw corrupt('an unknown predictor');
  const shift = (head & SHIFT_FLAG) !== 0 ? reader.byte() : 0;
  if (shift > MAX_SHIFT) throw corrupt('the shift is out of range');
  const first = reader.signed();
  const step = reader.signed();
  const residuals = residualCount(predictor, count);
  const start = at + count - residuals;
  const end = at + count;
  let isSmall = true;
  if (packing === PACK_NONE) {
    if (predictor === PREDICT_TREND) throw corrupt('a trend without residuals');
    fillLine(out, { at, end, first, step, divisor });
    return;
  }
  if (packing === PACK_PLANES) isSmall = readPlanes(reader, out, start, residuals);
  else if (packing === PACK_VARINTS) isSmall = readVarints(reader, out, start, end);
  else isSmall = readSparse(reader, out, start, end);
  if (isSmall) unzigzagSmall(out, start, end, 2 ** shift);
  else unzigzag(out, start, end, 2 ** shift);
  if (predictor === PREDICT_LINE) addLine(out, { at, end, first, step, divisor });
  else if (predictor === PREDICT_TREND) addTrend(out, { at, end, first, step, divisor });
  else addSteps(out, { at, end, first, step, divisor });
}

interface Line {
  readonly at: number;
  readonly end: number;
  readonly first: number;
  readonly step: number;
  readonly divisor: number;
}

function fillLine(out: Float64Array, { at, end, first, step, divisor }: Line): void {
  if (step === 0) {
    out.fill(first / divisor, at, end);
    return;
  }
  for (let i = at, value = first; i < end; i++, value += step) out[i] = value / divisor;
}

function addLine(out: Float64Array, { at, end, first, step, divisor }: Line): void {
  for (let i = at, value = first; i < end; i++, value += step) out[i] = (value + out[i]!) / divisor;
}

function addSteps(out: Float64Array, { at, end, first, step, divisor }: Line): void {
  let value = first;
  out[at] = value / divisor;
  if (divisor === 1) {
    for (let i = at + 1; i < end; i++) {
      value += step + out[i]!;
      out[i] = value;
    }
    return;
  }
  for (let i = at + 1; i < end; i++) {
    value += step + out[i]!;
    out[i] = value / divisor;
  }
}

function addTrend(out: Float64Array, { at, end, first, step, divisor }: Line): void {
  let value = first;
  let delta = step;
  out[at] = value / divisor;
  if (at + 1 < end) out[at + 1] = (value + delta) / divisor;
  value += delta;
  for (let i = at + 2; i < end; i++) {
    delta += out[i]!;
    value += delta;
    out[i] = value / divisor;
  }
}

function unzigzagSmall(out: Float64Array, start: number, end: number, unit: number): void {
  for (let i = start; i < end; i++) {
    const residual = out[i]! | 0;
    out[i] = ((residual >>> 1) ^ -(residual & 1)) * unit;
  }
}

function unzigzag(out: Float64Array, start: number, end: number, unit: number): void {
  for (let i = start; i < end; i++) {
    const residual = out[i]!;
    const half = Math.floor(residual / 2);
    out[i] = (half * 2 === residual ? half : -half - 1) * unit;
  }
}

/** The readers of packings return whether every residual fits 31 bits. */
function readPlanes(reader: ChunkReader, out: Float64Array, start: number, count: number): boolean {
  const width = reader.byte();
  if (width === 0 || width > MAX_WIDTH) throw corrupt('the width is out of range');
  const planes = width >>> 3;
  const { bytes } = reader;
  let at = reader.take(planesBytes(width, count));
  const topBits = TOP_BITS[width & 7]!;
  if (planes === 0) {
    readTop({ bytes, at, topBits, start, count, out });
    return true;
  }
  if (planes === 1) {
    for (let i = 0; i < count; i++) out[start + i] = bytes[at + i]!;
  } else {
    for (let i = 0; i < count; i++) out[start + i] = bytes[at + i]! | (bytes[at + count + i]! << 8);
    at += count;
  }
  for (let plane = 2; plane < planes; plane++) {
    at += count;
    const weight = 2 ** (8 * plane);
    for (let i = 0; i < count; i++) out[start + i]! += bytes[at + i]! * weight;
  }
  if (topBits > 0) addTop({ bytes, at: at + count, topBits, start, count, out }, 2 ** (8 * planes));
  // The last part may hold more bits than the width says, in a chunk that is not sound.
  return 8 * planes + topBits <= SMALL_WIDTH;
}

interface TopBits {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly topBits: number;
  readonly start: number;
  readonly count: number;
  readonly out: Float64Array;
}

function readTop({ bytes, at, topBits, start, count, out }: TopBits): void {
  const mask = (1 << topBits) - 1;
  for (let i = 0, bit = 0; i < count; i++, bit += topBits) {
    out[start + i] = (bytes[at + (bit >>> 3)]! >>> (bit & 7)) & mask;
  }
}

function addTop({ bytes, at, topBits, start, count, out }: TopBits, weight: number): void {
  const mask = (1 << topBits) - 1;
  for (let i = 0, bit = 0; i < count; i++, bit += topBits) {
    out[start + i]! += ((bytes[at + (bit >>> 3)]! >>> (bit & 7)) & mask) * weight;
  }
}

function readVarints(reader: ChunkReader, out: Float64Array, start: number, end: number): boolean {
  const { bytes, end: limit } = reader;
  let pos = reader.pos;
  let max = 0;
  for (let i = start; i < end; i++) {
    if (pos >= limit) throw corrupt('it ends too early');
    const byte = bytes[pos]!;
    if (byte < 0x80) {
      pos++;
      out[i] = byte;
      continue;
    }
    if (pos + 1 < limit && bytes[pos + 1]! < 0x80) {
      out[i] = (byte & 0x7f) | (bytes[pos + 1]! << 7);
      pos += 2;
      continue;
    }
    reader.pos = pos;
    const residual = reader.varint();
    pos = reader.pos;
    if (residual > max) max = residual;
    out[i] = residual;
  }
  reader.pos = pos;
  return max < 2 ** SMALL_WIDTH;
}

function readSparse(reader: ChunkReader, out: Float64Array, start: number, end: number): boolean {
  out.fill(0, start, end);
  const nonZero = reader.varint();
  if (nonZero > end - start) throw corrupt('more residuals than samples');
  let max = 0;
  let at = start;
  for (let i = 0; i < nonZero; i++) {
    at += reader.varint();
    if (at >= end) throw corrupt('a residual beyond the last sample');
    const residual = reader.varint();
    if (residual > max) max = residual;
    out[at++] = residual;
  }
  return max < 2 ** SMALL_WIDTH;
}
