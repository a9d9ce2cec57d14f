import { expect, test } from 'vitest';
import { formatBytes, formatDurationMs, parseBytes, parseDurationMs } from './units.ts';

test.each([
  ['90m', 5_400_000],
  ['1h30m', 5_400_000],
  ['30d', 2_592_000_000],
  ['0s', 0],
  ['250ms', 250],
  ['1y', 31_536_000_000],
])('the duration %s is %d ms', (text, ms) => {
  expect(parseDurationMs(text)).toBe(ms);
});

test.each(['', '5', 'm', '1m1h', '1h1h', '-1h', '1.5h', '1 h', '1hx'])('%j is no duration', (text) => {
  expect(parseDurationMs(text)).toBeUndefined();
});

test.each([
  ['1024', 1024],
  ['64MiB', 67_108_864],
  ['1.5GB', 1_500_000_000],
  ['2 gib', 2_147_483_648],
])('the size %s is %d bytes', (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});

test.each(['', 'MiB', '5 parsecs', '-1', '1e3'])('%j is no size', (text) => {
  expect(parseBytes(text)).toBeUndefined();
});

test('formatting is exact and short', () => {
  expect(formatDurationMs(5_400_000)).toBe('1h30m');
  expect(formatDurationMs(0)).toBe('0s');
  expect(formatBytes(67_108_864)).toBe('64 MiB');
  expect(formatBytes(1_610_612_736)).toBe('1.5 GiB');
  expect(formatBytes(999)).toBe('999 B');
});
