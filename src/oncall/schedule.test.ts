import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Restriction, Rotation, Schedule } from './config-types.ts';
import { nextShift, type Override, onCallAt, type Shift, shiftsIn } from './schedule.ts';
import { findZone } from './zone.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;

function schedule(zone: string, ...rotations: Partial<Rotation>[]): Schedule {
  return {
    name: 'primary',
    zone: findZone(zone)!,
    rotations: rotations.map((rotation) => ({
      people: ['ann', 'bob'],
      startWallMs: Date.UTC(2026, 0, 5, 9),
      shiftLengthMs: WEEK_MS,
      restrictions: [],
      ...rotation,
    })),
  };
}

function override(person: string, fromMs: number, toMs: number): Override {
  return { id: person, schedule: 'primary', person, fromMs, toMs, createdBy: '', createdAtMs: 0 };
}

const whoAt = (one: Schedule, timeMs: number, overrides: Override[] = []) =>
  onCallAt(one, overrides, timeMs)?.person;

const short = (shifts: readonly Shift[]) =>
  shifts.map(({ person, fromMs, toMs }) => [
    person,
    new Date(fromMs).toISOString().slice(0, 16),
    new Date(toMs).toISOString().slice(0, 16),
  ]);

describe('rotations', () => {
  test('nobody before the start, then everybody in turn', () => {
    const one = schedule('UTC', {});
    const start = Date.UTC(2026, 0, 5, 9);
    expect(whoAt(one, start - 1)).toBeUndefined();
    expect(whoAt(one, start)).toBe('ann');
    expect(whoAt(one, start + WEEK_MS - 1)).toBe('ann');
    expect(whoAt(one, start + WEEK_MS)).toBe('bob');
    expect(whoAt(one, start + 2 * WEEK_MS)).toBe('ann');
  });

  test('a handoff stays at its wall time when clocks are put forward and back', () => {
    const berlin = schedule('Europe/Berlin', {
      shiftLengthMs: DAY_MS,
      startWallMs: Date.UTC(2026, 2, 27, 9),
    });
    expect(
      short(shiftsIn(berlin, [], { fromMs: Date.UTC(2026, 2, 27, 8), toMs: Date.UTC(2026, 2, 31) })),
    ).toEqual([
      ['ann', '2026-03-27T08:00', '2026-03-28T08:00'],
      ['bob', '2026-03-28T08:00', '2026-03-29T07:00'],
      ['ann', '2026-03-29T07:00', '2026-03-30T07:00'],
      ['bob', '2026-03-30T07:00', '2026-03-31T00:00'],
    ]);
    const newYork = schedule('America/New_York', { startWallMs: Date.UTC(2026, 9, 26, 8) });
    expect(nextShift(newYork, [], Date.UTC(2026, 9, 30))).toMatchObject({
      person: 'bob',
      fromMs: Date.UTC(2026, 10, 2, 13),
      toMs: Date.UTC(2026, 10, 9, 13),
    });
  });

  test('a handoff at a wall time that comes twice happens once', () => {
    const berlin = schedule('Europe/Berlin', {
      people: ['ann', 'bob', 'cid'],
      shiftLengthMs: DAY_MS,
      startWallMs: Date.UTC(2026, 9, 24, 2, 30),
    });
    expect(
      short(shiftsIn(berlin, [], { fromMs: Date.UTC(2026, 9, 24, 0, 30), toMs: Date.UTC(2026, 9, 27) })),
    ).toEqual([
      ['ann', '2026-10-24T00:30', '2026-10-25T00:30'],
      ['bob', '2026-10-25T00:30', '2026-10-26T01:30'],
      ['cid', '2026-10-26T01:30', '2026-10-27T00:00'],
    ]);
  });

  test('a shift that has begun goes on when clocks are put back before its begin', () => {
    const berlin = schedule('Europe/Berlin', {
      shiftLengthMs: DAY_MS,
      startWallMs: Date.UTC(2026, 9, 24, 2, 30),
    });
    expect(whoAt(berlin, Date.UTC(2026, 9, 25, 0, 29))).toBe('ann');
    // The wall shows 02:45, then 02:15 once more, then 02:45.
    for (const minute of [45, 75, 105]) expect(whoAt(berlin, Date.UTC(2026, 9, 25, 0, minute))).toBe('bob');
  });

  test('a handoff at a wall time that is left out happens when clocks are put forward', () => {
    const berlin = schedule('Europe/Berlin', {
      shiftLengthMs: DAY_MS,
      startWallMs: Date.UTC(2026, 2, 28, 2, 30),
    });
    expect(nextShift(berlin, [], Date.UTC(2026, 2, 28, 12))).toMatchObject({
      person: 'bob',
      fromMs: Date.UTC(2026, 2, 29, 1),
      toMs: Date.UTC(2026, 2, 30, 0, 30),
    });
  });

  test('leap days count as days', () => {
    const one = schedule('UTC', { shiftLengthMs: DAY_MS, startWallMs: Date.UTC(2028, 1, 28, 9) });
    expect(whoAt(one, Date.UTC(2028, 1, 29, 10))).toBe('bob');
    expect(whoAt(one, Date.UTC(2028, 2, 1, 10))).toBe('ann');
  });

  test('a later rotation counts more where it has somebody', () => {
    const weekend: Restriction = { weekdays: new Set([6, 0]), windows: [{ startMs: 0, endMs: DAY_MS }] };
    const one = schedule('Europe/Berlin', {}, { people: ['wes'], restrictions: [weekend] });
    expect(whoAt(one, Date.UTC(2026, 0, 9, 22, 59))).toBe('ann');
    expect(whoAt(one, Date.UTC(2026, 0, 9, 23))).toBe('wes');
    expect(whoAt(one, Date.UTC(2026, 0, 11, 22, 59))).toBe('wes');
    expect(whoAt(one, Date.UTC(2026, 0, 11, 23))).toBe('ann');
  });

  test('a window past midnight belongs to the day it begins on', () => {
    const night: Restriction = {
      weekdays: new Set([5]),
      windows: [{ startMs: 22 * HOUR_MS, endMs: 6 * HOUR_MS }],
    };
    const one = schedule('UTC', { people: ['nan'], restrictions: [night] });
    const friday = Date.UTC(2026, 0, 9);
    expect(whoAt(one, friday + 21 * HOUR_MS)).toBeUndefined();
    expect(whoAt(one, friday + 22 * HOUR_MS)).toBe('nan');
    expect(whoAt(one, friday + 30 * HOUR_MS - 1)).toBe('nan');
    expect(whoAt(one, friday + 30 * HOUR_MS)).toBeUndefined();
    expect(whoAt(one, friday + 46 * HOUR_MS)).toBeUndefined();
    expect(nextShift(one, [], friday)).toMatchObject({ person: 'nan', fromMs: friday + 22 * HOUR_MS });
  });

  test('one person alone is never handed over', () => {
    const one = schedule('Europe/Berlin', { people: ['ann'] });
    expect(nextShift(one, [], Date.UTC(2026, 1, 1))).toBeUndefined();
    const range = { fromMs: Date.UTC(2026, 1, 1), toMs: Date.UTC(2026, 2, 1) };
    expect(shiftsIn(one, [], range)).toEqual([{ person: 'ann', isOverride: false, ...range }]);
  });

  test('overrides count most, the last one first', () => {
    const one = schedule('UTC', {});
    const day = Date.UTC(2026, 0, 6);
    const overrides = [override('zed', day, day + DAY_MS), override('yve', day + HOUR_MS, day + 2 * HOUR_MS)];
    expect(whoAt(one, day - 1, overrides)).toBe('ann');
    expect(whoAt(one, day, overrides)).toBe('zed');
    expect(whoAt(one, day + HOUR_MS, overrides)).toBe('yve');
    expect(whoAt(one, day + 2 * HOUR_MS, overrides)).toBe('zed');
    expect(whoAt(one, day + DAY_MS, overrides)).toBe('ann');
  });
});

