/* A plain model of remote-write requests and plain encoders for both versions: the tests' side of the protocol. */

export interface SampleModel {
  /** A number, or the eight bytes of one. */
  value: number | Uint8Array;
  timeMs: number;
  startMs?: number;
}

export interface ExemplarModel {
  labels: [name: string, value: string][];
  value: number;
  timeMs?: number;
}

export interface HistogramModel {
  timeMs: number;
  startMs?: number;
  count: { int: number } | { float: number };
  sum: number | Uint8Array;
  schema?: number;
  zeroThreshold?: number;
  zeroCount?: { int: number } | { float: number };
  negativeSpans?: [offset: number, length: number][];
  negativeDeltas?: number[];
  negativeCounts?: number[];
  positiveSpans?: [offset: number, length: number][];
  positiveDeltas?: number[];
  positiveCounts?: number[];
  resetHint?: number;
  customValues?: number[];
  /** Repeated numbers one by one instead of packed. */
  isUnpacked?: boolean;
}

export type Text = string | Uint8Array;

export interface SeriesModel {
  labels: [name: Text, value: Text][];
  samples?: SampleModel[];
  histograms?: HistogramModel[];
  exemplars?: ExemplarModel[];
  /** 2.0 only. */
  metadata?: { type?: number; help?: string; unit?: string };
  /** 2.0 before rc.4 only. */
  createdMs?: number;
  /** 1.0: the samples stand between the labels. */
  isScattered?: boolean;
}

export interface FamilyModel {
  type: number;
  name: string;
  help: string;
  unit: string;
}

export function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

function zigzag(value: number): bigint {
  const big = BigInt(value);
  return big >= 0n ? big * 2n : -big * 2n - 1n;
}

export function bytesField(field: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes]);
}

function bytesOf(text: Text): Uint8Array {
  return typeof text === 'string' ? Buffer.from(text) : text;
}

export function varintField(field: number, value: number | bigint): Buffer {
  return value === 0 || value === 0n ? Buffer.alloc(0) : Buffer.concat([varint(field * 8), varint(value)]);
}

function doubleBytes(value: number | Uint8Array): Uint8Array {
  if (typeof value !== 'number') return value;
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}

/** proto3 leaves out what is zero, and nothing else. */
function doubleField(field: number, value: number | Uint8Array): Buffer {
  if (typeof value === 'number' && Object.is(value, 0)) return Buffer.alloc(0);
  return Buffer.concat([varint(field * 8 + 1), doubleBytes(value)]);
}

function repeated(field: number, values: Buffer[], wireType: number, isUnpacked = false): Buffer {
  if (values.length === 0) return Buffer.alloc(0);
  if (!isUnpacked) return bytesField(field, Buffer.concat(values));
  return Buffer.concat(values.flatMap((value) => [varint(field * 8 + wireType), value]));
}

function sample({ value, timeMs, startMs = 0 }: SampleModel, version: 1 | 2): Buffer {
  const start = version === 2 ? varintField(3, startMs) : Buffer.alloc(0);
  return Buffer.concat([doubleField(1, value), varintField(2, timeMs), start]);
}

function counted(count: { int: number } | { float: number } | undefined, int: number, float: number): Buffer {
  if (count === undefined) return Buffer.alloc(0);
  // A member of a oneof is there even when it is zero.
  if ('int' in count) return Buffer.concat([varint(int * 8), varint(count.int)]);
  return Buffer.concat([varint(float * 8 + 1), doubleBytes(count.float)]);
}

function spans(field: number, list: [number, number][] = []): Buffer {
  return Buffer.concat(
    list.map(([offset, length]) =>
      bytesField(field, Buffer.concat([varintField(1, zigzag(offset)), varintField(2, length)])),
    ),
  );
}

