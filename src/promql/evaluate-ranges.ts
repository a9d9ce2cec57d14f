import { Labels } from '../model/labels.ts';
import type { NativeHistogram } from '../model/native-histogram.ts';
import { unwrapParens } from './analyze.ts';
import type { Call, Expr, MatrixSelector, PositionRange, Subquery } from './ast.ts';
import { executionError, tooManySamples } from './evaluate-budget.ts';
import { kernelOf, type RangeKernel } from './evaluate-kernels.ts';
import { mergeSameLabels, sharesMetadata, withoutMetadata } from './evaluate-labels.ts';
import { collector, type RowConsumer, RowWriter } from './evaluate-rows.ts';
import { atMs, durationMs, lastMs, subqueryGrid } from './evaluate-select.ts';
import type { EvalEnv, EvalScope, Grid, GridSeries } from './evaluate-types.ts';
import {
  SlidingWindow,
  subqueryColumns,
  type WindowColumns,
  type WindowSpec,
  windowColumns,
} from './evaluate-windows.ts';
import type { Annotator, CallContext, RangeFunction } from './functions/define.ts';
import { ANCHORED_FUNCTIONS, SMOOTHED_FUNCTIONS } from './functions/index.ts';

/** Steps of a subquery that are always allowed, however few samples a query may load. */
const MIN_SUBQUERY_STEPS = 4_000_000;

/** {@link CallContext} that moves from step to step and from series to series. */
export class MovingContext implements CallContext {
  evalMs: number;
  metric = '';
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  readonly pos: PositionRange;
  readonly argPos: readonly PositionRange[];
  readonly annotate: Annotator;
  readonly hasDelayedNameRemoval: boolean;

  constructor(call: Call, env: EvalEnv, grid: Grid) {
    this.evalMs = grid.startMs;
    this.startMs = env.query.startMs;
    this.endMs = env.query.endMs;
    this.stepMs = env.query.stepMs;
    this.pos = call.pos;
    this.argPos = call.args.map((arg) => unwrapParens(arg).pos);
    this.annotate = env.annotate;
    this.hasDelayedNameRemoval = env.options.hasDelayedNameRemoval;
  }
}

/** A series whose samples a range function gets. */
interface RangeSeries {
  readonly labels: Labels;
  readonly dropsName: boolean;
  columns(): WindowColumns;
}

interface RangeInput {
  readonly spec: WindowSpec;
  readonly series: readonly RangeSeries[];
}

/** The values of a scalar argument at each moment. */
export async function evaluateScalar(node: Expr, scope: EvalScope): Promise<Float64Array> {
  const value = await scope.env.evaluate(node, scope.grid, scope.plan);
  if (value.kind !== 'scalar') throw new Error(`expected a scalar, got a ${value.kind}`);
  return value.values;
}

function selectorInput(node: MatrixSelector, { env }: EvalScope): RangeInput {
  const { vector } = node;
  const selected = env.selections.get(vector)?.series ?? [];
  return {
    spec: {
      rangeMs: durationMs(node.range),
      offsetMs: durationMs(vector.offset),
      fixedMs: vector.at === undefined ? undefined : atMs(vector.at, env.query),
      extension: vector.extension,
      lookbackMs: env.options.lookbackMs,
    },
    series: selected.map((one) => ({
      labels: one.labels,
      dropsName: false,
      columns: () => windowColumns(one.read()),
    })),
  };
}

/** The series inside a subquery, over the moments of its own grid. */
export async function evaluateSubquery(
  node: Subquery,
  scope: EvalScope,
): Promise<{ readonly series: readonly GridSeries[]; readonly grid: Grid } | undefined> {
  const { env, plan } = scope;
  const moments = { fromMs: scope.grid.startMs, toMs: lastMs(scope.grid) };
  const grid = subqueryGrid(node, moments, env.query, env.options.subqueryStepMs);
  if (grid === undefined) return undefined;
  // Before a row of it is allocated.
  if (grid.steps > Math.max(env.options.maxSamples, MIN_SUBQUERY_STEPS)) throw tooManySamples();
  const value = await env.evaluate(node.expr, grid, plan);
  if (value.kind === 'vector') return { series: value.series, grid };
  if (value.kind === 'string') throw new Error('a subquery cannot be of a string');
  const present = new Uint8Array(grid.steps).fill(1);
  return {
    series: [
      { labels: Labels.EMPTY, dropsName: false, values: value.values, present, histograms: undefined },
    ],
    grid,
  };
}

