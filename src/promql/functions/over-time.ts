import { informOfIgnoredHistograms, warnOfInvalidQuantile, warnOfMixedRange } from './annotations.ts';
import { nextCarry } from './compensated.ts';
import { type CallContext, defineFunction, type RangeFunction, type RangeWindow } from './define.ts';
import { quantileOfSorted } from './quantile.ts';
import { histogramAvg, histogramSum, type RangeHook } from './range-histograms.ts';

function rangeFunction(
  name: string,
  help: string,
  evaluate: RangeFunction['evaluate'],
  traits: Pick<RangeFunction, 'isExperimental' | 'keepsName'> = {},
): RangeFunction {
  return defineFunction({
    kind: 'range',
    name,
    argTypes: ['matrix'],
    variadic: 0,
    returns: 'vector',
    ...traits,
    help,
    evaluate,
  });
}

/** A function of the floats alone: ranges of histograms give nothing, histograms among floats are left out with an info. */
function ofFloats(
  name: string,
  help: string,
  compute: (window: RangeWindow) => number,
  isExperimental = false,
): RangeFunction {
  const evaluate = (window: RangeWindow, _numbers: readonly number[], context: CallContext) => {
    if (window.floatTo === window.floatFrom) return undefined;
    if (window.histogramTo > window.histogramFrom) informOfIgnoredHistograms(context);
    return compute(window);
  };
  return rangeFunction(name, help, evaluate, { isExperimental });
}

/** A function of floats or of histograms: a mix of both gives nothing but a warning. */
function ofOneKind(
  name: string,
  help: string,
  compute: (window: RangeWindow) => number,
  hook: RangeHook,
): RangeFunction {
  return rangeFunction(name, help, (window, numbers, context) => {
    const hasFloats = window.floatTo > window.floatFrom;
    if (window.histogramTo === window.histogramFrom) return hasFloats ? compute(window) : undefined;
    if (!hasFloats) return hook(window, numbers, context);
    warnOfMixedRange(context);
    return undefined;
  });
}

function sum({ floats, floatFrom, floatTo }: RangeWindow): number {
  let sum = 0;
  let carry = 0;
  for (let i = floatFrom; i < floatTo; i++) {
    const value = floats[i]!;
    const total = sum + value;
    carry = nextCarry(carry, sum, value, total);
    sum = total;
  }
  return sum === Number.POSITIVE_INFINITY || sum === Number.NEGATIVE_INFINITY ? sum : sum + carry;
}

/** The sum by the count, as long as the sum does not overflow; from there on the mean of the means. */
function average(window: RangeWindow): number {
  const { floats, floatFrom, floatTo } = window;
  let sum = floats[floatFrom]!;
  let carry = 0;
  for (let i = floatFrom + 1; i < floatTo; i++) {
    const value = floats[i]!;
    const total = sum + value;
    if (total === Number.POSITIVE_INFINITY || total === Number.NEGATIVE_INFINITY)
      return incrementalAverage(window, i, sum, carry);
    carry = nextCarry(carry, sum, value, total);
    sum = total;
  }
  const count = floatTo - floatFrom;
  return sum / count + carry / count;
}

/** Goes on from index `from`, where the sum would overflow. `sum` and `carry` are those of the values before it. */
function incrementalAverage(window: RangeWindow, from: number, sum: number, carry: number): number {
  const { floats, floatFrom, floatTo } = window;
  let mean = sum / (from - floatFrom);
  let meanCarry = carry / (from - floatFrom);
  for (let i = from; i < floatTo; i++) {
    const count = i - floatFrom + 1;
    const share = (count - 1) / count;
    const term = floats[i]! / count;
    const scaled = share * mean;
    const total = scaled + term;
    meanCarry = nextCarry(share * meanCarry, scaled, term, total);
    mean = total;
  }
  return mean + meanCarry;
}

