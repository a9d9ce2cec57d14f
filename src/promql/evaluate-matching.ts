import type { BellwetherError } from '../lib/errors.ts';
import type { Labels } from '../model/labels.ts';
import type { Binary, VectorMatching } from './ast.ts';
import { executionError } from './evaluate-budget.ts';
import {
  ARITHMETIC,
  COMPARISONS,
  type Element,
  type ElementOp,
  ElementOperator,
  type ElementResult,
  isArithmetic,
  isComparison,
} from './evaluate-elements.ts';
import { keeping, matchingPart, mergeSameLabels, signatures, withoutMetadata } from './evaluate-labels.ts';
import { RowWriter } from './evaluate-rows.ts';
import type { EvalScope, GridSeries } from './evaluate-types.ts';
import { VectorBuilder } from './evaluate-vectors.ts';

/** A binary operation of two vectors, no set operation. */
export type VectorBinary = Omit<Binary, 'op' | 'matching'> & {
  readonly op: ElementOp;
  readonly matching: VectorMatching;
};

/** Both sides after swapping them so that "many" is the side that may have several series in a match group. */
interface Sides {
  readonly many: readonly GridSeries[];
  readonly one: readonly GridSeries[];
  readonly manyGroups: readonly string[];
  readonly oneGroups: readonly string[];
  /** The "one" side stands on the left. */
  readonly isSwapped: boolean;
}

export async function combineVectors(
  node: VectorBinary,
  { left, right }: { readonly left: readonly GridSeries[]; readonly right: readonly GridSeries[] },
  scope: EvalScope,
): Promise<readonly GridSeries[]> {
  const { matching } = node;
  const isSwapped = matching.cardinality === 'one-to-many';
  const [many, one] = isSwapped ? [right, left] : [left, right];
  const sides: Sides = {
    many,
    one,
    manyGroups: signatures(many, matching),
    oneGroups: signatures(one, matching),
    isSwapped,
  };
  const operator = new ElementOperator(node.op, scope.env.annotate, node.pos);
  const pairs = pairUp(node, sides, scope);
  const result =
    pairs === undefined
      ? await combineByMoment(node, { sides, operator }, scope)
      : await combinePairs(node, { pairs, isSwapped, operator }, scope);
  operator.finish();
  return scope.env.options.hasDelayedNameRemoval && scope.grid.steps === 1 ? result : mergeSameLabels(result);
}

interface Pair {
  readonly many: GridSeries;
  readonly one: GridSeries;
  readonly labels: Labels;
}

/**
 * The pairs of series that belong together, when that is the same at every moment and nothing can be ambiguous: then whole columns can
 * be combined. Otherwise undefined.
 */
function pairUp(node: VectorBinary, sides: Sides, scope: EvalScope): readonly Pair[] | undefined {
  const { matching } = node;
  if (matching.fillLeft !== undefined || matching.fillRight !== undefined) return undefined;
  const ones = new Map<string, GridSeries>();
  for (const [s, one] of sides.one.entries()) {
    const group = sides.oneGroups[s]!;
    if (ones.has(group)) return undefined;
    ones.set(group, one);
  }
  const labelsOf = resultLabels(node, scope);
  const pairs: Pair[] = [];
  const seen = new Set<string>();
  for (const [s, many] of sides.many.entries()) {
    const group = sides.manyGroups[s]!;
    const one = ones.get(group);
    if (one === undefined) continue;
    const labels = labelsOf(many.labels, one.labels);
    const match = matching.cardinality === 'one-to-one' ? group : `${group.length}:${group}${labels.key}`;
    if (seen.has(match)) return undefined;
    seen.add(match);
    pairs.push({ many, one, labels });
  }
  return pairs;
}

/** The labels of a result. `many` and `one` are the labels of the two sides, after swapping. */
function resultLabels(node: VectorBinary, { env }: EvalScope): (many: Labels, one: Labels) => Labels {
  const { matching } = node;
  const names = new Set(matching.labels);
  const changesMeaning = isArithmetic(node.op) || (node.returnsBool && !env.options.hasDelayedNameRemoval);
  return (many, one) => {
    let labels = changesMeaning ? withoutMetadata(many) : many;
    if (matching.cardinality === 'one-to-one')
      labels = matching.isOn ? keeping(labels, names) : labels.without(names);
    for (const name of matching.include) labels = labels.with(name, one.get(name));
    return labels;
  };
}

