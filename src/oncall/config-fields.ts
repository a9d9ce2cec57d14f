import { z } from 'zod';
import { duration, section, text } from '../prom-config/index.ts';
import type { BusinessHours, DayWindow, ResponseTime, Restriction } from './config-types.ts';
import { findZone, type Zone } from './zone.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const YEAR_MS = 366 * DAY_MS;

/** Values of the kinds that only on-call has. */

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

export const zoneField = text.transform((name, context): Zone => {
  const zone = findZone(name);
  if (zone !== undefined) return zone;
  context.addIssue({
    code: 'custom',
    message: `there is no time zone ${JSON.stringify(name)}; use a name of the IANA database such as Europe/Berlin`,
  });
  return z.NEVER;
});

export const nameField = text.refine((name) => name.trim() !== '' && name.length <= 200, {
  error: 'must be a name of 1 to 200 characters',
});

/** @param max items; more is a mistake. */
export function listOf<T extends z.ZodType>(item: T, max: number) {
  return z.array(item, { error: 'must be a list' }).max(max, { error: `must have at most ${max} items` });
}

export const waitField = duration.refine((waitMs) => waitMs <= YEAR_MS, {
  error: 'must be at most 366 days',
});

export const shiftLengthField = duration.refine((lengthMs) => lengthMs >= HOUR_MS && lengthMs <= YEAR_MS, {
  error: 'must be between 1h and 366d',
});

const DATE_TIME =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,3})?)?)?(Z|[+-]\d\d:\d\d)?$/i;

/** A date-time: with an offset it is a moment, without one a wall time in the schedule's zone. */
export interface WrittenTime {
  readonly ms: number;
  readonly isMoment: boolean;
}

export const dateTimeField = text.transform((value, context): WrittenTime => {
  const written = readDateTime(value);
  if (written !== undefined) return written;
  context.addIssue({
    code: 'custom',
    message: `not a date and time: ${JSON.stringify(value)}; use 2026-11-23T09:00:00, taken in the schedule's time zone`,
  });
  return z.NEVER;
});

function readDateTime(value: string): WrittenTime | undefined {
  const match = DATE_TIME.exec(value);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0));
  if (hour! > 23 || minute! > 59 || second! > 59 || year! < 1970) return undefined;
  const ms = Date.UTC(year!, month! - 1, day, hour, minute, second);
  const date = new Date(ms);
  // February 30th would silently be March 2nd.
  if (date.getUTCMonth() !== month! - 1 || date.getUTCDate() !== day) return undefined;
  const offset = match[7]?.toUpperCase();
  if (offset === undefined) return { ms, isMoment: false };
  if (match[4] === undefined) return undefined;
  return { ms: ms - offsetMs(offset), isMoment: true };
}

function offsetMs(offset: string): number {
  if (offset === 'Z') return 0;
  const [hours, minutes] = offset.slice(1).split(':').map(Number);
  return (offset.startsWith('-') ? -1 : 1) * (hours! * 60 + minutes!) * 60_000;
}

/** Milliseconds from midnight on; `24:00` is the day's end. */
const timeOfDay = text.transform((value, context): number => {
  const match = /^(\d\d):(\d\d)$/.exec(value);
  const ms = match === null ? Number.NaN : (Number(match[1]) * 60 + Number(match[2])) * 60_000;
  if (ms <= DAY_MS && Number(match?.[2]) < 60) return ms;
  context.addIssue({ code: 'custom', message: 'must be a time of day such as 09:00' });
  return z.NEVER;
});

/** `monday`, `mon`, or a range such as `monday:friday`, which may go past the weekend. */
const weekdayRange = text.transform((value, context): number[] => {
  const ends = value.toLowerCase().split(':').map(weekdayNamed);
  const [first, last = first] = ends;
  if (ends.length > 2 || first === undefined || last === undefined || ends.includes(undefined)) {
    context.addIssue({ code: 'custom', message: 'must be a weekday, or a range such as monday:friday' });
    return z.NEVER;
  }
  return Array.from({ length: ((last - first + 7) % 7) + 1 }, (_, at) => (first + at) % 7);
});

function weekdayNamed(word: string): number | undefined {
  const at = WEEKDAYS.findIndex((name) => name === word || (word.length === 3 && name.startsWith(word)));
  return at < 0 ? undefined : at;
}

const weekdaysField = listOf(weekdayRange, 7)
  .min(1, { error: 'must name at least one weekday' })
  .transform((ranges) => new Set(ranges.flat()));

const windowField = section({ start_time: timeOfDay, end_time: timeOfDay }).transform(
  (window, context): DayWindow => {
    if (window.start_time === window.end_time || window.start_time === DAY_MS)
      context.addIssue({
        code: 'custom',
        message:
          'must end at another time than it starts; for whole days leave times out, 00:00 to 24:00 is one too',
      });
    return { startMs: window.start_time, endMs: window.end_time };
  },
);

const EVERY_DAY: ReadonlySet<number> = new Set([0, 1, 2, 3, 4, 5, 6]);
const WHOLE_DAY: readonly DayWindow[] = [{ startMs: 0, endMs: DAY_MS }];

/** Weekdays with times; what is left out does not restrict. */
export const restrictionField = section({
  weekdays: weekdaysField.optional(),
  times: listOf(windowField, 20).min(1, { error: 'must have at least one entry' }).optional(),
}).transform(
  ({ weekdays, times }): Restriction => ({ weekdays: weekdays ?? EVERY_DAY, windows: times ?? WHOLE_DAY }),
);

export const businessHoursField = section({
  time_zone: zoneField.optional(),
  weekdays: weekdaysField.optional(),
  start_time: timeOfDay.optional(),
  end_time: timeOfDay.optional(),
}).transform((given, context): BusinessHours => {
  const hours: BusinessHours = {
    zone: given.time_zone ?? DEFAULT_BUSINESS_HOURS.zone,
    weekdays: given.weekdays ?? DEFAULT_BUSINESS_HOURS.weekdays,
    startMs: given.start_time ?? DEFAULT_BUSINESS_HOURS.startMs,
    endMs: given.end_time ?? DEFAULT_BUSINESS_HOURS.endMs,
  };
  if (hours.endMs <= hours.startMs)
    context.addIssue({ code: 'custom', message: 'must end after they start', path: ['end_time'] });
  return hours;
});

/** Monday to Friday, nine to five, UTC. */
export const DEFAULT_BUSINESS_HOURS: BusinessHours = {
  zone: findZone('UTC')!,
  weekdays: new Set([1, 2, 3, 4, 5]),
  startMs: 9 * HOUR_MS,
  endMs: 17 * HOUR_MS,
};

export const responseField = text.transform((value, context): ResponseTime => {
  if (value === 'next_business_day') return { kind: 'next_business_day' };
  if (value === 'never') return { kind: 'none' };
  const parsed = waitField.safeParse(value);
  if (parsed.success && parsed.data > 0) return { kind: 'within', withinMs: parsed.data };
  context.addIssue({
    code: 'custom',
    message: 'must be a duration such as 15m and at most 366d, next_business_day, or never',
  });
  return z.NEVER;
});
