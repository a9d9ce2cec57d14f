import type { NativeHistogram } from '../model/native-histogram.ts';
import { isStale, type SampleColumns, wordsOf } from '../model/samples.ts';
import type { Grid, GridSeries } from './evaluate-types.ts';
import type { RangeWindow } from './functions/define.ts';

/** Samples of one series without staleness markers, floats and histograms apart. */
export interface WindowColumns {
  readonly floatTimesMs: Float64Array;
  readonly floats: Float64Array;
  readonly histogramTimesMs: readonly number[];
  readonly histograms: readonly NativeHistogram[];
}

const NO_TIMES: readonly number[] = [];
const NO_HISTOGRAMS: readonly NativeHistogram[] = [];

/** Takes staleness markers out and histograms apart. The usual series has neither, and its columns are used as they are. */
export function windowColumns(columns: SampleColumns): WindowColumns {
  const { timesMs, values, histograms } = columns;
  if (histograms === undefined && !hasStale(values))
    return { floatTimesMs: timesMs, floats: values, histogramTimesMs: NO_TIMES, histograms: NO_HISTOGRAMS };
  const words = wordsOf(values);
  const floatTimesMs = new Float64Array(timesMs.length);
  const floats = new Float64Array(timesMs.length);
  const histogramTimesMs: number[] = [];
  const ownHistograms: NativeHistogram[] = [];
  let count = 0;
  for (let i = 0; i < timesMs.length; i++) {
    const histogram = histograms?.[i];
    if (histogram !== undefined) {
      histogramTimesMs.push(timesMs[i]!);
      ownHistograms.push(histogram);
    } else if (!isStale(words, i)) {
      floatTimesMs[count] = timesMs[i]!;
      floats[count++] = values[i]!;
    }
  }
  return {
    floatTimesMs: floatTimesMs.subarray(0, count),
    floats: floats.subarray(0, count),
    histogramTimesMs,
    histograms: ownHistograms,
  };
}

function hasStale(values: Float64Array): boolean {
  let words: Uint32Array | undefined;
  for (let i = 0; i < values.length; i++) {
    // Only a NaN can be a marker.
    if (!Number.isNaN(values[i]!)) continue;
    words ??= wordsOf(values);
    if (isStale(words, i)) return true;
  }
  return false;
}

/** The samples of a subquery's series. Their hints about counter resets do not hold between the moments of a subquery. */
export function subqueryColumns(series: GridSeries, grid: Grid): WindowColumns {
  const { values, present, histograms } = series;
  const floatTimesMs = new Float64Array(grid.steps);
  const floats = new Float64Array(grid.steps);
  const histogramTimesMs: number[] = [];
  const ownHistograms: NativeHistogram[] = [];
  let count = 0;
  for (let i = 0; i < grid.steps; i++) {
    if (present[i] === 0) continue;
    const timeMs = grid.startMs + i * grid.stepMs;
    const histogram = histograms?.[i];
    if (histogram !== undefined) {
      histogramTimesMs.push(timeMs);
      ownHistograms.push(withoutHint(histogram));
    } else {
      floatTimesMs[count] = timeMs;
      floats[count++] = values[i]!;
    }
  }
  return {
    floatTimesMs: floatTimesMs.subarray(0, count),
    floats: floats.subarray(0, count),
    histogramTimesMs,
    histograms: ownHistograms,
  };
}

function withoutHint(histogram: NativeHistogram): NativeHistogram {
  const { counterReset } = histogram;
  return counterReset === 'reset' || counterReset === 'not_reset'
    ? { ...histogram, counterReset: 'unknown' }
    : histogram;
}

/** Which samples each moment of a grid looks at. */
export interface WindowSpec {
  readonly rangeMs: number;
  readonly offsetMs: number;
  /** With `@`: the same range at every moment. */
  readonly fixedMs: number | undefined;
  readonly extension: 'anchored' | 'smoothed' | undefined;
  readonly lookbackMs: number;
}

/**
 * A window that slides over the samples of a series. With an extension it also holds the samples before the range within the lookback,
 * for `smoothed` those after it too.
 */
export class SlidingWindow implements RangeWindow {
  floatTimesMs: Float64Array = new Float64Array(0);
  floats: Float64Array = new Float64Array(0);
  floatFrom = 0;
  floatTo = 0;
  histogramTimesMs: readonly number[] = NO_TIMES;
  histograms: readonly NativeHistogram[] = NO_HISTOGRAMS;
  histogramFrom = 0;
  histogramTo = 0;
  rangeStartMs = 0;
  rangeEndMs = 0;
  readonly extension: WindowSpec['extension'];
  readonly #spec: WindowSpec;
  readonly #behindMs: number;
  readonly #aheadMs: number;

  constructor(spec: WindowSpec) {
    this.#spec = spec;
    this.extension = spec.extension;
    this.#behindMs = spec.extension === undefined ? 0 : spec.lookbackMs;
    this.#aheadMs = spec.extension === 'smoothed' ? spec.lookbackMs : 0;
  }

  /** Begins with another series. */
  reset(columns: WindowColumns): void {
    this.floatTimesMs = columns.floatTimesMs;
    this.floats = columns.floats;
    this.histogramTimesMs = columns.histogramTimesMs;
    this.histograms = columns.histograms;
    this.floatFrom = 0;
    this.floatTo = 0;
    this.histogramFrom = 0;
    this.histogramTo = 0;
  }

  /** Moves to a moment, which is not before the one it was moved to last. @returns how many samples it holds. */
  moveTo(evalMs: number): number {
    const spec = this.#spec;
    const endMs = (spec.fixedMs ?? evalMs) - spec.offsetMs;
    const startMs = endMs - spec.rangeMs;
    this.rangeEndMs = endMs;
    this.rangeStartMs = startMs;
    const afterMs = startMs - this.#behindMs;
    const untilMs = endMs + this.#aheadMs;
    const times = this.floatTimesMs;
    const count = times.length;
    let from = this.floatFrom;
    let to = this.floatTo;
    while (from < count && times[from]! <= afterMs) from++;
    if (to < from) to = from;
    while (to < count && times[to]! <= untilMs) to++;
    this.floatFrom = from;
    this.floatTo = to;
    if (this.histograms.length > 0) this.#moveHistograms(afterMs, untilMs);
    return to - from + this.histogramTo - this.histogramFrom;
  }

  #moveHistograms(afterMs: number, untilMs: number): void {
    const times = this.histogramTimesMs;
    let from = this.histogramFrom;
    let to = this.histogramTo;
    while (from < times.length && times[from]! <= afterMs) from++;
    if (to < from) to = from;
    while (to < times.length && times[to]! <= untilMs) to++;
    this.histogramFrom = from;
    this.histogramTo = to;
  }
}
