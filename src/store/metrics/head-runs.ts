import { BLOCK_SAMPLES, BlockPool, NO_BLOCK } from './block-pool.ts';
import { SampleBuffer, sortSamples } from './chunk-buffer.ts';
import { ChunkDecoder, ChunkEncoder } from './chunk-codec.ts';
import { CellPool } from './head-cells.ts';
import { ChunkStore, type Generation } from './head-chunks.ts';
import {
  BLOCK_COUNT_SHIFT,
  CELL_LENGTH,
  COUNT_MASK,
  EPOCH_SHIFT,
  FIRST_BLOCK,
  FLOOR_MS,
  HAS_LATE,
  IS_UNSORTED,
  LAST_BLOCK,
  LAST_CELL,
  LAST_CHUNK,
  LAST_HIGH,
  LAST_LOW,
  LAST_MS,
  MAX_EPOCH,
  ONE_SAMPLE,
  RECORD_DOUBLES,
  RECORD_WORDS,
  RUN_MIN_MS,
  SeriesTable,
  STATE,
} from './head-series.ts';

/** A run with so many samples becomes a chunk. */
export const RUN_SAMPLES = 240;
/** Most that the times of a chunk's samples are apart. */
export const RUN_SPAN_MS = 3_600_000;

/** Bytes before each packed piece: its length. */
const PIECE_HEADER_BYTES = 2;
/** Upper bound of the cells' content of one run: a piece per block, each with all values raw, and headers. */
const MAX_PACKED_BYTES = 16_384;
const LATE_RUN_BYTES = 120;

/** Samples of one series that came too late for its open run, in the order of arrival. */
interface LateRun {
  count: number;
  firstBlock: number;
  lastBlock: number;
  minMs: number;
  maxMs: number;
}

/**
 * The open samples of all series and how they become chunks.
 *
 * A series has one open run: up to 240 samples within an hour, newer than all that were sealed from open runs before. Samples arrive in
 * blocks; when blocks take more memory than allowed, a run's full blocks are packed. What comes out of order but within the run's reach
 * joins the run; what comes later than that goes to the series' late run, whose samples may be of any time and are divided by hours when
 * it is sealed. So chunks of open runs never overlap, and only late ones overlap others.
 *
 * A run belongs to the flush epoch in which it began. While a flush is under way, runs of an earlier epoch are owed to it: they are sealed
 * into its generation before anything is appended to their series.
 */
export class OpenRuns {
  readonly series = new SeriesTable();
  readonly chunks = new ChunkStore();
  /** Where full runs are sealed into. */
  current: Generation;
  /** Where runs owed to the flush under way are sealed into. */
  owing: Generation | undefined;
  epoch = 1;
  openSamples = 0;
  duplicates = 0;
  outOfOrder = 0;
  late = 0;
  /** Time of the oldest sample appended in this epoch. */
  oldestMs = Number.POSITIVE_INFINITY;
  readonly #blocks = new BlockPool();
  readonly #cells = new CellPool();
  readonly #lateRuns = new Map<number, LateRun>();
  readonly #blockBytes: number;
  readonly #encoder = new ChunkEncoder();
  readonly #decoder = new ChunkDecoder();
  readonly #scratch = new SampleBuffer(2 * RUN_SAMPLES);
  readonly #packed = new Uint8Array(MAX_PACKED_BYTES);
  readonly #pieceHeader = new Uint8Array(PIECE_HEADER_BYTES);

  /** @param blockBytes above this the full blocks of a run are packed. */
  constructor(blockBytes: number) {
    this.#blockBytes = blockBytes;
    this.current = this.chunks.createGeneration();
  }

  get byteLength(): number {
    return (
      this.series.byteLength +
      this.chunks.byteLength +
      this.#blocks.byteLength +
      this.#cells.byteLength +
      this.#lateRuns.size * LATE_RUN_BYTES
    );
  }

  /** Adds a sample to a series. A sample at a time that the open run or the newest sample already has is a duplicate: the first stays. */
  append(index: number, timeMs: number, valueLow: number, valueHigh: number): void {
    const { words, doubles } = this.series;
    const state = words[index * RECORD_WORDS + STATE]!;
    const at = index * RECORD_DOUBLES;
    const goesOn =
      timeMs > doubles[at + LAST_MS]! &&
      state >>> EPOCH_SHIFT === this.epoch &&
      (state & COUNT_MASK) > 0 &&
      timeMs - doubles[at + RUN_MIN_MS]! <= RUN_SPAN_MS;
    if (goesOn) this.#push(index, timeMs, valueLow, valueHigh);
    else this.#appendOdd(index, timeMs, valueLow, valueHigh);
  }

