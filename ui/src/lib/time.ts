/**
 * Points and ranges in time as people write them: `now-1h`, `now/d`, `2026-11-20 14:00`, a pasted epoch or ISO moment. Pure: the
 * present and the zone are arguments.
 *
 * Relative form: `now`, then any number of `+N<unit>`, `-N<unit>` and `/<unit>` (round down), read from left to right; units are
 * ms, s, m, h, d, w, M (month), y. Days and longer follow the calendar of the zone, so `now-1d` across a change of clocks is a
 * calendar day; weeks start on Monday.
 */

/** `browser` (the browser's own), `UTC`, or an IANA name such as `Europe/Berlin`. */
export type Zone = string;

/** Range bounds as they stand in the URL. */
export interface RangeText {
  from: string;
  to: string;
}

/** Epoch milliseconds; `fromMs <= toMs`. */
export interface RangeMs {
  fromMs: number;
  toMs: number;
}

export interface RangePreset extends RangeText {
  /** For the list of the picker. */
  label: string;
  /** For buttons. */
  short: string;
}

/** What a page without a range in its URL shows; the server's default too. */
export const defaultRange: RangeText = { from: 'now-24h', to: 'now' };

export const rangePresets: readonly RangePreset[] = [
  { from: 'now-15m', to: 'now', label: 'Last 15 minutes', short: '15m' },
  { from: 'now-1h', to: 'now', label: 'Last hour', short: '1h' },
  { from: 'now-6h', to: 'now', label: 'Last 6 hours', short: '6h' },
  { from: 'now-24h', to: 'now', label: 'Last 24 hours', short: '24h' },
  { from: 'now-7d', to: 'now', label: 'Last 7 days', short: '7d' },
  { from: 'now-30d', to: 'now', label: 'Last 30 days', short: '30d' },
  { from: 'now/d', to: 'now', label: 'Today', short: 'Today' },
  { from: 'now/w', to: 'now', label: 'This week', short: 'Week' },
];

/** Shortest range that zooming in may reach. */
export const shortestRangeMs = 1000;
/** Longest range that zooming out may reach: five years. */
export const longestRangeMs = 5 * 366 * 86_400_000;

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};
const relativeForm = /^now(?:[+-]\d{1,9}(?:ms|[smhdwMy])|\/[smhdwMy])*$/;
const relativeStep = /([+-])(\d{1,9})(ms|[smhdwMy])|\/([smhdwMy])/g;

/** Does the text move with the clock? */
export function isRelative(text: string): boolean {
  return relativeForm.test(text.trim());
}

/** A range is live when its end is the present. */
export function followsNow(range: RangeText): boolean {
  return isRelative(range.to);
}

/** The moment a text means, in epoch milliseconds, or null when it is none. Absolute text without an offset is read in `zone`. */
export function parseTime(text: string, nowMs: number, zone: Zone = 'browser'): number | null {
  const trimmed = text.trim();
  if (relativeForm.test(trimmed)) return parseRelative(trimmed, nowMs, zone);
  const ms = /^\d{1,20}$/.test(trimmed) ? parseEpoch(trimmed) : parseAbsolute(trimmed, zone);
  return ms !== null && isInRange(ms) ? ms : null;
}

function parseRelative(text: string, nowMs: number, zone: Zone): number | null {
  let at = nowMs;
  for (const [, sign, amount, unit, floorUnit] of text.matchAll(relativeStep)) {
    if (floorUnit !== undefined) at = floorTo(at, floorUnit, zone);
    else at = addUnits(at, (sign === '-' ? -1 : 1) * Number(amount), unit ?? '', zone);
    // At every step: the calendar cannot answer for years that Date cannot hold.
    if (!isInRange(at)) return null;
  }
  return at;
}

/** Digits alone: seconds, milliseconds, microseconds or nanoseconds, told apart by their count. */
function parseEpoch(text: string): number | null {
  const digits = text.length;
  if (digits < 9) return null;
  if (digits <= 11) return Number(text) * 1000;
  if (digits <= 14) return Number(text);
  // Cut as text: nanoseconds are more than a number holds exactly.
  return Number(text.slice(0, digits <= 17 ? -3 : -6));
}

