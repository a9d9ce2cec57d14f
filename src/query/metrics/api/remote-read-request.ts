import { DecodeError } from '../../../lib/errors.ts';
import type { Matcher } from '../../../promql/index.ts';

/** `prometheus.Query`; hints are left out of account. */
export interface ReadQuery {
  /** Both inclusive, epoch milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly matchers: readonly Matcher[];
}

export const SAMPLES = 0;
export const STREAMED_XOR_CHUNKS = 1;

export interface ReadRequest {
  readonly queries: readonly ReadQuery[];
  /** `ReadRequest.ResponseType`, best first; empty: samples. */
  readonly accepted: readonly number[];
}

const MATCH_TYPES = ['=', '!=', '=~', '!~'] as const;
const MAX_QUERIES = 1000;
const MAX_MATCHERS = 1000;
/** Times of "everything" are the bounds of 64 bits. */
const MAX_TIME = 2n ** 53n - 1n;

/**
 * Reads `prometheus.ReadRequest { Query queries = 1; ResponseType accepted_response_types = 2 }`, uncompressed.
 *
 * @throws DecodeError when the bytes are no such message.
 */
export function readRequest(body: Uint8Array): ReadRequest {
  const queries: ReadQuery[] = [];
  const accepted: number[] = [];
  const message = new Fields(body);
  while (message.next()) {
    if (message.field === 1) {
      if (queries.length === MAX_QUERIES) throw bad(`it has more than ${MAX_QUERIES} queries`);
      queries.push(readQuery(message.block()));
    } else if (message.field === 2) accepted.push(...message.numbers().map(Number));
    else message.skip();
  }
  return { queries, accepted };
}

/** `Query { int64 start_timestamp_ms = 1; int64 end_timestamp_ms = 2; LabelMatcher matchers = 3; ReadHints hints = 4 }` */
function readQuery(message: Fields): ReadQuery {
  const matchers: Matcher[] = [];
  let [from, to] = [0n, 0n];
  while (message.next()) {
    if (message.field === 1) from = message.varint();
    else if (message.field === 2) to = message.varint();
    else if (message.field === 3) {
      if (matchers.length === MAX_MATCHERS) throw bad(`a query has more than ${MAX_MATCHERS} matchers`);
      matchers.push(readMatcher(message.block()));
    } else message.skip();
  }
  return { fromMs: timeOf(from), toMs: timeOf(to), matchers };
}

/** `LabelMatcher { Type type = 1; string name = 2; string value = 3 }` */
function readMatcher(message: Fields): Matcher {
  let [type, name, value] = [0, '', ''];
  while (message.next()) {
    if (message.field === 1) type = Number(message.varint());
    else if (message.field === 2) name = message.text();
    else if (message.field === 3) value = message.text();
    else message.skip();
  }
  const operator = MATCH_TYPES[type];
  if (operator === undefined) throw bad(`a matcher has the unknown type ${type}`);
  return { name, type: operator, value };
}

function timeOf(value: bigint): number {
  const signed = BigInt.asIntN(64, value);
  if (signed > MAX_TIME) return Number(MAX_TIME);
  return Number(signed < -MAX_TIME ? -MAX_TIME : signed);
}

/** The fields of one message, one after the other; each has to be taken or skipped. */
class Fields {
  readonly #bytes: Uint8Array;
  #at = 0;
  field = 0;
  #wireType = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  next(): boolean {
    if (this.#at >= this.#bytes.length) return false;
    const tag = Number(this.#varint());
    this.field = Math.floor(tag / 8);
    this.#wireType = tag % 8;
    return true;
  }

  varint(): bigint {
    if (this.#wireType !== 0) throw bad('a number has the wrong wire type');
    return this.#varint();
  }

  /** A repeated number, packed or not. */
  numbers(): bigint[] {
    if (this.#wireType === 0) return [this.#varint()];
    const packed = this.block();
    const numbers: bigint[] = [];
    while (packed.#at < packed.#bytes.length) numbers.push(packed.#varint());
    return numbers;
  }

  block(): Fields {
    if (this.#wireType !== 2) throw bad('a message has the wrong wire type');
    const length = Number(this.#varint());
    return new Fields(this.#take(length));
  }

  text(): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.block().#bytes);
    } catch (error) {
      if (error instanceof DecodeError) throw error;
      throw bad('a text is not UTF-8');
    }
  }

  skip(): void {
    if (this.#wireType === 0) this.#varint();
    else if (this.#wireType === 1) this.#take(8);
    else if (this.#wireType === 2) this.#take(Number(this.#varint()));
    else if (this.#wireType === 5) this.#take(4);
    else throw bad(`wire type ${this.#wireType} is unknown`);
  }

  #take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) throw bad('it is cut off');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw bad('it is cut off');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw bad('a number has too many bytes');
  }
}

function bad(what: string): DecodeError {
  return new DecodeError(
    `The body is no prometheus.ReadRequest: ${what}.`,
    'Send the message of Prometheus remote read, compressed with snappy.',
  );
}
