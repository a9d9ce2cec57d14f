import { Labels } from '../model/labels.ts';
import { unwrapParens } from './analyze.ts';
import type { Call, Expr } from './ast.ts';
import { evaluateInfo } from './evaluate-info.ts';
import { streamInstants } from './evaluate-instants.ts';
import { droppingNames, mergeSameLabels } from './evaluate-labels.ts';
import { evaluateAbsentOverTime, evaluateRangeCall, MovingContext } from './evaluate-ranges.ts';
import { collector, countPresent, RowWriter } from './evaluate-rows.ts';
import type { EvalScope, GridSeries, ScalarValue, Value, VectorValue } from './evaluate-types.ts';
import { VectorBuilder, VectorReader } from './evaluate-vectors.ts';
import {
  absentLabels,
  type LabelChange,
  labelJoinChange,
  labelReplaceChange,
  type SampleFunction,
  type ScalarFunction,
  type VectorFunction,
} from './functions/index.ts';

function vectorOf(series: readonly GridSeries[]): VectorValue {
  return { kind: 'vector', series };
}

export async function evaluateCall(call: Call, scope: EvalScope): Promise<Value> {
  const definition = scope.env.functionNamed(call.name);
  switch (definition?.kind) {
    case 'range':
      return vectorOf(await evaluateRangeCall(call, definition, scope));
    case 'sample':
      return vectorOf(await evaluateSampleCall(call, definition, scope));
    case 'scalar':
      return await evaluateScalarCall(call, definition, scope);
    case 'vector':
      return vectorOf(await evaluateVectorCall(call, definition, scope));
    case 'evaluator':
      return vectorOf(await evaluateSpecial(call, scope));
    default:
      throw new Error(`unknown function ${call.name}`);
  }
}

async function evaluateSpecial(call: Call, scope: EvalScope): Promise<readonly GridSeries[]> {
  switch (call.name) {
    case 'absent':
      return evaluateAbsent(call, scope);
    case 'absent_over_time':
      return evaluateAbsentOverTime(call, absentLabels(call.args[0]!), scope);
    case 'timestamp':
      return evaluateTimestamp(call, scope);
    case 'info':
      return evaluateInfo(call, scope);
    default:
      throw new Error(`the evaluator does not know ${call.name}`);
  }
}

/** The arguments of a call over the grid, sorted by type. */
interface CallArgs {
  readonly vectors: readonly VectorReader[];
  readonly numbers: readonly Float64Array[];
  readonly strings: readonly string[];
}

async function evaluateArgs(args: readonly Expr[], { env, grid, plan }: EvalScope): Promise<CallArgs> {
  const vectors: VectorReader[] = [];
  const numbers: Float64Array[] = [];
  const strings: string[] = [];
  for (const arg of args) {
    const value = await env.evaluate(unwrapParens(arg), grid, plan);
    if (value.kind === 'vector') vectors.push(new VectorReader(value.series));
    else if (value.kind === 'scalar') numbers.push(value.values);
    else strings.push(value.text);
  }
  return { vectors, numbers, strings };
}

/** The numbers of one moment, in an array that is used again for the next. */
class MovingNumbers {
  readonly values: number[];
  readonly #columns: readonly Float64Array[];

  constructor(columns: readonly Float64Array[]) {
    this.#columns = columns;
    this.values = columns.map((column) => column[0]!);
  }

