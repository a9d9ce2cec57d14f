/** Time, for everything that waits. */
export interface Clock {
  /** Epoch milliseconds; may jump when the machine's clock is set. */
  now(): number;
  /** Milliseconds since some moment, with fractions; never jumps. */
  elapsed(): number;
  /** Calls once after a time; the result cancels. Never keeps the process alive. */
  after(delayMs: number, call: () => void): () => void;
}

/** Longest delay Node's timers know. */
const MAX_DELAY_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(delayMs, call) {
    const timer = setTimeout(call, Math.min(MAX_DELAY_MS, Math.max(0, delayMs)));
    timer.unref();
    return () => clearTimeout(timer);
  },
};
