import { SampleBuffer, type TimeBounds } from './chunk-buffer.ts';
import { type Generation, SLOT_BYTES } from './head-chunks.ts';
import { FlushPlan } from './head-flush.ts';
import { countSamples, readSamples, type SeriesRead } from './head-read.ts';
import { OpenRuns } from './head-runs.ts';
import { LAST_CHUNK, LAST_HIGH, LAST_LOW, LAST_MS, RECORD_DOUBLES, RECORD_WORDS } from './head-series.ts';

/** Of the high word of a time: 2^53 ms. */
const MAX_TIME_HIGH = 0x20_0000;
const DEFAULT_BLOCK_BYTES = 32 * 1024 * 1024;
/** Record, slots of the maps, metric reference: what a series costs besides its chunks, about. */
const SERIES_BYTES = 80;

export interface MetricsHeadOptions {
  /** From this time on the head is given every sample. */
  readonly startMs: number;
  /** Flushed chunks are dropped, oldest flush first, when all chunks and series take more. */
  readonly residentBytes: number;
  /** Open samples lie unpacked, 16 bytes each, up to this many bytes; beyond it they are packed sixteen at a time. 32 MiB by default. */
  readonly blockBytes?: number;
}

/** Columns of samples: the bytes of ClickHouse's Native format, little-endian. They are not kept. */
export interface SampleRows {
  readonly rows: number;
  /** UInt64 series ids. */
  readonly ids: Uint8Array;
  /** Signed 64-bit epoch milliseconds. */
  readonly timesMs: Uint8Array;
  /** Float64. */
  readonly values: Uint8Array;
  /** The metric's name; called for series that the head does not have yet. */
  metricAt(row: number): string;
}

/** A sample whose value keeps its bits. */
export interface LastSample {
  timeMs: number;
  valueLow: number;
  valueHigh: number;
}

export interface SeriesKey {
  /** Words of the series id, signed or unsigned. */
  readonly low: number;
  readonly high: number;
}

export interface HeadStats {
  readonly series: number;
  /** Samples not sealed into chunks. */
  readonly openSamples: number;
  readonly chunks: number;
  /** Bytes of all chunks. */
  readonly chunkBytes: number;
  /** Estimate of all memory. */
  readonly memoryBytes: number;
  /** Samples that are in no committed flush, those of a flush under way included; duplicates that are not found yet count. */
  readonly unflushedSamples: number;
  /** Time of the oldest of them; undefined without any. */
  readonly oldestUnflushedMs: number | undefined;
  /** Samples dropped because the series had one at that time already. */
  readonly duplicates: number;
  /** Samples older than their series' newest. */
  readonly outOfOrder: number;
  /** Those of them that were too old for the open run. */
  readonly late: number;
}

/**
 * The recent samples of all series, in memory: what was appended since the last flush, and flushed chunks as far as the budget goes.
 * No I/O: the owner makes samples durable before it appends them and stores the rows of flush plans.
 *
 * Of two samples of a series at the same time the one appended first stays. It is dropped on append if it repeats the newest
 * sample, when its run is sealed if it repeats another sample of the run, and otherwise on reading: then both are stored, in chunks of
 * their own, the older written first.
 */
export class MetricsHead {
  readonly #runs: OpenRuns;
  readonly #residentBytes: number;
  readonly #buffer = new SampleBuffer();
  /** In the order in which they began; the runs' current one is not among them. */
  readonly #generations: Generation[] = [];
  #plan: FlushPlan | undefined;
  #oldestAbortedMs = Number.POSITIVE_INFINITY;
  #coveredFromMs: number;
  #holds = 0;

  constructor({ startMs, residentBytes, blockBytes = DEFAULT_BLOCK_BYTES }: MetricsHeadOptions) {
    this.#coveredFromMs = startMs;
    this.#residentBytes = residentBytes;
    this.#runs = new OpenRuns(blockBytes);
  }

  /** From this time on every sample that the head was ever given is here. Dropping chunks moves it forward. */
  get coveredFromMs(): number {
    return this.#coveredFromMs;
  }

  /** Says from when on the head was given every sample, once a replay has shown it. Not before what was dropped since. */
  startAt(startMs: number): void {
    this.#coveredFromMs = startMs;
  }

