import { describe, expect, test } from 'vitest';
import {
  createTimeInterval,
  dayOfMonthRange,
  isTimeZone,
  minuteOfDay,
  monthRange,
  type TimeSpec,
  weekdayRange,
  yearRange,
} from './time-intervals.ts';

const ANY: TimeSpec = {
  times: undefined,
  weekdays: undefined,
  daysOfMonth: undefined,
  months: undefined,
  years: undefined,
  timeZone: 'UTC',
};

function contains(spec: Partial<TimeSpec>, moment: string): boolean {
  return createTimeInterval('t', [{ ...ANY, ...spec }]).contains(Date.parse(moment));
}

const hours = (from: string, to: string) => [{ from: minuteOfDay(from)!, to: minuteOfDay(to)! }];

describe('parts', () => {
  test.each([
    ['2026-11-20T08:59:59.999Z', false],
    ['2026-11-20T09:00:00Z', true],
    ['2026-11-20T16:59:59.999Z', true],
    ['2026-11-20T17:00:00Z', false],
  ])('09:00 to 17:00 at %s: %s', (moment, expected) => {
    expect(contains({ times: hours('09:00', '17:00') }, moment)).toBe(expected);
  });

  test('24:00 is the end of the day, 00:00 its beginning', () => {
    const evening = { times: hours('22:00', '24:00') };
    expect(contains(evening, '2026-11-20T23:59:59.999Z')).toBe(true);
    expect(contains(evening, '2026-11-21T00:00:00Z')).toBe(false);
    const night = { times: hours('00:00', '06:00') };
    expect(contains(night, '2026-11-21T00:00:00Z')).toBe(true);
    expect(contains(night, '2026-11-20T23:59:59Z')).toBe(false);
  });

  test('weekdays', () => {
    // 2026-11-20 is a Friday.
    const week = { weekdays: [{ from: 1, to: 5 }] };
    expect(contains(week, '2026-11-20T23:59:59Z')).toBe(true);
    expect(contains(week, '2026-11-21T00:00:00Z')).toBe(false);
    expect(contains(week, '2026-11-22T12:00:00Z')).toBe(false);
    expect(contains({ weekdays: [{ from: 0, to: 0 }] }, '2026-11-22T12:00:00Z')).toBe(true);
  });

  test.each([
    // The last three days.
    ['-3:-1', '2026-11-27T12:00:00Z', false],
    ['-3:-1', '2026-11-28T12:00:00Z', true],
    ['-3:-1', '2026-11-30T12:00:00Z', true],
    ['-1', '2026-02-28T12:00:00Z', true],
    ['-1', '2028-02-28T12:00:00Z', false],
    ['-1', '2028-02-29T12:00:00Z', true],
    // Beyond the end of a short month.
    ['29:31', '2026-02-28T12:00:00Z', false],
    ['29:31', '2026-04-30T12:00:00Z', true],
    ['28:31', '2026-02-28T12:00:00Z', true],
    ['-31:5', '2026-02-03T12:00:00Z', undefined],
    ['-31:-20', '2026-02-03T12:00:00Z', true],
    ['1:-1', '2026-02-28T12:00:00Z', true],
    ['10:-20', '2026-02-09T12:00:00Z', undefined],
  ])('days of month %s at %s: %s', (text, moment, expected) => {
    const range = dayOfMonthRange(text);
    if (typeof range === 'string') expect(expected).toBe(undefined);
    else expect(contains({ daysOfMonth: [range] }, moment)).toBe(expected);
  });

  test('months and years', () => {
    expect(contains({ months: [{ from: 11, to: 12 }] }, '2026-11-01T00:00:00Z')).toBe(true);
    expect(contains({ months: [{ from: 11, to: 12 }] }, '2026-10-31T23:59:59Z')).toBe(false);
    expect(contains({ years: [{ from: 2025, to: 2026 }] }, '2026-12-31T23:59:59Z')).toBe(true);
    expect(contains({ years: [{ from: 2025, to: 2026 }] }, '2027-01-01T00:00:00Z')).toBe(false);
  });

  test('all parts of an entry must hold, of entries one', () => {
    const spec = { times: hours('09:00', '10:00'), weekdays: [{ from: 1, to: 1 }] };
    expect(contains(spec, '2026-11-23T09:30:00Z')).toBe(true);
    expect(contains(spec, '2026-11-24T09:30:00Z')).toBe(false);
    expect(contains(spec, '2026-11-23T10:30:00Z')).toBe(false);
    const either = createTimeInterval('t', [
      { ...ANY, ...spec },
      { ...ANY, weekdays: [{ from: 2, to: 2 }] },
    ]);
    expect(either.contains(Date.parse('2026-11-24T20:00:00Z'))).toBe(true);
  });

  test('nothing restricts, an empty list contains nothing, no entries contain nothing', () => {
    expect(contains({}, '2026-11-20T00:00:00Z')).toBe(true);
    expect(contains({ times: [] }, '2026-11-20T00:00:00Z')).toBe(false);
    expect(createTimeInterval('t', []).contains(0)).toBe(false);
  });
});

