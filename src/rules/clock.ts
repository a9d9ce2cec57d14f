/** Time, for everything that waits. */
export interface RuleClock {
  /** Epoch milliseconds; may jump when the machine's clock is set. */
  now(): number;
  /** Milliseconds since some moment, with fractions; never jumps. */
  elapsed(): number;
  /** Calls once after a time, or earlier when that is longer than a timer can run; the result cancels. */
  after(delayMs: number, call: () => void): () => void;
}
