import { ProtoWriter } from '../../lib/proto-writer.ts';
import { Labels } from '../../model/labels.ts';
import { writeHistogram, writeLabels } from '../../model/prometheus-messages.ts';
import { type RelabelRule, relabel } from '../relabel.ts';
import type { DiskQueue } from './disk-queue.ts';
import { EXEMPLAR, encodeExemplar, HISTOGRAM, type QueuedOther, RecordWriter } from './queue-format.ts';
import type { RemoteExemplar, RemoteHistogram, RemoteSamples } from './types.ts';

export interface IntakeParts {
  readonly queue: Pick<DiskQueue, 'prepare' | 'push' | 'canTake'>;
  readonly relabelRules: readonly RelabelRule[];
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly labelsOf: (low: number, high: number) => Labels | undefined;
  readonly onDropped: (items: number, reason: 'queue_slow' | 'unknown_series') => void;
}

/** Series that are remembered; beyond it all are looked up anew. */
const MAX_SERIES = 1_000_000;

/** What is known of a series by its id. */
interface Entry {
  readonly low: number;
  readonly high: number;
  /** By relabelling. */
  isDropped: boolean;
  /** Segment in which the series has the reference. */
  segment: number;
  ref: number;
  /** Another series with the same low word. */
  next: Entry | undefined;
}

/** Puts samples into the queue of one destination: finds the labels of their series, relabels and refers to them. */
export class Intake {
  /** Newest time that was taken, epoch milliseconds. */
  newestMs = 0;
  readonly #parts: IntakeParts;
  readonly #external: readonly (readonly [string, string])[];
  readonly #record = new RecordWriter();
  readonly #scratch = new ProtoWriter();
  readonly #byLow = new Map<number, Entry>();
  #seriesCount = 0;
  /** Segment of the record being made, and series in it so far. */
  #segment = 0;
  #refs = 0;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
    this.#external = Object.entries(parts.externalLabels);
  }

  append({ rows, ids, timesMs, values }: RemoteSamples): void {
    const idView = viewOf(ids);
    const timeView = viewOf(timesMs);
    const valueView = viewOf(values);
    if (!this.#begin(rows)) return;
    for (let at = 0; at < rows * 8; at += 8) {
      const ref = this.#refOf(idView.getUint32(at, true), idView.getUint32(at + 4, true));
      if (ref === undefined) continue;
      const timeMs = timeView.getInt32(at + 4, true) * 0x1_0000_0000 + timeView.getUint32(at, true);
      const [low, high] = [valueView.getUint32(at, true), valueView.getUint32(at + 4, true)];
      this.#record.sample(ref, timeMs, low, high);
      this.#took(timeMs);
    }
    this.#end();
  }

  appendHistograms(histograms: readonly RemoteHistogram[]): void {
    this.#appendOthers(histograms, ({ timeMs, startMs, histogram }) => {
      this.#scratch.clear();
      writeHistogram(this.#scratch, timeMs, histogram, startMs);
      return { kind: HISTOGRAM, bytes: this.#scratch.written() };
    });
  }

  appendExemplars(exemplars: readonly RemoteExemplar[]): void {
    this.#appendOthers(exemplars, ({ value, labels }) => {
      const texts = labels.names.flatMap((name, i) => [name, labels.values[i]!]);
      return { kind: EXEMPLAR, bytes: encodeExemplar(value, texts) };
    });
  }

  #appendOthers<T extends { readonly low: number; readonly high: number; readonly timeMs: number }>(
    list: readonly T[],
    otherOf: (one: T) => QueuedOther,
  ): void {
    if (!this.#begin(list.length)) return;
    for (const one of list) {
      const ref = this.#refOf(one.low, one.high);
      if (ref === undefined) continue;
      this.#record.other(ref, one.timeMs, otherOf(one));
      this.#took(one.timeMs);
    }
    this.#end();
  }

  #begin(items: number): boolean {
    if (items === 0) return false;
    if (!this.#parts.queue.canTake) {
      this.#parts.onDropped(items, 'queue_slow');
      return false;
    }
    this.#beginRecord();
    return true;
  }

  #beginRecord(): void {
    const segment = this.#parts.queue.prepare();
    if (segment === this.#segment) return;
    this.#segment = segment;
    this.#refs = 0;
  }

  #took(timeMs: number): void {
    if (timeMs > this.newestMs) this.newestMs = timeMs;
    if (!this.#record.isFull) return;
    this.#end();
    this.#beginRecord();
  }

  #end(): void {
    const { items } = this.#record;
    if (items > 0) this.#parts.queue.push(this.#record.finish(), items);
  }

  /** The reference of a series in the segment of the record; undefined when it is not to be sent. */
  #refOf(low: number, high: number): number | undefined {
    let entry = this.#byLow.get(low);
    while (entry !== undefined && entry.high !== high) entry = entry.next;
    if (entry !== undefined) {
      if (entry.isDropped) return undefined;
      if (entry.segment === this.#segment) return entry.ref;
    }
    // Labels are not kept: they are needed once per segment.
    const labels = this.#parts.labelsOf(low, high);
    if (labels === undefined) {
      this.#parts.onDropped(1, 'unknown_series');
      return undefined;
    }
    const outgoing = this.#outgoing(labels);
    entry ??= this.#remember(low, high);
    entry.isDropped = outgoing === undefined;
    if (outgoing === undefined) return undefined;
    this.#record.series(outgoing);
    entry.segment = this.#segment;
    entry.ref = this.#refs++;
    return entry.ref;
  }

  #remember(low: number, high: number): Entry {
    if (this.#seriesCount >= MAX_SERIES) {
      this.#byLow.clear();
      this.#seriesCount = 0;
    }
    this.#seriesCount++;
    const entry: Entry = { low, high, isDropped: false, segment: 0, ref: 0, next: this.#byLow.get(low) };
    this.#byLow.set(low, entry);
    return entry;
  }

  #outgoing(labels: Labels): Uint8Array | undefined {
    const missing = this.#external.filter(([name]) => !labels.has(name));
    const all = missing.length === 0 ? labels : Labels.from([...labels.entries(), ...missing]);
    const kept = relabel(all, this.#parts.relabelRules);
    if (kept === undefined || kept.size === 0) return undefined;
    this.#scratch.clear();
    writeLabels(this.#scratch, kept);
    return this.#scratch.written();
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
