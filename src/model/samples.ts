import type { Labels } from './labels.ts';
import type { NativeHistogram } from './native-histogram.ts';

/** Staleness marker: a NaN with these bits. It is a signalling NaN, so it must be moved as bits and never as a number. */
export const STALE_HIGH = 0x7ff0_0000;
export const STALE_LOW = 0x0000_0002;
/** The same as eight little-endian bytes. */
export const STALE_BYTES = Uint8Array.of(0x02, 0, 0, 0, 0, 0, 0xf0, 0x7f);

/**
 * Samples of one series, ascending by time, no time twice. `values` has the exact bits that were sent, staleness markers among
 * them ({@link isStale}). Where a sample is a native histogram, `histograms[i]` is set and `values[i]` is NaN.
 */
export interface SampleColumns {
  /** Epoch milliseconds. */
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
  /** Undefined when no sample is a histogram. */
  readonly histograms: readonly (NativeHistogram | undefined)[] | undefined;
}

export interface SeriesSamples extends SampleColumns {
  readonly labels: Labels;
}

/** The words of a column of values: for value `i` the low word is at `2 * i`, the high word after it. */
export function wordsOf(values: Float64Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
}

/** @param words {@link wordsOf} the values. */
export function isStale(words: Uint32Array, i: number): boolean {
  return words[2 * i] === STALE_LOW && words[2 * i + 1] === STALE_HIGH;
}

/** Writes a staleness marker. */
export function setStale(words: Uint32Array, i: number): void {
  words[2 * i] = STALE_LOW;
  words[2 * i + 1] = STALE_HIGH;
}
