import { isZone, parseTime } from './time.ts';

/**
 * The query string as state. Every value is plain text, so URLs stay readable and can be typed by hand: `?from=now-1h&q=opus`,
 * not JSON.
 */
export interface AppSearch {
  [key: string]: string | undefined;
}

/** Kept when moving from page to page; everything else belongs to one page. */
export const sharedKeys = ['from', 'to', 'tz', 'refresh', 'live', 'scope'] as const;

/** Longer values are cut off at parsing: a URL is no place for them, and every part of the page reads them. */
const longestValue = 4096;
const mostKeys = 64;

export function parseSearch(text: string): AppSearch {
  const search: AppSearch = {};
  let count = 0;
  for (const [key, value] of new URLSearchParams(text)) {
    if (value === '' || key === '__proto__' || count >= mostKeys) continue;
    search[key] = value.slice(0, longestValue);
    count += 1;
  }
  return search;
}

/** Leaves the characters readable that need no escape in a query: `: / , @`. */
export function stringifySearch(search: Record<string, unknown>): string {
  const parts: string[] = [];
  for (const [key, value] of Object.entries(search)) {
    if (typeof value !== 'string' || value === '') continue;
    parts.push(`${readable(key)}=${readable(value)}`);
  }
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

function readable(text: string): string {
  return encodeURIComponent(text).replace(/%(3A|2F|2C|40)/g, (escaped) => decodeURIComponent(escaped));
}

export const refreshChoices = ['off', '5s', '10s', '30s', '1m', '5m'] as const;
export type RefreshChoice = (typeof refreshChoices)[number];

/** Drops shared parameters that nobody can use, so that a mistyped URL shows the defaults and not an error. */
export function validateSearch(raw: Record<string, unknown>): AppSearch {
  const search: AppSearch = {};
  for (const [key, value] of Object.entries(raw)) if (typeof value === 'string') search[key] = value;
  const now = Date.now();
  if (search.from !== undefined && parseTime(search.from, now) === null) delete search.from;
  if (search.to !== undefined && parseTime(search.to, now) === null) delete search.to;
  if (search.tz !== undefined && !isZone(search.tz)) delete search.tz;
  if (search.live !== undefined && search.live !== 'off') delete search.live;
  if (search.refresh !== undefined && !(refreshChoices as readonly string[]).includes(search.refresh))
    delete search.refresh;
  return search;
}
