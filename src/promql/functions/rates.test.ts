import { describe, expect, test } from 'vitest';
import type { RangeWindow } from './define.ts';
import { callRange, contextOf, histogramOf, windowOf } from './function-test-kit.ts';

/** A sample each 300 s. */
function every5m(...values: readonly number[]): (readonly [number, number])[] {
  return values.map((value, i) => [300 * i, value] as const);
}

describe('rate, increase and delta', () => {
  test('extrapolate to the edges within 1.1 intervals and by half an interval beyond', () => {
    // 10 every 60 s from 60 s to 240 s. To 300 s it is one interval: all of it. To 10 s it is 50 s: all of it.
    const floats = [60, 120, 180, 240].map((timeS) => [timeS, 100 + timeS / 6] as const);
    expect(callRange('delta', windowOf({ startS: 10, endS: 300, floats }))).toBeCloseTo((30 * 290) / 180, 10);
    // 67 s are more than 1.1 intervals, 66 s are exactly that and count as more; 65.9 s are less.
    const delta = (startS: number, endS: number) => callRange('delta', windowOf({ startS, endS, floats }));
    expect(delta(60, 307)).toBeCloseTo((30 * 210) / 180, 10);
    expect(delta(60, 306)).toBeCloseTo((30 * 210) / 180, 10);
    expect(delta(60, 305.9)).toBeCloseTo((30 * 245.9) / 180, 10);
    expect(delta(-60, 240)).toBeCloseTo((30 * 210) / 180, 10);
    expect(delta(-6, 240)).toBeCloseTo((30 * 210) / 180, 10);
    expect(delta(-5.9, 240)).toBeCloseTo((30 * 245.9) / 180, 10);
  });

  test('does not take a counter below zero', () => {
    // 1, 11, ..., 101: zero was 30 s before the first sample, half an interval is 150 s.
    const floats = every5m(...Array.from({ length: 11 }, (_, i) => 1 + 10 * i));
    expect(callRange('increase', windowOf({ startS: -3000, endS: 3000, floats }))).toBeCloseTo(101, 9);
    expect(callRange('delta', windowOf({ startS: -3000, endS: 3000, floats }))).toBeCloseTo(105, 9);
  });

  test('takes a counter below zero for one that has no zero to go back to', () => {
    const floats = every5m(-10, 0, 10);
    expect(callRange('increase', windowOf({ startS: -300, endS: 600, floats }))).toBeCloseTo(30, 9);
  });

  test('makes good a counter reset', () => {
    const window = windowOf({ startS: 0, endS: 1800, floats: every5m(0, 1, 2, 3, 2, 3, 4) });
    expect(callRange('increase', window)).toBe(7);
    expect(callRange('rate', window)).toBe(7 / 1800);
    expect(callRange('delta', window)).toBe(4);
  });

  test('take two samples', () => {
    expect(callRange('rate', windowOf({ startS: 0, endS: 60 }))).toBeUndefined();
    expect(callRange('rate', windowOf({ startS: 0, endS: 60, floats: [[30, 1]] }))).toBeUndefined();
    expect(callRange('rate', windowOf({ startS: 0, endS: 60, floats: [[30, 0], [60, 60]] }))).toBe(1); // biome-ignore format: pairs
  });

  test('warn of a mix and of a name that is no counter', () => {
    const mixed = windowOf({ startS: 0, endS: 60, floats: [[10, 1]], histograms: [[20, 1]] });
    const context = contextOf({ metric: 'mix' });
    expect(callRange('increase', mixed, [], context)).toBeUndefined();
    expect(context.notes).toEqual([
      'PromQL warning: encountered a mix of histograms and floats for metric name "mix" @5',
    ]);
    const window = windowOf({ startS: 0, endS: 600, floats: every5m(1, 2, 3) });
    const notesFor = (name: string, metric: string) => {
      const context = contextOf({ metric });
      callRange(name, window, [], context);
      return context.notes;
    };
    const info =
      'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "gauge" @5';
    expect(notesFor('rate', 'gauge')).toEqual([info]);
    expect(notesFor('increase', 'gauge')).toEqual([info]);
    for (const metric of ['a_total', 'a_sum', 'a_count', 'a_bucket', ''])
      expect(notesFor('rate', metric)).toEqual([]);
    for (const name of ['delta', 'irate', 'idelta']) expect(notesFor(name, 'gauge')).toEqual([]);
  });
});

