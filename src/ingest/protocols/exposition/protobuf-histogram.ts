import type { NativeHistogram } from '../../../model/native-histogram.ts';
import { WIRE_BYTES, type WireReader } from '../otlp/wire.ts';
import { readTimestamp } from './protobuf-messages.ts';

const MIN_SCHEMA = -4;
const MAX_SCHEMA = 8;
/** Finer schemas than the finest are defined up to here and merged down, as in Prometheus. */
const MAX_KNOWN_SCHEMA = 52;
/** Indexes are 32-bit in the format. */
const MAX_INDEX = 0x7fff_ffff;

/** `Histogram` of the protobuf exposition: classic buckets and the fields of a native one. Keeps its memory between metrics. */
export class HistogramMessage {
  count = 0;
  countFloat = 0;
  sum = 0;
  startMs: number | undefined = undefined;
  schema = 0;
  zeroThreshold = 0;
  zeroCount = 0;
  zeroCountFloat = 0;
  /** Pairs of offset and length. */
  positiveSpans: number[] = [];
  negativeSpans: number[] = [];
  positiveDeltas: number[] = [];
  negativeDeltas: number[] = [];
  positiveCounts: number[] = [];
  negativeCounts: number[] = [];
  /** Classic buckets; `cumulativeCounts[i]` belongs to `bounds[i]`. */
  bounds: number[] = [];
  cumulativeCounts: number[] = [];
  /** Where the exemplar of bucket `i` begins and ends, -1 without one. */
  bucketExemplars: number[] = [];
  bucketExemplarStops: number[] = [];
  /** Bounds of the exemplars of the native histogram. */
  exemplars: number[] = [];

  read(reader: WireReader): void {
    this.#clear();
    for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
      if (field <= 8 || field === 15) this.#scalar(reader, field);
      else if (field <= 11) this.#side(reader, field - 9, 'negative');
      else if (field <= 14) this.#side(reader, field - 12, 'positive');
      else if (field === 16) {
        reader.range();
        this.exemplars.push(reader.start, reader.stop);
      } else reader.skip();
    }
  }

  #clear(): void {
    this.count = this.countFloat = this.sum = 0;
    this.startMs = undefined;
    this.schema = this.zeroThreshold = this.zeroCount = this.zeroCountFloat = 0;
    this.positiveSpans = [];
    this.negativeSpans = [];
    this.positiveDeltas = [];
    this.negativeDeltas = [];
    this.positiveCounts = [];
    this.negativeCounts = [];
    this.bounds = [];
    this.cumulativeCounts = [];
    this.bucketExemplars = [];
    this.bucketExemplarStops = [];
    this.exemplars = [];
  }

  #scalar(reader: WireReader, field: number): void {
    if (field === 1) this.count = reader.varint();
    else if (field === 2) this.sum = reader.double();
    else if (field === 3) this.#bucket(reader);
    else if (field === 4) this.countFloat = reader.double();
    else if (field === 5) {
      reader.varint64();
      this.schema = zigzag(reader);
    } else if (field === 6) this.zeroThreshold = reader.double();
    else if (field === 7) this.zeroCount = reader.varint();
    else if (field === 8) this.zeroCountFloat = reader.double();
    else this.startMs = readTimestamp(reader) || undefined;
  }

  /** @param part 0 a span, 1 deltas, 2 counts. */
  #side(reader: WireReader, part: number, side: 'positive' | 'negative'): void {
    const isPositive = side === 'positive';
    if (part === 0) readSpan(reader, isPositive ? this.positiveSpans : this.negativeSpans);
    else if (part === 1) readDeltas(reader, isPositive ? this.positiveDeltas : this.negativeDeltas);
    else readDoubles(reader, isPositive ? this.positiveCounts : this.negativeCounts);
  }

  #bucket(reader: WireReader): void {
    const outer = reader.enter();
    let bound = 0;
    let count = 0;
    let countFloat = 0;
    let exemplarStart = -1;
    let exemplarStop = -1;
    for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
      if (field === 1) count = reader.varint();
      else if (field === 2) bound = reader.double();
      else if (field === 4) countFloat = reader.double();
      else if (field === 3) {
        reader.range();
        exemplarStart = reader.start;
        exemplarStop = reader.stop;
      } else reader.skip();
    }
    reader.leave(outer);
    this.bounds.push(bound);
    this.cumulativeCounts.push(countFloat > 0 ? countFloat : count);
    this.bucketExemplars.push(exemplarStart);
    this.bucketExemplarStops.push(exemplarStop);
  }
}

/**
 * Whether a histogram is meant as a native one: it has a span, which may be empty to say just that, or something about a zero bucket.
 */
export function isNativeHistogram(message: HistogramMessage): boolean {
  return (
    message.positiveSpans.length > 0 ||
    message.negativeSpans.length > 0 ||
    message.zeroThreshold > 0 ||
    message.zeroCount > 0 ||
    message.zeroCountFloat > 0
  );
}

