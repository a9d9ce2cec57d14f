import { parseValue } from './graph-data.ts';
import type { HistogramJson } from './prometheus.ts';
import { formatValueShort } from './value-text.ts';

/** A bucket as a person reads it. */
export interface Bucket {
  /** `(0.5, 1]`, as the boundary rule says. */
  readonly range: string;
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
  /** Of all observations, 0 to 1. */
  readonly share: number;
}

export interface ReadableHistogram {
  readonly count: number;
  readonly sum: number;
  /** Mean of the observations; null without any. */
  readonly mean: number | null;
  readonly buckets: readonly Bucket[];
  /** `1,204 observations, mean 0.28` */
  readonly summary: string;
}

/** Boundary rules of the API: 0 is (a,b], 1 is [a,b), 2 is (a,b), 3 is [a,b]. */
const openings = ['(', '[', '(', '['] as const;
const closings = [']', ')', ')', ']'] as const;

export function readHistogram(json: HistogramJson): ReadableHistogram {
  const count = parseValue(json.count);
  const sum = parseValue(json.sum);
  const mean = count > 0 ? sum / count : null;
  const buckets = (json.buckets ?? []).map(([rule, lower, upper, inBucket]): Bucket => {
    const range = `${openings[rule] ?? '('}${bound(lower)}, ${bound(upper)}${closings[rule] ?? ')'}`;
    const observed = parseValue(inBucket);
    return {
      range,
      lower: parseValue(lower),
      upper: parseValue(upper),
      count: observed,
      share: count > 0 ? observed / count : 0,
    };
  });
  const observations = `${formatValueShort(count)} ${count === 1 ? 'observation' : 'observations'}`;
  const summary = mean === null ? observations : `${observations}, mean ${formatValueShort(mean)}`;
  return { count, sum, mean, buckets, summary };
}

function bound(text: string): string {
  const value = parseValue(text);
  return Number.isFinite(value) ? String(Number(value.toPrecision(4))) : text;
}

/**
 * A quantile estimated by a straight line within its bucket, as `histogram_quantile` does for buckets of equal width. Null without
 * observations.
 */
export function quantileOf(histogram: ReadableHistogram, phi: number): number | null {
  const total = histogram.buckets.reduce((sum, bucket) => sum + bucket.count, 0);
  if (total <= 0) return null;
  let rank = phi * total;
  for (const { lower, upper, count } of histogram.buckets) {
    if (rank > count) {
      rank -= count;
      continue;
    }
    if (!Number.isFinite(upper)) return Number.isFinite(lower) ? lower : null;
    if (!Number.isFinite(lower)) return upper;
    return count > 0 ? lower + (upper - lower) * (rank / count) : upper;
  }
  const last = histogram.buckets.at(-1)?.upper ?? null;
  return last !== null && Number.isFinite(last) ? last : null;
}
