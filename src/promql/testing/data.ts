import { type Labels, METRIC_NAME } from '../../model/labels.ts';
import { CUSTOM_BOUNDS_SCHEMA, type NativeHistogram } from '../../model/native-histogram.ts';
import { type SeriesSamples, setStale, wordsOf } from '../../model/samples.ts';
import { detectReset } from '../histogram/index.ts';
import type { ScriptPoint } from './points.ts';
import { readNumber } from './reader.ts';
import type { LoadCommand, ScriptSeries } from './script.ts';

interface Stored {
  readonly labels: Labels;
  readonly points: Map<number, ScriptPoint>;
}

/** What the `load` commands since the last `clear` have stored. */
export class ScriptData {
  readonly #series = new Map<string, Stored>();

  clear(): void {
    this.#series.clear();
  }

  load(command: LoadCommand): void {
    for (const series of command.series) this.#add(series, command.stepMs);
    if (!command.foldsClassic) return;
    for (const series of foldClassic(command.series)) this.#add(series, command.stepMs);
  }

  #add({ labels, points }: ScriptSeries, stepMs: number): void {
    const stored = this.#series.get(labels.key) ?? { labels, points: new Map<number, ScriptPoint>() };
    this.#series.set(labels.key, stored);
    points.forEach((point, i) => {
      if (point !== undefined) stored.points.set(i * stepMs, point);
    });
  }

  /** All series, for an engine's source. */
  series(): SeriesSamples[] {
    return [...this.#series.values()].filter(({ points }) => points.size > 0).map(columnsOf);
  }
}

function columnsOf({ labels, points }: Stored): SeriesSamples {
  const times = [...points.keys()].sort((a, b) => a - b);
  const values = new Float64Array(times.length).fill(Number.NaN);
  const words = wordsOf(values);
  const histograms: (NativeHistogram | undefined)[] = [];
  let previous: NativeHistogram | undefined;
  times.forEach((timeMs, i) => {
    const point = points.get(timeMs)!;
    if (point.kind === 'float') values[i] = point.value;
    if (point.kind === 'stale') setStale(words, i);
    histograms.push(point.kind === 'histogram' ? withStoredHint(point.histogram, previous) : undefined);
    previous = point.kind === 'histogram' ? point.histogram : undefined;
  });
  const hasHistograms = histograms.some((histogram) => histogram !== undefined);
  return {
    labels,
    timesMs: Float64Array.from(times),
    values,
    histograms: hasHistograms ? histograms : undefined,
  };
}

/**
 * The hint that Prometheus's storage gives back and on which expected values rest: "unknown" at the beginning of a run of counter
 * histograms, then "reset" or "not reset" by what the counts say, whatever was written; only a written reset is honoured always.
 */
function withStoredHint(histogram: NativeHistogram, previous: NativeHistogram | undefined): NativeHistogram {
  if (histogram.counterReset === 'gauge' || histogram.counterReset === 'reset') return histogram;
  const unmarked: NativeHistogram = { ...histogram, counterReset: 'unknown' };
  if (previous === undefined || previous.counterReset === 'gauge') return unmarked;
  return { ...histogram, counterReset: detectReset(previous, unmarked) ? 'reset' : 'not_reset' };
}

interface Folded {
  readonly labels: Labels;
  readonly moments: Map<number, { readonly buckets: Map<number, number>; count?: number; sum?: number }>;
}

/** Native histograms with custom buckets from the series `x_bucket`, `x_count`, `x_sum`, under the name `x` and without `le`. */
function foldClassic(series: readonly ScriptSeries[]): ScriptSeries[] {
  const groups = new Map<string, Folded>();
  for (const { labels, points } of series) {
    const [, name, part] = /^(.*)_(bucket|count|sum)$/.exec(labels.metric) ?? [];
    const bound = readNumber(labels.get('le')) ?? Number.NaN;
    if (name === undefined || (part === 'bucket' && Number.isNaN(bound))) continue;
    const folded = labels.without(new Set(['le'])).with(METRIC_NAME, name);
    const group = groups.get(folded.key) ?? { labels: folded, moments: new Map() };
    groups.set(folded.key, group);
    points.forEach((point, i) => {
      if (point?.kind !== 'float') return;
      const moment = group.moments.get(i) ?? { buckets: new Map<number, number>() };
      group.moments.set(i, moment);
      if (part === 'bucket') moment.buckets.set(bound, point.value);
      else if (part === 'count') moment.count = point.value;
      else moment.sum = point.value;
    });
  }
  return [...groups.values()].map(({ labels, moments }) => {
    const points: (ScriptPoint | undefined)[] = [];
    for (const [i, moment] of moments) points[i] = fromMoment(moment);
    return { labels, points: Array.from(points) };
  });
}

function fromMoment(moment: {
  buckets: Map<number, number>;
  count?: number | undefined;
  sum?: number | undefined;
}): ScriptPoint {
  const bounds = [...moment.buckets.keys()].filter((bound) => bound !== Number.POSITIVE_INFINITY);
  bounds.sort((a, b) => a - b);
  const last = bounds.length === 0 ? 0 : moment.buckets.get(bounds.at(-1)!)!;
  const count = moment.count ?? moment.buckets.get(Number.POSITIVE_INFINITY) ?? last;
  const positiveIndexes: number[] = [];
  const positiveCounts: number[] = [];
  let below = 0;
  for (const [i, cumulative] of [...bounds.map((bound) => moment.buckets.get(bound)!), count].entries()) {
    if (cumulative !== below) {
      positiveIndexes.push(i);
      positiveCounts.push(cumulative - below);
    }
    below = cumulative;
  }
  const histogram: NativeHistogram = {
    schema: CUSTOM_BOUNDS_SCHEMA,
    zeroThreshold: 0,
    zeroCount: 0,
    count,
    sum: moment.sum ?? 0,
    positiveIndexes,
    positiveCounts,
    negativeIndexes: [],
    negativeCounts: [],
    customBounds: bounds,
    counterReset: 'unknown',
  };
  return { kind: 'histogram', histogram, hasHint: false };
}