  /** Seals what the series owes to the flush under way; returns whether there was anything. */
  sealOwed(index: number): boolean {
    const at = index * RECORD_WORDS + STATE;
    const { words } = this.series;
    const state = words[at]!;
    if (state >>> EPOCH_SHIFT === this.epoch) return false;
    const { owing } = this;
    const hasRun = (state & COUNT_MASK) > 0;
    const hasLate = (state & HAS_LATE) !== 0;
    if (owing !== undefined) {
      if (hasRun) this.#seal(index, owing);
      if (hasLate) this.#sealLate(index, owing);
    }
    words[at] = (words[at]! & ((1 << EPOCH_SHIFT) - 1)) | (this.epoch << EPOCH_SHIFT);
    return owing !== undefined && (hasRun || hasLate);
  }

  /** Begins a new epoch: all runs there are now are owed to `owing`. */
  beginEpoch(owing: Generation): void {
    this.owing = owing;
    this.current = this.chunks.createGeneration();
    this.oldestMs = Number.POSITIVE_INFINITY;
    if (this.epoch < MAX_EPOCH) {
      this.epoch++;
      return;
    }
    const { words, end } = this.series;
    for (let i = 0; i < end; i++) words[i * RECORD_WORDS + STATE]! &= (1 << EPOCH_SHIFT) - 1;
    this.epoch = 1;
  }

  /** Whether the series has samples that are not sealed. */
  hasOpen(index: number): boolean {
    return (this.series.words[index * RECORD_WORDS + STATE]! & (COUNT_MASK | HAS_LATE)) !== 0;
  }

  /** Whether the open run has samples that may lie within the bounds. */
  runOverlaps(index: number, fromMs: number, toMs: number): boolean {
    const { words, doubles } = this.series;
    const at = index * RECORD_DOUBLES;
    return (
      (words[index * RECORD_WORDS + STATE]! & COUNT_MASK) > 0 &&
      doubles[at + RUN_MIN_MS]! <= toMs &&
      doubles[at + LAST_MS]! >= fromMs
    );
  }

  lateOverlaps(index: number, fromMs: number, toMs: number): boolean {
    const run = this.#lateRuns.get(index);
    return run !== undefined && run.minMs <= toMs && run.maxMs >= fromMs;
  }

  runCount(index: number): number {
    return this.series.words[index * RECORD_WORDS + STATE]! & COUNT_MASK;
  }

  lateCount(index: number): number {
    return this.#lateRuns.get(index)?.count ?? 0;
  }

  isRunSorted(index: number): boolean {
    return (this.series.words[index * RECORD_WORDS + STATE]! & IS_UNSORTED) === 0;
  }

