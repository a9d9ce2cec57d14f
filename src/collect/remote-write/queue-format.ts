/**
 * Files of a destination's queue. A segment begins with eight bytes, "BWRQ" and the version; records follow:
 *
 *     length     4 bytes: of the payload
 *     crc        4 bytes: CRC-32 of the payload, begun with the number of items
 *     items      4 bytes: samples, histograms and exemplars in it
 *     payload    varint count of new series, for each a varint length and its labels as remote write 1.0 has them;
 *                varint count of samples, for each 4 bytes reference, 8 bytes time (float64) and 8 bytes value;
 *                varint count of others, for each a byte kind, 4 bytes reference, 8 bytes time, varint length and so many bytes
 *
 * References count the series of a segment in the order in which its records bring them: a segment can be read without the others.
 * Numbers are little-endian.
 */

import { crc32 } from 'node:zlib';
import { ProtoWriter } from '../../lib/proto-writer.ts';

export const SEGMENT_HEADER = Buffer.from([0x42, 0x57, 0x52, 0x51, 1, 0, 0, 0]);
export const RECORD_HEADER_BYTES = 12;
/** A record is closed when it has so many items or bytes. */
export const MAX_RECORD_ITEMS = 8192;
export const RECORD_BYTES = 512 * 1024;
/** No record is longer; one that says so is damaged. */
export const MAX_RECORD_BYTES = 64 * 1024 * 1024;

export const HISTOGRAM = 1;
export const EXEMPLAR = 2;

const SAMPLE_BYTES = 20;

/** A series as it is sent. */
export interface QueuedSeries {
  /** `Label` messages, each with tag and length as field 1. */
  readonly labels: Uint8Array;
  /** Of the labels. */
  readonly hash: number;
  /** Names and values in turn, once somebody needed them; see `textsOf`. */
  texts: readonly string[] | undefined;
}

/** A histogram or an exemplar. */
export interface QueuedOther {
  readonly kind: typeof HISTOGRAM | typeof EXEMPLAR;
  /** A `Histogram` message, or an exemplar as {@link encodeExemplar} has it. */
  readonly bytes: Uint8Array;
}

/** Gathers one record. */
export class RecordWriter {
  readonly #series = new ProtoWriter();
  readonly #samples = new ProtoWriter();
  readonly #others = new ProtoWriter();
  readonly #double = new Float64Array(1);
  readonly #doubleWords = new Uint32Array(this.#double.buffer);
  #seriesCount = 0;
  #sampleCount = 0;
  #otherCount = 0;

  get items(): number {
    return this.#sampleCount + this.#otherCount;
  }

  get isFull(): boolean {
    const bytes = this.#series.end + this.#samples.end + this.#others.end;
    return this.items >= MAX_RECORD_ITEMS || bytes >= RECORD_BYTES;
  }

  series(labels: Uint8Array): void {
    this.#seriesCount++;
    this.#series.raw(labels.length);
    this.#series.append(labels);
  }

  sample(ref: number, timeMs: number, low: number, high: number): void {
    this.#sampleCount++;
    this.#place(this.#samples, ref, timeMs);
    this.#samples.words(low, high);
  }

  other(ref: number, timeMs: number, { kind, bytes }: QueuedOther): void {
    this.#otherCount++;
    this.#others.byte(kind);
    this.#place(this.#others, ref, timeMs);
    this.#others.raw(bytes.length);
    this.#others.append(bytes);
  }

