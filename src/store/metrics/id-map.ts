const MIN_SLOTS = 1024;
/** Slots per key at which the table grows; it is between a third and two thirds full. */
const GROW_NUMERATOR = 2;
const GROW_DENOMINATOR = 3;

/** Low bits of a slot hold the index, plus one; the bits above them a tag, so that few slots of other keys need a look at the key. */
const INDEX_BITS = 26;
const INDEX_MASK = (1 << INDEX_BITS) - 1;

/** Most indexes a map can hold. */
export const MAX_INDEXES = INDEX_MASK - 1;

/**
 * Finds the index of a 64-bit id given as two 32-bit words. The keys themselves lie in the caller's memory, where they are needed
 * anyway: the id of index `i` is at words `i * stride` (low) and `i * stride + 1`. Open addressing, linear probing, four bytes a slot.
 */
export class IdMap {
  size = 0;
  readonly #stride: number;
  #keys: Int32Array;
  #slots = new Uint32Array(MIN_SLOTS);
  #mask = MIN_SLOTS - 1;

  constructor(keys: Int32Array, stride: number) {
    this.#keys = keys;
    this.#stride = stride;
  }

  get byteLength(): number {
    return this.#slots.byteLength;
  }

  /** To be called when the caller's memory has moved. */
  setKeys(keys: Int32Array): void {
    this.#keys = keys;
  }

  /** The index, or -1. Words may be signed or unsigned. */
  find(low: number, high: number): number {
    const slots = this.#slots;
    const mask = this.#mask;
    const keys = this.#keys;
    const hash = hashOf(low, high);
    const tag = hash >>> INDEX_BITS;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = slots[slot]!;
      if (entry === 0) return -1;
      if (entry >>> INDEX_BITS !== tag) continue;
      const index = (entry & INDEX_MASK) - 1;
      const key = index * this.#stride;
      if (keys[key] === (low | 0) && keys[key + 1] === (high | 0)) return index;
    }
  }

  /** Adds an index whose id, not in the map yet, is already in the caller's memory. */
  add(index: number): void {
    if ((this.size + 1) * GROW_DENOMINATOR > this.#slots.length * GROW_NUMERATOR)
      this.#resize(this.#slots.length * 2);
    this.#insert(index);
    this.size++;
  }

  /** Takes an index out; its id must still be in the caller's memory. */
  delete(index: number): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let slot = this.#hashAt(index) & mask;
    while ((slots[slot]! & INDEX_MASK) - 1 !== index) {
      if (slots[slot] === 0) return;
      slot = (slot + 1) & mask;
    }
    // Entries behind the gap move up if the gap lies between their home and them, so that no probe ends early.
    for (let next = (slot + 1) & mask; slots[next] !== 0; next = (next + 1) & mask) {
      const home = this.#hashAt((slots[next]! & INDEX_MASK) - 1) & mask;
      if (((next - home) & mask) < ((next - slot) & mask)) continue;
      slots[slot] = slots[next]!;
      slot = next;
    }
    slots[slot] = 0;
    this.size--;
    if (slots.length > MIN_SLOTS && this.size * 8 < slots.length) this.#resize(slots.length / 2);
  }

  #resize(slotCount: number): void {
    const before = this.#slots;
    this.#slots = new Uint32Array(slotCount);
    this.#mask = slotCount - 1;
    for (const entry of before) if (entry !== 0) this.#insert((entry & INDEX_MASK) - 1);
  }

  #insert(index: number): void {
    const hash = this.#hashAt(index);
    let slot = hash & this.#mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask;
    this.#slots[slot] = ((hash >>> INDEX_BITS) << INDEX_BITS) | (index + 1);
  }

  #hashAt(index: number): number {
    const key = index * this.#stride;
    return hashOf(this.#keys[key]!, this.#keys[key + 1]!);
  }
}

function hashOf(low: number, high: number): number {
  let hash = low ^ Math.imul(high, 0x9e37_79b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
