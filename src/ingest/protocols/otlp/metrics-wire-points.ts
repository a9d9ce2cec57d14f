import type { Attributes } from '../../../model/telemetry.ts';
import type { Label } from '../../series-id.ts';
import { toAttributes, WireAttributes } from './attributes.ts';
import type { DenseBuckets } from './metrics-exponential.ts';
import type { KeySource } from './metrics-key-cache.ts';
import {
  exemplarLabels,
  type LabelLimits,
  type OrRefusal,
  pointLabels,
  type ResourceLabels,
} from './metrics-labels.ts';
import {
  type Exemplar,
  type ExponentialPoint,
  type HistogramPoint,
  msOfNs,
  type NumberPoint,
  type SummaryPoint,
} from './metrics-points.ts';
import { MAX_BUCKETS, MAX_QUANTILES } from './metrics-write.ts';
import { WIRE_BYTES, WIRE_FIXED64, WIRE_VARINT, type WireReader } from './wire.ts';

/** Field numbers of `attributes`, which differ from message to message. */
export const NUMBER_ATTRIBUTES = 7;
export const HISTOGRAM_ATTRIBUTES = 9;
export const EXPONENTIAL_ATTRIBUTES = 1;
export const SUMMARY_ATTRIBUTES = 7;
const EXEMPLAR_ATTRIBUTES = 7;

/** Elements of a repeated number that are kept: one more than any rule allows, so that the rule can be seen broken. */
const MAX_KEPT = MAX_BUCKETS + 2;

const NO_BUCKETS: DenseBuckets = { offset: 0, counts: [] };
const EMPTY_POINT = { startMs: 0, timeMs: 0, flags: 0, exemplars: [] };

/** Bytes put together from pieces of a body, to serve as a key. */
export class ScratchKey implements KeySource {
  bytes = new Uint8Array(1024);
  view = new DataView(this.bytes.buffer);
  end = 0;

  /** Appends `source[start, end)`. */
  append(source: Uint8Array, start: number, end: number): void {
    const at = this.#reserve(end - start);
    this.bytes.set(source.subarray(start, end), at);
  }

  appendNumber(value: number): void {
    const at = this.#reserve(4);
    this.view.setUint32(at, value, true);
  }

  #reserve(count: number): number {
    const at = this.end;
    this.end += count;
    if (this.end > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.end, this.bytes.length * 2));
      grown.set(this.bytes.subarray(0, at));
      this.bytes = grown;
      this.view = new DataView(grown.buffer);
    }
    return at;
  }
}

/**
 * Reads the data point messages of `opentelemetry/proto/metrics/v1/metrics.proto`. Each `read...` leaves the point in the
 * field of that kind and the place of its attributes in `keySource`, `keyStart`, `keyEnd`; both hold until the
 * next one.
 */
export class WirePoints {
  readonly number: NumberPoint = { ...EMPTY_POINT, hasValue: false, value: 0 };
  readonly histogram: HistogramPoint = { ...EMPTY_POINT, count: 0, sum: undefined, bounds: [], counts: [] };
  readonly exponential: ExponentialPoint = {
    ...EMPTY_POINT,
    ...{ count: 0, sum: undefined, scale: 0, zeroCount: 0, zeroThreshold: 0 },
    ...{ positive: NO_BUCKETS, negative: NO_BUCKETS },
  };
  readonly summary: SummaryPoint = { ...EMPTY_POINT, count: 0, sum: 0, quantiles: [] };
  /** The encoded attributes of the point: what identifies its series within the metric. */
  keySource: KeySource;
  keyStart = 0;
  keyEnd = 0;
  readonly #reader: WireReader;
  readonly #lists: WireAttributes;
  readonly #scratch = new ScratchKey();
  #hasAttributes = false;
  /** Another field stands between the attributes. */
  #isScattered = false;
  /** Start and end of each exemplar of the point. */
  readonly #exemplarRanges: number[] = [];

  constructor(reader: WireReader) {
    this.#reader = reader;
    this.#lists = new WireAttributes(reader);
    this.keySource = reader;
  }

