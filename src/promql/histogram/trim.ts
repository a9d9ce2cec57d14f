import type { NativeHistogram } from '../../model/native-histogram.ts';
import { customBound, exponentialBound, hasCustomBounds } from './buckets.ts';
import { exponentialFraction } from './interpolation.ts';
import { compactHistogram, negativeSide, positiveSide, type Side, withSides } from './layout.ts';

/** What is left of a bucket: how many observations, and the value they are taken to have on average. */
interface Kept {
  readonly count: number;
  readonly middle: number;
}

interface Bounds {
  readonly lower: number;
  readonly upper: number;
}

/**
 * Removes the observations above (`</`) or below (`>/`) a bound. In the bucket the bound lies in, the share that stays is estimated as
 * `histogram_fraction` does it. When anything is removed, count and sum are made anew from what is left, the sum from the buckets'
 * middles.
 */
export function trimHistogram(
  histogram: NativeHistogram,
  operator: '</' | '>/',
  bound: number,
): NativeHistogram {
  const isUpper = operator === '</';
  const isCustom = hasCustomBounds(histogram);
  let count = 0;
  let sum = 0;
  let isTrimmed = false;
  const keep = (before: number, kept: Kept): number => {
    count += kept.count;
    if (kept.count !== 0) sum += kept.middle * kept.count;
    if (kept.count !== before) isTrimmed = true;
    return kept.count;
  };
  const trimSide = ({ indexes, counts }: Side, boundsOf: (index: number) => Bounds): Side => ({
    indexes,
    counts: indexes.map((index, i) => {
      const before = counts[i]!;
      if (before === 0) return 0;
      const bounds = boundsOf(index);
      return keep(
        before,
        isCustom ? trimCustom(bounds, before, bound, isUpper) : trimBucket(bounds, before, bound, isUpper),
      );
    }),
  });
  const { schema, customBounds } = histogram;
  const positive = trimSide(positiveSide(histogram), (index) =>
    isCustom
      ? { lower: customBound(customBounds, index - 1), upper: customBound(customBounds, index) }
      : { lower: exponentialBound(schema, index - 1), upper: exponentialBound(schema, index) },
  );
  const negative = trimSide(negativeSide(histogram), (index) => ({
    lower: -exponentialBound(schema, index),
    upper: -exponentialBound(schema, index - 1),
  }));
  const zeroCount =
    histogram.zeroCount === 0 ? 0 : keep(histogram.zeroCount, trimZero(histogram, bound, isUpper));
  if (!isTrimmed) return histogram;
  return compactHistogram({ ...withSides(histogram, positive, negative), zeroCount, count, sum });
}

/** A bucket with finite bounds; `below` is the share of it that lies below the bound. */
function split(
  { lower, upper }: Bounds,
  count: number,
  bound: number,
  isUpper: boolean,
  { below, middleOf }: { below: () => number; middleOf: (lower: number, upper: number) => number },
): Kept {
  if (isUpper) {
    if (upper <= bound) return { count, middle: middleOf(lower, upper) };
    if (!(lower < bound)) return { count: 0, middle: 0 };
    return { count: count * below(), middle: middleOf(lower, bound) };
  }
  if (upper <= bound) return { count: 0, middle: 0 };
  if (!(lower < bound)) return { count, middle: middleOf(lower, upper) };
  return { count: count * (1 - below()), middle: middleOf(bound, upper) };
}

const arithmeticMiddle = (lower: number, upper: number): number => (lower + upper) / 2;

/** Of bounds with the same sign. */
function geometricMiddle(lower: number, upper: number): number {
  const middle = Math.sqrt(Math.abs(lower)) * Math.sqrt(Math.abs(upper));
  return lower < 0 ? -middle : middle;
}

function trimBucket(bounds: Bounds, count: number, bound: number, isUpper: boolean): Kept {
  return split(bounds, count, bound, isUpper, {
    below: () => exponentialFraction(bounds.lower, bounds.upper, bound),
    middleOf: geometricMiddle,
  });
}

/** The zero bucket counts as one-sided when the histogram has regular buckets of one sign only. */
function trimZero(histogram: NativeHistogram, bound: number, isUpper: boolean): Kept {
  const hasPositive = histogram.positiveCounts.some((count) => count !== 0);
  const hasNegative = histogram.negativeCounts.some((count) => count !== 0);
  const bounds = {
    lower: hasPositive && !hasNegative ? 0 : -histogram.zeroThreshold,
    upper: hasNegative && !hasPositive ? 0 : histogram.zeroThreshold,
  };
  return split(bounds, histogram.zeroCount, bound, isUpper, linear(bounds, bound));
}

function linear({ lower, upper }: Bounds, bound: number) {
  return { below: () => (bound - lower) / (upper - lower), middleOf: arithmeticMiddle };
}

/** A custom bucket. Those without a finite lower or upper bound are treated as `histogram_fraction` treats them. */
function trimCustom({ lower, upper }: Bounds, count: number, bound: number, isUpper: boolean): Kept {
  if (upper === Number.POSITIVE_INFINITY) return trimLast(lower, count, bound, isUpper);
  if (lower !== Number.NEGATIVE_INFINITY) {
    return split({ lower, upper }, count, bound, isUpper, linear({ lower, upper }, bound));
  }
  if (upper > 0) {
    // Its observations are taken to lie above zero.
    if (bound < 0) return isUpper ? { count: 0, middle: 0 } : { count, middle: upper / 2 };
    return split({ lower: 0, upper }, count, bound, isUpper, linear({ lower: 0, upper }, bound));
  }
  // Its observations are taken to lie below any finite bound.
  if (isUpper) {
    return bound === Number.NEGATIVE_INFINITY
      ? { count: 0, middle: 0 }
      : { count, middle: Math.min(bound, upper) };
  }
  return bound === Number.NEGATIVE_INFINITY ? { count, middle: upper } : { count: 0, middle: 0 };
}

/** The bucket up to +Inf: its observations are taken to lie above any finite bound. */
function trimLast(lower: number, count: number, bound: number, isUpper: boolean): Kept {
  const finiteLower = lower === Number.NEGATIVE_INFINITY ? 0 : lower;
  if (bound === Number.POSITIVE_INFINITY)
    return isUpper ? { count, middle: finiteLower } : { count: 0, middle: 0 };
  return isUpper ? { count: 0, middle: 0 } : { count, middle: Math.max(bound, finiteLower) };
}
