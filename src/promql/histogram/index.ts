export {
  addHistograms,
  asGauge,
  type CombineOutcome,
  combinedHint,
  divideHistogram,
  histogramsEqual,
  isResetCollision,
  negateHistogram,
  scaleHistogram,
  subtractHistograms,
} from './arithmetic.ts';
export {
  type Bucket,
  bucketsOf,
  customBound,
  describeHistogram,
  exponentialBound,
  hasCustomBounds,
} from './buckets.ts';
export { exponentialFraction, exponentialValue } from './interpolation.ts';
export { compactHistogram, reduceResolution } from './layout.ts';
export { detectReset } from './reset.ts';
export { HistogramTotal } from './total.ts';
export { trimHistogram } from './trim.ts';
