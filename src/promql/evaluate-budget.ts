import { BellwetherError } from '../lib/errors.ts';

/** Longest stretch of work without letting the event loop run. */
const SLICE_MS = 8;
/** Units of work (about a sample each) between two looks at the clock. */
const WORK_PER_LOOK = 16_384;
/**
 * Cells of a grid are allocated for moments without a sample too, so a vector of many short-lived series needs more memory than it has
 * samples. More cells than this many times the allowed samples are refused.
 */
const CELLS_PER_SAMPLE = 2;
/** As many cells are always allowed: 36 MB. */
const MIN_CELL_LIMIT = 4_000_000;

export interface BudgetParts {
  readonly maxSamples: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** A clock that only goes forward, milliseconds. */
  readonly nowMs: () => number;
}

/** What one query may still use: samples, time, and the patience of whoever waits for it. */
export class Budget {
  readonly nowMs: () => number;
  readonly #parts: BudgetParts;
  readonly #deadlineMs: number;
  #sliceStartMs: number;
  #work = 0;
  #held = 0;
  #cells = 0;
  #peak = 0;
  /** Samples that selectors have given to the evaluation, each step's counted again, as Prometheus counts them. */
  samplesRead = 0;

  constructor(parts: BudgetParts) {
    this.#parts = parts;
    this.nowMs = parts.nowMs;
    this.#sliceStartMs = parts.nowMs();
    this.#deadlineMs = this.#sliceStartMs + parts.timeoutMs;
  }

  /** Most samples held at once so far. */
  get peak(): number {
    return this.#peak;
  }

  /** Samples and cells held now, for {@link settle}. */
  get mark(): { readonly samples: number; readonly cells: number } {
    return { samples: this.#held, cells: this.#cells };
  }

  /** Accounts for samples that stay in memory and for the cells they take. @throws BellwetherError `too_many_samples`. */
  hold(samples: number, cells: number): void {
    this.#held += samples;
    this.#cells += cells;
    if (this.#held > this.#peak) this.#peak = this.#held;
    if (this.#held > this.#parts.maxSamples || this.#cells > this.#maxCells()) throw tooManySamples();
  }

  /** A node is done: what it held while working is gone, its result stays. */
  settle(before: { readonly samples: number; readonly cells: number }, samples: number, cells: number): void {
    this.#held = before.samples;
    this.#cells = before.cells;
    this.hold(samples, cells);
  }

  /** Checks that samples about to be decoded fit beside what is held. @throws BellwetherError `too_many_samples`. */
  admit(samples: number): void {
    const needed = this.#held + samples;
    if (needed > this.#peak) this.#peak = needed;
    if (needed > this.#parts.maxSamples) throw tooManySamples();
  }

  /** Counts work. True when the caller must `await` {@link pause} before it goes on. */
  spend(work: number): boolean {
    this.#work += work;
    if (this.#work < WORK_PER_LOOK) return false;
    this.#work = 0;
    return this.nowMs() - this.#sliceStartMs >= SLICE_MS;
  }

  /** Lets the event loop run, then goes on unless the query shall end. @throws BellwetherError `timeout`, `canceled`. */
  async pause(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.check();
    this.#sliceStartMs = this.nowMs();
  }

  /** @throws BellwetherError `timeout`, `canceled`. */
  check(): void {
    if (this.#parts.signal?.aborted === true) throw canceled(this.#parts.signal.reason);
    if (this.nowMs() >= this.#deadlineMs) throw timedOut();
  }

  #maxCells(): number {
    return Math.max(this.#parts.maxSamples * CELLS_PER_SAMPLE, MIN_CELL_LIMIT);
  }
}

export function tooManySamples(): BellwetherError {
  return new BellwetherError({
    code: 'too_many_samples',
    status: 422,
    message: 'query processing would load too many samples into memory in query execution',
    hint: 'select fewer series, a shorter time or a longer step',
  });
}

export function timedOut(): BellwetherError {
  return new BellwetherError({
    code: 'timeout',
    status: 503,
    message: 'query timed out in expression evaluation',
    hint: 'select fewer series or a shorter time, or give the query more time',
  });
}

export function canceled(cause: unknown): BellwetherError {
  return new BellwetherError({
    code: 'canceled',
    status: 499,
    message: 'query was canceled in expression evaluation',
    cause,
  });
}

/** An error of the evaluation itself, in Prometheus's words. */
export function executionError(message: string, hint?: string): BellwetherError {
  return new BellwetherError(
    hint === undefined
      ? { code: 'execution', status: 422, message }
      : { code: 'execution', status: 422, message, hint },
  );
}
