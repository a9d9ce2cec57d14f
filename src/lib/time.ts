import { BellwetherError } from './errors.ts';
import { parseDurationMs } from './units.ts';

/** The last moment that is accepted: the end of year 2261, which nanoseconds in 64 bits can still hold. */
const MAX_MS = Date.UTC(2262, 0, 1) - 1;

export const DAY_MS = 86_400_000;

/** Start of the UTC day, epoch milliseconds. */
export function startOfDay(ms: number): number {
  return Math.floor(ms / DAY_MS) * DAY_MS;
}

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/** A range of time in epoch milliseconds: from `fromMs` on, up to but without `toMs`, so that adjacent ranges share nothing. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Epoch milliseconds of a time in a query string: RFC 3339 (`2026-11-20T09:00:00Z`, any offset), epoch milliseconds, `now`,
 * or `now` minus a duration in Prometheus's notation (`now-90m`, `now-1h30m`, `now-7d`).
 *
 * @param name of the parameter, for the message.
 * @throws BellwetherError 400 `bad_time`.
 */
export function parseTime(text: string, name: string, nowMs: number): number {
  const ms = relativeMs(text, nowMs) ?? numericMs(text) ?? rfc3339Ms(text);
  if (ms === undefined) throw badTime(text, name);
  if (ms < 0 || ms > MAX_MS) throw badTime(text, name, 'it is before 1970 or after 2261');
  return ms;
}

/**
 * Both ends of a range of time.
 *
 * @throws BellwetherError 400 `bad_time` or, when it ends before it begins, `bad_range`.
 */
export function parseTimeRange(range: { from: string; to: string }, nowMs: number): TimeRange {
  const fromMs = parseTime(range.from, 'from', nowMs);
  const toMs = parseTime(range.to, 'to', nowMs);
  if (fromMs > toMs) {
    throw new BellwetherError({
      code: 'bad_range',
      status: 400,
      message: `the range ends (${formatTime(toMs)}) before it begins (${formatTime(fromMs)})`,
      hint: 'exchange from and to',
    });
  }
  return { fromMs, toMs };
}

/** RFC 3339 in UTC with milliseconds: how answers show a moment. */
export function formatTime(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

function relativeMs(text: string, nowMs: number): number | undefined {
  if (text === 'now') return nowMs;
  if (!text.startsWith('now-')) return undefined;
  const durationMs = parseDurationMs(text.slice('now-'.length));
  return durationMs === undefined ? undefined : nowMs - durationMs;
}

function numericMs(text: string): number | undefined {
  return /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function rfc3339Ms(text: string): number | undefined {
  const match = RFC_3339.exec(text);
  if (match === null) return undefined;
  const ms = Date.parse(text.toUpperCase());
  return Number.isNaN(ms) || !isRealDate(Number(match[1]), Number(match[2]), Number(match[3]))
    ? undefined
    : ms;
}

/** JavaScript reads February 30th as March 2nd; a person who writes it made a mistake. */
function isRealDate(year: number, month: number, day: number): boolean {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

function badTime(text: string, name: string, why?: string): BellwetherError {
  const shown = text.length > 64 ? `${text.slice(0, 64)}...` : text;
  const space = / \d\d:\d\d$/.test(text) ? '; a plus sign in a URL is written %2B' : '';
  return new BellwetherError({
    code: 'bad_time',
    status: 400,
    message: `${name} is not a time: ${JSON.stringify(shown)}${why === undefined ? '' : ` (${why})`}`,
    hint: `use 2026-11-20T09:00:00Z, epoch milliseconds, now, or now-90m${space}`,
  });
}
