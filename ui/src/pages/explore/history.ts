import { createStore, useStore } from '../../lib/external-store.ts';

/** Expressions that were run in this browser, newest first. They stay in this browser. */
export interface HistoryEntry {
  readonly expr: string;
  /** Epoch milliseconds of the latest run. */
  readonly atMs: number;
  readonly runs: number;
}

const storageKey = 'bellwether.query-history';
export const mostEntries = 200;
/** Longer expressions are not remembered: storage of a page is small. */
const longestExpr = 4000;

/** Entries out of whatever the storage holds. */
export function readHistory(text: string | null): readonly HistoryEntry[] {
  try {
    const parsed: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(parsed) ? parsed.filter(isEntry).slice(0, mostEntries) : [];
  } catch {
    return []; // cut short or not ours: an empty history is right then
  }
}

function isEntry(value: unknown): value is HistoryEntry {
  const entry = value as HistoryEntry | null;
  return typeof entry?.expr === 'string' && typeof entry.atMs === 'number' && typeof entry.runs === 'number';
}

/** The list after a run: the expression first, each once, the oldest dropped at the bound. */
export function withRun(
  entries: readonly HistoryEntry[],
  expr: string,
  atMs: number,
): readonly HistoryEntry[] {
  const text = expr.trim();
  if (text === '' || text.length > longestExpr) return entries;
  const before = entries.find((entry) => entry.expr === text);
  const others = entries.filter((entry) => entry.expr !== text);
  return [{ expr: text, atMs, runs: (before?.runs ?? 0) + 1 }, ...others].slice(0, mostEntries);
}

/** Entries that hold every word, whatever its case. */
export function searchHistory(entries: readonly HistoryEntry[], q: string): readonly HistoryEntry[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return entries;
  return entries.filter((entry) => words.every((word) => entry.expr.toLowerCase().includes(word)));
}

function load(): readonly HistoryEntry[] {
  try {
    return readHistory(localStorage.getItem(storageKey));
  } catch {
    return []; // storage is blocked in this browser: the history lasts as long as the tab
  }
}

const store = createStore(load());

function save(entries: readonly HistoryEntry[]): void {
  store.set(entries);
  try {
    localStorage.setItem(storageKey, JSON.stringify(entries));
  } catch {
    // Full or blocked storage: the history still holds in this tab.
  }
}

export function rememberQuery(expr: string): void {
  save(withRun(store.get(), expr, Date.now()));
}

export function forgetQuery(expr: string): void {
  save(store.get().filter((entry) => entry.expr !== expr));
}

export function clearHistory(): void {
  save([]);
}

export function useHistory(): readonly HistoryEntry[] {
  return useStore(store);
}
