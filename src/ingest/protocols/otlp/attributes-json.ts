import type { AttributeValue } from '../../../model/telemetry.ts';
import type { AttributeMapColumn } from '../../../store/index.ts';
import { cutToBytes } from '../../text.ts';
import type { IngestLimits } from '../../types.ts';
import { doubleText, NestedText } from './any-value.ts';
import { type AttributeLists, MAX_KEY_BYTES } from './attributes.ts';
import {
  arrayMember,
  asObject,
  doubleOf,
  failJson,
  integerOf,
  type JsonObject,
  stringMember,
} from './json.ts';

type AttributeLimits = Pick<IngestLimits, 'attributesPerRecord' | 'valueBytes' | 'valueDepth'>;

interface Entry {
  readonly key: string;
  type: string;
  text: string;
  /** The AnyValue, for making the plain value when somebody asks for it. */
  source: JsonObject;
  wasCut: boolean;
}

interface List {
  readonly entries: Map<string, Entry>;
  dropped: number;
}

/** Attribute lists of an OTLP/JSON record. */
export class JsonAttributes implements AttributeLists {
  isTooDeep = false;
  cutCount = 0;
  #limits: AttributeLimits = { attributesPerRecord: 0, valueBytes: 0, valueDepth: 0 };
  #lists: List[] = [];
  /** Entries of each list as an array, made when first read by index. */
  #rows: Entry[][] = [];

  /** Forgets all lists; call once per record. */
  clear(limits: AttributeLimits): void {
    this.#limits = limits;
    this.isTooDeep = false;
    this.cutCount = 0;
    this.#lists = [];
    this.#rows = [];
  }

  /** Starts a list with the KeyValue objects in `values` and returns its number, from 0. */
  add(values: readonly unknown[]): number {
    const list: List = { entries: new Map(), dropped: 0 };
    for (const value of values) this.#addEntry(list, asObject(value, 'attributes[]'));
    this.#rows.push([...list.entries.values()]);
    return this.#lists.push(list) - 1;
  }

  /** Starts a list with one AnyValue without a key: a log's body. */
  addValue(value: unknown): number {
    const entry = this.#entry('', asObject(value ?? {}, 'body'));
    this.#rows.push([entry]);
    return this.#lists.push({ entries: new Map(), dropped: 0 }) - 1;
  }

