/**
 * The share of an exponential bucket that lies below `value`, if its observations are spread as they would fill the buckets of a finer
 * schema evenly: linear in the logarithm. Both bounds are positive, or both negative.
 */
export function exponentialFraction(lower: number, upper: number, value: number): number {
  const logLower = Math.log2(Math.abs(lower));
  const logUpper = Math.log2(Math.abs(upper));
  return (Math.log2(Math.abs(value)) - logLower) / (logUpper - logLower);
}

/** The value below which the share `fraction` of an exponential bucket lies; the inverse of {@link exponentialFraction}. */
export function exponentialValue(lower: number, upper: number, fraction: number): number {
  const logLower = Math.log2(Math.abs(lower));
  const logUpper = Math.log2(Math.abs(upper));
  const value = 2 ** (logLower + (logUpper - logLower) * fraction);
  return lower < 0 ? -value : value;
}
