import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { callRange, contextOf, valuesOf, windowOf } from './function-test-kit.ts';
import { quantileOfSorted } from './quantile.ts';

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const IGNORED =
  'PromQL info: ignored histograms in a range containing both floats and histograms for metric name "m_total" @5';

describe('sum_over_time and avg_over_time', () => {
  test('keep what large values in between would swallow', () => {
    expect(callRange('sum_over_time', valuesOf(1, 1e100, 1, -1e100))).toBe(2);
    expect(callRange('avg_over_time', valuesOf(1, 1e100, 1, -1e100))).toBe(0.5);
    expect(callRange('sum_over_time', valuesOf(...Array<number>(10).fill(0.1)))).toBe(1);
  });

  test('average beyond the largest number, and infinities', () => {
    const big = 9.988465674311579e307;
    expect(callRange('avg_over_time', valuesOf(big, big))).toBe(big);
    expect(callRange('avg_over_time', valuesOf(-big, -big, -big))).toBeCloseTo(-big, -295);
    expect(callRange('sum_over_time', valuesOf(big, big))).toBe(inf);
    expect(callRange('avg_over_time', valuesOf(inf, 0, inf))).toBe(inf);
    expect(callRange('avg_over_time', valuesOf(inf, inf, inf, -inf))).toBeNaN();
    expect(callRange('avg_over_time', valuesOf(1, 2, -inf))).toBe(-inf);
    expect(callRange('sum_over_time', valuesOf(1, inf, 2))).toBe(inf);
    expect(callRange('sum_over_time', valuesOf(inf, -inf))).toBeNaN();
    expect(callRange('avg_over_time', valuesOf(1, nan))).toBeNaN();
  });

  test('average equal values exactly', () => {
    for (let count = 1; count < 50; count++)
      expect(callRange('avg_over_time', valuesOf(...Array<number>(count).fill(52.1)))).toBeCloseTo(52.1, 13);
    expect(callRange('avg_over_time', valuesOf(...Array<number>(13).fill(52)))).toBe(52);
  });

  test('warn of a mix and give nothing', () => {
    const context = contextOf();
    const window = windowOf({ startS: 0, endS: 9, floats: [[1, 1]], histograms: [[2, 1]] });
    expect(callRange('sum_over_time', window, [], context)).toBeUndefined();
    expect(callRange('avg_over_time', window, [], context)).toBeUndefined();
    expect(context.notes).toHaveLength(2);
    expect(callRange('sum_over_time', windowOf({ startS: 0, endS: 9 }))).toBeUndefined();
  });
});

describe('min, max and their times', () => {
  test('pass over NaN unless there is nothing else', () => {
    expect(callRange('min_over_time', valuesOf(2, 0, nan))).toBe(0);
    expect(callRange('min_over_time', valuesOf(nan, 2, 1))).toBe(1);
    expect(callRange('max_over_time', valuesOf(nan, 0, 1, nan))).toBe(1);
    expect(callRange('max_over_time', valuesOf(nan, nan))).toBeNaN();
  });

  test('times are those of the last of equal values', () => {
    expect(callRange('ts_of_max_over_time', valuesOf(1, 6, 6, 2))).toBe(30);
    expect(callRange('ts_of_min_over_time', valuesOf(1, 6, 1, 2))).toBe(30);
    expect(callRange('ts_of_min_over_time', valuesOf(nan, 6, nan))).toBe(20);
  });
});

