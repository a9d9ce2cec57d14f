import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NativeHistogram } from '../../model/native-histogram.ts';
import { limitResolution, maxSchemaFor } from './histogram-limit.ts';

const histogram = (fields: Partial<NativeHistogram>): NativeHistogram => ({
  schema: 3,
  zeroThreshold: 0,
  zeroCount: 0,
  count: 0,
  sum: 0,
  positiveIndexes: [],
  positiveCounts: [],
  negativeIndexes: [],
  negativeCounts: [],
  customBounds: [],
  counterReset: 'unknown',
  ...fields,
});

// Prometheus's documentation of native_histogram_min_bucket_factor.
test.each([
  [65_536, -4],
  [256, -3],
  [16, -2],
  [4, -1],
  [2, 0],
  [1.4, 1],
  [1.1, 2],
  [1.09, 3],
  [1.04, 4],
  [1.02, 5],
  [1.01, 6],
  [1.005, 7],
  [1.002, 8],
  [1, 8],
  [0, 8],
  [1e9, -4],
])('factor %d: schema %d', (factor, schema) => {
  expect(maxSchemaFor(factor)).toBe(schema);
});

test('buckets merge in pairs until there are few enough', () => {
  const wide = histogram({ positiveIndexes: [-1, 0, 1, 2, 3], positiveCounts: [1, 2, 3, 4, 5] });
  expect(limitResolution(wide, 3, 8)).toMatchObject({
    schema: 2,
    positiveIndexes: [0, 1, 2],
    positiveCounts: [3, 7, 5],
  });
  expect(limitResolution(wide, 0, 8)).toBe(wide);
  expect(limitResolution(wide, 5, 2)).toMatchObject({ schema: 2 });
});

test('what no resolution can do', () => {
  const far = histogram({ schema: -4, positiveIndexes: [1, 2], positiveCounts: [1, 1] });
  expect(limitResolution(far, 1, 8)).toBeUndefined();
  const custom = histogram({
    schema: -53,
    positiveIndexes: [0, 1],
    positiveCounts: [1, 1],
    customBounds: [1],
  });
  expect(limitResolution(custom, 1, 8)).toBeUndefined();
  expect(limitResolution(custom, 2, -4)).toBe(custom);
});

test('no observation is lost and every one stays within its bounds', () => {
  const buckets = fc.uniqueArray(fc.integer({ min: -200, max: 200 }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(buckets, fc.integer({ min: 2, max: 20 }), (indexes, limit) => {
      const positiveIndexes = [...indexes].sort((a, b) => a - b);
      const given = histogram({ positiveIndexes, positiveCounts: positiveIndexes.map(() => 1) });
      const limited = limitResolution(given, limit, 8);
      if (limited === undefined) return;
      expect(limited.positiveIndexes.length).toBeLessThanOrEqual(limit);
      expect(limited.positiveCounts.reduce((sum, count) => sum + count, 0)).toBe(positiveIndexes.length);
      const upper = (index: number, schema: number) => index * 2 ** -schema;
      for (const index of positiveIndexes) {
        const own = upper(index, given.schema);
        const fits = limited.positiveIndexes.some(
          (coarse) => upper(coarse - 1, limited.schema) < own && own <= upper(coarse, limited.schema),
        );
        expect(fits).toBe(true);
      }
    }),
  );
});
