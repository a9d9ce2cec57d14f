import { expect, it } from 'vitest';
import { startOfDay } from '../lib/time.ts';
import { refusalOfTime, timeRefusalMessage } from './time.ts';

const NOW = Date.UTC(2026, 10, 20, 12);
const limits = { maxAgeMs: 7 * 86_400_000, maxFutureMs: 90_000 };

it('both limits are inclusive', () => {
  expect(refusalOfTime(NOW - limits.maxAgeMs, NOW, limits)).toBeUndefined();
  expect(refusalOfTime(NOW - limits.maxAgeMs - 1, NOW, limits)).toBe('too_old');
  expect(refusalOfTime(NOW + limits.maxFutureMs, NOW, limits)).toBeUndefined();
  expect(refusalOfTime(NOW + limits.maxFutureMs + 1, NOW, limits)).toBe('too_far_in_future');
});

it('an age limit of 0 is none', () => {
  expect(refusalOfTime(1, NOW, { ...limits, maxAgeMs: 0 })).toBeUndefined();
});

it('messages name the limit and the times', () => {
  expect(timeRefusalMessage('too_old', 0, NOW, limits)).toBe(
    'older than the limit of 7 d (time 1970-01-01T00:00:00.000Z, server time 2026-11-20T12:00:00.000Z)',
  );
  expect(timeRefusalMessage('too_far_in_future', NOW + 1e6, NOW, limits)).toContain(
    'limit of 90 s in the future',
  );
  expect(timeRefusalMessage('too_old', 1e300, NOW, { ...limits, maxAgeMs: 1500 })).toContain(
    'limit of 1500 ms (time 1e+300 ms',
  );
});

it('the start of a day', () => {
  expect(startOfDay(NOW)).toBe(Date.UTC(2026, 10, 20));
  expect(startOfDay(Date.UTC(2026, 10, 20))).toBe(Date.UTC(2026, 10, 20));
});
