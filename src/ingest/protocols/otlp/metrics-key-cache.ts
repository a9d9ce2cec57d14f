import { HASH_SEED, hashBytes } from '../../text.ts';

export interface KeyCacheLimits {
  /** Entries per generation. */
  readonly entries: number;
  /** Bytes of keys per generation. */
  readonly keyBytes: number;
}

/** Where a key lies; a wire reader is one. */
export interface KeySource {
  readonly bytes: Uint8Array;
  /** Over the same memory as `bytes`. */
  readonly view: DataView;
}

/**
 * A bounded map from bytes to values, for translations that repeat in every request.
 *
 * A lookup neither allocates nor copies: the key is a range of the request body, hashed where it lies and
 * compared with the stored copy. The map holds two generations. When the young one is full the old one is
 * dropped, the young one becomes old, and what is still in use moves over as it is asked for; so at the bound
 * the cache loses what was not used lately and costs one translation for each loss, never a wrong answer.
 */
export class KeyCache<T> {
  readonly #limits: KeyCacheLimits;
  #young: Generation<T>;
  #old: Generation<T>;
  /** How often the old generation was dropped; a number that climbs fast means the bound is too small. */
  turns = 0;

  constructor(limits: KeyCacheLimits) {
    this.#limits = limits;
    this.#young = new Generation(limits.entries);
    this.#old = new Generation(1);
  }

  /** Entries held, those counted twice that moved over. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** The value stored for the bytes `[start, end)` within `space`, a number that keeps equal bytes of different meaning apart. */
  get(space: number, source: KeySource, start: number, end: number): T | undefined {
    const { bytes } = source;
    const hash = hashOf(space, source, start, end);
    const found = this.#young.find(hash, space, bytes, start, end);
    if (found !== undefined) return found;
    const older = this.#old.find(hash, space, bytes, start, end);
    if (older !== undefined) this.#put(hash, space, bytes, start, end, older);
    return older;
  }

  /** Stores a value; the key is copied. The key must not be present. */
  set(space: number, source: KeySource, start: number, end: number, value: T): void {
    this.#put(hashOf(space, source, start, end), space, source.bytes, start, end, value);
  }

  #put(hash: number, space: number, bytes: Uint8Array, start: number, end: number, value: T): void {
    const length = end - start;
    if (length > this.#limits.keyBytes) return;
    if (!this.#young.hasRoom(length, this.#limits)) {
      this.#old = this.#young;
      this.#young = new Generation(this.#limits.entries);
      this.turns++;
    }
    this.#young.add(hash, space, bytes, start, end, value);
  }
}

const INITIAL_KEY_BYTES = 4096;
const INITIAL_SLOTS = 256;
/**
 * Keys come from outside and can be made to collide. A lookup gives up after this many steps, so that such keys cost
 * their sender's translations each time and nobody a long walk.
 */
const MAX_PROBES = 128;

/** Open addressing with linear probing; never more than half full. */
class Generation<T> {
  /** Index of the entry plus one; 0 is free. */
  #slots: Uint32Array;
  #hashes: Int32Array;
  #spaces: Uint32Array;
  #starts: Uint32Array;
  #lengths: Uint32Array;
  #values: T[] = [];
  #keys = new Uint8Array(0);
  #keyEnd = 0;

  constructor(entries: number) {
    const capacity = Math.min(INITIAL_SLOTS, Math.max(1, entries));
    this.#slots = new Uint32Array(powerOfTwo(capacity * 2));
    this.#hashes = new Int32Array(capacity);
    this.#spaces = new Uint32Array(capacity);
    this.#starts = new Uint32Array(capacity);
    this.#lengths = new Uint32Array(capacity);
  }

  get size(): number {
    return this.#values.length;
  }

  hasRoom(keyLength: number, limits: KeyCacheLimits): boolean {
    return this.#values.length < limits.entries && this.#keyEnd + keyLength <= limits.keyBytes;
  }

  find(hash: number, space: number, bytes: Uint8Array, start: number, end: number): T | undefined {
    const mask = this.#slots.length - 1;
    const length = end - start;
    for (let slot = hash & mask, probes = 0; probes < MAX_PROBES; slot = (slot + 1) & mask, probes++) {
      const entry = this.#slots[slot]! - 1;
      if (entry === -1) return undefined;
      if (this.#hashes[entry] !== hash || this.#spaces[entry] !== space) continue;
      if (this.#lengths[entry] === length && this.#keyEquals(this.#starts[entry]!, bytes, start, end)) {
        return this.#values[entry];
      }
    }
    return undefined;
  }

  add(hash: number, space: number, bytes: Uint8Array, start: number, end: number, value: T): void {
    const entry = this.#values.length;
    if (entry === this.#hashes.length) this.#grow();
    const length = end - start;
    this.#reserveKey(length);
    this.#keys.set(bytes.subarray(start, end), this.#keyEnd);
    this.#hashes[entry] = hash;
    this.#spaces[entry] = space;
    this.#starts[entry] = this.#keyEnd;
    this.#lengths[entry] = length;
    this.#keyEnd += length;
    this.#values.push(value);
    this.#occupy(hash, entry);
  }

  #keyEquals(at: number, bytes: Uint8Array, start: number, end: number): boolean {
    const keys = this.#keys;
    for (let i = start, k = at; i < end; i++, k++) if (keys[k] !== bytes[i]) return false;
    return true;
  }

  /** An entry that finds no place within the probes stays unreachable, and its key is a miss from then on. */
  #occupy(hash: number, entry: number): void {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let probes = 0; probes < MAX_PROBES; slot = (slot + 1) & mask, probes++) {
      if (this.#slots[slot] !== 0) continue;
      this.#slots[slot] = entry + 1;
      return;
    }
  }

  #reserveKey(length: number): void {
    const needed = this.#keyEnd + length;
    if (needed <= this.#keys.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#keys.length * 2, INITIAL_KEY_BYTES));
    grown.set(this.#keys.subarray(0, this.#keyEnd));
    this.#keys = grown;
  }

  #grow(): void {
    const capacity = this.#hashes.length * 2;
    this.#hashes = enlarged(this.#hashes, new Int32Array(capacity));
    this.#spaces = enlarged(this.#spaces, new Uint32Array(capacity));
    this.#starts = enlarged(this.#starts, new Uint32Array(capacity));
    this.#lengths = enlarged(this.#lengths, new Uint32Array(capacity));
    this.#slots = new Uint32Array(powerOfTwo(capacity * 2));
    for (let entry = 0; entry < this.#values.length; entry++) this.#occupy(this.#hashes[entry]!, entry);
  }
}

function enlarged<A extends Int32Array | Uint32Array>(from: A, to: A): A {
  to.set(from);
  return to;
}

function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(atLeast));
}

function hashOf(space: number, source: KeySource, start: number, end: number): number {
  return hashBytes(source.view, start, end, HASH_SEED ^ Math.imul(space, 0x9e3779b1));
}
