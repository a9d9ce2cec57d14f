import { describe, expect, test } from 'vitest';
import type { NativeHistogram } from '../../../model/native-histogram.ts';
import { WireReader } from '../otlp/wire.ts';
import { HistogramReader, MAX_BUCKETS } from './histogram.ts';
import { type HistogramModel, histogram } from './testing/encode.ts';

const T = Date.UTC(2026, 10, 20);

function read(model: Partial<HistogramModel>) {
  const bytes = histogram({ timeMs: T, count: { int: 0 }, sum: 0, ...model });
  const reader = new HistogramReader(new WireReader(bytes));
  reader.read(0, bytes.length);
  return reader;
}

const good = (model: Partial<HistogramModel>) => read(model).histogram as NativeHistogram;

function codeAndMessage(model: Partial<HistogramModel>): string {
  const found = read(model).histogram;
  return typeof found === 'object' && 'code' in found ? `${found.code}: ${found.message}` : 'none';
}

describe('native histograms', () => {
  const whole: Partial<HistogramModel> = {
    startMs: T - 1000,
    count: { int: 21 },
    sum: 18.5,
    schema: 3,
    zeroThreshold: 1e-128,
    zeroCount: { int: 2 },
    negativeSpans: [[-2, 1]],
    negativeDeltas: [4],
    positiveSpans: [
      [0, 2],
      [3, 2],
    ],
    positiveDeltas: [1, 2, -3, 11],
    resetHint: 2,
  };

  test('of whole numbers: spans become indexes, differences counts, empty buckets go', () => {
    const reader = read(whole);
    expect(reader).toMatchObject({ timeMs: T, startMs: T - 1000 });
    expect(reader.histogram).toEqual({
      schema: 3,
      zeroThreshold: 1e-128,
      zeroCount: 2,
      count: 21,
      sum: 18.5,
      positiveIndexes: [0, 1, 6],
      positiveCounts: [1, 3, 11],
      negativeIndexes: [-2],
      negativeCounts: [4],
      customBounds: [],
      counterReset: 'not_reset',
    });
    expect(good({ ...whole, isUnpacked: true })).toEqual(reader.histogram);
  });

  test('of floats', () => {
    const floats = good({
      ...{ count: { float: 3.5 }, zeroCount: { float: 0.5 }, sum: -1, schema: -4, resetHint: 3 },
      ...{ positiveSpans: [[-7, 2]], positiveCounts: [1.25, 1.75] },
    });
    expect(floats).toMatchObject({
      ...{ schema: -4, count: 3.5, zeroCount: 0.5, counterReset: 'gauge' },
      ...{ positiveIndexes: [-7, -6], positiveCounts: [1.25, 1.75] },
    });
  });

  test('with custom bounds', () => {
    const custom = good({
      ...{ count: { int: 3 }, schema: -53, customValues: [-1, 0.5, 10] },
      ...{ positiveSpans: [[1, 3]], positiveDeltas: [1, 0, 0] },
    });
    expect(custom).toMatchObject({
      ...{ schema: -53, customBounds: [-1, 0.5, 10], positiveIndexes: [1, 2, 3], positiveCounts: [1, 1, 1] },
    });
  });

  test('finer than schema 8 is merged down', () => {
    const merged = good({
      ...{ count: { int: 10 }, schema: 10, negativeSpans: [], positiveSpans: [[-4, 10]] },
      ...{ positiveDeltas: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0] },
    });
    // Of four buckets of schema 10 each is one of schema 8: -7..-4 -> -1, -3..0 -> 0, 1..4 -> 1, 5..8 -> 2.
    expect(merged).toMatchObject({ schema: 8, positiveIndexes: [-1, 0, 1, 2], positiveCounts: [1, 4, 4, 1] });
  });

  test('a sum that is NaN lets observations be in no bucket', () => {
    expect(good({ count: { int: 2 }, sum: Number.NaN }).count).toBe(2);
  });

  test.each<[string, Partial<HistogramModel>]>([
    ['schema', { schema: -5 }],
    ['schema', { schema: 53 }],
    ['longer than', { positiveSpans: [[0, 2]], positiveDeltas: [1] }],
    ['longer than', { positiveSpans: [[0, 4_294_967_295]], positiveDeltas: [1] }],
    ['counts for', { positiveSpans: [[0, 1]], positiveDeltas: [1, 1] }],
    [
      'span begins',
      {
        positiveSpans: [
          [0, 1],
          [-1, 1],
        ],
        positiveDeltas: [1, 0],
      },
    ],
    ['has the count -1', { negativeSpans: [[0, 1]], negativeDeltas: [-1] }],
    ['has the count NaN', { count: { float: 1 }, positiveSpans: [[0, 1]], positiveCounts: [Number.NaN] }],
    ['count is 5', { count: { int: 5 }, positiveSpans: [[0, 1]], positiveDeltas: [4] }],
    ['count is 3', { count: { int: 3 }, sum: Number.NaN, positiveSpans: [[0, 1]], positiveDeltas: [4] }],
    ['negative', { count: { float: -1 } }],
    ['zero threshold', { zeroThreshold: -1 }],
    ['custom bounds', { customValues: [1] }],
    ['zero bucket', { schema: -53, zeroCount: { int: 1 }, count: { int: 1 } }],
    ['ascending', { schema: -53, customValues: [1, 1] }],
    ['ascending', { schema: -53, customValues: [1, Number.POSITIVE_INFINITY] }],
    [
      'beyond its 1',
      { schema: -53, count: { int: 1 }, customValues: [1], positiveSpans: [[2, 1]], positiveDeltas: [1] },
    ],
    [
      'beyond its 1',
      { schema: -53, count: { int: 1 }, customValues: [1], positiveSpans: [[-1, 1]], positiveDeltas: [1] },
    ],
    [
      'out of range',
      {
        count: { int: 1 },
        positiveSpans: [
          [2_147_483_647, 0],
          [2_147_483_647, 1],
        ],
        positiveDeltas: [1],
      },
    ],
  ])('refused: %s', (message, model) => {
    expect(codeAndMessage(model)).toMatch(new RegExp(`^bad_histogram: .*${message}`));
  });

  test('more buckets than one may have', () => {
    const positiveDeltas = Array.from({ length: MAX_BUCKETS + 1 }, () => 0);
    expect(codeAndMessage({ positiveSpans: [[0, MAX_BUCKETS + 1]], positiveDeltas })).toMatch(
      /^too_many_buckets/,
    );
  });
});
