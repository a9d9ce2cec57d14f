import { quoted } from '../../model/labels.ts';
import { goNumber, goNumberOfTwoDigits, INFO } from './annotations.ts';

/** A bucket of a classic histogram. */
export interface ClassicBucket {
  /** The value of its label `le`. */
  readonly upperBound: number;
  /** Observations up to the bound, those of lower buckets included. */
  readonly count: number;
}

/** What had to be raised so that counts do not fall from bucket to bucket. */
export interface MonotonicityRepair {
  /** Bounds of the lowest and the highest bucket that was raised. */
  readonly minBucket: number;
  readonly maxBucket: number;
  /** By how much at most. */
  readonly maxDiff: number;
}

export interface BucketQuantile {
  readonly value: number;
  /** Undefined when the counts were fine but for rounding. */
  readonly repair: MonotonicityRepair | undefined;
}

/** Relative difference of neighbouring counts that is put down to rounding. */
const ROUNDING = 1e-12;
const MIN_NORMAL = 2 ** -1022;

function isNearlyEqual(a: number, b: number): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  const size = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || size < MIN_NORMAL) return difference < ROUNDING * MIN_NORMAL;
  return difference / Math.min(size, Number.MAX_VALUE) < ROUNDING;
}

/** Ascending by bound, the counts of equal bounds added up (two series may write the same bound differently). */
function sortedBuckets(buckets: readonly ClassicBucket[]): { upperBound: number; count: number }[] {
  const sorted: { upperBound: number; count: number }[] = [];
  for (const bucket of [...buckets].sort(byBound)) {
    const last = sorted.at(-1);
    if (last !== undefined && last.upperBound === bucket.upperBound) last.count += bucket.count;
    else sorted.push({ upperBound: bucket.upperBound, count: bucket.count });
  }
  return sorted;
}

/** Not a difference, which is NaN between infinities. */
function byBound(a: ClassicBucket, b: ClassicBucket): number {
  return a.upperBound < b.upperBound ? -1 : Number(a.upperBound > b.upperBound);
}

/** Raises counts that are below the one before, and levels out differences that are rounding errors. */
function makeMonotonic(buckets: { upperBound: number; count: number }[]): MonotonicityRepair | undefined {
  let repair: MonotonicityRepair | undefined;
  let previous = buckets[0]!.count;
  for (let i = 1; i < buckets.length; i++) {
    const bucket = buckets[i]!;
    if (isNearlyEqual(previous, bucket.count)) {
      bucket.count = previous;
    } else if (bucket.count < previous) {
      repair = {
        minBucket: repair?.minBucket ?? bucket.upperBound,
        maxBucket: bucket.upperBound,
        maxDiff: Math.max(repair?.maxDiff ?? 0, previous - bucket.count),
      };
      bucket.count = previous;
    } else {
      previous = bucket.count;
    }
  }
  return repair;
}

function isComplete(buckets: readonly ClassicBucket[]): boolean {
  return buckets.at(-1)?.upperBound === Number.POSITIVE_INFINITY;
}

/**
 * A quantile of a classic histogram, interpolated linearly within a bucket. NaN without a bucket `+Inf`, with fewer than two buckets,
 * without observations and for the quantile NaN; -Inf below the quantile 0, +Inf above 1. In the last bucket it is the bound of the one
 * before; the lowest bucket begins at 0, or is nothing but its bound when that is not positive.
 *
 * @param buckets in any order; not changed.
 */
export function bucketQuantile(quantile: number, buckets: readonly ClassicBucket[]): BucketQuantile {
  if (Number.isNaN(quantile)) return { value: Number.NaN, repair: undefined };
  if (quantile < 0) return { value: Number.NEGATIVE_INFINITY, repair: undefined };
  if (quantile > 1) return { value: Number.POSITIVE_INFINITY, repair: undefined };
  const sorted = sortedBuckets(buckets);
  if (!isComplete(sorted) || sorted.length < 2) return { value: Number.NaN, repair: undefined };
  const repair = makeMonotonic(sorted);
  const observations = sorted.at(-1)!.count;
  if (observations === 0) return { value: Number.NaN, repair: undefined };
  return { value: valueAtRank(quantile * observations, sorted), repair };
}

function valueAtRank(rank: number, buckets: readonly ClassicBucket[]): number {
  const last = buckets.length - 1;
  const at = firstWithCount(rank, buckets);
  const bucket = buckets[at]!;
  if (at === last) return buckets[last - 1]!.upperBound;
  if (at === 0 && bucket.upperBound <= 0) return bucket.upperBound;
  const below = at > 0 ? buckets[at - 1]! : { upperBound: 0, count: 0 };
  const share = (rank - below.count) / (bucket.count - below.count);
  return below.upperBound + (bucket.upperBound - below.upperBound) * share;
}

