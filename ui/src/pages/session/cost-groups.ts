import type { TimelineEntry } from '@contract';
import { type SessionTree, tokensOf, toMicros } from '../../components/waterfall/index.ts';

/** Part of a session's cost. */
export interface CostGroup {
  key: string;
  costMicros: number;
  tokens: number;
  requests: number;
  /** The step to open for it; empty for groups that are not one step. */
  stepId: string;
}

/** Entries that cost something themselves. A subagent's entry repeats what its requests cost, so it counts only without them. */
function spenders(tree: SessionTree): TimelineEntry[] {
  return tree.ordered.flatMap((node) => {
    const entry = node.entry!;
    const isRepeat = entry.kind === 'subagent' && node.children.some((child) => child.requests > 0);
    return isRepeat || (entry.cost_usd === 0 && tokensOf(entry) === 0) ? [] : [entry];
  });
}

/** Cost by anything, the dearest first. Sums are over whole micro-dollars, so every grouping adds up to the same total. */
export function groupCost(tree: SessionTree, keyOf: (entry: TimelineEntry) => string): CostGroup[] {
  const groups = new Map<string, CostGroup>();
  for (const entry of spenders(tree)) {
    const key = keyOf(entry);
    const group = groups.get(key) ?? { key, costMicros: 0, tokens: 0, requests: 0, stepId: '' };
    group.costMicros += toMicros(entry.cost_usd);
    group.tokens += tokensOf(entry);
    group.requests += entry.kind === 'api_request' ? 1 : 0;
    groups.set(key, group);
  }
  return [...groups.values()].sort((a, b) => b.costMicros - a.costMicros || b.tokens - a.tokens);
}

/** Cost by prompt, with the prompt's own words where they were sent. */
export function costByPrompt(tree: SessionTree): CostGroup[] {
  return tree.roots
    .filter((node) => node.costMicros > 0 || node.tokens > 0)
    .map((node) => ({
      key: node.label,
      costMicros: node.costMicros,
      tokens: node.tokens,
      requests: node.requests,
      stepId: node.id,
    }))
    .sort((a, b) => b.costMicros - a.costMicros);
}

/** Who asked the model: a subagent by its name, else the class of the request. */
export function sourceOf(entry: TimelineEntry): string {
  if (entry.agent_name !== '') return entry.agent_name;
  if (entry.agent_id !== '') return 'subagent';
  return entry.query_source === '' ? 'main' : entry.query_source.replaceAll('_', ' ');
}

export function totalMicros(groups: readonly CostGroup[]): number {
  return groups.reduce((sum, group) => sum + group.costMicros, 0);
}
