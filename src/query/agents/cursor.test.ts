import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { stepOf } from './overview.ts';

it('a cursor comes back as it went out and stays short', () => {
  const cursors = fc.record({
    lastMs: fc.nat({ max: 9_999_999_999_999 }),
    fromMs: fc.nat({ max: 9_999_999_999_999 }),
    toMs: fc.nat({ max: 9_999_999_999_999 }),
    snapshotMs: fc.nat({ max: 9_999_999_999_999 }),
    idHash: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  });
  fc.assert(
    fc.property(cursors, (cursor) => {
      const text = encodeCursor(cursor);
      expect(decodeCursor(text)).toEqual(cursor);
      expect(text.length).toBeLessThanOrEqual(120);
    }),
  );
});

it('nothing else is a cursor', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(() => decodeCursor(text)).toThrow(expect.objectContaining({ code: 'bad_cursor', status: 400 }));
    }),
  );
});

it.each([
  [0, 1000],
  [60_000, 1000],
  [3_600_000, 60_000],
  [86_400_000, 1_800_000],
  [30 * 86_400_000, 12 * 3_600_000],
  [100 * 365 * 86_400_000, 609 * 86_400_000],
])('a range of %d ms is drawn in steps of %d ms', (spanMs, stepMs) => {
  expect(stepOf({ fromMs: 1000, toMs: 1000 + spanMs })).toBe(stepMs);
});
