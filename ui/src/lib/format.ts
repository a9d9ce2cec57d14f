/**
 * How numbers, times and sizes read in the interface. Pure: no clock and no locale is read except through an argument, so a page
 * and its test see the same text. Missing values are `null` and read as an en dash.
 */

/** What stands where a value is not known. A zero is a value, so it never reads like this. */
export const missing = '–';

const grouped0 = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const grouped2 = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const grouped6 = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 6 });

type Maybe = number | null | undefined;

function isKnown(value: Maybe): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** US dollars: 2 decimals, 4 below ten cents; `$0.00` means exactly nothing was spent. */
export function formatUsd(usd: Maybe): string {
  if (!isKnown(usd)) return missing;
  if (usd === 0) return '$0.00';
  const sign = usd < 0 ? '-' : '';
  const amount = Math.abs(usd);
  if (amount < 0.0001) return usd < 0 ? '>-$0.0001' : '<$0.0001';
  // 0.09996 would round to a four-decimal 0.1000: from the rounded value on, two decimals are the truth.
  if (Math.round(amount * 10_000) < 1000) return `${sign}$${amount.toFixed(4)}`;
  return `${sign}$${grouped2.format(amount)}`;
}

/** Every digit kept, for titles and copies: `$12.345678`. */
export function formatUsdExact(usd: Maybe): string {
  if (!isKnown(usd)) return missing;
  return `${usd < 0 ? '-' : ''}$${grouped6.format(Math.abs(usd))}`;
}

/** What a spend is known to be: `price missing` instead of a nought, `≥` before a lower bound. */
export function formatCost(cost: { cost_usd: number; cost_complete: boolean }): string {
  if (cost.cost_complete) return formatUsd(cost.cost_usd);
  return cost.cost_usd === 0 ? 'price missing' : `≥ ${formatUsd(cost.cost_usd)}`;
}

/** For axes: as few digits as tell two ticks apart. `$0`, `$0.05`, `$2.50`, `$1.2k`. */
export function formatUsdAxis(usd: Maybe): string {
  if (!isKnown(usd)) return missing;
  if (usd === 0) return '$0';
  const amount = Math.abs(usd);
  const sign = usd < 0 ? '-' : '';
  if (amount >= 1000) return `${sign}$${formatCompact(amount)}`;
  if (amount >= 10) return `${sign}$${trimZeros(amount.toFixed(1))}`;
  if (amount >= 0.1) return `${sign}$${amount.toFixed(2).replace(/\.00$/, '')}`;
  return `${sign}$${trimZeros(amount.toPrecision(2))}`;
}

/** A whole number with separators: `1,240,311`. Also the exact value behind a compact one. */
export function formatCount(count: Maybe): string {
  return isKnown(count) ? grouped0.format(count) : missing;
}

const compactSteps: readonly [number, string][] = [
  [1e12, 'T'],
  [1e9, 'B'],
  [1e6, 'M'],
  [1e3, 'k'],
];

/** Three significant digits: `940`, `12.4k`, `1.24M`. Show {@link formatCount} on hover. */
export function formatCompact(count: Maybe): string {
  if (!isKnown(count)) return missing;
  const amount = Math.abs(count);
  const sign = count < 0 ? '-' : '';
  if (amount < 999.5)
    return sign + (Number.isInteger(amount) ? String(amount) : trimZeros(threeDigits(amount)));
  for (const [size, suffix] of compactSteps) {
    // 999 950 is `1M`, not `1000k`.
    if (amount >= size * 0.9995) return `${sign}${threeDigits(amount / size)}${suffix}`;
  }
  return sign + String(amount);
}

