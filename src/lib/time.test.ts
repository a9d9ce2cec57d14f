import { describe, expect, it } from 'vitest';
import { BellwetherError } from './errors.ts';
import { formatTime, parseTime, parseTimeRange } from './time.ts';

const now = Date.UTC(2026, 10, 20, 12, 0, 0);

describe('parseTime', () => {
  it.each([
    ['now', now],
    ['now-90m', now - 90 * 60_000],
    ['now-1h30m', now - 90 * 60_000],
    ['now-7d', now - 7 * 86_400_000],
    ['now-2w', now - 14 * 86_400_000],
    ['now-250ms', now - 250],
    ['0', 0],
    ['1795215538671', 1_795_215_538_671],
    ['2026-11-20T12:00:00Z', now],
    ['2026-11-20t12:00:00.250z', now + 250],
    ['2026-11-20T13:00:00+01:00', now],
    ['2026-11-20T06:30:00.123456789-05:30', now + 123],
    ['2028-02-29T00:00:00Z', Date.UTC(2028, 1, 29)],
  ])('reads %s', (text, expected) => {
    expect(parseTime(text, 'from', now)).toBe(expected);
  });

  it.each([
    '',
    'yesterday',
    'NOW',
    'now+1h',
    'now-',
    'now-1',
    'now-1h1h',
    'now-1x',
    '2026-11-20',
    '2026-11-20 12:00:00Z',
    '2026-11-20T12:00:00',
    '2026-02-30T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-11-20T25:00:00Z',
    '1795215538671.5',
    '99999999999999999999',
    '-1',
    'now-9999y',
    '9999-01-01T00:00:00Z',
  ])('refuses %j', (text) => {
    expect(() => parseTime(text, 'from', now)).toThrow(
      expect.objectContaining({ code: 'bad_time', status: 400 }),
    );
  });

  it('names the parameter, shows the text, and knows the usual mistake of a bare plus sign', () => {
    const error = thrownBy(() => parseTime('2026-11-20T12:00:00 01:00', 'to', now));
    expect(error.message).toContain('to is not a time: "2026-11-20T12:00:00 01:00"');
    expect(error.hint).toContain('%2B');
  });

  it('does not repeat a long text', () => {
    expect(thrownBy(() => parseTime('x'.repeat(10_000), 'from', now)).message.length).toBeLessThan(120);
  });
});

describe('parseTimeRange', () => {
  it('gives both ends', () => {
    expect(parseTimeRange({ from: 'now-1h', to: 'now' }, now)).toEqual({
      fromMs: now - 3_600_000,
      toMs: now,
    });
  });

  it('allows a single moment and refuses an end before the start', () => {
    expect(parseTimeRange({ from: 'now', to: 'now' }, now)).toEqual({ fromMs: now, toMs: now });
    expect(() => parseTimeRange({ from: 'now', to: 'now-1h' }, now)).toThrow(
      expect.objectContaining({ code: 'bad_range', status: 400 }),
    );
  });
});

describe('formatTime', () => {
  it('shows milliseconds in UTC', () => {
    expect(formatTime(now + 5)).toBe('2026-11-20T12:00:00.005Z');
  });
});

function thrownBy(run: () => unknown): BellwetherError {
  try {
    run();
  } catch (error) {
    if (error instanceof BellwetherError) return error;
  }
  throw new Error('a BellwetherError was expected');
}
