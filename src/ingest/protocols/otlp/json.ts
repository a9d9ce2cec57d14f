import { DecodeError } from '../../../lib/errors.ts';

/** An object as `JSON.parse` makes it. */
export type JsonObject = { readonly [key: string]: unknown };

const HINT = 'OTLP/JSON is described at https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding.';

/** Throws the error for a value that is not what belongs there. `path` is like `logRecords[3].traceId`. */
export function failJson(path: string, expected: string, value: unknown): never {
  const got = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`;
  throw new DecodeError(`Not valid OTLP/JSON: ${path} is ${got}, expected ${expected}.`, HINT);
}

/**
 * 64-bit integers written as JSON numbers lose digits in `JSON.parse`, so the members that hold one are quoted first. The name in its
 * quotes followed by a colon cannot be part of a string, where quotes are escaped.
 */
const LONG_INTEGER =
  /"(intValue|int_value|asInt|as_int|count|zeroCount|zero_count|[a-zA-Z_]*(?:UnixNano|unix_nano))"(\s*:\s*)(-?\d{16,})(?=\s*[,}])/g;
const LONG_DIGITS = /:\s*-?\d{16}/;

/**
 * Arrays and objects inside each other, and in the whole body. Far beyond what a request with honest limits has: each costs `JSON.parse`
 * about fifty bytes, so a body of nothing else would take twenty times its size.
 */
const MAX_JSON_DEPTH = 100_000;
const MAX_JSON_CONTAINERS = 4_000_000;

/** Throws when the body has too many arrays and objects; brackets in strings do not count. About 1.5 ms per megabyte. */
function checkContainers(body: Uint8Array): void {
  if (body.length <= MAX_JSON_DEPTH) return;
  let depth = 0;
  let count = 0;
  let isInString = false;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i]!;
    if (isInString) {
      if (byte === 0x5c) i++;
      else if (byte === 0x22) isInString = false;
    } else if (byte === 0x22) isInString = true;
    else if (byte === 0x5b || byte === 0x7b) {
      count++;
      if (++depth > MAX_JSON_DEPTH || count > MAX_JSON_CONTAINERS) failContainers(depth);
    } else if (byte === 0x5d || byte === 0x7d) depth--;
  }
}

function failContainers(depth: number): never {
  const what =
    depth > MAX_JSON_DEPTH
      ? `nested more than ${MAX_JSON_DEPTH} deep`
      : `more than ${MAX_JSON_CONTAINERS} objects and arrays in one request`;
  throw new DecodeError(`Not valid OTLP/JSON: ${what}.`, HINT);
}

/**
 * Parses a request body. An empty body and `""`, which real clients send for an empty unit, are the empty request.
 *
 * @throws DecodeError when the body is not a JSON object.
 */
export function parseJsonRequest(body: Uint8Array): JsonObject {
  checkContainers(body);
  let text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  if (text.charCodeAt(0) === 0xfeff) text = text.slice(1);
  if (text === '') return {};
  if (LONG_DIGITS.test(text)) text = text.replace(LONG_INTEGER, '"$1"$2"$3"');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, 200) : String(error);
    throw new DecodeError(`Not valid JSON: ${reason}`, HINT, error);
  }
  if (value === '') return {};
  return asObject(value, 'the body');
}

export function asObject(value: unknown, path: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) failJson(path, 'an object', value);
  return value as JsonObject;
}

/** A member by its lowerCamelCase name, or by its name in the .proto file; null counts as absent. */
export function member(object: JsonObject, name: string, protoName = name): unknown {
  const value = object[name] ?? object[protoName];
  return value ?? undefined;
}

/** A member that is a message; undefined when absent. */
export function objectMember(
  object: JsonObject,
  name: string,
  protoName = name,
  path = name,
): JsonObject | undefined {
  const value = member(object, name, protoName);
  return value === undefined ? undefined : asObject(value, path);
}

const NOTHING: readonly unknown[] = [];

/** A repeated member; empty when absent. */
export function arrayMember(
  object: JsonObject,
  name: string,
  protoName = name,
  path = name,
): readonly unknown[] {
  const value = member(object, name, protoName);
  if (value === undefined) return NOTHING;
  if (!Array.isArray(value)) failJson(path, 'an array', value);
  return value;
}

/** A string member; empty when absent. */
export function stringMember(object: JsonObject, name: string, protoName = name): string {
  const value = member(object, name, protoName);
  if (value === undefined) return '';
  if (typeof value !== 'string') failJson(name, 'a string', value);
  return value;
}

/** A double: a number, or text such as "NaN", "Infinity", "1.5". */
export function doubleOf(value: unknown, path: string): number {
  if (typeof value === 'number') return value;
  if (value === 'NaN') return Number.NaN;
  if (typeof value === 'string' && /^-?(?:Infinity|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)$/.test(value))
    return Number(value);
  return failJson(path, 'a number', value);
}

/** A 64-bit integer, signed or not, from a number or decimal text: a number when safe, else a bigint. */
export function integerOf(value: unknown, path: string): number | bigint {
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return value;
    if (Number.isInteger(value) && Math.abs(value) < 2 ** 64) return BigInt(value);
  } else if (typeof value === 'string' && value.length <= 40) {
    if (/^-?\d{1,15}$/.test(value)) return Number(value) + 0;
    if (/^-?\d{1,24}$/.test(value)) return narrow(BigInt(value), path, value);
    const number = doubleOf(value, path);
    if (Number.isSafeInteger(number)) return number;
  }
  return failJson(path, 'a 64-bit integer as number or decimal text', value);
}

function narrow(value: bigint, path: string, original: unknown): number | bigint {
  if (BigInt.asIntN(64, value) !== value && BigInt.asUintN(64, value) !== value) {
    failJson(path, 'an integer of at most 64 bits', original);
  }
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Low half of a 64-bit integer, unsigned. */
export function lowHalf(value: number | bigint): number {
  if (typeof value === 'bigint') return Number(BigInt.asUintN(32, value));
  return value >>> 0 === value ? value : Number(BigInt.asUintN(32, BigInt(value)));
}

/** High half of a 64-bit integer, unsigned. */
export function highHalf(value: number | bigint): number {
  if (typeof value === 'bigint') return Number(BigInt.asUintN(32, value >> 32n));
  return Math.floor(value / 0x1_0000_0000) >>> 0;
}

/** An unsigned integer member such as a count or a time, 0 when absent; negative numbers are an error. */
export function unsignedMember(object: JsonObject, name: string, protoName = name): number | bigint {
  const value = member(object, name, protoName);
  if (value === undefined) return 0;
  const integer = integerOf(value, name);
  if (integer < 0) failJson(name, 'an integer of at least 0', value);
  return integer;
}

/** A uint32 member, 0 when absent. */
export function uint32Member(object: JsonObject, name: string, protoName = name): number {
  const value = unsignedMember(object, name, protoName);
  if (typeof value === 'bigint' || value > 0xffff_ffff) failJson(name, 'an integer of 32 bits', value);
  return value;
}

/** An enum member: its number, or its name from the .proto file; 0 when absent. */
export function enumMember(
  object: JsonObject,
  name: string,
  protoName: string,
  numbers: ReadonlyMap<string, number>,
): number {
  const value = member(object, name, protoName);
  if (value === undefined) return 0;
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  const number = typeof value === 'string' ? (numbers.get(value) ?? Number(value || Number.NaN)) : Number.NaN;
  if (!Number.isInteger(number)) failJson(name, 'a number or a name of the enumeration', value);
  return number;
}

/** Names of an enumeration that counts up from 0. */
export function enumNames(prefix: string, names: readonly string[]): ReadonlyMap<string, number> {
  return new Map(names.map((name, number) => [prefix + name, number]));
}

/**
 * An id in hex, of any case.
 *
 * @returns undefined when absent or empty; empty bytes when it has another length than `byteCount`.
 */
export function idMember(
  object: JsonObject,
  name: string,
  protoName: string,
  byteCount: number,
): Uint8Array | undefined {
  const text = stringMember(object, name, protoName);
  if (text === '') return undefined;
  if (text.length !== byteCount * 2 || !/^[0-9a-fA-F]+$/.test(text)) return new Uint8Array(0);
  return Buffer.from(text, 'hex');
}