/** The population variance by Welford's method, compensated. */
function variance({ floats, floatFrom, floatTo }: RangeWindow): number {
  let mean = 0;
  let meanCarry = 0;
  let squares = 0;
  let squaresCarry = 0;
  for (let i = floatFrom; i < floatTo; i++) {
    const value = floats[i]!;
    const delta = value - (mean + meanCarry);
    const step = delta / (i - floatFrom + 1);
    const nextMean = mean + step;
    meanCarry = nextCarry(meanCarry, mean, step, nextMean);
    mean = nextMean;
    const square = delta * (value - (mean + meanCarry));
    const nextSquares = squares + square;
    squaresCarry = nextCarry(squaresCarry, squares, square, nextSquares);
    squares = nextSquares;
  }
  return (squares + squaresCarry) / (floatTo - floatFrom);
}

/** Index of the greatest value, of the first among equal ones; of a NaN only when there is nothing else. */
function indexOfMax({ floats, floatFrom, floatTo }: RangeWindow): number {
  let at = floatFrom;
  for (let i = floatFrom; i < floatTo; i++) if (floats[i]! > floats[at]! || Number.isNaN(floats[at]!)) at = i;
  return at;
}

function indexOfMin({ floats, floatFrom, floatTo }: RangeWindow): number {
  let at = floatFrom;
  for (let i = floatFrom; i < floatTo; i++) if (floats[i]! < floats[at]! || Number.isNaN(floats[at]!)) at = i;
  return at;
}

/** As {@link indexOfMax}, of the last among equal ones. */
function lastIndexOfMax({ floats, floatFrom, floatTo }: RangeWindow): number {
  let at = floatFrom;
  for (let i = floatFrom; i < floatTo; i++)
    if (floats[i]! >= floats[at]! || Number.isNaN(floats[at]!)) at = i;
  return at;
}

function lastIndexOfMin({ floats, floatFrom, floatTo }: RangeWindow): number {
  let at = floatFrom;
  for (let i = floatFrom; i < floatTo; i++)
    if (floats[i]! <= floats[at]! || Number.isNaN(floats[at]!)) at = i;
  return at;
}

/** Most values a scratch column keeps room for between calls; a longer range gets a column of its own. */
const MAX_KEPT = 65_536;
let kept = new Float64Array(256);

/** A column for `count` values whose contents nobody else needs until the next call. */
function scratch(count: number): Float64Array {
  if (count > MAX_KEPT) return new Float64Array(count);
  if (kept.length < count) kept = new Float64Array(Math.min(MAX_KEPT, 2 * count));
  return kept.subarray(0, count);
}

function sortedValues({ floats, floatFrom, floatTo }: RangeWindow): Float64Array {
  const values = scratch(floatTo - floatFrom);
  for (let i = floatFrom; i < floatTo; i++) values[i - floatFrom] = floats[i]!;
  return values.sort();
}

/** The median of the distances from the median; NaN as soon as one value is. */
function medianDeviation(window: RangeWindow): number {
  const values = sortedValues(window);
  if (Number.isNaN(values[values.length - 1]!)) return Number.NaN;
  const median = quantileOfSorted(0.5, values);
  for (let i = 0; i < values.length; i++) values[i] = Math.abs(values[i]! - median);
  return quantileOfSorted(0.5, values.sort());
}

const quantileOverTime = defineFunction({
  kind: 'range',
  name: 'quantile_over_time',
  argTypes: ['scalar', 'matrix'],
  variadic: 0,
  returns: 'vector',
  help: 'The quantile of the floats in the range, interpolated between neighbours.',
  evaluate: (window, numbers, context) => {
    if (window.floatTo === window.floatFrom) return undefined;
    const quantile = numbers[0]!;
    warnOfInvalidQuantile(quantile, 0, context);
    if (window.histogramTo > window.histogramFrom) informOfIgnoredHistograms(context);
    return quantileOfSorted(quantile, sortedValues(window));
  },
});

/** Whether the first sample of a window is a histogram; on equal times it is. */
function beginsWithHistogram(window: RangeWindow): boolean {
  if (window.histogramTo === window.histogramFrom) return false;
  if (window.floatTo === window.floatFrom) return true;
  return window.histogramTimesMs[window.histogramFrom]! <= window.floatTimesMs[window.floatFrom]!;
}

