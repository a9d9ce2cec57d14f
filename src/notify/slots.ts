/** So many may do something at the same time; the others wait in the order they came. */
export class Slots {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(count: number) {
    this.#free = count;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Waits for a slot.
   *
   * @returns gives it back, to be called once; undefined when the signal aborted before there was one.
   */
  acquire(signal: AbortSignal): Promise<(() => void) | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    if (this.#free > 0) {
      this.#free--;
      return Promise.resolve(() => this.#release());
    }
    return new Promise((resolve) => {
      const onAbort = () => {
        this.#waiting.delete(onSlot);
        resolve(undefined);
      };
      const onSlot = () => {
        signal.removeEventListener('abort', onAbort);
        resolve(() => this.#release());
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(onSlot);
    });
  }

  #release(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free++;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
