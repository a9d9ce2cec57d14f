import type { TimelineKind } from '@contract';
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { useState } from 'react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { fakeLayout } from '../fake-layout.ts';
import { entryAt, sampleTimeline } from './fixture.ts';
import { heatScale } from './heat.ts';
import { buildTree } from './session-tree.ts';
import { Waterfall, type WaterfallProps } from './waterfall.tsx';

let restore: () => void;
beforeEach(() => {
  restore = fakeLayout({ width: 1200, height: 600 });
});
afterEach(() => {
  cleanup();
  restore();
});

function Shown(props: Partial<WaterfallProps>) {
  const [hidden, setHidden] = useState<ReadonlySet<TimelineKind>>(new Set());
  return (
    <Waterfall
      tree={buildTree(sampleTimeline())}
      selected=""
      onSelect={() => {}}
      heatBy="kind"
      onHeatBy={() => {}}
      hidden={hidden}
      onHidden={setHidden}
      timeZone="UTC"
      {...props}
    />
  );
}

const labels = () =>
  screen
    .getAllByRole('row')
    .slice(1)
    .map((row) => row.querySelector('[role="gridcell"]')?.textContent);

it('is a tree whose rows say kind, name and level', () => {
  render(<Shown />);
  expect(screen.getByRole('treegrid').getAttribute('aria-rowcount')).toBe('11');
  expect(labels()).toEqual([
    'Prompt: Prompt',
    'Model request: opus',
    'Tool call: Bash',
    'Subagent: Explore',
    'Model request: haiku',
    'Tool call: Readfailed',
    '3m 05s waiting for a person',
    'Prompt: Prompt',
    'Decision: Write',
    'Model request: opus',
  ]);
  expect(screen.getAllByRole('row')[5]?.getAttribute('aria-level')).toBe('3');
});

it('walks, folds and selects by key', () => {
  const onSelect = vi.fn();
  render(<Shown onSelect={onSelect} />);
  const first = screen.getAllByRole('row')[1]!;
  first.focus();
  fireEvent.keyDown(first, { key: 'ArrowRight' });
  fireEvent.keyDown(document.activeElement!, { key: 'Enter' });
  expect(onSelect).toHaveBeenCalledWith('r1');
  fireEvent.keyDown(document.activeElement!, { key: 'ArrowLeft' });
  fireEvent.keyDown(document.activeElement!, { key: 'ArrowLeft' });
  expect(document.activeElement?.getAttribute('aria-expanded')).toBe('false');
  expect(labels()).toHaveLength(5);
});

it('folds and unfolds everything, and hides a kind by its lane', () => {
  render(<Shown />);
  fireEvent.click(screen.getByRole('button', { name: 'Collapse all' }));
  expect(labels()).toEqual(['Prompt: Prompt1 failed', '3m 05s waiting for a person', 'Prompt: Prompt']);
  fireEvent.click(screen.getByRole('button', { name: 'Expand all' }));
  fireEvent.click(screen.getByRole('button', { name: /Tool calls/ }));
  expect(labels().some((label) => label?.includes('Tool call'))).toBe(false);
});

it('unfolds what holds a selected step', () => {
  const { rerender } = render(<Shown />);
  fireEvent.click(screen.getByRole('button', { name: 'Collapse all' }));
  rerender(<Shown selected="t2" />);
  expect(screen.getByText('Read').closest('[role="row"]')?.getAttribute('aria-selected')).toBe('true');
});

it('keeps the page small with 20 000 steps, and opens them folded', () => {
  const many = Array.from({ length: 20_000 }, (_, at) =>
    entryAt(at, {
      id: `e${at}`,
      kind: at % 100 === 0 ? 'prompt' : 'tool_call',
      prompt_id: `p${Math.floor(at / 100)}`,
    }),
  );
  render(<Shown tree={buildTree(many)} />);
  expect(screen.getByRole('treegrid').getAttribute('aria-rowcount')).toBe('201');
  expect(screen.getAllByRole('row').length).toBeLessThan(80);
});

it('zooms by button and back', () => {
  render(<Shown />);
  expect(screen.queryByRole('button', { name: 'Whole session' })).toBeNull();
  fireEvent.click(screen.getByRole('button', { name: 'Zoom in' }));
  fireEvent.click(screen.getByRole('button', { name: 'Whole session' }));
  expect(screen.getByRole('button', { name: 'Zoom out' }).hasAttribute('disabled')).toBe(true);
});

it('ranks heat among like: the dearest step is hot although a prompt holds more', () => {
  const tree = buildTree([
    entryAt(0, { id: 'p', kind: 'prompt', prompt_id: 'A' }),
    ...Array.from({ length: 100 }, (_, at) =>
      entryAt(at + 1, { id: `r${at}`, kind: 'api_request', prompt_id: 'A', cost_usd: (at + 1) / 1000 }),
    ),
  ]);
  const level = heatScale(tree, 'cost');
  expect(level(tree.byId.get('r99')!)).toBe(5);
  expect(level(tree.byId.get('r0')!)).toBe(1);
  expect(heatScale(tree, 'duration')(tree.byId.get('r0')!)).toBe(0);
});
