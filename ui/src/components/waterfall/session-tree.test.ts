import { describe, expect, it } from 'vitest';
import { entryAt, sampleTimeline } from './fixture.ts';
import { ancestorsOf, buildTree, flatten, toolCosts, topNode } from './session-tree.ts';

const open = () => false;
const ids = (rows: ReturnType<typeof flatten>) =>
  rows.map((row) => (row.type === 'gap' ? `gap ${row.gap.label}` : `${'-'.repeat(row.depth)}${row.node.id}`));

describe('buildTree', () => {
  it('nests work under its prompt and a subagent’s work under the subagent, and labels quiet stretches', () => {
    expect(ids(flatten(buildTree(sampleTimeline()), open, new Set()))).toEqual([
      'p1',
      '-r1',
      '-t1',
      '-s1',
      '--r2',
      '--t2',
      'gap waiting for a person',
      'p2',
      '-d2',
      '-r3',
    ]);
  });

  it('sums cost without counting a subagent’s total beside its requests', () => {
    const tree = buildTree(sampleTimeline());
    expect(tree.byId.get('p1')?.costMicros).toBe(300_000);
    expect(tree.byId.get('s1')?.costMicros).toBe(200_000);
    expect(tree.byId.get('p1')).toMatchObject({ requests: 2, tools: 2, failures: 1 });
    expect(tree.roots.reduce((sum, root) => sum + root.costMicros, 0)).toBe(800_000);
  });

  it('stretches a prompt over what it caused', () => {
    const prompt = buildTree(sampleTimeline()).byId.get('p1')!;
    expect(prompt.endMs - prompt.startMs).toBe(15_000);
  });

  it('makes a group for a subagent whose own entry never arrived', () => {
    const tree = buildTree([
      entryAt(0, { id: 'p', kind: 'prompt', prompt_id: 'A' }),
      entryAt(1, {
        id: 'r',
        kind: 'api_request',
        prompt_id: 'A',
        agent_id: 'x',
        agent_name: 'Plan',
        cost_usd: 1,
      }),
    ]);
    expect(ids(flatten(tree, open, new Set()))).toEqual(['p', '-agent:x', '--r']);
    expect(tree.byId.get('agent:x')).toMatchObject({ label: 'Plan', costMicros: 1_000_000 });
  });

  it('keeps what belongs to no prompt at the top, and survives an empty timeline', () => {
    expect(ids(flatten(buildTree([entryAt(0, { id: 'o' })]), open, new Set()))).toEqual(['o']);
    expect(buildTree([])).toMatchObject({ roots: [], startMs: 0, endMs: 0 });
  });

  it('names a wait for permission', () => {
    const tree = buildTree([
      entryAt(0, { id: 'r', kind: 'api_request', duration_ms: 1000 }),
      entryAt(60, { id: 't', kind: 'tool_call', decision_source: 'user_temporary' }),
    ]);
    expect(tree.gaps).toEqual([expect.objectContaining({ label: 'waiting for permission' })]);
  });
});

describe('flatten', () => {
  it('folds what is collapsed', () => {
    const rows = flatten(buildTree(sampleTimeline()), (id) => id === 'p1', new Set());
    expect(ids(rows)).toEqual(['p1', 'gap waiting for a person', 'p2', '-d2', '-r3']);
  });

  it('moves the children of a hidden kind up', () => {
    const rows = flatten(
      buildTree(sampleTimeline()),
      open,
      new Set(['prompt', 'tool_decision', 'subagent'] as const),
    );
    expect(ids(rows)).toEqual(['r1', 't1', 'r2', 't2', 'r3']);
  });
});

it('finds the way to a nested node and the dearest request', () => {
  const tree = buildTree(sampleTimeline());
  expect(ancestorsOf(tree, 't2')).toEqual(['s1', 'p1']);
  expect(topNode(tree, ['api_request'], (node) => node.costMicros)?.id).toBe('r3');
  expect(topNode(tree, ['compaction'], (node) => node.costMicros)).toBeNull();
});

it('charges a tool call with the request that read its result', () => {
  const tree = buildTree([
    entryAt(0, { id: 'a', kind: 'tool_call' }),
    entryAt(1, { id: 'b', kind: 'tool_call' }),
    entryAt(2, { id: 'other', kind: 'api_request', agent_id: 'x', cost_usd: 9 }),
    entryAt(3, { id: 'r', kind: 'api_request', cost_usd: 0.5 }),
  ]);
  expect([...toolCosts(tree)]).toEqual([
    ['a', 250_000],
    ['b', 250_000],
  ]);
});
