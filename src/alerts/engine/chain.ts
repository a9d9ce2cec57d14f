/** Does one thing after the other, in the order they came. */
export class Chain {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    // Whoever asked for it gets the error; the next one goes on.
    this.#last = result.catch(() => undefined);
    return result;
  }
}
