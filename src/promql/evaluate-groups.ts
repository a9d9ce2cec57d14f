import { Labels, METRIC_NAME } from '../model/labels.ts';
import type { Aggregate } from './ast.ts';
import { keeping } from './evaluate-labels.ts';
import type { GridSeries } from './evaluate-types.ts';

/** Gives the labels of the group that a series belongs to. */
export type Grouping = (labels: Labels) => Labels;

export function groupingOf(node: Aggregate, further: readonly string[] = []): Grouping {
  if (node.isWithout) {
    const dropped = new Set([...node.grouping, METRIC_NAME]);
    return (labels) => labels.without(dropped);
  }
  const kept = new Set([...node.grouping, ...further]);
  return kept.size === 0 ? () => Labels.EMPTY : (labels) => keeping(labels, kept);
}

/** The series of each group, groups in the order of their first series. */
export function groupsOf(
  series: readonly GridSeries[],
  grouping: Grouping,
): { readonly labels: Labels; readonly members: GridSeries[] }[] {
  const groups = new Map<string, { readonly labels: Labels; readonly members: GridSeries[] }>();
  for (const one of series) {
    const labels = grouping(one.labels);
    const group = groups.get(labels.key);
    if (group === undefined) groups.set(labels.key, { labels, members: [one] });
    else group.members.push(one);
  }
  return [...groups.values()];
}

/** Smallest and greatest value; both NaN when there is a NaN among them. */
export function extremesOf(values: Float64Array): {
  readonly min: number;
  readonly max: number;
  readonly hasNan: boolean;
} {
  let min = Number.MAX_VALUE;
  let max = -Number.MAX_VALUE;
  for (const value of values) {
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  return { min, max, hasNan: Number.isNaN(max) };
}
