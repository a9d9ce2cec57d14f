import { createStore, useStore } from './external-store.ts';
import type { RangeText } from './time.ts';

const storageKey = 'bellwether.recent-ranges';
const mostRanges = 6;

function load(): readonly RangeText[] {
  try {
    const parsed: unknown = JSON.parse(localStorage.getItem(storageKey) ?? '[]');
    return Array.isArray(parsed) ? parsed.filter(isRangeText).slice(0, mostRanges) : [];
  } catch {
    return []; // blocked storage or foreign content: no history is a good answer
  }
}

function isRangeText(value: unknown): value is RangeText {
  const range = value as RangeText | null;
  return typeof range?.from === 'string' && typeof range.to === 'string';
}

const store = createStore(load());

/** Newest first, at most six, each once. */
export function rememberRange(range: RangeText): void {
  const others = store.get().filter((one) => one.from !== range.from || one.to !== range.to);
  store.set([{ from: range.from, to: range.to }, ...others].slice(0, mostRanges));
  try {
    localStorage.setItem(storageKey, JSON.stringify(store.get()));
  } catch {
    // Blocked or full storage: the list lasts as long as the tab.
  }
}

export function useRecentRanges(): readonly RangeText[] {
  return useStore(store);
}
