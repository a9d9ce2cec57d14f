import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IdMap } from './id-map.ts';

test('finds what a Map finds, through additions and deletions', () => {
  // Few different words, so that ids share words and probes run into one another.
  const word = fc.oneof(
    fc.integer({ min: 0, max: 40 }),
    fc.constantFrom(0xffff_ffff, 0x8000_0000, -1, -2147483648),
  );
  const step = fc.record({ low: word, high: fc.integer({ min: 0, max: 60 }), isDelete: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 3000 }), (steps) => {
      const keys = new Int32Array(3000 * 3);
      const map = new IdMap(keys, 3);
      const oracle = new Map<string, number>();
      const keyOf = (low: number, high: number) => `${low | 0}/${high | 0}`;
      steps.forEach(({ low, high, isDelete }, index) => {
        const known = oracle.get(keyOf(low, high));
        expect(map.find(low, high)).toBe(known ?? -1);
        if (known === undefined) {
          keys[3 * index] = low;
          keys[3 * index + 1] = high;
          map.add(index);
          oracle.set(keyOf(low, high), index);
        } else if (isDelete) {
          map.delete(known);
          oracle.delete(keyOf(low, high));
        }
        expect(map.size).toBe(oracle.size);
      });
      for (const [key, index] of oracle) {
        const [low, high] = key.split('/').map(Number);
        expect(map.find(low!, high!)).toBe(index);
      }
    }),
    { numRuns: 60 },
  );
});

test('grows, and shrinks when it empties', () => {
  const count = 20_000;
  const keys = new Int32Array(count * 2).map((_, i) => Math.imul(i, 7));
  const map = new IdMap(keys, 2);
  const emptyBytes = map.byteLength;
  for (let i = 0; i < count; i++) map.add(i);
  expect(map.byteLength).toBeGreaterThan(count * 4);
  for (let i = 0; i < count; i++) expect(map.find(keys[2 * i]!, keys[2 * i + 1]!)).toBe(i);
  for (let i = 0; i < count; i++) map.delete(i);
  expect(map.byteLength).toBe(emptyBytes);
  expect(map.find(keys[0]!, keys[1]!)).toBe(-1);
});
