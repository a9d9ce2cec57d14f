import { useEffect, useRef } from 'react';
import { createStore, useStore } from './external-store.ts';
import { getSettings } from './settings.ts';

export type ShortcutGroup = 'Go to' | 'Time' | 'View' | 'List' | 'Help';

/**
 * One shortcut. `keys`: steps after one another with a space between (`g o`), modifiers before a plus (`mod+k`, `shift+r`); `mod` is
 * cmd on a Mac, ctrl elsewhere. Signs are written as they are typed (`?`, `[`), without their shift. Several ways are separated by
 * ` / `: `j / arrowdown`.
 */
export interface Shortcut {
  keys: string;
  label: string;
  group: ShortcutGroup;
  run: (event: KeyboardEvent) => void;
  /** False leaves the key to the browser and to other shortcuts. */
  when?: () => boolean;
}

/** A second step must follow the first within this time. */
const sequenceMs = 1200;

export const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

const registry = createStore<readonly Shortcut[]>([]);

/** Adds shortcuts; of two with the same keys the later one wins. Returns the way to take them out. */
export function registerShortcuts(shortcuts: readonly Shortcut[]): () => void {
  registry.set([...registry.get(), ...shortcuts]);
  return () => registry.set(registry.get().filter((one) => !shortcuts.includes(one)));
}

/** Shortcuts of a component, for as long as it is mounted. They may close over state: the newest functions are called. */
export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  const signature = shortcuts.map((one) => `${one.keys}\n${one.label}`).join('\n\n');
  // biome-ignore lint/correctness/useExhaustiveDependencies: the signature stands for the list, which is new at every render
  useEffect(() => {
    const stable = latest.current.map((one, index) => ({
      ...one,
      run: (event: KeyboardEvent) => latest.current[index]?.run(event),
      when: () => latest.current[index]?.when?.() ?? true,
    }));
    return registerShortcuts(stable);
  }, [signature]);
}

/** Everything that works on this page now; for the sheet. */
export function useRegisteredShortcuts(): readonly Shortcut[] {
  return useStore(registry);
}

/** The ways of a shortcut, each as its steps: `j / arrowdown` is `[['j'], ['arrowdown']]`. */
export function waysOf(keys: string): string[][] {
  return keys.split(' / ').map((way) => way.split(' '));
}

/** One step as it is typed, in the spelling of {@link Shortcut.keys}. */
export function stepOf(event: KeyboardEvent): string {
  const key = event.key === ' ' ? 'space' : event.key.toLowerCase();
  const isLetter = /^[a-z]$/.test(key) || key.length > 1;
  const mod = isMac ? event.metaKey : event.ctrlKey;
  return `${mod ? 'mod+' : ''}${event.altKey ? 'alt+' : ''}${event.shiftKey && isLetter ? 'shift+' : ''}${key}`;
}

/** Typing belongs to these; a single key must not act. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable) return true;
  if (target instanceof HTMLInputElement)
    return !/^(button|checkbox|radio|range|submit|reset)$/.test(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

/** Keys with a meaning of their own on whatever is focused. */
function isWidgetKey(step: string, target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  const key = step.replace(/^.*\+(?=.)/, '');
  if (key === 'enter' || key === 'space')
    return target.closest('a, button, summary, [role="button"]') !== null;
  if (!key.startsWith('arrow')) return false;
  return (
    target.closest('[role="menu"], [role="tablist"], [role="radiogroup"], [role="listbox"], [role="img"]') !==
    null
  );
}

/** Decides what a key press does. Kept apart from the listener, so that a test can drive it with its own clock. */
export class ShortcutMachine {
  private pending: string[] = [];
  private pendingAtMs = 0;

  /** The shortcut to run, `wait` when a sequence has begun, or null. */
  press(
    step: string,
    shortcuts: readonly Shortcut[],
    context: { nowMs: number; allowsSingle: boolean },
  ): Shortcut | 'wait' | null {
    if (context.nowMs - this.pendingAtMs > sequenceMs) this.pending = [];
    const typed = [...this.pending, step];
    const usable = shortcuts.filter((one) => one.when?.() ?? true);
    const found = lastMatch(usable, typed) ?? lastMatch(usable, [step]);
    const steps = found === undefined ? typed : [];
    this.pending = [];
    if (found !== undefined) return context.allowsSingle || isChord(step) ? found : null;
    if (!context.allowsSingle) return null;
    if (
      usable.some((one) =>
        waysOf(one.keys).some((way) => way.length > steps.length && startsWith(way, steps)),
      )
    ) {
      this.pending = steps;
      this.pendingAtMs = context.nowMs;
      return 'wait';
    }
    return null;
  }
}

function lastMatch(shortcuts: readonly Shortcut[], typed: readonly string[]): Shortcut | undefined {
  return shortcuts.findLast((one) =>
    waysOf(one.keys).some((way) => way.length === typed.length && startsWith(way, typed)),
  );
}

function startsWith(way: readonly string[], typed: readonly string[]): boolean {
  return typed.every((step, index) => way[index] === step);
}

/** With cmd, ctrl or alt, or Escape: never a character somebody types or says to a dictation program. */
function isChord(step: string): boolean {
  return /^(mod|alt)\+/.test(step) || step === 'escape';
}

/** Listens to the whole page. Once, in the shell. */
export function useShortcutListener(): void {
  useEffect(() => {
    const machine = new ShortcutMachine();
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.isComposing || event.key === undefined) return;
      if (/^(Shift|Control|Alt|Meta|Dead)$/.test(event.key)) return;
      const step = stepOf(event);
      if (isWidgetKey(step, event.target)) return;
      if (isModalOpen() && step !== 'mod+k') return;
      const found = machine.press(step, registry.get(), {
        nowMs: event.timeStamp,
        allowsSingle: !isTyping(event.target) && getSettings().singleKeys,
      });
      if (found === null || found === 'wait') return;
      event.preventDefault();
      found.run(event);
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
}

/** A modal layer owns the keyboard. Ours carry `data-modal`. */
function isModalOpen(): boolean {
  return document.querySelector('[data-modal]') !== null;
}

const names: Readonly<Record<string, string>> = {
  mod: isMac ? '⌘' : 'Ctrl',
  shift: '⇧',
  alt: isMac ? '⌥' : 'Alt',
  arrowup: '↑',
  arrowdown: '↓',
  arrowleft: '←',
  arrowright: '→',
  enter: '↵',
  escape: 'Esc',
  space: 'Space',
};

/** One step as key caps: `shift+r` is `['⇧', 'R']`. */
export function keyCaps(step: string): string[] {
  const parts = step === '+' ? ['+'] : step.split('+');
  return parts.map(
    (part) => names[part] ?? (part.length === 1 && parts.length > 1 ? part.toUpperCase() : part),
  );
}
