const INITIAL_ENTRIES = 1024;

/**
 * The series that are alive: 64-bit id, when last asked for, and what they count for. A hash table in typed arrays, about 40 bytes per
 * entry; entries stand in the order they were added, so the last one can be taken back.
 *
 * @typeParam O what the counts of an entry belong to.
 */
export class SeriesTable<O> {
  /** Index of the entry plus one, 0 is free; linear probing, at most half full. Ids are cryptographic hashes and need no mixing. */
  #slots = new Uint32Array(INITIAL_ENTRIES * 2);
  #lows = new Uint32Array(INITIAL_ENTRIES);
  #highs = new Uint32Array(INITIAL_ENTRIES);
  #windows = new Uint32Array(INITIAL_ENTRIES);
  #owners: O[] = [];

  get size(): number {
    return this.#owners.length;
  }

  /** Whether the id is there; if so it was last asked for in `window` from now on. */
  touch(low: number, high: number, window: number): boolean {
    const mask = this.#slots.length - 1;
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot]! - 1;
      if (entry === -1) return false;
      if (this.#lows[entry] !== low || this.#highs[entry] !== high) continue;
      this.#windows[entry] = window;
      return true;
    }
  }

  /** Adds an id that is not there. */
  add(low: number, high: number, window: number, owner: O): void {
    const entry = this.#owners.length;
    if (entry === this.#lows.length) this.#grow();
    this.#lows[entry] = low;
    this.#highs[entry] = high;
    this.#windows[entry] = window;
    this.#owners.push(owner);
    this.#occupy(entry);
  }

  /** Takes back the entry that was added last. Nothing was placed after it, so its slot can simply be freed. */
  removeLast(): O | undefined {
    const owner = this.#owners.pop();
    if (owner === undefined) return undefined;
    const entry = this.#owners.length;
    const mask = this.#slots.length - 1;
    let slot = this.#lows[entry]! & mask;
    while (this.#slots[slot] !== entry + 1) slot = (slot + 1) & mask;
    this.#slots[slot] = 0;
    return owner;
  }

  /** Forgets the entries last asked for before `window`; each of their owners is told. */
  dropBefore(window: number, dropped: (owner: O) => void): void {
    const owners = this.#owners;
    this.#owners = [];
    for (let entry = 0; entry < owners.length; entry++) {
      const owner = owners[entry]!;
      if (this.#windows[entry]! < window) {
        dropped(owner);
        continue;
      }
      const to = this.#owners.length;
      this.#lows[to] = this.#lows[entry]!;
      this.#highs[to] = this.#highs[entry]!;
      this.#windows[to] = this.#windows[entry]!;
      this.#owners.push(owner);
    }
    this.#rebuild(Math.max(INITIAL_ENTRIES, 2 ** Math.ceil(Math.log2(this.#owners.length + 1))));
  }

  #grow(): void {
    this.#rebuild(this.#lows.length * 2);
  }

  #rebuild(capacity: number): void {
    const count = this.#owners.length;
    this.#lows = resized(this.#lows, capacity, count);
    this.#highs = resized(this.#highs, capacity, count);
    this.#windows = resized(this.#windows, capacity, count);
    this.#slots = new Uint32Array(capacity * 2);
    for (let entry = 0; entry < count; entry++) this.#occupy(entry);
  }

  #occupy(entry: number): void {
    const mask = this.#slots.length - 1;
    let slot = this.#lows[entry]! & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = entry + 1;
  }
}

function resized(from: Uint32Array, capacity: number, used: number): Uint32Array<ArrayBuffer> {
  const to = new Uint32Array(capacity);
  to.set(from.subarray(0, Math.min(used, capacity)));
  return to;
}
