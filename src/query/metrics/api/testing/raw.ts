import { Labels } from '../../../../model/labels.ts';
import type { NativeHistogram } from '../../../../model/native-histogram.ts';
import { type SeriesSamples, STALE_HIGH, STALE_LOW, wordsOf } from '../../../../model/samples.ts';
import type { RawAnswer, RawCall, RawLimits } from '../raw-answer.ts';

/* Help for the tests of answers that are no JSON. */

export const NOW_MS = 1_700_000_000_000;
export const LIMITS: RawLimits = { maxSeries: 100, maxSamples: 100_000 };

export function callAt(nowMs = NOW_MS, accept?: string): RawCall {
  return { nowMs, signal: new AbortController().signal, accept };
}

export type SampleValue = number | 'stale' | NativeHistogram;

/** A series from pairs of time and value. */
export function seriesOf(
  labels: Record<string, string>,
  ...samples: readonly (readonly [timeMs: number, value: SampleValue])[]
): SeriesSamples {
  const values = new Float64Array(samples.length);
  const words = wordsOf(values);
  for (const [i, [, value]] of samples.entries()) {
    if (typeof value === 'number') values[i] = value;
    else if (value === 'stale') {
      words[2 * i] = STALE_LOW;
      words[2 * i + 1] = STALE_HIGH;
    } else values[i] = Number.NaN;
  }
  const histograms = samples.map(([, value]) => (typeof value === 'object' ? value : undefined));
  return {
    labels: Labels.fromObject(labels),
    timesMs: Float64Array.from(samples, ([timeMs]) => timeMs),
    values,
    histograms: histograms.some((one) => one !== undefined) ? histograms : undefined,
  };
}

export async function bytesOf(answer: RawAnswer): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of answer.pieces) pieces.push(Buffer.from(piece as Uint8Array));
  return Buffer.concat(pieces);
}

export async function textOf(answer: RawAnswer): Promise<string> {
  return (await bytesOf(answer)).toString();
}

export const HISTOGRAM: NativeHistogram = {
  schema: 1,
  zeroThreshold: 0.001,
  zeroCount: 2,
  count: 9,
  sum: 12.5,
  positiveIndexes: [0, 1, 4],
  positiveCounts: [1, 3, 1],
  negativeIndexes: [-2],
  negativeCounts: [2],
  customBounds: [],
  counterReset: 'not_reset',
};
