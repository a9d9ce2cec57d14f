import type { TimeInterval } from './types.ts';

/** A range of whole numbers, both ends included. */
export interface NumberRange {
  readonly from: number;
  readonly to: number;
}

/**
 * One entry of a time interval, as in Alertmanager. A moment lies within when every part that is there has a range that contains it;
 * a part that is undefined does not restrict, one without ranges contains nothing.
 */
export interface TimeSpec {
  /** Minutes of the day; `to` up to 1440 is not included. */
  readonly times: readonly NumberRange[] | undefined;
  /** 0 is Sunday. */
  readonly weekdays: readonly NumberRange[] | undefined;
  /** 1 to 31, or from the end of the month: -1 is its last day. */
  readonly daysOfMonth: readonly NumberRange[] | undefined;
  /** 1 to 12. */
  readonly months: readonly NumberRange[] | undefined;
  readonly years: readonly NumberRange[] | undefined;
  /** A name of the IANA database. */
  readonly timeZone: string;
}

export const DEFAULT_TIME_ZONE = 'UTC';
const DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];

/** A named set of times: a moment lies within when it does in one of the entries. */
export function createTimeInterval(name: string, specs: readonly TimeSpec[]): TimeInterval {
  const entries = specs.map((spec) => ({ spec, clock: wallClock(spec.timeZone) }));
  return {
    name,
    contains: (timeMs) => entries.some(({ spec, clock }) => isWithin(spec, clock(timeMs))),
  };
}

/** What clocks and calendars at a place show. */
interface WallTime {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  readonly minuteOfDay: number;
}

function isWithin(spec: TimeSpec, time: WallTime): boolean {
  // The end of a time of day is not included.
  const isTime =
    spec.times?.some(({ from, to }) => from <= time.minuteOfDay && time.minuteOfDay < to) ?? true;
  return (
    isTime &&
    has(spec.weekdays, time.weekday) &&
    isDayWithin(spec.daysOfMonth, time) &&
    has(spec.months, time.month) &&
    has(spec.years, time.year)
  );
}

function has(ranges: readonly NumberRange[] | undefined, value: number): boolean {
  return ranges?.some(({ from, to }) => from <= value && value <= to) ?? true;
}

/** Ranges that reach beyond the end of a short month end with it. */
function isDayWithin(ranges: readonly NumberRange[] | undefined, time: WallTime): boolean {
  if (ranges === undefined) return true;
  const days = new Date(Date.UTC(time.year, time.month, 0)).getUTCDate();
  const dayOf = (day: number) => (day < 0 ? days + day + 1 : day);
  return ranges.some(({ from, to }) => dayOf(from) <= time.day && time.day <= dayOf(to));
}

/** Whether a name is one of the IANA database, or `UTC`. */
export function isTimeZone(name: string): boolean {
  // Offsets are not names, although newer engines take them.
  if (/^[+-]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    // RangeError says that it is none.
    return false;
  }
}

function wallClock(timeZone: string): (timeMs: number) => WallTime {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    weekday: 'long',
    hour: 'numeric',
    minute: 'numeric',
  });
  return (timeMs) => {
    const parts = new Map(format.formatToParts(timeMs).map(({ type, value }) => [type, value]));
    const number = (type: Intl.DateTimeFormatPartTypes) => Number(parts.get(type));
    return {
      year: number('year'),
      month: number('month'),
      day: number('day'),
      weekday: DAYS.indexOf(parts.get('weekday')!.toLowerCase()),
      minuteOfDay: number('hour') * 60 + number('minute'),
    };
  };
}

/** A range, or in one sentence why the text is none. */
export type RangeOrMistake = NumberRange | string;

/** `monday:friday`, `saturday`. */
export function weekdayRange(text: string): RangeOrMistake {
  const range = rangeOf(text, (word) => indexOf(DAYS, word));
  if (range === undefined)
    return `${JSON.stringify(text)} is not a weekday such as monday, or a range such as monday:friday`;
  return range.from > range.to ? 'the range ends before it begins; a week begins with sunday' : range;
}

/** `1:5`, `-3:-1`, `15`, `1:-1`. */
export function dayOfMonthRange(text: string): RangeOrMistake {
  const range = rangeOf(text, (word) => inBounds(integer(word), -31, 31));
  if (range === undefined || range.from === 0 || range.to === 0)
    return `${JSON.stringify(text)} is not a day from 1 to 31, one from the end (-1 is the last), or a range such as 1:5`;
  if (range.from < 0 && range.to > 0)
    return 'the end must be counted from the end of the month when the beginning is';
  // In the shortest month; whether it holds in others cannot be known.
  const inShortest = (day: number) => (day < 0 ? 28 + day : day);
  return inShortest(range.from) > inShortest(range.to) ? 'the range ends before it begins' : range;
}

/** `1:3`, `may:august`, `december`. */
export function monthRange(text: string): RangeOrMistake {
  const range = rangeOf(text, (word) => {
    const index = indexOf(MONTHS, word);
    return index === undefined ? inBounds(integer(word), 1, 12) : index + 1;
  });
  if (range === undefined)
    return `${JSON.stringify(text)} is not a month such as march or 3, or a range such as may:august`;
  return range.from > range.to ? 'the range ends before it begins' : range;
}

/** `2026`, `2026:2028`. */
export function yearRange(text: string): RangeOrMistake {
  const range = rangeOf(text, (word) => inBounds(integer(word), 0, 9999));
  if (range === undefined) return `${JSON.stringify(text)} is not a year, or a range such as 2026:2028`;
  return range.from > range.to ? 'the range ends before it begins' : range;
}

/** Minutes of a time of day: `00:00` to `24:00`. Undefined when it is none. */
export function minuteOfDay(text: string): number | undefined {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  if (match !== null) return Number(match[1]) * 60 + Number(match[2]);
  return text === '24:00' ? 1440 : undefined;
}

function rangeOf(text: string, numberOf: (word: string) => number | undefined): NumberRange | undefined {
  const words = text.toLowerCase().split(':');
  if (words.length > 2) return undefined;
  const from = numberOf(words[0]!);
  const to = numberOf(words.at(-1)!);
  return from === undefined || to === undefined ? undefined : { from, to };
}

function indexOf(words: readonly string[], word: string): number | undefined {
  const index = words.indexOf(word);
  return index < 0 ? undefined : index;
}

function integer(word: string): number | undefined {
  return /^[+-]?\d{1,6}$/.test(word) ? Number(word) : undefined;
}

function inBounds(value: number | undefined, least: number, most: number): number | undefined {
  return value === undefined || value < least || value > most ? undefined : value;
}
