import type { Aggregate } from './ast.ts';
import { executionError } from './evaluate-budget.ts';
import { extremesOf, type Grouping, groupsOf } from './evaluate-groups.ts';
import { ratioOffset } from './evaluate-hash.ts';
import { RowWriter } from './evaluate-rows.ts';
import type { EvalScope, GridSeries } from './evaluate-types.ts';
import { goNumber } from './functions/index.ts';

type SubsetOp = 'topk' | 'bottomk' | 'limitk' | 'limit_ratio';

/** An aggregation that answers with some of its operand's series. */
type Subset = Omit<Aggregate, 'op'> & { readonly op: SubsetOp };

interface SubsetInput {
  readonly param: Float64Array;
  readonly series: readonly GridSeries[];
  readonly grouping: Grouping;
}

/** Chooses among the samples of one group at moment `i`. @returns members in the order of an instant query's answer. */
type Choose = (members: readonly GridSeries[], i: number) => readonly GridSeries[];

/** Evaluates `topk`, `bottomk`, `limitk`, `limit_ratio`. */
export async function evaluateSubset(
  node: Subset,
  { param, series, grouping }: SubsetInput,
  scope: EvalScope,
): Promise<readonly GridSeries[]> {
  const { env, grid } = scope;
  const hasAny = node.op === 'limit_ratio' ? checkRatios(node, param, scope) : checkCounts(param);
  if (!hasAny) return [];
  const choose = chooser(node, { param, total: series.length, scope });
  const groups = groupsOf(series, grouping);
  const rows = new Map<GridSeries, RowWriter>();
  for (let i = 0; i < grid.steps; i++) {
    for (const { members } of groups) {
      for (const chosen of choose(members, i)) copySample(chosen, i, rowFor(chosen, rows, scope));
      if (env.budget.spend(members.length)) await env.budget.pause();
    }
  }
  return [...rows].map(([{ labels, dropsName }, row]) => ({ labels, dropsName, ...row.finish() }));
}

function rowFor(series: GridSeries, rows: Map<GridSeries, RowWriter>, { env, grid }: EvalScope): RowWriter {
  let row = rows.get(series);
  if (row === undefined) {
    env.budget.hold(0, grid.steps);
    row = new RowWriter(grid.steps);
    rows.set(series, row);
  }
  return row;
}

function copySample(from: GridSeries, i: number, to: RowWriter): void {
  const histogram = from.histograms?.[i];
  to.present[i] = 1;
  to.values[i] = from.values[i]!;
  if (histogram !== undefined) to.setHistogram(i, histogram);
}

const MIN_INT64 = -(2 ** 63);
const MAX_INT64 = 2 ** 63;

/** @returns whether anything can be chosen. @throws BellwetherError `execution` for what is no count. */
function checkCounts(param: Float64Array): boolean {
  const { min, max, hasNan } = extremesOf(param);
  if (max < 1) return false;
  if (hasNan) throw executionError('Parameter value is NaN');
  if (min <= MIN_INT64) throw executionError(`Scalar value ${goNumber(min)} underflows int64`);
  if (max >= MAX_INT64) throw executionError(`Scalar value ${goNumber(max)} overflows int64`);
  return true;
}

function checkRatios(node: Subset, param: Float64Array, { env }: EvalScope): boolean {
  const { min, max, hasNan } = extremesOf(param);
  if (max === 0 && min === 0) return false;
  if (hasNan) throw executionError('Ratio value is NaN');
  const warn = (ratio: number, bound: number) =>
    env.annotate.warn(
      `ratio value should be between -1 and 1, got ${goNumber(ratio)}, capping to ${bound}`,
      node.param!.pos,
    );
  if (max > 1) warn(max, 1);
  if (min < -1) warn(min, -1);
  return true;
}

