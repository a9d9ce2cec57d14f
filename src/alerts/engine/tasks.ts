/** Work that goes on and can be waited for. */
export class Tasks {
  readonly #running = new Set<Promise<unknown>>();
  readonly #onBug: (error: unknown) => void;

  /** @param onBug told of work that rejected, which none should. */
  constructor(onBug: (error: unknown) => void) {
    this.#onBug = onBug;
  }

  readonly track = (work: Promise<unknown>): void => {
    const tracked: Promise<unknown> = work.catch(this.#onBug).finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
  };

  /** Resolves once nothing goes on. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