function threeDigits(amount: number): string {
  if (amount >= 99.95) return amount.toFixed(0);
  if (amount >= 9.995) return amount.toFixed(1);
  return amount.toFixed(2);
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** Milliseconds as people say them: `<1 ms`, `850 ms`, `1.24 s`, `2m 05s`, `1h 04m`, `3d 4h`. */
export function formatDuration(durationMs: Maybe): string {
  if (!isKnown(durationMs)) return missing;
  if (durationMs < 0) return `-${formatDuration(-durationMs)}`;
  if (durationMs === 0) return '0 ms';
  if (durationMs < 1) return '<1 ms';
  if (durationMs < 999.5) return `${Math.round(durationMs)} ms`;
  if (durationMs < 9_995) return `${(durationMs / 1000).toFixed(2)} s`;
  if (durationMs < 59_950) return `${(durationMs / 1000).toFixed(1)} s`;
  const seconds = Math.round(durationMs / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`;
  const minutes = Math.round(durationMs / 60_000);
  if (minutes < 1440) return `${Math.floor(minutes / 60)}h ${two(minutes % 60)}m`;
  const hours = Math.round(durationMs / 3_600_000);
  return `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

function two(part: number): string {
  return String(part).padStart(2, '0');
}

/** Bytes in powers of 1024: `812 B`, `4.2 KiB`, `1.24 GiB`. */
export function formatBytes(bytes: Maybe): string {
  if (!isKnown(bytes)) return missing;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let amount = Math.abs(bytes);
  let unit = 0;
  while (amount >= 1023.5 && unit < units.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  const text = unit === 0 ? String(Math.round(amount)) : threeDigits(amount);
  return `${bytes < 0 ? '-' : ''}${text} ${units[unit]}`;
}

/** A ratio from 0 to 1 as per cent. Only exactly nothing reads `0%` and only exactly all reads `100%`. */
export function formatPercent(ratio: Maybe): string {
  if (!isKnown(ratio)) return missing;
  if (ratio === 0) return '0%';
  if (ratio === 1) return '100%';
  const percent = ratio * 100;
  if (percent > 0 && percent < 0.1) return '<0.1%';
  if (percent > 99.9 && percent < 100) return '>99.9%';
  // One decimal always, so that a column of them lines up.
  return `${Math.abs(percent) >= 1000 ? grouped0.format(percent) : percent.toFixed(1)}%`;
}

/** `part / whole`, or null when there is no whole to take a part of. */
export function ratio(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null;
}

/** Events per minute: `12.4/min`, `1.2k/min`; never a rounded-down nought. */
export function formatPerMinute(perMinute: Maybe): string {
  if (!isKnown(perMinute)) return missing;
  if (perMinute > 0 && perMinute < 0.1) return '<0.1/min';
  return `${perMinute < 10 ? trimZeros(perMinute.toFixed(1)) : formatCompact(Math.round(perMinute))}/min`;
}

/** A duration at a glance, for columns and ages: `51s`, `25m`, `1h 04m`, `3d 4h`. */
export function formatSpan(durationMs: Maybe): string {
  if (!isKnown(durationMs)) return missing;
  const seconds = Math.round(durationMs / 1000);
  if (seconds === 0 && durationMs > 0) return '<1s';
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3570) return `${Math.round(seconds / 60)}m`;
  // Half a minute short of an hour rounds to the hour, as the minutes before round to theirs.
  return formatDuration(Math.max(durationMs, 3_600_000));
}

/** `12s`, `5m`, `3h`, `2d`: an age in a column that says it is one. */
export function formatAge(atMs: Maybe, nowMs: number): string {
  if (!isKnown(atMs)) return missing;
  return spanOf(Math.max(0, Math.round((nowMs - atMs) / 1000)));
}

/** Whole seconds and minutes since: `now`, `12s ago`, `5m ago`, `3h ago`, `2d ago`, `in 5m`. */
export function formatRelative(atMs: Maybe, nowMs: number): string {
  if (!isKnown(atMs)) return missing;
  const seconds = Math.round((nowMs - atMs) / 1000);
  if (Math.abs(seconds) < 3) return 'now';
  const span = spanOf(Math.abs(seconds));
  return seconds > 0 ? `${span} ago` : `in ${span}`;
}

function spanOf(seconds: number): string {
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

const zoned = new Map<string, Intl.DateTimeFormat>();

function zonedFormat(timeZone: string): Intl.DateTimeFormat {
  let format = zoned.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: timeZone === 'browser' || timeZone === '' ? undefined : timeZone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
      timeZoneName: 'short',
    });
    zoned.set(timeZone, format);
  }
  return format;
}

function partsOf(atMs: number, timeZone: string): Record<string, string> {
  const parts: Record<string, string> = {};
  for (const part of zonedFormat(timeZone).formatToParts(atMs)) parts[part.type] = part.value;
  return parts;
}

/** `2026-11-20 14:03:22 UTC` in a zone (`browser`, `UTC` or an IANA name). */
export function formatAbsolute(atMs: Maybe, timeZone = 'browser'): string {
  if (!isKnown(atMs)) return missing;
  const p = partsOf(atMs, timeZone);
  return `${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}:${p.second} ${p.timeZoneName}`;
}

/** `14:03:22`, or with milliseconds `14:03:22.070`. */
export function formatClock(atMs: Maybe, timeZone = 'browser', withMs = false): string {
  if (!isKnown(atMs)) return missing;
  const p = partsOf(atMs, timeZone);
  const ms = ((Math.floor(atMs) % 1000) + 1000) % 1000;
  return `${p.hour}:${p.minute}:${p.second}${withMs ? `.${String(ms).padStart(3, '0')}` : ''}`;
}

/** As short as the span of the axis allows: `14:03:22`, `14:03`, `20 Nov 14:00`, `20 Nov`. */
export function formatAxisTime(atMs: number, spanMs: number, timeZone = 'browser'): string {
  const p = partsOf(atMs, timeZone);
  const day = `${Number(p.day)} ${months[Number(p.month) - 1]}`;
  if (spanMs <= 10 * 60_000) return `${p.hour}:${p.minute}:${p.second}`;
  if (p.hour === '00' && p.minute === '00') return day;
  return `${p.hour}:${p.minute}`;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A change against the range before, in words, so that colour is not needed to read it. */
export interface Delta {
  direction: 'up' | 'down' | 'same' | 'new';
  /** `18% more`, `3% less`, `no change`, `none before`. */
  text: string;
}

/** Compares with the previous range; null when either is not known. */
export function deltaOf(current: Maybe, previous: Maybe): Delta | null {
  if (!isKnown(current) || !isKnown(previous)) return null;
  if (current === previous) return { direction: 'same', text: 'no change' };
  if (previous === 0) return { direction: 'new', text: 'none before' };
  const change = (current - previous) / Math.abs(previous);
  if (Math.abs(change) < 0.0005) return { direction: 'same', text: 'no change' };
  if (change > 10) return { direction: 'up', text: `${formatCompact(current / previous)}× as much` };
  return change > 0
    ? { direction: 'up', text: `${trimZeros((change * 100).toFixed(1))}% more` }
    : { direction: 'down', text: `${trimZeros((-change * 100).toFixed(1))}% less` };
}

/** Compares two ratios in percentage points: `2.1 pts higher`. */
export function deltaOfRatio(current: Maybe, previous: Maybe): Delta | null {
  if (!isKnown(current) || !isKnown(previous)) return null;
  const points = (current - previous) * 100;
  if (Math.abs(points) < 0.05) return { direction: 'same', text: 'no change' };
  const size = trimZeros(Math.abs(points).toFixed(1));
  return points > 0
    ? { direction: 'up', text: `${size} pts higher` }
    : { direction: 'down', text: `${size} pts lower` };
}

/** `1 session`, `3 sessions`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** First characters of an id; the whole one belongs in the title. */
export function shortId(id: string): string {
  return id.length > 12 ? id.slice(0, 8) : id;
}

/** `claude-sonnet-4-6-20260301` reads `sonnet-4-6`: the vendor and the date tell a reader nothing at a glance. */
export function shortModel(model: string): string {
  return (
    model
      .replace(/^.*\//, '')
      .replace(/^(?:[a-z]{2,6}\.)?(?:anthropic\.)?claude-/, '')
      .replace(/-\d{8}(?:-v\d+(?::\d+)?)?$/, '') || model
  );
}