describe('quantiles and spread', () => {
  test('quantile_over_time interpolates between neighbours', () => {
    const at = (quantile: number, ...values: number[]) =>
      callRange('quantile_over_time', valuesOf(...values), [quantile]);
    expect(at(0.75, 4, 0, 1)).toBe(2.5);
    expect(at(0, 4, 0, 1)).toBe(0);
    expect(at(1, 4, 0, 1)).toBe(4);
    expect(at(0.5, 7)).toBe(7);
    expect(at(-1, 4, 0)).toBe(-inf);
    expect(at(2, 4, 0)).toBe(inf);
    expect(at(nan, 4, 0)).toBeNaN();
  });

  test('a quantile outside of 0 to 1 is warned of', () => {
    const notes = [-1, 1.5, nan, 1e-5, 1e7].map((quantile) => {
      const context = contextOf();
      callRange('quantile_over_time', valuesOf(1), [quantile], context);
      return context.notes.join();
    });
    const text = 'PromQL warning: quantile value should be between 0 and 1, got';
    expect(notes).toEqual([`${text} -1 @5`, `${text} 1.5 @5`, `${text} NaN @5`, '', `${text} 1e+07 @5`]);
  });

  test('NaNs count as the smallest values', () => {
    const sorted = Float64Array.of(3, nan, 1).sort();
    expect(quantileOfSorted(0, sorted)).toBeNaN();
    expect(quantileOfSorted(0.5, sorted)).toBe(1);
    expect(quantileOfSorted(1, sorted)).toBe(3);
    expect(quantileOfSorted(0.5, new Float64Array())).toBeNaN();
  });

  test('quantiles lie between the extremes and rise with the quantile', () => {
    const finite = fc.double({ noNaN: true, min: -1e100, max: 1e100 });
    fc.assert(
      fc.property(
        fc.array(finite, { minLength: 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, q) => {
          const sorted = Float64Array.from(values).sort();
          const value = quantileOfSorted(q, sorted);
          const slack = 1e-12 * Math.max(...values.map(Math.abs));
          expect(value).toBeGreaterThanOrEqual(sorted[0]! - slack);
          expect(value).toBeLessThanOrEqual(sorted.at(-1)! + slack);
        },
      ),
    );
  });

  test('stddev, stdvar and mad', () => {
    expect(callRange('stdvar_over_time', valuesOf(0, 8, 8, 2, 3))).toBeCloseTo(10.56, 12);
    expect(callRange('stddev_over_time', valuesOf(0, 8, 8, 2, 3))).toBeCloseTo(Math.sqrt(10.56), 12);
    const same = 1.5990505637277868;
    expect(callRange('stdvar_over_time', valuesOf(same, same, same))).toBe(0);
    expect(callRange('mad_over_time', valuesOf(4, 6, 2, 1, 999, 1, 2))).toBe(1);
    expect(callRange('mad_over_time', valuesOf(1, 2, nan, 4))).toBeNaN();
  });

  test('a range longer than what is kept between calls', () => {
    const values = Array.from({ length: 70_001 }, (_, i) => (i * 7919) % 70_001);
    expect(callRange('quantile_over_time', valuesOf(...values), [0.5])).toBe(35_000);
    expect(callRange('quantile_over_time', valuesOf(3, 1, 2), [0.5])).toBe(2);
  });
});

describe('histograms among floats', () => {
  const mixed = windowOf({ startS: 0, endS: 99, floats: [[20, 5], [30, 7]], histograms: [[10, 1], [40, 2]] }); // biome-ignore format: pairs
  const onlyHistograms = windowOf({ startS: 0, endS: 99, histograms: [[10, 1], [40, 2]] }); // biome-ignore format: pairs

  test.each([
    ['min_over_time', 5],
    ['max_over_time', 7],
    ['stdvar_over_time', 1],
    ['mad_over_time', 1],
    ['ts_of_max_over_time', 30],
    ['quantile_over_time', 6],
  ])('%s leaves them out', (name, value) => {
    const context = contextOf();
    expect(callRange(name, mixed, [0.5], context)).toBe(value);
    expect(context.notes).toEqual([IGNORED]);
    const silent = contextOf();
    expect(callRange(name, onlyHistograms, [0.5], silent)).toBeUndefined();
    expect(silent.notes).toEqual([]);
  });

  test('count and ends take them as they come', () => {
    expect(callRange('count_over_time', mixed)).toBe(4);
    expect(callRange('present_over_time', onlyHistograms)).toBe(1);
    expect(callRange('last_over_time', mixed)).toMatchObject({ sum: 2 });
    expect(callRange('first_over_time', mixed)).toMatchObject({ sum: 1 });
    expect(callRange('ts_of_last_over_time', mixed)).toBe(40);
    expect(callRange('ts_of_first_over_time', mixed)).toBe(10);
    expect(callRange('first_over_time', valuesOf(3, 4))).toBe(3);
    expect(callRange('last_over_time', valuesOf(3, 4))).toBe(4);
    const empty = windowOf({ startS: 0, endS: 9 });
    for (const name of ['count_over_time', 'present_over_time', 'last_over_time', 'ts_of_first_over_time'])
      expect(callRange(name, empty)).toBeUndefined();
  });
});