/** @throws DecodeError a histogram that contradicts itself, by Prometheus's rules. */
export function toNativeHistogram(
  message: HistogramMessage,
  isGauge: boolean,
  reader: WireReader,
): NativeHistogram {
  const { schema } = message;
  if (schema < MIN_SCHEMA || schema > MAX_KNOWN_SCHEMA) {
    reader.fail(`a native histogram has the schema ${schema}; -4 to 8 are known`);
  }
  const isFloat = message.countFloat > 0 || message.zeroCountFloat > 0;
  const positive = isFloat ? message.positiveCounts : absolute(message.positiveDeltas);
  const negative = isFloat ? message.negativeCounts : absolute(message.negativeDeltas);
  const mergeLevels = Math.max(0, schema - MAX_SCHEMA);
  const positiveBuckets = toBuckets(message.positiveSpans, positive, mergeLevels, reader);
  const negativeBuckets = toBuckets(message.negativeSpans, negative, mergeLevels, reader);
  const count = isFloat ? message.countFloat : message.count;
  const zeroCount = isFloat ? message.zeroCountFloat : message.zeroCount;
  if (!(count >= 0 && zeroCount >= 0)) reader.fail('a native histogram has a negative count');
  if (!isFloat) checkCount(count, zeroCount + total(positive) + total(negative), message.sum, reader);
  return {
    schema: Math.min(schema, MAX_SCHEMA),
    zeroThreshold: message.zeroThreshold,
    zeroCount,
    count,
    sum: message.sum,
    positiveIndexes: positiveBuckets.indexes,
    positiveCounts: positiveBuckets.counts,
    negativeIndexes: negativeBuckets.indexes,
    negativeCounts: negativeBuckets.counts,
    customBounds: [],
    counterReset: isGauge ? 'gauge' : 'unknown',
  };
}

/** Without NaN observations, which are in no bucket, every observation is in one. */
function checkCount(count: number, inBuckets: number, sum: number, reader: WireReader): void {
  if (Number.isNaN(sum) ? inBuckets <= count : inBuckets === count) return;
  reader.fail(`a native histogram counts ${count} observations and has ${inBuckets} in its buckets`);
}

interface Buckets {
  readonly indexes: number[];
  readonly counts: number[];
}

function toBuckets(
  spans: readonly number[],
  counts: readonly number[],
  mergeLevels: number,
  reader: WireReader,
): Buckets {
  const found: Buckets = { indexes: [], counts: [] };
  let index = 0;
  let next = 0;
  for (let i = 0; i < spans.length; i += 2) {
    const offset = spans[i]!;
    const length = spans[i + 1]!;
    if (i > 0 && offset < 0) reader.fail('a span of a native histogram has a negative offset');
    index += offset;
    if (length > counts.length - next)
      reader.fail('the spans of a native histogram name more buckets than it has');
    if (Math.abs(index) + length > MAX_INDEX) reader.fail('a bucket of a native histogram is out of range');
    for (let k = 0; k < length; k++, index++, next++)
      addBucket(found, index, counts[next]!, mergeLevels, reader);
  }
  if (next < counts.length) reader.fail('the spans of a native histogram name fewer buckets than it has');
  return found;
}

function addBucket(
  found: Buckets,
  index: number,
  count: number,
  mergeLevels: number,
  reader: WireReader,
): void {
  if (!(count >= 0)) reader.fail('a bucket of a native histogram has a negative count');
  if (count === 0) return;
  const merged = mergeLevels === 0 ? index : Math.floor((index - 1) / 2 ** mergeLevels) + 1;
  const last = found.indexes.length - 1;
  if (found.indexes[last] === merged) found.counts[last]! += count;
  else {
    found.indexes.push(merged);
    found.counts.push(count);
  }
}

function absolute(deltas: readonly number[]): number[] {
  let count = 0;
  return deltas.map((delta) => {
    count += delta;
    return count;
  });
}

function total(counts: readonly number[]): number {
  let sum = 0;
  for (const count of counts) sum += count;
  return sum;
}

function readSpan(reader: WireReader, spans: number[]): void {
  const outer = reader.enter();
  let offset = 0;
  let length = 0;
  for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
    if (field === 1) {
      reader.varint64();
      offset = zigzag(reader);
    } else if (field === 2) length = reader.varint();
    else reader.skip();
  }
  reader.leave(outer);
  spans.push(offset, length);
}

/** sint64, packed or not. */
function readDeltas(reader: WireReader, deltas: number[]): void {
  if (reader.wireType !== WIRE_BYTES) {
    reader.varint64();
    deltas.push(zigzag(reader));
    return;
  }
  const outer = reader.enter();
  while (reader.pos < reader.end) {
    reader.packedVarint64();
    deltas.push(zigzag(reader));
  }
  reader.leave(outer);
}

function readDoubles(reader: WireReader, values: number[]): void {
  if (reader.wireType !== WIRE_BYTES) {
    values.push(reader.double());
    return;
  }
  const outer = reader.enter();
  while (reader.pos < reader.end) values.push(reader.view.getFloat64(reader.packed64(), true));
  reader.leave(outer);
}

/** The last varint as a zigzag number. */
function zigzag(reader: WireReader): number {
  const isNegative = (reader.low & 1) !== 0;
  const half = reader.high * 0x8000_0000 + (reader.low >>> 1);
  return isNegative ? -half - 1 : half;
}
