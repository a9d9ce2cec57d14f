import { open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import {
  MAX_RECORD_BYTES,
  type QueuedSeries,
  RECORD_HEADER_BYTES,
  type RecordVisitor,
  readPayload,
  SEGMENT_HEADER,
} from './queue-format.ts';
import { openDirectory, type QueuePosition, remove, segmentPath, writePosition } from './segment-files.ts';
import { type Segment, SegmentWriter } from './segment-writer.ts';

export interface DiskQueueOptions {
  readonly directory: string;
  readonly maxBytes: number;
  readonly syncIntervalMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly onDropped: (items: number, reason: 'queue_full' | 'damaged') => void;
  /** Called when more can be read. */
  readonly onData: () => void;
}

/** A record that was read; it is done with when all its items are settled. */
export interface QueueRecord {
  readonly segment: Segment;
  /** Offset of the record behind it. */
  readonly end: number;
  unsettled: number;
}

const MIN_SEGMENT_BYTES = 64 * 1024;
const MAX_SEGMENT_BYTES = 64 * 1024 * 1024;
const SEGMENTS = 8;

/**
 * A queue of records on disk, bounded: beyond its bytes the oldest segment is dropped. One process writes and one reads, in order;
 * what was not settled is read again by the next run.
 */
export class DiskQueue {
  readonly #options: DiskQueueOptions;
  readonly #segmentBytes: number;
  readonly #writer: SegmentWriter;
  /** Oldest first; the last one is written to once this run has put something into it. */
  #segments: Segment[];
  /** Number of the newest segment. */
  #number: number;
  #current: Segment | undefined;
  #readAt: QueuePosition;
  /** Series of the segment that is read. */
  #series: QueuedSeries[] = [];
  /** Records of this segment up to the position only tell their series. */
  #skipUntil: QueuePosition;
  readonly #inFlight: QueueRecord[] = [];
  #settled: QueuePosition;
  #noted: QueuePosition;
  #cancelTimer: () => void = () => {};
  #housekeeping: Promise<void> = Promise.resolve();
  #isClosed = false;

  static async open(options: DiskQueueOptions): Promise<DiskQueue> {
    const { segments, position, lastNumber } = await openDirectory(options.directory);
    const found = segments.map(({ number, bytes, items }) => ({
      number,
      bytes,
      writtenBytes: bytes,
      unreadItems: items,
      isDropped: false,
    }));
    return new DiskQueue(options, found, position, lastNumber);
  }

  private constructor(
    options: DiskQueueOptions,
    segments: Segment[],
    position: QueuePosition,
    lastNumber: number,
  ) {
    this.#options = options;
    this.#segments = segments;
    this.#number = lastNumber;
    this.#segmentBytes = Math.min(
      MAX_SEGMENT_BYTES,
      Math.max(MIN_SEGMENT_BYTES, Math.floor(options.maxBytes / SEGMENTS)),
    );
    this.#skipUntil = this.#settled = this.#noted = position;
    this.#readAt = { segment: 0, offset: 0 };
    const { directory, clock, log, onData } = options;
    this.#writer = new SegmentWriter({ directory, clock, log, onWritten: onData });
    this.#schedule();
  }

  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /** Items that are not settled. */
  get items(): number {
    const unread = this.#segments.reduce((sum, segment) => sum + segment.unreadItems, 0);
    return this.#inFlight.reduce((sum, record) => sum + record.unsettled, unread);
  }

  get hasUnread(): boolean {
    return this.#segments.some(({ unreadItems }) => unreadItems > 0);
  }

  /** False while the disk does not keep up. To be asked before a record is made. */
  get canTake(): boolean {
    return !this.#isClosed && !this.#writer.isFull;
  }

  /** Number of the segment that the next record goes to, with which references begin anew. */
  prepare(): number {
    if (this.#current === undefined || this.#current.bytes >= this.#segmentBytes) {
      this.#number++;
      const bytes = SEGMENT_HEADER.length;
      this.#current = { number: this.#number, bytes, writtenBytes: bytes, unreadItems: 0, isDropped: false };
      this.#segments.push(this.#current);
    }
    return this.#current.number;
  }

  /** Appends a record made for the segment of {@link prepare}; takes the bytes over. */
  push(record: Uint8Array, items: number): void {
    const segment = this.#current!;
    segment.bytes += record.length;
    segment.unreadItems += items;
    this.#writer.append(segment, record);
    while (this.#segments.length > 1 && this.bytes > this.#options.maxBytes) this.#dropOldest();
  }

  /** Reads the next record, if there is one. One call at a time. */
  async read(visitorOf: (record: QueueRecord) => RecordVisitor): Promise<QueueRecord | undefined> {
    for (;;) {
      const segment = this.#segmentToRead();
      if (segment === undefined) return undefined;
      const { offset } = this.#readAt;
      const payload = await this.#payloadAt(segment, offset);
      // It may have been dropped meanwhile.
      if (!this.#segments.includes(segment)) continue;
      const end = payload === undefined ? 0 : offset + RECORD_HEADER_BYTES + payload.bytes.length;
      const isDone = segment.number === this.#skipUntil.segment && end <= this.#skipUntil.offset;
      const record: QueueRecord = { segment, end, unsettled: payload?.items ?? 0 };
      if (payload === undefined || !this.#isReadable(payload.bytes, isDone ? undefined : visitorOf(record))) {
        this.#damaged(segment);
        continue;
      }
      this.#readAt = { segment: segment.number, offset: end };
      if (isDone) continue;
      segment.unreadItems -= payload.items;
      this.#inFlight.push(record);
      return record;
    }
  }

  settle(record: QueueRecord, items: number): void {
    record.unsettled -= items;
    let first = this.#inFlight[0];
    while (first !== undefined && first.unsettled <= 0) {
      this.#settled = { segment: first.segment.number, offset: first.end };
      this.#inFlight.shift();
      first = this.#inFlight[0];
    }
    this.#removeSettled();
  }

  /** Notes the position and writes what is in memory; nothing may be pushed afterwards. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer();
    this.#later(() => this.#writer.close());
    this.#later(() => this.#note());
    await this.#housekeeping;
  }

  /** The segment with the next record; moves on from one that was read to its end. */
  #segmentToRead(): Segment | undefined {
    for (;;) {
      const segment = this.#segments.find(({ number }) => number >= this.#readAt.segment);
      if (segment === undefined) return undefined;
      if (segment.number !== this.#readAt.segment || this.#readAt.offset === 0) {
        this.#readAt = { segment: segment.number, offset: SEGMENT_HEADER.length };
        this.#series = [];
      }
      if (this.#readAt.offset < segment.writtenBytes) return segment;
      // More may come to the one that is written, and to one whose bytes are on their way.
      if (segment === this.#current || segment.writtenBytes < segment.bytes) return undefined;
      this.#readAt = { segment: segment.number + 1, offset: 0 };
    }
  }

  /** Undefined when it is damaged. */
  async #payloadAt(segment: Segment, offset: number): Promise<{ bytes: Buffer; items: number } | undefined> {
    try {
      const handle = await open(segmentPath(this.#options.directory, segment.number), 'r');
      try {
        const header = Buffer.alloc(RECORD_HEADER_BYTES);
        await handle.read(header, 0, header.length, offset);
        const length = header.readUInt32LE(0);
        if (length > MAX_RECORD_BYTES || offset + RECORD_HEADER_BYTES + length > segment.writtenBytes)
          return undefined;
        const bytes = Buffer.allocUnsafe(length);
        const { bytesRead } = await handle.read(bytes, 0, length, offset + RECORD_HEADER_BYTES);
        const items = header.readUInt32LE(8);
        const isWhole = bytesRead === length && crc32(bytes, items) === header.readUInt32LE(4);
        return isWhole ? { bytes, items } : undefined;
      } finally {
        await handle.close();
      }
    } catch (error) {
      this.#options.log.warn({ err: error }, 'a segment of a remote write queue cannot be read');
      return undefined;
    }
  }

  #isReadable(payload: Buffer, visitor: RecordVisitor | undefined): boolean {
    try {
      readPayload(payload, this.#series, visitor);
      return true;
    } catch (error) {
      this.#options.log.warn({ err: error }, 'a record of a remote write queue cannot be read');
      return false;
    }
  }

  /** The rest of a segment is lost with a bad record: later ones need the series it may have brought. */
  #damaged(segment: Segment): void {
    if (segment === this.#current) this.#current = undefined;
    this.#options.onDropped(segment.unreadItems, 'damaged');
    segment.unreadItems = 0;
    this.#readAt = { segment: segment.number + 1, offset: 0 };
  }

  #dropOldest(): void {
    const oldest = this.#segments.shift()!;
    oldest.isDropped = true;
    this.#options.onDropped(oldest.unreadItems, 'queue_full');
    this.#later(() => remove(segmentPath(this.#options.directory, oldest.number)));
  }

  #removeSettled(): void {
    for (;;) {
      const oldest = this.#segments[0];
      if (oldest === undefined || oldest === this.#current) return;
      const { segment, offset } = this.#settled;
      const isDone = oldest.number < segment || (oldest.number === segment && offset >= oldest.bytes);
      if (!isDone || this.#inFlight.some((record) => record.segment === oldest)) return;
      this.#segments.shift();
      this.#later(() => remove(segmentPath(this.#options.directory, oldest.number)));
    }
  }

  #schedule(): void {
    if (this.#isClosed) return;
    this.#cancelTimer = this.#options.clock.after(this.#options.syncIntervalMs, () => {
      this.#later(async () => {
        await this.#writer.sync();
        await this.#note();
      });
      this.#later(async () => this.#schedule());
    });
  }

  async #note(): Promise<void> {
    const settled = this.#settled;
    if (settled.segment === this.#noted.segment && settled.offset === this.#noted.offset) return;
    await writePosition(this.#options.directory, settled);
    this.#noted = settled;
  }

  /** Does something with files after what was to be done before. */
  #later(run: () => Promise<void>): void {
    this.#housekeeping = this.#housekeeping.then(run).catch((error: unknown) => {
      this.#options.log.warn({ err: error }, 'a remote write queue could not be tidied');
    });
  }
}