export function histogram(model: HistogramModel): Buffer {
  const { isUnpacked } = model;
  const doubles = (field: number, list: number[] = []) =>
    repeated(
      field,
      list.map((value) => Buffer.from(doubleBytes(value))),
      1,
      isUnpacked,
    );
  const deltas = (field: number, list: number[] = []) =>
    repeated(
      field,
      list.map((value) => varint(zigzag(value))),
      0,
      isUnpacked,
    );
  return Buffer.concat([
    counted(model.count, 1, 2),
    doubleField(3, model.sum),
    varintField(4, zigzag(model.schema ?? 0)),
    doubleField(5, model.zeroThreshold ?? 0),
    counted(model.zeroCount, 6, 7),
    spans(8, model.negativeSpans),
    deltas(9, model.negativeDeltas),
    doubles(10, model.negativeCounts),
    spans(11, model.positiveSpans),
    deltas(12, model.positiveDeltas),
    doubles(13, model.positiveCounts),
    varintField(14, model.resetHint ?? 0),
    varintField(15, model.timeMs),
    doubles(16, model.customValues),
    varintField(17, model.startMs ?? 0),
  ]);
}

function label([name, value]: [Text, Text]): Buffer {
  const parts = [name, value].map((text, i) =>
    bytesOf(text).length === 0 ? Buffer.alloc(0) : bytesField(i + 1, bytesOf(text)),
  );
  return bytesField(1, Buffer.concat(parts));
}

export function encodeV1(series: SeriesModel[], families: FamilyModel[] = []): Buffer {
  return Buffer.concat([
    ...series.map((one) => bytesField(1, seriesV1(one))),
    ...families.map(({ type, name, help, unit }) =>
      bytesField(
        3,
        Buffer.concat([
          varintField(1, type),
          bytesField(2, Buffer.from(name)),
          bytesField(4, Buffer.from(help)),
          bytesField(5, Buffer.from(unit)),
        ]),
      ),
    ),
  ]);
}

function seriesV1({
  labels,
  samples = [],
  exemplars = [],
  histograms = [],
  isScattered,
}: SeriesModel): Buffer {
  const parts = labels.map(label);
  const rest = [
    ...samples.map((one) => bytesField(2, sample(one, 1))),
    ...exemplars.map(({ labels: own, value, timeMs = 0 }) =>
      bytesField(3, Buffer.concat([...own.map(label), doubleField(2, value), varintField(3, timeMs)])),
    ),
    ...histograms.map((one) => bytesField(4, histogram(one))),
  ];
  return Buffer.concat(
    isScattered ? [...parts.slice(0, 1), ...rest, ...parts.slice(1)] : [...parts, ...rest],
  );
}

export interface EncodeV2Options {
  /** Symbols behind the series. */
  isReversed?: boolean;
  isUnpacked?: boolean;
  /** Symbols that are in the table before the others, so that references differ from request to request. */
  before?: string[];
}

export function encodeV2(series: SeriesModel[], options: EncodeV2Options = {}): Buffer {
  const symbols: Buffer[] = [];
  const places = new Map<string, number>();
  const refOf = (text: Text): number => {
    const bytes = Buffer.from(bytesOf(text));
    const key = bytes.toString('latin1');
    if (!places.has(key)) {
      places.set(key, symbols.length);
      symbols.push(bytes);
    }
    return places.get(key)!;
  };
  refOf('');
  options.before?.forEach(refOf);
  const refs = (labels: [Text, Text][]) =>
    repeated(
      1,
      labels.flat().map((text) => varint(refOf(text))),
      0,
      options.isUnpacked,
    );
  const encoded = series.map((one) => {
    const { metadata, createdMs = 0 } = one;
    const described =
      metadata &&
      Buffer.concat([
        varintField(1, metadata.type ?? 0),
        varintField(3, refOf(metadata.help ?? '')),
        varintField(4, refOf(metadata.unit ?? '')),
      ]);
    return Buffer.concat([
      refs(one.labels),
      ...(one.samples ?? []).map((own) => bytesField(2, sample(own, 2))),
      ...(one.histograms ?? []).map((own) => bytesField(3, histogram(own))),
      ...(one.exemplars ?? []).map(({ labels, value, timeMs = 0 }) =>
        bytesField(4, Buffer.concat([refs(labels), doubleField(2, value), varintField(3, timeMs)])),
      ),
      described ? bytesField(5, described) : Buffer.alloc(0),
      varintField(6, createdMs),
    ]);
  });
  const table = symbols.map((symbol) => bytesField(4, symbol));
  const messages = encoded.map((one) => bytesField(5, one));
  return Buffer.concat(options.isReversed ? [...messages, ...table] : [...table, ...messages]);
}