  at(i: number): number[] {
    for (let c = 0; c < this.#columns.length; c++) this.values[c] = this.#columns[c]![i]!;
    return this.values;
  }
}

async function evaluateScalarCall(
  call: Call,
  definition: ScalarFunction,
  scope: EvalScope,
): Promise<ScalarValue> {
  const { env, grid } = scope;
  const args = await evaluateArgs(call.args, scope);
  const context = new MovingContext(call, env, grid);
  const numbers = new MovingNumbers(args.numbers);
  const values = new Float64Array(grid.steps);
  for (let i = 0; i < grid.steps; i++) {
    context.evalMs = grid.startMs + i * grid.stepMs;
    const vectors = args.vectors.map((vector) => vector.at(i));
    values[i] = definition.evaluate({ vectors, numbers: numbers.at(i) }, context);
    if (env.budget.spend(workOf(args.vectors))) await env.budget.pause();
  }
  return { kind: 'scalar', values };
}

function workOf(vectors: readonly VectorReader[]): number {
  let work = 1;
  for (const vector of vectors) work += vector.size * 4;
  return work;
}

/** `vector(time())`, what some functions take when nothing is given. */
function timeVector({ grid }: EvalScope): GridSeries {
  const values = Float64Array.from({ length: grid.steps }, (_, i) => (grid.startMs + i * grid.stepMs) / 1000);
  const present = new Uint8Array(grid.steps).fill(1);
  return { labels: Labels.EMPTY, dropsName: false, values, present, histograms: undefined };
}

async function evaluateSampleCall(
  call: Call,
  definition: SampleFunction,
  scope: EvalScope,
): Promise<readonly GridSeries[]> {
  const { env, grid, plan } = scope;
  let series: readonly GridSeries[] = [timeVector(scope)];
  const columns: Float64Array[] = [];
  for (const arg of call.args) {
    const value = await env.evaluate(unwrapParens(arg), grid, plan);
    if (value.kind === 'vector') series = value.series;
    else if (value.kind === 'scalar') columns.push(value.values);
  }
  const context = new MovingContext(call, env, grid);
  const numbers = new MovingNumbers(columns);
  const row = new RowWriter(grid.steps);
  const result: GridSeries[] = [];
  for (const one of series) {
    context.metric = one.labels.metric;
    const kept = applyToRow(one, { definition, context, numbers, scope, row });
    if (kept !== undefined) result.push(kept);
    if (env.budget.spend(grid.steps * 2)) await env.budget.pause();
  }
  const renamed = droppingNames(result, env.options.hasDelayedNameRemoval);
  return renamed.mayCollide ? mergeSameLabels(renamed.series) : renamed.series;
}

function applyToRow(
  series: GridSeries,
  parts: {
    readonly definition: SampleFunction;
    readonly context: MovingContext;
    readonly numbers: MovingNumbers;
    readonly scope: EvalScope;
    readonly row: RowWriter;
  },
): GridSeries | undefined {
  const { definition, context, numbers, scope, row } = parts;
  const { grid, env } = scope;
  const sample = {
    labels: series.labels,
    dropsName: series.dropsName,
    value: 0,
    histogram: series.histograms?.[0],
  };
  let found = 0;
  for (let i = 0; i < grid.steps; i++) {
    if (series.present[i] === 0) continue;
    context.evalMs = grid.startMs + i * grid.stepMs;
    sample.histogram = series.histograms?.[i];
    sample.value = sample.histogram === undefined ? series.values[i]! : Number.NaN;
    const result = definition.evaluate(sample, numbers.at(i), context);
    if (result === undefined) continue;
    found++;
    row.present[i] = 1;
    if (typeof result === 'number') row.values[i] = result;
    else row.setHistogram(i, result);
  }
  if (found === 0) return undefined;
  env.budget.hold(found, grid.steps);
  return { labels: series.labels, dropsName: series.dropsName, ...row.take() };
}

async function evaluateVectorCall(
  call: Call,
  definition: VectorFunction,
  scope: EvalScope,
): Promise<readonly GridSeries[]> {
  const { env, grid } = scope;
  if (call.name === 'label_replace') return relabelled(call, labelReplaceChange, scope);
  if (call.name === 'label_join') return relabelled(call, labelJoinChange, scope);
  const args = await evaluateArgs(call.args, scope);
  const context = new MovingContext(call, env, grid);
  const numbers = new MovingNumbers(args.numbers);
  const builder = new VectorBuilder(scope);
  for (let i = 0; i < grid.steps; i++) {
    context.evalMs = grid.startMs + i * grid.stepMs;
    const vectors = args.vectors.map((vector) => vector.at(i));
    const given = { vectors, numbers: numbers.at(i), strings: args.strings };
    for (const sample of definition.evaluate(given, context)) builder.put(i, sample);
    if (env.budget.spend(workOf(args.vectors))) await env.budget.pause();
  }
  return builder.finish();
}

/** Changes the labels of whole series instead of each sample's. */
async function relabelled(
  call: Call,
  compile: (strings: readonly string[]) => LabelChange,
  scope: EvalScope,
): Promise<readonly GridSeries[]> {
  const { env, grid, plan } = scope;
  const value = await env.evaluate(unwrapParens(call.args[0]!), grid, plan);
  if (value.kind !== 'vector') throw new Error(`cannot relabel a ${value.kind}`);
  const strings: string[] = [];
  for (const arg of call.args.slice(1)) {
    const text = await env.evaluate(unwrapParens(arg), grid, plan);
    if (text.kind === 'string') strings.push(text.text);
  }
  const change = compile(strings);
  const result = value.series.map((series) => {
    const labels = change.apply(series.labels);
    const isRenamed = labels !== series.labels && change.target === '__name__';
    return { ...series, labels, dropsName: series.dropsName && !isRenamed };
  });
  return mergeSameLabels(result);
}

async function evaluateAbsent(call: Call, scope: EvalScope): Promise<readonly GridSeries[]> {
  const { env, grid, plan } = scope;
  const value = await env.evaluate(unwrapParens(call.args[0]!), grid, plan);
  const present = new Uint8Array(grid.steps).fill(1);
  for (const series of value.kind === 'vector' ? value.series : [])
    for (let i = 0; i < grid.steps; i++) if (series.present[i] !== 0) present[i] = 0;
  if (!present.includes(1)) return [];
  const values = new Float64Array(grid.steps).fill(1);
  const labels = absentLabels(call.args[0]!);
  return [{ labels, dropsName: false, values, present, histograms: undefined }];
}

/** Of a selector the samples' own times; of anything else the moments at which it was evaluated. */
async function evaluateTimestamp(call: Call, scope: EvalScope): Promise<readonly GridSeries[]> {
  const { env, grid, plan } = scope;
  const arg = unwrapParens(call.args[0]!);
  let series: readonly GridSeries[];
  if (arg.kind === 'vector_selector') {
    const { series: found, consume } = collector(scope);
    await streamInstants(arg, scope, consume, 'times');
    series = found;
  } else {
    const value = await env.evaluate(arg, grid, plan);
    const { values } = timeVector(scope);
    series =
      value.kind === 'vector' ? value.series.map((one) => ({ ...one, values, histograms: undefined })) : [];
  }
  const renamed = droppingNames(series, env.options.hasDelayedNameRemoval);
  return renamed.mayCollide ? mergeSameLabels(renamed.series) : renamed.series;
}

/** Samples and cells of a value, for the budget. */
export function sizeOf(value: Value): { readonly samples: number; readonly cells: number } {
  if (value.kind === 'string') return { samples: 0, cells: 0 };
  if (value.kind === 'scalar') return { samples: value.values.length, cells: value.values.length };
  let samples = 0;
  let cells = 0;
  for (const series of value.series) {
    samples += countPresent(series);
    cells += series.values.length;
  }
  return { samples, cells };
}
