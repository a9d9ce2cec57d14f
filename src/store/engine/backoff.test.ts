import { expect, it } from 'vitest';
import { Backoff } from './backoff.ts';

it('doubles up to its bound and starts over after a stable time', () => {
  const backoff = new Backoff({ firstMs: 100, maxMs: 1_000, stableMs: 5_000 });
  expect([0, 10, 4_999, 0, 0, 0].map((livedMs) => backoff.next(livedMs))).toEqual([
    100, 200, 400, 800, 1_000, 1_000,
  ]);
  expect(backoff.next(5_000)).toBe(100);
  expect(backoff.next(0)).toBe(200);
});

it('stays bounded for ever', () => {
  const backoff = new Backoff();
  let last = 0;
  for (let i = 0; i < 5_000; i++) last = backoff.next(0);
  expect(last).toBe(15_000);
});