  /** @param timeMs an integer within ±2^53, else RangeError. @param valueLow bits of the value, with `valueHigh`. */
  append(
    low: number,
    high: number,
    metricOf: () => string,
    timeMs: number,
    valueLow: number,
    valueHigh: number,
  ): void {
    if (!Number.isSafeInteger(timeMs)) throw new RangeError(`${timeMs} is no time in milliseconds`);
    const runs = this.#runs;
    let index = runs.series.find(low, high);
    if (index < 0) index = runs.series.add(low, high, metricOf(), runs.epoch);
    // No negative zero.
    runs.append(index, timeMs + 0, valueLow, valueHigh);
    this.#evict();
  }

  /**
   * Appends all rows, in order. RangeError at a time beyond ±2^53 ms; the rows before it are appended then.
   */
  appendRows(rows: SampleRows): void {
    const runs = this.#runs;
    const { series } = runs;
    const ids = wordsOfBytes(rows.ids);
    const times = wordsOfBytes(rows.timesMs);
    const values = wordsOfBytes(rows.values);
    const end = 2 * rows.rows;
    if (ids.length < end || times.length < end || values.length < end)
      throw new RangeError('columns too short');
    let index = -1;
    for (let at = 0; at < end; at += 2) {
      const low = ids[at]!;
      const high = ids[at + 1]!;
      const timeHigh = times[at + 1]! | 0;
      if (timeHigh >= MAX_TIME_HIGH || timeHigh < -MAX_TIME_HIGH)
        throw new RangeError('a time is out of range');
      index = series.find(low, high, index + 1);
      if (index < 0) index = series.add(low, high, rows.metricAt(at / 2), runs.epoch);
      runs.append(index, timeHigh * 0x1_0000_0000 + times[at]!, values[at]!, values[at + 1]!);
    }
    this.#evict();
  }

  /** What there is of a series within the bounds, both inclusive; undefined if nothing can be. */
  collect(low: number, high: number, fromMs: number, toMs: number): SeriesRead | undefined {
    const runs = this.#runs;
    const bounds = { fromMs, toMs };
    const index = runs.series.find(low, high);
    const maxSamples = index < 0 ? 0 : countSamples(runs, index, bounds);
    if (maxSamples === 0) return undefined;
    return { maxSamples, decodeInto: (scratch) => this.read({ low, high }, bounds, scratch) };
  }

