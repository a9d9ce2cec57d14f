import { DAY_MS } from '../lib/time.ts';
import type { StreamRegistry } from './types.ts';

type RegistryTable = Parameters<StreamRegistry['firstSeen']>[0];

const TABLES: readonly RegistryTable[] = ['streams', 'metric_series', 'metric_metadata'];
const DEFAULT_CAPACITY = 400_000;

/** Over all registries, so that an epoch remembered from one never fits another. */
let epochs = 0;

/** What one table has seen: id to number of the day. Two generations, so that the ids in use survive when it is full. */
interface Seen {
  current: Map<bigint, number>;
  previous: Map<bigint, number>;
}

interface Change {
  readonly table: RegistryTable;
  readonly id: bigint;
  readonly dayBefore: number | undefined;
}

/**
 * Remembers in memory which rows were written for the current day.
 *
 * Bounded by `capacity` ids per table (about 80 bytes each). When half of that is reached, the ids that were not used since the last
 * time are forgotten, and their rows are written once more when they come back.
 */
export class MemoryStreamRegistry implements StreamRegistry {
  readonly #generationSize: number;
  readonly #seen: Record<RegistryTable, Seen>;
  #changes: Change[] = [];
  #epoch = ++epochs;

  constructor(options: { capacity?: number } = {}) {
    this.#generationSize = Math.max(1, Math.floor((options.capacity ?? DEFAULT_CAPACITY) / 2));
    this.#seen = { streams: emptySeen(), metric_series: emptySeen(), metric_metadata: emptySeen() };
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Ids remembered, over all tables. */
  get size(): number {
    return TABLES.reduce(
      (sum, table) => sum + this.#seen[table].current.size + this.#seen[table].previous.size,
      0,
    );
  }

  firstSeen(table: RegistryTable, id: bigint, dayMs: number): boolean {
    const seen = this.#seen[table];
    const day = Math.floor(dayMs / DAY_MS);
    const known = seen.current.get(id);
    if (known === day) return false;
    const dayBefore = known ?? seen.previous.get(id);
    this.#put(seen, id, day);
    if (dayBefore === day) return false;
    this.#changes.push({ table, id, dayBefore });
    return true;
  }

  #put(seen: Seen, id: bigint, day: number): void {
    if (seen.current.size >= this.#generationSize && !seen.current.has(id)) {
      seen.previous = seen.current;
      seen.current = new Map();
    }
    seen.current.set(id, day);
    seen.previous.delete(id);
  }

  mark(): void {
    this.#changes = [];
  }

  rollback(): void {
    if (this.#changes.length > 0) this.#epoch = ++epochs;
    for (let i = this.#changes.length - 1; i >= 0; i--) {
      const { table, id, dayBefore } = this.#changes[i]!;
      const seen = this.#seen[table];
      seen.previous.delete(id);
      if (dayBefore === undefined) seen.current.delete(id);
      else seen.current.set(id, dayBefore);
    }
    this.#changes = [];
  }

  reset(): void {
    this.#epoch = ++epochs;
    for (const table of TABLES) this.#seen[table] = emptySeen();
    this.#changes = [];
  }
}

function emptySeen(): Seen {
  return { current: new Map(), previous: new Map() };
}
