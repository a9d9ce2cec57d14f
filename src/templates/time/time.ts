import { CallError } from '../errors.ts';
import { type Method, NamedInt, Opaque, type ParamKind, type TypeInfo, type Value } from '../values.ts';
import { duration, NS_PER_MS, roundTo } from './duration.ts';
import { formatLayout, MONTHS, type TimeFields, WEEKDAYS } from './layout.ts';
import { abbreviationAt, checkZone, offsetAt } from './zone.ts';

const NS_PER_S = 1_000_000_000n;
/** JavaScript's dates reach that far to both sides of 1970. */
const MAX_MS = 8.64e15;
/** Go's zero time, 1 January of the year 1. */
export const ZERO_TIME_NS = -62_135_596_800n * NS_PER_S;

const MONTH: TypeInfo = namedIntType('time.Month', (value) => MONTHS[Number(value) - 1]!);
const WEEKDAY: TypeInfo = namedIntType('time.Weekday', (value) => WEEKDAYS[Number(value)]!);

/** Go's time.Time: a moment and the zone it is shown in. */
export class TimeValue extends Opaque {
  /** Nanoseconds since 1970. */
  readonly ns: bigint;
  /** IANA name. */
  readonly zone: string;
  #fields: TimeFields | undefined;

  constructor(ns: bigint, zone = 'UTC') {
    super(TIME);
    this.ns = ns;
    this.zone = zone;
  }

  get ms(): number {
    const ms = Number(floorDivide(this.ns, NS_PER_MS));
    if (Math.abs(ms) > MAX_MS) throw new CallError('the time is too far from 1970');
    return ms;
  }

  /** @throws CallError when no calendar reaches that far. */
  get fields(): TimeFields {
    this.#fields ??= fieldsOf(this);
    return this.#fields;
  }
}

/** @param ms epoch milliseconds. */
export function timeOfMs(ms: number): TimeValue {
  return new TimeValue(BigInt(Math.trunc(ms)) * NS_PER_MS);
}

/** @throws CallError for an unknown zone. */
export function inZone(time: TimeValue, zone: string): TimeValue {
  const name = zone === '' || zone === 'Local' ? 'UTC' : zone;
  checkZone(name);
  return new TimeValue(time.ns, name);
}

export function formatTimeValue(time: TimeValue, layout: string): string {
  return formatLayout(layout, time.fields);
}

/** How Go prints a time: `2015-06-23 13:19:44.128 +0000 UTC`. */
export function printTime(time: TimeValue): string {
  return formatTimeValue(time, '2006-01-02 15:04:05.999999999 -0700 MST');
}

function fieldsOf(time: TimeValue): TimeFields {
  const epochMs = time.ms;
  const offsetSeconds = offsetAt(time.zone, epochMs);
  const local = new Date(epochMs + offsetSeconds * 1000);
  if (Number.isNaN(local.getTime())) throw new CallError('the time is too far from 1970');
  const year = local.getUTCFullYear();
  const newYear = new Date(0);
  newYear.setUTCFullYear(year, 0, 1);
  return {
    year,
    month: local.getUTCMonth() + 1,
    day: local.getUTCDate(),
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    second: local.getUTCSeconds(),
    nanosecond: Number(((time.ns % NS_PER_S) + NS_PER_S) % NS_PER_S),
    weekday: local.getUTCDay(),
    yearDay: Math.floor((local.getTime() - newYear.getTime()) / 86_400_000) + 1,
    offsetSeconds,
    // Only few layouts ask for it, and finding it is slow.
    get zone() {
      return abbreviationAt(time.zone, epochMs);
    },
  };
}

/** Go's AddDate: months and days that are too large run over into the next. */
function addDate(time: TimeValue, [years, months, days]: readonly Value[]): TimeValue {
  const { year, month, day } = time.fields;
  const date = new Date(0);
  date.setUTCFullYear(year + Number(years), month - 1 + Number(months), day + Number(days));
  const before = new Date(0);
  before.setUTCFullYear(year, month - 1, day);
  const shiftDays = (date.getTime() - before.getTime()) / 86_400_000;
  if (Number.isNaN(shiftDays)) throw new CallError('the time is too far from 1970');
  return new TimeValue(time.ns + BigInt(shiftDays) * 86_400n * NS_PER_S, time.zone);
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}

function namedIntType(name: string, text: (value: bigint) => string): TypeInfo {
  const print = (value: NamedInt) => text(value.value);
  return { name, methods: new Map<string, Method>([['String', { params: [], call: print }]]), print };
}

function method(
  params: readonly ParamKind[],
  call: (time: TimeValue, args: readonly Value[]) => Value,
): Method {
  return { params, call };
}

const field = (pick: (fields: TimeFields) => number) => method([], (time) => BigInt(pick(time.fields)));
const nsOf = (value: Value): bigint => (value instanceof TimeValue ? value.ns : (value as NamedInt).value);
/** Go's Truncate and Round count from the year 1. */
const since1 = (time: TimeValue) => time.ns - ZERO_TIME_NS;

const TIME: TypeInfo = {
  name: 'time.Time',
  methods: new Map<string, Method>([
    ['Format', method(['string'], (time, [layout]) => formatTimeValue(time, layout as string))],
    ['String', method([], printTime)],
    ['Unix', method([], (time) => floorDivide(time.ns, NS_PER_S))],
    ['UnixMilli', method([], (time) => floorDivide(time.ns, NS_PER_MS))],
    ['UnixMicro', method([], (time) => floorDivide(time.ns, 1000n))],
    ['UnixNano', method([], (time) => time.ns)],
    ['Sub', method(['time'], (time, [other]) => duration(time.ns - nsOf(other)))],
    ['Add', method(['duration'], (time, [by]) => new TimeValue(time.ns + nsOf(by), time.zone))],
    ['AddDate', method(['int', 'int', 'int'], addDate)],
    ['After', method(['time'], (time, [other]) => time.ns > nsOf(other))],
    ['Before', method(['time'], (time, [other]) => time.ns < nsOf(other))],
    ['Equal', method(['time'], (time, [other]) => time.ns === nsOf(other))],
    ['IsZero', method([], (time) => time.ns === ZERO_TIME_NS)],
    ['UTC', method([], (time) => new TimeValue(time.ns))],
    ['Local', method([], (time) => new TimeValue(time.ns))],
    ['Truncate', method(['duration'], (time, [unit]) => truncate(time, nsOf(unit)))],
    ['Round', method(['duration'], (time, [unit]) => round(time, nsOf(unit)))],
    ['Year', field((at) => at.year)],
    ['Month', method([], (time) => new NamedInt(MONTH, BigInt(time.fields.month)))],
    ['Day', field((at) => at.day)],
    ['Hour', field((at) => at.hour)],
    ['Minute', field((at) => at.minute)],
    ['Second', field((at) => at.second)],
    ['Nanosecond', field((at) => at.nanosecond)],
    ['YearDay', field((at) => at.yearDay)],
    ['Weekday', method([], (time) => new NamedInt(WEEKDAY, BigInt(time.fields.weekday)))],
  ]),
  print: printTime,
  json: (time: TimeValue) => formatTimeValue(time, '2006-01-02T15:04:05.999999999Z07:00'),
};

function truncate(time: TimeValue, unit: bigint): TimeValue {
  return unit <= 0n ? time : new TimeValue(time.ns - (since1(time) % unit), time.zone);
}

function round(time: TimeValue, unit: bigint): TimeValue {
  return unit <= 0n ? time : new TimeValue(roundTo(since1(time), unit) + ZERO_TIME_NS, time.zone);
}
