import type { VectorMatching } from './ast.ts';
import { mergeSameLabels, signatures } from './evaluate-labels.ts';
import type { EvalScope, GridSeries } from './evaluate-types.ts';

interface SetInput {
  readonly left: readonly GridSeries[];
  readonly right: readonly GridSeries[];
  readonly matching: VectorMatching;
}

/** Evaluates `and`, `or`, `unless`: which samples stay depends only on whether the other side has one with the same match group. */
export async function combineSets(
  op: 'and' | 'or' | 'unless',
  { left, right, matching }: SetInput,
  scope: EvalScope,
): Promise<readonly GridSeries[]> {
  const [leftGroups, rightGroups] = [signatures(left, matching), signatures(right, matching)];
  if (op === 'or') {
    const presence = await presenceByGroup(left, leftGroups, scope);
    const added = await filtered(right, { groups: rightGroups, presence, wants: 0 }, scope);
    return mergeSameLabels([...left, ...added]);
  }
  const presence = await presenceByGroup(right, rightGroups, scope);
  return await filtered(left, { groups: leftGroups, presence, wants: op === 'and' ? 1 : 0 }, scope);
}

/** For each match group 1 at the moments at which it has a sample. */
async function presenceByGroup(
  series: readonly GridSeries[],
  groups: readonly string[],
  { env, grid }: EvalScope,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const presence = new Map<string, Uint8Array>();
  for (const [s, { present }] of series.entries()) {
    const known = presence.get(groups[s]!);
    if (known === undefined) presence.set(groups[s]!, present.slice());
    else for (let i = 0; i < grid.steps; i++) known[i]! |= present[i]!;
    if (env.budget.spend(grid.steps)) await env.budget.pause();
  }
  return presence;
}

/** The samples at whose moments the other side's presence is `wants`. */
async function filtered(
  series: readonly GridSeries[],
  parts: {
    readonly groups: readonly string[];
    readonly presence: ReadonlyMap<string, Uint8Array>;
    readonly wants: 0 | 1;
  },
  { env, grid }: EvalScope,
): Promise<GridSeries[]> {
  const { groups, presence, wants } = parts;
  const result: GridSeries[] = [];
  for (const [s, one] of series.entries()) {
    const other = presence.get(groups[s]!);
    if (other === undefined) {
      if (wants === 0) result.push(one);
      continue;
    }
    const present = new Uint8Array(grid.steps);
    let found = 0;
    for (let i = 0; i < grid.steps; i++) {
      if (one.present[i] === 0 || other[i] !== wants) continue;
      present[i] = 1;
      found++;
    }
    if (found > 0) {
      env.budget.hold(found, grid.steps);
      result.push({ ...one, present });
    }
    if (env.budget.spend(grid.steps)) await env.budget.pause();
  }
  return result;
}
