import type { NativeHistogram } from '../../model/native-histogram.ts';
import { goNumber } from '../../promql/index.ts';

/** Buckets that are written out, gaps between them included; more are cut. */
const MAX_BUCKETS = 1000;

/** A histogram in the notation of input series, as promtool shows it; buckets without observations at the ends are left out. */
export function histogramText(histogram: NativeHistogram): string {
  const { schema, count, sum, zeroCount, zeroThreshold, counterReset, customBounds } = histogram;
  const parts: string[] = [];
  if (schema !== 0) parts.push(`schema:${schema}`);
  if (count !== 0) parts.push(`count:${goNumber(count)}`);
  if (sum !== 0) parts.push(`sum:${goNumber(sum)}`);
  if (zeroCount !== 0) parts.push(`z_bucket:${goNumber(zeroCount)}`);
  if (zeroThreshold !== 0) parts.push(`z_bucket_w:${goNumber(zeroThreshold)}`);
  if (customBounds.length > 0) parts.push(`custom_values:[${customBounds.map(goNumber).join(' ')}]`);
  if (counterReset !== 'unknown') parts.push(`counter_reset_hint:${counterReset}`);
  parts.push(...sideText(histogram.positiveIndexes, histogram.positiveCounts, ['offset', 'buckets']));
  parts.push(...sideText(histogram.negativeIndexes, histogram.negativeCounts, ['n_offset', 'n_buckets']));
  return `{{${parts.join(' ')}}}`;
}

function sideText(
  indexes: readonly number[],
  counts: readonly number[],
  [offset, buckets]: readonly [string, string],
): string[] {
  const filled = new Map(indexes.map((index, i) => [index, counts[i]!]));
  for (const [index, count] of filled) if (count === 0) filled.delete(index);
  if (filled.size === 0) return [];
  const [first, last] = [Math.min(...filled.keys()), Math.max(...filled.keys())];
  const length = Math.min(last - first + 1, MAX_BUCKETS);
  const list = Array.from({ length }, (_, i) => goNumber(filled.get(first + i) ?? 0));
  return [...(first === 0 ? [] : [`${offset}:${first}`]), `${buckets}:[${list.join(' ')}]`];
}
