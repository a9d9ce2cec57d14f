import { describe, expect, test } from 'vitest';
import { callRange, contextOf, valuesOf, windowOf } from './function-test-kit.ts';

const sawtooth = [0, 10, 20, 30, 40, 0, 10, 20, 30, 40, 50].map((value, i) => [300 * i, value] as const);

describe('deriv and predict_linear', () => {
  test('follow the least squares line', () => {
    const window = windowOf({ startS: -300, endS: 3000, floats: sawtooth });
    // Covariance 105 000, variance of the times 9 900 000.
    expect(callRange('deriv', window)).toBeCloseTo(105_000 / 9_900_000, 15);
    const from = (evalS: number) =>
      callRange('predict_linear', window, [3600], contextOf({ evalMs: evalS * 1000 }));
    expect(from(3000)).toBeCloseTo(76.81818181818181, 9);
    expect(from(600)).toBeCloseTo(51.36363636363637, 9);
  });

  test('do not lose digits far from the epoch', () => {
    const farS = 1_700_000_000;
    const floats = [0, 1, 2, 3].map((i) => [farS + 10 * i, 5 + i] as const);
    const window = windowOf({ startS: farS - 10, endS: farS + 30, floats });
    expect(callRange('deriv', window)).toBeCloseTo(0.1, 15);
    const context = contextOf({ evalMs: (farS + 30) * 1000 });
    expect(callRange('predict_linear', window, [10], context)).toBeCloseTo(9, 12);
  });

  test('a constant is its own line, an infinite one has none', () => {
    expect(callRange('deriv', valuesOf(0.1, 0.1, 0.1))).toBe(0);
    expect(callRange('predict_linear', valuesOf(0.1, 0.1), [1e9])).toBe(0.1);
    expect(callRange('deriv', valuesOf(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY))).toBeNaN();
    expect(callRange('deriv', valuesOf(1, Number.POSITIVE_INFINITY))).toBeNaN();
    expect(callRange('deriv', valuesOf(1, Number.NaN))).toBeNaN();
  });

  test('take two floats and tell of histograms left out', () => {
    expect(callRange('deriv', valuesOf(1))).toBeUndefined();
    const context = contextOf();
    const window = windowOf({ startS: 0, endS: 99, floats: [[1, 1]], histograms: [[2, 1]] });
    expect(callRange('deriv', window, [], context)).toBeUndefined();
    expect(context.notes).toHaveLength(1);
    const silent = contextOf();
    callRange('predict_linear', windowOf({ startS: 0, endS: 99, histograms: [[2, 1]] }), [1], silent);
    expect(silent.notes).toEqual([]);
  });
});

describe('double_exponential_smoothing', () => {
  const smooth = (values: number[], ...factors: number[]) =>
    callRange('double_exponential_smoothing', valuesOf(...values), factors);

  test('follows a straight trend and weighs the recent', () => {
    expect(smooth([10, 20, 30, 40], 0.01, 0.1)).toBeCloseTo(40, 9);
    // Level 1, trend 1; then level 0.5*2 + 0.5*(1+1) = 2; trend 0.5*(2-1) + 0.5*1 = 1; level 0.5*7 + 0.5*(2+1) = 5.
    expect(smooth([1, 2, 7], 0.5, 0.5)).toBe(5);
    expect(smooth([1], 0.5, 0.5)).toBeUndefined();
  });

  test('refuses factors outside of 0 to 1', () => {
    expect(() => smooth([1, 2], 0, 0.5)).toThrow(
      'invalid smoothing factor. Expected: 0 < sf < 1, got: 0.000000',
    );
    expect(() => smooth([1, 2], 0.5, 1)).toThrow('invalid trend factor. Expected: 0 < tf < 1, got: 1.000000');
  });
});
