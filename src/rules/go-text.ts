/** Values as Go's standard library prints them, because answers and messages are compared with Prometheus's. */

/** A float in scientific notation: `strconv.FormatFloat(value, 'e', -1, 64)`. */
export function scientific(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const [digits, exponent] = (Object.is(value, -0) ? '-0e+0' : value.toExponential()).split('e');
  const sign = exponent!.startsWith('-') ? '-' : '+';
  return `${digits}e${sign}${exponent!.replace(/^[+-]/, '').padStart(2, '0')}`;
}

/** Go's zero time, which stands for "never". */
export const ZERO_TIME = '0001-01-01T00:00:00Z';

/** RFC 3339 in UTC, fractions without trailing zeros; "never" when undefined. */
export function goTime(epochMs: number | undefined): string {
  if (epochMs === undefined) return ZERO_TIME;
  return new Date(epochMs).toISOString().replace(/\.?0*Z$/, 'Z');
}

/** `time.Duration.String()`: `1h0m0s`, `1.5s`, `0s`. */
export function goDuration(ms: number): string {
  if (ms === 0) return '0s';
  const sign = ms < 0 ? '-' : '';
  const size = Math.abs(ms);
  if (size < 1000) return `${sign}${size}ms`;
  const hours = Math.floor(size / 3_600_000);
  const minutes = Math.floor(size / 60_000) % 60;
  const seconds = `${(size % 60_000) / 1000}s`;
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`;
}

const PROMETHEUS_UNITS = [
  ['y', 365 * 86_400_000, true],
  ['w', 7 * 86_400_000, true],
  ['d', 86_400_000, false],
  ['h', 3_600_000, false],
  ['m', 60_000, false],
  ['s', 1000, false],
  ['ms', 1, false],
] as const;

/** Prometheus's notation: `1h30m`; years and weeks only where nothing remains. */
export function prometheusDuration(ms: number): string {
  let restMs = ms;
  let text = '';
  for (const [unit, unitMs, mustFit] of PROMETHEUS_UNITS) {
    if (mustFit && restMs % unitMs !== 0) continue;
    const count = Math.floor(restMs / unitMs);
    if (count > 0) text += `${count}${unit}`;
    restMs -= count * unitMs;
  }
  return text === '' ? '0s' : text;
}

/** `url.QueryEscape`. */
export function queryEscape(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd'))
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}
