import {
  type CounterResetHint,
  CUSTOM_BOUNDS_SCHEMA,
  type NativeHistogram,
} from '../../../model/native-histogram.ts';
import { MAX_SCHEMA, MIN_SCHEMA } from '../otlp/metrics-exponential.ts';
import { WIRE_BYTES, WIRE_FIXED64, WIRE_VARINT, type WireReader } from '../otlp/wire.ts';
import { type OrRefusal, type Refusal, refused } from './labels.ts';

/** Buckets of one side, numbers that say where they are, and custom bounds. */
export const MAX_BUCKETS = 10_000;
/** Finest schema that may come; what is finer than 8 is merged down to it. */
const FINEST_SCHEMA = 52;
const MAX_INDEX = 2 ** 31;
/** Low and high half of Prometheus's staleness marker. */
const STALE_LOW = 2;
const STALE_HIGH = 0x7ff0_0000;

const RESET_HINTS: readonly CounterResetHint[] = ['unknown', 'reset', 'not_reset', 'gauge'];

/** Buckets of one side as they came. */
interface Side {
  /** Offset and length of each span, in turn. */
  readonly spans: number[];
  /** Differences (whole numbers) or absolute counts (floats). */
  readonly deltas: number[];
  readonly counts: number[];
}

/**
 * Reads the message that both versions of remote write use for native histograms:
 *
 *     Histogram { oneof { uint64 count_int = 1; double count_float = 2 }; double sum = 3; sint32 schema = 4;
 *       double zero_threshold = 5; oneof { uint64 zero_count_int = 6; double zero_count_float = 7 };
 *       BucketSpan negative_spans = 8; sint64 negative_deltas = 9; double negative_counts = 10;
 *       BucketSpan positive_spans = 11; sint64 positive_deltas = 12; double positive_counts = 13;
 *       ResetHint reset_hint = 14; int64 timestamp = 15; double custom_values = 16; int64 start_timestamp = 17 }
 *     BucketSpan { sint32 offset = 1; uint32 length = 2 }
 *
 * After `read` the fields hold what was read until the next one. https://prometheus.io/docs/specs/native_histograms/
 */
export class HistogramReader {
  readonly #reader: WireReader;
  timeMs = 0;
  /** 0: not known. Only 2.0 has it. */
  startMs = 0;
  /** `stale`: it marks the end of the series. */
  histogram: OrRefusal<NativeHistogram> | 'stale' = 'stale';
  #schema = 0;
  #isFloat = false;
  #isStale = false;
  #count = 0;
  #sum = 0;
  #zeroThreshold = 0;
  #zeroCount = 0;
  #resetHint = 0;
  #customBounds: number[] = [];
  #isTooLarge = false;
  readonly #negative: Side = { spans: [], deltas: [], counts: [] };
  readonly #positive: Side = { spans: [], deltas: [], counts: [] };

  constructor(reader: WireReader) {
    this.#reader = reader;
  }

  read(start: number, end: number): void {
    this.#begin();
    const reader = this.#reader;
    reader.seek(start, end);
    for (let field = reader.nextField(); field !== 0; field = reader.nextField()) this.#field(field);
    this.histogram = this.#isStale ? 'stale' : this.#checked();
  }

  #begin(): void {
    this.timeMs = this.startMs = this.#schema = this.#count = this.#sum = 0;
    this.#zeroThreshold = this.#zeroCount = this.#resetHint = 0;
    this.#isFloat = this.#isStale = this.#isTooLarge = false;
    this.#customBounds = [];
    for (const side of [this.#negative, this.#positive]) {
      side.spans.length = side.deltas.length = side.counts.length = 0;
    }
  }

