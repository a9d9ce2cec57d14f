/** Words and doubles per slot: 48 bytes. */
const SLOT_WORDS = 12;
const SLOT_DOUBLES = 6;
export const SLOT_BYTES = 48;

/** Doubles of a slot. */
const MIN_MS = 0;
const MAX_MS = 1;
/** Words of a slot. */
const SERIES = 4;
const NEXT_OF_SERIES = 5;
const SEGMENT = 6;
const START = 7;
const LENGTH = 8;
const COUNT = 9;
const NEXT_OF_GENERATION = 10;

const MIN_SLOTS = 1024;
const MIN_SEGMENT_BYTES = 16_384;
const MAX_SEGMENT_BYTES = 1 << 20;

export const NO_SLOT = -1;

/** `unflushed`: in memory only; `flushing`: rows of a plan; `flushed`: stored, kept for reading. */
export type GenerationState = 'unflushed' | 'flushing' | 'flushed';

/** Chunks that were sealed between two flushes. They are stored and dropped together, so their memory is returned in whole segments. */
export interface Generation {
  state: GenerationState;
  firstSlot: number;
  lastSlot: number;
  samples: number;
  bytes: number;
  minMs: number;
  maxMs: number;
  readonly segments: number[];
  /** Bytes used of the last segment. */
  segmentEnd: number;
}

export interface SealedChunk {
  readonly series: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly count: number;
  readonly data: Uint8Array;
}

/** Sealed chunks: their bytes in segments by generation, their facts in slots. A series' slots form a ring, oldest after newest. */
export class ChunkStore {
  /** Chunks held. */
  size = 0;
  /** Bytes of their data. */
  dataBytes = 0;
  #segmentBytes = 0;
  readonly #segments: (Uint8Array | undefined)[] = [];
  readonly #freeSegments: number[] = [];
  #words = new Int32Array(MIN_SLOTS * SLOT_WORDS);
  #doubles = new Float64Array(this.#words.buffer);
  #end = 0;
  #free = NO_SLOT;

  get byteLength(): number {
    return this.#segmentBytes + this.#words.byteLength;
  }

  createGeneration(): Generation {
    return {
      state: 'unflushed',
      firstSlot: NO_SLOT,
      lastSlot: NO_SLOT,
      samples: 0,
      bytes: 0,
      minMs: Number.POSITIVE_INFINITY,
      maxMs: Number.NEGATIVE_INFINITY,
      segments: [],
      segmentEnd: 0,
    };
  }

  /** Copies a chunk in. `last` is the series' newest slot or NO_SLOT; returns the new newest. */
  add(generation: Generation, chunk: SealedChunk, last: number): number {
    const { data, minMs, maxMs, count } = chunk;
    this.#place(generation, data);
    const slot = this.#takeSlot();
    const at = slot * SLOT_WORDS;
    const words = this.#words;
    this.#doubles[slot * SLOT_DOUBLES + MIN_MS] = minMs;
    this.#doubles[slot * SLOT_DOUBLES + MAX_MS] = maxMs;
    words[at + SERIES] = chunk.series;
    words[at + SEGMENT] = generation.segments.at(-1)!;
    words[at + START] = generation.segmentEnd - data.length;
    words[at + LENGTH] = data.length;
    words[at + COUNT] = count;
    words[at + NEXT_OF_SERIES] = last === NO_SLOT ? slot : this.nextOfSeries(last);
    if (last !== NO_SLOT) words[last * SLOT_WORDS + NEXT_OF_SERIES] = slot;
    words[at + NEXT_OF_GENERATION] = NO_SLOT;
    if (generation.firstSlot === NO_SLOT) generation.firstSlot = slot;
    else words[generation.lastSlot * SLOT_WORDS + NEXT_OF_GENERATION] = slot;
    generation.lastSlot = slot;
    generation.samples += count;
    generation.bytes += data.length;
    generation.minMs = Math.min(generation.minMs, minMs);
    generation.maxMs = Math.max(generation.maxMs, maxMs);
    this.size++;
    this.dataBytes += data.length;
    return slot;
  }

