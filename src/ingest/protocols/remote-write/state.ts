import { KeyCache } from '../otlp/metrics-key-cache.ts';
import { WireReader } from '../otlp/wire.ts';
import type { CheckedLabels } from './labels.ts';
import { SeriesCache, type SeriesCacheLimits, type SeriesFacts, type SeriesOwner } from './series-cache.ts';
import { SymbolTable } from './symbols.ts';

/** About 200 bytes and the labels per series in use, for up to twice as many series as are named here. */
const DEFAULT_LIMITS: SeriesCacheLimits = { entries: 250_000, keyBytes: 64 * 1024 * 1024 };
/** Words of requests of 2.0. */
const MAX_SYMBOLS = 250_000;
const MAX_SYMBOL_BYTES = 16 * 1024 * 1024;
/** Pairs of job and instance, and metric names; beyond it both are learned anew. */
const MAX_OWNERS = 20_000;
const MAX_NAMES = 100_000;
/** Numbers of symbols fit in 32 bits: from here on they begin anew with the next request, which has far fewer than are left. */
const LAST_SYMBOL = 0x8000_0000;

export interface RemoteWriteStateOptions {
  /** Bounds of what is remembered of series, for each version of the protocol. */
  readonly series?: SeriesCacheLimits;
}

/**
 * What the decoders remember from request to request, so that a series that comes again costs a comparison and not a translation.
 * One per server; not to be shared by servers with different limits. Nothing in it refers to the memory of a request.
 */
export interface RemoteWriteState {
  /** Series remembered. */
  readonly seriesCount: number;
}

export function createRemoteWriteState(options: RemoteWriteStateOptions = {}): RemoteWriteState {
  return new DecoderState(options.series ?? DEFAULT_LIMITS);
}

export class DecoderState implements RemoteWriteState {
  readonly reader = new WireReader();
  readonly symbolTable = new SymbolTable(
    this.reader,
    () => this.#symbols,
    () => ++this.#lastSymbol,
  );
  /** By the bytes of the label messages. */
  readonly seriesV1: SeriesCache;
  /** By the numbers of the symbols. */
  seriesV2: SeriesCache;
  /** Number of a symbol by its bytes; a number never stands for two symbols. */
  #symbols = newSymbols();
  #lastSymbol = 0;
  /** Number of the request being read. */
  serial = 0;
  readonly #limits: SeriesCacheLimits;
  readonly #owners = new Map<string, SeriesOwner>();
  /** One string per metric name, which makes columns recognise it at a glance. */
  readonly #names = new Map<string, string>();

  constructor(limits: SeriesCacheLimits) {
    this.#limits = limits;
    this.seriesV1 = new SeriesCache(limits);
    this.seriesV2 = new SeriesCache(limits);
  }

  get seriesCount(): number {
    return this.seriesV1.size + this.seriesV2.size;
  }

  /** Begins with another request. */
  open(body: Uint8Array): void {
    this.reader.reset(body);
    this.serial++;
    if (this.#lastSymbol < LAST_SYMBOL) return;
    this.#lastSymbol = 0;
    this.#symbols = newSymbols();
    this.seriesV2 = new SeriesCache(this.#limits);
  }

  /** Lets go of the request. */
  close(): void {
    this.reader.reset();
    this.symbolTable.clear();
  }

  factsOf({ metric, labels, id }: CheckedLabels): SeriesFacts {
    let job = '';
    let instance = '';
    for (const [name, value] of labels) {
      if (name === 'job') job = value;
      else if (name === 'instance') instance = value;
    }
    return {
      metric: this.#nameOf(metric),
      low: Number(id & 0xffff_ffffn),
      high: Number(id >> 32n),
      owner: this.#ownerOf(job, instance),
    };
  }

  #nameOf(metric: string): string {
    const known = this.#names.get(metric);
    if (known !== undefined) return known;
    if (this.#names.size >= MAX_NAMES) this.#names.clear();
    this.#names.set(metric, metric);
    return metric;
  }

  #ownerOf(job: string, instance: string): SeriesOwner {
    const key = `${job.length}:${job}${instance}`;
    const known = this.#owners.get(key);
    if (known !== undefined) return known;
    if (this.#owners.size >= MAX_OWNERS) this.#owners.clear();
    const made: SeriesOwner = { job, instance, serial: 0, tally: undefined };
    this.#owners.set(key, made);
    return made;
  }
}

function newSymbols(): KeyCache<number> {
  return new KeyCache<number>({ entries: MAX_SYMBOLS, keyBytes: MAX_SYMBOL_BYTES });
}
