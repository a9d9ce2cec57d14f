import { BellwetherError } from '../lib/errors.ts';

const WINDOW_MS = 60_000;
const MAX_FAILURES_PER_ADDRESS = 5;
const MAX_FAILURES_IN_TOTAL = 100;
/** Addresses that are remembered; at the bound the total alone decides until the window is over. */
const MAX_ADDRESSES = 10_000;

/** Bounds how often log-ins may fail within a minute, per address and in total. */
export interface LoginLimit {
  /** @throws BellwetherError 429 when too many log-ins failed lately. */
  check(address: string, nowMs: number): void;
  failed(address: string, nowMs: number): void;
}

export function createLoginLimit(): LoginLimit {
  let windowStartMs = Number.NEGATIVE_INFINITY;
  let total = 0;
  const failures = new Map<string, number>();

  function roll(nowMs: number): void {
    if (nowMs - windowStartMs < WINDOW_MS) return;
    windowStartMs = nowMs;
    total = 0;
    failures.clear();
  }

  return {
    check(address, nowMs) {
      roll(nowMs);
      const isOver =
        total >= MAX_FAILURES_IN_TOTAL || (failures.get(address) ?? 0) >= MAX_FAILURES_PER_ADDRESS;
      if (isOver) throw tooManyFailures(Math.ceil((windowStartMs + WINDOW_MS - nowMs) / 1000));
    },
    failed(address, nowMs) {
      roll(nowMs);
      total++;
      if (failures.has(address) || failures.size < MAX_ADDRESSES) {
        failures.set(address, (failures.get(address) ?? 0) + 1);
      }
    },
  };
}

function tooManyFailures(retryAfterS: number): BellwetherError {
  return new BellwetherError({
    code: 'too_many_logins',
    status: 429,
    retryAfterS,
    message: 'too many log-ins failed',
    hint: `try again in ${retryAfterS} seconds`,
  });
}
