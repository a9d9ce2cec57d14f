/**
 * Encoding of integer columns, times and decimals alike: a prediction per sample, and what the prediction missed by.
 *
 *     predictor byte   bits 0-1 predictor, bits 2-3 packing, bit 4: a shift follows
 *     shift            1 byte, if announced: residuals and steps are multiples of 2^shift
 *     first, step      signed varints
 *     residuals        by packing
 */

import { type ChunkWriter, putVarint, varintBytes } from './chunk-bytes.ts';

/** `first + step * i`: noise around a level or a line. */
export const PREDICT_LINE = 0;
/** `previous + step`, from `first`: counters. */
export const PREDICT_STEP = 1;
/** `previous + (previous - the one before)`, from `first` and `first + step`: smooth curves. */
export const PREDICT_TREND = 2;

/** All residuals are zero, nothing follows. */
export const PACK_NONE = 0;
/** A width byte, then zigzag residuals of that many bits: whole low bytes, plane by plane, then the bits above them. */
export const PACK_PLANES = 1;
/** Zigzag varints. */
export const PACK_VARINTS = 2;
/** A varint with the number of residuals that are not zero, then for each the zeros before it and its zigzag, as varints. */
export const PACK_SPARSE = 3;

export const SHIFT_FLAG = 0x10;

/** Most that the largest and the smallest integer of one column may differ by: every sum and zigzag then is exact in a double. */
export const MAX_INT_RANGE = 2 ** 50;

const MAX_SHIFT = 31;
const MAX_PICKS = 9;
/** Samples on which the predictors are compared. */
const MAX_TRIALS = 60;
/** A range this many times the middle half's still is no sign of an outlier. */
const OUTLIER_SPREADS = 6;

/** Bits per sample that hold what is above the whole bytes, by `width % 8`: divisors of a byte. */
export const TOP_BITS: readonly number[] = [0, 1, 2, 4, 4, 8, 8, 8];

export function planesBytes(width: number, count: number): number {
  return (width >>> 3) * count + ((TOP_BITS[width & 7]! * count + 7) >>> 3);
}

const picks = new Float64Array(MAX_PICKS);

/**
 * Picks the predictor and the packing for a column and writes it. One column at a time: fill `ints`, call {@link plan}, then
 * {@link write} if the size suits.
 */
export class IntEncoder {
  /** The column; the caller makes room with {@link ensure} and writes it. */
  ints = new Float64Array(512);
  /** Bytes that `write` will need, known after `plan`. */
  byteCount = 0;
  #residuals = new Float64Array(512);
  #count = 0;
  #predictor = PREDICT_STEP;
  #packing = PACK_NONE;
  #shift = 0;
  #width = 0;
  #first = 0;
  #step = 0;
  #nonZero = 0;
  #max = 0;
  #deltaMin = 0;
  #deltaMax = 0;
  #lineMin = 0;
  #lineMax = 0;

  ensure(count: number): void {
    if (count <= this.ints.length) return;
    this.ints = new Float64Array(count);
    this.#residuals = new Float64Array(count);
  }