  /**
   * Takes the generation's first chunk out of it and of its series' ring.
   *
   * @param last the series' newest slot. Returns what it is now, NO_SLOT if that was the only one.
   */
  removeFirst(generation: Generation, last: number): number {
    const slot = generation.firstSlot;
    const words = this.#words;
    const at = slot * SLOT_WORDS;
    let before = last;
    while (this.nextOfSeries(before) !== slot) before = this.nextOfSeries(before);
    const after = this.nextOfSeries(slot);
    words[before * SLOT_WORDS + NEXT_OF_SERIES] = after;
    generation.firstSlot = words[at + NEXT_OF_GENERATION]!;
    generation.samples -= words[at + COUNT]!;
    generation.bytes -= words[at + LENGTH]!;
    this.size--;
    this.dataBytes -= words[at + LENGTH]!;
    words[at + NEXT_OF_SERIES] = this.#free;
    this.#free = slot;
    if (slot !== last) return last;
    return before === slot ? NO_SLOT : before;
  }

  /** Gives the memory of a generation without chunks back. */
  dropSegments(generation: Generation): void {
    for (const id of generation.segments) {
      this.#segmentBytes -= this.#segments[id]!.length;
      this.#segments[id] = undefined;
      this.#freeSegments.push(id);
    }
    generation.segments.length = 0;
  }

  seriesOf(slot: number): number {
    return this.#words[slot * SLOT_WORDS + SERIES]!;
  }

  nextOfSeries(slot: number): number {
    return this.#words[slot * SLOT_WORDS + NEXT_OF_SERIES]!;
  }

  nextOfGeneration(slot: number): number {
    return this.#words[slot * SLOT_WORDS + NEXT_OF_GENERATION]!;
  }

  minMsOf(slot: number): number {
    return this.#doubles[slot * SLOT_DOUBLES + MIN_MS]!;
  }

  maxMsOf(slot: number): number {
    return this.#doubles[slot * SLOT_DOUBLES + MAX_MS]!;
  }

  countOf(slot: number): number {
    return this.#words[slot * SLOT_WORDS + COUNT]!;
  }

  /** The memory the chunk lies in, at `[startOf, endOf)`. It is never written again. */
  segmentOf(slot: number): Uint8Array {
    return this.#segments[this.#words[slot * SLOT_WORDS + SEGMENT]!]!;
  }

  startOf(slot: number): number {
    return this.#words[slot * SLOT_WORDS + START]!;
  }

  endOf(slot: number): number {
    return this.startOf(slot) + this.#words[slot * SLOT_WORDS + LENGTH]!;
  }

  #place(generation: Generation, data: Uint8Array): void {
    const { segments } = generation;
    let segment = segments.length === 0 ? undefined : this.#segments[segments.at(-1)!];
    if (segment === undefined || generation.segmentEnd + data.length > segment.length) {
      const usual =
        segment === undefined ? MIN_SEGMENT_BYTES : Math.min(MAX_SEGMENT_BYTES, segment.length * 2);
      segment = new Uint8Array(Math.max(usual, data.length));
      const id = this.#freeSegments.pop() ?? this.#segments.length;
      this.#segments[id] = segment;
      this.#segmentBytes += segment.length;
      segments.push(id);
      generation.segmentEnd = 0;
    }
    segment.set(data, generation.segmentEnd);
    generation.segmentEnd += data.length;
  }

  #takeSlot(): number {
    if (this.#free !== NO_SLOT) {
      const slot = this.#free;
      this.#free = this.nextOfSeries(slot);
      return slot;
    }
    if ((this.#end + 1) * SLOT_WORDS > this.#words.length) {
      const words = new Int32Array(Math.ceil(this.#end * 1.5) * SLOT_WORDS);
      words.set(this.#words);
      this.#words = words;
      this.#doubles = new Float64Array(words.buffer);
    }
    return this.#end++;
  }
}
