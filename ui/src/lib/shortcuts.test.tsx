import { cleanup, fireEvent, render } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { updateSettings } from './settings.ts';
import {
  keyCaps,
  type Shortcut,
  ShortcutMachine,
  stepOf,
  useShortcutListener,
  useShortcuts,
  waysOf,
} from './shortcuts.ts';

const shortcut = (keys: string, run = vi.fn()): Shortcut => ({ keys, label: keys, group: 'View', run });
const free = (nowMs: number) => ({ nowMs, allowsSingle: true });

describe('the machine', () => {
  test('one key, a sequence, and a sequence that was too slow', () => {
    const machine = new ShortcutMachine();
    const list = [shortcut('t'), shortcut('g o'), shortcut('o')];
    expect(machine.press('t', list, free(0))).toBe(list[0]);
    expect(machine.press('g', list, free(10))).toBe('wait');
    expect(machine.press('o', list, free(20))).toBe(list[1]);
    expect(machine.press('g', list, free(30))).toBe('wait');
    expect(machine.press('o', list, free(5000))).toBe(list[2]);
  });

  test('a sequence that leads nowhere is forgotten, its last key counts alone', () => {
    const machine = new ShortcutMachine();
    const list = [shortcut('g o'), shortcut('t')];
    machine.press('g', list, free(0));
    expect(machine.press('t', list, free(1))).toBe(list[1]);
    machine.press('g', list, free(2));
    expect(machine.press('x', list, free(3))).toBeNull();
    expect(machine.press('o', list, free(4))).toBeNull();
  });

  test('the later of two wins, unless it declines', () => {
    const machine = new ShortcutMachine();
    const first = shortcut('j');
    const second = shortcut('j / arrowdown');
    expect(machine.press('j', [first, second], free(0))).toBe(second);
    expect(machine.press('arrowdown', [first, second], free(1))).toBe(second);
    expect(machine.press('j', [first, { ...second, when: () => false }], free(2))).toBe(first);
  });

  test('where single keys are not allowed, chords and Escape still are', () => {
    const machine = new ShortcutMachine();
    const list = [shortcut('t'), shortcut('mod+k'), shortcut('escape'), shortcut('g o')];
    const typing = { nowMs: 0, allowsSingle: false };
    expect(machine.press('t', list, typing)).toBeNull();
    expect(machine.press('g', list, typing)).toBeNull();
    expect(machine.press('mod+k', list, typing)).toBe(list[1]);
    expect(machine.press('escape', list, typing)).toBe(list[2]);
  });
});

test('steps are written as in the list', () => {
  const step = (init: KeyboardEventInit): string => stepOf(new KeyboardEvent('keydown', init));
  expect(step({ key: 'R', shiftKey: true })).toBe('shift+r');
  expect(step({ key: '?', shiftKey: true })).toBe('?');
  expect(step({ key: 'k', ctrlKey: true })).toBe('mod+k');
  expect(step({ key: 'ArrowDown' })).toBe('arrowdown');
  expect(waysOf('j / arrowdown')).toEqual([['j'], ['arrowdown']]);
  expect(waysOf('g o')).toEqual([['g', 'o']]);
  expect(waysOf('/')).toEqual([['/']]);
  expect(keyCaps('shift+r')).toEqual(['⇧', 'R']);
});

describe('the listener', () => {
  const run = vi.fn();
  // biome-ignore lint/correctness/noComponentHookFactories: a test's own page, drawn once
  function Page() {
    useShortcutListener();
    useShortcuts([
      { keys: 't', label: 'Time', group: 'Time', run },
      { keys: 'mod+k', label: 'Palette', group: 'View', run },
      { keys: 'enter', label: 'Open', group: 'List', run },
    ]);
    return (
      <>
        <input aria-label="filter" />
        <input type="checkbox" aria-label="box" />
        <button type="button">Press</button>
      </>
    );
  }

  beforeEach(() => {
    run.mockClear();
    updateSettings({ singleKeys: true });
  });
  afterEach(cleanup);

  test('acts on the page, not in an input', () => {
    const page = render(<Page />);
    fireEvent.keyDown(document.body, { key: 't' });
    expect(run).toHaveBeenCalledTimes(1);
    fireEvent.keyDown(page.getByLabelText('filter'), { key: 't' });
    expect(run).toHaveBeenCalledTimes(1);
    fireEvent.keyDown(page.getByLabelText('filter'), { key: 'k', ctrlKey: true });
    expect(run).toHaveBeenCalledTimes(2);
    fireEvent.keyDown(page.getByLabelText('box'), { key: 't' });
    expect(run).toHaveBeenCalledTimes(3);
  });

  test('leaves Enter to a focused button', () => {
    const page = render(<Page />);
    fireEvent.keyDown(page.getByText('Press'), { key: 'Enter' });
    expect(run).not.toHaveBeenCalled();
    fireEvent.keyDown(document.body, { key: 'Enter' });
    expect(run).toHaveBeenCalledTimes(1);
  });

  test('can be switched off, except for chords', () => {
    render(<Page />);
    updateSettings({ singleKeys: false });
    fireEvent.keyDown(document.body, { key: 't' });
    expect(run).not.toHaveBeenCalled();
    fireEvent.keyDown(document.body, { key: 'k', ctrlKey: true });
    expect(run).toHaveBeenCalledTimes(1);
  });

  test('keeps quiet under a modal layer', () => {
    render(<Page />);
    const modal = document.createElement('div');
    modal.dataset.modal = '';
    document.body.append(modal);
    fireEvent.keyDown(document.body, { key: 't' });
    expect(run).not.toHaveBeenCalled();
    modal.remove();
  });
});
