/**
 * Exponential histograms in Prometheus's form.
 *
 * OpenTelemetry's bucket i covers (base^i, base^(i+1)], Prometheus's bucket i covers (base^(i-1), base^i]: indexes
 * move up by one. Prometheus knows schemas -4 to 8; a finer scale is merged down by powers of two, a coarser one
 * cannot be expressed.
 *
 * https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram
 * https://prometheus.io/docs/specs/native_histograms/
 */

export const MIN_SCHEMA = -4;
export const MAX_SCHEMA = 8;
/** What Prometheus's OTLP receiver takes for the width of the zero bucket when the sender names none. */
export const DEFAULT_ZERO_THRESHOLD = 1e-128;

/** Dense buckets as OTLP sends them: `counts[i]` belongs to index `offset + i`. */
export interface DenseBuckets {
  readonly offset: number;
  readonly counts: readonly number[];
}

/** Buckets with content, ascending by index. */
export interface SparseBuckets {
  readonly indexes: number[];
  readonly counts: number[];
}

/**
 * @param mergeLevels how many times neighbouring buckets are merged in pairs: scale minus schema, at least 0.
 */
export function toSparseBuckets(dense: DenseBuckets, mergeLevels: number): SparseBuckets {
  const indexes: number[] = [];
  const counts: number[] = [];
  // A division and not a shift: levels may exceed 31, where JavaScript's shift starts over.
  const width = 2 ** mergeLevels;
  for (let i = 0; i < dense.counts.length; i++) {
    const count = dense.counts[i]!;
    if (count === 0) continue;
    const index = Math.floor((dense.offset + i) / width) + 1;
    if (indexes[indexes.length - 1] === index) counts[counts.length - 1]! += count;
    else {
      indexes.push(index);
      counts.push(count);
    }
  }
  return { indexes, counts };
}
