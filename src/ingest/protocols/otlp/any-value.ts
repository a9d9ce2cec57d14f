import type { AttributeValue } from '../../../model/telemetry.ts';
import type { StringColumn } from '../../../store/index.ts';
import { signedOf, type WireReader } from './wire.ts';

/** Type characters, as documented at the attribute columns in `store/tables.ts`. */
export const TYPE_STRING = 0x73; // s
export const TYPE_INTEGER = 0x69; // i
export const TYPE_DOUBLE = 0x64; // d
export const TYPE_BOOLEAN = 0x62; // b
export const TYPE_BYTES = 0x78; // x
export const TYPE_ARRAY = 0x61; // a
export const TYPE_MAP = 0x6d; // m
export const TYPE_NONE = 0x6e; // n

/** Shortest decimal form that reads back as the same double; `NaN`, `Infinity`, `-Infinity`, `-0`. */
export function doubleText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

const MAX_UNITS = 0x8000_0000;

/**
 * Appends what `doubleText` makes of a value.
 *
 * Most measured values have few decimals, and finding the shortest text of any double costs twice as much: 0.25 µs, against 0.13 here
 * for three decimals.
 * When `value` is the double nearest to units / 10^decimals, and units has at most 15 digits, then that decimal without its
 * trailing zeros is the shortest: two different decimals of at most 15 digits are never the same double.
 */
export function appendDouble(value: number, column: StringColumn): void {
  if (value > 0) {
    for (let decimals = 3, scale = 1e3; decimals <= 6; decimals += 3, scale *= 1e3) {
      let units = Math.round(value * scale);
      if (units >= MAX_UNITS) break;
      if (units === 0 || units / scale !== value) continue;
      let left = decimals;
      for (; left > 0 && units % 10 === 0; left--) units /= 10;
      if (left === 0) column.appendDigits(units);
      else column.appendDecimal(units, left);
      return;
    }
  }
  column.append(doubleText(value));
}

/**
 * Collects the JSON text of a nested value, up to a length. Writers stop early when it is full or too deep, so hostile values cost
 * no more than the limits allow.
 */
export class NestedText {
  isTooDeep = false;
  #pieces: string[] = [];
  #length = 0;
  readonly maxLength: number;
  readonly maxDepth: number;

  /** @param maxDepth arrays and maps inside each other, 1 allows a flat array. */
  constructor(maxLength: number, maxDepth: number) {
    this.maxLength = maxLength;
    this.maxDepth = maxDepth;
  }

  /** Whether nothing more needs to be written. */
  get isDone(): boolean {
    return this.isTooDeep || this.#length > this.maxLength;
  }

  /** Whether a container at `depth` may be entered; remembers when not. */
  allows(depth: number): boolean {
    if (depth > this.maxDepth) this.isTooDeep = true;
    return depth <= this.maxDepth;
  }

  push(piece: string): void {
    this.#pieces.push(piece);
    this.#length += piece.length;
  }

  pushString(text: string): void {
    this.push(JSON.stringify(text.length > this.maxLength ? text.slice(0, this.maxLength) : text));
  }

  pushDouble(value: number): void {
    this.push(Number.isFinite(value) ? doubleText(value) : `"${value}"`);
  }

  toString(): string {
    return this.#pieces.join('');
  }
}

/** What `scanAnyValue` found; one object is reused, so take the fields before scanning on. */
export interface ScannedValue {
  type: number;
  /** String, bytes, array, map: first byte. Double: its offset. Integer: low half. Boolean: 0 or 1. */
  a: number;
  /** String, bytes, array, map: end. Integer: high half. */
  b: number;
}

const scanned: ScannedValue = { type: TYPE_NONE, a: 0, b: 0 };

/**
 * Reads the AnyValue message at `[start, end)`:
 *
 *     oneof { string = 1; bool = 2; int64 = 3; double = 4; ArrayValue = 5; KeyValueList = 6; bytes = 7 }
 *
 * Of several, the last counts, as everywhere in protobuf.
 */
export function scanAnyValue(reader: WireReader, start: number, end: number): ScannedValue {
  scanned.type = TYPE_NONE;
  scanned.a = scanned.b = 0;
  reader.seek(start, end);
  for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
    if (field === 2) {
      reader.varint64();
      scanned.type = TYPE_BOOLEAN;
      scanned.a = reader.low !== 0 || reader.high !== 0 ? 1 : 0;
    } else if (field === 3) {
      reader.varint64();
      scanned.type = TYPE_INTEGER;
      scanned.a = reader.low;
      scanned.b = reader.high;
    } else if (field === 4) {
      scanned.type = TYPE_DOUBLE;
      scanned.a = reader.fixed64();
    } else if (field < 8 && (field === 1 || field >= 5)) {
      reader.range();
      scanned.type = RANGE_TYPES[field]!;
      scanned.a = reader.start;
      scanned.b = reader.stop;
    } else reader.skip();
  }
  return scanned;
}

const RANGE_TYPES = [0, TYPE_STRING, 0, 0, 0, TYPE_ARRAY, TYPE_MAP, TYPE_BYTES];

/**
 * Writes the array or map at `[start, end)` as JSON: `[value, ...]` for an array and `[{"key":k,"value":value}, ...]` for a map, each
 * value as OTLP/JSON has it, `{"intValue":"7"}`. Nothing is lost: neither types nor order nor repeated keys.
 *
 * @param depth of this container, 1 at the top.
 */
