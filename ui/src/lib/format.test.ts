import { describe, expect, it } from 'vitest';
import {
  deltaOf,
  deltaOfRatio,
  formatAbsolute,
  formatAge,
  formatAxisTime,
  formatBytes,
  formatClock,
  formatCompact,
  formatCost,
  formatCount,
  formatDuration,
  formatPercent,
  formatPerMinute,
  formatRelative,
  formatSpan,
  formatUsd,
  formatUsdAxis,
  formatUsdExact,
  plural,
  shortModel,
} from './format.ts';

const at = Date.UTC(2026, 10, 20, 14, 3, 22, 70);

describe('money', () => {
  it.each([
    [0, '$0.00'],
    [0.00001, '<$0.0001'],
    [0.0001, '$0.0001'],
    [0.0123, '$0.0123'],
    [0.0999, '$0.0999'],
    [0.09999, '$0.10'],
    [0.1, '$0.10'],
    [1.005, '$1.01'],
    [1234.5, '$1,234.50'],
    [-0.05, '-$0.0500'],
    [null, '–'],
    [Number.NaN, '–'],
  ])('%s reads %s', (usd, text) => {
    expect(formatUsd(usd)).toBe(text);
  });

  it('keeps every digit in the exact form', () => {
    expect(formatUsdExact(12.345678)).toBe('$12.345678');
    expect(formatUsdExact(12)).toBe('$12.00');
  });

  it('never shows a nought for a price that is not known', () => {
    expect(formatCost({ cost_usd: 0, cost_complete: false })).toBe('price missing');
    expect(formatCost({ cost_usd: 2, cost_complete: false })).toBe('≥ $2.00');
    expect(formatCost({ cost_usd: 0, cost_complete: true })).toBe('$0.00');
  });

  it.each([
    [0, '$0'],
    [0.05, '$0.05'],
    [0.005, '$0.005'],
    [2.5, '$2.50'],
    [5, '$5'],
    [25, '$25'],
    [1200, '$1.20k'],
  ])('axis %s reads %s', (usd, text) => {
    expect(formatUsdAxis(usd)).toBe(text);
  });
});

describe('counts', () => {
  it.each([
    [0, '0'],
    [940, '940'],
    [999, '999'],
    [1000, '1.00k'],
    [12_400, '12.4k'],
    [999_400, '999k'],
    [999_950, '1.00M'],
    [1_240_311, '1.24M'],
    [2.5e9, '2.50B'],
    [0.25, '0.25'],
    [-1500, '-1.50k'],
    [undefined, '–'],
  ])('%s reads %s', (count, text) => {
    expect(formatCompact(count)).toBe(text);
  });

  it('writes the exact value with separators', () => {
    expect(formatCount(1_240_311)).toBe('1,240,311');
    expect(plural(1, 'session')).toBe('1 session');
    expect(plural(1200, 'session')).toBe('1,200 sessions');
  });
});

it.each([
  [0, '0 ms'],
  [0.4, '<1 ms'],
  [850, '850 ms'],
  [999.6, '1.00 s'],
  [1240, '1.24 s'],
  [12_400, '12.4 s'],
  [59_960, '1m 00s'],
  [125_000, '2m 05s'],
  [3_599_600, '1h 00m'],
  [3_840_000, '1h 04m'],
  [273_600_000, '3d 4h'],
  [null, '–'],
])('duration %s reads %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

it.each([
  [0, '0s'],
  [353, '<1s'],
  [51_400, '51s'],
  [1_510_000, '25m'],
  [3_599_000, '1h 00m'],
  [3_840_000, '1h 04m'],
])('span %s reads %s', (ms, text) => {
  expect(formatSpan(ms)).toBe(text);
});

it.each([
  [0, '0 B'],
  [812, '812 B'],
  [1024, '1.00 KiB'],
  [4300, '4.20 KiB'],
  [1_331_439_861, '1.24 GiB'],
])('bytes %s read %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

it.each([
  [0, '0%'],
  [0.0004, '<0.1%'],
  [0.123, '12.3%'],
  [0.5, '50.0%'],
  [0.9999, '>99.9%'],
  [1, '100%'],
  [12.5, '1,250%'],
  [null, '–'],
])('ratio %s reads %s', (value, text) => {
  expect(formatPercent(value)).toBe(text);
});

it('never rounds a small rate down to nothing', () => {
  expect(formatPerMinute(0.02)).toBe('<0.1/min');
  expect(formatPerMinute(0)).toBe('0/min');
  expect(formatPerMinute(1234.4)).toBe('1.23k/min');
});

describe('times', () => {
  it.each([
    [0, 'now'],
    [12_000, '12s ago'],
    [5 * 60_000, '5m ago'],
    [3 * 3_600_000, '3h ago'],
    [49 * 3_600_000, '2d ago'],
    [-5 * 60_000, 'in 5m'],
  ])('%s ms before now reads %s', (ms, text) => {
    expect(formatRelative(at - ms, at)).toBe(text);
  });

  it('has a short form for columns, never in the future', () => {
    expect(formatAge(at - 125_000, at)).toBe('2m');
    expect(formatAge(at + 5000, at)).toBe('0s');
  });

  it('shows the zone of an absolute time', () => {
    expect(formatAbsolute(at, 'UTC')).toBe('2026-11-20 14:03:22 UTC');
    expect(formatAbsolute(at, 'America/New_York')).toContain('2026-11-20 09:03:22');
    expect(formatClock(at, 'UTC', true)).toBe('14:03:22.070');
  });

  it('shortens axis times to what the span needs', () => {
    expect(formatAxisTime(at, 60_000, 'UTC')).toBe('14:03:22');
    expect(formatAxisTime(at, 86_400_000, 'UTC')).toBe('14:03');
    expect(formatAxisTime(Date.UTC(2026, 10, 20), 86_400_000, 'UTC')).toBe('20 Nov');
  });
});

describe('change against the range before', () => {
  it('says the direction in words', () => {
    expect(deltaOf(118, 100)).toEqual({ direction: 'up', text: '18% more' });
    expect(deltaOf(97, 100)).toEqual({ direction: 'down', text: '3% less' });
    expect(deltaOf(5, 5)).toEqual({ direction: 'same', text: 'no change' });
    expect(deltaOf(5, 0)).toEqual({ direction: 'new', text: 'none before' });
    expect(deltaOf(5000, 10)).toEqual({ direction: 'up', text: '500× as much' });
    expect(deltaOf(null, 5)).toBeNull();
  });

  it('compares ratios in points', () => {
    expect(deltaOfRatio(0.75, 0.729)).toEqual({ direction: 'up', text: '2.1 pts higher' });
    expect(deltaOfRatio(0.5, 0.5)).toEqual({ direction: 'same', text: 'no change' });
  });
});

it('shortens model names to what tells them apart', () => {
  expect(shortModel('claude-sonnet-4-6-20260301')).toBe('sonnet-4-6');
  expect(shortModel('us.anthropic.claude-opus-4-7-20260101-v1:0')).toBe('opus-4-7');
  expect(shortModel('gpt-x')).toBe('gpt-x');
});
