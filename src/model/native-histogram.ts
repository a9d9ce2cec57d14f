/**
 * A native histogram sample, all counts as floats. Immutable once made. Buckets are sparse: index and count, ascending by index.
 *
 * Bucket `i` of schema `s` (-4 to 8) holds observations in `(2^((i-1)·2^-s), 2^(i·2^-s)]`, for negative ones mirrored. Schema -53 has custom
 * bounds: bucket `i` is `(customBounds[i-1], customBounds[i]]`, from -Inf before the first and to +Inf after the last.
 * Source: Prometheus native histogram specification.
 */
export interface NativeHistogram {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly count: number;
  readonly sum: number;
  readonly positiveIndexes: readonly number[];
  /** Absolute counts, `positiveCounts[i]` belongs to `positiveIndexes[i]`. */
  readonly positiveCounts: readonly number[];
  readonly negativeIndexes: readonly number[];
  readonly negativeCounts: readonly number[];
  /** Ascending upper bounds of schema -53, without +Inf; empty otherwise. */
  readonly customBounds: readonly number[];
  readonly counterReset: CounterResetHint;
}

/** What is known about a counter reset between this sample and the one before it. `gauge`: the histogram is no counter. */
export type CounterResetHint = 'unknown' | 'reset' | 'not_reset' | 'gauge';

export const CUSTOM_BOUNDS_SCHEMA = -53;
