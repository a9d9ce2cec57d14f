import { STALE_HIGH, STALE_LOW } from '../../../../model/samples.ts';

/* A plain reader of remote read's answers: the tests' side of the protocol. */

export interface ProtoField {
  readonly field: number;
  /** Numbers as they stand on the wire. */
  readonly number: bigint;
  readonly bytes: Buffer;
}

export function fieldsOf(message: Buffer): ProtoField[] {
  const fields: ProtoField[] = [];
  for (let at = 0; at < message.length; ) {
    const tag = varintAt(message, at);
    at = tag.end;
    const field = Number(tag.value >> 3n);
    const wireType = Number(tag.value & 7n);
    if (wireType === 0) {
      const { value, end } = varintAt(message, at);
      fields.push({ field, number: value, bytes: Buffer.alloc(0) });
      at = end;
      continue;
    }
    let length = 8;
    if (wireType === 2) {
      const { value, end } = varintAt(message, at);
      length = Number(value);
      at = end;
    }
    if (at + length > message.length) throw new Error('a field is cut off');
    fields.push({ field, number: 0n, bytes: message.subarray(at, at + length) });
    at += length;
  }
  return fields;
}

export function varintAt(bytes: Uint8Array, start: number): { value: bigint; end: number } {
  let value = 0n;
  let at = start;
  for (let shift = 0n; ; shift += 7n) {
    const byte = bytes[at++];
    if (byte === undefined) throw new Error('a number is cut off');
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return { value, end: at };
  }
}

export function numberIn(fields: readonly ProtoField[], field: number): number {
  return Number(BigInt.asIntN(64, fields.find((one) => one.field === field)?.number ?? 0n));
}

export type DecodedSample = readonly [timeMs: number, value: number | 'stale'];

export interface DecodedSeries {
  readonly labels: Record<string, string>;
  readonly samples: DecodedSample[];
  readonly histograms: Buffer[];
}

export function labelsIn(series: readonly ProtoField[]): Record<string, string> {
  const pairs = series.filter(({ field }) => field === 1).map(({ bytes }) => fieldsOf(bytes));
  return Object.fromEntries(
    pairs.map((pair) => [
      pair.find(({ field }) => field === 1)!.bytes.toString(),
      pair.find(({ field }) => field === 2)!.bytes.toString(),
    ]),
  );
}

function sampleValue(bytes: Buffer): number | 'stale' {
  const isStale = bytes.readUInt32LE(0) === STALE_LOW && bytes.readUInt32LE(4) === STALE_HIGH;
  return isStale ? 'stale' : bytes.readDoubleLE(0);
}

/** Results of each query. */
export function decodeSamples(message: Buffer): DecodedSeries[][] {
  return fieldsOf(message).map(({ bytes }) =>
    fieldsOf(bytes).map((series) => seriesOf(fieldsOf(series.bytes))),
  );
}

function seriesOf(fields: readonly ProtoField[]): DecodedSeries {
  const samples = fields
    .filter(({ field }) => field === 2)
    .map(({ bytes }): DecodedSample => {
      const sample = fieldsOf(bytes);
      const value = sample.find(({ field }) => field === 1)?.bytes;
      return [numberIn(sample, 2), value === undefined ? 0 : sampleValue(value)];
    });
  const histograms = fields.filter(({ field }) => field === 4).map(({ bytes }) => bytes);
  return { labels: labelsIn(fields), samples, histograms };
}

export interface DecodedFrame {
  readonly queryIndex: number;
  readonly labels: Record<string, string>;
  readonly chunks: readonly { minMs: number; maxMs: number; type: number; samples: DecodedSample[] }[];
}

export function decodeFrames(stream: Buffer, checksum: (bytes: Uint8Array) => number): DecodedFrame[] {
  const frames: DecodedFrame[] = [];
  for (let at = 0; at < stream.length; ) {
    const { value, end } = varintAt(stream, at);
    const message = stream.subarray(end + 4, end + 4 + Number(value));
    if (stream.readUInt32BE(end) !== checksum(message)) throw new Error('the checksum of a frame is wrong');
    const fields = fieldsOf(message);
    const series = fieldsOf(fields.find(({ field }) => field === 1)!.bytes);
    const chunks = series
      .filter(({ field }) => field === 2)
      .map(({ bytes }) => {
        const chunk = fieldsOf(bytes);
        const data = chunk.find(({ field }) => field === 4)!.bytes;
        const bounds = { minMs: numberIn(chunk, 1), maxMs: numberIn(chunk, 2), type: numberIn(chunk, 3) };
        return { ...bounds, samples: decodeXor(data) };
      });
    frames.push({ queryIndex: numberIn(fields, 2), labels: labelsIn(series), chunks });
    at = end + 4 + Number(value);
  }
  return frames;
}

/** Reads bits, highest first, as a string would have them: slow and plain. */
class Bits {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  read(count: number): bigint {
    let value = 0n;
    for (let i = 0; i < count; i++, this.#at++) {
      const byte = this.#bytes[this.#at >> 3];
      if (byte === undefined) throw new Error('the chunk is cut off');
      value = (value << 1n) | BigInt((byte >> (7 - (this.#at & 7))) & 1);
    }
    return value;
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.read(8);
      value |= (byte & 127n) << shift;
      if (byte < 128n) return value;
    }
  }
}

/** A chunk as Prometheus's `chunkenc.XORChunk` has it. */
export function decodeXor(data: Uint8Array): DecodedSample[] {
  const count = (data[0]! << 8) | data[1]!;
  const bits = new Bits(data.subarray(2));
  const samples: DecodedSample[] = [];
  let [timeMs, deltaMs, value] = [0n, 0n, 0n];
  const window = { leading: 0n, trailing: 0n };
  for (let i = 0; i < count; i++) {
    if (i === 0) {
      const zigzag = bits.varint();
      timeMs = (zigzag >> 1n) ^ -(zigzag & 1n);
      value = bits.read(64);
    } else {
      deltaMs = i === 1 ? bits.varint() : deltaMs + differenceIn(bits);
      timeMs += deltaMs;
      value ^= changeIn(bits, window);
    }
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(value);
    samples.push([Number(timeMs), sampleValue(bytes)]);
  }
  return samples;
}

function differenceIn(bits: Bits): bigint {
  let ones = 0;
  while (ones < 4 && bits.read(1) === 1n) ones++;
  if (ones === 0) return 0n;
  if (ones === 4) return BigInt.asIntN(64, bits.read(64));
  const size = [14, 17, 20][ones - 1]!;
  const value = bits.read(size);
  return value > 1n << BigInt(size - 1) ? value - (1n << BigInt(size)) : value;
}

function changeIn(bits: Bits, window: { leading: bigint; trailing: bigint }): bigint {
  if (bits.read(1) === 0n) return 0n;
  if (bits.read(1) === 1n) {
    window.leading = bits.read(5);
    const size = bits.read(6) || 64n;
    window.trailing = 64n - window.leading - size;
  }
  return bits.read(Number(64n - window.leading - window.trailing)) << window.trailing;
}
