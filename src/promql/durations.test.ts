import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDuration, literalMs, parseDurationText, secondsOf } from './durations.ts';

test.each([
  ['1h30m', 5_400_000],
  ['1y2w3d4h5m6s7ms', 365 * 86_400_000 + 17 * 86_400_000 + 4 * 3_600_000 + 306_007],
  ['0', 0],
  ['0s', 0],
  ['90d', 90 * 86_400_000],
])('reads %s', (text, ms) => {
  expect(parseDurationText(text)).toEqual({ ms });
});

test.each(['5', '5m1h', '1.5h', '5mm', ' 5m', 'm'])('refuses %s', (text) => {
  expect(parseDurationText(text)).toEqual({ error: `not a valid duration string: "${text}"` });
});

test('refuses what does not fit into nanoseconds', () => {
  expect(parseDurationText('292y')).toEqual({ ms: 292 * 365 * 86_400_000 });
  expect(parseDurationText('294y')).toEqual({ error: 'duration out of range' });
});

test('writes years and weeks only when nothing remains', () => {
  expect(formatDuration(90 * 86_400_000)).toBe('90d');
  expect(formatDuration(14 * 86_400_000)).toBe('2w');
  expect(formatDuration(365 * 86_400_000)).toBe('1y');
  expect(formatDuration(-90_001)).toBe('-1m30s1ms');
  expect(formatDuration(0)).toBe('0s');
});

test('what is written reads back', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 9_000_000_000_000 }), (ms) => {
      expect(parseDurationText(formatDuration(ms))).toEqual({ ms });
      expect(literalMs(secondsOf(ms))).toBe(ms);
    }),
  );
});
