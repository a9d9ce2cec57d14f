import type { IngestLimits } from './types.ts';

type TimeLimits = Pick<IngestLimits, 'maxAgeMs' | 'maxFutureMs'>;
export type TimeRefusal = 'too_old' | 'too_far_in_future';

/**
 * Whether a record's time is acceptable; both limits are inclusive. `undefined` means yes.
 *
 * @param tsMs epoch milliseconds.
 */
export function refusalOfTime(tsMs: number, nowMs: number, limits: TimeLimits): TimeRefusal | undefined {
  if (limits.maxAgeMs > 0 && nowMs - tsMs > limits.maxAgeMs) return 'too_old';
  if (tsMs - nowMs > limits.maxFutureMs) return 'too_far_in_future';
  return undefined;
}

/** The sentence for the sender: the record's time, the limit, and the server's time. */
export function timeRefusalMessage(
  refusal: TimeRefusal,
  tsMs: number,
  nowMs: number,
  limits: TimeLimits,
): string {
  const times = `time ${isoTime(tsMs)}, server time ${isoTime(nowMs)}`;
  return refusal === 'too_old'
    ? `older than the limit of ${duration(limits.maxAgeMs)} (${times})`
    : `more than the limit of ${duration(limits.maxFutureMs)} in the future (${times})`;
}

const MAX_DATE_MS = 8.64e15;

function isoTime(ms: number): string {
  return Math.abs(ms) <= MAX_DATE_MS ? new Date(ms).toISOString() : `${ms} ms`;
}

function duration(ms: number): string {
  const units: [string, number][] = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1000],
  ];
  for (const [unit, size] of units) if (ms >= size && ms % size === 0) return `${ms / size} ${unit}`;
  return `${ms} ms`;
}
