import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { NativeHistogram } from '../../model/native-histogram.ts';
import { histogramFraction, histogramQuantile } from '../functions/histogram-estimates.ts';
import { histogramLiteral as h } from '../testing/histogram-literal.ts';
import {
  addHistograms,
  bucketsOf,
  compactHistogram,
  describeHistogram,
  detectReset,
  divideHistogram,
  HistogramTotal,
  histogramsEqual,
  negateHistogram,
  reduceResolution,
  scaleHistogram,
  subtractHistograms,
  trimHistogram,
} from './index.ts';

function sum(a: NativeHistogram, b: NativeHistogram): NativeHistogram {
  const outcome = addHistograms(a, b);
  if (outcome.kind === 'incompatible') throw new Error('incompatible');
  return outcome.histogram;
}

function difference(a: NativeHistogram, b: NativeHistogram): NativeHistogram {
  const outcome = subtractHistograms(a, b);
  if (outcome.kind === 'incompatible') throw new Error('incompatible');
  return outcome.histogram;
}

function expectEqual(got: NativeHistogram | undefined, want: string): void {
  expect({ ...compactHistogram(got!), counterReset: 'unknown' }).toEqual(compactHistogram(h(want)));
}

/** What NaN-free exponential histograms of whole numbers look like; the count and sum fit the buckets. */
const exponential = fc
  .record({
    schema: fc.integer({ min: -1, max: 3 }),
    zeroThreshold: fc.constantFrom(0, 0.001, 0.5, 1, 1.3),
    zeroCount: fc.nat(9),
    positive: fc.dictionary(fc.integer({ min: -6, max: 9 }).map(String), fc.nat(9), { maxKeys: 6 }),
    negative: fc.dictionary(fc.integer({ min: -6, max: 9 }).map(String), fc.nat(9), { maxKeys: 6 }),
  })
  .map(({ schema, zeroThreshold, zeroCount, positive, negative }): NativeHistogram => {
    const side = (counts: Record<string, number>) =>
      Object.entries(counts)
        .map(([index, count]) => [Number(index), count] as const)
        // Below the zero threshold there are no buckets.
        .filter(([index]) => 2 ** ((index - 1) * 2 ** -schema) >= zeroThreshold)
        .sort(([a], [b]) => a - b);
    const [up, down] = [side(positive), side(negative)];
    const count = [...up, ...down].reduce((total, [, each]) => total + each, zeroCount);
    return {
      schema,
      zeroThreshold,
      zeroCount,
      count,
      sum: count * 3,
      positiveIndexes: up.map(([index]) => index),
      positiveCounts: up.map(([, each]) => each),
      negativeIndexes: down.map(([index]) => index),
      negativeCounts: down.map(([, each]) => each),
      customBounds: [],
      counterReset: 'unknown',
    };
  });

function populationOf(histogram: NativeHistogram): number {
  return bucketsOf(histogram).reduce((total, { count }) => total + count, 0);
}

describe('buckets', () => {
  test('bounds by schema, ascending', () => {
    expect(bucketsOf(h('schema:0 z_bucket:3 z_bucket_w:0.5 buckets:[1 0 2] n_buckets:[4 5]'))).toEqual([
      { lower: -2, upper: -1, count: 5, isLowerInclusive: true, isUpperInclusive: false },
      { lower: -1, upper: -0.5, count: 4, isLowerInclusive: true, isUpperInclusive: false },
      { lower: -0.5, upper: 0.5, count: 3, isLowerInclusive: true, isUpperInclusive: true },
      { lower: 0.5, upper: 1, count: 1, isLowerInclusive: false, isUpperInclusive: true },
      { lower: 2, upper: 4, count: 2, isLowerInclusive: false, isUpperInclusive: true },
    ]);
    expect(bucketsOf(h('schema:-1 offset:1 buckets:[1]'))[0]).toMatchObject({ lower: 1, upper: 4 });
    expect(bucketsOf(h('schema:2 offset:1 buckets:[1]'))[0]).toMatchObject({ lower: 1, upper: 2 ** 0.25 });
  });

  test('custom bounds reach from -Inf to +Inf', () => {
    const bounds = bucketsOf(h('schema:-53 custom_values:[1 5] buckets:[1 2 3]')).map(({ lower, upper }) => [
      lower,
      upper,
    ]);
    expect(bounds).toEqual([
      [-Infinity, 1],
      [1, 5],
      [5, Infinity],
    ]);
  });

  test('the last bucket ends at the largest double', () => {
    expect(bucketsOf(h('schema:0 offset:1024 buckets:[1]'))[0]!.upper).toBe(Number.MAX_VALUE);
  });

  test('text as in count_values', () => {
    expect(
      describeHistogram(h('count:20 sum:10 z_bucket_w:0.001 z_bucket:2 buckets:[1 2] n_buckets:[1 2]')),
    ).toBe('{count:20, sum:10, [-2,-1):2, [-1,-0.5):1, [-0.001,0.001]:2, (0.5,1]:1, (1,2]:2}');
    expect(describeHistogram(h('schema:-53 count:1234567 sum:1e-5 custom_values:[5] buckets:[1 2]'))).toBe(
      '{count:1.234567e+06, sum:1e-05, [-Inf,5]:1, (5,+Inf]:2}',
    );
  });
});

