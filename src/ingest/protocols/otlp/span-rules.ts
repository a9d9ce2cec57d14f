/** Rules for spans that hold whatever the encoding. */

/** Further events and links of one span are left out and counted in `dropped_events` and `dropped_links`. */
export const MAX_SPAN_EVENTS = 1024;
export const MAX_SPAN_LINKS = 1024;
/** W3C recommends to carry at least 512 characters. */
export const MAX_TRACE_STATE_BYTES = 1024;
export const TRACE_ID_BYTES = 16;
export const SPAN_ID_BYTES = 8;
const MAX_SPAN_KIND = 5;
const MAX_STATUS_CODE = 2;

/** SpanKind as stored: numbers the specification does not know count as unspecified. */
export function spanKind(value: number): number {
  return value >= 0 && value <= MAX_SPAN_KIND ? value : 0;
}

/** StatusCode as stored: numbers the specification does not know count as unset. */
export function statusCode(value: number): number {
  return value >= 0 && value <= MAX_STATUS_CODE ? value : 0;
}

/** Why an id is refused. */
export function badIdMessage(name: string, byteCount: number, expected: number): string {
  return byteCount === expected
    ? `${name} is all zero`
    : `${name} has ${byteCount} bytes, ${expected} are required`;
}

export function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] !== 0) return false;
  return true;
}

/** Start and length of a span in nanoseconds, as unsigned halves. One object is reused by each decoder. */
export interface SpanTimes {
  startLow: number;
  startHigh: number;
  endLow: number;
  endHigh: number;
  durationLow: number;
  durationHigh: number;
}

/**
 * Completes the times from start and end: without a start the end stands for it, and an end before the start (a clock that was set)
 * means a duration of 0.
 *
 * @returns false when there is neither start nor end.
 */
export function settleTimes(times: SpanTimes): boolean {
  if (times.startLow === 0 && times.startHigh === 0) {
    times.startLow = times.endLow;
    times.startHigh = times.endHigh;
  }
  const { startLow, startHigh, endLow, endHigh } = times;
  times.durationLow = times.durationHigh = 0;
  if (startLow === 0 && startHigh === 0) return false;
  const borrow = endLow < startLow ? 1 : 0;
  const high = endHigh - startHigh - borrow;
  if (high < 0) {
    times.endLow = startLow;
    times.endHigh = startHigh;
  } else {
    times.durationLow = endLow - startLow + borrow * 0x1_0000_0000;
    times.durationHigh = high;
  }
  return true;
}
