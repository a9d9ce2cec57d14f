import { describe, expect, test } from 'vitest';
import {
  bucketFraction,
  bucketQuantile,
  type ClassicBucket,
  mergedMonotonicityInfo,
  monotonicityInfo,
} from './classic-quantile.ts';

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

function bucketsOf(...pairs: readonly (readonly [number, number])[]): ClassicBucket[] {
  return pairs.map(([upperBound, count]) => ({ upperBound, count }));
}

const plain = bucketsOf([inf, 100], [1, 10], [3, 60], [2, 30]);

describe('bucketQuantile', () => {
  const at = (quantile: number, buckets = plain) => bucketQuantile(quantile, buckets).value;

  test('interpolates within the bucket', () => {
    expect(at(0.05)).toBe(0.5);
    expect(at(0.2)).toBe(1.5);
    expect(at(0.45)).toBe(2.5);
    expect(at(0.3)).toBe(2);
    expect(at(0.9)).toBe(3);
    expect(at(0)).toBe(0);
    expect(at(1)).toBe(3);
  });

  test('has its answers for what is no histogram or quantile', () => {
    expect([at(-0.1), at(1.1), at(nan)]).toEqual([-inf, inf, nan]);
    expect(at(0.5, [])).toBeNaN();
    expect(at(0.5, bucketsOf([1, 5], [2, 6]))).toBeNaN();
    expect(at(0.5, bucketsOf([inf, 5]))).toBeNaN();
    expect(at(0.5, bucketsOf([1, 0], [inf, 0]))).toBeNaN();
    expect(at(0.1, bucketsOf([-1, 5], [inf, 6]))).toBe(-1);
  });

  test('adds up buckets of the same bound', () => {
    expect(at(0.5, bucketsOf([1, 2], [1, 2], [2, 8], [inf, 8]))).toBe(1);
  });

  test('raises counts that fall and says by how much', () => {
    const buckets = bucketsOf([1, 10], [2, 6], [3, 20], [4, 19], [inf, 20]);
    const { value, repair } = bucketQuantile(0.75, buckets);
    expect(value).toBe(2.5);
    expect(repair).toEqual({ minBucket: 2, maxBucket: 4, maxDiff: 4 });
    expect(buckets[1]!.count).toBe(6);
  });

  test('does not mind rounding', () => {
    const { value, repair } = bucketQuantile(0.5, bucketsOf([1, 10], [2, 10 - 1e-12], [inf, 10]));
    expect(value).toBe(0.5);
    expect(repair).toBeUndefined();
  });
});

describe('bucketFraction', () => {
  test.each([
    [1, 2, 0.2],
    [0, 1.5, 0.2],
    [-inf, inf, 1],
    [-5, -4, 0],
    [4, 5, 0],
    [400, inf, 0.4],
    [2, 2, 0],
    [3, 2, 0],
    [nan, 1, nan],
    [0, nan, nan],
  ])('between %d and %d', (lower, upper, expected) => {
    const fraction = bucketFraction(lower, upper, plain);
    if (Number.isNaN(expected)) expect(fraction).toBeNaN();
    else expect(fraction).toBeCloseTo(expected, 12);
  });

  test('does not interpolate towards minus infinity', () => {
    const negative = bucketsOf([-3, 10], [-2, 12], [-1, 15], [inf, 100]);
    expect(bucketFraction(-4, -2, negative)).toBeCloseTo(0.02, 12);
    expect(bucketFraction(-inf, -1.5, negative)).toBeCloseTo(0.135, 12);
  });

  test('takes a complete histogram with observations', () => {
    expect(bucketFraction(0, 1, [])).toBeNaN();
    expect(bucketFraction(0, 1, bucketsOf([1, 5]))).toBeNaN();
    expect(bucketFraction(0, 1, bucketsOf([inf, 0]))).toBeNaN();
    expect(bucketFraction(0, 1, bucketsOf([inf, 9]))).toBe(0);
  });
});

describe('the info about repairs', () => {
  const base =
    'PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)';
  const info = (metric: string, repair: [number, number, number], timeS: number) =>
    monotonicityInfo(
      metric,
      { minBucket: repair[0], maxBucket: repair[1], maxDiff: repair[2] },
      timeS * 1000,
    );

  test('is one for all samples of a metric', () => {
    const texts = [
      info('series_1', [5, 50, 5.5], 1_735_084_800),
      info('series_1', [10, 100, 10], 1_703_462_400),
      info('series_1', [2.5, 75, 7.5], 1_733_011_200),
    ];
    expect(texts.reduce((a, b) => mergedMonotonicityInfo(a, b)!)).toBe(
      `${base} for metric name "series_1", from buckets 2.5 to 100, with a max diff of 10, over 3 samples from 2023-12-25T00:00:00Z to 2024-12-25T00:00:00Z`,
    );
  });

  test('is not merged with others', () => {
    const one = info('', [0.1, inf, 1234], 0.5);
    expect(one).toBe(
      `${base}, from buckets 0.1 to +Inf, with a max diff of 1.2e+03, over 1 samples from 1970-01-01T00:00:00Z to 1970-01-01T00:00:00Z`,
    );
    expect(mergedMonotonicityInfo(one, info('a', [1, 2, 3], 0))).toBeUndefined();
    expect(mergedMonotonicityInfo(one, 'PromQL info: something else')).toBeUndefined();
    expect(mergedMonotonicityInfo('PromQL info: something else', one)).toBeUndefined();
    expect(mergedMonotonicityInfo(one, one)).toContain('over 2 samples');
  });
});