describe('addition and subtraction', () => {
  test('bucket by bucket', () => {
    const a = h('count:4 sum:5 buckets:[1 2 1]');
    const b = h('count:6 sum:7 offset:1 buckets:[3 3] n_buckets:[1]');
    expectEqual(sum(a, b), 'count:10 sum:12 buckets:[1 5 4] n_buckets:[1]');
    expectEqual(difference(a, b), 'count:-2 sum:-2 buckets:[1 -1 -2] n_buckets:[-1]');
  });

  test('at the coarser schema', () => {
    const fine = h('schema:1 count:4 buckets:[1 1 1 1]');
    const coarse = h('schema:0 count:2 buckets:[1 1]');
    // (0.71,1] | (1,1.41], (1.41,2] | (2,2.83] become (0.5,1], (1,2], (2,4].
    expectEqual(sum(fine, coarse), 'schema:0 count:6 buckets:[2 3 1]');
    expectEqual(difference(coarse, fine), 'schema:0 count:-2 buckets:[0 -1 -1]');
  });

  test('the wider zero bucket takes what lies within it', () => {
    const wide = h('count:2 z_bucket:2 z_bucket_w:1');
    const narrow = h('count:6 z_bucket:1 z_bucket_w:0.001 buckets:[2 3]');
    expectEqual(sum(wide, narrow), 'count:8 z_bucket:5 z_bucket_w:1 offset:1 buckets:[3]');
    // 1.5 cuts the populated bucket (1,2], so the zero bucket grows to 2.
    const cutting = h('count:2 z_bucket:2 z_bucket_w:1.5');
    expectEqual(sum(cutting, narrow), 'count:8 z_bucket:8 z_bucket_w:2');
  });

  test('custom buckets keep the bounds both have', () => {
    const a = h('schema:-53 count:6 custom_values:[1 2 5] buckets:[1 1 2 2]');
    const b = h('schema:-53 count:3 custom_values:[2 3 5] buckets:[1 1 0 1]');
    const outcome = addHistograms(a, b);
    expect(outcome).toMatchObject({ hasReconciledBounds: true });
    expectEqual(sum(a, b), 'schema:-53 count:9 custom_values:[2 5] buckets:[3 3 3]');
    expect(addHistograms(a, a)).toMatchObject({ hasReconciledBounds: false });
    const none = h('schema:-53 count:2 custom_values:[7] buckets:[1 1]');
    expectEqual(sum(a, none), 'schema:-53 count:8 custom_values:[] buckets:[8]');
  });

  test('custom and exponential buckets do not mix', () => {
    const custom = h('schema:-53 custom_values:[1]');
    expect(addHistograms(h(''), custom).kind).toBe('incompatible');
    expect(subtractHistograms(custom, h('')).kind).toBe('incompatible');
  });

  test.each([
    ['unknown', 'unknown', 'unknown', false],
    ['gauge', 'reset', 'gauge', false],
    ['unknown', 'gauge', 'gauge', false],
    ['unknown', 'not_reset', 'unknown', false],
    ['reset', 'reset', 'reset', false],
    ['reset', 'not_reset', 'unknown', true],
    ['not_reset', 'reset', 'unknown', true],
  ])('hints %s and %s give %s', (a, b, hint, collides) => {
    const outcome = addHistograms(h(`counter_reset_hint:${a}`), h(`counter_reset_hint:${b}`));
    expect(outcome).toMatchObject({ hasResetCollision: collides, histogram: { counterReset: hint } });
  });

  test('keeps the population, and subtraction undoes addition', () => {
    fc.assert(
      fc.property(exponential, exponential, (a, b) => {
        const total = sum(a, b);
        expect(populationOf(total)).toBe(populationOf(a) + populationOf(b));
        expect(histogramsEqual(total, { ...sum(b, a) })).toBe(true);
        // What was added is gone; the layout may have become coarser, as it has for `a + nothing`.
        const nothing = difference(b, b);
        expect(histogramsEqual(difference(total, b), sum(a, { ...nothing, ...layoutOf(total) }))).toBe(true);
      }),
    );
  });
});

