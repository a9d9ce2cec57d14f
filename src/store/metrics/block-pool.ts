import { wordsOf } from '../../model/samples.ts';
import { Slabs } from './head-slabs.ts';

/** Samples per block. */
export const BLOCK_SAMPLES = 16;
const BLOCK_DOUBLES = 2 * BLOCK_SAMPLES;
export const BLOCK_BYTES = 8 * BLOCK_DOUBLES;
const SLAB_SHIFT = 10;
const SLAB_BLOCKS = 1 << SLAB_SHIFT;
const SLAB_MASK = SLAB_BLOCKS - 1;

/** In place of the memory of a dropped slab. */
const NOTHING = new Float64Array(0);
const NO_WORDS = wordsOf(NOTHING);

/** No block. */
export const NO_BLOCK = -1;

/**
 * Blocks of samples, times and values side by side so that one append touches one cache line, and a link per block. Memory grows and
 * shrinks slab by slab and nothing moves.
 */
export class BlockPool {
  readonly #items: Slabs;
  readonly #slabs: Float64Array[] = [];
  readonly #words: Uint32Array[] = [];

  constructor() {
    this.#items = new Slabs(SLAB_SHIFT, {
      create: (slab) => {
        const doubles = new Float64Array(SLAB_BLOCKS * BLOCK_DOUBLES);
        this.#slabs[slab] = doubles;
        this.#words[slab] = wordsOf(doubles);
      },
      drop: (slab) => {
        this.#slabs[slab] = NOTHING;
        this.#words[slab] = NO_WORDS;
      },
    });
  }

  /** Bytes of the blocks that hold samples. */
  get usedBytes(): number {
    return this.#items.inUse * BLOCK_BYTES;
  }

  get byteLength(): number {
    return this.#items.present * SLAB_BLOCKS * BLOCK_BYTES + this.#items.byteLength;
  }

  /** A block without a successor. */
  take(): number {
    const block = this.#items.take();
    this.#items.links[block] = NO_BLOCK;
    return block;
  }

  /** Gives the block and its successors back. */
  release(first: number): void {
    for (let block = first; block !== NO_BLOCK; ) {
      const next = this.#items.links[block]!;
      this.#items.release(block);
      block = next;
    }
  }

  link(block: number, next: number): void {
    this.#items.links[block] = next;
  }

  write(block: number, slot: number, timeMs: number, valueLow: number, valueHigh: number): void {
    const slab = block >>> SLAB_SHIFT;
    const at = (block & SLAB_MASK) * BLOCK_DOUBLES + 2 * slot;
    this.#slabs[slab]![at] = timeMs;
    const words = this.#words[slab]!;
    words[2 * at + 2] = valueLow;
    words[2 * at + 3] = valueHigh;
  }

  /** Copies the first `count` samples of a chain of blocks into columns, from index `at` on. */
  read(
    first: number,
    count: number,
    target: { timesMs: Float64Array; words: Uint32Array },
    at: number,
  ): void {
    const { timesMs, words } = target;
    let block = first;
    for (let done = 0; done < count; done += BLOCK_SAMPLES) {
      const slab = block >>> SLAB_SHIFT;
      const doubles = this.#slabs[slab]!;
      const source = this.#words[slab]!;
      const limit = Math.min(BLOCK_SAMPLES, count - done);
      let from = (block & SLAB_MASK) * BLOCK_DOUBLES;
      for (let i = at + done; i < at + done + limit; i++, from += 2) {
        timesMs[i] = doubles[from]!;
        words[2 * i] = source[2 * from + 2]!;
        words[2 * i + 1] = source[2 * from + 3]!;
      }
      block = this.#items.links[block]!;
    }
  }
}
