import { describe, expect, it } from 'vitest';
import { quantileOf, readHistogram } from './native-histogram.ts';

const histogram = readHistogram({
  count: '10',
  sum: '14.5',
  buckets: [
    [3, '-0.001', '0.001', '2'],
    [0, '1', '1.4142135623730951', '6'],
    [0, '2', '+Inf', '2'],
  ],
});

describe('native histograms', () => {
  it('read as ranges with counts and shares', () => {
    expect(histogram.buckets.map(({ range, count, share }) => [range, count, share])).toEqual([
      ['[-0.001, 0.001]', 2, 0.2],
      ['(1, 1.414]', 6, 0.6],
      ['(2, +Inf]', 2, 0.2],
    ]);
    expect(histogram.summary).toBe('10 observations, mean 1.45');
  });

  it('estimate quantiles within a bucket, and never beyond what is known', () => {
    expect(quantileOf(histogram, 0.5)).toBeCloseTo(1 + 0.41421 / 2, 4);
    expect(quantileOf(histogram, 0.99)).toBe(2);
    expect(quantileOf(histogram, 0)).toBe(-0.001);
    expect(quantileOf(readHistogram({ count: '0', sum: '0' }), 0.5)).toBeNull();
  });

  it('say nothing of a mean without observations', () => {
    expect(readHistogram({ count: '0', sum: '0' }).summary).toBe('0 observations');
    expect(readHistogram({ count: '1', sum: '2' }).summary).toBe('1 observation, mean 2');
  });
});