function endsWithHistogram(window: RangeWindow): boolean {
  if (window.histogramTo === window.histogramFrom) return false;
  if (window.floatTo === window.floatFrom) return true;
  return window.histogramTimesMs[window.histogramTo - 1]! >= window.floatTimesMs[window.floatTo - 1]!;
}

function sampleCount(window: RangeWindow): number {
  return window.floatTo - window.floatFrom + window.histogramTo - window.histogramFrom;
}

/** Functions of any samples, floats and histograms alike. */
const ofAnySamples: readonly RangeFunction[] = [
  rangeFunction('count_over_time', 'The number of samples in the range.', (window) =>
    sampleCount(window) === 0 ? undefined : sampleCount(window),
  ),
  rangeFunction('present_over_time', '1 for each series with a sample in the range.', (window) =>
    sampleCount(window) === 0 ? undefined : 1,
  ),
  rangeFunction(
    'last_over_time',
    'The last sample in the range.',
    (window) => {
      if (sampleCount(window) === 0) return undefined;
      return endsWithHistogram(window)
        ? window.histograms[window.histogramTo - 1]!
        : window.floats[window.floatTo - 1]!;
    },
    { keepsName: true },
  ),
  rangeFunction(
    'first_over_time',
    'The first sample in the range.',
    (window) => {
      if (sampleCount(window) === 0) return undefined;
      return beginsWithHistogram(window)
        ? window.histograms[window.histogramFrom]!
        : window.floats[window.floatFrom]!;
    },
    { keepsName: true },
  ),
  rangeFunction(
    'ts_of_last_over_time',
    'The time of the last sample in the range in seconds.',
    (window) => {
      if (sampleCount(window) === 0) return undefined;
      return endsWithHistogram(window)
        ? window.histogramTimesMs[window.histogramTo - 1]! / 1000
        : window.floatTimesMs[window.floatTo - 1]! / 1000;
    },
    { isExperimental: true },
  ),
  rangeFunction(
    'ts_of_first_over_time',
    'The time of the first sample in the range in seconds.',
    (window) => {
      if (sampleCount(window) === 0) return undefined;
      return beginsWithHistogram(window)
        ? window.histogramTimesMs[window.histogramFrom]! / 1000
        : window.floatTimesMs[window.floatFrom]! / 1000;
    },
    { isExperimental: true },
  ),
];

/** Summaries of the samples of each series over a range. */
export const overTimeFunctions: readonly RangeFunction[] = [
  ofOneKind('sum_over_time', 'The sum of the values in the range.', sum, (...args) => histogramSum(...args)),
  ofOneKind('avg_over_time', 'The average of the values in the range.', average, (...args) =>
    histogramAvg(...args),
  ),
  ofFloats('min_over_time', 'The smallest value in the range.', (w) => w.floats[indexOfMin(w)]!),
  ofFloats('max_over_time', 'The greatest value in the range.', (w) => w.floats[indexOfMax(w)]!),
  ofFloats(
    'ts_of_min_over_time',
    'The time in seconds of the last sample that has the smallest value in the range.',
    (w) => w.floatTimesMs[lastIndexOfMin(w)]! / 1000,
    true,
  ),
  ofFloats(
    'ts_of_max_over_time',
    'The time in seconds of the last sample that has the greatest value in the range.',
    (w) => w.floatTimesMs[lastIndexOfMax(w)]! / 1000,
    true,
  ),
  ofFloats('stddev_over_time', 'The population standard deviation of the values in the range.', (w) =>
    Math.sqrt(variance(w)),
  ),
  ofFloats('stdvar_over_time', 'The population variance of the values in the range.', variance),
  ofFloats(
    'mad_over_time',
    'The median absolute deviation of the values in the range.',
    medianDeviation,
    true,
  ),
  quantileOverTime,
  ...ofAnySamples,
];
