import { quoted } from '../../model/labels.ts';
import type { NativeHistogram } from '../../model/native-histogram.ts';
import {
  addHistograms,
  asGauge,
  detectReset,
  divideHistogram,
  HistogramTotal,
  hasCustomBounds,
  histogramsEqual,
  reduceResolution,
  scaleHistogram,
  subtractHistograms,
} from '../histogram/index.ts';
import { INFO, WARNING } from './annotations.ts';
import type { CallContext, FunctionResult, RangeWindow } from './define.ts';

/** The histogram branch of a range function: for windows that hold histograms and no floats, unless it says otherwise. */
export type RangeHook = (
  window: RangeWindow,
  numbers: readonly number[],
  context: CallContext,
) => FunctionResult;

/** Whether a counter was reset between two successive histogram samples. */
export function isHistogramReset(current: NativeHistogram, previous: NativeHistogram): boolean {
  return detectReset(previous, current);
}

/** Whether two histograms are the same but for the counter reset hint. */
export function areHistogramsEqual(a: NativeHistogram, b: NativeHistogram): boolean {
  return histogramsEqual(a, b);
}

function warn(context: CallContext, text: string): void {
  context.annotate.warn(`${WARNING}${text}`, context.argPos[0] ?? context.pos);
}

function warnOfGauge(context: CallContext): void {
  warn(context, `this native histogram metric is not a counter: ${quoted(context.metric)}`);
}

function warnOfCounter(context: CallContext): void {
  warn(context, `this native histogram metric is not a gauge: ${quoted(context.metric)}`);
}

function warnOfMixedSchemas(context: CallContext): void {
  warn(
    context,
    `vector contains a mix of histograms with exponential and custom buckets schemas for metric name ${quoted(context.metric)}`,
  );
}

function informOfReconciledBounds(context: CallContext, operation: string): void {
  context.annotate.info(
    `${INFO}mismatched custom buckets were reconciled during ${operation}`,
    context.argPos[0] ?? context.pos,
  );
}

/** The other histogram with custom or exponential buckets, but without observations. */
function emptyLike(histogram: NativeHistogram): NativeHistogram {
  return {
    schema: histogram.schema,
    zeroThreshold: 0,
    zeroCount: 0,
    count: 0,
    sum: 0,
    positiveIndexes: [],
    positiveCounts: [],
    negativeIndexes: [],
    negativeCounts: [],
    customBounds: histogram.customBounds,
    counterReset: 'unknown',
  };
}

/** Adds or subtracts histograms known to have the same kind of buckets. */
function combined(
  a: NativeHistogram,
  b: NativeHistogram,
  operation: 'addition' | 'subtraction',
  context: CallContext,
): NativeHistogram | undefined {
  const outcome = operation === 'addition' ? addHistograms(a, b) : subtractHistograms(a, b);
  if (outcome.kind === 'incompatible') {
    warnOfMixedSchemas(context);
    return undefined;
  }
  // Colliding hints do not matter here: resets are looked at one by one.
  if (outcome.hasReconciledBounds) informOfReconciledBounds(context, operation);
  return outcome.histogram;
}

/** The last sample less the first one, and what resets in between have hidden. At least two samples. */
function changeOf(
  samples: readonly NativeHistogram[],
  isCounter: boolean,
  context: CallContext,
): NativeHistogram | undefined {
  let first = samples[0]!;
  const last = samples.at(-1)!;
  const gauges = samples.filter(({ counterReset }) => counterReset === 'gauge').length;
  if (isCounter && gauges > 0) warnOfGauge(context);
  // After a reset the first sample is not needed, and so its bucket layout must not matter.
  if (isCounter && detectReset(first, samples[1]!)) first = emptyLike(samples[1]!);
  const isCustom = hasCustomBounds(first);
  const relevant = isCounter ? samples.slice(1) : [last];
  if (relevant.some((sample) => hasCustomBounds(sample) !== isCustom)) {
    warnOfMixedSchemas(context);
    return undefined;
  }
  const schema = Math.min(first.schema, ...relevant.map((sample) => sample.schema));
  let change = combined(reduceResolution(last, schema), first, 'subtraction', context);
  if (!isCounter) {
    if (samples[0]!.counterReset !== 'gauge' || last.counterReset !== 'gauge') warnOfCounter(context);
    return change;
  }
  let previous = first;
  for (const sample of relevant) {
    if (change !== undefined && detectReset(previous, sample)) {
      change = combined(change, previous, 'addition', context);
    }
    previous = sample;
  }
  return change;
}

