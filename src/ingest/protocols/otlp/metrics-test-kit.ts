import { type Batch, type Column, createBatch, type TableName } from '../../../store/index.ts';
import { MemoryStreamRegistry } from '../../registry.ts';
import type { DecodeContext, IngestLimits } from '../../types.ts';

/** Helpers for the tests of the metric decoders: a plain encoder, a reader of what was appended, a context. */

export const NOW_MS = Date.UTC(2026, 10, 20, 12);

export const LIMITS: IngestLimits = {
  bodyBytes: 1e7,
  recordsPerRequest: 10_000,
  attributesPerRecord: 64,
  valueBytes: 65_536,
  valueDepth: 8,
  maxAgeMs: 86_400_000,
  maxFutureMs: 600_000,
};

export function createContext(changes: Partial<DecodeContext> = {}): DecodeContext {
  return {
    batch: createBatch(),
    nowMs: NOW_MS,
    limits: LIMITS,
    streams: new MemoryStreamRegistry(),
    observer: undefined,
    ...changes,
  };
}

/** Marks or rolls back every column of a batch, as the writer does. */
export function markBatch(batch: Batch): void {
  for (const rows of Object.values(batch)) for (const column of Object.values(rows)) column.mark();
}

export function rollbackBatch(batch: Batch): void {
  for (const rows of Object.values(batch)) for (const column of Object.values(rows)) column.rollback();
}

export type PlainRow = Record<string, unknown>;

/** The rows of a table as plain objects: times as epoch ms, ids as decimal text, maps as objects. */
export function rowsOf(batch: Batch, table: TableName): PlainRow[] {
  const columns = Object.entries(batch[table] as Record<string, Column>);
  const values = columns.map(([name, column]) => [name, valuesOf(column)] as const);
  const count = columns[0]![1].length;
  return Array.from({ length: count }, (_, i) =>
    Object.fromEntries(values.map(([name, list]) => [name, list[i]])),
  );
}

function valuesOf(column: Column): unknown[] {
  const pieces: Uint8Array[] = [];
  if (column.length === 0) return [];
  column.writeData(pieces);
  return readValues(new ByteSource(Buffer.concat(pieces)), column.type, column.length);
}

class ByteSource {
  readonly bytes: Buffer;
  pos = 0;
  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }
  take(count: number): Buffer {
    this.pos += count;
    if (this.pos > this.bytes.length) throw new Error('read past the end of a column');
    return this.bytes.subarray(this.pos - count, this.pos);
  }
  varint(): number {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = this.take(1)[0]!;
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
    }
  }
}

/** Reads ClickHouse's Native format, as far as the metric tables need it. */
function readValues(source: ByteSource, type: string, count: number): unknown[] {
  const each = (read: () => unknown) => Array.from({ length: count }, read);
  if (type === 'String') return each(() => source.take(source.varint()).toString());
  if (type === 'UInt8') return each(() => source.take(1)[0]);
  if (type === 'Int16') return each(() => source.take(2).readInt16LE());
  if (type === 'UInt32' || type === 'DateTime') return each(() => source.take(4).readUInt32LE());
  if (type === 'UInt64') return each(() => String(source.take(8).readBigUInt64LE()));
  if (type === 'Int64' || type.startsWith('DateTime64')) {
    return each(() => Number(source.take(8).readBigInt64LE()));
  }
  if (type === 'Float64') return each(() => readDouble(source));
  if (type.startsWith('FixedString')) {
    return each(() => source.take(Number(type.slice(12, -1))).toString('hex'));
  }
  if (type === 'LowCardinality(String)') return readLowCardinality(source, count);
  if (type.startsWith('Array(')) return readArrays(source, type.slice(6, -1), count);
  if (type === 'Map(String, String)') return readMaps(source, count);
  throw new Error(`no reader for ${type}`);
}

/** The staleness marker reads as the word `stale`: as a number it would be one more NaN. */
function readDouble(source: ByteSource): unknown {
  const bytes = source.take(8);
  return bytes.readBigUInt64LE() === 0x7ff0_0000_0000_0002n ? 'stale' : bytes.readDoubleLE();
}

