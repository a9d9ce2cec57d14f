import type { Labels } from '../model/labels.ts';
import { unwrapParens } from './analyze.ts';
import type { Aggregate, Call } from './ast.ts';
import {
  type Accumulator,
  createAccumulator,
  isRowAggregate,
  type RowAggregate,
} from './evaluate-accumulators.ts';
import { executionError } from './evaluate-budget.ts';
import { extremesOf, type Grouping, groupingOf, groupsOf } from './evaluate-groups.ts';
import { HistogramTotals } from './evaluate-histograms.ts';
import { streamInstants } from './evaluate-instants.ts';
import { isMetadata, mergeSameLabels, sharesMetadata } from './evaluate-labels.ts';
import { evaluateScalar, streamRangeCall } from './evaluate-ranges.ts';
import { evaluateSubset } from './evaluate-subset.ts';
import type { EvalScope, GridSeries, Row } from './evaluate-types.ts';
import { VectorBuilder } from './evaluate-vectors.ts';
import { goNumber } from './functions/index.ts';
import { describeHistogram } from './histogram/index.ts';
import { formatNumber } from './parse-numbers.ts';
import { isValidUtf8, quoteGo } from './strings.ts';

export async function evaluateAggregate(node: Aggregate, scope: EvalScope): Promise<readonly GridSeries[]> {
  const { op } = node;
  if (isRowAggregate(op)) return await aggregateRows(node, op, scope);
  if (op === 'count_values') return await countValues(node, scope);
  const param = await evaluateScalar(unwrapParens(node.param!), scope);
  const series = await operand(node, scope);
  if (op === 'quantile') return quantiles(node, param, series, scope);
  return await evaluateSubset({ ...node, op }, { param, series, grouping: groupingOf(node) }, scope);
}

async function operand(node: Aggregate, { env, grid, plan }: EvalScope): Promise<readonly GridSeries[]> {
  const value = await env.evaluate(unwrapParens(node.expr), grid, plan);
  if (value.kind !== 'vector') throw new Error(`cannot aggregate a ${value.kind}`);
  return value.series;
}

interface Group {
  readonly labels: Labels;
  readonly accumulator: Accumulator;
  dropsName: boolean;
}

/** The groups of an aggregation that takes rows one by one. */
class Groups {
  readonly #groups = new Map<string, Group>();
  readonly #grouping: Grouping;
  readonly #create: () => Accumulator;

  constructor(grouping: Grouping, create: () => Accumulator) {
    this.#grouping = grouping;
    this.#create = create;
  }

