import { BellwetherError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';

export interface QueryGateOptions {
  /** Queries evaluated at a time. */
  readonly concurrency: number;
  /** Queries that may wait; further ones get 503. */
  readonly maxWaiting: number;
  /** Queries that take this long are logged, milliseconds; 0: none. */
  readonly slowMs: number;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  readonly log: Log;
}

export interface QueryGate {
  /** Runs a query when there is room. Rejects with 503 `too_many_queries`, or 499 when the client went away while waiting. */
  run<T>(text: string, signal: AbortSignal, start: () => Promise<T>): Promise<T>;
  stats(): {
    readonly running: number;
    readonly waiting: number;
    readonly slow: number;
    readonly refused: number;
  };
}

/** Longest query text in the log. */
const MAX_LOGGED = 2000;

export function createQueryGate(options: QueryGateOptions): QueryGate {
  const waiting: (() => void)[] = [];
  let running = 0;
  let slow = 0;
  let refused = 0;

  async function enter(signal: AbortSignal): Promise<void> {
    if (running < options.concurrency) {
      running++;
      return;
    }
    if (waiting.length >= options.maxWaiting) {
      refused++;
      throw tooManyQueries(options);
    }
    await new Promise<void>((resolve, reject) => {
      const go = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        waiting.splice(waiting.indexOf(go), 1);
        reject(canceled());
      };
      waiting.push(go);
      signal.addEventListener('abort', leave, { once: true });
      if (signal.aborted) leave();
    });
  }

  /** The place goes to whoever waits longest. */
  function exit(): void {
    const next = waiting.shift();
    if (next === undefined) running--;
    else next();
  }

  return {
    async run(text, signal, start) {
      const askedMs = options.now();
      await enter(signal);
      const startedMs = options.now();
      try {
        return await start();
      } finally {
        exit();
        const elapsedMs = options.now() - startedMs;
        if (options.slowMs > 0 && elapsedMs >= options.slowMs) {
          slow++;
          const fields = {
            query: text.slice(0, MAX_LOGGED),
            elapsedMs: Math.round(elapsedMs),
            waitedMs: Math.round(startedMs - askedMs),
          };
          options.log.warn(fields, 'slow query');
        }
      }
    },
    stats: () => ({ running, waiting: waiting.length, slow, refused }),
  };
}

function tooManyQueries({ concurrency, maxWaiting }: QueryGateOptions): BellwetherError {
  return new BellwetherError({
    code: 'too_many_queries',
    status: 503,
    retryAfterS: 1,
    message: `${concurrency} queries are running and ${maxWaiting} are waiting`,
    hint: 'try again, or raise query.concurrency',
  });
}

function canceled(): BellwetherError {
  return new BellwetherError({
    code: 'canceled',
    status: 499,
    message: 'query was canceled while it waited for its turn',
  });
}
