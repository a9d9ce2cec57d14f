import { describe, expect, it } from 'vitest';
import { type HistoryEntry, mostEntries, readHistory, searchHistory, withRun } from './history.ts';

const entry = (expr: string, atMs = 1, runs = 1): HistoryEntry => ({ expr, atMs, runs });

describe('history', () => {
  it('puts a run first, once, and counts it', () => {
    const after = withRun([entry('a'), entry('b', 1, 3)], ' b ', 9);
    expect(after).toEqual([entry('b', 9, 4), entry('a')]);
  });

  it('is bounded, and does not remember nothing or a novel', () => {
    const full = Array.from({ length: mostEntries }, (_, index) => entry(`q${index}`));
    expect(withRun(full, 'new', 2)).toHaveLength(mostEntries);
    expect(withRun(full, 'new', 2).at(-1)?.expr).toBe(`q${mostEntries - 2}`);
    expect(withRun([], '  ', 1)).toEqual([]);
    expect(withRun([], 'x'.repeat(5000), 1)).toEqual([]);
  });

  it('finds entries that hold every word', () => {
    const entries = [entry('rate(HTTP_total[5m])'), entry('sum(http_total)')];
    expect(searchHistory(entries, 'http rate')).toEqual([entries[0]]);
    expect(searchHistory(entries, '')).toBe(entries);
  });

  it('reads what it understands of a storage and no more', () => {
    expect(readHistory(null)).toEqual([]);
    expect(readHistory('{"a"')).toEqual([]);
    expect(readHistory('[{"expr":"up","atMs":1,"runs":1},{"expr":2},null]')).toEqual([entry('up')]);
  });
});
