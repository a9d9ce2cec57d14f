import { fromMicros, type SessionTree, type TimelineNode } from './session-tree.ts';

/** What the colour of a bar means. */
export type HeatBy = 'kind' | 'cost' | 'duration';

/** 0: nothing to measure; 1 to 5: from the cheaper half up to the top few per cent. */
export type HeatLevel = 0 | 1 | 2 | 3 | 4 | 5;

/** Shares of the values that lie below level 2, 3, 4 and 5. */
const levelShares = [0.5, 0.75, 0.9, 0.97] as const;

/** US dollars or milliseconds of a node and what is below it. */
export function heatValue(node: TimelineNode, by: HeatBy): number {
  return by === 'cost' ? fromMicros(node.costMicros) : node.endMs - node.startMs;
}

/**
 * Ranks a node among its like: steps among steps, and those that hold others among those. A fixed scale would paint either every
 * step cold or every prompt hot.
 */
export function heatScale(tree: SessionTree, by: HeatBy): (node: TimelineNode) => HeatLevel {
  const steps = limitsOf(
    tree.ordered.filter((node) => node.children.length === 0),
    by,
  );
  const holders = limitsOf(
    [...tree.byId.values()].filter((node) => node.children.length > 0),
    by,
  );
  return (node) => {
    const value = heatValue(node, by);
    if (value <= 0) return 0;
    const limits = node.children.length > 0 ? holders : steps;
    return (1 + limits.filter((limit) => value > limit).length) as HeatLevel;
  };
}

function limitsOf(nodes: readonly TimelineNode[], by: HeatBy): number[] {
  const values = nodes
    .map((node) => heatValue(node, by))
    .filter((value) => value > 0)
    .sort((a, b) => a - b);
  if (values.length === 0) return [];
  return levelShares.map((share) => values[Math.min(values.length - 1, Math.floor(values.length * share))]!);
}
