import { describe, expect, it } from 'vitest';
import { parseSearch, stringifySearch } from '../../lib/search-params.ts';
import { freeLetter, letters, longestInAddress, type QueryRow, readRows, rowsPatch } from './query-rows.ts';

const row = (letter: QueryRow['letter'], expr: string, isHidden = false): QueryRow => ({
  letter,
  expr,
  isHidden,
});

describe('queries in the address', () => {
  it('come back from it as they were, whatever characters they hold', () => {
    const rows = [
      row('A', 'sum by (job) (rate(x_total{a=~"b|c+", d!=""}[5m])) > 1 and on () up'),
      row('C', '{"odd name", zone="ü&=#%"}', true),
    ];
    const patch = Object.fromEntries(Object.entries(rowsPatch(rows)).filter(([, value]) => value !== null));
    expect(readRows(parseSearch(stringifySearch(patch)))).toEqual(rows);
  });

  it('leave the address when they are removed, empty, or too long for it', () => {
    const long = 'x'.repeat(longestInAddress + 1);
    const escaped = '"'.repeat(longestInAddress / 2);
    const patch = rowsPatch([row('A', ' '), row('B', long), row('C', escaped)]);
    expect(patch).toMatchObject({ q: null, qb: null, qc: null, qd: null, off: null });
  });

  it('keep their letters when another is removed', () => {
    expect(readRows({ qb: 'up', qd: 'down', off: 'd,z' })).toEqual([row('B', 'up'), row('D', 'down', true)]);
  });

  it('take the first letter that is free, and none when all are taken', () => {
    expect(freeLetter([row('A', ''), row('C', '')])).toBe('B');
    expect(freeLetter(letters.map((letter) => row(letter, 'up')))).toBeNull();
  });
});
