import { nativeBlock } from './native/block.ts';
import type { Column } from './native/columns.ts';
import type { SpoolBlock } from './spool.ts';
import { type Batch, createBatch } from './tables.ts';

interface TableColumns {
  readonly table: string;
  readonly byName: Readonly<Record<string, Column>>;
  readonly list: readonly Column[];
}

/** A batch that once held this much gives its memory back when it is no longer needed. */
const LARGE_BYTES = 8 * 1024 ** 2;
/** How far what a batch once held may exceed what it holds nowadays. */
const MAX_EXCESS = 4;
const PEAK_DECAY = 0.95;

/** The open blocks of all tables, seen as a whole. Its memory is used again after each commit. */
export class OpenBatch {
  #batch!: Batch;
  #tables!: readonly TableColumns[];
  #mostBytes = 0;
  #recentBytes = 0;

  constructor() {
    this.#renew();
  }

  get batch(): Batch {
    return this.#batch;
  }

  rowCount(): number {
    let rows = 0;
    for (const { list } of this.#tables) rows += list[0]!.length;
    return rows;
  }

  byteLength(): number {
    let bytes = 0;
    for (const { list } of this.#tables) {
      if (list[0]!.length === 0) continue;
      for (const column of list) bytes += column.byteLength;
    }
    return bytes;
  }

  mark(): void {
    for (const { list } of this.#tables) for (const column of list) column.mark();
  }

  rollback(): void {
    for (const { list } of this.#tables) for (const column of list) column.rollback();
  }

  /** Native blocks of the tables that have rows. They alias the batch's memory until `recycle`. */
  blocks(): SpoolBlock[] {
    return this.#tables
      .filter(({ list }) => list[0]!.length > 0)
      .map(({ table, byName, list }) => ({ table, rows: list[0]!.length, pieces: nativeBlock(byName) }));
  }

  /** Empties the batch. `bytes`: what it held. */
  recycle(bytes: number): void {
    this.#mostBytes = Math.max(this.#mostBytes, bytes);
    this.#recentBytes = Math.max(bytes, this.#recentBytes * PEAK_DECAY);
    if (this.#mostBytes > LARGE_BYTES && this.#mostBytes > this.#recentBytes * MAX_EXCESS) {
      this.#renew();
      return;
    }
    for (const { list } of this.#tables) for (const column of list) column.clear();
  }

  #renew(): void {
    this.#batch = createBatch();
    this.#mostBytes = 0;
    this.#tables = Object.entries(this.#batch).map(([table, rows]) => {
      const byName = rows as unknown as Readonly<Record<string, Column>>;
      return { table, byName, list: Object.values(byName) };
    });
  }
}