function chooser(
  node: Subset,
  {
    param,
    total,
    scope,
  }: { readonly param: Float64Array; readonly total: number; readonly scope: EvalScope },
): Choose {
  const countAt = (i: number) => Math.min(Math.trunc(param[i]!), total);
  const { op } = node;
  if (op === 'limitk') return (members, i) => membersAt(members, i).slice(0, Math.max(countAt(i), 0));
  if (op === 'limit_ratio') {
    const offsets = new Map<GridSeries, number>();
    return (members, i) => byRatio(membersAt(members, i), Math.max(-1, Math.min(1, param[i]!)), offsets);
  }
  const onIgnored = () => scope.env.annotate.info(`ignored histogram in ${op} aggregation`, node.pos);
  return (members, i) =>
    countAt(i) < 1
      ? []
      : best(floatsAt(members, i, onIgnored), { i, count: countAt(i), isTop: op === 'topk' });
}

function membersAt(members: readonly GridSeries[], i: number): GridSeries[] {
  return members.filter(({ present }) => present[i] !== 0);
}

function floatsAt(members: readonly GridSeries[], i: number, onIgnored: () => void): GridSeries[] {
  return membersAt(members, i).filter(({ histograms }) => {
    if (histograms?.[i] === undefined) return true;
    onIgnored();
    return false;
  });
}

/** A positive ratio takes those whose offset lies below it, a negative one exactly the others of its complement. */
function byRatio(
  members: readonly GridSeries[],
  ratio: number,
  offsets: Map<GridSeries, number>,
): readonly GridSeries[] {
  if (ratio === 0) return [];
  return members.filter((member) => {
    let offset = offsets.get(member);
    if (offset === undefined) {
      offset = ratioOffset(member.labels);
      offsets.set(member, offset);
    }
    return ratio > 0 ? offset < ratio : offset >= 1 + ratio;
  });
}

/** Whether `a` is to be given up before `b`. */
type IsWorse = (a: GridSeries, b: GridSeries) => boolean;

/**
 * The best samples in order. Which of several equal ones are taken follows from the binary heap that Prometheus uses, so it is one
 * here too: the worst of the chosen on top, replaced by each better sample.
 */
function best(
  members: readonly GridSeries[],
  { i, count, isTop }: { readonly i: number; readonly count: number; readonly isTop: boolean },
): readonly GridSeries[] {
  const isWorse: IsWorse = (a, b) => {
    const left = a.values[i]!;
    if (Number.isNaN(left)) return true;
    return isTop ? left < b.values[i]! : left > b.values[i]!;
  };
  const heap: GridSeries[] = [];
  for (const member of members) {
    const value = member.values[i]!;
    if (heap.length < count) {
      push(heap, member, isWorse);
      continue;
    }
    const worst = heap[0]!.values[i]!;
    if ((isTop ? worst < value : worst > value) || (Number.isNaN(worst) && !Number.isNaN(value))) {
      heap[0] = member;
      sink(heap, isWorse);
    }
  }
  const order = (a: GridSeries, b: GridSeries) => {
    const [left, right] = [a.values[i]!, b.values[i]!];
    if (Number.isNaN(left) || Number.isNaN(right))
      return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
    return isTop ? right - left : left - right;
  };
  return heap.sort((a, b) => (a.values[i] === b.values[i] ? 0 : order(a, b)));
}

function push(heap: GridSeries[], member: GridSeries, isWorse: IsWorse): void {
  heap.push(member);
  let at = heap.length - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isWorse(heap[at]!, heap[parent]!)) break;
    swap(heap, at, parent);
    at = parent;
  }
}

function sink(heap: GridSeries[], isWorse: IsWorse): void {
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) return;
    if (child + 1 < heap.length && isWorse(heap[child + 1]!, heap[child]!)) child++;
    if (!isWorse(heap[child]!, heap[at]!)) return;
    swap(heap, at, child);
    at = child;
  }
}

function swap(heap: GridSeries[], a: number, b: number): void {
  const kept = heap[a]!;
  heap[a] = heap[b]!;
  heap[b] = kept;
}
