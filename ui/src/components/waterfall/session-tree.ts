import type { TimelineEntry, TimelineKind } from '@contract';
import { shortModel } from '../../lib/format.ts';

/** A row of the waterfall: one timeline entry, or the group of entries of one subagent whose own entry never arrived. */
export interface TimelineNode {
  id: string;
  kind: TimelineKind;
  label: string;
  /** Null for a group that stands for a subagent without an entry of its own. */
  entry: TimelineEntry | null;
  startMs: number;
  /** End of the node and everything below it. */
  endMs: number;
  /** Own duration; null when the entry is a moment and the bar spans its children. */
  ownDurationMs: number;
  children: TimelineNode[];
  /** Micro-dollars of the node and everything below it: whole numbers, so that sums agree with the server's. */
  costMicros: number;
  tokens: number;
  requests: number;
  tools: number;
  failures: number;
  /** Position in the order of time, for "next error" and the like. */
  order: number;
}

/** A stretch in which nothing happened. */
export interface Gap {
  startMs: number;
  endMs: number;
  /** `idle`, `waiting for a person`, `waiting for permission`. */
  label: string;
}

export interface SessionTree {
  roots: TimelineNode[];
  byId: ReadonlyMap<string, TimelineNode>;
  /** Every node with an entry, ascending by start. */
  ordered: readonly TimelineNode[];
  gaps: readonly Gap[];
  startMs: number;
  endMs: number;
}

/** Shortest quiet stretch that is worth a label. */
export const gapMinMs = 30_000;

const microsPerUsd = 1_000_000;

/** US dollars as whole micro-dollars. */
export function toMicros(usd: number): number {
  return Math.round(usd * microsPerUsd);
}

/** Whole micro-dollars as US dollars. */
export function fromMicros(micros: number): number {
  return micros / microsPerUsd;
}

/** All tokens of an entry, cached or not. */
export function tokensOf(entry: TimelineEntry): number {
  return entry.input_tokens + entry.output_tokens + entry.cache_read_tokens + entry.cache_creation_tokens;
}

/** Builds prompts with what they caused below them, and subagents with what they did below those. */
export function buildTree(timeline: readonly TimelineEntry[]): SessionTree {
  const entries = foldDecisions(timeline);
  const nodes = entries.map((entry, order) => nodeOf(entry, order));
  const roots = nest(nodes);
  for (const root of roots) summarizeNode(root);
  const byId = new Map<string, TimelineNode>();
  index(roots, byId);
  let startMs = Number.POSITIVE_INFINITY;
  let endMs = Number.NEGATIVE_INFINITY;
  for (const node of nodes) {
    startMs = Math.min(startMs, node.startMs);
    endMs = Math.max(endMs, node.endMs);
  }
  if (nodes.length === 0) startMs = endMs = 0;
  return { roots, byId, ordered: nodes, gaps: findGaps(nodes), startMs, endMs };
}

/** A decision that was followed by its tool call says nothing the call does not say; one that was not is kept. */
function foldDecisions(timeline: readonly TimelineEntry[]): TimelineEntry[] {
  const called = new Set<unknown>();
  for (const entry of timeline) {
    if (entry.kind === 'tool_call' && entry.attributes.tool_use_id) called.add(entry.attributes.tool_use_id);
  }
  return timeline.filter(
    (entry) => entry.kind !== 'tool_decision' || !called.has(entry.attributes.tool_use_id),
  );
}

function nodeOf(entry: TimelineEntry, order: number): TimelineNode {
  const startMs = Date.parse(entry.start);
  const isModel = entry.kind === 'api_request' || entry.kind === 'api_error';
  return {
    id: entry.id,
    kind: entry.kind,
    label: labelOf(entry),
    entry,
    startMs,
    endMs: startMs + entry.duration_ms,
    ownDurationMs: entry.duration_ms,
    children: [],
    costMicros: toMicros(entry.cost_usd),
    tokens: tokensOf(entry),
    requests: isModel ? 1 : 0,
    tools: entry.kind === 'tool_call' ? 1 : 0,
    failures: isFailure(entry) ? 1 : 0,
    order,
  };
}

/** True for what a person looking for trouble wants to be taken to. */
export function isFailure(entry: TimelineEntry): boolean {
  return entry.failed || entry.kind === 'api_error' || entry.kind === 'error' || entry.kind === 'refusal';
}