describe('time zones', () => {
  const berlin = { timeZone: 'Europe/Berlin' };

  test.each([
    // 2026-03-29: 02:00 CET becomes 03:00 CEST at 01:00 UTC. 02:30 does not exist.
    ['2026-03-29T00:29:59Z', '01:30', '03:30', false],
    ['2026-03-29T00:30:00Z', '01:30', '03:30', true],
    ['2026-03-29T00:59:59Z', '01:30', '03:30', true],
    ['2026-03-29T01:00:00Z', '01:30', '03:30', true],
    ['2026-03-29T01:29:59Z', '01:30', '03:30', true],
    ['2026-03-29T01:30:00Z', '01:30', '03:30', false],
    ['2026-03-29T00:59:59Z', '02:00', '03:00', false],
    ['2026-03-29T01:00:00Z', '02:00', '03:00', false],
    // 2026-10-25: 03:00 CEST becomes 02:00 CET at 01:00 UTC. 02:00 to 03:00 comes twice.
    ['2026-10-24T23:59:59Z', '02:00', '03:00', false],
    ['2026-10-25T00:00:00Z', '02:00', '03:00', true],
    ['2026-10-25T00:59:59Z', '02:00', '03:00', true],
    ['2026-10-25T01:00:00Z', '02:00', '03:00', true],
    ['2026-10-25T01:59:59Z', '02:00', '03:00', true],
    ['2026-10-25T02:00:00Z', '02:00', '03:00', false],
    // Office hours in summer and in winter.
    ['2026-07-01T07:00:00Z', '09:00', '17:00', true],
    ['2026-07-01T15:00:00Z', '09:00', '17:00', false],
    ['2026-12-01T07:00:00Z', '09:00', '17:00', false],
    ['2026-12-01T08:00:00Z', '09:00', '17:00', true],
    ['2026-12-01T15:59:59Z', '09:00', '17:00', true],
  ])('at %s it is within %s to %s in Berlin: %s%s', (moment, from, to, expected) => {
    expect(contains({ ...berlin, times: hours(from, to) }, moment)).toBe(expected);
  });

  test('the day is that of the place', () => {
    // Saturday begins in Auckland while it is Friday 11:00 in UTC.
    const saturday = { timeZone: 'Pacific/Auckland', weekdays: [{ from: 6, to: 6 }] };
    expect(contains(saturday, '2026-11-20T10:59:59Z')).toBe(false);
    expect(contains(saturday, '2026-11-20T11:00:00Z')).toBe(true);
    // The last day of March although that month has an hour less.
    const last = { ...berlin, daysOfMonth: [{ from: -1, to: -1 }] };
    expect(contains(last, '2026-03-31T21:59:59Z')).toBe(true);
    expect(contains(last, '2026-03-30T21:59:59Z')).toBe(false);
    expect(contains({ ...berlin, years: [{ from: 2027, to: 2027 }] }, '2026-12-31T23:00:00Z')).toBe(true);
  });

  test('names', () => {
    expect(['UTC', 'Europe/Berlin', 'Australia/Sydney'].every(isTimeZone)).toBe(true);
    expect(['Mars/Olympus', '+01:00', '', 'Europe/'].some(isTimeZone)).toBe(false);
  });
});

describe('notation', () => {
  test.each([
    [weekdayRange, 'monday:friday', { from: 1, to: 5 }],
    [weekdayRange, 'Saturday', { from: 6, to: 6 }],
    [weekdayRange, 'friday:monday', 'the range ends before it begins; a week begins with sunday'],
    [weekdayRange, '1:5', '"1:5" is not a weekday such as monday, or a range such as monday:friday'],
    [weekdayRange, 'mon', '"mon" is not a weekday such as monday, or a range such as monday:friday'],
    [dayOfMonthRange, '1:5', { from: 1, to: 5 }],
    [dayOfMonthRange, '-3:-1', { from: -3, to: -1 }],
    [dayOfMonthRange, '5:1', 'the range ends before it begins'],
    [dayOfMonthRange, '-1:-3', 'the range ends before it begins'],
    [dayOfMonthRange, '-3:2', 'the end must be counted from the end of the month when the beginning is'],
    [monthRange, 'may:august', { from: 5, to: 8 }],
    [monthRange, '1:March', { from: 1, to: 3 }],
    [monthRange, '13', '"13" is not a month such as march or 3, or a range such as may:august'],
    [monthRange, 'december:january', 'the range ends before it begins'],
    [yearRange, '2026:2028', { from: 2026, to: 2028 }],
    [yearRange, '2028:2026', 'the range ends before it begins'],
    [yearRange, '1:2:3', '"1:2:3" is not a year, or a range such as 2026:2028'],
  ])('%o %s', (rangeOf, text, expected) => {
    expect(rangeOf(text)).toEqual(expected);
  });

  test.each(['0', '32', '-32', 'x', '', '1:', ':1'])('%s is no day of the month', (text) => {
    expect(dayOfMonthRange(text)).toMatch(/is not a day/);
  });

  test('times of day', () => {
    expect(['00:00', '09:05', '23:59', '24:00'].map(minuteOfDay)).toEqual([0, 545, 1439, 1440]);
    expect(['24:01', '9:00', '09:60', '0900', '25:00', ''].map(minuteOfDay)).toEqual(
      Array.from({ length: 6 }, () => undefined),
    );
  });
});
