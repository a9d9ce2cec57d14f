import { describe, expect, test } from 'vitest';
import { callSample, contextOf, histogramOf, sampleOf } from './function-test-kit.ts';
import { allFunctions, functionNamed } from './index.ts';

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

describe('functions of single floats', () => {
  test.each([
    ['abs', -2.5, 2.5],
    ['ceil', -2.5, -2],
    ['floor', -2.5, -3],
    ['exp', 0, 1],
    ['sqrt', 16, 4],
    ['sqrt', -1, nan],
    ['ln', 0, -inf],
    ['log2', 8, 3],
    ['log10', 1000, 3],
    ['sgn', -inf, -1],
    ['sgn', nan, nan],
    ['deg', Math.PI, 180],
    ['rad', 180, Math.PI],
    ['acos', 1, 0],
    ['acosh', 1, 0],
    ['asin', 1, Math.PI / 2],
    ['asinh', 0, 0],
    ['atan', 1, Math.PI / 4],
    ['atanh', 1, inf],
    ['cos', 0, 1],
    ['cosh', 0, 1],
    ['sin', 0, 0],
    ['sinh', 0, 0],
    ['tan', 0, 0],
    ['tanh', inf, 1],
  ])('%s(%d) is %d', (name, value, expected) => {
    expect(callSample(name, value)).toEqual(expected);
  });

  test('round goes up on halves and to the nearest multiple', () => {
    expect(callSample('round', 2.5)).toBe(3);
    expect(callSample('round', -2.5)).toBe(-2);
    expect(callSample('round', 2.34, 0.1)).toBe(2.3);
    expect(callSample('round', 17, 5)).toBe(15);
    expect(callSample('round', -inf)).toBe(-inf);
  });

  test('clamp', () => {
    expect([-50, 0, 100].map((value) => callSample('clamp', value, -25, 75))).toEqual([-25, 0, 75]);
    expect(callSample('clamp', 1, 5, -5)).toBeUndefined();
    expect(callSample('clamp', 1, 0, nan)).toBeNaN();
    expect(callSample('clamp', 1, nan, 0)).toBeNaN();
    expect(callSample('clamp_min', nan, 1)).toBeNaN();
    expect(callSample('clamp_max', 7, 5)).toBe(5);
    expect(callSample('clamp_min', 3, 5)).toBe(5);
  });

  test('give nothing for a histogram', () => {
    const sample = { ...sampleOf({}, nan), histogram: histogramOf(1) };
    for (const definition of allFunctions) {
      if (definition.kind !== 'sample' || definition.name.startsWith('histogram_')) continue;
      expect(definition.evaluate(sample, [0, 1], contextOf())).toBeUndefined();
    }
  });
});

describe('dates', () => {
  const parts = 'year month day_of_month day_of_week day_of_year days_in_month hour minute'.split(' ');
  const partsOf = (seconds: number) => parts.map((name) => callSample(name, seconds));

  test.each([
    ['the epoch', 0, [1970, 1, 1, 4, 1, 31, 0, 0]],
    ['2006-01-02 22:04:05', 1136239445, [2006, 1, 2, 1, 2, 31, 22, 4]],
    ['a leap day', 1456790399, [2016, 2, 29, 1, 60, 29, 23, 59]],
    ['day 366', 1483191420, [2016, 12, 31, 6, 366, 31, 13, 37]],
    ['before the epoch, the fraction cut off', -0.9, [1970, 1, 1, 4, 1, 31, 0, 0]],
    ['a second before the epoch', -1, [1969, 12, 31, 3, 365, 31, 23, 59]],
    ['a leap day of antiquity', -60_521_108_033, [52, 2, 29, 4, 60, 29, 5, 6]],
    ['beyond the dates of JavaScript', 8.64e12 + 86_400, [275760, 9, 14, 0, 258, 30, 0, 0]],
  ])('%s', (_what, seconds, expected) => {
    expect(partsOf(seconds)).toEqual(expected);
  });

  test('every 64-bit number of seconds has a date', () => {
    expect(callSample('year', 9.2e18)).toBe(291_536_396_232);
    for (const seconds of [nan, inf, -inf, -(2 ** 63), 2 ** 62])
      for (const name of parts) expect(callSample(name, seconds)).toEqual(expect.any(Number));
    expect(callSample('minute', nan)).not.toBeNaN();
  });
});

describe('scalars', () => {
  const scalar = (name: string, numbers: number[] = [], values: number[] = []) => {
    const definition = functionNamed(name);
    if (definition?.kind !== 'scalar') throw new Error(name);
    const context = contextOf({ evalMs: 1500, startMs: 1000, endMs: 5000, stepMs: 500 });
    return definition.evaluate({ vectors: [values.map((value) => sampleOf({}, value))], numbers }, context);
  };

  test('of the query', () => {
    expect(['time', 'start', 'end', 'range', 'step', 'pi'].map((name) => scalar(name))).toEqual([
      1.5,
      1,
      5,
      4,
      0.5,
      Math.PI,
    ]);
  });

  test('min_of and max_of', () => {
    expect(scalar('min_of', [5, 3])).toBe(3);
    expect(scalar('max_of', [5, 3])).toBe(5);
    expect(scalar('max_of', [nan, 3])).toBeNaN();
    expect(scalar('max_of', [nan, inf])).toBe(inf);
    expect(scalar('min_of', [nan, -inf])).toBe(-inf);
  });

  test('scalar takes exactly one float', () => {
    expect(scalar('scalar', [], [7])).toBe(7);
    expect(scalar('scalar', [], [7, 8])).toBeNaN();
    expect(scalar('scalar', [], [])).toBeNaN();
  });
});
