import { expect, test } from 'vitest';
import { Labels } from '../model/labels.ts';
import { ratioOffset, xxHash64 } from './evaluate-hash.ts';

test.each([
  ['', 'ef46db3751d8e999'],
  ['a', 'd24ec4f1a98c6e5b'],
  ['abc', '44bc2cf5ad770999'],
  ['Nobody inspects the spammish repetition', 'fbcea83c8a378bf1'],
])('xxHash64 of %j', (text, hash) => {
  expect(xxHash64(Buffer.from(text)).toString(16)).toBe(hash);
});

test('offsets lie between 0 and 1 and depend on the labels alone', () => {
  const offsets = Array.from({ length: 100 }, (_, i) =>
    ratioOffset(Labels.fromObject({ i: `${i}`, long: 'x'.repeat(300) })),
  );
  expect(Math.min(...offsets)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...offsets)).toBeLessThanOrEqual(1);
  expect(new Set(offsets).size).toBe(100);
  expect(ratioOffset(Labels.fromObject({ b: '2', a: '1' }))).toBe(
    ratioOffset(Labels.fromObject({ a: '1', b: '2' })),
  );
});