  /**
   *     NumberDataPoint { fixed64 start = 2; fixed64 time = 3; double as_double = 4; Exemplar exemplars = 5;
   *                       sfixed64 as_int = 6; KeyValue attributes = 7; uint32 flags = 8 }
   */
  readNumber(start: number, end: number, limits: LabelLimits): void {
    const reader = this.#reader;
    const point = this.number;
    this.#begin(point, start, end);
    point.hasValue = false;
    for (
      let at = start, field = reader.nextField();
      field !== 0;
      at = reader.pos, field = reader.nextField()
    ) {
      if (field === NUMBER_ATTRIBUTES) this.#noteAttribute(at);
      else if (field === 3) point.timeMs = this.#time();
      else if (field === 4) {
        point.value = reader.double();
        point.hasValue = true;
      } else if (field === 2) point.startMs = this.#time();
      else if (field === 6) {
        point.value = this.#signed64();
        point.hasValue = true;
      } else if (field === 8) point.flags = this.#uint32();
      else if (field === 5) this.#noteExemplar();
      else reader.skip();
    }
    this.#finish(point, NUMBER_ATTRIBUTES, start, end, limits);
  }

  /**
   *     HistogramDataPoint { fixed64 start = 2; fixed64 time = 3; fixed64 count = 4; double sum = 5;
   *                          fixed64 bucket_counts = 6; double explicit_bounds = 7; Exemplar exemplars = 8;
   *                          KeyValue attributes = 9; uint32 flags = 10; double min = 11; double max = 12 }
   */
  readHistogram(start: number, end: number, limits: LabelLimits): void {
    const reader = this.#reader;
    const point = this.histogram;
    this.#begin(point, start, end);
    point.count = 0;
    point.sum = undefined;
    point.bounds = [];
    point.counts = [];
    for (
      let at = start, field = reader.nextField();
      field !== 0;
      at = reader.pos, field = reader.nextField()
    ) {
      if (field === HISTOGRAM_ATTRIBUTES) this.#noteAttribute(at);
      else if (field === 2) point.startMs = this.#time();
      else if (field === 3) point.timeMs = this.#time();
      else if (field === 4) point.count = this.#fixed64(reader.fixed64());
      else if (field === 5) point.sum = reader.double();
      else if (field === 6) this.#repeated64(point.counts, (offset) => this.#fixed64(offset));
      else if (field === 7) this.#repeated64(point.bounds, (offset) => reader.view.getFloat64(offset, true));
      else if (field === 8) this.#noteExemplar();
      else if (field === 10) point.flags = this.#uint32();
      else reader.skip();
    }
    this.#finish(point, HISTOGRAM_ATTRIBUTES, start, end, limits);
  }

  /**
   *     ExponentialHistogramDataPoint { KeyValue attributes = 1; fixed64 start = 2; fixed64 time = 3;
   *       fixed64 count = 4; double sum = 5; sint32 scale = 6; fixed64 zero_count = 7; Buckets positive = 8;
   *       Buckets negative = 9; uint32 flags = 10; Exemplar exemplars = 11; double min = 12; double max = 13;
   *       double zero_threshold = 14 }
   */
  readExponential(start: number, end: number, limits: LabelLimits): void {
    const reader = this.#reader;
    const point = this.exponential;
    this.#begin(point, start, end);
    point.count = point.scale = point.zeroCount = point.zeroThreshold = 0;
    point.sum = undefined;
    point.positive = point.negative = NO_BUCKETS;
    for (
      let at = start, field = reader.nextField();
      field !== 0;
      at = reader.pos, field = reader.nextField()
    ) {
      if (field === EXPONENTIAL_ATTRIBUTES) this.#noteAttribute(at);
      else if (field === 2) point.startMs = this.#time();
      else if (field === 3) point.timeMs = this.#time();
      else if (field === 4) point.count = this.#fixed64(reader.fixed64());
      else if (field === 5) point.sum = reader.double();
      else if (field === 6) point.scale = this.#signed32();
      else if (field === 7) point.zeroCount = this.#fixed64(reader.fixed64());
      else if (field === 8) point.positive = this.#buckets();
      else if (field === 9) point.negative = this.#buckets();
      else if (field === 10) point.flags = this.#uint32();
      else if (field === 11) this.#noteExemplar();
      else if (field === 14) point.zeroThreshold = reader.double();
      else reader.skip();
    }
    this.#finish(point, EXPONENTIAL_ATTRIBUTES, start, end, limits);
  }

