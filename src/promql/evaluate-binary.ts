import type { Binary, BinaryOp, Unary, VectorMatching } from './ast.ts';
import {
  ARITHMETIC,
  COMPARISONS,
  type ElementOp,
  ElementOperator,
  isArithmetic,
  isComparison,
} from './evaluate-elements.ts';
import { droppingNames, mergeSameLabels } from './evaluate-labels.ts';
import { combineVectors } from './evaluate-matching.ts';
import { RowWriter } from './evaluate-rows.ts';
import { combineSets } from './evaluate-sets.ts';
import type { EvalScope, GridSeries, ScalarValue, Value, VectorValue } from './evaluate-types.ts';
import { negateHistogram } from './histogram/index.ts';

const PLAIN_MATCHING: VectorMatching = {
  cardinality: 'one-to-one',
  isOn: false,
  labels: [],
  include: [],
  fillLeft: undefined,
  fillRight: undefined,
};

export async function evaluateBinary(node: Binary, scope: EvalScope): Promise<Value> {
  const { env, grid, plan } = scope;
  const left = await env.evaluate(node.left, grid, plan);
  const right = await env.evaluate(node.right, grid, plan);
  if (left.kind === 'string' || right.kind === 'string') throw new Error('a string has no operators');
  if (left.kind === 'vector' && right.kind === 'vector')
    return { kind: 'vector', series: await combineTwo(node, left, right, scope) };
  const { op } = node;
  if (left.kind === 'scalar' && right.kind === 'scalar')
    return { kind: 'scalar', values: combineScalars(op, left.values, right.values) };
  if (op === 'and' || op === 'or' || op === 'unless') throw new Error('a scalar has no set operators');
  const [vector, scalar] =
    left.kind === 'vector' ? [left, right as ScalarValue] : [right as VectorValue, left];
  const side = { values: scalar.values, isLeft: scalar === left };
  return { kind: 'vector', series: await combineWithScalar({ ...node, op }, vector.series, side, scope) };
}

function combineTwo(
  node: Binary,
  left: VectorValue,
  right: VectorValue,
  scope: EvalScope,
): Promise<readonly GridSeries[]> {
  const { op, matching = PLAIN_MATCHING } = node;
  const sides = { left: left.series, right: right.series };
  return op === 'and' || op === 'or' || op === 'unless'
    ? combineSets(op, { ...sides, matching }, scope)
    : combineVectors({ ...node, op, matching }, sides, scope);
}

function combineScalars(op: BinaryOp, left: Float64Array, right: Float64Array): Float64Array {
  if (isArithmetic(op)) {
    const combine = ARITHMETIC[op];
    return left.map((value, i) => combine(value, right[i]!));
  }
  if (!isComparison(op)) throw new Error(`scalars have no operator ${op}`);
  const holds = COMPARISONS[op];
  return left.map((value, i) => Number(holds(value, right[i]!)));
}

interface ScalarSide {
  readonly values: Float64Array;
  readonly isLeft: boolean;
}

type ElementBinary = Omit<Binary, 'op'> & { readonly op: ElementOp };

async function combineWithScalar(
  node: ElementBinary,
  series: readonly GridSeries[],
  scalar: ScalarSide,
  scope: EvalScope,
): Promise<readonly GridSeries[]> {
  const { env, grid } = scope;
  const operator = new ElementOperator(node.op, env.annotate, node.pos);
  const row = new RowWriter(grid.steps);
  const result: GridSeries[] = [];
  for (const one of series) {
    const found =
      one.histograms === undefined
        ? floatsWithScalar(node, one, scalar, row)
        : elementsWithScalar(node, { series: one, scalar, operator }, row);
    if (env.budget.spend(grid.steps)) await env.budget.pause();
    if (found < 0) {
      // Not an operator of floats: what it says of each of them.
      elementsWithScalar(node, { series: one, scalar, operator }, row);
      continue;
    }
    if (found === 0) continue;
    env.budget.hold(found, grid.steps);
    result.push({ labels: one.labels, dropsName: one.dropsName, ...row.take() });
  }
  operator.finish();
  if (!isArithmetic(node.op) && !node.returnsBool) return result;
  const renamed = droppingNames(result, env.options.hasDelayedNameRemoval);
  return renamed.mayCollide ? mergeSameLabels(renamed.series) : renamed.series;
}

/** @returns how many samples there are, or -1 when the operator is not one of floats. */
function floatsWithScalar(
  node: ElementBinary,
  series: GridSeries,
  scalar: ScalarSide,
  row: RowWriter,
): number {
  const { values, present } = series;
  const { op, returnsBool } = node;
  const steps = values.length;
  let found = 0;
  if (isArithmetic(op)) {
    const combine = ARITHMETIC[op];
    for (let i = 0; i < steps; i++) {
      if (present[i] === 0) continue;
      row.present[i] = 1;
      found++;
      const [value, other] = [values[i]!, scalar.values[i]!];
      row.values[i] = scalar.isLeft ? combine(other, value) : combine(value, other);
    }
    return found;
  }
  if (!isComparison(op)) return -1;
  const holds = COMPARISONS[op];
  for (let i = 0; i < steps; i++) {
    if (present[i] === 0) continue;
    const value = values[i]!;
    const isTrue = scalar.isLeft ? holds(scalar.values[i]!, value) : holds(value, scalar.values[i]!);
    if (!isTrue && !returnsBool) continue;
    row.present[i] = 1;
    found++;
    row.values[i] = returnsBool ? Number(isTrue) : value;
  }
  return found;
}

function elementsWithScalar(
  node: ElementBinary,
  parts: { readonly series: GridSeries; readonly scalar: ScalarSide; readonly operator: ElementOperator },
  row: RowWriter,
): number {
  const { series, scalar, operator } = parts;
  let found = 0;
  for (let i = 0; i < series.values.length; i++) {
    if (series.present[i] === 0) continue;
    const own = { value: series.values[i]!, histogram: series.histograms?.[i] };
    const other = { value: scalar.values[i]!, histogram: undefined };
    const result = scalar.isLeft ? operator.combine(other, own, i) : operator.combine(own, other, i);
    if (result === undefined || (!result.keeps && !node.returnsBool)) continue;
    row.present[i] = 1;
    found++;
    if (node.returnsBool) row.values[i] = Number(result.keeps);
    // A comparison gives the vector's value, on whichever side it stands.
    else if (isComparison(node.op)) row.values[i] = own.value;
    else if (result.histogram === undefined) row.values[i] = result.value;
    else row.setHistogram(i, result.histogram);
  }
  return found;
}

/** A minus in front of a scalar or a vector. */
export async function evaluateUnary(node: Unary, scope: EvalScope): Promise<Value> {
  const { env, grid, plan } = scope;
  const value = await env.evaluate(node.expr, grid, plan);
  if (node.op === '+' || value.kind === 'string') return value;
  if (value.kind === 'scalar') return { kind: 'scalar', values: value.values.map((number) => -number) };
  const negated = value.series.map((series) => ({
    ...series,
    values: series.values.map((number) => -number),
    histograms: series.histograms?.map((one) => (one === undefined ? undefined : negateHistogram(one))),
  }));
  const renamed = droppingNames(negated, env.options.hasDelayedNameRemoval);
  return { kind: 'vector', series: renamed.mayCollide ? mergeSameLabels(renamed.series) : renamed.series };
}
