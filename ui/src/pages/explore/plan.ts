import type { PlanNode } from './prometheus.ts';

export interface PlanStep {
  readonly node: PlanNode;
  readonly depth: number;
  /** Its place in the tree: `0.1.0`. */
  readonly key: string;
}

/** Steps on screen; a plan of a huge expression is cut off. */
const mostSteps = 500;

/** The tree from the top, each step before the steps it is made of. */
export function flatPlan(plan: PlanNode): readonly PlanStep[] {
  const steps: PlanStep[] = [];
  const visit = (node: PlanNode, depth: number, key: string): void => {
    if (steps.length >= mostSteps) return;
    steps.push({ node, depth, key });
    for (const [at, child] of node.children.entries()) visit(child, depth + 1, `${key}.${at}`);
  };
  visit(plan, 0, '0');
  return steps;
}

/** Time of a step without that of the steps below it. */
export function ownMs(node: PlanNode): number {
  return Math.max(0, node.elapsedMs - node.children.reduce((sum, child) => sum + child.elapsedMs, 0));
}
