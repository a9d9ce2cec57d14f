import type { Clock } from './clock.ts';
import type { MetricsHead } from './metrics/head.ts';
import type { Writer } from './writer.ts';

const CHUNKS = 'metric_chunks';
/** After this time chunks may leave memory even if they are not stored: with a store that takes nothing, nobody can ask it anyway. */
const LONGEST_HOLD_MS = 60_000;

interface Held {
  /** Chunks that were written up to then. */
  readonly written: number;
  readonly release: () => void;
}

/**
 * Chunks are durable in the spool a moment before they can be read from the store. Until then they must stay in memory, or a query in
 * between would find them nowhere.
 */
export class StoredHold {
  readonly #head: Pick<MetricsHead, 'hold'>;
  readonly #clock: Clock;
  readonly #unsubscribe: () => void;
  #written = 0;
  #stored = 0;
  #held: Held[] = [];
  readonly #cancels = new Set<() => void>();

  constructor(head: Pick<MetricsHead, 'hold'>, writer: Pick<Writer, 'onStored'>, clock: Clock) {
    this.#head = head;
    this.#clock = clock;
    this.#unsubscribe = writer.onStored(({ table, rows }) => {
      // Others write chunks as well, so there may be more than were counted.
      if (table === CHUNKS) this.#reach(Math.min(this.#stored + rows, this.#written));
    });
  }

  /** A chunk was appended to the open batch. */
  chunkWritten(): void {
    this.#written++;
  }

  /** Holds what is in memory until all chunks written so far are stored. To be called before they may be dropped. */
  begin(): void {
    const written = this.#written;
    if (this.#stored >= written) return;
    this.#held.push({ written, release: this.#head.hold() });
    const cancel = this.#clock.after(LONGEST_HOLD_MS, () => {
      this.#cancels.delete(cancel);
      this.#reach(Math.max(this.#stored, written));
    });
    this.#cancels.add(cancel);
  }

  stop(): void {
    this.#unsubscribe();
    for (const cancel of this.#cancels) cancel();
    this.#reach(this.#written);
  }

  #reach(stored: number): void {
    this.#stored = stored;
    const done = this.#held.filter(({ written }) => written <= stored);
    this.#held = this.#held.filter(({ written }) => written > stored);
    for (const { release } of done) release();
  }
}