const people = fc.array(fc.constantFrom('ann', 'bob', 'cid', 'dee'), { minLength: 1, maxLength: 4 });
const window = fc
  .tuple(fc.integer({ min: 0, max: 95 }), fc.integer({ min: 1, max: 96 }))
  .filter(([start, end]) => start !== end)
  .map(([start, end]) => ({ startMs: start * 900_000, endMs: end * 900_000 }));
const restriction = fc.record({
  weekdays: fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1 }).map((days) => new Set(days)),
  windows: fc.array(window, { minLength: 1, maxLength: 2 }),
});
// Around the changes of clocks, where things go wrong.
const anchors = [Date.UTC(2026, 2, 8), Date.UTC(2026, 2, 29), Date.UTC(2026, 9, 25), Date.UTC(2026, 10, 1)];
const rotation = fc.record({
  people,
  startWallMs: fc
    .tuple(fc.constantFrom(...anchors), fc.integer({ min: -400, max: 100 }))
    .map(([anchor, quarters]) => anchor + quarters * 900_000),
  shiftLengthMs: fc.integer({ min: 4, max: 4 * 24 * 8 }).map((quarters) => quarters * 900_000),
  restrictions: fc.array(restriction, { maxLength: 2 }),
});
const scheduleOf = fc.record({
  name: fc.constant('primary'),
  zone: fc
    .constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'America/Santiago')
    .map((name) => findZone(name)!),
  rotations: fc.array(rotation, { minLength: 1, maxLength: 3 }),
});