  /** Copies the open run's samples, in the order of arrival or better, into the buffer from `at` on; returns their number. */
  readRun(index: number, buffer: SampleBuffer, at: number): number {
    const { words } = this.series;
    const record = index * RECORD_WORDS;
    const state = words[record + STATE]!;
    const count = state & COUNT_MASK;
    buffer.ensure(at + count);
    const packedBytes = words[record + CELL_LENGTH]!;
    let end = at;
    if (packedBytes > 0) {
      this.#cells.read(words[record + LAST_CELL]!, packedBytes, this.#packed);
      for (let pos = 0; pos < packedBytes; ) {
        const start = pos + PIECE_HEADER_BYTES;
        pos = start + (this.#packed[pos]! | (this.#packed[pos + 1]! << 8));
        const target = { timesMs: buffer.timesMs, values: buffer.values, words: buffer.words, at: end };
        end += this.#decoder.decode(this.#packed, start, pos, target);
      }
    }
    this.#blocks.read(words[record + FIRST_BLOCK]!, at + count - end, buffer, end);
    return count;
  }

  /** As {@link readRun}, for the late run. */
  readLate(index: number, buffer: SampleBuffer, at: number): number {
    const run = this.#lateRuns.get(index);
    if (run === undefined) return 0;
    buffer.ensure(at + run.count);
    this.#blocks.read(run.firstBlock, run.count, buffer, at);
    return run.count;
  }

  #appendOdd(index: number, timeMs: number, valueLow: number, valueHigh: number): void {
    this.sealOwed(index);
    const { words, doubles } = this.series;
    const record = index * RECORD_WORDS;
    const at = index * RECORD_DOUBLES;
    const lastMs = doubles[at + LAST_MS]!;
    if (timeMs === lastMs) {
      this.duplicates++;
      return;
    }
    if (timeMs < this.oldestMs) this.oldestMs = timeMs;
    if (timeMs > lastMs) {
      const isOpen = (words[record + STATE]! & COUNT_MASK) > 0;
      if (isOpen && timeMs - doubles[at + RUN_MIN_MS]! > RUN_SPAN_MS) this.#seal(index, this.current);
      if ((words[record + STATE]! & COUNT_MASK) === 0) doubles[at + RUN_MIN_MS] = timeMs;
      this.#push(index, timeMs, valueLow, valueHigh);
      return;
    }
    this.outOfOrder++;
    const isReached =
      (words[record + STATE]! & COUNT_MASK) > 0 &&
      timeMs > doubles[at + FLOOR_MS]! &&
      lastMs - timeMs <= RUN_SPAN_MS;
    if (!isReached) {
      this.#pushLate(index, timeMs, valueLow, valueHigh);
      return;
    }
    if (timeMs < doubles[at + RUN_MIN_MS]!) doubles[at + RUN_MIN_MS] = timeMs;
    words[record + STATE]! |= IS_UNSORTED;
    this.#push(index, timeMs, valueLow, valueHigh);
  }

  /** Appends to the open run. */
  #push(index: number, timeMs: number, valueLow: number, valueHigh: number): void {
    const { words, doubles } = this.series;
    const record = index * RECORD_WORDS;
    const state = words[record + STATE]!;
    const slot = (state >>> BLOCK_COUNT_SHIFT) & (BLOCK_SAMPLES - 1);
    if (slot === 0) {
      const block = this.#blocks.take();
      if (words[record + FIRST_BLOCK] === NO_BLOCK) words[record + FIRST_BLOCK] = block;
      else this.#blocks.link(words[record + LAST_BLOCK]!, block);
      words[record + LAST_BLOCK] = block;
    }
    this.#blocks.write(words[record + LAST_BLOCK]!, slot, timeMs, valueLow, valueHigh);
    words[record + STATE] = state + ONE_SAMPLE;
    this.openSamples++;
    const at = index * RECORD_DOUBLES;
    if (timeMs > doubles[at + LAST_MS]!) {
      doubles[at + LAST_MS] = timeMs;
      words[record + LAST_LOW] = valueLow;
      words[record + LAST_HIGH] = valueHigh;
    }
    if (slot < BLOCK_SAMPLES - 1) return;
    // A run is full when a block is. Where packing dropped duplicates that is up to 15 samples late, which a count of 8 bits holds.
    if ((state & COUNT_MASK) + 1 >= RUN_SAMPLES) this.#seal(index, this.current);
    else if (this.#blocks.usedBytes > this.#blockBytes) this.#pack(index);
  }

