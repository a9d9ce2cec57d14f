import { describe, expect, it } from 'vitest';
import { drawnQuery } from './threshold.ts';

describe('the threshold of a rule', () => {
  it.each([
    ['up < 1', 'up', 1, '< 1'],
    ['rate(x{a=~"b>1"}[5m]) >= 0.05', 'rate(x{a=~"b>1"}[5m])', 0.05, '>= 0.05'],
    ['sum(a > 3) / sum(b) > -1e3 ', 'sum(a > 3) / sum(b)', -1000, '> -1e3'],
    ['x{and="or"} > 2', 'x{and="or"}', 2, '> 2'],
  ])('%s draws as %s', (query, expr, value, label) => {
    expect(drawnQuery(query)).toEqual({ expr, threshold: { value, label } });
  });
  it.each([
    'up == 0',
    'a > 1 and b > 2',
    'a > 1 unless on (x) b > 2',
    'a < b',
    '(a > 1)',
    'absent(up)',
    'a > bool 1',
    '1 < a < 5',
    '> 5',
    'a{b="> 5',
  ])('%s stays as it is', (query) => {
    expect(drawnQuery(query)).toEqual({ expr: query, threshold: null });
  });
});
