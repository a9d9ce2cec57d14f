import { describe, expect, it } from 'vitest';
import { offsetOf, problemOf } from './query-problems.ts';

describe('places in messages', () => {
  it('are found before a parse error', () => {
    const message = '1:6: parse error: expected type range vector';
    expect(problemOf('error', message, 'rate(up)')).toEqual({
      severity: 'error',
      message: 'parse error: expected type range vector',
      at: 5,
    });
    expect(problemOf('error', 'invalid parameter "query": 2:1: parse error: x', 'a +\n)').at).toBe(4);
  });

  it('are found behind an annotation', () => {
    const message = 'PromQL info: metric might not be a counter: "up" (1:6)';
    expect(problemOf('info', message, 'rate(up[5m])')).toEqual({
      severity: 'info',
      message: 'metric might not be a counter: "up"',
      at: 5,
    });
  });

  it('are missing in other messages', () => {
    expect(problemOf('error', 'query timed out (5 s)', 'up').at).toBeNull();
    expect(problemOf('warning', 'results truncated due to limit', 'up')).toMatchObject({ at: null });
  });

  it('stay inside the expression', () => {
    expect(offsetOf('ab\ncd', 2, 2)).toBe(4);
    expect(offsetOf('ab', 1, 99)).toBe(2);
    expect(offsetOf('ab', 3, 1)).toBeNull();
  });
});