const absoluteForm =
  /^(\d{4})-(\d{1,2})(?:-(\d{1,2}))?(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?$/i;

function parseAbsolute(text: string, zone: Zone): number | null {
  const match = absoluteForm.exec(text);
  if (match === null) return null;
  const [, year, month, day = '1', hour = '0', minute = '0', second = '0', fraction = '', offset] = match;
  const parts: ClockParts = {
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
    ms: Number(fraction.padEnd(3, '0').slice(0, 3)),
  };
  if (parts.month < 1 || parts.month > 12 || parts.day < 1 || parts.day > daysIn(parts.year, parts.month))
    return null;
  if (parts.hour > 24 || parts.minute > 59 || parts.second > 59) return null;
  if (offset === undefined) return fromClock(parts, zone);
  return utcOf(parts) - offsetMinutes(offset) * 60_000;
}

function offsetMinutes(text: string): number {
  if (/^(Z|UTC)$/i.test(text)) return 0;
  const minutes = Number(text.slice(1, 3)) * 60 + Number(text.slice(-2));
  return text.startsWith('-') ? -minutes : minutes;
}

/** Years 1970 to 2200: what can stand in a data set, and safely inside what Date can hold. */
function isInRange(ms: number): boolean {
  return Number.isFinite(ms) && ms >= 0 && ms < 7_258_118_400_000;
}

/** Both ends of a range, in order; null when either cannot be read or nothing lies between them. */
export function resolveRange(range: RangeText, nowMs: number, zone: Zone = 'browser'): RangeMs | null {
  const fromMs = parseTime(range.from, nowMs, zone);
  const toMs = parseTime(range.to, nowMs, zone);
  if (fromMs === null || toMs === null || fromMs >= toMs) return null;
  return { fromMs, toMs };
}

/** The server reads a single `now-<N><unit>` only, up to weeks; every other form is sent as the moment it means. */
export function toApiTime(text: string, nowMs: number, zone: Zone = 'browser'): string {
  if (/^now(-\d+(ms|[smhdw]))?$/.test(text)) return text;
  const ms = parseTime(text, nowMs, zone);
  return ms === null ? text : new Date(ms).toISOString();
}

/** An absolute bound as it stands in the URL. */
export function absoluteText(ms: number): string {
  return new Date(Math.round(ms)).toISOString();
}

/** Moves a range by half its length, `steps` times; never past the present. Ends at the present again: becomes the relative range. */
export function shiftRange(range: RangeMs, steps: number, nowMs: number): RangeText {
  const spanMs = range.toMs - range.fromMs;
  const moveMs = Math.min((spanMs / 2) * steps, Math.max(0, nowMs - range.toMs));
  return { from: absoluteText(range.fromMs + moveMs), to: absoluteText(range.toMs + moveMs) };
}

/**
 * Makes a range `factor` times as long (2 zooms out, 0.5 in). A range that ends with `now` keeps its end and stays relative;
 * another keeps its middle, and never reaches past the present.
 */
export function zoomRange(text: RangeText, range: RangeMs, factor: number, nowMs: number): RangeText {
  const span = range.toMs - range.fromMs;
  const wanted = Math.min(longestRangeMs, Math.max(shortestRangeMs, span * factor));
  if (text.to === 'now') return { from: `now-${spanText(wanted)}`, to: 'now' };
  const middle = (range.fromMs + range.toMs) / 2;
  const toMs = Math.min(middle + wanted / 2, Math.max(nowMs, range.toMs));
  return { from: absoluteText(toMs - wanted), to: absoluteText(toMs) };
}

/** A length of time in the largest unit that holds it as a whole number: 5 400 000 is `90m`. */
export function spanText(spanMs: number): string {
  const whole = Math.max(1, Math.round(spanMs));
  // Beyond some seconds a fraction of one only makes the text unreadable.
  const rounded = whole > 10_000 ? Math.round(whole / 1000) * 1000 : whole;
  for (const unit of ['w', 'd', 'h', 'm', 's']) {
    const size = unitMs[unit] ?? 1;
    if (
      rounded % size === 0 &&
      !(unit === 'd' && rounded <= 2 * size) &&
      !(unit === 'w' && rounded <= 4 * size)
    ) {
      return `${rounded / size}${unit}`;
    }
  }
  return `${rounded}ms`;
}

const unitWords: Readonly<Record<string, string>> = {
  ms: 'millisecond',
  s: 'second',
  m: 'minute',
  h: 'hour',
  d: 'day',
  w: 'week',
  M: 'month',
  y: 'year',
};

/** A range for people: `Last 24 hours`, `Nov 20, 14:00 – 15:00`. */
export function describeRange(range: RangeText, nowMs: number, zone: Zone = 'browser'): string {
  const preset = rangePresets.find((one) => one.from === range.from && one.to === range.to);
  if (preset !== undefined) return preset.label;
  const last = /^now-(\d+)(ms|[smhdwMy])$/.exec(range.from);
  if (last !== null && range.to === 'now') {
    const amount = Number(last[1]);
    const word = unitWords[last[2] ?? ''] ?? '';
    return amount === 1 ? `Last ${word}` : `Last ${amount} ${word}s`;
  }
  const resolved = resolveRange(range, nowMs, zone);
  if (resolved === null) return `${range.from} to ${range.to}`;
  return describeAbsolute(resolved, nowMs, zone);
}

function describeAbsolute(range: RangeMs, nowMs: number, zone: Zone): string {
  const from = toClock(range.fromMs, zone);
  const to = toClock(range.toMs, zone);
  const thisYear = toClock(nowMs, zone).year;
  const withSeconds = from.second + to.second > 0 && range.toMs - range.fromMs < 3_600_000;
  const sameDay = from.year === to.year && from.month === to.month && from.day === to.day;
  const left = `${dayText(from, thisYear)}, ${clockText(from, withSeconds)}`;
  return sameDay
    ? `${left} – ${clockText(to, withSeconds)}`
    : `${left} – ${dayText(to, thisYear)}, ${clockText(to, withSeconds)}`;
}

const monthNames = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (value: number): string => String(value).padStart(2, '0');

function dayText(parts: ClockParts, thisYear: number): string {
  const day = `${monthNames[parts.month - 1]} ${parts.day}`;
  return parts.year === thisYear ? day : `${day}, ${parts.year}`;
}

function clockText(parts: ClockParts, withSeconds: boolean): string {
  const minutes = `${two(parts.hour)}:${two(parts.minute)}`;
  return withSeconds ? `${minutes}:${two(parts.second)}` : minutes;
}

/** `2026-11-20 14:00:00` in the zone: what the picker's inputs show and accept. */
export function editableTime(ms: number, zone: Zone = 'browser'): string {
  const parts = toClock(ms, zone);
  const date = `${parts.year}-${two(parts.month)}-${two(parts.day)}`;
  const withSeconds = parts.second !== 0 || parts.ms !== 0;
  return `${date} ${clockText(parts, withSeconds)}`;
}

/** Wall-clock parts in a zone; `month` 1 to 12. */
export interface ClockParts {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  ms: number;
}

const formats = new Map<Zone, Intl.DateTimeFormat>();

function formatFor(zone: Zone): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone === 'browser' ? undefined : zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(zone, format);
  return format;
}

