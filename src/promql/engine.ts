import { BellwetherError } from '../lib/errors.ts';
import { Labels } from '../model/labels.ts';
import type { SeriesSamples } from '../model/samples.ts';
import { typeOf, unwrapParens } from './analyze.ts';
import { AnnotationCollector } from './annotations.ts';
import type { Expr, ValueType, VectorSelector } from './ast.ts';
import type {
  EngineOptions,
  EngineParts,
  QueryEngine,
  QueryResult,
  QueryRun,
  QueryValue,
  VectorSample,
} from './engine-types.ts';
import { evaluate, invariantNodes } from './evaluate.ts';
import { Budget, canceled, timedOut } from './evaluate-budget.ts';
import { withConstantDurations } from './evaluate-durations.ts';
import { mergeSameLabels, withoutMetadata } from './evaluate-labels.ts';
import { evaluateMatrix, hasSamples, presentSamples } from './evaluate-matrix.ts';
import { PlanRecorder } from './evaluate-plan.ts';
import { lastMs, SelectPlanner, selectAll } from './evaluate-select.ts';
import type { EvalEnv, Grid, GridSeries, QueryBounds, Value } from './evaluate-types.ts';
import { print } from './format.ts';
import { functionNamed } from './functions/index.ts';
import { parse } from './parse.ts';
import type { SelectContext, Selection } from './source.ts';

/** Makes the engine. It keeps no state between queries. */
export function createEngine(parts: EngineParts): QueryEngine {
  return {
    instant: ({ text, timeMs }, run = {}) =>
      runQuery(parts, { text, bounds: { startMs: timeMs, endMs: timeMs, stepMs: 0 } }, run),
    range: ({ text, startMs, endMs, stepMs }, run = {}) =>
      runQuery(parts, { text, bounds: { startMs, endMs, stepMs } }, run),
  };
}

interface Query {
  readonly text: string;
  readonly bounds: QueryBounds;
}

function gridOf({ startMs, endMs, stepMs }: QueryBounds): Grid {
  if (stepMs === 0) return { startMs, stepMs: 1, steps: 1 };
  return { startMs, stepMs, steps: Math.max(0, Math.floor((endMs - startMs) / stepMs) + 1) };
}

/** What is to be done when a query is over; for a selection that comes later than that, at once. */
class Ending {
  #releases: (() => void)[] | undefined = [];

  add(release: () => void): void {
    if (this.#releases === undefined) release();
    else this.#releases.push(release);
  }

  end(): void {
    const releases = this.#releases ?? [];
    this.#releases = undefined;
    for (const release of releases) release();
  }
}

async function runQuery(parts: EngineParts, query: Query, run: QueryRun): Promise<QueryResult> {
  const nowMs = parts.nowMs ?? (() => performance.now());
  const options: EngineOptions = {
    ...parts.options,
    lookbackMs: run.lookbackMs ?? parts.options.lookbackMs,
    timeoutMs: Math.min(run.timeoutMs ?? parts.options.timeoutMs, parts.options.timeoutMs),
  };
  const startedMs = nowMs();
  const { expr, type } = prepare(query, options);
  const parsedMs = nowMs();
  const { maxSamples, timeoutMs } = options;
  const budget = new Budget({ maxSamples, timeoutMs, signal: run.signal, nowMs });
  const limit = new Deadline(timeoutMs, run.signal);
  const ending = new Ending();
  try {
    const selectContext: SelectContext = {
      signal: limit.signal,
      maxSeries: options.maxSeries,
      chargeSamples: (count) => budget.admit(count),
      onDone: (release) => ending.add(release),
    };
    const planner = new SelectPlanner(options, query.bounds);
    const grid = gridOf(query.bounds);
    if (grid.steps > 0) planner.visit(expr, { fromMs: grid.startMs, toMs: lastMs(grid) });
    const selections = await limit.race(selectAll(planner.requests, parts.source, selectContext));
    const selectedMs = nowMs();
    const annotate = new AnnotationCollector();
    const env: EvalEnv = {
      options,
      query: query.bounds,
      budget,
      annotate,
      source: { select: (request, context) => limit.race(parts.source.select(request, context)) },
      selectContext,
      selections,
      invariants: invariantNodes(expr),
      functionNamed,
      evaluate: (node, over, plan) => evaluate(env, node, over, plan),
    };
    const root = new PlanRecorder('query', () => print(expr));
    const value = await queryValue(env, { expr, type, grid, root });
    const endMs = nowMs();
    return {
      value,
      ...annotate.render(query.text),
      stats: {
        totalSamples: budget.samplesRead,
        peakSamples: budget.peak,
        ...selectionStats(selections),
        parseMs: parsedMs - startedMs,
        selectMs: selectedMs - parsedMs,
        evaluateMs: endMs - selectedMs,
      },
      plan: (root.children[0] ?? root).toNode(),
    };
  } catch (error) {
    limit.abandon();
    throw error;
  } finally {
    limit.end();
    ending.end();
  }
}

const DOCUMENTED_TYPE: Readonly<Record<ValueType, string>> = {
  scalar: 'scalar',
  vector: 'instant vector',
  matrix: 'range vector',
  string: 'string',
};

function prepare({ text, bounds }: Query, options: EngineOptions): { expr: Expr; type: ValueType } {
  const parsed = parse(text, { ...options, functions: functionNamed });
  const type = typeOf(parsed, functionNamed);
  if (bounds.stepMs > 0 && type !== 'scalar' && type !== 'vector')
    throw new BellwetherError({
      code: 'bad_data',
      status: 400,
      message: `invalid expression type ${JSON.stringify(DOCUMENTED_TYPE[type])} for range query, must be Scalar or instant Vector`,
    });
  const rangeMs = bounds.endMs - bounds.startMs;
  return { expr: withConstantDurations(parsed, { stepMs: bounds.stepMs, rangeMs }), type };
}

/** A timer set for longer fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Ends waiting when time is up or the asker has gone, also while nothing of ours runs. */
class Deadline {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #asker: AbortSignal | undefined;
  readonly #onAbort = () => this.#controller.abort(canceled(this.#asker?.reason));

