import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  describeRange,
  editableTime,
  followsNow,
  isRelative,
  parseTime,
  rangePresets,
  resolveRange,
  shiftRange,
  spanText,
  toApiTime,
  zoneOffsetText,
  zoomRange,
} from './time.ts';

const now = Date.UTC(2026, 10, 20, 14, 35, 20, 250); // a Friday
const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
const at = (text: string, zone = 'UTC'): string | null => iso(parseTime(text, now, zone));

describe('parseTime', () => {
  test.each([
    ['now', '2026-11-20T14:35:20.250Z'],
    ['now-90m', '2026-11-20T13:05:20.250Z'],
    ['now-250ms', '2026-11-20T14:35:20.000Z'],
    ['now+1h', '2026-11-20T15:35:20.250Z'],
    ['now/d', '2026-11-20T00:00:00.000Z'],
    ['now-1d/d', '2026-11-19T00:00:00.000Z'],
    ['now-1d/d+9h', '2026-11-19T09:00:00.000Z'],
    ['now/w', '2026-11-16T00:00:00.000Z'],
    ['now/M', '2026-11-01T00:00:00.000Z'],
    ['now/y', '2026-01-01T00:00:00.000Z'],
    ['now/h', '2026-11-20T14:00:00.000Z'],
    ['now/m', '2026-11-20T14:35:00.000Z'],
    ['now-1M', '2026-10-20T14:35:20.250Z'],
    ['  now-1h ', '2026-11-20T13:35:20.250Z'],
  ])('relative %s', (text, expected) => expect(at(text)).toBe(expected));

  test.each([
    ['2026-11-20', '2026-11-20T00:00:00.000Z'],
    ['2026-11', '2026-11-01T00:00:00.000Z'],
    ['2026-11-20 14:00', '2026-11-20T14:00:00.000Z'],
    ['2026-11-20 14:00:05', '2026-11-20T14:00:05.000Z'],
    ['2026-11-20T14:00:05.123456789Z', '2026-11-20T14:00:05.123Z'],
    ['2026-11-20T14:00:05+02:00', '2026-11-20T12:00:05.000Z'],
    ['2026-11-20 14:00 -0330', '2026-11-20T17:30:00.000Z'],
    ['1795184120', '2026-11-20T14:15:20.000Z'],
    ['1795184120250', '2026-11-20T14:15:20.250Z'],
    ['1795184120250000', '2026-11-20T14:15:20.250Z'],
    ['1795184120250000000', '2026-11-20T14:15:20.250Z'],
  ])('absolute %s', (text, expected) => expect(at(text)).toBe(expected));

  test.each([
    '',
    'yesterday',
    'now-',
    'now-1',
    'now-1x',
    'now1h',
    '-1h',
    '2026-13-01',
    '2026-02-30',
    '2026-11-20 25:00',
    '2026-11-20 14:60',
    '12345',
    'now-99999999y',
  ])('refuses %j', (text) => expect(at(text)).toBeNull());

  test('reads a wall clock in its zone', () => {
    expect(at('2026-11-20 14:00', 'Europe/Berlin')).toBe('2026-11-20T13:00:00.000Z');
    expect(at('2026-07-20 14:00', 'Europe/Berlin')).toBe('2026-07-20T12:00:00.000Z');
    expect(at('2026-11-20 14:00', 'Asia/Kathmandu')).toBe('2026-11-20T08:15:00.000Z');
  });

  test('a day is a day of the calendar across a change of clocks', () => {
    const monday = Date.UTC(2026, 9, 26, 11, 0); // noon in Berlin, the day after winter time began
    expect(iso(parseTime('now-1d', monday, 'Europe/Berlin'))).toBe('2026-10-25T11:00:00.000Z');
    expect(iso(parseTime('now-2d', monday, 'Europe/Berlin'))).toBe('2026-10-24T10:00:00.000Z');
    expect(iso(parseTime('now-1d/d', monday, 'Europe/Berlin'))).toBe('2026-10-24T22:00:00.000Z');
  });

  test('a wall clock that the change of clocks skips is the hour after it', () => {
    expect(at('2026-03-29 02:30', 'Europe/Berlin')).toBe('2026-03-29T01:30:00.000Z');
  });

  test('the end of a month does not spill into the next', () => {
    const march31 = Date.UTC(2026, 2, 31, 12);
    expect(iso(parseTime('now-1M', march31, 'UTC'))).toBe('2026-02-28T12:00:00.000Z');
  });

  test('what is shown for editing reads back as the same moment', () => {
    const zones = ['UTC', 'Europe/Berlin', 'America/St_Johns', 'Pacific/Apia'];
    fc.assert(
      fc.property(
        fc.integer({ min: 1_500_000_000, max: 2_500_000_000 }),
        fc.constantFrom(...zones),
        (seconds, zone) => {
          const shown = editableTime(seconds * 1000, zone);
          const read = parseTime(shown, now, zone);
          // In the hour that clocks repeat, one text means two moments; the text itself must hold.
          expect(read === null ? null : editableTime(read, zone)).toBe(shown);
        },
      ),
    );
  });
});

