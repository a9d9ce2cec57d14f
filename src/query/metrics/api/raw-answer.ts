import { BellwetherError } from '../../../lib/errors.ts';
import type { SelectContext } from '../../../promql/index.ts';

/** An answer that is no JSON; the same shape as the HTTP layer's. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly pieces: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>;
}

/** When, and for whom. */
export interface RawCall {
  readonly nowMs: number;
  readonly signal: AbortSignal;
  /** The client's `Accept`, where it matters. */
  readonly accept?: string | undefined;
}

/** Bounds of one answer. */
export interface RawLimits {
  readonly maxSeries: number;
  readonly maxSamples: number;
}

/** What a selection of one answer may cost, and what is to be released when it has been read. */
export class SelectBudget {
  readonly #limits: RawLimits;
  readonly #signal: AbortSignal;
  readonly #releases: (() => void)[] = [];
  readonly #tooMany: () => BellwetherError;
  #samples = 0;

  constructor(limits: RawLimits, signal: AbortSignal, tooMany?: () => BellwetherError) {
    this.#limits = limits;
    this.#signal = signal;
    this.#tooMany = tooMany ?? (() => tooManySamples(limits.maxSamples));
  }

  get context(): SelectContext {
    return {
      signal: this.#signal,
      maxSeries: this.#limits.maxSeries,
      chargeSamples: (count) => this.#charge(count),
      onDone: (release) => this.#releases.push(release),
    };
  }

  release(): void {
    for (const release of this.#releases.splice(0)) release();
  }

  #charge(count: number): void {
    this.#signal.throwIfAborted();
    this.#samples += count;
    if (this.#samples > this.#limits.maxSamples) throw this.#tooMany();
  }
}

function tooManySamples(limit: number): BellwetherError {
  return new BellwetherError({
    code: 'too_many_samples',
    status: 422,
    message: `the selection has more than ${limit} samples`,
    hint: 'select fewer series or a shorter time, or raise query.max_samples',
  });
}
