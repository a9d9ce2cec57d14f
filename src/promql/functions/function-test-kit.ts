import { Labels } from '../../model/labels.ts';
import type { NativeHistogram } from '../../model/native-histogram.ts';
import type { CallContext, FunctionResult, RangeWindow, StepSample } from './define.ts';
import { functionNamed } from './index.ts';

/** For tests: a context that keeps what is annotated, as `level text @position`. */
export interface RecordingContext extends CallContext {
  readonly notes: string[];
}

/** @param about what differs from an instant query at 0 of the metric `m_total`. */
export function contextOf(about: Partial<CallContext> = {}): RecordingContext {
  const notes: string[] = [];
  return {
    evalMs: 0,
    startMs: 0,
    endMs: 0,
    stepMs: 0,
    pos: { start: 0, end: 9 },
    argPos: [
      { start: 5, end: 6 },
      { start: 7, end: 8 },
    ],
    metric: 'm_total',
    annotate: {
      warn: (message, pos) => notes.push(`${message} @${pos.start}`),
      info: (message, pos) => notes.push(`${message} @${pos.start}`),
    },
    notes,
    ...about,
  };
}

/** A histogram of no consequence but its sum. */
export function histogramOf(sum: number): NativeHistogram {
  return {
    schema: 0,
    zeroThreshold: 0,
    zeroCount: 0,
    count: 1,
    sum,
    positiveIndexes: [],
    positiveCounts: [],
    negativeIndexes: [],
    negativeCounts: [],
    customBounds: [],
    counterReset: 'unknown',
  };
}

interface WindowParts {
  readonly startS: number;
  readonly endS: number;
  /** Time in seconds and value. */
  readonly floats?: readonly (readonly [number, number])[];
  /** Time in seconds and sum. */
  readonly histograms?: readonly (readonly [number, number])[];
  readonly extension?: RangeWindow['extension'];
}

/** A window of samples; its columns have a float too many on each side, which functions must not look at. */
export function windowOf({
  startS,
  endS,
  floats = [],
  histograms = [],
  extension,
}: WindowParts): RangeWindow {
  const stray: readonly [number, number] = [-1e6, 12_345];
  const column = [stray, ...floats, stray];
  return {
    floatTimesMs: Float64Array.from(column, ([timeS]) => timeS * 1000),
    floats: Float64Array.from(column, ([, value]) => value),
    floatFrom: 1,
    floatTo: 1 + floats.length,
    histogramTimesMs: histograms.map(([timeS]) => timeS * 1000),
    histograms: histograms.map(([, sum]) => histogramOf(sum)),
    histogramFrom: 0,
    histogramTo: histograms.length,
    rangeStartMs: startS * 1000,
    rangeEndMs: endS * 1000,
    extension,
  };
}

/** Values every ten seconds from 10 s on, in a range that ends with the last one. */
export function valuesOf(...values: readonly number[]): RangeWindow {
  const floats = values.map((value, i) => [10 * (i + 1), value] as const);
  return windowOf({ startS: 0, endS: 10 * values.length, floats });
}

export function callRange(
  name: string,
  window: RangeWindow,
  numbers: readonly number[] = [],
  context: CallContext = contextOf(),
): FunctionResult {
  const definition = functionNamed(name);
  if (definition?.kind !== 'range') throw new Error(`${name} is no range function`);
  return definition.evaluate(window, numbers, context);
}

export function callSample(name: string, value: number, ...numbers: readonly number[]): FunctionResult {
  const definition = functionNamed(name);
  if (definition?.kind !== 'sample') throw new Error(`${name} is no function of samples`);
  return definition.evaluate(sampleOf({}, value), numbers, contextOf());
}

export function sampleOf(labels: Readonly<Record<string, string>>, value: number): StepSample {
  return { labels: Labels.fromObject(labels), dropsName: false, value, histogram: undefined };
}

interface VectorArgs {
  readonly samples?: readonly StepSample[];
  readonly numbers?: readonly number[];
  readonly strings?: readonly string[];
}

export function callVector(
  name: string,
  { samples = [], numbers = [], strings = [] }: VectorArgs,
  context: CallContext = contextOf(),
): readonly StepSample[] {
  const definition = functionNamed(name);
  if (definition?.kind !== 'vector') throw new Error(`${name} is no function of vectors`);
  return definition.evaluate({ vectors: [samples], numbers, strings }, context);
}
