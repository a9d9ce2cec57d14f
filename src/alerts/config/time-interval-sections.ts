import { z } from 'zod';
import { type ConfigPlace, problemAt, text, textList, within } from '../../prom-config/index.ts';
import {
  createTimeInterval,
  DEFAULT_TIME_ZONE,
  dayOfMonthRange,
  isTimeZone,
  minuteOfDay,
  monthRange,
  type NumberRange,
  type RangeOrMistake,
  type TimeSpec,
  weekdayRange,
  yearRange,
} from '../time-intervals.ts';
import type { TimeInterval } from '../types.ts';
import { type Findings, readList, readSection } from './findings.ts';

/** Named sets of times in a configuration. */
export const MAX_TIME_INTERVALS = 1000;
/** Entries of one set, and ranges of one part of an entry. */
export const MAX_TIME_RANGES = 1000;

const NAMED_FIELDS = { name: text, time_intervals: z.unknown() };
const SPEC_FIELDS = {
  times: z.unknown(),
  weekdays: textList,
  days_of_month: textList,
  months: textList,
  years: textList,
  location: text,
};
const TIME_FIELDS = { start_time: text, end_time: text };

/** @param taken names so far; the new ones are added. */
export function readTimeIntervals(
  value: unknown,
  place: ConfigPlace,
  taken: Set<string>,
  findings: Findings,
): TimeInterval[] {
  const items = readList(value, place, findings, { max: MAX_TIME_INTERVALS, what: 'time intervals' });
  return items.flatMap((item, index) => {
    const itemPlace = within(place, [index]);
    const fields = readSection(NAMED_FIELDS, item, itemPlace, findings);
    if (fields === undefined) return [];
    const name = fields.name ?? '';
    if (name === '') findings.problems.push(problemAt(itemPlace, ['name'], 'missing name in time interval'));
    else if (taken.has(name))
      findings.problems.push(
        problemAt(itemPlace, ['name'], `time interval ${JSON.stringify(name)} is not unique`),
      );
    taken.add(name);
    const specsPlace = within(itemPlace, ['time_intervals']);
    const bound = { max: MAX_TIME_RANGES, what: 'times' };
    const specs = readList(fields.time_intervals, specsPlace, findings, bound).map((spec, at) =>
      readSpec(spec, within(specsPlace, [at]), findings),
    );
    return createTimeInterval(
      name,
      specs.filter((spec) => spec !== undefined),
    );
  });
}

function readSpec(value: unknown, place: ConfigPlace, findings: Findings): TimeSpec | undefined {
  const fields = readSection(SPEC_FIELDS, value, place, findings);
  if (fields === undefined) return undefined;
  const ranges = (key: keyof typeof SPEC_FIELDS & keyof typeof RANGES) =>
    readRanges(fields[key], RANGES[key], within(place, [key]), findings);
  return {
    times: readTimes(fields.times, within(place, ['times']), findings),
    weekdays: ranges('weekdays'),
    daysOfMonth: ranges('days_of_month'),
    months: ranges('months'),
    years: ranges('years'),
    timeZone: readTimeZone(fields.location, within(place, ['location']), findings),
  };
}

const RANGES = {
  weekdays: weekdayRange,
  days_of_month: dayOfMonthRange,
  months: monthRange,
  years: yearRange,
};

function readRanges(
  texts: readonly string[] | undefined,
  rangeOf: (text: string) => RangeOrMistake,
  place: ConfigPlace,
  findings: Findings,
): NumberRange[] | undefined {
  if (texts === undefined) return undefined;
  const bounded = readList(texts, place, findings, { max: MAX_TIME_RANGES, what: 'ranges' }) as string[];
  return bounded.flatMap((written, index) => {
    const range = rangeOf(written);
    if (typeof range !== 'string') return range;
    findings.problems.push(problemAt(place, [index], range));
    return [];
  });
}

function readTimes(value: unknown, place: ConfigPlace, findings: Findings): NumberRange[] | undefined {
  if (value === undefined) return undefined;
  const items = readList(value, place, findings, { max: MAX_TIME_RANGES, what: 'times' });
  return items.flatMap((item, index) => {
    const itemPlace = within(place, [index]);
    const fields = readSection(TIME_FIELDS, item, itemPlace, findings);
    if (fields === undefined) return [];
    const from = readMinute(fields.start_time, 'start_time', itemPlace, findings);
    const to = readMinute(fields.end_time, 'end_time', itemPlace, findings);
    if (from === undefined || to === undefined) return [];
    if (from < to) return { from, to };
    const message = 'the end must be after the start; a range across midnight is two ranges';
    findings.problems.push(problemAt(itemPlace, ['end_time'], message));
    return [];
  });
}

function readMinute(
  written: string | undefined,
  key: 'start_time' | 'end_time',
  place: ConfigPlace,
  findings: Findings,
): number | undefined {
  const minute = written === undefined ? undefined : minuteOfDay(written);
  if (minute !== undefined) return minute;
  const message =
    written === undefined
      ? 'both start_time and end_time must be provided'
      : `${JSON.stringify(written)} is not a time of day from 00:00 to 24:00`;
  findings.problems.push(problemAt(place, [key], message));
  return undefined;
}

/** As in Go, nothing is UTC and `Local` is the machine's own zone. */
function readTimeZone(name: string | undefined, place: ConfigPlace, findings: Findings): string {
  if (name === undefined || name === '') return DEFAULT_TIME_ZONE;
  if (name === 'Local') return new Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (isTimeZone(name)) return name;
  findings.problems.push(
    problemAt(place, [], `unknown time zone ${JSON.stringify(name)}; use a name such as Europe/Berlin`),
  );
  return DEFAULT_TIME_ZONE;
}
