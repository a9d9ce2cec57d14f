import type { ChartData, ChartSeries } from '../../components/time-series/index.ts';
import { seriesColour } from '../../components/time-series/index.ts';
import type { LabelSet, QueryData } from './prometheus.ts';
import { type Letter, letterIndex } from './query-rows.ts';
import { seriesText, shortNames } from './series-text.ts';

/** The answer of one query, as the chart wants it. */
export interface GraphAnswer {
  readonly letter: Letter;
  readonly expr: string;
  readonly data: QueryData;
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/** A line of the chart and what the legend tells of it. */
export interface GraphSeries extends ChartSeries {
  readonly letter: Letter;
  readonly metric: LabelSet;
  /** What tells it from its siblings. */
  readonly short: string;
  readonly last: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
}

export interface Graph extends ChartData {
  readonly series: readonly GraphSeries[];
  /** Series of native histograms: no line can be drawn for them. */
  readonly histograms: number;
  /** Series beyond those drawn. */
  readonly omitted: number;
  /** Values that are infinite and therefore gaps. */
  readonly infinite: number;
}

/** Lines in one chart; with more nothing could be told apart, and the page would become slow. */
export const mostLines = 500;

/** All visible answers over one axis. Moments without a value are gaps. */
export function graphOf(answers: readonly GraphAnswer[]): Graph {
  const axis = axisOf(answers);
  const times = Array.from({ length: axis.length }, (_, index) => axis.startMs + index * axis.stepMs);
  const series: GraphSeries[] = [];
  const seen = { histograms: 0, omitted: 0, infinite: 0 };
  const isOneEach = answers.every(({ data }) => data.resultType === 'matrix' && data.result.length <= 1);
  for (const answer of answers) {
    if (answer.data.resultType !== 'matrix') continue;
    const found = answer.data.result;
    const names = shortNames(found.map(({ metric }) => metric));
    found.forEach(({ metric, values, histograms }, index) => {
      if (histograms !== undefined && histograms.length > 0) seen.histograms += 1;
      if (values === undefined || values.length === 0) return;
      if (series.length >= mostLines) {
        seen.omitted += 1;
        return;
      }
      const column = columnOf(values, axis, seen);
      const position = isOneEach ? letterIndex(answer.letter) : series.length;
      series.push(
        lineOf(answer, {
          metric,
          short: names[index] ?? '',
          column,
          position,
          isAlone: answers.length === 1,
        }),
      );
    });
  }
  return { times, series, ...seen };
}

/** Moments of the chart: those of the answer that reaches furthest. */
interface Axis {
  readonly startMs: number;
  readonly stepMs: number;
  readonly length: number;
}

function axisOf(answers: readonly GraphAnswer[]): Axis {
  const base = answers.reduce<GraphAnswer | null>(
    (best, one) => (best === null || one.endMs > best.endMs ? one : best),
    null,
  );
  if (base === null) return { startMs: 0, stepMs: 1, length: 0 };
  const { startMs, endMs, stepMs } = base;
  return { startMs, stepMs, length: Math.floor((endMs - startMs) / stepMs) + 1 };
}

/** Values at the nearest moments of the axis: two queries that ran a few seconds apart are still lines over one axis. */
function columnOf(
  values: readonly (readonly [number, string])[],
  { startMs, stepMs, length }: Axis,
  seen: { infinite: number },
): (number | null)[] {
  const column = new Array<number | null>(length).fill(null);
  for (const [seconds, text] of values) {
    const index = Math.round((seconds * 1000 - startMs) / stepMs);
    if (index < 0 || index >= length) continue;
    const value = parseValue(text);
    if (Number.isFinite(value)) column[index] = value;
    else if (!Number.isNaN(value)) seen.infinite += 1;
  }
  return column;
}

/** A value as the API writes it: `NaN`, `+Inf` and `-Inf` besides numbers. */
export function parseValue(text: string): number {
  if (text === '+Inf' || text === 'Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  return Number(text);
}

function lineOf(
  answer: GraphAnswer,
  line: { metric: LabelSet; short: string; column: (number | null)[]; position: number; isAlone: boolean },
): GraphSeries {
  const { metric, column, position } = line;
  const text = Object.keys(metric).length === 0 ? answer.expr : seriesText(metric);
  return {
    ...figuresOf(column),
    letter: answer.letter,
    metric,
    // The letter makes the names of two queries for the same thing different.
    label: line.isAlone ? text : `${answer.letter}: ${text}`,
    short: line.short || text,
    values: column,
    colour: seriesColour(position),
  };
}

function figuresOf(column: readonly (number | null)[]): Pick<GraphSeries, 'last' | 'min' | 'max' | 'mean'> {
  let [last, min, max]: (number | null)[] = [null, null, null];
  let sum = 0;
  let count = 0;
  for (const value of column) {
    if (value === null) continue;
    last = value;
    if (min === null || min === undefined || value < min) min = value;
    if (max === null || max === undefined || value > max) max = value;
    sum += value;
    count += 1;
  }
  return { last: last ?? null, min: min ?? null, max: max ?? null, mean: count === 0 ? null : sum / count };
}
