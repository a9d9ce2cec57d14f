import type { Labels } from '../model/labels.ts';
import type { NativeHistogram } from '../model/native-histogram.ts';
import type { SeriesSamples } from '../model/samples.ts';
import type { Expr, MatrixSelector, Subquery } from './ast.ts';
import { executionError } from './evaluate-budget.ts';
import { evaluateSubquery } from './evaluate-ranges.ts';
import { atMs, durationMs } from './evaluate-select.ts';
import type { EvalScope, Grid, GridSeries } from './evaluate-types.ts';
import { SlidingWindow, windowColumns } from './evaluate-windows.ts';

/** Evaluates a range vector on its own, at the only moment of the grid. */
export async function evaluateMatrix(node: Expr, scope: EvalScope): Promise<SeriesSamples[]> {
  if (node.kind === 'matrix_selector') return await rawSamples(node, scope);
  if (node.kind === 'subquery') return await subquerySamples(node, scope);
  throw new Error(`a ${node.kind} is no range vector`);
}

async function rawSamples(node: MatrixSelector, scope: EvalScope): Promise<SeriesSamples[]> {
  const { env, grid, plan } = scope;
  const { vector } = node;
  const window = new SlidingWindow({
    rangeMs: durationMs(node.range),
    offsetMs: durationMs(vector.offset),
    fixedMs: vector.at === undefined ? undefined : atMs(vector.at, env.query),
    extension: vector.extension,
    lookbackMs: env.options.lookbackMs,
  });
  const result: SeriesSamples[] = [];
  for (const series of env.selections.get(vector)?.series ?? []) {
    window.reset(windowColumns(series.read()));
    const count = window.moveTo(grid.startMs);
    if (env.budget.spend(count)) await env.budget.pause();
    if (count === 0) continue;
    const samples = window.extension === undefined ? within(window) : extended(window);
    plan.samplesRead += samples.length;
    env.budget.samplesRead += samples.length;
    env.budget.hold(samples.length, samples.length);
    if (samples.length > 0) result.push(columnsOf(series.labels, samples));
  }
  return result;
}

interface Sample {
  readonly timeMs: number;
  readonly value: number;
  readonly histogram: NativeHistogram | undefined;
}

function columnsOf(labels: Labels, samples: readonly Sample[]): SeriesSamples {
  const histograms = samples.map(({ histogram }) => histogram);
  return {
    labels,
    timesMs: Float64Array.from(samples, ({ timeMs }) => timeMs),
    values: Float64Array.from(samples, ({ value }) => value),
    histograms: histograms.some((histogram) => histogram !== undefined) ? histograms : undefined,
  };
}

function within(window: SlidingWindow): Sample[] {
  const samples: Sample[] = [];
  for (let i = window.floatFrom; i < window.floatTo; i++)
    samples.push({ timeMs: window.floatTimesMs[i]!, value: window.floats[i]!, histogram: undefined });
  for (let i = window.histogramFrom; i < window.histogramTo; i++)
    samples.push({
      timeMs: window.histogramTimesMs[i]!,
      value: Number.NaN,
      histogram: window.histograms[i]!,
    });
  return window.histogramTo > window.histogramFrom ? samples.sort((a, b) => a.timeMs - b.timeMs) : samples;
}

/** The samples inside the range, with one on each edge: the nearest before it, or for `smoothed` a point on the line across it. */
function extended(window: SlidingWindow): Sample[] {
  const { floats, floatTimesMs: times, rangeStartMs, rangeEndMs, extension } = window;
  if (window.histogramTo > window.histogramFrom)
    throw executionError(`${extension} modifier is not supported with histograms`);
  let first = window.floatFrom;
  let last = window.floatTo - 1;
  while (first < last && times[first + 1]! <= rangeStartMs) first++;
  if (extension === 'smoothed') while (last > first && times[last - 1]! >= rangeEndMs) last--;
  if (times[last]! <= rangeStartMs) return [];
  const line = (left: number, ms: number) => {
    const share = (ms - times[left]!) / (times[left + 1]! - times[left]!);
    return floats[left]! + (floats[left + 1]! - floats[left]!) * share;
  };
  const isSmoothed = extension === 'smoothed';
  const left = isSmoothed && times[first]! < rangeStartMs ? line(first, rangeStartMs) : floats[first]!;
  const right =
    isSmoothed && last > first && times[last]! > rangeEndMs ? line(last - 1, rangeEndMs) : floats[last]!;
  const samples: Sample[] = [{ timeMs: rangeStartMs, value: left, histogram: undefined }];
  for (let i = first; i <= last; i++) {
    if (times[i]! > rangeStartMs && times[i]! < rangeEndMs)
      samples.push({ timeMs: times[i]!, value: floats[i]!, histogram: undefined });
  }
  samples.push({ timeMs: rangeEndMs, value: right, histogram: undefined });
  return samples;
}

async function subquerySamples(node: Subquery, scope: EvalScope): Promise<SeriesSamples[]> {
  const inner = await evaluateSubquery(node, scope);
  if (inner === undefined) return [];
  return inner.series.map((series) => presentSamples(series, inner.grid)).filter(hasSamples);
}

export function hasSamples({ timesMs }: SeriesSamples): boolean {
  return timesMs.length > 0;
}

/** The moments that have a sample. */
export function presentSamples(series: GridSeries, grid: Grid): SeriesSamples {
  const { labels, values, present, histograms } = series;
  let count = 0;
  for (let i = 0; i < grid.steps; i++) count += present[i]!;
  const timesMs = new Float64Array(count);
  const kept = new Float64Array(count);
  const keptHistograms = histograms === undefined ? undefined : new Array<NativeHistogram | undefined>(count);
  let hasHistogram = false;
  let at = 0;
  for (let i = 0; i < grid.steps; i++) {
    if (present[i] === 0) continue;
    const histogram = histograms?.[i];
    timesMs[at] = grid.startMs + i * grid.stepMs;
    kept[at] = histogram === undefined ? values[i]! : Number.NaN;
    if (keptHistograms !== undefined) keptHistograms[at] = histogram;
    if (histogram !== undefined) hasHistogram = true;
    at++;
  }
  return { labels, timesMs, values: kept, histograms: hasHistogram ? keptHistograms : undefined };
}