/** What a step is called: a prompt by its words, where they were sent. */
export function labelOf(entry: TimelineEntry): string {
  if (entry.kind === 'prompt') {
    const text = entry.attributes.prompt;
    if (typeof text === 'string' && text !== '' && !/^<redacted>$/i.test(text)) return text.slice(0, 200);
    return typeof entry.attributes.command_name === 'string' ? `/${entry.attributes.command_name}` : 'Prompt';
  }
  const name = entry.name || entry.model || entry.kind.replaceAll('_', ' ');
  if (entry.kind === 'api_request' || entry.kind === 'api_error') return shortModel(name);
  return entry.kind === 'other' ? name.replaceAll('_', ' ') : name;
}

/** Puts every node under its subagent, else under its prompt, else at the top. Keeps the order of time within each list. */
function nest(nodes: readonly TimelineNode[]): TimelineNode[] {
  const prompts = new Map<string, TimelineNode>();
  const agents = new Map<string, TimelineNode>();
  for (const node of nodes) {
    const entry = node.entry!;
    if (entry.kind === 'prompt' && entry.prompt_id !== '' && !prompts.has(entry.prompt_id)) {
      prompts.set(entry.prompt_id, node);
    }
    if (entry.kind === 'subagent' && entry.agent_id !== '') agents.set(entry.agent_id, node);
  }
  const roots: TimelineNode[] = [];
  const place = (node: TimelineNode, promptId: string) => {
    const prompt = prompts.get(promptId);
    if (prompt && prompt !== node) prompt.children.push(node);
    else roots.push(node);
  };
  const agentOf = (agentId: string, first: TimelineNode): TimelineNode => {
    let agent = agents.get(agentId);
    if (!agent) {
      agent = groupOf(first);
      agents.set(agentId, agent);
      place(agent, first.entry!.prompt_id);
    }
    return agent;
  };
  for (const node of nodes) {
    const entry = node.entry!;
    const owner = ownerOf(entry);
    if (owner === '') place(node, entry.prompt_id);
    else agentOf(owner, node).children.push(node);
  }
  sortByStart(roots);
  return roots;
}

/** The agent below which an entry belongs: its own for work, the parent's for a subagent's own entry. */
function ownerOf(entry: TimelineEntry): string {
  if (entry.kind !== 'subagent') return entry.agent_id;
  const parent = entry.attributes.parent_agent_id;
  return typeof parent === 'string' && parent !== entry.agent_id ? parent : '';
}

function groupOf(first: TimelineNode): TimelineNode {
  const entry = first.entry!;
  return {
    ...first,
    id: `agent:${entry.agent_id}`,
    kind: 'subagent',
    label: entry.agent_name || 'subagent',
    entry: null,
    ownDurationMs: 0,
    endMs: first.startMs,
    children: [],
    costMicros: 0,
    tokens: 0,
    requests: 0,
    tools: 0,
    failures: 0,
  };
}

/** A subagent's entry may be stamped at its end; what it did began earlier. */
function sortByStart(nodes: TimelineNode[]): void {
  for (const node of nodes) {
    if (node.children.length === 0) continue;
    sortByStart(node.children);
    node.startMs = Math.min(node.startMs, node.children[0]!.startMs);
  }
  nodes.sort((a, b) => a.startMs - b.startMs || a.order - b.order);
}

function summarizeNode(node: TimelineNode): void {
  // What a subagent's own entry repeats (its totals) is not counted beside the requests it made.
  if (node.kind === 'subagent' && node.children.some((child) => child.requests > 0)) {
    node.costMicros = 0;
    node.tokens = 0;
  }
  for (const child of node.children) {
    summarizeNode(child);
    node.endMs = Math.max(node.endMs, child.endMs);
    node.costMicros += child.costMicros;
    node.tokens += child.tokens;
    node.requests += child.requests;
    node.tools += child.tools;
    node.failures += child.failures;
  }
}

function index(nodes: readonly TimelineNode[], byId: Map<string, TimelineNode>): void {
  for (const node of nodes) {
    byId.set(node.id, node);
    index(node.children, byId);
  }
}

