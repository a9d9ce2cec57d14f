import { DecodeError } from '../../../lib/errors.ts';
import type { WireReader } from '../otlp/wire.ts';

/** Symbols of one request. */
const MAX_SYMBOLS = 1_000_000;
const INITIAL_SYMBOLS = 4096;
/** Memory for more symbols than this is given back after the request. */
const MAX_KEPT_SYMBOLS = 65_536;
/** Longer texts are not remembered; they are labels that will be refused, or long help. */
const MAX_REMEMBERED_BYTES = 8192;

/** Numbers of symbols over all requests. */
export interface SymbolNumbers {
  get(space: number, source: WireReader, start: number, end: number): number | undefined;
  set(space: number, source: WireReader, start: number, end: number, value: number): void;
}

/** The strings of one request of 2.0, which everything else in it refers to by their place. They are looked at when needed. */
export class SymbolTable {
  readonly #reader: WireReader;
  readonly #newNumber: () => number;
  readonly #numbersNow: () => SymbolNumbers;
  #starts = new Uint32Array(INITIAL_SYMBOLS);
  #ends = new Uint32Array(INITIAL_SYMBOLS);
  /** By place: the number that stands for the text of the symbol in every request, 0 when it was not learned. */
  numbers = new Uint32Array(INITIAL_SYMBOLS);
  count = 0;

  constructor(reader: WireReader, numbersNow: () => SymbolNumbers, newNumber: () => number) {
    this.#reader = reader;
    this.#numbersNow = numbersNow;
    this.#newNumber = newNumber;
  }

  clear(): void {
    this.count = 0;
    if (this.#starts.length <= MAX_KEPT_SYMBOLS) return;
    this.#starts = new Uint32Array(INITIAL_SYMBOLS);
    this.#ends = new Uint32Array(INITIAL_SYMBOLS);
    this.numbers = new Uint32Array(INITIAL_SYMBOLS);
  }

  /** Appends the symbol that lies at `[start, end)` of the body. */
  add(start: number, end: number): void {
    const at = this.count;
    if (at === this.#starts.length) this.#grow();
    this.#starts[at] = start;
    this.#ends[at] = end;
    this.numbers[at] = 0;
    this.count = at + 1;
  }

  #grow(): void {
    const capacity = this.#starts.length * 2;
    if (capacity > 2 * MAX_SYMBOLS) {
      throw new DecodeError(`The request has more than ${MAX_SYMBOLS} symbols.`, 'Send smaller requests.');
    }
    this.#starts = enlarged(this.#starts, capacity);
    this.#ends = enlarged(this.#ends, capacity);
    this.numbers = enlarged(this.numbers, capacity);
  }

  /** The number of the symbol at `ref`, which must be below `count`. */
  learn(ref: number): number {
    const known = this.numbers[ref]!;
    if (known !== 0) return known;
    const start = this.#starts[ref]!;
    const end = this.#ends[ref]!;
    const numbers = this.#numbersNow();
    const isRemembered = end - start <= MAX_REMEMBERED_BYTES;
    let number = isRemembered ? numbers.get(0, this.#reader, start, end) : undefined;
    if (number === undefined) {
      number = this.#newNumber();
      if (isRemembered) numbers.set(0, this.#reader, start, end, number);
    }
    this.numbers[ref] = number;
    return number;
  }

  isEmpty(ref: number): boolean {
    return this.#starts[ref] === this.#ends[ref];
  }

  startOf(ref: number): number {
    return this.#starts[ref]!;
  }

  endOf(ref: number): number {
    return this.#ends[ref]!;
  }

  textOf(ref: number): string {
    return this.#reader.text(this.#starts[ref]!, this.#ends[ref]!);
  }
}

function enlarged(from: Uint32Array, capacity: number): Uint32Array<ArrayBuffer> {
  const to = new Uint32Array(capacity);
  to.set(from);
  return to;
}
