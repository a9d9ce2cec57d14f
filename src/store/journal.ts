import { DecodeError, messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { readSampleBlocks } from './native/sample-blocks.ts';
import type { Leftovers, Spool, SpoolFile } from './spool.ts';
import type { Rows, tables } from './tables.ts';

/** Rows of `metric_samples`, column by column. Aliases memory that is used again: copy what must stay. */
export interface SampleRows {
  readonly rows: number;
  /** Series ids and times (signed milliseconds), 64 bits each, and values as float64: little-endian bytes. */
  readonly ids: Uint8Array;
  readonly timesMs: Uint8Array;
  readonly values: Uint8Array;
  metricAt(row: number): string;
}

/** The journaled table. */
export const JOURNALED = 'metric_samples';

/** Files beyond which small ones are put together, and how many at a time. */
const MAX_FILES = 512;
const FILES_PER_MERGE = 256;
/** A file of this size is left as it is. */
const SMALL_BYTES = 256 * 1024;

/**
 * Durable samples that exist nowhere else on disk yet: the spool files of `metric_samples`. They are kept until somebody has stored
 * the samples in another form and releases them, and are replayed by the next start otherwise.
 *
 * A sample may be replayed although it is stored already, after a crash between storing and releasing: whoever reads keeps one
 * sample per series and time.
 */
export class Journal {
  readonly #spool: Spool;
  readonly #log: Log;
  #files: SpoolFile[] = [];
  #isMerging = false;

  constructor(spool: Spool, log: Log) {
    this.#spool = spool;
    this.#log = log;
  }

  /** Everything that is kept, oldest first. */
  get files(): readonly SpoolFile[] {
    return this.#files;
  }

  get bytes(): number {
    return this.#files.reduce((sum, file) => sum + file.bytes, 0);
  }

  add(file: SpoolFile): void {
    this.#files.push(file);
  }

  /** Removes files whose samples are stored. */
  async release(files: readonly SpoolFile[]): Promise<void> {
    const released = new Set(files);
    const present = this.#files.filter((file) => released.has(file));
    this.#files = this.#files.filter((file) => !released.has(file));
    await this.#spool.drop(present);
  }

  /** Reads what an earlier process left, about in the order it was written. Damaged files are set aside. */
  async replay(files: readonly SpoolFile[], append: (rows: SampleRows) => void): Promise<void> {
    for (const file of files) {
      const reason = (await this.#spool.check(file)) ?? (await this.#replayFile(file, append));
      if (reason === undefined) this.#files.push({ ...file, isLeftover: false });
      else await this.#spool.reject(file, reason);
    }
  }

  async #replayFile(file: SpoolFile, append: (rows: SampleRows) => void): Promise<string | undefined> {
    try {
      const blocks = readSampleBlocks(await this.#spool.contents(file));
      for (const block of blocks) append(block);
      return undefined;
    } catch (error) {
      if (error instanceof DecodeError) return `its samples cannot be read: ${messageOf(error)}`;
      // Not the file's fault: it stays, and the next start tries again.
      this.#log.error({ err: error, file: file.name }, 'samples of the journal could not be taken over');
      return undefined;
    }
  }

  /**
   * Puts small files together when there are many. The new file is durable before the old ones go, so that a crash in between leaves
   * samples twice and never none. Never throws.
   */
  async mergeSmall(): Promise<void> {
    if (this.#isMerging || this.#files.length < MAX_FILES) return;
    this.#isMerging = true;
    try {
      const small = this.#files.filter((file) => file.bytes < SMALL_BYTES).slice(0, FILES_PER_MERGE);
      if (small.length < 2) return;
      const pieces: Uint8Array[] = [];
      for (const file of small) pieces.push(await this.#spool.contents(file));
      const rows = small.reduce((sum, file) => sum + file.rows, 0);
      const [merged] = await this.#spool.write([{ table: JOURNALED, rows, pieces }]);
      await this.#replace(small, merged!);
    } catch (error) {
      this.#log.warn({ err: error }, 'small files of the journal could not be put together');
    } finally {
      this.#isMerging = false;
    }
  }

  /** Files that were released meanwhile are gone already; what of them is in the merged one does no harm. */
  async #replace(small: readonly SpoolFile[], merged: SpoolFile): Promise<void> {
    const replaced = new Set(small);
    const left = this.#files.filter((file) => replaced.has(file));
    if (left.length === 0) {
      await this.#spool.drop([merged]);
      return;
    }
    const at = this.#files.indexOf(left[0]!);
    this.#files[at] = merged;
    this.#files = this.#files.filter((file) => !replaced.has(file));
    await this.#spool.drop(left);
  }
}

/** Takes the journaled table's files and groups out of what an earlier process left. */
export async function takeJournal(
  leftovers: Leftovers,
  spool: Spool,
): Promise<{ journaled: readonly SpoolFile[]; others: Leftovers }> {
  const groups = leftovers.groups.filter((group) => group.table === JOURNALED);
  for (const group of groups) await spool.dissolve(group);
  const files = leftovers.files.filter((file) => file.table === JOURNALED);
  const journaled = [...files, ...groups.flatMap((group) => group.files)].sort((a, b) => a.seq - b.seq);
  const others = {
    files: leftovers.files.filter((file) => file.table !== JOURNALED),
    groups: leftovers.groups.filter((group) => group.table !== JOURNALED),
  };
  return { journaled, others };
}

/** The rows of an open block. */
export function sampleRowsOf(columns: Rows<typeof tables.metric_samples>): SampleRows {
  return {
    rows: columns.ts.length,
    ids: columns.series_id.written(),
    timesMs: columns.ts.written(),
    values: columns.value.written(),
    metricAt: (row) => columns.metric.wordAt(row),
  };
}
