import type { NativeHistogram } from '../../model/native-histogram.ts';
import { defineFunction, type RangeFunction, type RangeWindow } from './define.ts';
import { anchorIndex } from './extended-rate.ts';
import { areHistogramsEqual, isHistogramReset } from './range-histograms.ts';

/** What counts between two successive samples of the same kind; a change of the kind always counts. */
interface Transition {
  readonly ofFloats: (current: number, previous: number) => boolean;
  readonly ofHistograms: (current: NativeHistogram, previous: NativeHistogram) => boolean;
}

/** Where counting starts: with `anchored` at the last sample at or before the range's start. Undefined when the range is empty. */
function startOf(
  window: RangeWindow,
  timesMs: Float64Array | readonly number[],
  from: number,
  to: number,
): number | undefined {
  if (window.extension === undefined) return to > from ? from : undefined;
  return anchorIndex(timesMs, from, to, window.rangeStartMs);
}

function countFloats(window: RangeWindow, start: number, counts: Transition['ofFloats']): number {
  const { floats, floatTo } = window;
  let count = 0;
  let previous = floats[start]!;
  for (let i = start + 1; i < floatTo; i++) {
    const value = floats[i]!;
    if (counts(value, previous)) count++;
    previous = value;
  }
  return count;
}

/** Goes through both columns in order of time. */
function countMixed(window: RangeWindow, float: number, histogram: number, transition: Transition): number {
  const { floats, floatTimesMs, floatTo, histograms, histogramTimesMs, histogramTo } = window;
  let i = float;
  let j = histogram;
  let count = 0;
  let previousValue = 0;
  let previousHistogram: NativeHistogram | undefined;
  for (let seen = 0; i < floatTo || j < histogramTo; seen++) {
    const takesFloat = j >= histogramTo || (i < floatTo && floatTimesMs[i]! < histogramTimesMs[j]!);
    const value = takesFloat ? floats[i++]! : Number.NaN;
    const current = takesFloat ? undefined : histograms[j++]!;
    if (seen > 0) {
      if (current === undefined && previousHistogram === undefined)
        count += transition.ofFloats(value, previousValue) ? 1 : 0;
      else if (current === undefined || previousHistogram === undefined) count++;
      else count += transition.ofHistograms(current, previousHistogram) ? 1 : 0;
    }
    previousValue = value;
    previousHistogram = current;
  }
  return count;
}

function transitionFunction(name: string, help: string, transition: Transition): RangeFunction {
  return defineFunction({
    kind: 'range',
    name,
    argTypes: ['matrix'],
    variadic: 0,
    returns: 'vector',
    help,
    evaluate: (window) => {
      const float = startOf(window, window.floatTimesMs, window.floatFrom, window.floatTo);
      if (window.histogramTo === window.histogramFrom)
        return float === undefined ? undefined : countFloats(window, float, transition.ofFloats);
      const { histogramTimesMs, histogramFrom, histogramTo } = window;
      const histogram = startOf(window, histogramTimesMs, histogramFrom, histogramTo);
      if (float === undefined && histogram === undefined) return undefined;
      return countMixed(window, float ?? window.floatTo, histogram ?? histogramTo, transition);
    },
  });
}

/** Counts of what happens between the samples of a range. */
export const changeFunctions: readonly RangeFunction[] = [
  transitionFunction('changes', 'How often the value has changed within the range.', {
    ofFloats: (current, previous) =>
      current !== previous && !(Number.isNaN(current) && Number.isNaN(previous)),
    ofHistograms: (current, previous) => !areHistogramsEqual(current, previous),
  }),
  transitionFunction('resets', 'How often a counter was reset within the range.', {
    ofFloats: (current, previous) => current < previous,
    ofHistograms: (current, previous) => isHistogramReset(current, previous),
  }),
];
