/** Delays between restarts: doubling, bounded, and short again after a time without failure. */
export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
  /** A process that lived for so long begins anew with the first delay. */
  readonly stableMs: number;
}

export const RESTART_BACKOFF: BackoffOptions = { firstMs: 100, maxMs: 15_000, stableMs: 60_000 };

export class Backoff {
  readonly #options: BackoffOptions;
  #failures = 0;

  constructor(options: BackoffOptions = RESTART_BACKOFF) {
    this.#options = options;
  }

  /** The delay before the next attempt. @param livedMs how long the last one was up. */
  next(livedMs: number): number {
    const { firstMs, maxMs, stableMs } = this.#options;
    if (livedMs >= stableMs) this.#failures = 0;
    // The exponent is bounded so that years of failures do not overflow.
    const delayMs = Math.min(maxMs, firstMs * 2 ** Math.min(this.#failures, 30));
    this.#failures++;
    return delayMs;
  }
}
