import { engineError } from './errors.ts';

interface Waiting {
  readonly give: (slot: number) => void;
  readonly refuse: (error: Error) => void;
}

/**
 * A bounded number of numbered places and a bounded queue in front of them, first come first served. What
 * arrives when the queue is full is refused with ClickHouse's error 202 and status 503.
 */
export class Slots {
  readonly capacity: number;
  readonly #free: number[];
  readonly #queue: Waiting[] = [];
  readonly #queueLength: number;

  /** @param queueLength how many may wait. */
  constructor(capacity: number, queueLength: number) {
    this.capacity = capacity;
    this.#queueLength = queueLength;
    this.#free = Array.from({ length: capacity }, (_, index) => capacity - 1 - index);
  }

  get used(): number {
    return this.capacity - this.#free.length;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** Takes a place; `signal` gives up waiting for one. */
  async take(signal?: AbortSignal): Promise<number> {
    if (signal?.aborted) throw cancelled();
    const slot = this.#free.pop();
    if (slot !== undefined) return slot;
    if (this.#queue.length >= this.#queueLength) {
      throw engineError(
        'TOO_MANY_SIMULTANEOUS_QUERIES',
        `Too many simultaneous queries: ${this.capacity} are running and ${this.#queue.length} are waiting.`,
      );
    }
    return await new Promise<number>((resolve, reject) => {
      const waiting: Waiting = { give: resolve, refuse: reject };
      this.#queue.push(waiting);
      signal?.addEventListener('abort', () => this.#giveUp(waiting), { once: true });
    });
  }

  /** Puts a place back, or hands it to who waits longest. */
  put(slot: number): void {
    const next = this.#queue.shift();
    if (next === undefined) this.#free.push(slot);
    else next.give(slot);
  }

  #giveUp(waiting: Waiting): void {
    const index = this.#queue.indexOf(waiting);
    if (index < 0) return;
    this.#queue.splice(index, 1);
    waiting.refuse(cancelled());
  }
}

function cancelled(): Error {
  return engineError('QUERY_WAS_CANCELLED', 'Query was cancelled while it waited for its turn.');
}