/** A series that ends further from the range's edge than this many average intervals is taken to start or end there. */
const EDGE_INTERVALS = 1.1;

/** By what the change between the first and last sample is multiplied to cover the range, as for floats. */
function extrapolation(window: RangeWindow, change: NativeHistogram, isCounter: boolean): number {
  const { histogramTimesMs, histogramFrom, histogramTo, histograms } = window;
  const firstMs = histogramTimesMs[histogramFrom]!;
  const lastMs = histogramTimesMs[histogramTo - 1]!;
  const sampledS = (lastMs - firstMs) / 1000;
  const intervalS = sampledS / (histogramTo - 1 - histogramFrom);
  let startS = (firstMs - window.rangeStartMs) / 1000;
  let endS = (window.rangeEndMs - lastMs) / 1000;
  if (startS >= intervalS * EDGE_INTERVALS) startS = intervalS / 2;
  const firstCount = histograms[histogramFrom]!.count;
  if (isCounter && change.count > 0 && firstCount >= 0) {
    // A counter cannot have been below zero.
    startS = Math.min(startS, sampledS * (firstCount / change.count));
  }
  if (endS >= intervalS * EDGE_INTERVALS) endS = intervalS / 2;
  return (sampledS + startS + endS) / sampledS;
}

function changeOverRange(
  window: RangeWindow,
  context: CallContext,
  kind: { readonly isCounter: boolean; readonly isPerSecond: boolean },
): FunctionResult {
  if (window.extension !== undefined) return undefined;
  const samples = window.histograms.slice(window.histogramFrom, window.histogramTo);
  if (samples.length < 2) return undefined;
  const change = changeOf(samples, kind.isCounter, context);
  if (change === undefined) return undefined;
  let factor = extrapolation(window, change, kind.isCounter);
  if (kind.isPerSecond) factor /= (window.rangeEndMs - window.rangeStartMs) / 1000;
  return asGauge(scaleHistogram(change, factor));
}

export const histogramRate: RangeHook = (window, _numbers, context) =>
  changeOverRange(window, context, { isCounter: true, isPerSecond: true });

export const histogramIncrease: RangeHook = (window, _numbers, context) =>
  changeOverRange(window, context, { isCounter: true, isPerSecond: false });

export const histogramDelta: RangeHook = (window, _numbers, context) =>
  changeOverRange(window, context, { isCounter: false, isPerSecond: false });

function changeOfLastTwo(window: RangeWindow, context: CallContext, isRate: boolean): FunctionResult {
  const { histogramTimesMs, histograms, histogramTo } = window;
  const last = histograms[histogramTo - 1]!;
  const previous = histograms[histogramTo - 2]!;
  const hasGauge = last.counterReset === 'gauge' || previous.counterReset === 'gauge';
  const hasCounter = last.counterReset !== 'gauge' || previous.counterReset !== 'gauge';
  if (isRate && hasGauge) warnOfGauge(context);
  if (!isRate && hasCounter) warnOfCounter(context);
  // After a reset the counter began at zero, so its value is what it has grown by.
  const change =
    isRate && detectReset(previous, last) ? last : combined(last, previous, 'subtraction', context);
  if (change === undefined) return undefined;
  const intervalMs = histogramTimesMs[histogramTo - 1]! - histogramTimesMs[histogramTo - 2]!;
  return asGauge(isRate ? divideHistogram(change, intervalMs / 1000) : change);
}

/** The last two samples are histograms; earlier ones may be floats. */
export const histogramIrate: RangeHook = (window, _numbers, context) =>
  changeOfLastTwo(window, context, true);

/** The last two samples are histograms; earlier ones may be floats. */
export const histogramIdelta: RangeHook = (window, _numbers, context) =>
  changeOfLastTwo(window, context, false);

function totalOf(window: RangeWindow, context: CallContext): HistogramTotal {
  const total = new HistogramTotal();
  for (let i = window.histogramFrom; i < window.histogramTo; i++) total.add(window.histograms[i]!);
  if (total.isIncompatible) warnOfMixedSchemas(context);
  if (total.hasResetCollision) warn(context, 'conflicting counter resets during histogram aggregation');
  if (total.hasReconciledBounds) informOfReconciledBounds(context, 'aggregation');
  return total;
}

export const histogramSum: RangeHook = (window, _numbers, context) => totalOf(window, context).total();

export const histogramAvg: RangeHook = (window, _numbers, context) => totalOf(window, context).mean();
