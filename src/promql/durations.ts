const UNITS_MS = {
  y: 365 * 86_400_000,
  w: 7 * 86_400_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
} as const;

const DURATION = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** Longest duration, as Prometheus keeps them in 64-bit nanoseconds. */
export const MAX_DURATION_MS = 2 ** 63 / 1e6;

export type ParsedDuration = { readonly ms: number; readonly error?: undefined } | { readonly error: string };

/** Reads `1h30m`, units in falling order, each once. `0` needs no unit. */
export function parseDurationText(text: string): ParsedDuration {
  if (text === '0') return { ms: 0 };
  if (text === '') return { error: 'empty duration string' };
  const match = DURATION.exec(text);
  if (match === null) return { error: `not a valid duration string: ${JSON.stringify(text)}` };
  let ms = 0;
  Object.values(UNITS_MS).forEach((unitMs, index) => {
    ms += Number(match[index + 1] ?? 0) * unitMs;
  });
  return ms >= MAX_DURATION_MS ? { error: 'duration out of range' } : { ms };
}

/** As Prometheus writes a duration: `1h30m`, years and weeks only when nothing remains, fractions of a millisecond cut off. */
export function formatDuration(durationMs: number): string {
  let restMs = Math.trunc(durationMs);
  if (restMs === 0) return '0s';
  if (restMs < 0) return `-${formatDuration(-restMs)}`;
  let text = '';
  for (const [unit, unitMs] of Object.entries(UNITS_MS)) {
    if ((unit === 'y' || unit === 'w') && restMs % unitMs !== 0) continue;
    const count = Math.floor(restMs / unitMs);
    if (count === 0) continue;
    text += `${count}${unit}`;
    restMs -= count * unitMs;
  }
  return text;
}

/** Seconds of a duration in whole milliseconds, rounded as Go's `Duration.Seconds`. */
export function secondsOf(durationMs: number): number {
  const whole = Math.trunc(durationMs / 1000);
  return whole + ((durationMs - whole * 1000) * 1e6) / 1e9;
}

/** Milliseconds of a literal in seconds: rounded to nanoseconds (or as far as the number is exact), then cut off. */
export function literalMs(seconds: number): number {
  const ms = seconds * 1000;
  const whole = Math.round(ms);
  return Math.abs(ms - whole) < Math.max(5e-7, Math.abs(ms) * 2 ** -50) ? whole : Math.trunc(ms);
}
