const NONE = -1;

/** Memory of the items of one slab, owned by a pool. */
export interface SlabMemory {
  /** Makes memory for the slab's items. */
  create(slab: number): void;
  /** The slab has no items in use and is forgotten. */
  drop(slab: number): void;
}

/**
 * Gives out items by number, slab by slab: item `i` is in slab `i >>> shift`. Each item has a link to another for the pool's use. Slabs
 * without items in use are dropped, a few kept, so that memory follows use.
 */
export class Slabs {
  inUse = 0;
  /** Slabs that have memory. */
  present = 0;
  /** Successor of each item in use. */
  links = new Int32Array(0);
  readonly #shift: number;
  readonly #memory: SlabMemory;
  /** Per slab the first free item, linked through `links`; NONE if all are in use. */
  #firstFree = new Int32Array(16);
  #used = new Int32Array(16);
  readonly #isPresent: boolean[] = [];
  /** Where items come from; NONE if no slab has a free one. */
  #open = NONE;
  /** Other slabs that may have free items. */
  readonly #others: number[] = [];

  constructor(shift: number, memory: SlabMemory) {
    this.#shift = shift;
    this.#memory = memory;
  }

  get byteLength(): number {
    return this.links.byteLength + this.#firstFree.byteLength * 2;
  }

  take(): number {
    const slab = this.#open === NONE ? this.#create() : this.#open;
    const item = this.#firstFree[slab]!;
    const next = this.links[item]!;
    this.#firstFree[slab] = next;
    this.#used[slab]!++;
    this.inUse++;
    if (next === NONE) this.#open = this.#nextOpen();
    return item;
  }

  release(item: number): void {
    const slab = item >>> this.#shift;
    const wasFull = this.#firstFree[slab] === NONE;
    this.links[item] = this.#firstFree[slab]!;
    this.#firstFree[slab] = item;
    this.inUse--;
    if (wasFull) this.#others.push(slab);
    if (--this.#used[slab]! > 0) return;
    const free = (this.present << this.#shift) - this.inUse;
    if (slab !== this.#open && free > 2 << this.#shift) {
      this.#isPresent[slab] = false;
      this.present--;
      this.#memory.drop(slab);
    }
  }

  #nextOpen(): number {
    for (let slab = this.#others.pop(); slab !== undefined; slab = this.#others.pop()) {
      if (this.#isPresent[slab] && this.#firstFree[slab] !== NONE) return slab;
    }
    return NONE;
  }

  /** Opens a slab: one that has room, else a new one under the lowest number without memory. */
  #create(): number {
    this.#open = this.#nextOpen();
    if (this.#open !== NONE) return this.#open;
    const found = this.present < this.#isPresent.length ? this.#isPresent.indexOf(false) : NONE;
    const slab = found === NONE ? this.#isPresent.length : found;
    if (slab >= this.#firstFree.length) {
      this.#firstFree = grown(this.#firstFree, slab + 1);
      this.#used = grown(this.#used, slab + 1);
    }
    const first = slab << this.#shift;
    const end = first + (1 << this.#shift);
    this.links = grown(this.links, end);
    for (let i = first; i < end; i++) this.links[i] = i + 1;
    this.links[end - 1] = NONE;
    this.#firstFree[slab] = first;
    this.#used[slab] = 0;
    this.#isPresent[slab] = true;
    this.present++;
    this.#memory.create(slab);
    this.#open = slab;
    return slab;
  }
}

function grown(array: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  if (length <= array.length) return array;
  const larger = new Int32Array(Math.max(length, array.length * 2));
  larger.set(array);
  return larger;
}