function readLowCardinality(source: ByteSource, count: number): unknown[] {
  const widthCode = Number(source.take(8).readBigUInt64LE() & 0xffn);
  const keyCount = Number(source.take(8).readBigUInt64LE());
  const keys = readValues(source, 'String', keyCount);
  source.take(8);
  const width = 1 << widthCode;
  return Array.from({ length: count }, () => keys[source.take(width).readUIntLE(0, width)]);
}

function readArrays(source: ByteSource, itemType: string, count: number): unknown[] {
  const ends = readValues(source, 'Int64', count) as number[];
  const items = readValues(source, itemType, ends.at(-1) ?? 0);
  return ends.map((end, i) => items.slice(ends[i - 1] ?? 0, end));
}

function readMaps(source: ByteSource, count: number): unknown[] {
  const ends = readValues(source, 'Int64', count) as number[];
  const total = ends.at(-1) ?? 0;
  const keys = readValues(source, 'String', total) as string[];
  const values = readValues(source, 'String', total);
  return ends.map((end, i) => {
    const from = ends[i - 1] ?? 0;
    return Object.fromEntries(keys.slice(from, end).map((key, k) => [key, values[from + k]]));
  });
}

/** How a field is written; a message spec stands for a nested message. */
type FieldKind = 'string' | 'bytes' | 'fixed64' | 'sfixed64' | 'double' | 'uint' | 'sint' | 'bool' | 'hex';
interface FieldSpec {
  readonly number: number;
  readonly kind: FieldKind | MessageSpec;
  readonly repeated?: true;
}
interface MessageSpec {
  readonly [name: string]: FieldSpec;
}

const one = (number: number, kind: FieldSpec['kind']): FieldSpec => ({ number, kind });
const many = (number: number, kind: FieldSpec['kind']): FieldSpec => ({ number, kind, repeated: true });

const anyValue: { [name: string]: FieldSpec } = {
  stringValue: one(1, 'string'),
  boolValue: one(2, 'bool'),
  intValue: one(3, 'uint'),
  doubleValue: one(4, 'double'),
  bytesValue: one(7, 'bytes'),
};
const keyValue: MessageSpec = { key: one(1, 'string'), value: one(2, anyValue) };
anyValue.arrayValue = one(5, { values: many(1, anyValue) });
anyValue.kvlistValue = one(6, { values: many(1, keyValue) });

const exemplar: MessageSpec = {
  timeUnixNano: one(2, 'fixed64'),
  asDouble: one(3, 'double'),
  spanId: one(4, 'hex'),
  traceId: one(5, 'hex'),
  asInt: one(6, 'sfixed64'),
  filteredAttributes: many(7, keyValue),
};
const times: MessageSpec = { startTimeUnixNano: one(2, 'fixed64'), timeUnixNano: one(3, 'fixed64') };
const numberPoint: MessageSpec = {
  ...times,
  asDouble: one(4, 'double'),
  exemplars: many(5, exemplar),
  asInt: one(6, 'sfixed64'),
  attributes: many(7, keyValue),
  flags: one(8, 'uint'),
};
const histogramPoint: MessageSpec = {
  ...times,
  count: one(4, 'fixed64'),
  sum: one(5, 'double'),
  bucketCounts: many(6, 'fixed64'),
  explicitBounds: many(7, 'double'),
  exemplars: many(8, exemplar),
  attributes: many(9, keyValue),
  flags: one(10, 'uint'),
};
const buckets: MessageSpec = { offset: one(1, 'sint'), bucketCounts: many(2, 'uint') };
const exponentialPoint: MessageSpec = {
  ...times,
  attributes: many(1, keyValue),
  count: one(4, 'fixed64'),
  sum: one(5, 'double'),
  scale: one(6, 'sint'),
  zeroCount: one(7, 'fixed64'),
  positive: one(8, buckets),
  negative: one(9, buckets),
  flags: one(10, 'uint'),
  exemplars: many(11, exemplar),
  zeroThreshold: one(14, 'double'),
};
const summaryPoint: MessageSpec = {
  ...times,
  count: one(4, 'fixed64'),
  sum: one(5, 'double'),
  quantileValues: many(6, { quantile: one(1, 'double'), value: one(2, 'double') }),
  attributes: many(7, keyValue),
  flags: one(8, 'uint'),
};
const withTemporality = (point: MessageSpec): MessageSpec => ({
  dataPoints: many(1, point),
  aggregationTemporality: one(2, 'uint'),
});
const metric: MessageSpec = {
  name: one(1, 'string'),
  description: one(2, 'string'),
  unit: one(3, 'string'),
  gauge: one(5, { dataPoints: many(1, numberPoint) }),
  sum: one(7, { ...withTemporality(numberPoint), isMonotonic: one(3, 'bool') }),
  histogram: one(9, withTemporality(histogramPoint)),
  exponentialHistogram: one(10, withTemporality(exponentialPoint)),
  summary: one(11, { dataPoints: many(1, summaryPoint) }),
};
const scope: MessageSpec = {
  name: one(1, 'string'),
  version: one(2, 'string'),
  attributes: many(3, keyValue),
};
const request: MessageSpec = {
  resourceMetrics: many(1, {
    resource: one(1, { attributes: many(1, keyValue) }),
    scopeMetrics: many(2, { scope: one(1, scope), metrics: many(2, metric) }),
  }),
};

