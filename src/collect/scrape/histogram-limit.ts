import { CUSTOM_BOUNDS_SCHEMA, type NativeHistogram } from '../../model/native-histogram.ts';

const MIN_SCHEMA = -4;
const MAX_SCHEMA = 8;

/** The finest schema whose buckets grow by at least this factor. 0: the finest there is. */
export function maxSchemaFor(minBucketFactor: number): number {
  if (minBucketFactor <= 1) return MAX_SCHEMA;
  // Subtracted and not negated, which would make a negative zero.
  const schema = Math.floor(0 - Math.log2(Math.log2(minBucketFactor)));
  return Math.max(MIN_SCHEMA, Math.min(MAX_SCHEMA, schema));
}

/**
 * The histogram with a resolution within limits, itself when it is already.
 *
 * @param bucketLimit 0 for none.
 * @returns undefined when no resolution has so few buckets.
 */
export function limitResolution(
  histogram: NativeHistogram,
  bucketLimit: number,
  maxSchema: number,
): NativeHistogram | undefined {
  const isCustom = histogram.schema === CUSTOM_BOUNDS_SCHEMA;
  let limited = histogram;
  while (!isCustom && limited.schema > maxSchema) limited = halveResolution(limited);
  if (bucketLimit === 0) return limited;
  while (limited.positiveIndexes.length + limited.negativeIndexes.length > bucketLimit) {
    if (isCustom || limited.schema <= MIN_SCHEMA) return undefined;
    limited = halveResolution(limited);
  }
  return limited;
}

/** Every two buckets become one: bucket i of a schema lies in bucket ceil(i / 2) of the next coarser one. */
function halveResolution(histogram: NativeHistogram): NativeHistogram {
  const positive = merge(histogram.positiveIndexes, histogram.positiveCounts);
  const negative = merge(histogram.negativeIndexes, histogram.negativeCounts);
  return {
    ...histogram,
    schema: histogram.schema - 1,
    positiveIndexes: positive.indexes,
    positiveCounts: positive.counts,
    negativeIndexes: negative.indexes,
    negativeCounts: negative.counts,
  };
}

function merge(
  indexes: readonly number[],
  counts: readonly number[],
): { indexes: number[]; counts: number[] } {
  const merged: { indexes: number[]; counts: number[] } = { indexes: [], counts: [] };
  for (const [i, index] of indexes.entries()) {
    const coarse = (index + 1) >> 1;
    if (merged.indexes.at(-1) === coarse) merged.counts[merged.counts.length - 1]! += counts[i]!;
    else {
      merged.indexes.push(coarse);
      merged.counts.push(counts[i]!);
    }
  }
  return merged;
}