  constructor(timeoutMs: number, asker: AbortSignal | undefined) {
    this.signal = this.#controller.signal;
    this.#asker = asker;
    const delayMs = Math.min(timeoutMs, MAX_TIMER_MS);
    this.#timer = setTimeout(() => this.#controller.abort(timedOut()), delayMs);
    if (asker?.aborted === true) this.#onAbort();
    else asker?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** The promise's outcome, or the reason why it is not waited for any longer. */
  async race<T>(work: Promise<T>): Promise<T> {
    let onAbort = () => {};
    const aborted = new Promise<never>((_resolve, reject) => {
      onAbort = () => reject(this.signal.reason);
      if (this.signal.aborted) onAbort();
      else this.signal.addEventListener('abort', onAbort, { once: true });
    });
    try {
      return await Promise.race([work, aborted]);
    } catch (error) {
      throw this.signal.aborted ? this.signal.reason : error;
    } finally {
      this.signal.removeEventListener('abort', onAbort);
    }
  }

  /** Tells whoever still reads for this query to stop. */
  abandon(): void {
    this.#controller.abort(canceled(undefined));
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#asker?.removeEventListener('abort', this.#onAbort);
  }
}

function selectionStats(selections: ReadonlyMap<VectorSelector, Selection>) {
  let seriesRead = 0;
  let rowsRead = 0;
  let bytesRead = 0;
  for (const { series, stats } of new Set(selections.values())) {
    seriesRead += series.length;
    rowsRead += stats.rowsRead;
    bytesRead += stats.bytesRead;
  }
  return { seriesRead, rowsRead, bytesRead };
}

interface Work {
  readonly expr: Expr;
  readonly type: ValueType;
  readonly grid: Grid;
  readonly root: PlanRecorder;
}

async function queryValue(env: EvalEnv, { expr, type, grid, root }: Work): Promise<QueryValue> {
  if (grid.steps === 0) return { type: 'matrix', series: [] };
  if (type === 'matrix') {
    const plan = root.child('range vector', () => print(expr));
    const series = await evaluateMatrix(unwrapParens(expr), { env, grid, plan });
    return { type: 'matrix', series: byLabels(series) };
  }
  const value = await env.evaluate(expr, grid, root);
  return env.query.stepMs === 0 ? instantValue(env, value, grid) : rangeValue(env, value, grid);
}

function instantValue(env: EvalEnv, value: Value, { startMs: timeMs }: Grid): QueryValue {
  if (value.kind === 'string') return { type: 'string', timeMs, value: value.text };
  if (value.kind === 'scalar') return { type: 'scalar', timeMs, value: value.values[0]! };
  const samples: VectorSample[] = [];
  for (const { labels, values, present, histograms } of withFinalNames(env, value.series)) {
    if (present[0] === 0) continue;
    const histogram = histograms?.[0];
    samples.push({ labels, timeMs, value: histogram === undefined ? values[0]! : Number.NaN, histogram });
  }
  return { type: 'vector', samples };
}

function rangeValue(env: EvalEnv, value: Value, grid: Grid): QueryValue {
  if (value.kind === 'string') throw new Error('a string is no result of a range query');
  if (value.kind === 'scalar') {
    const present = new Uint8Array(grid.steps).fill(1);
    const series = {
      labels: Labels.EMPTY,
      dropsName: false,
      values: value.values,
      present,
      histograms: undefined,
    };
    return { type: 'matrix', series: [presentSamples(series, grid)] };
  }
  const series = withFinalNames(env, value.series).map((one) => presentSamples(one, grid));
  return { type: 'matrix', series: byLabels(series.filter(hasSamples)) };
}

/** Names whose removal was put off go away now. */
function withFinalNames({ options }: EvalEnv, series: readonly GridSeries[]): readonly GridSeries[] {
  if (!options.hasDelayedNameRemoval) return series;
  return mergeSameLabels(
    series.map((one) => (one.dropsName ? { ...one, labels: withoutMetadata(one.labels) } : one)),
  );
}

function byLabels(series: readonly SeriesSamples[]): SeriesSamples[] {
  return [...series].sort((a, b) => a.labels.compare(b.labels));
}
