import { CUSTOM_BOUNDS_SCHEMA, type NativeHistogram } from '../../model/native-histogram.ts';
import { goNumber } from '../functions/annotations.ts';

/** One bucket of a native histogram, with its bounds. */
export interface Bucket {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
  readonly isLowerInclusive: boolean;
  readonly isUpperInclusive: boolean;
}

/** Whether the bounds are given one by one (schema -53) and not by an exponential schema. */
export function hasCustomBounds(histogram: NativeHistogram): boolean {
  return histogram.schema === CUSTOM_BOUNDS_SCHEMA;
}

/** Exponent from which 2^n is no finite double; the bucket that would end there ends at the largest double. */
const OVERFLOW_EXPONENT = 1024;

/** Upper bound of the positive bucket `index` of an exponential schema (-4 to 8). */
export function exponentialBound(schema: number, index: number): number {
  const exponent = index * 2 ** -schema;
  return exponent === OVERFLOW_EXPONENT ? Number.MAX_VALUE : 2 ** exponent;
}

/** Upper bound of bucket `index` among custom bounds; -Inf before the first bucket, +Inf for the last. */
export function customBound(bounds: readonly number[], index: number): number {
  if (index < 0) return Number.NEGATIVE_INFINITY;
  return bounds[index] ?? Number.POSITIVE_INFINITY;
}

/** All buckets with a count other than zero, the zero bucket among them, ascending by bounds. */
export function bucketsOf(histogram: NativeHistogram): Bucket[] {
  return allBucketsOf(histogram).filter(({ count }) => count !== 0);
}

function allBucketsOf(histogram: NativeHistogram): Bucket[] {
  const { schema, positiveIndexes, positiveCounts, negativeIndexes, negativeCounts, zeroThreshold } =
    histogram;
  if (hasCustomBounds(histogram)) {
    return positiveIndexes.map((index, i) => ({
      lower: customBound(histogram.customBounds, index - 1),
      upper: customBound(histogram.customBounds, index),
      count: positiveCounts[i]!,
      isLowerInclusive: index === 0,
      isUpperInclusive: true,
    }));
  }
  const buckets: Bucket[] = [];
  for (let i = negativeIndexes.length - 1; i >= 0; i--) {
    buckets.push({
      lower: -exponentialBound(schema, negativeIndexes[i]!),
      upper: -exponentialBound(schema, negativeIndexes[i]! - 1),
      count: negativeCounts[i]!,
      isLowerInclusive: true,
      isUpperInclusive: false,
    });
  }
  buckets.push({
    lower: -zeroThreshold,
    upper: zeroThreshold,
    count: histogram.zeroCount,
    isLowerInclusive: true,
    isUpperInclusive: true,
  });
  for (const [i, index] of positiveIndexes.entries()) {
    buckets.push({
      lower: exponentialBound(schema, index - 1),
      upper: exponentialBound(schema, index),
      count: positiveCounts[i]!,
      isLowerInclusive: false,
      isUpperInclusive: true,
    });
  }
  return buckets;
}

/** Text as Prometheus prints a histogram (in `count_values`): `{count:20, sum:10, [-2,-1):2, (0.5,1]:1}`. */
export function describeHistogram(histogram: NativeHistogram): string {
  const parts = bucketsOf(histogram).map((bucket) => {
    const open = bucket.isLowerInclusive ? '[' : '(';
    const close = bucket.isUpperInclusive ? ']' : ')';
    return `, ${open}${goNumber(bucket.lower)},${goNumber(bucket.upper)}${close}:${goNumber(bucket.count)}`;
  });
  return `{count:${goNumber(histogram.count)}, sum:${goNumber(histogram.sum)}${parts.join('')}}`;
}