  /** The record with its header, in new memory; begins the next one. */
  finish(): Uint8Array {
    const payload = new ProtoWriter();
    const parts = [
      [this.#seriesCount, this.#series],
      [this.#sampleCount, this.#samples],
      [this.#otherCount, this.#others],
    ] as const;
    for (const [count, part] of parts) {
      payload.raw(count);
      payload.append(part.written());
      part.clear();
    }
    const bytes = payload.written();
    const record = Buffer.allocUnsafe(RECORD_HEADER_BYTES + bytes.length);
    record.writeUInt32LE(bytes.length, 0);
    record.writeUInt32LE(crc32(bytes, this.items), 4);
    record.writeUInt32LE(this.items, 8);
    record.set(bytes, RECORD_HEADER_BYTES);
    this.#seriesCount = this.#sampleCount = this.#otherCount = 0;
    return record;
  }

  #place(out: ProtoWriter, ref: number, timeMs: number): void {
    out.word(ref);
    this.#double[0] = timeMs;
    out.words(this.#doubleWords[0]!, this.#doubleWords[1]!);
  }
}

/** What a record holds. */
export interface RecordVisitor {
  sample(series: QueuedSeries, timeMs: number, low: number, high: number): void;
  other(series: QueuedSeries, timeMs: number, other: QueuedOther): void;
}

/**
 * Reads a payload whose checksum is right: adds its series to those of the segment, then tells the visitor the rest. Bytes are copied
 * where they are kept. Error when it refers to a series that is not there, which a record before it should have brought.
 */
export function readPayload(
  payload: Buffer,
  series: QueuedSeries[],
  visitor: RecordVisitor | undefined,
): void {
  const reader = new PayloadReader(payload);
  for (let left = reader.varint(); left > 0; left--) {
    const labels = reader.bytes(reader.varint());
    series.push({ labels, hash: hashOf(labels), texts: undefined });
  }
  if (visitor === undefined) return;
  const count = reader.varint();
  let at = reader.take(count * SAMPLE_BYTES);
  for (let i = 0; i < count; i++, at += SAMPLE_BYTES) {
    const low = payload.readUInt32LE(at + 12);
    const high = payload.readUInt32LE(at + 16);
    visitor.sample(at32(series, payload.readUInt32LE(at)), payload.readDoubleLE(at + 4), low, high);
  }
  for (let left = reader.varint(); left > 0; left--) {
    at = reader.take(13);
    const kind = payload[at] === HISTOGRAM ? HISTOGRAM : EXEMPLAR;
    const bytes = reader.bytes(reader.varint());
    visitor.other(at32(series, payload.readUInt32LE(at + 1)), payload.readDoubleLE(at + 5), { kind, bytes });
  }
}

function at32(series: readonly QueuedSeries[], ref: number): QueuedSeries {
  const found = series[ref];
  if (found === undefined) throw new Error('a record refers to a series that is not there');
  return found;
}

class PayloadReader {
  readonly #payload: Buffer;
  #at = 0;

  constructor(payload: Buffer) {
    this.#payload = payload;
  }

  varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#payload[this.take(1)]!;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  /** The offset of so many bytes, which are passed over. */
  take(length: number): number {
    const at = this.#at;
    this.#at += length;
    if (this.#at > this.#payload.length) throw new Error('a record is shorter than it says');
    return at;
  }

  bytes(length: number): Uint8Array {
    const at = this.take(length);
    return Uint8Array.prototype.slice.call(this.#payload, at, at + length);
  }
}

/** FNV-1a. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c_9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x0100_0193);
  return hash >>> 0;
}

/** Names and values in turn from the labels of {@link QueuedSeries}: fields of our own writing, so their order is known. */
export function textsOf(series: QueuedSeries): readonly string[] {
  if (series.texts !== undefined) return series.texts;
  const reader = new PayloadReader(Buffer.from(series.labels));
  const texts: string[] = [];
  for (let at = 0; at < series.labels.length; ) {
    reader.take(1);
    const inside = reader.varint();
    const start = reader.take(0);
    for (let i = 0; i < 2; i++) {
      reader.take(1);
      texts.push(Buffer.from(reader.bytes(reader.varint())).toString());
    }
    at = start + inside;
  }
  series.texts = texts;
  return texts;
}

/** An exemplar in the queue: eight bytes value, then label names and values in turn as JSON. */
export function encodeExemplar(value: number, texts: readonly string[]): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([bytes, Buffer.from(JSON.stringify(texts))]);
}

export function decodeExemplar(bytes: Uint8Array): { value: number; texts: readonly string[] } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { value: buffer.readDoubleLE(0), texts: JSON.parse(buffer.toString('utf8', 8)) as string[] };
}