/** Index of the first bucket with at least so many observations, by bisection; the last one when there is none. */
function firstWithCount(rank: number, buckets: readonly ClassicBucket[]): number {
  let low = 0;
  let high = buckets.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (buckets[middle]!.count >= rank) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * The share of observations between two bounds, interpolated linearly within a bucket. NaN without a bucket `+Inf`, without observations
 * and for a bound NaN; 0 when `lower >= upper`. Observations in the buckets that reach to an infinity are not interpolated.
 *
 * @param buckets in any order; not changed.
 */
export function bucketFraction(lower: number, upper: number, buckets: readonly ClassicBucket[]): number {
  const sorted = sortedBuckets(buckets);
  if (!isComplete(sorted)) return Number.NaN;
  const observations = sorted.at(-1)!.count;
  if (observations === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return Number.NaN;
  if (lower >= upper) return 0;
  return (rankOf(upper, sorted) - rankOf(lower, sorted)) / observations;
}

/** How many observations are at most `bound`. */
function rankOf(bound: number, buckets: readonly ClassicBucket[]): number {
  const observations = buckets.at(-1)!.count;
  let rank = 0;
  let from = Number.NEGATIVE_INFINITY;
  for (const { upperBound, count } of buckets) {
    if (from >= bound) return Math.min(rank, observations);
    if (upperBound > bound) {
      if (from === Number.NEGATIVE_INFINITY)
        return Math.min(firstBucketRank(bound, upperBound, count), observations);
      return Math.min(rank + ((count - rank) * (bound - from)) / (upperBound - from), observations);
    }
    rank = count;
    from = upperBound;
  }
  return observations;
}

/** Within the lowest bucket, which begins at 0 when its bound is positive. */
function firstBucketRank(bound: number, upperBound: number, count: number): number {
  if (upperBound <= 0) return count;
  return bound <= 0 ? 0 : (count * bound) / upperBound;
}

/** The info that a repair deserves, as Prometheus words it. @param metric '' when there is no name. */
export function monotonicityInfo(metric: string, repair: MonotonicityRepair, evalMs: number): string {
  const name = metric === '' ? '' : ` for metric name ${quoted(metric)}`;
  return infoText({ name, ...repair, samples: 1, fromMs: evalMs, toMs: evalMs });
}

interface RepairSummary extends MonotonicityRepair {
  readonly name: string;
  readonly samples: number;
  readonly fromMs: number;
  readonly toMs: number;
}

const BASE = `${INFO}input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)`;
const DETAILS =
  /^(.*), from buckets (\S+) to (\S+), with a max diff of (\S+), over (\d+) samples from (\S+) to (\S+)$/s;

function infoText(summary: RepairSummary): string {
  const { name, minBucket, maxBucket, maxDiff, samples, fromMs, toMs } = summary;
  const buckets = `from buckets ${goNumber(minBucket)} to ${goNumber(maxBucket)}`;
  const times = `from ${rfc3339(fromMs)} to ${rfc3339(toMs)}`;
  return `${BASE}${name}, ${buckets}, with a max diff of ${goNumberOfTwoDigits(maxDiff)}, over ${samples} samples ${times}`;
}

function rfc3339(ms: number): string {
  return new Date(Math.trunc(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}

function parseInfo(text: string): RepairSummary | undefined {
  const match = text.startsWith(BASE) ? DETAILS.exec(text.slice(BASE.length)) : null;
  if (match === null) return undefined;
  const [, name, minBucket, maxBucket, maxDiff, samples, from, to] = match;
  return {
    name: name!,
    minBucket: boundOf(minBucket!),
    maxBucket: boundOf(maxBucket!),
    maxDiff: Number(maxDiff),
    samples: Number(samples),
    fromMs: Date.parse(from!),
    toMs: Date.parse(to!),
  };
}

function boundOf(text: string): number {
  return Number(text.replace('Inf', 'Infinity'));
}

/**
 * What two annotations become that differ only in such details: Prometheus shows one for all repaired samples of a metric. Undefined
 * when they are of other kinds or of different metrics. For collectors of annotations; texts without position.
 */
export function mergedMonotonicityInfo(a: string, b: string): string | undefined {
  const left = parseInfo(a);
  const right = left === undefined ? undefined : parseInfo(b);
  if (left === undefined || right === undefined || left.name !== right.name) return undefined;
  return infoText({
    name: left.name,
    minBucket: Math.min(left.minBucket, right.minBucket),
    maxBucket: Math.max(left.maxBucket, right.maxBucket),
    maxDiff: Math.max(left.maxDiff, right.maxDiff),
    samples: left.samples + right.samples,
    fromMs: Math.min(left.fromMs, right.fromMs),
    toMs: Math.max(left.toMs, right.toMs),
  });
}