/** Is it a zone the browser knows? */
export function isZone(zone: string): boolean {
  if (zone === 'browser') return true;
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: zone });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** The IANA name behind `browser`. */
export function zoneName(zone: Zone): string {
  return zone === 'browser' ? new Intl.DateTimeFormat().resolvedOptions().timeZone : zone;
}

/** `UTC+1`, `UTC-3:30` or `UTC` at that moment. */
export function zoneOffsetText(zone: Zone, atMs: number): string {
  const minutes = Math.round(offsetMs(zone, atMs) / 60_000);
  if (minutes === 0) return 'UTC';
  const rest = Math.abs(minutes) % 60;
  return `UTC${minutes < 0 ? '-' : '+'}${Math.floor(Math.abs(minutes) / 60)}${rest === 0 ? '' : `:${two(rest)}`}`;
}

export function toClock(ms: number, zone: Zone): ClockParts {
  const parts: Record<string, number> = {};
  for (const part of formatFor(zone).formatToParts(ms)) parts[part.type] = Number(part.value);
  const { year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return { year, month, day, hour, minute, second, ms: ((ms % 1000) + 1000) % 1000 };
}

function utcOf(parts: ClockParts): number {
  return Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second, parts.ms);
}

function offsetMs(zone: Zone, atMs: number): number {
  return utcOf(toClock(atMs, zone)) - atMs;
}

/** The moment a wall clock in the zone shows these parts. A time that the clocks skip becomes the one an hour later. */
export function fromClock(parts: ClockParts, zone: Zone): number {
  const asUtc = utcOf(parts);
  const guess = asUtc - offsetMs(zone, asUtc);
  const settled = asUtc - offsetMs(zone, guess);
  return guess === settled ? guess : Math.max(guess, settled);
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function addUnits(atMs: number, amount: number, unit: string, zone: Zone): number {
  if (unit === 'd' || unit === 'w' || unit === 'M' || unit === 'y')
    return addCalendar(atMs, amount, unit, zone);
  return atMs + amount * (unitMs[unit] ?? 0);
}

/** NaN where no such day can exist; callers refuse it. */
function addCalendar(atMs: number, amount: number, unit: 'd' | 'w' | 'M' | 'y', zone: Zone): number {
  if (Math.abs(amount) > 100_000) return Number.NaN;
  const parts = toClock(atMs, zone);
  if (unit === 'd' || unit === 'w') {
    return fromClock({ ...parts, day: parts.day + amount * (unit === 'w' ? 7 : 1) }, zone);
  }
  const months = parts.year * 12 + parts.month - 1 + amount * (unit === 'y' ? 12 : 1);
  const year = Math.floor(months / 12);
  const month = (months % 12) + 1;
  return fromClock({ ...parts, year, month, day: Math.min(parts.day, daysIn(year, month)) }, zone);
}

function floorTo(atMs: number, unit: string, zone: Zone): number {
  const parts = { ...toClock(atMs, zone), ms: 0 };
  if (unit === 's') return Math.floor(atMs / 1000) * 1000;
  if (unit === 'm') return Math.floor(atMs / 60_000) * 60_000;
  // Not through wall-clock parts: an hour that the clocks repeat would be floored to the wrong one.
  if (unit === 'h') return atMs - (parts.minute * 60 + parts.second) * 1000 - (((atMs % 1000) + 1000) % 1000);
  const day = { ...parts, hour: 0, minute: 0, second: 0 };
  if (unit === 'd') return fromClock(day, zone);
  if (unit === 'w') {
    const weekday = (new Date(Date.UTC(day.year, day.month - 1, day.day)).getUTCDay() + 6) % 7;
    return fromClock({ ...day, day: day.day - weekday }, zone);
  }
  return fromClock({ ...day, day: 1, month: unit === 'y' ? 1 : day.month }, zone);
}