function layoutOf({ schema, zeroThreshold }: NativeHistogram) {
  return { schema, zeroThreshold };
}

test('coarser steps can be taken one by one or at once', () => {
  fc.assert(
    fc.property(exponential, (histogram) => {
      const once = reduceResolution(histogram, histogram.schema - 2);
      const twice = reduceResolution(reduceResolution(histogram, histogram.schema - 1), histogram.schema - 2);
      expect(twice).toEqual(once);
      expect(populationOf(once)).toBe(populationOf(histogram));
    }),
  );
});

describe('scaling', () => {
  const counter = h('count:4 sum:6 z_bucket:2 buckets:[2] counter_reset_hint:not_reset');

  test('by a number', () => {
    expectEqual(scaleHistogram(counter, 2), 'count:8 sum:12 z_bucket:4 buckets:[4]');
    expectEqual(divideHistogram(counter, 4), 'count:1 sum:1.5 z_bucket:0.5 buckets:[0.5]');
    expect(scaleHistogram(counter, 2).counterReset).toBe('not_reset');
    expect(divideHistogram(counter, 2).counterReset).toBe('not_reset');
  });

  test('a negative number makes a gauge', () => {
    expectEqual(negateHistogram(counter), 'count:-4 sum:-6 z_bucket:-2 buckets:[-2]');
    for (const gauge of [
      negateHistogram(counter),
      scaleHistogram(counter, -3),
      divideHistogram(counter, -1),
    ]) {
      expect(gauge.counterReset).toBe('gauge');
    }
  });

  test('division by zero leaves no buckets', () => {
    expectEqual(divideHistogram(counter, 0), 'count:Inf sum:Inf z_bucket:Inf');
    expect(divideHistogram(h('buckets:[1]'), 0)).toMatchObject({ count: Number.NaN, positiveCounts: [] });
  });
});

describe('resets', () => {
  const before = 'count:6 sum:9 z_bucket:1 z_bucket_w:0.25 buckets:[2 3]';

  test.each([
    ['nothing has changed', before, false],
    ['all has grown', 'count:9 sum:2 z_bucket:2 z_bucket_w:0.25 buckets:[2 4 1]', false],
    ['the sum has fallen', 'count:6 sum:1 z_bucket:1 z_bucket_w:0.25 buckets:[2 3]', false],
    ['the count has fallen', 'count:5 z_bucket:1 z_bucket_w:0.25 buckets:[2 3]', true],
    ['a bucket has fallen', 'count:6 z_bucket:1 z_bucket_w:0.25 buckets:[3 2]', true],
    ['a bucket is gone', 'count:6 z_bucket:1 z_bucket_w:0.25 buckets:[6]', true],
    ['the zero bucket has fallen', 'count:6 z_bucket:0 z_bucket_w:0.25 buckets:[3 3]', true],
    ['the schema has become finer', 'schema:1 count:6 z_bucket:1 z_bucket_w:0.25 buckets:[2 3]', true],
    ['the schema has become coarser', 'schema:-1 count:6 z_bucket:1 z_bucket_w:0.25 buckets:[2 3]', false],
    ['the zero bucket has become narrower', 'count:6 z_bucket:1 z_bucket_w:0.1 buckets:[2 3]', true],
    ['the zero bucket has become wider', 'count:6 z_bucket:3 z_bucket_w:1 buckets:[0 3]', false],
    ['it has become wider and lower', 'count:6 z_bucket:2 z_bucket_w:1 buckets:[0 3]', true],
    ['it cuts a bucket that was populated', 'count:6 z_bucket:3 z_bucket_w:0.75 buckets:[2 3]', true],
    ['custom buckets took over', 'schema:-53 count:9 custom_values:[1]', true],
    ['the hint says so', `${before} counter_reset_hint:reset`, true],
    ['the hint denies it', 'count:1 counter_reset_hint:not_reset', false],
    ['a gauge has fallen', 'count:1 counter_reset_hint:gauge', true],
  ])('%s', (_name, now, expected) => {
    expect(detectReset(h(before), h(now))).toBe(expected);
  });

  test('custom buckets are compared by the bounds both have', () => {
    const old = h('schema:-53 count:3 custom_values:[1 2 5] buckets:[1 1 1]');
    expect(detectReset(old, h('schema:-53 count:3 custom_values:[1 2 5] buckets:[1 0 2]'))).toBe(true);
    expect(detectReset(old, h('schema:-53 count:3 custom_values:[2 5] buckets:[2 1]'))).toBe(false);
    expect(detectReset(old, h('schema:-53 count:3 custom_values:[2 5] buckets:[1 2]'))).toBe(true);
    expect(detectReset(h(before), old)).toBe(true);
  });

  test('growth is no reset', () => {
    fc.assert(
      fc.property(exponential, exponential, (a, b) => {
        expect(detectReset(a, sum(a, b))).toBe(false);
      }),
    );
  });
});

