import type { Label } from '../../series-id.ts';
import { histogramKeyOf, NEVER_ANNOUNCED, type SeriesRef } from '../../series-rows.ts';
import { HASH_SEED, hashBytes } from '../../text.ts';
import type { ServiceTally } from '../../types.ts';
import { storedLabels } from './labels.ts';

export interface SeriesCacheLimits {
  /** Series per generation. */
  readonly entries: number;
  /** Bytes of keys and labels per generation. */
  readonly keyBytes: number;
}

/** Whom the samples of a series count for; one per job and instance. */
export interface SeriesOwner {
  readonly job: string;
  readonly instance: string;
  /** The request that `tally` belongs to. */
  serial: number;
  tally: ServiceTally | undefined;
}

/** What 2.0 told of a series' family when it was last written. */
export interface Described {
  readonly type: number;
  readonly help: number;
  readonly unit: number;
  readonly dayMs: number;
  readonly epoch: number;
}

/** What makes a {@link CachedSeries}. */
export interface SeriesFacts {
  readonly metric: string;
  readonly low: number;
  readonly high: number;
  readonly owner: SeriesOwner;
}

/**
 * A series as the decoders remember it. Lean, because there is one for each series in use: ids are put together and labels decoded
 * when somebody asks, which is once a day.
 */
export class CachedSeries implements SeriesRef {
  readonly metric: string;
  readonly low: number;
  readonly high: number;
  readonly owner: SeriesOwner;
  sampleDayMs: number = NEVER_ANNOUNCED.sampleDayMs;
  sampleEpoch: number = NEVER_ANNOUNCED.sampleEpoch;
  histogramDayMs: number = NEVER_ANNOUNCED.histogramDayMs;
  histogramEpoch: number = NEVER_ANNOUNCED.histogramEpoch;
  /** Where the key lies, and behind it the labels. */
  generation: Generation;
  start: number;
  length: number;
  labelsLength: number;
  /** The series that came after this one last time: senders keep their order. */
  next: CachedSeries | undefined = undefined;
  /** The request in which a sample of the series was taken last, its time, and where its value lies (-1: it is 0 and was left out). */
  serial = 0;
  lastMs = 0;
  lastAt = 0;
  described: Described | undefined = undefined;
  /** Labels of a series just made, which are about to be asked for; the decoder takes them away again. */
  freshLabels: readonly Label[] | undefined = undefined;

  constructor(
    facts: SeriesFacts,
    generation: Generation,
    start: number,
    length: number,
    labelsLength: number,
  ) {
    this.metric = facts.metric;
    this.low = facts.low;
    this.high = facts.high;
    this.owner = facts.owner;
    this.generation = generation;
    this.start = start;
    this.length = length;
    this.labelsLength = labelsLength;
  }

  get id(): bigint {
    return (BigInt(this.high) << 32n) | BigInt(this.low);
  }

  get sampleKey(): bigint {
    return this.id;
  }

  get histogramKey(): bigint {
    return histogramKeyOf(this.id);
  }

  get labels(): readonly Label[] {
    const { generation, start, length, labelsLength } = this;
    if (this.freshLabels !== undefined) return this.freshLabels;
    const from = labelsLength === 0 ? start : start + length;
    return storedLabels(generation.bytes.subarray(from, from + (labelsLength || length)));
  }
}

/** Lookups give up after so many steps: keys come from outside and can be made to collide. */
const MAX_PROBES = 128;
const INITIAL_SLOTS = 256;
const INITIAL_BYTES = 16_384;

/** Series and their keys, side by side in one piece of memory. */
class Generation {
  bytes = new Uint8Array(INITIAL_BYTES);
  view = new DataView(this.bytes.buffer);
  /** Index of the entry plus one; 0 is free; at most half full. */
  slots = new Uint32Array(INITIAL_SLOTS);
  hashes = new Int32Array(INITIAL_SLOTS / 2);
  entries: CachedSeries[] = [];
  end = 0;

  find(hash: number, source: DataView, start: number, end: number): CachedSeries | undefined {
    const mask = this.slots.length - 1;
    for (let slot = hash & mask, probes = 0; probes < MAX_PROBES; slot = (slot + 1) & mask, probes++) {
      const index = this.slots[slot]! - 1;
      if (index === -1) return undefined;
      if (this.hashes[index] !== hash) continue;
      const series = this.entries[index]!;
      // One that moved on has its key elsewhere.
      if (series.generation !== this || series.length !== end - start) continue;
      if (sameKey(this.view, series.start, source, start, series.length)) return series;
    }
    return undefined;
  }

  /** Copies bytes behind what is there; returns where. */
  append(source: Uint8Array, start: number, end: number): number {
    const at = this.end;
    const needed = at + end - start;
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
      grown.set(this.bytes.subarray(0, at));
      this.bytes = grown;
      this.view = new DataView(grown.buffer);
    }
    this.bytes.set(source.subarray(start, end), at);
    this.end = needed;
    return at;
  }

  add(hash: number, series: CachedSeries): void {
    const index = this.entries.length;
    if (index === this.hashes.length) this.#grow();
    this.hashes[index] = hash;
    this.entries.push(series);
    this.#occupy(hash, index);
  }

  /** A series that finds no place within the probes stays unreachable and is translated each time. */
  #occupy(hash: number, index: number): void {
    const mask = this.slots.length - 1;
    for (let slot = hash & mask, probes = 0; probes < MAX_PROBES; slot = (slot + 1) & mask, probes++) {
      if (this.slots[slot] !== 0) continue;
      this.slots[slot] = index + 1;
      return;
    }
  }

  #grow(): void {
    const hashes = new Int32Array(this.hashes.length * 2);
    hashes.set(this.hashes);
    this.hashes = hashes;
    this.slots = new Uint32Array(hashes.length * 2);
    for (let index = 0; index < this.entries.length; index++) this.#occupy(hashes[index]!, index);
  }
}

