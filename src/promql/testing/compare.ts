import type { Labels } from '../../model/labels.ts';
import type { NativeHistogram } from '../../model/native-histogram.ts';
import type { SeriesSamples } from '../../model/samples.ts';
import type { QueryResult, QueryValue } from '../engine-types.ts';
import { compactHistogram, describeHistogram } from '../histogram/index.ts';
import type { ScriptPoint } from './points.ts';
import type { EvalCommand, Expectation, ScriptSeries, Steps } from './script.ts';

const EPSILON = 1e-6;
const SMALLEST_NORMAL = 2.2250738585072014e-308;

/** Equal up to a millionth, as promqltest compares: both NaN, identical, or close. */
export function isNearlyEqual(a: number, b: number): boolean {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b);
  if (a === b) return true;
  const difference = Math.abs(a - b);
  const size = Math.abs(a) + Math.abs(b);
  if (a === 0 || b === 0 || size < SMALLEST_NORMAL) return difference < EPSILON * SMALLEST_NORMAL;
  return difference / Math.min(size, Number.MAX_VALUE) < EPSILON;
}

/** What differs between an evaluation's result and what its script expects; undefined: nothing. */
export function compareResult(command: EvalCommand, result: QueryResult): string | undefined {
  return compareAnnotations(command, result) ?? compareValue(command, result.value);
}

/** Compares the values only. */
export function compareValue(command: EvalCommand, value: QueryValue): string | undefined {
  switch (value.type) {
    case 'scalar':
      if (command.scalar === undefined) return `got the scalar ${value.value}, expected no scalar`;
      return isNearlyEqual(command.scalar, value.value)
        ? undefined
        : `got ${value.value}, expected ${command.scalar}`;
    case 'string':
      return command.string === value.value
        ? undefined
        : `got the string ${JSON.stringify(value.value)}, expected ${JSON.stringify(command.string)}`;
    case 'vector':
      return notASeries(command) ?? compareVector(command, value.samples);
    case 'matrix':
      return notASeries(command) ?? compareMatrix(command, value.series);
  }
}

function notASeries(command: EvalCommand): string | undefined {
  if (command.scalar !== undefined) return `got series, expected the scalar ${command.scalar}`;
  if (command.string !== undefined) return `got series, expected a string`;
  return undefined;
}

type VectorSamples = Extract<QueryValue, { type: 'vector' }>['samples'];

function compareVector(command: EvalCommand, samples: VectorSamples): string | undefined {
  if (command.isRange || command.rangeVector !== undefined) return 'got an instant vector';
  const isOrdered = command.expectations.some(({ type }) => type === 'ordered');
  const wanted = byKey(command.series);
  const order = [...wanted.keys()];
  const seen = new Set<string>();
  for (const [i, sample] of samples.entries()) {
    const key = sample.labels.key;
    const want = wanted.get(key);
    const got = showPoint(sample.value, sample.histogram);
    if (want === undefined) return `unexpected series ${sample.labels} ${got}`;
    if (seen.has(key)) return `series ${sample.labels} appears twice`;
    seen.add(key);
    if (isOrdered && order[i] !== key)
      return `series ${sample.labels} is at position ${i + 1}, expected ${order.indexOf(key) + 1}`;
    if (sample.timeMs !== command.steps.startMs) return `series ${sample.labels} is at ${sample.timeMs} ms`;
    const difference = comparePoint(want.points[0], sample.value, sample.histogram);
    if (difference !== undefined) return `${sample.labels}: ${difference}`;
  }
  return missing(wanted, seen);
}

function compareMatrix(command: EvalCommand, series: readonly SeriesSamples[]): string | undefined {
  const steps = command.isRange ? command.steps : command.rangeVector;
  if (steps === undefined) return 'got a range vector';
  const wanted = byKey(command.series);
  const seen = new Set<string>();
  let previous: Labels | undefined;
  for (const got of series) {
    const want = wanted.get(got.labels.key);
    if (want === undefined) return `unexpected series ${got.labels} ${showSeries(got)}`;
    if (seen.has(got.labels.key)) return `series ${got.labels} appears twice`;
    seen.add(got.labels.key);
    if (command.isRange && previous !== undefined && previous.compare(got.labels) > 0)
      return 'the series are not sorted by labels';
    previous = got.labels;
    const difference = compareSeries(want, got, steps);
    if (difference !== undefined) return `${got.labels}: ${difference}`;
  }
  return missing(wanted, seen);
}

function compareSeries(want: ScriptSeries, got: SeriesSamples, steps: Steps): string | undefined {
  const at = new Map<number, number>();
  for (const [i, timeMs] of got.timesMs.entries()) at.set(timeMs, i);
  let expected = 0;
  for (const [step, point] of want.points.entries()) {
    const timeMs = steps.startMs + step * steps.stepMs;
    if (point === undefined) continue;
    if (timeMs > steps.endMs) return 'the script expects more points than the range has';
    expected++;
    const i = at.get(timeMs);
    if (i === undefined) return `no point at ${timeMs / 1000} s, got ${showSeries(got)}`;
    const difference = comparePoint(point, got.values[i]!, got.histograms?.[i]);
    if (difference !== undefined) return `at ${timeMs / 1000} s: ${difference}`;
  }
  return expected === got.timesMs.length
    ? undefined
    : `${got.timesMs.length} points, expected ${expected}: ${showSeries(got)}`;
}