async function subqueryInput(node: Subquery, scope: EvalScope): Promise<RangeInput> {
  const { env } = scope;
  const inner = await evaluateSubquery(node, scope);
  return {
    spec: {
      rangeMs: durationMs(node.range),
      offsetMs: durationMs(node.offset),
      fixedMs: node.at === undefined ? undefined : atMs(node.at, env.query),
      extension: undefined,
      lookbackMs: env.options.lookbackMs,
    },
    series: (inner?.series ?? []).map((one) => ({
      labels: one.labels,
      dropsName: one.dropsName,
      columns: () => subqueryColumns(one, inner!.grid),
    })),
  };
}

function checkExtension(call: Call, { extension }: WindowSpec): void {
  if (extension === undefined) return;
  const names = extension === 'anchored' ? ANCHORED_FUNCTIONS : SMOOTHED_FUNCTIONS;
  if (names.has(call.name)) return;
  throw executionError(
    `${extension} modifier can only be used with: ${[...names].join(', ')} - not with ${call.name}`,
  );
}

/** Applies a range function to one series after the other, and lets the event loop run between moments when it takes long. */
class RangeRunner {
  readonly row: RowWriter;
  found = 0;
  samplesRead = 0;
  readonly #definition: Pick<RangeFunction, 'evaluate'>;
  readonly #window: SlidingWindow;
  readonly #context: MovingContext;
  readonly #scope: EvalScope;
  readonly #columns: readonly Float64Array[];
  readonly #numbers: number[];
  readonly #kernel: RangeKernel | undefined;
  readonly #spec: WindowSpec;
  #current: WindowColumns | undefined;
  #next = 0;

  constructor(parts: {
    readonly definition: Pick<RangeFunction, 'evaluate'>;
    readonly spec: WindowSpec;
    readonly context: MovingContext;
    readonly scope: EvalScope;
    readonly numberColumns: readonly Float64Array[];
    /** Used for series without histograms. */
    readonly kernel: RangeKernel | undefined;
  }) {
    this.#definition = parts.definition;
    this.#window = new SlidingWindow(parts.spec);
    this.#context = parts.context;
    this.#scope = parts.scope;
    this.#columns = parts.numberColumns;
    this.#numbers = parts.numberColumns.map((column) => column[0]!);
    this.row = new RowWriter(parts.scope.grid.steps);
    this.#spec = parts.spec;
    this.#kernel =
      parts.spec.fixedMs === undefined && parts.spec.extension === undefined ? parts.kernel : undefined;
  }

  begin(series: RangeSeries): void {
    const columns = series.columns();
    const { extension } = this.#window;
    if (extension !== undefined && columns.histograms.length > 0)
      throw executionError('smoothed and anchored modifiers do not work with native histograms');
    this.#current = columns;
    this.#window.reset(columns);
    this.#context.metric = series.labels.metric;
    this.#next = 0;
    this.found = 0;
    this.samplesRead = 0;
  }

  /** Works on the series until it is done (true) or the event loop should run (false). */
  run(): boolean {
    const columns = this.#current!;
    return this.#kernel !== undefined && columns.histograms.length === 0
      ? this.#runKernel(this.#kernel, columns)
      : this.#runWindows();
  }

