/** Allows a minute's worth of messages at once, and from then on as many as the rate gives. */
export class TokenBucket {
  readonly #perMinute: number;
  readonly #elapsed: () => number;
  #tokens: number;
  #filledAtMs: number;

  /**
   * @param perMinute also the most that are saved up. Infinity: no limit.
   * @param elapsed monotonic milliseconds.
   */
  constructor(perMinute: number, elapsed: () => number) {
    this.#perMinute = perMinute;
    this.#elapsed = elapsed;
    this.#tokens = perMinute;
    this.#filledAtMs = elapsed();
  }

  /** Takes a token when there is one. */
  take(): boolean {
    if (this.#perMinute === Number.POSITIVE_INFINITY) return true;
    this.#fill();
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Milliseconds until there is a token, 0 when there is one. */
  waitMs(): number {
    if (this.#perMinute === Number.POSITIVE_INFINITY) return 0;
    this.#fill();
    return this.#tokens >= 1 ? 0 : Math.ceil(((1 - this.#tokens) * 60_000) / this.#perMinute);
  }

  #fill(): void {
    const nowMs = this.#elapsed();
    const gained = ((nowMs - this.#filledAtMs) * this.#perMinute) / 60_000;
    this.#filledAtMs = nowMs;
    // Fractions add up to a little less than a whole now and then; a token must not come a millisecond late because of it.
    this.#tokens = Math.min(this.#perMinute, this.#tokens + gained + 1e-9);
  }
}
