import { defineFunction, type SampleFunction } from './define.ts';

/** Seconds after which the Gregorian calendar repeats: 400 years. */
const CYCLE_S = 12_622_780_800;
/** Beyond this JavaScript's dates end. */
const MAX_DATE_S = 8.64e12;

interface CivilDate {
  readonly date: Date;
  /** To add to the years of `date`. */
  readonly extraYears: number;
}

/**
 * The UTC date of a number of seconds since the epoch, fractions cut off towards zero. Any 64-bit number of seconds has a date; what is
 * none (NaN, infinities) is taken as Go takes it on amd64, where the conversion gives the smallest integer and the date wraps around.
 */
function civilDate(seconds: number): CivilDate {
  const whole = Math.trunc(seconds);
  if (Math.abs(whole) <= MAX_DATE_S) return { date: new Date(whole * 1000), extraYears: 0 };
  const isInt64 = whole >= -(2 ** 63) && whole < 2 ** 63;
  const exact = isInt64 && whole !== -(2 ** 63) ? BigInt(whole) : 2n ** 63n;
  const cycles = exact / BigInt(CYCLE_S);
  return {
    date: new Date(Number(exact - cycles * BigInt(CYCLE_S)) * 1000),
    extraYears: Number(cycles) * 400,
  };
}

function daysInMonth(date: Date): number {
  // Two-digit years mean the 20th century to Date.UTC, and a shift by 400 years keeps the calendar.
  const year = 2000 + (date.getUTCFullYear() % 400);
  return new Date(Date.UTC(year, date.getUTCMonth() + 1, 0)).getUTCDate();
}

function dayOfYear(date: Date): number {
  const year = 2000 + (date.getUTCFullYear() % 400);
  const day = Date.UTC(year, date.getUTCMonth(), date.getUTCDate());
  return (day - Date.UTC(year, 0, 1)) / 86_400_000 + 1;
}

function dateFunction(name: string, help: string, part: (civil: CivilDate) => number): SampleFunction {
  return defineFunction({
    kind: 'sample',
    name,
    argTypes: ['vector'],
    variadic: 1,
    returns: 'vector',
    help,
    evaluate: (sample) => (sample.histogram === undefined ? part(civilDate(sample.value)) : undefined),
  });
}

/** Parts of the UTC date of a value in seconds since the epoch. Without an argument: of the evaluated moment. */
export const dateFunctions: readonly SampleFunction[] = [
  dateFunction('minute', 'The minute of the hour (0 to 59) of a time in seconds, UTC.', ({ date }) =>
    date.getUTCMinutes(),
  ),
  dateFunction('hour', 'The hour of the day (0 to 23) of a time in seconds, UTC.', ({ date }) =>
    date.getUTCHours(),
  ),
  dateFunction(
    'day_of_week',
    'The day of the week (0 to 6, Sunday first) of a time in seconds, UTC.',
    ({ date }) => date.getUTCDay(),
  ),
  dateFunction('day_of_month', 'The day of the month (1 to 31) of a time in seconds, UTC.', ({ date }) =>
    date.getUTCDate(),
  ),
  dateFunction('day_of_year', 'The day of the year (1 to 366) of a time in seconds, UTC.', ({ date }) =>
    dayOfYear(date),
  ),
  dateFunction('days_in_month', 'The number of days in the month of a time in seconds, UTC.', ({ date }) =>
    daysInMonth(date),
  ),
  dateFunction(
    'month',
    'The month (1 to 12) of a time in seconds, UTC.',
    ({ date }) => date.getUTCMonth() + 1,
  ),
  dateFunction(
    'year',
    'The year of a time in seconds, UTC.',
    ({ date, extraYears }) => date.getUTCFullYear() + extraYears,
  ),
];