  /** As {@link collect} and `decodeInto` in one; returns the number of samples in `[0, count)` of the scratch. */
  read({ low, high }: SeriesKey, bounds: TimeBounds, scratch: SampleBuffer): number {
    const index = this.#runs.series.find(low, high);
    return index < 0 ? 0 : readSamples(this.#runs, index, bounds, scratch);
  }

  /** Writes the newest sample of a series to `out`; false if the series is not here. */
  lastSample(low: number, high: number, out: LastSample): boolean {
    const { series } = this.#runs;
    const index = series.find(low, high);
    if (index < 0) return false;
    out.timeMs = series.doubles[index * RECORD_DOUBLES + LAST_MS]!;
    out.valueLow = series.words[index * RECORD_WORDS + LAST_LOW]! >>> 0;
    out.valueHigh = series.words[index * RECORD_WORDS + LAST_HIGH]! >>> 0;
    return true;
  }

  /**
   * Writes the newest sample within the bounds, which is what an instant selector wants, to `out`; false if there is none. Decodes
   * nothing unless the series has samples after the bounds.
   */
  lastWithin(key: SeriesKey, bounds: TimeBounds, out: LastSample): boolean {
    if (!this.lastSample(key.low, key.high, out) || out.timeMs < bounds.fromMs) return false;
    if (out.timeMs <= bounds.toMs) return true;
    const count = this.read(key, bounds, this.#buffer);
    if (count === 0) return false;
    out.timeMs = this.#buffer.timesMs[count - 1]!;
    out.valueLow = this.#buffer.words[2 * count - 2]!;
    out.valueHigh = this.#buffer.words[2 * count - 1]!;
    return true;
  }

  /**
   * Begins a flush of all that is unflushed; undefined if nothing is. One at a time: Error while another is under way. Walk `chunks()` to
   * the end, then commit or abort.
   */
  beginFlush(): FlushPlan | undefined {
    if (this.#plan !== undefined) throw new Error('a flush is under way already');
    const runs = this.#runs;
    const { current } = runs;
    const generations = this.#generations.filter(({ state }) => state === 'unflushed');
    if (runs.openSamples === 0 && current.firstSlot < 0 && generations.length === 0) return undefined;
    const oldestMs = Math.min(runs.oldestMs, this.#oldestAbortedMs);
    this.#oldestAbortedMs = Number.POSITIVE_INFINITY;
    this.#generations.push(current);
    generations.push(current);
    for (const generation of generations) generation.state = 'flushing';
    runs.beginEpoch(current);
    this.#plan = new FlushPlan(runs, generations, oldestMs);
    return this.#plan;
  }

  /** The rows are stored: the plan's chunks may be dropped when memory is short. Error if not all were walked. */
  commitFlush(plan: FlushPlan): void {
    if (!plan.isComplete) throw new Error('a flush cannot be committed before all its chunks were walked');
    this.#end(plan, 'flushed');
    this.#evict();
  }

  /** The rows, or not all of them, are stored: the next flush has them again. */
  abortFlush(plan: FlushPlan): void {
    this.#end(plan, 'unflushed');
    this.#oldestAbortedMs = plan.oldestMs;
  }

  /** Drops all flushed chunks whatever the budget, for who has changed them in the store; false while a query holds them. */
  dropFlushed(): boolean {
    if (this.#holds > 0) return false;
    while (this.#generations[0]?.state === 'flushed') this.#dropOldest();
    return true;
  }

  /**
   * Keeps chunks from being dropped until the returned function is called: for a query that has read `coveredFromMs` and waits for older
   * rows. Calls after the first do nothing.
   */
  hold(): () => void {
    this.#holds++;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#holds--;
      this.#evict();
    };
  }

  stats(): HeadStats {
    const runs = this.#runs;
    let unflushedSamples = runs.openSamples + runs.current.samples;
    for (const { state, samples } of this.#generations) if (state !== 'flushed') unflushedSamples += samples;
    const oldestMs = Math.min(
      runs.oldestMs,
      this.#oldestAbortedMs,
      this.#plan?.oldestMs ?? Number.POSITIVE_INFINITY,
    );
    return {
      series: runs.series.size,
      openSamples: runs.openSamples,
      chunks: runs.chunks.size,
      chunkBytes: runs.chunks.dataBytes,
      memoryBytes: runs.byteLength,
      unflushedSamples,
      oldestUnflushedMs: Number.isFinite(oldestMs) ? oldestMs : undefined,
      duplicates: runs.duplicates,
      outOfOrder: runs.outOfOrder,
      late: runs.late,
    };
  }

  #end(plan: FlushPlan, state: 'flushed' | 'unflushed'): void {
    if (plan !== this.#plan) throw new Error('this flush plan is over');
    plan.isOver = true;
    this.#plan = undefined;
    this.#runs.owing = undefined;
    for (const generation of plan.generations) generation.state = state;
  }

  get #heldBytes(): number {
    const { chunks, series } = this.#runs;
    return chunks.dataBytes + chunks.size * SLOT_BYTES + series.size * SERIES_BYTES;
  }

  /** Drops flushed chunks, a flush at a time, while there are more than the budget allows. */
  #evict(): void {
    while (this.#heldBytes > this.#residentBytes && this.#holds === 0) {
      if (this.#generations[0]?.state !== 'flushed') return;
      this.#dropOldest();
    }
  }

  #dropOldest(): void {
    const oldest = this.#generations.shift()!;
    this.#coveredFromMs = Math.max(this.#coveredFromMs, oldest.maxMs + 1);
    this.#dropGeneration(oldest);
  }

  #dropGeneration(generation: Generation): void {
    const { chunks, series } = this.#runs;
    while (generation.firstSlot >= 0) {
      const index = chunks.seriesOf(generation.firstSlot);
      const at = index * RECORD_WORDS;
      const last = chunks.removeFirst(generation, series.words[at + LAST_CHUNK]!);
      series.words[at + LAST_CHUNK] = last;
      if (last < 0 && !this.#runs.hasOpen(index)) series.drop(index);
    }
    chunks.dropSegments(generation);
  }
}

/** The words of a column of 64-bit values. Words at odd addresses would be slower to read one by one than to copy in one go. */
function wordsOfBytes(bytes: Uint8Array): Uint32Array {
  // A Buffer's own `slice` would be a view.
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength >>> 2);
}