async function combinePairs(
  node: VectorBinary,
  parts: { readonly pairs: readonly Pair[]; readonly isSwapped: boolean; readonly operator: ElementOperator },
  scope: EvalScope,
): Promise<GridSeries[]> {
  const { env, grid } = scope;
  const { pairs, isSwapped, operator } = parts;
  const row = new RowWriter(grid.steps);
  const result: GridSeries[] = [];
  for (const { many, one, labels } of pairs) {
    const [left, right] = isSwapped ? [one, many] : [many, one];
    const hasHistograms = left.histograms !== undefined || right.histograms !== undefined;
    const found =
      hasHistograms || !isFloatOp(node.op)
        ? combineElements(node, { left, right, operator }, row)
        : combineFloats(node, { left, right }, row);
    if (env.budget.spend(grid.steps * 2)) await env.budget.pause();
    if (found === 0) continue;
    env.budget.hold(found, grid.steps);
    result.push({ labels, dropsName: node.returnsBool, ...row.take() });
  }
  return result;
}

function isFloatOp(op: ElementOp): boolean {
  return isArithmetic(op) || isComparison(op);
}

interface LeftAndRight {
  readonly left: GridSeries;
  readonly right: GridSeries;
}

function combineFloats(node: VectorBinary, { left, right }: LeftAndRight, row: RowWriter): number {
  const { op, returnsBool } = node;
  const steps = row.steps;
  let found = 0;
  if (isArithmetic(op)) {
    const combine = ARITHMETIC[op];
    for (let i = 0; i < steps; i++) {
      if ((left.present[i]! & right.present[i]!) === 0) continue;
      row.present[i] = 1;
      found++;
      row.values[i] = combine(left.values[i]!, right.values[i]!);
    }
    return found;
  }
  if (!isComparison(op)) return 0;
  const holds = COMPARISONS[op];
  for (let i = 0; i < steps; i++) {
    if ((left.present[i]! & right.present[i]!) === 0) continue;
    const isTrue = holds(left.values[i]!, right.values[i]!);
    if (!isTrue && !returnsBool) continue;
    row.present[i] = 1;
    found++;
    row.values[i] = returnsBool ? Number(isTrue) : left.values[i]!;
  }
  return found;
}

function combineElements(
  node: VectorBinary,
  { left, right, operator }: LeftAndRight & { readonly operator: ElementOperator },
  row: RowWriter,
): number {
  let found = 0;
  for (let i = 0; i < row.steps; i++) {
    if ((left.present[i]! & right.present[i]!) === 0) continue;
    const result = operator.combine(elementAt(left, i), elementAt(right, i), i);
    if (result === undefined || (!result.keeps && !node.returnsBool)) continue;
    row.present[i] = 1;
    found++;
    const { value, histogram } = outcome(node, result);
    row.values[i] = value;
    if (histogram !== undefined) row.setHistogram(i, histogram);
  }
  return found;
}

function elementAt(series: GridSeries, i: number) {
  return { value: series.values[i]!, histogram: series.histograms?.[i] };
}

function outcome(node: VectorBinary, result: ElementResult): Pick<ElementResult, 'value' | 'histogram'> {
  return node.returnsBool ? { value: Number(result.keeps), histogram: undefined } : result;
}

/** Moment by moment: which series match may differ, and there may be errors. */
async function combineByMoment(
  node: VectorBinary,
  { sides, operator }: { readonly sides: Sides; readonly operator: ElementOperator },
  scope: EvalScope,
): Promise<GridSeries[]> {
  const { env, grid } = scope;
  const matcher = new MomentMatcher(node, { sides, operator, scope });
  for (let i = 0; i < grid.steps; i++) {
    matcher.combine(i);
    if (env.budget.spend((sides.many.length + sides.one.length) * 8)) await env.budget.pause();
  }
  return matcher.finish();
}

/** Labels and sample of one side of a match. */
interface Matched extends Element {
  readonly labels: Labels;
}

class MomentMatcher {
  readonly #node: VectorBinary;
  readonly #sides: Sides;
  readonly #operator: ElementOperator;
  readonly #builder: VectorBuilder;
  readonly #labelsOf: (many: Labels, one: Labels) => Labels;
  /** Results of each match group at this moment, by labels. */
  readonly #matched = new Map<string, Set<string>>();

