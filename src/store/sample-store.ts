import type { Log } from '../lib/log.ts';
import type { Clock } from './clock.ts';
import { type SampleRows, sampleRowsOf } from './journal.ts';
import type { MetricsHead } from './metrics/head.ts';
import { StoredHold } from './stored-hold.ts';
import type { Writer } from './writer.ts';

/** When samples leave the journal for the store, and how much stays readable in memory. */
export interface SampleStoreLimits {
  /** Bytes of the journal from which on they are stored. */
  readonly journalBytes: number;
  /** Longest stay in the journal, milliseconds. */
  readonly journalAgeMs: number;
  /** With at least this much in the journal they are stored early when nothing has arrived for `quietMs`, as there is time then. */
  readonly quietBytes: number;
  readonly quietMs: number;
  /** How often that is looked at. */
  readonly checkIntervalMs: number;
}

const MIB = 1024 ** 2;
const DEFAULT_LIMITS: SampleStoreLimits = {
  journalBytes: 256 * MIB,
  journalAgeMs: 3_600_000,
  quietBytes: 8 * MIB,
  quietMs: 4_000,
  checkIntervalMs: 2_000,
};
/** Samples per series from which on chunks are worth being made early. */
const QUIET_SAMPLES = 60;
/** Bytes of chunks per group commit while they are stored. */
const FLUSH_STEP_BYTES = 4 * MIB;

export interface SampleStoreOptions {
  readonly head: MetricsHead;
  readonly writer: Pick<Writer, 'batch' | 'committed' | 'onDurable' | 'onStored' | 'journal'>;
  readonly limits?: Partial<SampleStoreLimits>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Keeps the head in step with what is durable, and packs the journal's samples into chunks from time to time. */
export interface SampleStore {
  readonly head: MetricsHead;
  /** Stores all samples of the journal now. Rejects when it could not; they stay in the journal then. */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

/** Gives replayed samples to a head; to be used before {@link createSampleStore}. */
export function replayInto(head: MetricsHead): (rows: SampleRows) => void {
  return (rows) => head.appendRows(rows);
}

export function createSampleStore(options: SampleStoreOptions): SampleStore {
  return new PackingSampleStore(options);
}

class PackingSampleStore implements SampleStore {
  readonly head: MetricsHead;
  readonly #options: SampleStoreOptions;
  readonly #limits: SampleStoreLimits;
  readonly #hold: StoredHold;
  #flushing: Promise<void> | undefined;
  #cancelTimer: () => void = () => {};
  #unsubscribe: () => void;
  #isStopped = false;
  #lastRowsMs = 0;

  constructor(options: SampleStoreOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.head = options.head;
    this.#hold = new StoredHold(options.head, options.writer, options.clock);
    this.#unsubscribe = options.writer.onDurable(({ metric_samples: rows }) => {
      if (rows.ts.length === 0) return;
      this.#lastRowsMs = options.clock.now();
      this.head.appendRows(sampleRowsOf(rows));
    });
    this.#schedule();
  }

  flush(): Promise<void> {
    this.#flushing ??= this.#flushAll().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer();
    await Promise.allSettled([this.#flushing]);
    this.#unsubscribe();
    this.#hold.stop();
  }

  #schedule(): void {
    if (this.#isStopped) return;
    this.#cancelTimer = this.#options.clock.after(this.#limits.checkIntervalMs, () => {
      const done = this.#isDue() ? this.flush() : Promise.resolve();
      done
        .catch((error: unknown) =>
          this.#options.log.warn({ err: error }, 'samples could not be packed; they stay in the journal'),
        )
        .finally(() => this.#schedule());
    });
  }

  #isDue(): boolean {
    const { journal } = this.#options.writer;
    const oldest = journal.files[0];
    if (oldest === undefined) return false;
    const { journalBytes, journalAgeMs } = this.#limits;
    const ageMs = this.#options.clock.now() - oldest.sinceMs;
    return journal.bytes >= journalBytes || ageMs >= journalAgeMs || this.#isQuiet(journal.bytes);
  }

  #isQuiet(journalBytes: number): boolean {
    const { quietBytes, quietMs } = this.#limits;
    if (journalBytes < quietBytes || this.#options.clock.now() - this.#lastRowsMs < quietMs) return false;
    const { unflushedSamples, series } = this.head.stats();
    return unflushedSamples >= series * QUIET_SAMPLES;
  }

  /**
   * The chunks are durable before the journal lets go of their samples. A crash in between leaves samples in both, and readers take
   * one of each.
   */
  async #flushAll(): Promise<void> {
    const { writer } = this.#options;
    const files = [...writer.journal.files];
    const plan = this.head.beginFlush();
    if (plan === undefined) {
      await writer.journal.release(files);
      return;
    }
    const packedMs = this.#options.clock.now();
    try {
      let bytes = 0;
      for (const chunk of plan.chunks()) {
        this.#append(chunk, packedMs);
        bytes += chunk.data.byteLength;
        if (bytes < FLUSH_STEP_BYTES) continue;
        await writer.committed();
        bytes = 0;
      }
      await writer.committed();
    } catch (error) {
      this.head.abortFlush(plan);
      throw error;
    }
    this.#hold.begin();
    this.head.commitFlush(plan);
    await writer.journal.release(files);
  }

  #append(chunk: ChunkRow, packedMs: number): void {
    const rows = this.#options.writer.batch().metric_chunks;
    rows.metric.append(chunk.metric);
    rows.series_id.appendParts(chunk.low, chunk.high);
    rows.min_ts.append(chunk.minMs);
    rows.max_ts.append(chunk.maxMs);
    rows.count.append(chunk.count);
    rows.packed_at.append(packedMs);
    rows.data.appendBytes(chunk.data, 0, chunk.data.byteLength);
    this.#hold.chunkWritten();
  }
}

interface ChunkRow {
  readonly metric: string;
  readonly low: number;
  readonly high: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly count: number;
  readonly data: Uint8Array;
}