/** Who a rotation says is on call, from shifts that are laid out one after the other. */
function bySimulation(
  { people, ...one }: Rotation,
  zone: Schedule['zone'],
  timeMs: number,
): string | undefined {
  let person: string | undefined;
  for (let shift = 0; zone.firstMomentOf(one.startWallMs + shift * one.shiftLengthMs) <= timeMs; shift++)
    person = people[shift % people.length];
  const isInside = one.restrictions.some(({ weekdays, windows }) => {
    for (let day = Math.floor(timeMs / DAY_MS) - 3; day <= timeMs / DAY_MS + 2; day++) {
      if (!weekdays.has(new Date(day * DAY_MS).getUTCDay())) continue;
      for (const { startMs, endMs } of windows) {
        const from = zone.firstMomentOf(day * DAY_MS + startMs);
        const to = zone.firstMomentOf(day * DAY_MS + endMs + (endMs > startMs ? 0 : DAY_MS));
        if (from <= timeMs && timeMs < to) return true;
      }
    }
    return false;
  });
  return one.restrictions.length === 0 || isInside ? person : undefined;
}

describe('schedules of any kind', () => {
  test('at any moment the uppermost layer that has somebody says who', () => {
    fc.assert(
      fc.property(
        scheduleOf,
        fc.constantFrom(...anchors),
        fc.integer({ min: -300, max: 900 }),
        (one, anchor, at) => {
          const timeMs = anchor + at * 300_000;
          const layers = one.rotations.map((rotation) => bySimulation(rotation, one.zone, timeMs));
          expect(whoAt(one, timeMs)).toBe(layers.findLast((person) => person !== undefined));
        },
      ),
    );
  });

  test('shifts say what every moment says, in order, without overlap', () => {
    const overrides = fc.array(
      fc
        .tuple(
          fc.constantFrom(...anchors),
          fc.integer({ min: -50, max: 300 }),
          fc.integer({ min: 1, max: 200 }),
        )
        .map(([anchor, from, length]) =>
          override('ova', anchor + from * 900_000, anchor + (from + length) * 900_000),
        ),
      { maxLength: 3 },
    );
    fc.assert(
      fc.property(scheduleOf, overrides, fc.constantFrom(...anchors), (one, over, anchor) => {
        const range = { fromMs: anchor - DAY_MS, toMs: anchor + 3 * DAY_MS };
        const shifts = shiftsIn(one, over, range);
        for (const [at, shift] of shifts.entries()) {
          expect(shift.toMs).toBeGreaterThan(shift.fromMs);
          expect(shift.fromMs).toBeGreaterThanOrEqual(shifts[at - 1]?.toMs ?? range.fromMs);
          expect(shift.toMs).toBeLessThanOrEqual(range.toMs);
        }
        for (let timeMs = range.fromMs; timeMs < range.toMs; timeMs += 450_000) {
          const inShift = shifts.find(({ fromMs, toMs }) => fromMs <= timeMs && timeMs < toMs);
          const duty = onCallAt(one, over, timeMs);
          expect(inShift && { person: inShift.person, isOverride: inShift.isOverride }).toEqual(duty);
        }
      }),
      { numRuns: 40 },
    );
  });
});
