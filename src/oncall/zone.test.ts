import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findZone } from './zone.ts';

const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kolkata',
  'Pacific/Apia',
  'America/Santiago',
  'Africa/Casablanca',
];

describe('time zones', () => {
  test('a name that is none gives none', () => {
    expect(findZone('Europe/Nowhere')).toBeUndefined();
    expect(findZone('')).toBeUndefined();
  });

  test('wall times when clocks are put forward: the moment they are', () => {
    const berlin = findZone('Europe/Berlin')!;
    const forward = Date.UTC(2026, 2, 29, 1);
    expect(berlin.firstMomentOf(Date.UTC(2026, 2, 29, 2, 30))).toBe(forward);
    expect(berlin.firstMomentOf(Date.UTC(2026, 2, 29, 3))).toBe(forward);
    expect(berlin.firstMomentOf(Date.UTC(2026, 2, 29, 3, 1))).toBe(forward + 60_000);
    expect(berlin.firstMomentOf(Date.UTC(2026, 2, 29, 1, 59))).toBe(forward - 60_000);
  });

  test('wall times that come twice: the first time', () => {
    const berlin = findZone('Europe/Berlin')!;
    expect(berlin.firstMomentOf(Date.UTC(2026, 9, 25, 2, 30))).toBe(Date.UTC(2026, 9, 25, 0, 30));
    const newYork = findZone('America/New_York')!;
    expect(newYork.firstMomentOf(Date.UTC(2026, 10, 1, 1, 30))).toBe(Date.UTC(2026, 10, 1, 5, 30));
  });

  test('half an hour, and a day that never was', () => {
    const lordHowe = findZone('Australia/Lord_Howe')!;
    // 2026-10-04 at 02:00, +10:30, becomes 02:30, +11:00.
    expect(lordHowe.firstMomentOf(Date.UTC(2026, 9, 4, 2, 15))).toBe(Date.UTC(2026, 9, 3, 15, 30));
    const apia = findZone('Pacific/Apia')!;
    expect(apia.firstMomentOf(Date.UTC(2011, 11, 30, 12))).toBe(Date.UTC(2011, 11, 30, 10));
  });

  test('the first moment at which clocks show a wall time or a later one, and no earlier for a later one', () => {
    const moment = fc.integer({ min: Date.UTC(1990, 0, 1), max: Date.UTC(2036, 0, 1) });
    fc.assert(
      fc.property(fc.constantFrom(...zones), moment, fc.nat(7_200_000), (name, wallMs, laterMs) => {
        const zone = findZone(name)!;
        const first = zone.firstMomentOf(wallMs);
        expect(zone.wallAt(first)).toBeGreaterThanOrEqual(wallMs);
        expect(zone.wallAt(first - 1)).toBeLessThan(wallMs);
        expect(zone.firstMomentOf(wallMs + laterMs)).toBeGreaterThanOrEqual(first);
      }),
    );
  });

  test('around every change of clocks', () => {
    for (const name of zones) {
      const zone = findZone(name)!;
      for (let hour = Date.UTC(2025, 0, 1); hour < Date.UTC(2027, 0, 1); hour += 3_600_000) {
        const ahead = zone.wallAt(hour) - hour;
        if (zone.wallAt(hour + 3_600_000) - hour - 3_600_000 === ahead) continue;
        for (let minutes = -180; minutes <= 180; minutes += 15) {
          const wallMs = hour + ahead + minutes * 60_000;
          const first = zone.firstMomentOf(wallMs);
          expect(zone.wallAt(first)).toBeGreaterThanOrEqual(wallMs);
          expect(zone.wallAt(first - 1)).toBeLessThan(wallMs);
        }
      }
    }
  });
});
