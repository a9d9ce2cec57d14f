/**
 * A quantile of values, interpolated linearly between neighbours. Below 0 it is -Inf, above 1 +Inf, of nothing or for NaN it is NaN.
 *
 * @param sorted as `Float64Array.prototype.sort` leaves them: ascending, NaNs at the end. They count as smaller than everything else.
 */
export function quantileOfSorted(quantile: number, sorted: Float64Array): number {
  const count = sorted.length;
  if (count === 0 || Number.isNaN(quantile)) return Number.NaN;
  if (quantile < 0) return Number.NEGATIVE_INFINITY;
  if (quantile > 1) return Number.POSITIVE_INFINITY;
  let nans = 0;
  while (nans < count && Number.isNaN(sorted[count - 1 - nans]!)) nans++;
  const rank = quantile * (count - 1);
  const lower = Math.floor(rank);
  const weight = rank - lower;
  const upper = Math.min(count - 1, lower + 1);
  // With the NaNs in front, index i is the number i - nans, and a NaN below that.
  const lowerValue = lower < nans ? Number.NaN : sorted[lower - nans]!;
  const upperValue = upper < nans ? Number.NaN : sorted[upper - nans]!;
  return lowerValue * (1 - weight) + upperValue * weight;
}
