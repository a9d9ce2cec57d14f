import { getOrAdd } from './get-or-add.ts';
import { MAX_DELIVERIES, MAX_DELIVERIES_PER_INTEGRATION } from './limits.ts';

interface Queue {
  running: number;
  readonly waiting: ((release: (() => void) | undefined) => void)[];
}

/**
 * Bounds how many deliveries go on at the same time. Those of one integration wait in their order; the integrations take turns; and
 * each may always have one, so that no other can keep it waiting.
 */
export class DeliverySlots {
  readonly #max: number;
  readonly #maxPerIntegration: number;
  /** Of integrations with something running or waiting, in the order of their turns. */
  readonly #queues = new Map<string, Queue>();
  #running = 0;
  #isClosed = false;

  constructor(max = MAX_DELIVERIES, maxPerIntegration = MAX_DELIVERIES_PER_INTEGRATION) {
    this.#max = max;
    this.#maxPerIntegration = maxPerIntegration;
  }

  get running(): number {
    return this.#running;
  }

  /** Deliveries of an integration that are going on. */
  runningOf(integration: string): number {
    return this.#queues.get(integration)?.running ?? 0;
  }

  /** A slot without waiting. @returns gives it back, to be called once; undefined when there is none now. */
  tryAcquire(integration: string): (() => void) | undefined {
    if (this.#isClosed) return undefined;
    const queue = this.#queueOf(integration);
    return this.#mayStart(queue) ? this.#take(integration, queue) : undefined;
  }

  /** Waits for a slot. @returns gives it back, to be called once; undefined when there will be none any more. */
  acquire(integration: string): Promise<(() => void) | undefined> {
    if (this.#isClosed) return Promise.resolve(undefined);
    const release = this.tryAcquire(integration);
    if (release !== undefined) return Promise.resolve(release);
    return new Promise((resolve) => this.#queueOf(integration).waiting.push(resolve));
  }

  /** Nobody gets a slot any more. */
  close(): void {
    this.#isClosed = true;
    for (const { waiting } of this.#queues.values())
      for (const resolve of waiting.splice(0)) resolve(undefined);
  }

  #queueOf(integration: string): Queue {
    return getOrAdd(this.#queues, integration, () => ({ running: 0, waiting: [] }));
  }

  #mayStart(queue: Queue): boolean {
    if (queue.running === 0) return true;
    return this.#running < this.#max && queue.running < this.#maxPerIntegration;
  }

  #take(integration: string, queue: Queue): () => void {
    queue.running++;
    this.#running++;
    return () => {
      queue.running--;
      this.#running--;
      this.#startWaiting(integration, queue);
    };
  }

  #startWaiting(released: string, own: Queue): void {
    if (own.running === 0 && own.waiting.length === 0) this.#queues.delete(released);
    for (const integration of [...this.#queues.keys()]) {
      const queue = this.#queues.get(integration)!;
      if (queue.waiting.length === 0 || !this.#mayStart(queue)) continue;
      // To the end of the turns.
      this.#queues.delete(integration);
      this.#queues.set(integration, queue);
      queue.waiting.shift()!(this.#take(integration, queue));
    }
  }
}