  /**
   * @param count at least 1; `ints[0, count)` within ±2^53 and {@link MAX_INT_RANGE}.
   * @param followsLine whether a line through the first and the last may be what the integers follow, as regular times do.
   */
  plan(count: number, followsLine: boolean): void {
    this.#count = count;
    this.#first = this.ints[0]!;
    this.#predictor = PREDICT_STEP;
    this.#packing = PACK_NONE;
    this.#shift = 0;
    this.#step = 0;
    this.byteCount = 24;
    if (count === 1) return;
    const slope = followsLine ? Math.round((this.ints[count - 1]! - this.#first) / (count - 1)) : 0;
    const bits = this.#scan(slope);
    this.#step = this.#deltaMin;
    if (this.#deltaMin === this.#deltaMax) return;
    if (!followsLine) this.#shift = bits === 0 ? MAX_SHIFT : 31 - Math.clz32(bits & -bits);
    this.#choosePredictor(slope);
    this.#fillResiduals();
    this.#choosePacking();
  }

  write(out: ChunkWriter): void {
    out.ensure(this.byteCount);
    out.byte(this.#predictor | (this.#packing << 2) | (this.#shift > 0 ? SHIFT_FLAG : 0));
    if (this.#shift > 0) out.byte(this.#shift);
    out.signed(this.#first);
    out.signed(this.#step);
    if (this.#packing === PACK_PLANES) this.#writePlanes(out);
    else if (this.#packing === PACK_VARINTS) this.#writeVarints(out);
    else if (this.#packing === PACK_SPARSE) this.#writeSparse(out);
  }

  /** Bounds of the differences and of the distances from the line; all differences' low 32 bits or-ed. */
  #scan(slope: number): number {
    const { ints } = this;
    let bits = 0;
    let deltaMin = Number.POSITIVE_INFINITY;
    let deltaMax = Number.NEGATIVE_INFINITY;
    let previous = ints[0]!;
    let min = previous;
    let max = previous;
    let line = 0;
    for (let i = 1; i < this.#count; i++) {
      const value = ints[i]!;
      const delta = value - previous;
      previous = value;
      bits |= delta;
      if (delta < deltaMin) deltaMin = delta;
      if (delta > deltaMax) deltaMax = delta;
      line += slope;
      const distance = value - line;
      if (distance < min) min = distance;
      if (distance > max) max = distance;
    }
    this.#deltaMin = deltaMin;
    this.#deltaMax = deltaMax;
    this.#lineMin = min;
    this.#lineMax = max;
    return bits;
  }

  /** By the bits that the residuals need in a sample of them, and by what the largest needs, which is what planes cost. */
  #choosePredictor(slope: number): void {
    const { ints } = this;
    const count = this.#count;
    const unit = 2 ** this.#shift;
    const min = this.#lineMin;
    const max = this.#lineMax;
    const base = centre(pickValues(ints, count, slope), { min, max, unit });
    const step = centre(pickDeltas(ints, count), { min: this.#deltaMin, max: this.#deltaMax, unit });
    let lineBits = 0;
    let stepBits = 0;
    let trendBits = 0;
    let widestTrend = 0;
    const stride = Math.ceil(count / MAX_TRIALS);
    const start = Math.min(2, count - 1);
    for (let i = start; i < count; i += stride) {
      const value = ints[i]!;
      const previous = ints[i - 1]!;
      const delta = value - previous;
      const trendBitsHere = magnitudeBits(delta - (previous - ints[Math.max(0, i - 2)]!));
      lineBits += magnitudeBits(value - slope * i - base);
      stepBits += magnitudeBits(delta - step);
      trendBits += trendBitsHere;
      if (trendBitsHere > widestTrend) widestTrend = trendBitsHere;
    }
    const trials = Math.ceil((count - start) / stride);
    lineBits += trials * magnitudeBits(Math.max(max - base, base - min));
    stepBits += trials * magnitudeBits(Math.max(this.#deltaMax - step, step - this.#deltaMin));
    trendBits += trials * widestTrend;
    this.#step = step;
    if (lineBits < stepBits && lineBits <= trendBits) {
      this.#predictor = PREDICT_LINE;
      this.#first = base;
      this.#step = slope;
    } else if (trendBits < stepBits) {
      this.#predictor = PREDICT_TREND;
      this.#step = ints[1]! - ints[0]!;
    }
  }

  /** Zigzag residuals, divided by the shift: `2r` for `r >= 0`, `-2r - 1` below. */
  #fillResiduals(): void {
    const { ints } = this;
    const residuals = this.#residuals;
    const count = this.#count;
    const factor = 2 / 2 ** this.#shift;
    const step = this.#step;
    let max = 0;
    let nonZero = 0;
    if (this.#predictor === PREDICT_LINE) {
      const first = this.#first;
      for (let i = 0; i < count; i++) {
        const residual = (ints[i]! - step * i - first) * factor;
        const zigzag = residual < 0 ? -residual - 1 : residual;
        residuals[i] = zigzag;
        if (zigzag > max) max = zigzag;
        nonZero += zigzag === 0 ? 0 : 1;
      }
      this.#max = max;
      this.#nonZero = nonZero;
      return;
    }
    const isTrend = this.#predictor === PREDICT_TREND;
    let expected = step;
    for (let i = 1; i < count; i++) {
      const delta = ints[i]! - ints[i - 1]!;
      const residual = (delta - expected) * factor;
      const zigzag = residual < 0 ? -residual - 1 : residual;
      residuals[i - 1] = zigzag;
      if (zigzag > max) max = zigzag;
      nonZero += zigzag === 0 ? 0 : 1;
      if (isTrend) expected = delta;
    }
    // A trend's first difference is its step.
    if (isTrend) residuals.copyWithin(0, 1, count - 1);
    this.#max = max;
    this.#nonZero = nonZero;
  }

  #choosePacking(): void {
    // Slack for the header and for varints that are written without a look at the room.
    this.byteCount = 32;
    if (this.#max === 0) return;
    const count = residualCount(this.#predictor, this.#count);
    this.#width = magnitudeBits(this.#max);
    const planes = planesBytes(this.#width, count);
    this.#packing = PACK_PLANES;
    const leastOfSparse = 2 * this.#nonZero + 1;
    if (planes <= count && planes <= leastOfSparse) {
      this.byteCount += planes;
      return;
    }
    const { varints, sparse } = this.#packedBytes(count);
    if (sparse < planes && sparse < varints) this.#packing = PACK_SPARSE;
    else if (varints < planes) this.#packing = PACK_VARINTS;
    this.byteCount += Math.min(planes, varints, sparse);
  }

  #packedBytes(count: number): { varints: number; sparse: number } {
    const residuals = this.#residuals;
    let varints = 0;
    let sparse = varintBytes(this.#nonZero);
    let zeros = 0;
    for (let i = 0; i < count; i++) {
      const residual = residuals[i]!;
      if (residual === 0) {
        zeros++;
        continue;
      }
      const bytes = varintBytes(residual);
      varints += bytes;
      sparse += bytes + (zeros < 0x80 ? 1 : varintBytes(zeros));
      zeros = 0;
    }
    return { varints: varints + count - this.#nonZero, sparse };
  }

  #writePlanes(out: ChunkWriter): void {
    const residuals = this.#residuals;
    const count = residualCount(this.#predictor, this.#count);
    const width = this.#width;
    const planes = width >>> 3;
    out.byte(width);
    const { bytes } = out;
    let at = out.end;
    for (let plane = 0; plane < planes; plane++) {
      if (width <= 32) {
        for (let i = 0; i < count; i++) bytes[at++] = residuals[i]! >>> (8 * plane);
      } else {
        const scale = 2 ** (-8 * plane);
        for (let i = 0; i < count; i++) bytes[at++] = Math.floor(residuals[i]! * scale);
      }
    }
    const topBits = TOP_BITS[width & 7]!;
    const end = out.end + planesBytes(width, count);
    const scale = 2 ** (-8 * planes);
    for (let i = 0; at < end; at++) {
      let byte = 0;
      for (let bit = 0; bit < 8 && i < count; bit += topBits) byte |= (residuals[i++]! * scale) << bit;
      bytes[at] = byte;
    }
    out.end = end;
  }

  #writeVarints(out: ChunkWriter): void {
    const residuals = this.#residuals;
    const count = residualCount(this.#predictor, this.#count);
    const { bytes } = out;
    let at = out.end;
    for (let i = 0; i < count; i++) {
      const residual = residuals[i]!;
      if (residual < 0x80) bytes[at++] = residual;
      else at = putVarint(bytes, at, residual);
    }
    out.end = at;
  }

  #writeSparse(out: ChunkWriter): void {
    const residuals = this.#residuals;
    const count = residualCount(this.#predictor, this.#count);
    out.varint(this.#nonZero);
    let zeros = 0;
    for (let i = 0; i < count; i++) {
      if (residuals[i] === 0) {
        zeros++;
        continue;
      }
      out.varint(zeros);
      out.varint(residuals[i]!);
      zeros = 0;
    }
  }
}

/** How many residuals `count` integers have. */
export function residualCount(predictor: number, count: number): number {
  return Math.max(0, count - predictor);
}

/** Bits of the magnitude of an integer below 2^54. */
function magnitudeBits(value: number): number {
  const magnitude = value < 0 ? -value : value;
  return magnitude < 0x8000_0000
    ? 32 - Math.clz32(magnitude)
    : 64 - Math.clz32(Math.floor(magnitude / 0x1_0000_0000));
}

function pickValues(ints: Float64Array, count: number, slope: number): number {
  const taken = Math.min(count, MAX_PICKS);
  for (let k = 0; k < taken; k++) {
    const i = Math.floor((k * count) / taken);
    insertPick(k, ints[i]! - slope * i);
  }
  return taken;
}

function pickDeltas(ints: Float64Array, count: number): number {
  const taken = Math.min(count - 1, MAX_PICKS);
  for (let k = 0; k < taken; k++) {
    const i = 1 + Math.floor((k * (count - 1)) / taken);
    insertPick(k, ints[i]! - ints[i - 1]!);
  }
  return taken;
}

/** Keeps `picks[0, k]` ascending. */
function insertPick(k: number, value: number): void {
  let at = k;
  while (at > 0 && picks[at - 1]! > value) {
    picks[at] = picks[at - 1]!;
    at--;
  }
  picks[at] = value;
}

/**
 * Around what the integers scatter, so that residuals are small: the middle between the bounds, or the median of the picks where the
 * bounds are outliers' (a counter's reset, a missed scrape). Congruent to `min` modulo `unit`.
 */
function centre(taken: number, { min, max, unit }: { min: number; max: number; unit: number }): number {
  const spread = picks[taken - 1 - (taken >>> 2)]! - picks[taken >>> 2]!;
  if (max - min > OUTLIER_SPREADS * spread) return picks[taken >>> 1]!;
  // Upwards: one residual more fits below zero than above.
  return min + Math.ceil((max - min) / 2 / unit) * unit;
}