describe('totals', () => {
  test('lose nothing to rounding', () => {
    const total = new HistogramTotal();
    for (const value of [1, 1e100, 1, -1e100])
      total.add(h(`count:${value} sum:${value} z_bucket:${value} buckets:[${value}]`));
    expectEqual(total.total(), 'count:2 sum:2 z_bucket:2 buckets:[2]');
    expectEqual(total.mean(), 'count:0.5 sum:0.5 z_bucket:0.5 buckets:[0.5]');
  });

  test('a mean survives where the sum overflows', () => {
    const total = new HistogramTotal();
    for (let i = 0; i < 3; i++) total.add(h('count:4 sum:1.5e308 buckets:[1 0 3]'));
    expect(total.mean()).toMatchObject({
      count: 4,
      sum: 1.5e308,
      positiveIndexes: [0, 2],
      positiveCounts: [1, 3],
    });
    expect(total.total()).toMatchObject({ count: 12, sum: Infinity });
  });

  test('keep what annotations need', () => {
    const total = new HistogramTotal();
    expect(total.total()).toBeUndefined();
    total.add(h('schema:-53 custom_values:[1 2] buckets:[1 1] counter_reset_hint:reset'));
    expect([total.hasReconciledBounds, total.hasResetCollision]).toEqual([false, false]);
    total.add(h('schema:-53 custom_values:[2] buckets:[1 1] counter_reset_hint:not_reset'));
    expect([total.hasReconciledBounds, total.hasResetCollision]).toEqual([true, true]);
    expect(total.isIncompatible).toBe(false);
    total.add(h('count:1'));
    expect(total.isIncompatible).toBe(true);
    expect(total.total()).toBeUndefined();
  });

  test('are what adding one by one gives', () => {
    fc.assert(
      fc.property(fc.array(exponential, { minLength: 1, maxLength: 5 }), (histograms) => {
        const total = new HistogramTotal();
        for (const histogram of histograms) total.add(histogram);
        const plain = histograms.reduce((a, b) => sum(a, b));
        expect(histogramsEqual(total.total()!, plain)).toBe(true);
      }),
    );
  });
});

describe('trimming', () => {
  const both = h('count:10 sum:7 z_bucket:2 z_bucket_w:0.5 buckets:[0 4] n_buckets:[0 4]');

  test('leaves a histogram alone that lies within', () => {
    expect(trimHistogram(both, '</', Infinity)).toBe(both);
    expect(trimHistogram(both, '>/', -Infinity)).toBe(both);
    expect(trimHistogram(both, '</', 2)).toBe(both);
  });

  test('takes whole buckets at their bounds', () => {
    // The middles: the zero bucket at 0, (1,2] at the square root of 2.
    expectEqual(
      trimHistogram(both, '>/', -0.5),
      `count:6 sum:${4 * Math.SQRT2} z_bucket:2 z_bucket_w:0.5 offset:1 buckets:[4]`,
    );
    expectEqual(
      trimHistogram(both, '</', -1),
      `count:4 sum:${-4 * Math.SQRT2} z_bucket_w:0.5 n_offset:1 n_buckets:[4]`,
    );
    expectEqual(trimHistogram(both, '</', -Infinity), 'z_bucket_w:0.5');
    expectEqual(trimHistogram(both, '>/', Infinity), 'z_bucket_w:0.5');
  });

  test('shares the zero bucket by length and others by logarithm', () => {
    const upper = trimHistogram(both, '</', 0.25);
    expect(upper.zeroCount).toBeCloseTo(1.5);
    expect(upper.count).toBeCloseTo(5.5);
    const kept = trimHistogram(both, '>/', Math.SQRT2);
    expect(kept.positiveCounts[0]).toBeCloseTo(2);
    expect(kept.sum).toBeCloseTo(2 * 2 ** 0.75);
  });

  test('custom buckets without an end', () => {
    const custom = h('schema:-53 count:6 sum:20 custom_values:[2 4] buckets:[2 2 2]');
    expectEqual(
      trimHistogram(custom, '</', 3),
      'schema:-53 count:3 sum:4.5 custom_values:[2 4] buckets:[2 1]',
    );
    expectEqual(trimHistogram(custom, '</', 1), 'schema:-53 count:1 sum:0.5 custom_values:[2 4] buckets:[1]');
    expectEqual(
      trimHistogram(custom, '>/', 9),
      'schema:-53 count:2 sum:18 custom_values:[2 4] buckets:[0 0 2]',
    );
    const negative = h('schema:-53 count:6 sum:20 custom_values:[-4 -2] buckets:[2 2 2]');
    expectEqual(
      trimHistogram(negative, '</', -5),
      'schema:-53 count:2 sum:-10 custom_values:[-4 -2] buckets:[2]',
    );
  });

  test('agrees with histogram_fraction', () => {
    fc.assert(
      fc.property(exponential, fc.double({ min: -20, max: 20, noNaN: true }), (histogram, bound) => {
        // A zero bucket without width is a point: whether a bound at the point cuts it off is a matter of taste.
        fc.pre(histogram.count > 0 && (bound !== 0 || histogram.zeroThreshold > 0));
        const { value } = histogramFraction(-Infinity, bound, compactHistogram(histogram));
        expect(trimHistogram(histogram, '</', bound).count).toBeCloseTo(value * histogram.count, 6);
        expect(trimHistogram(histogram, '>/', bound).count).toBeCloseTo((1 - value) * histogram.count, 6);
      }),
    );
  });
});