/** Quiet stretches of at least {@link gapMinMs}. A prompt counts as the moment it was given, however long its turn took. */
function findGaps(nodes: readonly TimelineNode[]): Gap[] {
  const gaps: Gap[] = [];
  const byStart = nodes.slice().sort((a, b) => a.startMs - b.startMs);
  let busyUntilMs = Number.POSITIVE_INFINITY;
  for (const node of byStart) {
    if (node.startMs - busyUntilMs >= gapMinMs) {
      gaps.push({ startMs: busyUntilMs, endMs: node.startMs, label: gapLabel(node.entry!) });
    }
    const endMs = node.kind === 'prompt' ? node.startMs : node.startMs + node.ownDurationMs;
    busyUntilMs = busyUntilMs === Number.POSITIVE_INFINITY ? endMs : Math.max(busyUntilMs, endMs);
  }
  return gaps;
}

function gapLabel(next: TimelineEntry): string {
  if (next.kind === 'prompt') return 'waiting for a person';
  const isTool = next.kind === 'tool_call' || next.kind === 'tool_decision';
  if (isTool && next.decision_source.startsWith('user')) return 'waiting for permission';
  return 'idle';
}

/** What the tree looks like with some nodes folded and some kinds hidden. */
export type TreeRow =
  | { type: 'node'; node: TimelineNode; depth: number; collapsed: boolean; size: number; position: number }
  | { type: 'gap'; gap: Gap };

/** Rows from top to bottom. A hidden kind's children move up to its parent, so hiding prompts does not hide their work. */
export function flatten(
  tree: SessionTree,
  isCollapsed: (id: string) => boolean,
  hidden: ReadonlySet<TimelineKind>,
): TreeRow[] {
  const rows: TreeRow[] = [];
  const walk = (nodes: readonly TimelineNode[], depth: number) => {
    const shown = hidden.size === 0 ? nodes : promote(nodes, hidden);
    shown.forEach((node, at) => {
      const collapsed = node.children.length > 0 && isCollapsed(node.id);
      rows.push({ type: 'node', node, depth, collapsed, size: shown.length, position: at + 1 });
      if (!collapsed) walk(node.children, depth + 1);
    });
  };
  walk(tree.roots, 0);
  return withGaps(rows, tree.gaps);
}

function promote(nodes: readonly TimelineNode[], hidden: ReadonlySet<TimelineKind>): TimelineNode[] {
  return nodes.flatMap((node) => (hidden.has(node.kind) ? promote(node.children, hidden) : [node]));
}

/** A gap stands right above the row that ended it, and only where that row is shown. */
function withGaps(rows: TreeRow[], gaps: readonly Gap[]): TreeRow[] {
  if (gaps.length === 0) return rows;
  const byEnd = new Map(gaps.map((gap) => [gap.endMs, gap]));
  return rows.flatMap((row) => {
    const gap = row.type === 'node' ? byEnd.get(row.node.startMs) : undefined;
    if (!gap) return [row];
    byEnd.delete(gap.endMs);
    return [{ type: 'gap' as const, gap }, row];
  });
}

/** Ids of everything that holds the node, so that it can be shown. */
export function ancestorsOf(tree: SessionTree, id: string): string[] {
  const path: string[] = [];
  const find = (nodes: readonly TimelineNode[]): boolean =>
    nodes.some((node) => {
      if (node.id === id) return true;
      if (!find(node.children)) return false;
      path.push(node.id);
      return true;
    });
  find(tree.roots);
  return path;
}

/** The node of a kind with the most of something, or null when none has any. */
export function topNode(
  tree: SessionTree,
  kinds: readonly TimelineKind[],
  measure: (node: TimelineNode) => number,
): TimelineNode | null {
  let best: TimelineNode | null = null;
  for (const node of tree.ordered) {
    if (!kinds.includes(node.kind) || measure(node) <= 0) continue;
    if (!best || measure(node) > measure(best)) best = node;
  }
  return best;
}

/**
 * What a tool call cost: the model request that made it and the one that read its result are shared by all calls in between, so
 * the figure is that of the request following the call, split evenly among the calls it answered. An estimate, and labelled so.
 */
export function toolCosts(tree: SessionTree): Map<string, number> {
  const costs = new Map<string, number>();
  const waiting = new Map<string, TimelineNode[]>();
  for (const node of tree.ordered) {
    const thread = node.entry!.agent_id;
    const calls = waiting.get(thread) ?? [];
    if (node.kind === 'tool_call') {
      calls.push(node);
      waiting.set(thread, calls);
    } else if (node.kind === 'api_request' && calls.length > 0) {
      for (const call of calls) costs.set(call.id, node.costMicros / calls.length);
      waiting.set(thread, []);
    }
  }
  return costs;
}
