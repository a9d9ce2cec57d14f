import type { CounterResetHint, NativeHistogram } from '../../model/native-histogram.ts';
import {
  areBoundsEqual,
  commonLayout,
  compactHistogram,
  negativeSide,
  positiveSide,
  type Side,
  toLayout,
  withSides,
} from './layout.ts';

/** What came of adding or subtracting two histograms. */
export type CombineOutcome =
  | {
      readonly kind: 'combined';
      readonly histogram: NativeHistogram;
      /** One was marked as following a counter reset, the other as not following one; a warning is due. */
      readonly hasResetCollision: boolean;
      /** The custom bounds differed and only the shared ones are left; an info is due. */
      readonly hasReconciledBounds: boolean;
    }
  /** One has custom buckets and the other exponential ones. */
  | { readonly kind: 'incompatible' };

/** Adds two histograms bucket by bucket after bringing them into a common layout. */
export function addHistograms(a: NativeHistogram, b: NativeHistogram): CombineOutcome {
  return combine(a, b, 1);
}

/** Like {@link addHistograms}, but subtracts `b`. Callers mark the result as a gauge where it is one. */
export function subtractHistograms(a: NativeHistogram, b: NativeHistogram): CombineOutcome {
  return combine(a, b, -1);
}

function combine(a: NativeHistogram, b: NativeHistogram, sign: 1 | -1): CombineOutcome {
  const layout = commonLayout(a, b);
  if (layout === undefined) return { kind: 'incompatible' };
  const [left, right] = [toLayout(a, layout), toLayout(b, layout)];
  const sides = withSides(
    left,
    mergeSides(positiveSide(left), positiveSide(right), sign),
    mergeSides(negativeSide(left), negativeSide(right), sign),
  );
  const histogram = compactHistogram({
    ...sides,
    zeroThreshold: layout.zeroThreshold,
    zeroCount: left.zeroCount + sign * right.zeroCount,
    count: left.count + sign * right.count,
    sum: left.sum + sign * right.sum,
    counterReset: combinedHint(a.counterReset, b.counterReset),
  });
  return {
    kind: 'combined',
    histogram,
    hasResetCollision: isResetCollision(a.counterReset, b.counterReset),
    hasReconciledBounds: !areBoundsEqual(a.customBounds, b.customBounds),
  };
}

/** Adds `sign` times the counts of `b` to those of `a`. */
function mergeSides(a: Side, b: Side, sign: 1 | -1): Side {
  const indexes: number[] = [];
  const counts: number[] = [];
  let i = 0;
  let j = 0;
  while (i < a.indexes.length || j < b.indexes.length) {
    const left = a.indexes[i] ?? Number.POSITIVE_INFINITY;
    const right = b.indexes[j] ?? Number.POSITIVE_INFINITY;
    indexes.push(Math.min(left, right));
    if (left === right) counts.push(a.counts[i]! + sign * b.counts[j]!);
    else counts.push(left < right ? a.counts[i]! : sign * b.counts[j]!);
    if (left <= right) i++;
    if (right <= left) j++;
  }
  return { indexes, counts };
}

/** The hint of a result made from two histograms: a gauge when one is, otherwise what both agree on. */
export function combinedHint(a: CounterResetHint, b: CounterResetHint): CounterResetHint {
  if (a === b) return a;
  return a === 'gauge' || b === 'gauge' ? 'gauge' : 'unknown';
}

/** Whether one follows a counter reset and the other does not. */
export function isResetCollision(a: CounterResetHint, b: CounterResetHint): boolean {
  return (a === 'reset' && b === 'not_reset') || (a === 'not_reset' && b === 'reset');
}

/** All counts and the sum times `factor`. A negative factor makes a gauge. */
export function scaleHistogram(histogram: NativeHistogram, factor: number): NativeHistogram {
  return transformed(histogram, factor < 0, (value) => value * factor);
}

/** The histogram with inverted signs, a gauge. */
export function negateHistogram(histogram: NativeHistogram): NativeHistogram {
  return scaleHistogram(histogram, -1);
}

/** All counts and the sum divided by `divisor`. Zero leaves no buckets but the zero bucket; a negative one makes a gauge. */
export function divideHistogram(histogram: NativeHistogram, divisor: number): NativeHistogram {
  const quotient = transformed(histogram, divisor < 0, (value) => value / divisor);
  const none: Side = { indexes: [], counts: [] };
  return divisor === 0 ? withSides(quotient, none, none) : quotient;
}

function transformed(
  histogram: NativeHistogram,
  isGauge: boolean,
  map: (value: number) => number,
): NativeHistogram {
  return compactHistogram({
    ...histogram,
    zeroCount: map(histogram.zeroCount),
    count: map(histogram.count),
    sum: map(histogram.sum),
    positiveCounts: histogram.positiveCounts.map(map),
    negativeCounts: histogram.negativeCounts.map(map),
    counterReset: isGauge ? 'gauge' : histogram.counterReset,
  });
}

/** Marks a histogram as one that is no counter. */
export function asGauge(histogram: NativeHistogram): NativeHistogram {
  return histogram.counterReset === 'gauge' ? histogram : { ...histogram, counterReset: 'gauge' };
}

/** Same layout, counts and sum (NaN equals NaN). Empty buckets and the counter reset hint do not matter. */
export function histogramsEqual(a: NativeHistogram, b: NativeHistogram): boolean {
  const [x, y] = [compactHistogram(a), compactHistogram(b)];
  return (
    x.schema === y.schema &&
    x.zeroThreshold === y.zeroThreshold &&
    Object.is(x.zeroCount, y.zeroCount) &&
    Object.is(x.count, y.count) &&
    Object.is(x.sum, y.sum) &&
    areBoundsEqual(x.customBounds, y.customBounds) &&
    areBoundsEqual(x.positiveIndexes, y.positiveIndexes) &&
    areBoundsEqual(x.positiveCounts, y.positiveCounts) &&
    areBoundsEqual(x.negativeIndexes, y.negativeIndexes) &&
    areBoundsEqual(x.negativeCounts, y.negativeCounts)
  );
}
