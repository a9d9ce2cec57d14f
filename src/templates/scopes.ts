/** Names with what they stand for; an inner one hides an outer one until the structure around it ends. */
export class Scopes<T> {
  readonly #names: string[] = [];
  readonly #stacks = new Map<string, T[]>();

  get length(): number {
    return this.#names.length;
  }

  push(name: string, value: T): void {
    this.#names.push(name);
    const stack = this.#stacks.get(name);
    if (stack === undefined) this.#stacks.set(name, [value]);
    else stack.push(value);
  }

  /** The innermost. */
  get(name: string): T | undefined {
    return this.#stacks.get(name)?.at(-1);
  }

  /** Forgets everything that came after a {@link length}. */
  cut(length: number): void {
    while (this.#names.length > length) this.#stacks.get(this.#names.pop()!)!.pop();
  }
}