  #field(field: number): void {
    const reader = this.#reader;
    switch (field) {
      case 1:
        this.#count = reader.varint();
        this.#isFloat = false;
        break;
      case 2:
        this.#count = reader.double();
        this.#isFloat = true;
        break;
      case 3:
        this.#readSum();
        break;
      case 4:
        this.#schema = this.#signed32();
        break;
      case 5:
        this.#zeroThreshold = reader.double();
        break;
      case 6:
        this.#zeroCount = reader.varint();
        break;
      case 7:
        this.#zeroCount = reader.double();
        break;
      case 8:
      case 9:
      case 10:
        this.#sideField(this.#negative, field - 8);
        break;
      case 11:
      case 12:
      case 13:
        this.#sideField(this.#positive, field - 11);
        break;
      case 14:
        this.#resetHint = reader.varint();
        break;
      case 15:
        this.timeMs = int64(reader);
        break;
      case 16:
        this.#doubles(this.#customBounds);
        break;
      case 17:
        this.startMs = int64(reader);
        break;
      default:
        reader.skip();
    }
  }

  #sideField(side: Side, part: number): void {
    if (part === 0) this.#span(side.spans);
    else if (part === 1) this.#signedNumbers(side.deltas);
    else this.#doubles(side.counts);
  }

  #readSum(): void {
    const { view } = this.#reader;
    const at = this.#reader.fixed64();
    this.#sum = view.getFloat64(at, true);
    this.#isStale = view.getUint32(at, true) === STALE_LOW && view.getUint32(at + 4, true) === STALE_HIGH;
  }

  #span(spans: number[]): void {
    const reader = this.#reader;
    let offset = 0;
    let length = 0;
    const outer = reader.enter();
    for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
      if (field === 1) offset = this.#signed32();
      else if (field === 2) {
        reader.varint64();
        length = reader.low;
      } else reader.skip();
    }
    reader.leave(outer);
    this.#keep(spans, offset);
    this.#keep(spans, length);
  }

  /** A repeated double, packed or not. */
  #doubles(into: number[]): void {
    const reader = this.#reader;
    if (reader.wireType === WIRE_FIXED64) {
      this.#keep(into, reader.double());
      return;
    }
    const outer = reader.enter();
    while (reader.pos < reader.end) this.#keep(into, reader.view.getFloat64(reader.packed64(), true));
    reader.leave(outer);
  }

  /** A repeated sint64, packed or not. */
  #signedNumbers(into: number[]): void {
    const reader = this.#reader;
    if (reader.wireType === WIRE_VARINT) {
      reader.varint64();
      this.#keep(into, zigzag(reader.low, reader.high));
      return;
    }
    if (reader.wireType !== WIRE_BYTES) reader.fail(`wire type ${reader.wireType} in a repeated number`);
    const outer = reader.enter();
    while (reader.pos < reader.end) {
      reader.packedVarint64();
      this.#keep(into, zigzag(reader.low, reader.high));
    }
    reader.leave(outer);
  }

  /** What is more than any histogram may have is read and forgotten. */
  #keep(into: number[], value: number): void {
    if (into.length < MAX_BUCKETS) into.push(value);
    else this.#isTooLarge = true;
  }

  #signed32(): number {
    this.#reader.varint64();
    const { low } = this.#reader;
    return (low >>> 1) ^ -(low & 1);
  }

  #checked(): OrRefusal<NativeHistogram> {
    const refusal = this.#refusalOfShape();
    if (refusal !== undefined) return refusal;
    const mergeLevels = Math.max(0, this.#schema - MAX_SCHEMA);
    const positive = sparseBuckets(this.#positive, this.#isFloat, mergeLevels);
    if (typeof positive === 'string') return bad(`of the positive buckets ${positive}`);
    const negative = sparseBuckets(this.#negative, this.#isFloat, mergeLevels);
    if (typeof negative === 'string') return bad(`of the negative buckets ${negative}`);
    const mismatch = this.#countMismatch(total(positive.counts) + total(negative.counts) + this.#zeroCount);
    if (mismatch !== undefined) return bad(mismatch);
    const last = positive.indexes.at(-1);
    if (
      this.#isCustom &&
      last !== undefined &&
      (last > this.#customBounds.length || positive.indexes[0]! < 0)
    ) {
      return bad(`bucket ${last} is beyond its ${this.#customBounds.length} custom bounds`);
    }
    return {
      schema: this.#schema - mergeLevels,
      zeroThreshold: this.#zeroThreshold,
      zeroCount: this.#zeroCount,
      count: this.#count,
      sum: this.#sum,
      positiveIndexes: positive.indexes,
      positiveCounts: positive.counts,
      negativeIndexes: negative.indexes,
      negativeCounts: negative.counts,
      customBounds: this.#customBounds,
      counterReset: RESET_HINTS[this.#resetHint] ?? 'unknown',
    };
  }

  get #isCustom(): boolean {
    return this.#schema === CUSTOM_BOUNDS_SCHEMA;
  }

  #refusalOfShape(): Refusal | undefined {
    if (this.#isTooLarge) return tooManyBuckets();
    if (this.#count < 0 || this.#zeroCount < 0) return bad('a count is negative');
    if (this.#isCustom) return this.#refusalOfCustom();
    if (this.#schema < MIN_SCHEMA || this.#schema > FINEST_SCHEMA) {
      return bad(
        `its schema is ${this.#schema}; known are ${MIN_SCHEMA} to ${FINEST_SCHEMA} and ${CUSTOM_BOUNDS_SCHEMA}`,
      );
    }
    if (this.#customBounds.length > 0) return bad('it has custom bounds and another schema');
    // Also keeps NaN out.
    if (!(this.#zeroThreshold >= 0)) return bad(`its zero threshold is ${this.#zeroThreshold}`);
    return undefined;
  }

  #refusalOfCustom(): Refusal | undefined {
    const bounds = this.#customBounds;
    if (this.#zeroCount !== 0 || this.#zeroThreshold !== 0 || this.#negative.spans.length > 0) {
      return bad('it has custom bounds and a zero bucket or negative buckets');
    }
    for (let i = 0; i < bounds.length; i++) {
      const isAscending = i === 0 || bounds[i]! > bounds[i - 1]!;
      if (!Number.isFinite(bounds[i]!) || !isAscending)
        return bad('its custom bounds are not finite and ascending');
    }
    return undefined;
  }

  /** Floats are not added up exactly, so only whole numbers are compared. NaN was observed when the sum is NaN: it is in no bucket. */
  #countMismatch(inBuckets: number): string | undefined {
    if (this.#isFloat || this.#count > Number.MAX_SAFE_INTEGER) return undefined;
    const fits = Number.isNaN(this.#sum) ? inBuckets <= this.#count : inBuckets === this.#count;
    return fits ? undefined : `its count is ${this.#count} and that of its buckets ${inBuckets}`;
  }
}

interface SparseBuckets {
  readonly indexes: number[];
  readonly counts: number[];
}

/** Buckets with content, or what is wrong. */
function sparseBuckets(side: Side, isFloat: boolean, mergeLevels: number): SparseBuckets | string {
  const values = isFloat ? side.counts : side.deltas;
  const buckets: SparseBuckets = { indexes: [], counts: [] };
  const width = 2 ** mergeLevels;
  let index = 0;
  let used = 0;
  let count = 0;
  for (let i = 0; i < side.spans.length; i += 2) {
    const [offset, length] = [side.spans[i]!, side.spans[i + 1]!];
    if (i > 0 && offset < 0) return 'a span begins before the end of the one before it';
    if (length > values.length - used) return `the spans are longer than the ${values.length} counts`;
    index += offset;
    for (let k = 0; k < length; k++, index++, used++) {
      count = isFloat ? values[used]! : count + values[used]!;
      if (!(count >= 0)) return `one has the count ${count}`;
      if (count !== 0)
        appendBucket(buckets, mergeLevels === 0 ? index : Math.floor((index - 1) / width) + 1, count);
    }
    if (Math.abs(index) > MAX_INDEX) return 'an index is out of range';
  }
  return used === values.length ? buckets : `there are ${values.length} counts for ${used} places`;
}

function appendBucket({ indexes, counts }: SparseBuckets, index: number, count: number): void {
  if (indexes[indexes.length - 1] === index) counts[counts.length - 1]! += count;
  else {
    indexes.push(index);
    counts.push(count);
  }
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

function bad(what: string): Refusal {
  return refused('bad_histogram', `a native histogram is wrong: ${what}`);
}

function tooManyBuckets(): Refusal {
  return refused('too_many_buckets', `a native histogram has more than ${MAX_BUCKETS} buckets`);
}

/** A zigzag-encoded 64-bit integer; exact up to 2^53. */
function zigzag(low: number, high: number): number {
  const half = Math.floor((high * 0x1_0000_0000 + low) / 2);
  return (low & 1) === 0 ? half : -half - 1;
}

/** An int64 field as a number; exact up to 2^53. */
export function int64(reader: WireReader): number {
  reader.varint64();
  return (reader.high | 0) * 0x1_0000_0000 + reader.low;
}
