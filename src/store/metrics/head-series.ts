import { NO_BLOCK } from './block-pool.ts';
import { IdMap, MAX_INDEXES } from './id-map.ts';

/**
 * A series' record is 64 bytes, one cache line, in memory seen both as 32-bit words and as doubles. An append of a known series touches
 * its record and one block and nothing else.
 */
export const RECORD_WORDS = 16;
export const RECORD_DOUBLES = 8;

/** Words of a record. */
export const ID_LOW = 0;
export const ID_HIGH = 1;
/** Bits of the value of the newest sample. */
export const LAST_LOW = 4;
export const LAST_HIGH = 5;
/** Blocks of the open run, oldest first. */
export const FIRST_BLOCK = 10;
export const LAST_BLOCK = 11;
/** See below. */
export const STATE = 12;
/** Packed samples of the open run, older than those in blocks: last cell and bytes. */
export const LAST_CELL = 13;
export const CELL_LENGTH = 14;
/** Slot of the newest sealed chunk, whose successor is the oldest; -1 without. */
export const LAST_CHUNK = 15;

/** Doubles of a record. */
/** Time of the newest sample ever given, the open run's last if it has any. */
export const LAST_MS = 1;
/** Time of the oldest sample of the open run. */
export const RUN_MIN_MS = 3;
/** The open run takes only samples newer than this: the newest time sealed from open runs. */
export const FLOOR_MS = 4;

/**
 * State word: bits 0-7 samples in the open run, bits 8-15 how many of them are in blocks, bit 16: they are not in order, bit 17: there
 * is a late run, bits 18-31 the flush epoch in which the runs began.
 */
export const COUNT_MASK = 0xff;
export const BLOCK_COUNT_SHIFT = 8;
export const ONE_SAMPLE = 0x101;
export const IS_UNSORTED = 0x1_0000;
export const HAS_LATE = 0x2_0000;
export const EPOCH_SHIFT = 18;
export const MAX_EPOCH = 0x3fff;

/** In the first-block word of a record whose series was dropped; its id is stale. */
const DROPPED = -2;

const MIN_CAPACITY = 1024;
const GROWTH = 1.5;
/** A metric's name, its entry in the map and its reference count, about. */
const NAME_BYTES = 140;

/** The records of all series, their ids and the names of their metrics. */
export class SeriesTable {
  words = new Int32Array(MIN_CAPACITY * RECORD_WORDS);
  doubles = new Float64Array(this.words.buffer);
  /** Indexes ever used are below this. */
  end = 0;
  readonly #ids = new IdMap(this.words, RECORD_WORDS);
  readonly #names = new MetricNames();
  #metrics = new Uint32Array(MIN_CAPACITY);
  /** Dropped records, linked through their last-chunk word; -1: none. */
  #free = -1;

  get size(): number {
    return this.#ids.size;
  }

  get byteLength(): number {
    return (
      this.words.byteLength + this.#metrics.byteLength + this.#ids.byteLength + this.#names.size * NAME_BYTES
    );
  }

  /**
   * The index, or -1. Senders repeat their series in the same order, in which the indexes were given out, so a guess is tried first:
   * it saves the look into the map.
   */
  find(low: number, high: number, guess = 0): number {
    const { words } = this;
    const at = guess * RECORD_WORDS;
    if (
      guess < this.end &&
      words[at + ID_LOW] === (low | 0) &&
      words[at + ID_HIGH] === (high | 0) &&
      words[at + FIRST_BLOCK] !== DROPPED
    ) {
      return guess;
    }
    return this.#ids.find(low, high);
  }

  /** Adds a series that is not there yet. */
  add(low: number, high: number, metric: string, epoch: number): number {
    const index = this.#takeIndex();
    const at = index * RECORD_WORDS;
    const { words, doubles } = this;
    words.fill(0, at, at + RECORD_WORDS);
    words[at + ID_LOW] = low;
    words[at + ID_HIGH] = high;
    words[at + FIRST_BLOCK] = NO_BLOCK;
    words[at + LAST_BLOCK] = NO_BLOCK;
    words[at + STATE] = epoch << EPOCH_SHIFT;
    words[at + LAST_CHUNK] = -1;
    doubles[index * RECORD_DOUBLES + LAST_MS] = Number.NEGATIVE_INFINITY;
    doubles[index * RECORD_DOUBLES + FLOOR_MS] = Number.NEGATIVE_INFINITY;
    this.#metrics[index] = this.#names.take(metric);
    this.#ids.add(index);
    return index;
  }

  /** Drops a series that has no samples left. */
  drop(index: number): void {
    this.#ids.delete(index);
    this.#names.release(this.#metrics[index]!);
    const at = index * RECORD_WORDS;
    this.words[at + STATE] = 0;
    this.words[at + FIRST_BLOCK] = DROPPED;
    this.words[at + LAST_CHUNK] = this.#free;
    this.#free = index;
  }

  metricOf(index: number): string {
    return this.#names.nameOf(this.#metrics[index]!);
  }

  #takeIndex(): number {
    if (this.#free >= 0) {
      const index = this.#free;
      this.#free = this.words[index * RECORD_WORDS + LAST_CHUNK]!;
      return index;
    }
    if (this.end >= MAX_INDEXES) throw new RangeError('too many series');
    if (this.end === this.#metrics.length) this.#grow();
    return this.end++;
  }

  #grow(): void {
    const capacity = Math.min(MAX_INDEXES, Math.ceil(this.end * GROWTH));
    const words = new Int32Array(capacity * RECORD_WORDS);
    words.set(this.words);
    this.words = words;
    this.doubles = new Float64Array(words.buffer);
    this.#ids.setKeys(words);
    const metrics = new Uint32Array(capacity);
    metrics.set(this.#metrics);
    this.#metrics = metrics;
  }
}

/** Each name once, with a count of the series that have it. */
class MetricNames {
  readonly #ids = new Map<string, number>();
  readonly #names: string[] = [];
  readonly #counts: number[] = [];
  readonly #free: number[] = [];

  get size(): number {
    return this.#ids.size;
  }

  nameOf(id: number): string {
    return this.#names[id]!;
  }

  take(name: string): number {
    const known = this.#ids.get(name);
    if (known !== undefined) {
      this.#counts[known]!++;
      return known;
    }
    const id = this.#free.pop() ?? this.#names.length;
    this.#names[id] = name;
    this.#counts[id] = 1;
    this.#ids.set(name, id);
    return id;
  }

  release(id: number): void {
    if (--this.#counts[id]! > 0) return;
    this.#ids.delete(this.#names[id]!);
    this.#names[id] = '';
    this.#free.push(id);
  }
}