/**
 * An OTLP/JSON metrics request as protobuf. Written from the .proto files and without the decoder's code, so that the
 * two check each other.
 */
export function encodeMetricsRequest(json: object): Uint8Array {
  return encodeMessage(json as PlainRow, request);
}

function encodeMessage(value: PlainRow, spec: MessageSpec): Buffer {
  const pieces: Buffer[] = [];
  for (const [name, item] of Object.entries(value)) {
    const field = spec[name];
    if (field === undefined) throw new Error(`the test encoder does not know ${name}`);
    for (const element of field.repeated ? (item as unknown[]) : [item]) {
      pieces.push(encodeField(field, element));
    }
  }
  return Buffer.concat(pieces);
}

function encodeField({ number, kind }: FieldSpec, value: unknown): Buffer {
  if (typeof kind === 'object') return delimited(number, encodeMessage(value as PlainRow, kind));
  if (kind === 'string') return delimited(number, Buffer.from(String(value)));
  if (kind === 'bytes') return delimited(number, Buffer.from(String(value), 'base64'));
  if (kind === 'hex') return delimited(number, Buffer.from(String(value), 'hex'));
  if (kind === 'bool') return Buffer.concat([varint(BigInt(number * 8)), varint(value ? 1n : 0n)]);
  if (kind === 'uint') return Buffer.concat([varint(BigInt(number * 8)), varint(BigInt(value as string))]);
  if (kind === 'sint') {
    const signed = BigInt(value as number);
    const zigzag = signed >= 0n ? signed * 2n : -signed * 2n - 1n;
    return Buffer.concat([varint(BigInt(number * 8)), varint(zigzag)]);
  }
  const eight = Buffer.alloc(8);
  if (kind === 'double') eight.writeDoubleLE(Number(value));
  else eight.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value as string)));
  return Buffer.concat([varint(BigInt(number * 8 + 1)), eight]);
}

function delimited(number: number, content: Buffer): Buffer {
  return Buffer.concat([varint(BigInt(number * 8 + 2)), varint(BigInt(content.length)), content]);
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}

/** Attributes in OTLP/JSON from plain strings, numbers and booleans. */
export function attributesOf(values: Readonly<Record<string, string | number | boolean>>): object[] {
  return Object.entries(values).map(([key, value]) => {
    if (typeof value === 'string') return { key, value: { stringValue: value } };
    if (typeof value === 'boolean') return { key, value: { boolValue: value } };
    if (Number.isSafeInteger(value)) return { key, value: { intValue: String(value) } };
    return { key, value: { doubleValue: doubleJson(value) } };
  });
}

/** A double as OTLP/JSON has it: JSON itself knows no NaN, infinity or negative zero. */
export function doubleJson(value: number): number | string {
  if (Object.is(value, -0)) return '-0';
  return Number.isFinite(value) ? value : String(value);
}

/** Epoch milliseconds as OTLP/JSON has times. */
export function nanos(ms: number): string {
  return `${BigInt(ms) * 1_000_000n}`;
}

/** A request with the given metrics under one resource and scope. */
export function requestOf(
  metrics: readonly object[],
  resource: Readonly<Record<string, string | number | boolean>> = { 'service.name': 'shop' },
): object {
  return {
    resourceMetrics: [
      {
        resource: { attributes: attributesOf(resource) },
        scopeMetrics: [{ scope: { name: 'test.scope', version: '1.2.3' }, metrics }],
      },
    ],
  };
}