describe('ranges', () => {
  test('every preset resolves, in order', () => {
    for (const preset of rangePresets) {
      const range = resolveRange(preset, now, 'UTC');
      expect(range?.toMs).toBe(now);
      expect(range?.fromMs).toBeLessThan(now);
    }
  });

  test('a range that ends before it starts is none', () => {
    expect(resolveRange({ from: 'now', to: 'now-1h' }, now)).toBeNull();
    expect(resolveRange({ from: 'now-1h', to: 'soon' }, now)).toBeNull();
  });

  test('only forms that the server knows are sent as they are', () => {
    expect(toApiTime('now-90m', now)).toBe('now-90m');
    expect(toApiTime('now', now)).toBe('now');
    expect(toApiTime('now/d', now, 'UTC')).toBe('2026-11-20T00:00:00.000Z');
    expect(toApiTime('now-1M', now, 'UTC')).toBe('2026-10-20T14:35:20.250Z');
    expect(toApiTime('2026-11-20T14:00:00.000Z', now)).toBe('2026-11-20T14:00:00.000Z');
  });

  test('shifting back moves by half; forward stops at the present', () => {
    const hour = { fromMs: now - 3_600_000, toMs: now };
    expect(shiftRange(hour, -1, now)).toEqual({
      from: new Date(now - 5_400_000).toISOString(),
      to: new Date(now - 1_800_000).toISOString(),
    });
    expect(shiftRange(hour, 1, now)).toEqual({
      from: new Date(hour.fromMs).toISOString(),
      to: new Date(now).toISOString(),
    });
  });

  test('zooming a range that ends now keeps it live', () => {
    const text = { from: 'now-1h', to: 'now' };
    const range = { fromMs: now - 3_600_000, toMs: now };
    expect(zoomRange(text, range, 2, now)).toEqual({ from: 'now-2h', to: 'now' });
    expect(zoomRange(text, range, 0.5, now)).toEqual({ from: 'now-30m', to: 'now' });
  });

  test('zooming a past range keeps its middle and never passes the present', () => {
    const range = { fromMs: now - 3 * 3_600_000, toMs: now - 3_600_000 };
    const text = { from: new Date(range.fromMs).toISOString(), to: new Date(range.toMs).toISOString() };
    expect(zoomRange(text, range, 0.5, now)).toEqual({
      from: new Date(now - 2.5 * 3_600_000).toISOString(),
      to: new Date(now - 1.5 * 3_600_000).toISOString(),
    });
    expect(zoomRange(text, range, 4, now).to).toBe(new Date(now).toISOString());
  });

  test('zooming in ends at a second', () => {
    expect(zoomRange({ from: 'now-1s', to: 'now' }, { fromMs: now - 1000, toMs: now }, 0.5, now).from).toBe(
      'now-1s',
    );
  });

  test.each([
    [{ from: 'now-24h', to: 'now' }, 'Last 24 hours'],
    [{ from: 'now-1d', to: 'now' }, 'Last day'],
    [{ from: 'now-90m', to: 'now' }, 'Last 90 minutes'],
    [{ from: '2026-11-20T10:00:00Z', to: '2026-11-20T11:30:00Z' }, 'Nov 20, 10:00 – 11:30'],
    [{ from: '2026-11-20T10:00:05Z', to: '2026-11-20T10:01:00Z' }, 'Nov 20, 10:00:05 – 10:01:00'],
    [{ from: '2025-12-31T10:00:00Z', to: '2026-01-01T11:30:00Z' }, 'Dec 31, 2025, 10:00 – Jan 1, 11:30'],
    [{ from: 'now-1d/d', to: 'now/d' }, 'Nov 19, 00:00 – Nov 20, 00:00'],
  ])('%j reads %s', (range, expected) => expect(describeRange(range, now, 'UTC')).toBe(expected));

  test('knows what moves with the clock', () => {
    expect(isRelative('now-1h/h')).toBe(true);
    expect(isRelative('2026-11-20')).toBe(false);
    expect(followsNow({ from: '2026-11-20', to: 'now' })).toBe(true);
    expect(followsNow({ from: 'now-1h', to: '2026-11-20' })).toBe(false);
  });

  test.each([
    [1, '1ms'],
    [1000, '1s'],
    [90_000, '90s'],
    [5_400_000, '90m'],
    [86_400_000, '24h'],
    [7 * 86_400_000, '7d'],
    [61_234_567, '61235s'],
  ])('a span of %d ms is %s', (ms, expected) => expect(spanText(ms)).toBe(expected));

  test.each([
    ['UTC', 'UTC'],
    ['Europe/Berlin', 'UTC+1'],
    ['Asia/Kathmandu', 'UTC+5:45'],
    ['America/St_Johns', 'UTC-3:30'],
  ])('offset of %s is %s', (zone, expected) => expect(zoneOffsetText(zone, now)).toBe(expected));
});