  /**
   *     SummaryDataPoint { fixed64 start = 2; fixed64 time = 3; fixed64 count = 4; double sum = 5;
   *                        ValueAtQuantile quantile_values = 6 { double quantile = 1; double value = 2 };
   *                        KeyValue attributes = 7; uint32 flags = 8 }
   */
  readSummary(start: number, end: number, limits: LabelLimits): void {
    const reader = this.#reader;
    const point = this.summary;
    this.#begin(point, start, end);
    point.count = point.sum = 0;
    point.quantiles = [];
    for (
      let at = start, field = reader.nextField();
      field !== 0;
      at = reader.pos, field = reader.nextField()
    ) {
      if (field === SUMMARY_ATTRIBUTES) this.#noteAttribute(at);
      else if (field === 2) point.startMs = this.#time();
      else if (field === 3) point.timeMs = this.#time();
      else if (field === 4) point.count = this.#fixed64(reader.fixed64());
      else if (field === 5) point.sum = reader.double();
      else if (field === 6) this.#quantile(point);
      else if (field === 8) point.flags = this.#uint32();
      else reader.skip();
    }
    this.#finish(point, SUMMARY_ATTRIBUTES, start, end, limits);
  }

  /** The labels of the point at `[start, end)`. */
  labels(
    resource: ResourceLabels,
    range: { readonly attributesField: number; readonly start: number; readonly end: number },
    limits: LabelLimits,
  ): OrRefusal<readonly Label[]> {
    this.#readAttributes(range.attributesField, range.start, range.end, limits);
    return pointLabels(resource, this.#lists, 0);
  }

  /** The attributes of the point at `[start, end)`, for an observer. */
  attributes(attributesField: number, start: number, end: number, limits: LabelLimits): Attributes {
    this.#readAttributes(attributesField, start, end, limits);
    return toAttributes(this.#lists, 0);
  }

  #begin(point: { startMs: number; timeMs: number; flags: number }, start: number, end: number): void {
    point.startMs = point.timeMs = point.flags = 0;
    this.#hasAttributes = this.#isScattered = false;
    // Not only after use: a point that broke off in the middle must not pass its exemplars on to the next request.
    this.#exemplarRanges.length = 0;
    this.keyStart = this.keyEnd = 0;
    this.#reader.seek(start, end);
  }

  #finish(
    point: { exemplars: Exemplar[] },
    attributesField: number,
    start: number,
    end: number,
    limits: LabelLimits,
  ): void {
    this.keySource = this.#reader;
    if (this.#isScattered) this.#gatherKey(attributesField, start, end);
    if (this.#exemplarRanges.length > 0) point.exemplars = this.#readExemplars(limits);
    else if (point.exemplars.length > 0) point.exemplars = [];
  }

  #noteAttribute(at: number): void {
    this.#reader.range();
    if (!this.#hasAttributes) this.keyStart = at;
    else if (at !== this.keyEnd) this.#isScattered = true;
    this.#hasAttributes = true;
    this.keyEnd = this.#reader.stop;
  }

  #gatherKey(attributesField: number, start: number, end: number): void {
    const reader = this.#reader;
    const scratch = this.#scratch;
    scratch.end = 0;
    reader.seek(start, end);
    for (
      let at = start, field = reader.nextField();
      field !== 0;
      at = reader.pos, field = reader.nextField()
    ) {
      reader.skip();
      if (field === attributesField) scratch.append(reader.bytes, at, reader.pos);
    }
    this.keySource = scratch;
    this.keyStart = 0;
    this.keyEnd = scratch.end;
  }

  #readAttributes(attributesField: number, start: number, end: number, limits: LabelLimits): void {
    const reader = this.#reader;
    this.#lists.clear(limits);
    this.#lists.open();
    reader.seek(start, end);
    for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
      if (field !== attributesField) {
        reader.skip();
        continue;
      }
      reader.range();
      const { start: from, stop } = reader;
      this.#lists.add(from, stop);
      reader.seek(stop, end);
    }
  }

  #noteExemplar(): void {
    this.#reader.range();
    this.#exemplarRanges.push(this.#reader.start, this.#reader.stop);
  }

  #readExemplars(limits: LabelLimits): Exemplar[] {
    const ranges = this.#exemplarRanges;
    const exemplars: Exemplar[] = [];
    for (let i = 0; i < ranges.length; i += 2) {
      const exemplar = this.#exemplar(ranges[i]!, ranges[i + 1]!, limits);
      if (exemplar !== undefined) exemplars.push(exemplar);
    }
    return exemplars;
  }

  /**
   *     Exemplar { fixed64 time = 2; double as_double = 3; bytes span_id = 4; bytes trace_id = 5; sfixed64 as_int = 6;
   *                KeyValue filtered_attributes = 7 }
   *
   * One without a value tells nothing and is passed over.
   */
  #exemplar(start: number, end: number, limits: LabelLimits): Exemplar | undefined {
    const reader = this.#reader;
    let value: number | undefined;
    let timeMs = 0;
    let traceId: Uint8Array | undefined;
    let spanId: Uint8Array | undefined;
    reader.seek(start, end);
    for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
      if (field === 2) timeMs = this.#time();
      else if (field === 3) value = reader.double();
      else if (field === 6) value = this.#signed64();
      else if (field === 4) spanId = this.#id(8);
      else if (field === 5) traceId = this.#id(16);
      else reader.skip();
    }
    this.#readAttributes(EXEMPLAR_ATTRIBUTES, start, end, limits);
    if (value === undefined) return undefined;
    const labels = this.#lists.isTooDeep ? [] : exemplarLabels(toAttributes(this.#lists, 0));
    return { timeMs, value, traceId, spanId, labels };
  }

  #id(byteCount: number): Uint8Array | undefined {
    const reader = this.#reader;
    reader.range();
    if (reader.stop - reader.start !== byteCount) return undefined;
    return reader.bytes.subarray(reader.start, reader.stop);
  }

  /** `Buckets { sint32 offset = 1; repeated uint64 bucket_counts = 2 }` */
  #buckets(): DenseBuckets {
    const reader = this.#reader;
    const counts: number[] = [];
    let offset = 0;
    const outer = reader.enter();
    for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
      if (field === 1) offset = this.#signed32();
      else if (field === 2) this.#repeatedVarints(counts);
      else reader.skip();
    }
    reader.leave(outer);
    return { offset, counts };
  }

  #quantile(point: SummaryPoint): void {
    const reader = this.#reader;
    let quantile = 0;
    let value = 0;
    const outer = reader.enter();
    for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
      if (field === 1) quantile = reader.double();
      else if (field === 2) value = reader.double();
      else reader.skip();
    }
    reader.leave(outer);
    if (point.quantiles.length <= MAX_QUANTILES) point.quantiles.push({ quantile, value });
  }

  /** A repeated 8-byte number, packed or not. */
  #repeated64(into: number[], read: (offset: number) => number): void {
    const reader = this.#reader;
    if (reader.wireType === WIRE_FIXED64) {
      const offset = reader.fixed64();
      if (into.length < MAX_KEPT) into.push(read(offset));
      return;
    }
    const outer = reader.enter();
    while (reader.pos < reader.end) {
      const offset = reader.packed64();
      if (into.length < MAX_KEPT) into.push(read(offset));
    }
    reader.leave(outer);
  }

  #repeatedVarints(into: number[]): void {
    const reader = this.#reader;
    if (reader.wireType === WIRE_VARINT) {
      const value = reader.varint();
      if (into.length < MAX_KEPT) into.push(value);
      return;
    }
    if (reader.wireType !== WIRE_BYTES) reader.fail(`wire type ${reader.wireType} in a repeated number`);
    const outer = reader.enter();
    while (reader.pos < reader.end) {
      reader.packedVarint64();
      if (into.length < MAX_KEPT) into.push(reader.high * 0x1_0000_0000 + reader.low);
    }
    reader.leave(outer);
  }

  #time(): number {
    const at = this.#reader.fixed64();
    const { view } = this.#reader;
    return msOfNs(view.getUint32(at, true), view.getUint32(at + 4, true));
  }

  #fixed64(at: number): number {
    const { view } = this.#reader;
    return view.getUint32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
  }

  #signed64(): number {
    const at = this.#reader.fixed64();
    const { view } = this.#reader;
    return view.getInt32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
  }

  #uint32(): number {
    this.#reader.varint64();
    return this.#reader.low;
  }

  /** A zigzag-encoded sint32. */
  #signed32(): number {
    this.#reader.varint64();
    const { low } = this.#reader;
    return (low >>> 1) ^ -(low & 1);
  }
}
