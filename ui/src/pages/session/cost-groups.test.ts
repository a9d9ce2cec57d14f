import { expect, it } from 'vitest';
import { entryAt, sampleTimeline } from '../../components/waterfall/fixture.ts';
import { buildTree } from '../../components/waterfall/index.ts';
import { costByPrompt, groupCost, sourceOf, totalMicros } from './cost-groups.ts';
import { attributeText } from './entry-panel.tsx';

const tree = buildTree(sampleTimeline());

it('adds up to the same total by whatever it groups', () => {
  const byModel = groupCost(tree, (entry) => entry.name);
  const bySource = groupCost(tree, sourceOf);
  expect(byModel.map(({ key, costMicros, requests }) => [key, costMicros, requests])).toEqual([
    ['opus', 600_000, 2],
    ['haiku', 200_000, 1],
  ]);
  for (const groups of [byModel, bySource, costByPrompt(tree)]) expect(totalMicros(groups)).toBe(800_000);
});

it('keeps thirds of a cent exact over many steps', () => {
  const steps = Array.from({ length: 3000 }, (_, at) =>
    entryAt(at, { id: `${at}`, kind: 'api_request', cost_usd: 0.000333 }),
  );
  expect(totalMicros(groupCost(buildTree(steps), () => 'all'))).toBe(999_000);
});

it('names who asked', () => {
  expect(sourceOf(entryAt(0, { id: 'a' }))).toBe('main');
  expect(sourceOf(entryAt(0, { id: 'a', query_source: 'repl_main_thread' }))).toBe('repl main thread');
  expect(sourceOf(entryAt(0, { id: 'a', agent_id: 'x', agent_name: 'Explore' }))).toBe('Explore');
  expect(sourceOf(entryAt(0, { id: 'a', agent_id: 'x' }))).toBe('subagent');
});

it('indents JSON in attributes and leaves everything else alone', () => {
  expect(attributeText('{"a":1}')).toBe('{\n  "a": 1\n}');
  expect(attributeText('{"cut": ')).toBe('{"cut": ');
  expect(attributeText(['a'])).toBe('[\n  "a"\n]');
  expect(attributeText(null)).toBe('null');
  expect(attributeText(3)).toBe('3');
});