describe('anchored and smoothed', () => {
  const of = (extension: RangeWindow['extension'], values: readonly number[], startS: number, endS: number) =>
    windowOf({ startS, endS, floats: values.map((value, i) => [15 * i, value] as const), extension });

  test('anchored takes the samples at or before the edges, without extrapolation', () => {
    // 0 15 30 45 60: range (20, 50] begins with the value at 15 and ends with that at 45.
    const window = of('anchored', [1, 2, 3, 4, 5], 20, 50);
    expect(callRange('increase', window)).toBe(2);
    expect(callRange('rate', window)).toBeCloseTo(2 / 30, 12);
    expect(callRange('increase', of('anchored', [5, 2, 3], 5, 30))).toBe(3);
    // A sample exactly at the start is the one to begin with.
    expect(callRange('delta', of('anchored', [5, 2, 3], 15, 30))).toBe(1);
    expect(callRange('delta', of('anchored', [5, 2, 3], 5, 30))).toBe(-2);
    expect(callRange('delta', of('anchored', [5, 2, 3], 30, 60))).toBeUndefined();
    expect(callRange('delta', of('anchored', [5, 2, 3], -60, 60))).toBe(-2);
  });

  test('smoothed takes values on the lines around the edges', () => {
    // At 20 s: 2 + 5/15; at 50 s: 4 + 5/15.
    expect(callRange('increase', of('smoothed', [1, 2, 3, 4, 5], 20, 50))).toBeCloseTo(2, 12);
    expect(callRange('delta', of('smoothed', [10, 4], 5, 10))).toBeCloseTo(-2, 12);
    // The counter was reset between the samples, so it began at 0: 4 * 5/15 and 4 * 10/15.
    expect(callRange('increase', of('smoothed', [10, 4], 5, 10))).toBeCloseTo(4 / 3, 12);
    // A reset inside: 8 to 10, then 0 to 4.
    expect(callRange('increase', of('smoothed', [8, 10, 4], 0, 30))).toBeCloseTo(6, 12);
    expect(callRange('increase', of('smoothed', [8, 10], 15, 30))).toBeUndefined();
  });

  test('resets and changes begin at the anchor', () => {
    expect(callRange('resets', of('anchored', [9, 5, 6, 2], 20, 45))).toBe(1);
    expect(callRange('changes', of('anchored', [9, 5, 6, 6], 20, 45))).toBe(1);
    expect(callRange('changes', of('anchored', [9, 5, 6, 6], 45, 90))).toBeUndefined();
  });
});

describe('irate and idelta', () => {
  test('take the last two samples', () => {
    const window = windowOf({ startS: 0, endS: 1200, floats: every5m(9, 0, 50, 20) });
    expect(callRange('idelta', window)).toBe(-30);
    expect(callRange('irate', window)).toBe(20 / 300);
    expect(callRange('irate', windowOf({ startS: 0, endS: 9, floats: [[1, 1]] }))).toBeUndefined();
    const withNaN = windowOf({ startS: 0, endS: 1200, floats: every5m(1, Number.NaN) });
    expect(callRange('irate', withNaN)).toBeNaN();
  });

  test('do not mind histograms further back, and warn of one among the last two', () => {
    const floats = every5m(0, 1, 2);
    const context = contextOf();
    const older = windowOf({ startS: 0, endS: 1200, floats, histograms: [[150, 1]] });
    expect(callRange('idelta', older, [], context)).toBe(1);
    expect(context.notes).toEqual([]);
    for (const timeS of [450, 700]) {
      const context = contextOf();
      const mixed = windowOf({ startS: 0, endS: 1200, floats, histograms: [[timeS, 1]] });
      expect(callRange('irate', mixed, [], context)).toBeUndefined();
      expect(context.notes).toHaveLength(1);
    }
  });
});

describe('changes and resets', () => {
  test('count float samples, with NaN equal to NaN', () => {
    const of = (...values: number[]) => windowOf({ startS: -1, endS: 9999, floats: every5m(...values) });
    expect(callRange('changes', of(1, 2, 2, 3, 1))).toBe(3);
    expect(callRange('changes', of(Number.NaN, Number.NaN, 0, Number.NaN))).toBe(2);
    expect(callRange('resets', of(1, 2, 3, 0, 1, 0, 0, 1))).toBe(2);
    expect(callRange('resets', of(1))).toBe(0);
    expect(callRange('resets', windowOf({ startS: 0, endS: 9 }))).toBeUndefined();
  });

  test('count each step between a float and a histogram', () => {
    const window = windowOf({
      startS: -1,
      endS: 9999,
      floats: [[0, 1], [300, 1], [900, 1]], // biome-ignore format: pairs
      histograms: [[600, histogramOf(1).sum]],
    });
    expect(callRange('changes', window)).toBe(2);
    expect(callRange('resets', window)).toBe(2);
  });
});
