import { BellwetherError } from '../lib/errors.ts';

const RETRY_AFTER_S = 1;

/** One request's share of a {@link MemoryBudget}. */
export interface Lease {
  /** Takes more bytes. When the budget is used up it takes none and returns the error to answer: 429. */
  take(bytes: number): BellwetherError | undefined;
  /** Gives everything back. May be called more than once. */
  release(): void;
}

/** Bounds the bytes that the bodies of all requests in flight occupy together, on every port and transport. */
export interface MemoryBudget {
  readonly limitBytes: number;
  readonly usedBytes: number;
  lease(): Lease;
}

export function createMemoryBudget(limitBytes: number): MemoryBudget {
  let usedBytes = 0;
  return {
    limitBytes,
    get usedBytes() {
      return usedBytes;
    },
    lease() {
      let heldBytes = 0;
      return {
        take(bytes) {
          if (usedBytes + bytes > limitBytes) return tooManyBodies(limitBytes);
          usedBytes += bytes;
          heldBytes += bytes;
          return undefined;
        },
        release() {
          usedBytes -= heldBytes;
          heldBytes = 0;
        },
      };
    },
  };
}

function tooManyBodies(limitBytes: number): BellwetherError {
  return new BellwetherError({
    code: 'too_many_bytes_in_flight',
    status: 429,
    retryAfterS: RETRY_AFTER_S,
    message: `requests in flight already occupy the ${limitBytes} bytes set aside for them`,
    hint: 'send again in a moment; send smaller batches, or raise ingest.max_in_flight',
  });
}