  #addEntry(list: List, pair: JsonObject): void {
    const key = stringMember(pair, 'key');
    const known = list.entries.get(key);
    if (known === undefined && list.entries.size >= this.#limits.attributesPerRecord) {
      list.dropped++;
      return;
    }
    const source =
      pair.value === undefined || pair.value === null ? {} : asObject(pair.value, `value of ${key}`);
    const entry = this.#entry(key, source);
    if (known === undefined) list.entries.set(key, entry);
    else Object.assign(known, entry);
  }

  #entry(key: string, source: JsonObject): Entry {
    const kind = kindOf(source);
    if (kind === 'a' || kind === 'm') return this.#container(key, kind, source);
    const whole = scalarText(kind, source);
    // Base64 is cut at whole groups of four, so that it stays valid.
    const most = this.#limits.valueBytes;
    const text = cutToBytes(whole, kind === 'x' ? most - (most % 4) : most);
    const wasCut = text.length !== whole.length;
    if (wasCut) this.cutCount++;
    return { key, type: kind, text, source, wasCut };
  }

  #container(key: string, kind: 'a' | 'm', source: JsonObject): Entry {
    const out = new NestedText(this.#limits.valueBytes, this.#limits.valueDepth);
    writeContainer(kind, source, 1, out);
    if (out.isTooDeep) this.isTooDeep = true;
    const whole = out.toString();
    const text = cutToBytes(whole, this.#limits.valueBytes);
    const wasCut = text.length !== whole.length;
    if (wasCut) this.cutCount++;
    return { key, type: wasCut ? 's' : kind, text, source, wasCut };
  }

  count(list: number): number {
    return this.#rows[list]!.length;
  }

  dropped(list: number): number {
    return this.#lists[list]!.dropped;
  }

  types(list: number): string {
    let types = '';
    for (const entry of this.#rows[list]!) types += entry.type;
    return types;
  }

  key(list: number, index: number): string {
    return cutToBytes(this.#rows[list]![index]!.key, MAX_KEY_BYTES);
  }

  text(list: number, index: number): string {
    return this.#rows[list]![index]!.text;
  }

  value(list: number, index: number): AttributeValue {
    const entry = this.#rows[list]![index]!;
    if (entry.type === 's') return entry.text;
    if (entry.wasCut) return Buffer.from(entry.text, 'base64');
    return plainValue(entry.source);
  }

  appendTo(list: number, column: AttributeMapColumn): void {
    for (const entry of this.#rows[list]!) {
      column.keys.append(cutToBytes(entry.key, MAX_KEY_BYTES));
      column.values.append(entry.text);
    }
    column.close();
  }
}

const KINDS: readonly (readonly [name: string, protoName: string, kind: string])[] = [
  ['stringValue', 'string_value', 's'],
  ['intValue', 'int_value', 'i'],
  ['boolValue', 'bool_value', 'b'],
  ['doubleValue', 'double_value', 'd'],
  ['arrayValue', 'array_value', 'a'],
  ['kvlistValue', 'kvlist_value', 'm'],
  ['bytesValue', 'bytes_value', 'x'],
];

/** The type character of an AnyValue; `n` when it has none of the known members. */
function kindOf(value: JsonObject): string {
  for (const [name, protoName, kind] of KINDS) {
    if ((value[name] ?? value[protoName] ?? undefined) !== undefined) return kind;
  }
  return 'n';
}

function payload(kind: string, value: JsonObject): unknown {
  const names = KINDS.find((known) => known[2] === kind)!;
  return value[names[0]] ?? value[names[1]];
}

function scalarText(kind: string, value: JsonObject): string {
  if (kind === 'n') return '';
  const raw = payload(kind, value);
  if (kind === 'i') return String(signedInteger(raw));
  if (kind === 'd') return doubleText(doubleOf(raw, 'doubleValue'));
  if (kind === 'b') return String(booleanOf(raw));
  if (typeof raw !== 'string') failJson(kind === 's' ? 'stringValue' : 'bytesValue', 'a string', raw);
  return kind === 's' ? raw : Buffer.from(raw, 'base64').toString('base64');
}

function signedInteger(raw: unknown): number | bigint {
  const value = integerOf(raw, 'intValue');
  if (typeof value === 'bigint' && BigInt.asIntN(64, value) !== value) {
    failJson('intValue', 'a signed integer of 64 bits', raw);
  }
  return value;
}

function booleanOf(raw: unknown): boolean {
  if (raw === true || raw === 'true') return true;
  if (raw === false || raw === 'false') return false;
  return failJson('boolValue', 'true or false', raw);
}

/** The elements of an ArrayValue or KeyValueList. */
function elements(kind: string, value: JsonObject): readonly unknown[] {
  const container = asObject(payload(kind, value), kind === 'a' ? 'arrayValue' : 'kvlistValue');
  return arrayMember(container, 'values');
}

/** As `writeContainer` in any-value.ts, from JSON. */
function writeContainer(kind: 'a' | 'm', value: JsonObject, depth: number, out: NestedText): void {
  if (!out.allows(depth)) return;
  out.push('[');
  let count = 0;
  for (const element of elements(kind, value)) {
    if (out.isDone) break;
    if (count++ > 0) out.push(',');
    const object = asObject(element, 'values[]');
    if (kind === 'a') writeValue(object, depth, out);
    else {
      out.push('{"key":');
      out.pushString(stringMember(object, 'key'));
      out.push(',"value":');
      writeValue(asObject(object.value ?? {}, 'value'), depth, out);
      out.push('}');
    }
  }
  out.push(']');
}

function writeValue(value: JsonObject, depth: number, out: NestedText): void {
  const kind = kindOf(value);
  if (kind === 'a' || kind === 'm') {
    out.push(kind === 'm' ? '{"kvlistValue":{"values":' : '{"arrayValue":{"values":');
    writeContainer(kind, value, depth + 1, out);
    out.push('}');
  } else if (kind === 's' || kind === 'x') {
    out.push(kind === 's' ? '{"stringValue":' : '{"bytesValue":');
    out.pushString(scalarText(kind, value));
  } else if (kind === 'i') out.push(`{"intValue":"${scalarText(kind, value)}"`);
  else if (kind === 'b') out.push(`{"boolValue":${scalarText(kind, value)}`);
  else if (kind === 'd') {
    out.push('{"doubleValue":');
    out.pushDouble(doubleOf(payload(kind, value), 'doubleValue'));
  } else out.push('{');
  out.push('}');
}

/** An AnyValue as plain data. Its depth must have been checked. */
function plainValue(value: JsonObject): AttributeValue {
  const kind = kindOf(value);
  if (kind === 'n') return null;
  const raw = payload(kind, value);
  if (kind === 'i') return signedInteger(raw);
  if (kind === 'd') return doubleOf(raw, 'doubleValue');
  if (kind === 'b') return booleanOf(raw);
  if (kind === 's') return scalarText(kind, value);
  if (kind === 'x') return new Uint8Array(Buffer.from(scalarText(kind, value), 'base64'));
  if (kind === 'a') return elements(kind, value).map((element) => plainValue(asObject(element, 'values[]')));
  return Object.fromEntries(
    elements(kind, value).map((element) => {
      const pair = asObject(element, 'values[]');
      return [stringMember(pair, 'key'), plainValue(asObject(pair.value ?? {}, 'value'))];
    }),
  );
}
