import type { NativeHistogram } from '../../model/native-histogram.ts';
import { customBound, exponentialBound, hasCustomBounds } from './buckets.ts';

/** Buckets of one sign: indexes ascending, and their counts. */
export interface Side {
  readonly indexes: readonly number[];
  readonly counts: readonly number[];
}

/** What two histograms must have in common before their buckets can be compared or added. */
export interface Layout {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly customBounds: readonly number[];
}

export function positiveSide(histogram: NativeHistogram): Side {
  return { indexes: histogram.positiveIndexes, counts: histogram.positiveCounts };
}

export function negativeSide(histogram: NativeHistogram): Side {
  return { indexes: histogram.negativeIndexes, counts: histogram.negativeCounts };
}

/** The same histogram with these buckets. */
export function withSides(histogram: NativeHistogram, positive: Side, negative: Side): NativeHistogram {
  return {
    ...histogram,
    positiveIndexes: positive.indexes,
    positiveCounts: positive.counts,
    negativeIndexes: negative.indexes,
    negativeCounts: negative.counts,
  };
}

/** Without the buckets whose count is zero. */
export function compactHistogram(histogram: NativeHistogram): NativeHistogram {
  const isFull = !histogram.positiveCounts.includes(0) && !histogram.negativeCounts.includes(0);
  if (isFull) return histogram;
  return withSides(histogram, populated(positiveSide(histogram)), populated(negativeSide(histogram)));
}

function populated({ indexes, counts }: Side): Side {
  return {
    indexes: indexes.filter((_, i) => counts[i] !== 0),
    counts: counts.filter((count) => count !== 0),
  };
}

/** Maps each index to another one, adding up what comes together. `map` must not fall. */
function remapped({ indexes, counts }: Side, map: (index: number) => number): Side {
  const newIndexes: number[] = [];
  const newCounts: number[] = [];
  for (const [i, index] of indexes.entries()) {
    const target = map(index);
    if (newIndexes.at(-1) === target) {
      newCounts[newCounts.length - 1]! += counts[i]!;
    } else {
      newIndexes.push(target);
      newCounts.push(counts[i]!);
    }
  }
  return { indexes: newIndexes, counts: newCounts };
}

/** The bucket of a schema coarser by `steps` in which bucket `index` lies. */
function coarserIndex(index: number, steps: number): number {
  return ((index - 1) >> steps) + 1;
}

/**
 * The histogram at a coarser exponential schema: each step joins pairs of buckets.
 *
 * @param schema At most the histogram's own.
 */
export function reduceResolution(histogram: NativeHistogram, schema: number): NativeHistogram {
  const steps = histogram.schema - schema;
  if (steps === 0) return histogram;
  return {
    ...withSides(
      histogram,
      remapped(positiveSide(histogram), (index) => coarserIndex(index, steps)),
      remapped(negativeSide(histogram), (index) => coarserIndex(index, steps)),
    ),
    schema,
  };
}

/**
 * The threshold the zero bucket gets when it is widened to at least `threshold`: a populated bucket lies either within the zero bucket
 * or outside, so the threshold moves to the far end of one it would cut.
 */
export function widenedThreshold(histogram: NativeHistogram, threshold: number): number {
  if (threshold <= histogram.zeroThreshold) return histogram.zeroThreshold;
  let widened = threshold;
  let before: number;
  do {
    before = widened;
    widened = pastCutBucket(histogram.schema, positiveSide(histogram), widened);
    widened = pastCutBucket(histogram.schema, negativeSide(histogram), widened);
  } while (widened !== before);
  return widened;
}

function pastCutBucket(schema: number, { indexes, counts }: Side, threshold: number): number {
  for (const [i, index] of indexes.entries()) {
    if (exponentialBound(schema, index - 1) >= threshold) break;
    const upper = exponentialBound(schema, index);
    if (upper > threshold && counts[i] !== 0) return upper;
  }
  return threshold;
}

/** Moves the buckets below the threshold into the zero bucket. */
export function widenZeroBucket(histogram: NativeHistogram, threshold: number): NativeHistogram {
  if (threshold <= histogram.zeroThreshold) return histogram;
  let zeroCount = histogram.zeroCount;
  const outside = ({ indexes, counts }: Side): Side => {
    const from = indexes.findIndex((index) => exponentialBound(histogram.schema, index - 1) >= threshold);
    const end = from < 0 ? indexes.length : from;
    for (let i = 0; i < end; i++) zeroCount += counts[i]!;
    return { indexes: indexes.slice(end), counts: counts.slice(end) };
  };
  const positive = outside(positiveSide(histogram));
  const negative = outside(negativeSide(histogram));
  return { ...withSides(histogram, positive, negative), zeroThreshold: threshold, zeroCount };
}

export function areBoundsEqual(a: readonly number[], b: readonly number[]): boolean {
  return a === b || (a.length === b.length && a.every((bound, i) => bound === b[i]));
}

/** Bounds that both lists have. */
function commonBounds(a: readonly number[], b: readonly number[]): readonly number[] {
  const known = new Set(b);
  return a.filter((bound) => known.has(bound));
}

/** Joins custom buckets so that only the given bounds remain, which must be among the histogram's own. */
function mergeBounds(histogram: NativeHistogram, bounds: readonly number[]): NativeHistogram {
  const map = (index: number): number => {
    const upper = customBound(histogram.customBounds, index);
    const target = bounds.findIndex((bound) => bound >= upper);
    return target < 0 ? bounds.length : target;
  };
  const merged = remapped(positiveSide(histogram), map);
  return { ...withSides(histogram, merged, negativeSide(histogram)), customBounds: bounds };
}

/**
 * The finest layout both histograms can be brought into: the coarser schema, a zero bucket that cuts no populated bucket of either, the
 * custom bounds they share. Undefined when one has custom bounds and the other has not.
 */
export function commonLayout(a: NativeHistogram, b: NativeHistogram): Layout | undefined {
  if (hasCustomBounds(a) !== hasCustomBounds(b)) return undefined;
  const schema = Math.min(a.schema, b.schema);
  if (hasCustomBounds(a)) {
    const isEqual = areBoundsEqual(a.customBounds, b.customBounds);
    const customBounds = isEqual ? a.customBounds : commonBounds(a.customBounds, b.customBounds);
    return { schema, zeroThreshold: 0, customBounds };
  }
  let zeroThreshold = Math.max(a.zeroThreshold, b.zeroThreshold);
  let before: number;
  do {
    before = zeroThreshold;
    zeroThreshold = Math.max(widenedThreshold(a, zeroThreshold), zeroThreshold);
    zeroThreshold = Math.max(widenedThreshold(b, zeroThreshold), zeroThreshold);
  } while (zeroThreshold !== before);
  return { schema, zeroThreshold, customBounds: [] };
}

/** Brings a histogram into a layout that {@link commonLayout} gave for it. */
export function toLayout(histogram: NativeHistogram, layout: Layout): NativeHistogram {
  if (hasCustomBounds(histogram)) {
    return areBoundsEqual(histogram.customBounds, layout.customBounds)
      ? histogram
      : mergeBounds(histogram, layout.customBounds);
  }
  return reduceResolution(widenZeroBucket(histogram, layout.zeroThreshold), layout.schema);
}