/** What series belong to that were dropped. Never the young generation, so such a series is never predicted. */
const NO_GENERATION = new Generation();

/**
 * A bounded map from the bytes that stand for a series in a request to the series. Keys are copied, so nothing refers to the memory
 * of a request.
 *
 * It holds two generations. When the young one is full the old one is dropped and the young one becomes old; what is still in use
 * moves over as it is asked for. So at the bound the cache loses what was not used lately, which costs a translation and never a
 * wrong answer.
 */
export class SeriesCache {
  readonly #limits: SeriesCacheLimits;
  #young = new Generation();
  #old = new Generation();
  /** How often the old generation was dropped; a number that climbs fast means the bound is too small. */
  turns = 0;

  constructor(limits: SeriesCacheLimits) {
    this.#limits = limits;
  }

  /** Entries held, those counted twice that moved over. */
  get size(): number {
    return this.#young.entries.length + this.#old.entries.length;
  }

  /** Whether `series` has the key `source[start, start + series.length)`; only for series in the young generation. */
  has(series: CachedSeries, source: DataView, start: number): boolean {
    const young = this.#young;
    return series.generation === young && sameKey(young.view, series.start, source, start, series.length);
  }

  /** The series with the key `source[start, end)`; `source` and `view` are the same memory. */
  get(source: Uint8Array, view: DataView, start: number, end: number): CachedSeries | undefined {
    const hash = hashBytes(view, start, end, HASH_SEED);
    const found = this.#young.find(hash, view, start, end);
    if (found !== undefined) return found;
    const older = this.#old.find(hash, view, start, end);
    if (older === undefined) return undefined;
    const { generation, labelsLength } = older;
    const labelsAt = older.start + older.length;
    // The old generation may be dropped while room is made, so its bytes are held here.
    const { bytes } = generation;
    this.#makeRoom(end - start + labelsLength);
    const at = this.#young.append(source, start, end);
    this.#young.append(bytes, labelsAt, labelsAt + labelsLength);
    older.generation = this.#young;
    older.start = at;
    this.#young.add(hash, older);
    return older;
  }

  /**
   * Stores a series under a key that is not there.
   *
   * @param key where it lies.
   * @param labels the label messages of 1.0, when the key is something else.
   */
  add(facts: SeriesFacts, key: SeriesKey, labels: Uint8Array | undefined): CachedSeries {
    const { bytes, view, start, end } = key;
    const labelsLength = labels?.length ?? 0;
    const isKept = end - start + labelsLength <= this.#limits.keyBytes;
    if (isKept) this.#makeRoom(end - start + labelsLength);
    const generation = isKept ? this.#young : new Generation();
    const at = generation.append(bytes, start, end);
    if (labels !== undefined) generation.append(labels, 0, labelsLength);
    const series = new CachedSeries(facts, generation, at, end - start, labelsLength);
    if (isKept) generation.add(hashBytes(view, start, end, HASH_SEED), series);
    return series;
  }

  #makeRoom(keyBytes: number): void {
    const young = this.#young;
    if (young.entries.length < this.#limits.entries && young.end + keyBytes <= this.#limits.keyBytes) return;
    // Links to series that are gone would keep them in memory.
    for (const series of this.#old.entries) {
      if (series.generation !== this.#old) continue;
      series.next = undefined;
      series.generation = NO_GENERATION;
    }
    this.#old = young;
    this.#young = new Generation();
    this.turns++;
  }
}

/** Where a key lies: `bytes[start, end)`, with a view of the same memory. */
export interface SeriesKey {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly start: number;
  readonly end: number;
}

/**
 * Compares four words at a time, the last four overlapping those before. Measured for 170 bytes: 60 ns, against 135 ns word by word and
 * 150 ns for the native comparison.
 */
function sameKey(a: DataView, startA: number, b: DataView, startB: number, length: number): boolean {
  const last = length - BLOCK;
  if (last < 0) return sameBytes(a, startA, b, startB, length);
  // From the end, because neighbours differ there more often than in what they begin with.
  if (!sameBlock(a, startA + last, b, startB + last)) return false;
  for (let i = 0; i < last; i += BLOCK) if (!sameBlock(a, startA + i, b, startB + i)) return false;
  return true;
}

const BLOCK = 16;

function sameBlock(a: DataView, atA: number, b: DataView, atB: number): boolean {
  const first = a.getInt32(atA, true) ^ b.getInt32(atB, true);
  const second = a.getInt32(atA + 4, true) ^ b.getInt32(atB + 4, true);
  const third = a.getInt32(atA + 8, true) ^ b.getInt32(atB + 8, true);
  const fourth = a.getInt32(atA + 12, true) ^ b.getInt32(atB + 12, true);
  return (first | second | third | fourth) === 0;
}

function sameBytes(a: DataView, startA: number, b: DataView, startB: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (a.getUint8(startA + i) !== b.getUint8(startB + i)) return false;
  return true;
}
