import type { Clock } from '../../lib/clock.ts';
import type { QueueRecord } from './disk-queue.ts';
import type { RequestItem } from './encode-request.ts';

/** An item and the record it came with. */
export interface ShardItem extends RequestItem {
  readonly record: QueueRecord;
}

export interface ShardParts {
  readonly maxPerSend: number;
  readonly deadlineMs: number;
  readonly clock: Clock;
  /** Sends a batch; resolves with whether it is done with, however it went. Must not reject. */
  readonly send: (batch: readonly ShardItem[]) => Promise<boolean>;
  /** Called when a batch is done with. */
  readonly onDone: (batch: readonly ShardItem[]) => void;
}

/** Sends what belongs to its series, one request at a time, so that the order of each series is kept. */
export class Shard {
  readonly #parts: ShardParts;
  #full: ShardItem[][] = [];
  #open: ShardItem[] = [];
  #cancelDeadline: () => void = () => {};
  #isDue = false;
  #isBusy = false;
  /** Items of the batch that is being sent. */
  #sending = 0;
  #busySinceMs = 0;
  #busyMs = 0;

  constructor(parts: ShardParts) {
    this.#parts = parts;
  }

  /** Items that are not done with. */
  get items(): number {
    return this.#full.reduce((sum, batch) => sum + batch.length, this.#open.length + this.#sending);
  }

  /** Time spent sending since the last call, milliseconds. */
  takeBusyMs(): number {
    const now = this.#parts.clock.elapsed();
    const spent = this.#busyMs + (this.#isBusy ? now - this.#busySinceMs : 0);
    this.#busyMs = 0;
    this.#busySinceMs = now;
    return spent;
  }

  add(item: ShardItem): void {
    this.#open.push(item);
    if (this.#open.length >= this.#parts.maxPerSend) this.#close();
    else if (this.#open.length === 1) {
      this.#cancelDeadline = this.#parts.clock.after(this.#parts.deadlineMs, () => this.flush());
    }
    this.#next();
  }

  /** Does not wait for more company. */
  flush(): void {
    this.#isDue = this.#open.length > 0;
    this.#next();
  }

  #close(): void {
    this.#cancelDeadline();
    this.#isDue = false;
    this.#full.push(this.#open);
    this.#open = [];
  }

  #next(): void {
    if (this.#isBusy) return;
    if (this.#full.length === 0 && this.#isDue) this.#close();
    const batch = this.#full.shift();
    if (batch === undefined) return;
    this.#isBusy = true;
    this.#sending = batch.length;
    this.#busySinceMs = this.#parts.clock.elapsed();
    void this.#parts.send(batch).then((isDone) => this.#sent(batch, isDone));
  }

  #sent(batch: readonly ShardItem[], isDone: boolean): void {
    // Sending has ended: the rest waits for the next run.
    if (!isDone) return;
    this.#isBusy = false;
    this.#sending = 0;
    this.#busyMs += this.#parts.clock.elapsed() - this.#busySinceMs;
    this.#parts.onDone(batch);
    this.#next();
  }
}