  #runKernel(kernel: RangeKernel, columns: WindowColumns): boolean {
    const { grid, env } = this.#scope;
    if (this.#next > 0) return true;
    const counts = kernel(columns, { grid, spec: this.#spec, row: this.row });
    this.found = counts.found;
    this.samplesRead = counts.samplesRead;
    if (counts.first >= 0) {
      // For what the function says to the user.
      this.#context.evalMs = grid.startMs + counts.first * grid.stepMs;
      this.#window.moveTo(this.#context.evalMs);
      this.#definition.evaluate(this.#window, this.#numbers, this.#context);
    }
    this.#next = grid.steps;
    return !env.budget.spend(grid.steps + columns.floats.length);
  }

  #runWindows(): boolean {
    const { grid, env } = this.#scope;
    const window = this.#window;
    const { evaluate } = this.#definition;
    for (let i = this.#next; i < grid.steps; i++) {
      const evalMs = grid.startMs + i * grid.stepMs;
      const count = window.moveTo(evalMs);
      if (count > 0) {
        this.samplesRead += count;
        this.#context.evalMs = evalMs;
        for (let j = 0; j < this.#columns.length; j++) this.#numbers[j] = this.#columns[j]![i]!;
        const result = evaluate(window, this.#numbers, this.#context);
        if (result !== undefined) this.#write(i, result);
      }
      if (env.budget.spend(count + 1)) {
        this.#next = i + 1;
        return false;
      }
    }
    return true;
  }

  #write(i: number, result: number | NativeHistogram): void {
    this.found++;
    this.row.present[i] = 1;
    if (typeof result === 'number') this.row.values[i] = result;
    else this.row.setHistogram(i, result);
  }
}

async function rangeInput(call: Call, scope: EvalScope): Promise<RangeInput> {
  for (const arg of call.args) {
    const node = unwrapParens(arg);
    if (node.kind === 'matrix_selector') return selectorInput(node, scope);
    if (node.kind === 'subquery') return await subqueryInput(node, scope);
  }
  throw new Error(`${call.name} has no range`);
}

function isRange(node: Expr): boolean {
  const { kind } = unwrapParens(node);
  return kind === 'matrix_selector' || kind === 'subquery';
}

/**
 * Gives the rows of a range function to a consumer, series by series. A consumer that `wantsNames` gets labels as they were selected,
 * which is cheaper when it does not look at names.
 *
 * @returns whether dropping names may have made the labels of several of them equal.
 */
export async function streamRangeCall(
  call: Call,
  definition: Pick<RangeFunction, 'evaluate' | 'keepsName'>,
  scope: EvalScope,
  sink: { readonly consume: RowConsumer; readonly wantsNames?: boolean },
): Promise<boolean> {
  const { env, plan } = scope;
  const input = await rangeInput(call, scope);
  const numberColumns: Float64Array[] = [];
  for (const arg of call.args) if (!isRange(arg)) numberColumns.push(await evaluateScalar(arg, scope));
  checkExtension(call, input.spec);
  const context = new MovingContext(call, env, scope.grid);
  const kernel = env.options.hasFusedKernels ? kernelOf(call.name) : undefined;
  const runner = new RangeRunner({ definition, spec: input.spec, context, scope, numberColumns, kernel });
  const dropsName = definition.keepsName !== true;
  const isDropped = dropsName && !env.options.hasDelayedNameRemoval;
  for (const series of input.series) {
    runner.begin(series);
    while (!runner.run()) await env.budget.pause();
    plan.samplesRead += runner.samplesRead;
    env.budget.samplesRead += runner.samplesRead;
    if (runner.found === 0) continue;
    const labels = isDropped && sink.wantsNames !== true ? withoutMetadata(series.labels) : series.labels;
    sink.consume(labels, dropsName, runner.row, runner.found);
    runner.row.clear();
  }
  return isDropped && !sharesMetadata(input.series);
}

/** Evaluates a range function over a grid. */
export async function evaluateRangeCall(
  call: Call,
  definition: RangeFunction,
  scope: EvalScope,
): Promise<readonly GridSeries[]> {
  const { series, consume } = collector(scope);
  const mayCollide = await streamRangeCall(call, definition, scope, { consume });
  return mayCollide ? mergeSameLabels(series) : series;
}

/** `absent_over_time`: one series that has a 1 wherever the range of every series is empty. */
export async function evaluateAbsentOverTime(
  call: Call,
  labels: Labels,
  scope: EvalScope,
): Promise<GridSeries[]> {
  const { steps } = scope.grid;
  const present = new Uint8Array(steps).fill(1);
  const consume: RowConsumer = (_labels, _drops, row) => {
    for (let i = 0; i < steps; i++) if (row.present[i] !== 0) present[i] = 0;
  };
  await streamRangeCall(call, { evaluate: () => 1, keepsName: true }, scope, { consume });
  if (!present.includes(1)) return [];
  return [
    { labels, dropsName: true, values: new Float64Array(steps).fill(1), present, histograms: undefined },
  ];
}