function byKey(series: readonly ScriptSeries[]): Map<string, ScriptSeries> {
  return new Map(series.map((one) => [one.labels.key, one]));
}

function missing(wanted: ReadonlyMap<string, ScriptSeries>, seen: ReadonlySet<string>): string | undefined {
  for (const [key, { labels }] of wanted) if (!seen.has(key)) return `missing series ${labels}`;
  return undefined;
}

function comparePoint(
  want: ScriptPoint | undefined,
  value: number,
  histogram: NativeHistogram | undefined,
): string | undefined {
  const isEqual =
    want?.kind === 'histogram'
      ? histogram !== undefined && areNearlyEqual(want.histogram, histogram, want.hasHint)
      : want?.kind === 'float' && histogram === undefined && isNearlyEqual(want.value, value);
  if (isEqual) return undefined;
  const expected =
    want?.kind === 'histogram'
      ? showHistogram(want.histogram)
      : want?.kind === 'float'
        ? want.value
        : 'nothing';
  return `got ${showPoint(value, histogram)}, expected ${expected}`;
}

function areNearlyEqual(want: NativeHistogram, got: NativeHistogram, comparesHint: boolean): boolean {
  const [a, b] = [compactHistogram(want), compactHistogram(got)];
  return (
    a.schema === b.schema &&
    a.zeroThreshold === b.zeroThreshold &&
    isNearlyEqual(a.count, b.count) &&
    isNearlyEqual(a.sum, b.sum) &&
    isNearlyEqual(a.zeroCount, b.zeroCount) &&
    areSame(a.positiveIndexes, b.positiveIndexes) &&
    areSame(a.negativeIndexes, b.negativeIndexes) &&
    areSame(a.customBounds, b.customBounds) &&
    a.positiveCounts.every((count, i) => isNearlyEqual(count, b.positiveCounts[i]!)) &&
    a.negativeCounts.every((count, i) => isNearlyEqual(count, b.negativeCounts[i]!)) &&
    (!comparesHint || a.counterReset === b.counterReset)
  );
}

function areSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

/** Checks the warnings and infos. */
export function compareAnnotations(
  command: EvalCommand,
  result: Pick<QueryResult, 'warnings' | 'infos'>,
): string | undefined {
  return (
    compareLevel(command, 'warn', 'no_warn', result.warnings) ??
    compareLevel(command, 'info', 'no_info', result.infos)
  );
}

function compareLevel(
  command: EvalCommand,
  wanted: 'warn' | 'info',
  unwanted: 'no_warn' | 'no_info',
  messages: readonly string[],
): string | undefined {
  if (command.expectations.some(({ type }) => type === unwanted) && messages.length > 0)
    return `unexpected ${wanted}: ${messages.join('; ')}`;
  const wants = command.expectations.filter(({ type }) => type === wanted);
  for (const want of wants) {
    if (!messages.some((message) => isMatch(want, message)))
      return `expected a ${wanted} ${want.text}, got ${JSON.stringify(messages)}`;
  }
  const other = messages.find((message) => !wants.some((want) => isMatch(want, message)));
  return wants.length > 0 && other !== undefined ? `unexpected ${wanted}: ${other}` : undefined;
}

function isMatch(want: Expectation, message: string): boolean {
  if (want.match === undefined) return true;
  return want.match === 'msg' ? message === want.text : new RegExp(want.text).test(message);
}

/** Checks the error of an evaluation that shall fail. The message may carry more than the text, such as a prefix. */
export function compareError(command: EvalCommand, message: string): string | undefined {
  for (const { type, match, text } of command.expectations) {
    if (type !== 'fail' || match === undefined) continue;
    const plain = text.replace(/^"(.*)"$/s, '$1');
    const isFound =
      match === 'regex' ? new RegExp(text).test(message) : message.includes(text) || message.includes(plain);
    if (!isFound) return `failed with ${JSON.stringify(message)}, expected ${JSON.stringify(text)}`;
  }
  return undefined;
}

function showPoint(value: number, histogram: NativeHistogram | undefined): string {
  return histogram === undefined ? String(value) : showHistogram(histogram);
}

function showHistogram(histogram: NativeHistogram): string {
  const { schema, zeroThreshold, customBounds, counterReset } = histogram;
  const bounds = customBounds.length === 0 ? '' : ` bounds [${customBounds.join(' ')}]`;
  return `${describeHistogram(histogram)} schema ${schema} zero threshold ${zeroThreshold}${bounds} ${counterReset}`;
}

function showSeries({ timesMs, values, histograms }: SeriesSamples): string {
  return [...timesMs.subarray(0, 20)]
    .map((timeMs, i) => `${showPoint(values[i]!, histograms?.[i])}@${timeMs / 1000}`)
    .join(' ');
}
