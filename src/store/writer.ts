import type { BellwetherError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { Admission } from './admission.ts';
import { type Clock, sleep, systemClock } from './clock.ts';
import { createDeferred, type Deferred } from './deferred.ts';
import { Inserter, type InsertTarget, type StoredRows } from './inserter.ts';
import { JOURNALED, Journal, type SampleRows, takeJournal } from './journal.ts';
import { OpenBatch } from './open-batch.ts';
import { Spool, type SpoolFile } from './spool.ts';
import { nodeSpoolFs, type SpoolFs } from './spool-fs.ts';
import { type Batch, tables } from './tables.ts';
import { commitError } from './writer-errors.ts';
import { type WriterStats, writerStats } from './writer-stats.ts';

/** Bounds of the write path; see each. */
export interface WriterLimits {
  /** Bytes of blocks in memory and on disk that wait for the store. Default: 1 GiB or a tenth of the free disk. */
  readonly spoolBytes: number;
  /** Bytes in memory that are not durable yet. */
  readonly openBytes: number;
  /** Free disk below which senders are refused, bytes. */
  readonly freeDiskBytes: number;
  /** Longest wait for company before a commit, milliseconds. */
  readonly lingerMs: number;
  /** Time between two inserts of one table, milliseconds. */
  readonly insertIntervalMs: number;
  /** What `rejected/` may hold. */
  readonly rejectedFiles: number;
  readonly rejectedBytes: number;
}

export interface WriterOptions {
  readonly target: InsertTarget;
  /** Directory of its own, on a local disk; nobody else may write there. */
  readonly spoolDir: string;
  readonly limits?: Partial<WriterLimits>;
  readonly log: Log;
  readonly clock?: Clock;
  readonly fs?: SpoolFs;
  /** Gets the samples that an earlier process left in the journal, before the writer takes anything. */
  readonly replay?: (rows: SampleRows) => void;
}

/**
 * The way in: rows are appended to the open batch, made durable together with what others append at the same time, and then
 * inserted. Appending is synchronous; only `committed` waits.
 */
export interface Writer {
  /** The batch to append to. Valid until the next turn of the event loop. */
  batch(): Batch;
  /** Remembers the end of every column; one level. */
  mark(): void;
  /** Drops what was appended since `mark`. */
  rollback(): void;
  /**
   * Says whether anything can be taken now.
   *
   * @throws BellwetherError with `retryAfterS`: 429 `spool_full`, `too_much_in_memory`; 503 `storage_unavailable`, `disk_full`,
   * `shutting_down`.
   */
  admit(): void;
  /**
   * Resolves when everything appended so far is durable.
   *
   * @throws BellwetherError 503 `disk_full` or `spool_write_failed` with `retryAfterS`; nothing of the group remains then.
   */
  committed(): Promise<void>;
  /** Called when a commit failed, before its waiters learn of it. The answer unsubscribes. */
  onDiscard(listener: () => void): () => void;
  /**
   * Called with every block that has become durable, before its senders learn of it, in the order of durability. The batch's memory
   * is used again afterwards.
   */
  onDurable(listener: (batch: Batch) => void): () => void;
  /** Durable samples that are stored nowhere else yet. */
  readonly journal: Pick<Journal, 'files' | 'bytes' | 'release'>;
  /** Called when rows have become readable. */
  onStored(listener: (stored: StoredRows) => void): () => void;
  /** Tries waiting inserts at once; call it when the store has become ready. */
  wake(): void;
  stats(): WriterStats;
  /**
   * For a graceful stop: refuses new input, makes what is open durable, and inserts what it can within `insertMs`. What is
   * left stays in the spool for the next start. The writer cannot be used afterwards.
   */
  drain(insertMs?: number): Promise<void>;
}

const MIB = 1024 ** 2;
const DEFAULT_LIMITS = {
  openBytes: 64 * MIB,
  freeDiskBytes: 128 * MIB,
  lingerMs: 100,
  insertIntervalMs: 300,
  rejectedFiles: 100,
  rejectedBytes: 256 * MIB,
};
const PARALLEL_INSERTS = 2;
const DRAIN_INSERT_MS = 2_000;
/** Blocks of this size are large enough that waiting for company saves nothing. */
const LARGE_GROUP_BYTES = 128 * 1024;
/** From so many waiting files on it is better to write fewer. */
const BACKLOG_FILES = 200;
/** A group this large is written without waiting for anything. */
const FULL_GROUP_BYTES = 8 * MIB;

/** Opens the spool, queues what an earlier process left there, and starts. */
export async function createWriter(options: WriterOptions): Promise<Writer> {
  const fs = options.fs ?? nodeSpoolFs;
  const clock = options.clock ?? systemClock;
  await fs.makeDirectory(options.spoolDir);
  const freeBytes = await fs.freeBytes(options.spoolDir);
  const spoolBytes = Math.max(64 * MIB, Math.min(1024 * MIB, Math.floor(freeBytes / 10)));
  const limits: WriterLimits = { spoolBytes, ...DEFAULT_LIMITS, ...options.limits };
  const columns = Object.fromEntries(
    Object.values(tables).map((table) => [table.name, Object.keys(table.columns)]),
  );
  const { spool, leftovers } = await Spool.open({
    directory: options.spoolDir,
    fs,
    clock,
    log: options.log,
    columns,
    rejected: { files: limits.rejectedFiles, bytes: limits.rejectedBytes },
  });
  const journal = new Journal(spool, options.log);
  const { journaled, others } = await takeJournal(leftovers, spool);
  await journal.replay(journaled, options.replay ?? (() => {}));
  const listeners = new Set<(stored: StoredRows) => void>();
  const inserter = new Inserter(
    {
      spool,
      target: options.target,
      clock,
      log: options.log,
      intervalMs: limits.insertIntervalMs,
      parallel: PARALLEL_INSERTS,
      onStored: (stored) => {
        for (const listener of listeners) listener(stored);
      },
    },
    others,
  );
  const free = () => fs.freeBytes(options.spoolDir);
  return new GroupCommitWriter({
    spool,
    inserter,
    journal,
    clock,
    log: options.log,
    limits,
    listeners,
    free,
  });
}

interface Parts {
  readonly spool: Spool;
  readonly inserter: Inserter;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: WriterLimits;
  readonly listeners: Set<(stored: StoredRows) => void>;
  readonly free: () => Promise<number>;
}

class GroupCommitWriter implements Writer {
  readonly #parts: Parts;
  readonly #admission: Admission;
  readonly #discardListeners = new Set<() => void>();
  readonly #durableListeners = new Set<(batch: Batch) => void>();
  #open = new OpenBatch();
  #spare = new OpenBatch();
  /** Bytes of the batch that is being written. */
  #writingBytes = 0;
  #waiters: Deferred<void> | undefined;
  #writing: Promise<void> | undefined;
  #cancelTimer: () => void = () => {};
  #firstAskedMs = 0;
  #lastAskedMs = 0;
  /** Commits per second, decaying. */
  #commitRate = 0;
  #lastCommitMs = 0;
  #isDraining = false;
  readonly #counts = { commits: 0, committedRows: 0, committedBytes: 0, commitFailures: 0, commitMs: 0 };

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#admission = new Admission(parts);
  }

  batch(): Batch {
    return this.#open.batch;
  }

  mark(): void {
    this.#open.mark();
  }

  rollback(): void {
    this.#open.rollback();
  }

  admit(): void {
    this.#admission.check({
      memoryBytes: this.#open.byteLength() + this.#writingBytes,
      spoolBytes: this.#parts.spool.bytes,
      insertsFail: this.#parts.inserter.stats().failingSinceMs !== undefined,
      isDraining: this.#isDraining,
    });
  }

  committed(): Promise<void> {
    if (this.#open.rowCount() === 0) return this.#writing ?? Promise.resolve();
    const now = this.#parts.clock.now();
    this.#lastAskedMs = now;
    if (this.#waiters === undefined) {
      this.#waiters = createDeferred();
      this.#firstAskedMs = now;
    }
    this.#schedule();
    return this.#waiters.promise;
  }

  onDiscard(listener: () => void): () => void {
    this.#discardListeners.add(listener);
    return () => this.#discardListeners.delete(listener);
  }

  onDurable(listener: (batch: Batch) => void): () => void {
    this.#durableListeners.add(listener);
    return () => this.#durableListeners.delete(listener);
  }

  get journal(): Journal {
    return this.#parts.journal;
  }

  onStored(listener: (stored: StoredRows) => void): () => void {
    this.#parts.listeners.add(listener);
    return () => this.#parts.listeners.delete(listener);
  }

  wake(): void {
    this.#parts.inserter.wake();
  }

  stats(): WriterStats {
    const { spool, inserter, limits, clock } = this.#parts;
    return writerStats({
      ...this.#counts,
      spool,
      inserter,
      spoolLimitBytes: limits.spoolBytes,
      openRows: this.#open.rowCount(),
      openBytes: this.#open.byteLength() + this.#writingBytes,
      refused: this.#admission.refused(),
      nowMs: clock.now(),
    });
  }

  async drain(insertMs = DRAIN_INSERT_MS): Promise<void> {
    const { inserter, spool, clock } = this.#parts;
    this.#isDraining = true;
    while (this.#writing !== undefined || this.#open.rowCount() > 0) {
      this.#commitNow();
      // The waiters of a failed commit are told; the drain only goes on.
      await Promise.allSettled([this.#writing]);
    }
    await Promise.race([inserter.whenIdle(), sleep(clock, insertMs)]);
    await inserter.stop();
    await spool.tidy();
  }

  /**
   * A commit starts when nobody has asked for a while, at the latest `lingerMs` after the first. The while grows with the rate
   * of small commits, so that a busy server writes fewer and larger files, and an idle one answers at once.
   */
  #schedule(): void {
    if (this.#writing !== undefined || this.#waiters === undefined) return;
    this.#cancelTimer();
    const delayMs = Math.max(0, this.#dueMs() - this.#parts.clock.now());
    this.#cancelTimer = this.#parts.clock.after(delayMs, () => this.#commitNow());
  }

  #dueMs(): number {
    const { lingerMs } = this.#parts.limits;
    const bytes = this.#open.byteLength();
    if (bytes >= FULL_GROUP_BYTES) return 0;
    const isBacklogged = this.#parts.spool.fileCount > BACKLOG_FILES;
    const smallQuietMs = isBacklogged ? lingerMs : Math.min(Math.max(2, this.#commitRate), lingerMs / 3);
    const quietMs = bytes >= LARGE_GROUP_BYTES ? 1 : smallQuietMs;
    return Math.min(this.#lastAskedMs + quietMs, this.#firstAskedMs + lingerMs);
  }

  #commitNow(): void {
    if (this.#writing !== undefined || this.#open.rowCount() === 0) return;
    this.#cancelTimer();
    const frozen = this.#open;
    this.#open = this.#spare;
    const waiters = this.#waiters ?? createDeferred<void>();
    this.#waiters = undefined;
    this.#writingBytes = frozen.byteLength();
    this.#writing = waiters.promise;
    // A failure is for those who wait, and there may be none.
    void Promise.allSettled([waiters.promise]);
    this.#write(frozen).then(waiters.resolve, waiters.reject);
  }

  async #write(frozen: OpenBatch): Promise<void> {
    const { spool, clock } = this.#parts;
    const startedMs = clock.now();
    const rows = frozen.rowCount();
    try {
      const files = await spool.write(frozen.blocks());
      this.#counts.commits++;
      this.#counts.committedRows += rows;
      this.#counts.committedBytes += this.#writingBytes;
      this.#hand(files, frozen.batch);
    } catch (error) {
      throw this.#discard(error, rows);
    } finally {
      this.#counts.commitMs += clock.now() - startedMs;
      this.#afterWrite(frozen);
    }
  }

  /** Durable blocks go on their way: samples stay in the journal, everything else into the store. */
  #hand(files: readonly SpoolFile[], batch: Batch): void {
    const { inserter, journal, log } = this.#parts;
    inserter.add(files.filter((file) => file.table !== JOURNALED));
    for (const file of files) if (file.table === JOURNALED) journal.add(file);
    for (const listener of this.#durableListeners) {
      try {
        listener(batch);
      } catch (error) {
        // What is durable is acknowledged, whatever those who look on make of it.
        log.error(
          { err: error },
          'durable rows could not be taken over; they are read again at the next start',
        );
      }
    }
    void journal.mergeSmall();
  }

  #discard(error: unknown, rows: number): BellwetherError {
    this.#counts.commitFailures++;
    const explained = commitError(error);
    this.#admission.noteFailure(explained);
    this.#parts.log.error({ err: error, rows }, 'a group commit failed; its senders were told to try again');
    for (const listener of this.#discardListeners) listener();
    return explained;
  }

  #afterWrite(frozen: OpenBatch): void {
    frozen.recycle(this.#writingBytes);
    this.#spare = frozen;
    this.#writingBytes = 0;
    this.#writing = undefined;
    const now = this.#parts.clock.now();
    const elapsedS = Math.max(0, now - this.#lastCommitMs) / 1000;
    this.#commitRate = this.#commitRate * Math.exp(-elapsedS) + 1;
    this.#lastCommitMs = now;
    this.#admission.noteDisk();
    this.#schedule();
  }
}