export function writeContainer(
  reader: WireReader,
  range: { readonly isMap: boolean; readonly start: number; readonly end: number },
  depth: number,
  out: NestedText,
): void {
  if (!out.allows(depth)) return;
  const { isMap, start, end } = range;
  out.push('[');
  let count = 0;
  reader.seek(start, end);
  for (let field = reader.nextField(); field !== 0 && !out.isDone; field = reader.nextField()) {
    if (field !== 1) {
      reader.skip();
      continue;
    }
    reader.range();
    const { start: from, stop } = reader;
    if (count++ > 0) out.push(',');
    if (isMap) writeEntry(reader, from, stop, depth, out);
    else writeValue(reader, from, stop, depth, out);
    reader.seek(stop, end);
  }
  out.push(']');
}

function writeEntry(reader: WireReader, start: number, end: number, depth: number, out: NestedText): void {
  const entry = scanKeyValue(reader, start, end);
  const { valueStart, valueEnd } = entry;
  out.push('{"key":');
  out.pushString(reader.text(entry.keyStart, entry.keyEnd));
  out.push(',"value":');
  writeValue(reader, valueStart, valueEnd, depth, out);
  out.push('}');
}

function writeValue(reader: WireReader, start: number, end: number, depth: number, out: NestedText): void {
  const { type, a, b } = scanAnyValue(reader, start, end);
  if (type === TYPE_STRING) {
    out.push('{"stringValue":');
    out.pushString(reader.text(a, b));
  } else if (type === TYPE_INTEGER) out.push(`{"intValue":"${signedOf(a, b)}"`);
  else if (type === TYPE_BOOLEAN) out.push(`{"boolValue":${a !== 0}`);
  else if (type === TYPE_DOUBLE) {
    out.push('{"doubleValue":');
    out.pushDouble(reader.view.getFloat64(a, true));
  } else if (type === TYPE_BYTES) {
    out.push('{"bytesValue":');
    out.pushString(reader.base64(a, b));
  } else if (type === TYPE_ARRAY || type === TYPE_MAP) {
    const isMap = type === TYPE_MAP;
    out.push(isMap ? '{"kvlistValue":{"values":' : '{"arrayValue":{"values":');
    writeContainer(reader, { isMap, start: a, end: b }, depth + 1, out);
    out.push('}');
  } else out.push('{');
  out.push('}');
}

/** The value that `scanAnyValue` found, as plain data. Its depth must have been checked. */
export function plainValue(reader: WireReader, type: number, a: number, b: number): AttributeValue {
  if (type === TYPE_STRING) return reader.text(a, b);
  if (type === TYPE_INTEGER) return signedOf(a, b);
  if (type === TYPE_BOOLEAN) return a !== 0;
  if (type === TYPE_DOUBLE) return reader.view.getFloat64(a, true);
  // A copy, since the body is reused; `slice` of a Buffer would only be a view.
  if (type === TYPE_BYTES) return new Uint8Array(reader.bytes.subarray(a, b));
  if (type === TYPE_ARRAY) return plainArray(reader, a, b);
  if (type === TYPE_MAP) return plainMap(reader, a, b);
  return null;
}

function plainArray(reader: WireReader, start: number, end: number): AttributeValue[] {
  const values: AttributeValue[] = [];
  reader.seek(start, end);
  for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
    if (field !== 1) {
      reader.skip();
      continue;
    }
    reader.range();
    const { start: from, stop } = reader;
    const { type, a, b } = scanAnyValue(reader, from, stop);
    values.push(plainValue(reader, type, a, b));
    reader.seek(stop, end);
  }
  return values;
}

function plainMap(reader: WireReader, start: number, end: number): AttributeValue {
  const values: [string, AttributeValue][] = [];
  reader.seek(start, end);
  for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
    if (field !== 1) {
      reader.skip();
      continue;
    }
    reader.range();
    const { start: from, stop } = reader;
    const { keyStart, keyEnd, valueStart, valueEnd } = scanKeyValue(reader, from, stop);
    const { type, a, b } = scanAnyValue(reader, valueStart, valueEnd);
    values.push([reader.text(keyStart, keyEnd), plainValue(reader, type, a, b)]);
    reader.seek(stop, end);
  }
  return Object.fromEntries(values);
}

/** What `scanKeyValue` found; one object is reused. Absent parts are empty ranges. */
export interface ScannedKeyValue {
  keyStart: number;
  keyEnd: number;
  valueStart: number;
  valueEnd: number;
}

const scannedPair: ScannedKeyValue = { keyStart: 0, keyEnd: 0, valueStart: 0, valueEnd: 0 };

/** Reads the KeyValue message at `[start, end)`: `string key = 1; AnyValue value = 2`. */
export function scanKeyValue(reader: WireReader, start: number, end: number): ScannedKeyValue {
  const pair = scannedPair;
  pair.keyStart = pair.keyEnd = pair.valueStart = pair.valueEnd = start;
  reader.seek(start, end);
  for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
    if (field === 1) {
      reader.range();
      pair.keyStart = reader.start;
      pair.keyEnd = reader.stop;
    } else if (field === 2) {
      reader.range();
      pair.valueStart = reader.start;
      pair.valueEnd = reader.stop;
    } else reader.skip();
  }
  return pair;
}
