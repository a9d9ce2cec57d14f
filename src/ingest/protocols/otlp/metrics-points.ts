import type { DenseBuckets } from './metrics-exponential.ts';

/**
 * Data points as plain values: the form in which both wire formats hand them over. Decoders use one object of each
 * kind again and again; whoever gets one must not keep it.
 */
interface Point {
  /** Epoch milliseconds; 0 when not set. */
  startMs: number;
  /** Epoch milliseconds; 0 when not set. */
  timeMs: number;
  /** OTLP DataPointFlags. */
  flags: number;
  exemplars: Exemplar[];
}

export interface NumberPoint extends Point {
  hasValue: boolean;
  value: number;
}

export interface HistogramPoint extends Point {
  count: number;
  /** Undefined: the sender keeps none. */
  sum: number | undefined;
  /** Upper bounds, ascending. */
  bounds: number[];
  /** One more than bounds, or none at all. Per bucket, not cumulated. */
  counts: number[];
}

export interface ExponentialPoint extends Point {
  count: number;
  sum: number | undefined;
  scale: number;
  zeroCount: number;
  zeroThreshold: number;
  positive: DenseBuckets;
  negative: DenseBuckets;
}

export interface SummaryPoint extends Point {
  count: number;
  sum: number;
  quantiles: { quantile: number; value: number }[];
}

export interface Exemplar {
  /** Epoch milliseconds; 0 when not set. */
  readonly timeMs: number;
  readonly value: number;
  /** 16 and 8 bytes; undefined when absent or of another length. */
  readonly traceId: Uint8Array | undefined;
  readonly spanId: Uint8Array | undefined;
  readonly labels: readonly (readonly [name: string, value: string])[];
}

/** Set by senders whose source has gone: the series ends here. */
export const FLAG_NO_RECORDED_VALUE = 1;

/** Nanoseconds as two unsigned halves to whole milliseconds, exact over the full range. */
export function msOfNs(low: number, high: number): number {
  // 2^32 ns = 4294 ms and 967296 ns; both products stay below 2^53.
  return high * 4294 + Math.floor((high * 967_296 + low) / 1_000_000);
}