  constructor(
    node: VectorBinary,
    parts: { readonly sides: Sides; readonly operator: ElementOperator; readonly scope: EvalScope },
  ) {
    this.#node = node;
    this.#sides = parts.sides;
    this.#operator = parts.operator;
    this.#builder = new VectorBuilder(parts.scope);
    this.#labelsOf = remembered(resultLabels(node, parts.scope));
  }

  combine(i: number): void {
    const { many, one, manyGroups, oneGroups } = this.#sides;
    const { fillLeft, fillRight } = this.#node.matching;
    const hasMany = many.some(({ present }) => present[i] !== 0);
    const hasOne = one.some(({ present }) => present[i] !== 0);
    if (!(hasMany || hasOne)) return;
    if (!(hasMany && hasOne) && fillLeft === undefined && fillRight === undefined) return;
    this.#matched.clear();
    const ones = this.#onesAt(i);
    for (const [s, series] of many.entries()) {
      if (series.present[i] === 0) continue;
      const group = manyGroups[s]!;
      const other = ones.get(group);
      if (other !== undefined) this.#match(i, group, at(series, i), at(other, i));
      else if (fillRight !== undefined) this.#match(i, group, at(series, i), this.#filled(series, fillRight));
    }
    if (fillLeft === undefined) return;
    for (const [s, series] of one.entries()) {
      const group = oneGroups[s]!;
      if (series.present[i] === 0 || this.#matched.has(group)) continue;
      this.#match(i, group, this.#filled(series, fillLeft), at(series, i));
    }
  }

  finish(): GridSeries[] {
    return this.#builder.finish();
  }

  /** The "one" side by match group. */
  #onesAt(i: number): ReadonlyMap<string, GridSeries> {
    const { one, oneGroups, isSwapped } = this.#sides;
    const ones = new Map<string, GridSeries>();
    for (const [s, series] of one.entries()) {
      if (series.present[i] === 0) continue;
      const known = ones.get(oneGroups[s]!);
      if (known !== undefined)
        throw this.#duplicates(known.labels, series.labels, isSwapped ? 'left' : 'right');
      ones.set(oneGroups[s]!, series);
    }
    return ones;
  }

  #duplicates(a: Labels, b: Labels, side: 'left' | 'right'): BellwetherError {
    const [first, second] = a.compare(b) <= 0 ? [a, b] : [b, a];
    const group = this.#groupLabels(a);
    return executionError(
      `found duplicate series for the match group ${group} on the ${side} hand-side of the operation: [${first}, ${second}];many-to-many matching not allowed: matching labels must be unique on one side`,
    );
  }

  #groupLabels(labels: Labels): Labels {
    const { matching } = this.#node;
    return matchingPart(labels, new Set(matching.labels), matching.isOn);
  }

  /** What stands in for the missing partner of a series. */
  #filled(series: GridSeries, value: number): Matched {
    return { labels: this.#groupLabels(series.labels), value, histogram: undefined };
  }

  #match(i: number, group: string, many: Matched, one: Matched): void {
    const node = this.#node;
    const [left, right] = this.#sides.isSwapped ? [one, many] : [many, one];
    const result = this.#operator.combine(left, right, i);
    if (result === undefined) return;
    const labels = this.#labelsOf(many.labels, one.labels);
    this.#refuseAmbiguity(group, labels);
    if (!result.keeps && !node.returnsBool) return;
    this.#builder.put(i, { labels, dropsName: node.returnsBool, ...outcome(node, result) });
  }

  #refuseAmbiguity(group: string, labels: Labels): void {
    const results = this.#matched.get(group);
    if (results === undefined) {
      this.#matched.set(group, new Set([labels.key]));
      return;
    }
    if (this.#node.matching.cardinality === 'one-to-one')
      throw executionError(
        'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)',
      );
    if (results.has(labels.key))
      throw executionError('multiple matches for labels: grouping labels must ensure unique matches');
    results.add(labels.key);
  }
}

function at(series: GridSeries, i: number): Matched {
  return { labels: series.labels, value: series.values[i]!, histogram: series.histograms?.[i] };
}

/** The same pair of series matches at many moments. */
function remembered(labelsOf: (many: Labels, one: Labels) => Labels): (many: Labels, one: Labels) => Labels {
  const known = new Map<string, Labels>();
  return (many, one) => {
    const key = `${many.key.length}:${many.key}${one.key}`;
    let labels = known.get(key);
    if (labels === undefined) {
      labels = labelsOf(many, one);
      known.set(key, labels);
    }
    return labels;
  };
}