  #pushLate(index: number, timeMs: number, valueLow: number, valueHigh: number): void {
    this.late++;
    this.openSamples++;
    let run = this.#lateRuns.get(index);
    if (run === undefined) {
      run = { count: 0, firstBlock: NO_BLOCK, lastBlock: NO_BLOCK, minMs: timeMs, maxMs: timeMs };
      this.#lateRuns.set(index, run);
      this.series.words[index * RECORD_WORDS + STATE]! |= HAS_LATE;
    }
    const slot = run.count % BLOCK_SAMPLES;
    if (slot === 0) {
      const block = this.#blocks.take();
      if (run.firstBlock === NO_BLOCK) run.firstBlock = block;
      else this.#blocks.link(run.lastBlock, block);
      run.lastBlock = block;
    }
    this.#blocks.write(run.lastBlock, slot, timeMs, valueLow, valueHigh);
    run.minMs = Math.min(run.minMs, timeMs);
    run.maxMs = Math.max(run.maxMs, timeMs);
    if (++run.count === RUN_SAMPLES) this.#sealLate(index, this.current);
  }

  /** Packs the run's blocks, which are all full, and frees them. */
  #pack(index: number): void {
    const { words } = this.series;
    const record = index * RECORD_WORDS;
    const state = words[record + STATE]!;
    const blockCount = (state >>> BLOCK_COUNT_SHIFT) & COUNT_MASK;
    const buffer = this.#scratch;
    this.#blocks.read(words[record + FIRST_BLOCK]!, blockCount, buffer, 0);
    const count = (state & IS_UNSORTED) === 0 ? blockCount : sortSamples(buffer, 0, blockCount);
    const piece = this.#encode(buffer, 0, count);
    this.#pieceHeader[0] = piece.length;
    this.#pieceHeader[1] = piece.length >>> 8;
    const length = words[record + CELL_LENGTH]!;
    const cell = this.#cells.append(words[record + LAST_CELL]!, length, this.#pieceHeader);
    words[record + LAST_CELL] = this.#cells.append(cell, length + PIECE_HEADER_BYTES, piece);
    words[record + CELL_LENGTH] = length + PIECE_HEADER_BYTES + piece.length;
    this.#freeBlocks(record);
    const repeated = blockCount - count;
    words[record + STATE] = state - (blockCount << BLOCK_COUNT_SHIFT) - repeated;
    this.openSamples -= repeated;
    this.duplicates += repeated;
  }

  #seal(index: number, generation: Generation): void {
    const { words, doubles } = this.series;
    const record = index * RECORD_WORDS;
    const state = words[record + STATE]!;
    const buffer = this.#scratch;
    const given = this.readRun(index, buffer, 0);
    const count = (state & IS_UNSORTED) === 0 ? given : sortSamples(buffer, 0, given);
    this.#addChunk(index, generation, 0, count);
    this.#freeBlocks(record);
    if (words[record + CELL_LENGTH]! > 0) this.#cells.release(words[record + LAST_CELL]!);
    words[record + CELL_LENGTH] = 0;
    words[record + STATE] = state & ~(COUNT_MASK | (COUNT_MASK << BLOCK_COUNT_SHIFT) | IS_UNSORTED);
    doubles[index * RECORD_DOUBLES + FLOOR_MS] = doubles[index * RECORD_DOUBLES + LAST_MS]!;
    this.openSamples -= given;
    this.duplicates += given - count;
  }

  /** Seals the late run, as one chunk per stretch of at most an hour. */
  #sealLate(index: number, generation: Generation): void {
    const run = this.#lateRuns.get(index);
    if (run === undefined) return;
    const buffer = this.#scratch;
    const given = this.readLate(index, buffer, 0);
    const count = sortSamples(buffer, 0, given);
    for (let from = 0; from < count; ) {
      let to = from + 1;
      while (to < count && buffer.timesMs[to]! - buffer.timesMs[from]! <= RUN_SPAN_MS) to++;
      this.#addChunk(index, generation, from, to);
      from = to;
    }
    this.#blocks.release(run.firstBlock);
    this.#lateRuns.delete(index);
    this.series.words[index * RECORD_WORDS + STATE]! &= ~HAS_LATE;
    this.openSamples -= given;
    this.duplicates += given - count;
  }

  /** Makes a chunk of the scratch's samples `[from, to)`. */
  #addChunk(index: number, generation: Generation, from: number, to: number): void {
    const { words } = this.series;
    const { timesMs } = this.#scratch;
    const chunk = {
      series: index,
      minMs: timesMs[from]!,
      maxMs: timesMs[to - 1]!,
      count: to - from,
      data: this.#encode(this.#scratch, from, to),
    };
    const at = index * RECORD_WORDS + LAST_CHUNK;
    words[at] = this.chunks.add(generation, chunk, words[at]!);
  }

  #encode({ timesMs, values, words }: SampleBuffer, from: number, to: number): Uint8Array {
    return this.#encoder.encode({ timesMs, values, words, from, to });
  }

  #freeBlocks(record: number): void {
    const { words } = this.series;
    if (words[record + FIRST_BLOCK] === NO_BLOCK) return;
    this.#blocks.release(words[record + FIRST_BLOCK]!);
    words[record + FIRST_BLOCK] = NO_BLOCK;
    words[record + LAST_BLOCK] = NO_BLOCK;
  }
}
