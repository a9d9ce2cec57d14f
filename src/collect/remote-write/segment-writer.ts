import { type FileHandle, open } from 'node:fs/promises';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { SEGMENT_HEADER } from './queue-format.ts';
import { remove, segmentPath, syncDirectory, writeAt } from './segment-files.ts';

/** One file of the queue. */
export interface Segment {
  readonly number: number;
  /** Of the file when everything is written. */
  bytes: number;
  /** On disk: records before it may be read. */
  writtenBytes: number;
  /** Items in records that were not read yet. */
  unreadItems: number;
  /** The file is gone, or about to. */
  isDropped: boolean;
}

export interface SegmentWriterOptions {
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when more can be read. */
  readonly onWritten: () => void;
}

interface Pending {
  readonly segment: Segment;
  readonly bytes: Uint8Array;
}

/** Bytes in memory that wait for the disk; beyond it nothing is taken. */
const MAX_PENDING_BYTES = 32 * 1024 * 1024;
const MAX_WRITE_BYTES = 4 * 1024 * 1024;
const RETRY_MS = 1000;

/** Appends records to segments in the background, one write at a time. A write that fails is repeated at the same place. */
export class SegmentWriter {
  readonly #options: SegmentWriterOptions;
  #pending: Pending[] = [];
  #pendingBytes = 0;
  #writing: Promise<void> | undefined;
  #open: { readonly segment: Segment; readonly handle: FileHandle } | undefined;
  #isDirty = false;
  #isFailing = false;
  #isStopped = false;
  #wake: () => void = () => {};

  constructor(options: SegmentWriterOptions) {
    this.#options = options;
  }

  get isFull(): boolean {
    return this.#pendingBytes >= MAX_PENDING_BYTES;
  }

  append(segment: Segment, bytes: Uint8Array): void {
    this.#pending.push({ segment, bytes });
    this.#pendingBytes += bytes.length;
    if (this.#writing !== undefined) return;
    this.#writing = this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Makes what was written durable. */
  async sync(): Promise<void> {
    if (!this.#isDirty || this.#open === undefined) return;
    this.#isDirty = false;
    await this.#open.handle.datasync();
  }

  /** Writes what is left, unless the disk refuses, and closes. */
  async close(): Promise<void> {
    this.#isStopped = true;
    this.#wake();
    await this.#writing;
    await this.#finish();
  }

  async #writeAll(): Promise<void> {
    // A turn of the event loop, so that what comes at the same time is one write.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#pending.length > 0) {
      const { segment } = this.#pending[0]!;
      const pieces = this.#next(segment);
      try {
        if (!segment.isDropped) {
          const handle = await this.#handleOf(segment);
          await writeAt(handle, pieces, segment.writtenBytes);
        }
        // Dropped while it was written: opening may have made the file anew.
        if (segment.isDropped) await remove(segmentPath(this.#options.directory, segment.number));
      } catch (error) {
        if (!this.#isFailing)
          this.#options.log.warn({ err: error }, 'a remote write queue cannot be written; trying again');
        this.#isFailing = true;
        if (this.#isStopped) return;
        await this.#pause();
        continue;
      }
      this.#isFailing = false;
      this.#written(segment, pieces);
    }
  }

  #next(segment: Segment): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    for (const pending of this.#pending) {
      if (pending.segment !== segment || (bytes > 0 && bytes + pending.bytes.length > MAX_WRITE_BYTES)) break;
      pieces.push(pending.bytes);
      bytes += pending.bytes.length;
    }
    return pieces;
  }

  #written(segment: Segment, pieces: readonly Uint8Array[]): void {
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    this.#pending.splice(0, pieces.length);
    this.#pendingBytes -= bytes;
    segment.writtenBytes += bytes;
    this.#isDirty = true;
    this.#options.onWritten();
  }

  async #handleOf(segment: Segment): Promise<FileHandle> {
    if (this.#open?.segment === segment) return this.#open.handle;
    await this.#finish();
    const { directory } = this.#options;
    const handle = await open(segmentPath(directory, segment.number), 'w', 0o600);
    try {
      await writeAt(handle, [SEGMENT_HEADER], 0);
      await syncDirectory(directory);
    } catch (error) {
      await handle.close();
      throw error;
    }
    this.#open = { segment, handle };
    return handle;
  }

  async #finish(): Promise<void> {
    if (this.#open === undefined) return;
    const { handle } = this.#open;
    this.#open = undefined;
    this.#isDirty = false;
    try {
      await handle.datasync();
    } finally {
      await handle.close();
    }
  }

  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.after(RETRY_MS, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
    this.#wake = () => {};
  }
}