describe('quantiles and fractions', () => {
  const value = (quantile: number, literal: string) => histogramQuantile(quantile, h(literal)).value;

  test('interpolate by the kind of bucket', () => {
    expect(value(0.5, 'count:4 sum:1 offset:1 buckets:[4]')).toBeCloseTo(Math.SQRT2);
    expect(value(0.5, 'count:4 sum:1 n_offset:1 n_buckets:[4]')).toBeCloseTo(-Math.SQRT2);
    expect(value(0.25, 'count:4 sum:1 z_bucket:4 z_bucket_w:1')).toBeCloseTo(-0.5);
    expect(value(0.25, 'count:4 sum:1 z_bucket:2 z_bucket_w:1 offset:2 buckets:[2]')).toBeCloseTo(0.5);
    expect(value(0.25, 'count:4 sum:1 z_bucket:2 z_bucket_w:1 n_offset:2 n_buckets:[2]')).toBeCloseTo(
      -2 * Math.SQRT2,
    );
    expect(value(0.75, 'count:4 sum:1 z_bucket:2 z_bucket_w:1 n_offset:2 n_buckets:[2]')).toBeCloseTo(-0.5);
  });

  test('of custom buckets', () => {
    const custom = 'schema:-53 count:4 sum:1 custom_values:[2 4] buckets:[2 1 1]';
    expect([0, 0.25, 0.5, 0.625, 1].map((quantile) => value(quantile, custom))).toEqual([0, 1, 2, 3, 4]);
    expect(value(0.1, 'schema:-53 count:4 sum:1 custom_values:[-2 4] buckets:[2 1 1]')).toBe(-2);
  });

  test('NaN observations skew the result or leave none', () => {
    const skewed = h('count:8 sum:NaN offset:1 buckets:[4]');
    expect(histogramQuantile(0.25, skewed)).toEqual({
      value: expect.closeTo(Math.SQRT2),
      nanEffect: 'skewed',
    });
    expect(histogramQuantile(0.75, skewed)).toEqual({ value: Number.NaN, nanEffect: 'nan_result' });
    expect(histogramFraction(-Infinity, Infinity, skewed)).toEqual({ value: 0.5, hasNan: true });
    expect(histogramFraction(1, 2, skewed)).toEqual({ value: 0.5, hasNan: true });
    // The sum of opposite infinities is NaN as well.
    expect(histogramQuantile(0.5, h('count:4 sum:NaN offset:1 buckets:[4]')).nanEffect).toBe('none');
  });

  test('the fraction below a quantile is that quantile', () => {
    fc.assert(
      fc.property(exponential, fc.double({ min: 0, max: 1, noNaN: true }), (histogram, quantile) => {
        fc.pre(histogram.count > 0 && (histogram.zeroCount === 0 || histogram.zeroThreshold > 0));
        const compact = compactHistogram(histogram);
        const { value } = histogramQuantile(quantile, compact);
        expect(histogramFraction(-Infinity, value, compact).value).toBeCloseTo(quantile, 6);
      }),
    );
  });
});
