import type { NativeHistogram } from '../../model/native-histogram.ts';
import {
  type Bucket,
  bucketsOf,
  exponentialFraction,
  exponentialValue,
  hasCustomBounds,
} from '../histogram/index.ts';
import { nextCarry } from './compensated.ts';

/** What NaN observations have done to an estimate; they are in the count but in no exponential bucket. */
export type NanEffect = 'none' | 'skewed' | 'nan_result';

export interface QuantileEstimate {
  readonly value: number;
  readonly nanEffect: NanEffect;
}

/** Relative difference between the count and the buckets' total that is put down to rounding. */
const ROUNDING = 1e-12;

/** Whether NaN was observed: the sum is NaN and the buckets hold less than all observations. */
function hasNanObservations(histogram: NativeHistogram, buckets: readonly Bucket[]): boolean {
  if (!Number.isNaN(histogram.sum) || hasCustomBounds(histogram)) return false;
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  return total < histogram.count * (1 - ROUNDING);
}

/** The bounds observations of a bucket are taken to lie in. */
function effectiveBounds(
  histogram: NativeHistogram,
  { lower, upper }: Bucket,
): { lower: number; upper: number } {
  if (hasCustomBounds(histogram)) {
    return lower === Number.NEGATIVE_INFINITY && upper > 0 ? { lower: 0, upper } : { lower, upper };
  }
  if (lower > 0 || upper < 0) return { lower, upper };
  // The zero bucket of a histogram with observations of one sign only holds none of the other.
  const hasPositive = histogram.positiveCounts.length > 0;
  const hasNegative = histogram.negativeCounts.length > 0;
  return { lower: hasPositive && !hasNegative ? 0 : lower, upper: hasNegative && !hasPositive ? 0 : upper };
}

/** Whether observations are taken to be spread evenly over a bucket, rather than over its logarithm. */
function isLinear(histogram: NativeHistogram, { lower, upper }: { lower: number; upper: number }): boolean {
  return hasCustomBounds(histogram) || (lower <= 0 && upper >= 0);
}

/**
 * The estimated quantile of a native histogram: exponential interpolation within exponential buckets, linear within custom buckets and the
 * zero bucket. NaN for no observations and the quantile NaN, -Inf below 0, +Inf above 1.
 */
export function histogramQuantile(quantile: number, histogram: NativeHistogram): QuantileEstimate {
  const nanEffect = 'none';
  if (quantile < 0) return { value: Number.NEGATIVE_INFINITY, nanEffect };
  if (quantile > 1) return { value: Number.POSITIVE_INFINITY, nanEffect };
  if (histogram.count === 0 || Number.isNaN(quantile)) return { value: Number.NaN, nanEffect };
  const buckets = bucketsOf(histogram);
  const hasNan = hasNanObservations(histogram, buckets);
  // From the nearer end, for accuracy. NaN observations count as above everything, so they can be counted from below only.
  const isFromBelow = Number.isNaN(histogram.sum) || quantile < 0.5;
  const rank = (isFromBelow ? quantile : 1 - quantile) * histogram.count;
  const found = bucketAtRank(isFromBelow ? buckets : buckets.reverse(), rank);
  // Without NaN this happens only when the buckets do not hold what the count says.
  if ((found?.count ?? 0) < rank) return { value: Number.NaN, nanEffect: 'nan_result' };
  if (found === undefined) return { value: Number.NaN, nanEffect };
  const count = Math.min(found.count, histogram.count);
  const within = isFromBelow ? rank - (count - found.bucket.count) : count - rank;
  return {
    value: valueWithin(histogram, found.bucket, within / found.bucket.count),
    nanEffect: hasNan ? 'skewed' : 'none',
  };
}

/** The first bucket by which `rank` observations are reached, or else the last one; with the count up to and including it. */
function bucketAtRank(
  buckets: readonly Bucket[],
  rank: number,
): { readonly bucket: Bucket; readonly count: number } | undefined {
  let count = 0;
  for (const bucket of buckets) {
    count += bucket.count;
    if (count >= rank) return { bucket, count };
  }
  const last = buckets.at(-1);
  return last === undefined ? undefined : { bucket: last, count };
}

function valueWithin(histogram: NativeHistogram, bucket: Bucket, fraction: number): number {
  const { lower, upper } = effectiveBounds(histogram, bucket);
  if (lower === Number.NEGATIVE_INFINITY) return upper;
  if (upper === Number.POSITIVE_INFINITY && bucket.lower !== Number.NEGATIVE_INFINITY) return lower;
  if (isLinear(histogram, { lower, upper })) return lower + (upper - lower) * fraction;
  return exponentialValue(lower, upper, fraction);
}

export interface FractionEstimate {
  readonly value: number;
  /** NaN was observed; such observations are in no fraction. */
  readonly hasNan: boolean;
}

/** The estimated share of observations between two values, interpolated as {@link histogramQuantile} does it. NaN without observations. */
export function histogramFraction(
  lower: number,
  upper: number,
  histogram: NativeHistogram,
): FractionEstimate {
  if (histogram.count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) {
    return { value: Number.NaN, hasNan: false };
  }
  if (lower >= upper) return { value: 0, hasNan: false };
  const buckets = bucketsOf(histogram);
  const hasNan = hasNanObservations(histogram, buckets);
  const total = hasNan ? buckets.reduce((sum, { count }) => sum + count, 0) : histogram.count;
  const rank = (value: number): number => Math.min(rankOf(histogram, buckets, value) ?? total, total);
  return { value: (rank(upper) - rank(lower)) / histogram.count, hasNan };
}

/** How many observations lie below a value; undefined when it lies above all buckets. */
function rankOf(histogram: NativeHistogram, buckets: readonly Bucket[], value: number): number | undefined {
  let rank = 0;
  for (const bucket of buckets) {
    const bounds = effectiveBounds(histogram, bucket);
    if (bounds.lower >= value) return rank;
    if (bounds.upper > value) return rank + bucket.count * shareBelow(histogram, bounds, value);
    rank += bucket.count;
  }
  return undefined;
}

function shareBelow(
  histogram: NativeHistogram,
  bounds: { lower: number; upper: number },
  value: number,
): number {
  const { lower, upper } = bounds;
  // What lies in a bucket without an end is taken to lie at that end.
  if (lower === Number.NEGATIVE_INFINITY) return 1;
  if (upper === Number.POSITIVE_INFINITY) return 0;
  if (isLinear(histogram, bounds)) return (value - lower) / (upper - lower);
  return exponentialFraction(lower, upper, value);
}

/** The estimated variance: observations are taken to have the middle value of their bucket. */
export function histogramVariance(histogram: NativeHistogram): number {
  const mean = histogram.sum / histogram.count;
  let squares = 0;
  let carry = 0;
  for (const bucket of bucketsOf(histogram)) {
    const delta = middleOf(histogram, bucket) - mean;
    const square = bucket.count * delta * delta;
    const next = squares + square;
    carry = nextCarry(carry, squares, square, next);
    squares = next;
  }
  return (squares + carry) / histogram.count;
}

function middleOf(histogram: NativeHistogram, { lower, upper }: Bucket): number {
  if (hasCustomBounds(histogram)) return (lower + upper) / 2;
  if (lower <= 0 && upper >= 0) return 0;
  const middle = Math.sqrt(Math.abs(lower)) * Math.sqrt(Math.abs(upper));
  return upper < 0 ? -middle : middle;
}