  /** @param metric the series' name as the operand has it. */
  add(labels: Labels, dropsName: boolean, row: Row, metric = labels.metric): void {
    const groupLabels = this.#grouping(labels);
    let group = this.#groups.get(groupLabels.key);
    if (group === undefined) {
      group = { labels: groupLabels, accumulator: this.#create(), dropsName: false };
      this.#groups.set(groupLabels.key, group);
    }
    if (dropsName) group.dropsName = true;
    group.accumulator.add(row, metric);
  }

  finish(): GridSeries[] {
    return [...this.#groups.values()]
      .map(({ labels, accumulator, dropsName }) => ({ labels, dropsName, ...accumulator.finish() }))
      .filter(({ present }) => present.includes(1));
  }
}

async function aggregateRows(node: Aggregate, op: RowAggregate, scope: EvalScope): Promise<GridSeries[]> {
  const { env, grid } = scope;
  const { pos } = unwrapParens(node.expr);
  const groups = new Groups(groupingOf(node), () => {
    env.budget.hold(0, grid.steps);
    return createAccumulator(
      op,
      grid.steps,
      () => env.annotate.info(`ignored histogram in ${op} aggregation`, pos),
      () => new HistogramTotals(grid.steps, op === 'avg', env.annotate, pos),
    );
  });
  if (env.options.hasFusedKernels && (await aggregateStream(node, groups, scope))) return groups.finish();
  for (const series of await operand(node, scope)) {
    groups.add(series.labels, series.dropsName, series);
    if (env.budget.spend(grid.steps)) await env.budget.pause();
  }
  return groups.finish();
}

/**
 * Feeds the rows of a selector or of a range function over one straight into the groups, so that only one series is unpacked at a
 * time and no grid of them is held. @returns false when the operand is something else.
 */
async function aggregateStream(node: Aggregate, groups: Groups, scope: EvalScope): Promise<boolean> {
  const operand = unwrapParens(node.expr);
  if (scope.env.invariants.has(operand)) return false;
  if (operand.kind === 'vector_selector') {
    scope.plan.operation = `fused ${operationOf(node)} (select)`;
    await streamInstants(operand, scope, (labels, dropsName, row) => groups.add(labels, dropsName, row));
    return true;
  }
  if (operand.kind !== 'call') return false;
  const definition = scope.env.functionNamed(operand.name);
  if (definition?.kind !== 'range' || !staysUnique(operand, definition.keepsName === true, scope))
    return false;
  scope.plan.operation = `fused ${operationOf(node)} (${operand.name})`;
  const hidesName = definition.keepsName !== true && !scope.env.options.hasDelayedNameRemoval;
  await streamRangeCall(operand, definition, scope, {
    consume: (labels, dropsName, row) => groups.add(labels, dropsName, row, hidesName ? '' : labels.metric),
    wantsNames: !node.isWithout && !node.grouping.some(isMetadata),
  });
  return true;
}

/** Whether the call is over a selector whose series still differ when their names have been dropped, so that none must be merged. */
function staysUnique(call: Call, keepsName: boolean, { env }: EvalScope): boolean {
  for (const arg of call.args) {
    const range = unwrapParens(arg);
    if (range.kind !== 'matrix_selector') continue;
    return (
      keepsName ||
      env.options.hasDelayedNameRemoval ||
      sharesMetadata(env.selections.get(range.vector)?.series ?? [])
    );
  }
  return false;
}

/** `sum by (job)`, for plans. */
export function operationOf(node: Aggregate): string {
  if (node.grouping.length === 0 && !node.isWithout) return node.op;
  return `${node.op} ${node.isWithout ? 'without' : 'by'} (${node.grouping.join(', ')})`;
}

function warnOfQuantiles(node: Aggregate, param: Float64Array, scope: EvalScope): void {
  const { pos } = unwrapParens(node.param!);
  const warn = (quantile: number) =>
    scope.env.annotate.warn(`quantile value should be between 0 and 1, got ${goNumber(quantile)}`, pos);
  const { min, max, hasNan } = extremesOf(param);
  if (hasNan) warn(Number.NaN);
  if (max > 1) warn(max);
  if (min < 0) warn(min);
}

async function quantiles(
  node: Aggregate,
  param: Float64Array,
  series: readonly GridSeries[],
  scope: EvalScope,
): Promise<GridSeries[]> {
  const { env, grid } = scope;
  warnOfQuantiles(node, param, scope);
  const result: GridSeries[] = [];
  for (const { labels, members } of groupsOf(series, groupingOf(node))) {
    env.budget.hold(0, grid.steps);
    const values = new Float64Array(grid.steps);
    const present = new Uint8Array(grid.steps);
    const buffer = new Float64Array(members.length);
    for (let i = 0; i < grid.steps; i++) {
      const count = gatherFloats(members, i, buffer, () =>
        env.annotate.info('ignored histogram in quantile aggregation', unwrapParens(node.expr).pos),
      );
      if (env.budget.spend(members.length)) await env.budget.pause();
      if (count === 0) continue;
      present[i] = 1;
      values[i] = quantileOf(param[i]!, buffer.subarray(0, count));
    }
    const dropsName = members.some((member) => member.dropsName);
    if (present.includes(1)) result.push({ labels, dropsName, values, present, histograms: undefined });
  }
  return result;
}

function gatherFloats(
  members: readonly GridSeries[],
  i: number,
  buffer: Float64Array,
  onIgnored: () => void,
): number {
  let count = 0;
  for (const { values, present, histograms } of members) {
    if (present[i] === 0) continue;
    if (histograms?.[i] === undefined) buffer[count++] = values[i]!;
    else onIgnored();
  }
  return count;
}

/** By linear interpolation between the nearest ranks; NaNs count as smaller than everything. @param values are sorted in place. */
function quantileOf(quantile: number, values: Float64Array): number {
  if (Number.isNaN(quantile)) return Number.NaN;
  if (quantile < 0) return Number.NEGATIVE_INFINITY;
  if (quantile > 1) return Number.POSITIVE_INFINITY;
  values.sort();
  let nans = 0;
  while (nans < values.length && Number.isNaN(values[values.length - 1 - nans]!)) nans++;
  const at = (rank: number) => (rank < nans ? Number.NaN : values[rank - nans]!);
  const rank = quantile * (values.length - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(values.length - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return at(lower) * (1 - weight) + at(upper) * weight;
}

async function countValues(node: Aggregate, scope: EvalScope): Promise<readonly GridSeries[]> {
  const { env, grid } = scope;
  const param = unwrapParens(node.param!);
  if (param.kind !== 'string') throw new Error('count_values without a label name');
  const name = param.value;
  if (name === '' || !isValidUtf8(name)) throw executionError(`invalid label name ${quoteGo(name)}`);
  const series = await operand(node, scope);
  const grouping = groupingOf(node, [name]);
  const builder = new VectorBuilder(scope);
  for (let i = 0; i < grid.steps; i++) {
    const counts = new Map<string, { readonly labels: Labels; count: number }>();
    for (const { labels, values, present, histograms } of series) {
      if (present[i] === 0) continue;
      const histogram = histograms?.[i];
      const text = histogram === undefined ? formatNumber(values[i]!) : describeHistogram(histogram);
      const group = grouping(labels.with(name, text));
      const known = counts.get(group.key);
      if (known === undefined) counts.set(group.key, { labels: group, count: 1 });
      else known.count++;
    }
    for (const { labels, count } of counts.values())
      builder.put(i, { labels, dropsName: false, value: count, histogram: undefined });
    if (env.budget.spend(series.length * 8)) await env.budget.pause();
  }
  return mergeSameLabels(builder.finish());
}
