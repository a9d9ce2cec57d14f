import { Slabs } from './head-slabs.ts';

export const CELL_BYTES = 64;
const SLAB_SHIFT = 12;
const SLAB_CELLS = 1 << SLAB_SHIFT;
const SLAB_MASK = SLAB_CELLS - 1;

/** In place of the memory of a dropped slab. */
const NOTHING = new Uint8Array(0);
const NO_CELL = -1;

/**
 * Byte strings that grow at their end, in cells of 64 bytes linked in a ring: the string is known by its last cell, whose successor is
 * the first. Nothing moves, and little is lost at the ends.
 */
export class CellPool {
  readonly #items: Slabs;
  readonly #slabs: Uint8Array[] = [];

  constructor() {
    this.#items = new Slabs(SLAB_SHIFT, {
      create: (slab) => {
        this.#slabs[slab] = new Uint8Array(SLAB_CELLS * CELL_BYTES);
      },
      drop: (slab) => {
        this.#slabs[slab] = NOTHING;
      },
    });
  }

  get byteLength(): number {
    return this.#items.present * SLAB_CELLS * CELL_BYTES + this.#items.byteLength;
  }

  /**
   * Appends bytes to a string of `length` bytes whose last cell is `last` (anything if the length is 0); returns the new last cell.
   */
  append(last: number, length: number, data: Uint8Array): number {
    let cell = last;
    let filled = length === 0 ? CELL_BYTES : ((length - 1) % CELL_BYTES) + 1;
    for (let i = 0; i < data.length; ) {
      if (filled === CELL_BYTES) {
        cell = this.#takeAfter(length === 0 && i === 0 ? NO_CELL : cell);
        filled = 0;
      }
      const slab = this.#slabs[cell >>> SLAB_SHIFT]!;
      const end = Math.min(data.length, i + CELL_BYTES - filled);
      let at = (cell & SLAB_MASK) * CELL_BYTES + filled;
      filled += end - i;
      for (; i < end; i++) slab[at++] = data[i]!;
    }
    return cell;
  }

  /** Copies the string to the start of `out`, which has room for it. */
  read(last: number, length: number, out: Uint8Array): void {
    let cell = last;
    for (let done = 0; done < length; ) {
      cell = this.#items.links[cell]!;
      const slab = this.#slabs[cell >>> SLAB_SHIFT]!;
      const end = Math.min(length, done + CELL_BYTES);
      let at = (cell & SLAB_MASK) * CELL_BYTES;
      for (; done < end; done++) out[done] = slab[at++]!;
    }
  }

  /** Gives the cells of a string of at least one byte back. */
  release(last: number): void {
    const { links } = this.#items;
    for (let cell = links[last]!; ; ) {
      const next = links[cell]!;
      this.#items.release(cell);
      if (cell === last) return;
      cell = next;
    }
  }

  #takeAfter(previous: number): number {
    const cell = this.#items.take();
    const { links } = this.#items;
    if (previous === NO_CELL) {
      links[cell] = cell;
    } else {
      links[cell] = links[previous]!;
      links[previous] = cell;
    }
    return cell;
  }
}
