import { informOfPossibleNonCounter, warnOfMixedRange } from './annotations.ts';
import {
  type CallContext,
  defineFunction,
  type FunctionResult,
  type RangeFunction,
  type RangeWindow,
} from './define.ts';
import { extendedChange } from './extended-rate.ts';
import {
  histogramDelta,
  histogramIdelta,
  histogramIncrease,
  histogramIrate,
  histogramRate,
  type RangeHook,
} from './range-histograms.ts';

/** A series that ends further from the range's edge than this many average intervals is taken to start or end there. */
const EDGE_INTERVALS = 1.1;

/**
 * The change of a series over the range, extrapolated to its edges as far as samples are to be expected there. Undefined with fewer
 * than two samples. A counter's resets are made good, and it is not extrapolated below zero.
 *
 * @param perS what to divide the change by; done in Prometheus's order of operations, for the same last digits.
 */
function extrapolatedChange(window: RangeWindow, isCounter: boolean, perS: number): number | undefined {
  const { floats, floatTimesMs, floatFrom: from, floatTo: to } = window;
  const last = to - 1;
  if (last <= from) return undefined;
  const first = floats[from]!;
  let change = floats[last]! - first;
  if (isCounter) {
    let previous = first;
    for (let i = from + 1; i < to; i++) {
      const value = floats[i]!;
      if (value < previous) change += previous;
      previous = value;
    }
  }
  const sampledS = (floatTimesMs[last]! - floatTimesMs[from]!) / 1000;
  const intervalS = sampledS / (last - from);
  let startS = (floatTimesMs[from]! - window.rangeStartMs) / 1000;
  let endS = (window.rangeEndMs - floatTimesMs[last]!) / 1000;
  if (startS >= intervalS * EDGE_INTERVALS) startS = intervalS / 2;
  if (isCounter && change > 0 && first >= 0) {
    const sinceZeroS = sampledS * (first / change);
    if (sinceZeroS < startS) startS = sinceZeroS;
  }
  if (endS >= intervalS * EDGE_INTERVALS) endS = intervalS / 2;
  return change * ((sampledS + startS + endS) / sampledS / perS);
}

interface RateKind {
  readonly isCounter: boolean;
  readonly isPerSecond: boolean;
  readonly hook: RangeHook;
}

function changeOverRange(
  kind: RateKind,
  window: RangeWindow,
  numbers: readonly number[],
  context: CallContext,
): FunctionResult {
  if (window.histogramTo > window.histogramFrom) {
    if (window.floatTo === window.floatFrom) return kind.hook(window, numbers, context);
    warnOfMixedRange(context);
    return undefined;
  }
  const perS = kind.isPerSecond ? (window.rangeEndMs - window.rangeStartMs) / 1000 : 1;
  const change =
    window.extension === undefined
      ? extrapolatedChange(window, kind.isCounter, perS)
      : extendedChange(window, kind.isCounter, perS);
  if (change !== undefined && kind.isCounter) informOfPossibleNonCounter(context);
  return change;
}

/** How the last two samples of a window lie among floats and histograms. */
type LastTwo = 'too_few' | 'floats' | 'histograms' | 'mixed';

function lastTwo(window: RangeWindow): LastTwo {
  const floats = window.floatTo - window.floatFrom;
  const histograms = window.histogramTo - window.histogramFrom;
  if (floats + histograms < 2) return 'too_few';
  if (histograms === 0) return 'floats';
  if (floats === 0) return 'histograms';
  const lastFloatMs = window.floatTimesMs[window.floatTo - 1]!;
  const lastHistogramMs = window.histogramTimesMs[window.histogramTo - 1]!;
  if (floats > 1 && window.floatTimesMs[window.floatTo - 2]! > lastHistogramMs) return 'floats';
  if (histograms > 1 && window.histogramTimesMs[window.histogramTo - 2]! > lastFloatMs) return 'histograms';
  return 'mixed';
}

function changeOfLastTwo(
  kind: RateKind,
  window: RangeWindow,
  numbers: readonly number[],
  context: CallContext,
): FunctionResult {
  const pair = lastTwo(window);
  if (pair === 'too_few') return undefined;
  if (pair === 'histograms') return kind.hook(window, numbers, context);
  if (pair === 'mixed') {
    warnOfMixedRange(context);
    return undefined;
  }
  const { floats, floatTimesMs, floatTo } = window;
  const last = floats[floatTo - 1]!;
  const previous = floats[floatTo - 2]!;
  const intervalMs = floatTimesMs[floatTo - 1]! - floatTimesMs[floatTo - 2]!;
  if (intervalMs === 0) return undefined;
  // After a reset the counter began at zero, so its value is what it has grown by.
  const change = kind.isCounter && last < previous ? last : last - previous;
  return kind.isPerSecond ? change / (intervalMs / 1000) : change;
}

function rangeFunction(name: string, help: string, evaluate: RangeFunction['evaluate']): RangeFunction {
  return defineFunction({
    kind: 'range',
    name,
    argTypes: ['matrix'],
    variadic: 0,
    returns: 'vector',
    help,
    evaluate,
  });
}

function overRange(name: string, help: string, kind: RateKind): RangeFunction {
  return rangeFunction(name, help, (window, numbers, context) =>
    changeOverRange(kind, window, numbers, context),
  );
}

function ofLastTwo(name: string, help: string, kind: RateKind): RangeFunction {
  return rangeFunction(name, help, (window, numbers, context) =>
    changeOfLastTwo(kind, window, numbers, context),
  );
}

/** Changes of counters and gauges over a range. */
export const rateFunctions: readonly RangeFunction[] = [
  overRange('rate', 'How much a counter grows per second, on average over the range.', {
    isCounter: true,
    isPerSecond: true,
    hook: (window, numbers, context) => histogramRate(window, numbers, context),
  }),
  overRange('increase', 'How much a counter grows over the range, extrapolated to its edges.', {
    isCounter: true,
    isPerSecond: false,
    hook: (window, numbers, context) => histogramIncrease(window, numbers, context),
  }),
  overRange('delta', 'By how much a gauge differs between the ends of the range, extrapolated.', {
    isCounter: false,
    isPerSecond: false,
    hook: (window, numbers, context) => histogramDelta(window, numbers, context),
  }),
  ofLastTwo('irate', 'How much a counter grows per second between its last two samples.', {
    isCounter: true,
    isPerSecond: true,
    hook: (window, numbers, context) => histogramIrate(window, numbers, context),
  }),
  ofLastTwo('idelta', 'The difference of the last two samples of a gauge.', {
    isCounter: false,
    isPerSecond: false,
    hook: (window, numbers, context) => histogramIdelta(window, numbers, context),
  }),
];
