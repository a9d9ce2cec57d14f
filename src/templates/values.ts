import { compareText } from '../model/labels.ts';
import type { Run } from './run.ts';

/**
 * A value of a template, typed as Go would type it: `bigint` is Go's int, `number` its float64, `null` a nil inside data, and
 * `undefined` the value that is not there (printed as `<no value>`). Keys and fields are looked up in maps only, never on
 * JavaScript objects, so a label called `__proto__` is a label like any other.
 */
export type Value =
  | undefined
  | null
  | boolean
  | bigint
  | number
  | string
  | SafeText
  | List
  | Dict
  | Struct
  | NamedInt
  | Opaque
  | FunctionValue;

/** What an argument must be. `number` takes what Prometheus converts: a number, a duration or a string with one. */
export type ParamKind =
  | 'any'
  | 'string'
  | 'strings'
  | 'float'
  | 'int'
  | 'bool'
  | 'list'
  | 'duration'
  | 'time'
  | 'sample'
  | 'samples';

export interface Signature {
  readonly params: readonly ParamKind[];
  /** Kind of any number of further arguments; absent: none are taken. */
  readonly rest?: ParamKind;
}

/** A function as data. `call` gets arguments that fit the signature and throws CallError (the message alone) when it cannot answer. */
export interface TemplateFunction extends Signature {
  call(args: readonly Value[], run: Run): Value;
}

export type FunctionSet = ReadonlyMap<string, TemplateFunction>;

/** A method; the receiver is of the type that owns the method. */
export interface Method extends Signature {
  // biome-ignore lint/suspicious/noExplicitAny: the table of a type is only ever used with values of that type
  call(receiver: any, args: readonly Value[]): Value;
}

/** What Go would know about the type of a value. */
export interface TypeInfo {
  /** As Go prints it with `%T`. */
  readonly name: string;
  readonly methods: ReadonlyMap<string, Method>;
  /** Go's String method. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly print?: (value: any) => string;
  /** The text a value is in JSON, when it is one. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly json?: (value: any) => string;
}

const NO_METHODS: ReadonlyMap<string, Method> = new Map();

function plainType(name: string): TypeInfo {
  return { name, methods: NO_METHODS };
}

export const ANY_LIST = plainType('[]interface {}');
export const STRING_LIST = plainType('[]string');
export const ANY_DICT = plainType('map[string]interface {}');
export const STRING_DICT = plainType('map[string]string');

/** A string that HTML mode trusts: markup where text stands, or an address in an attribute. */
export class SafeText {
  readonly kind: 'html' | 'url';
  readonly text: string;

  constructor(kind: 'html' | 'url', text: string) {
    this.kind = kind;
    this.text = text;
  }
}

/** Go's slice. */
export class List {
  readonly type: TypeInfo;
  readonly items: readonly Value[];

  constructor(items: readonly Value[], type: TypeInfo = ANY_LIST) {
    this.items = items;
    this.type = type;
  }
}

/** Go's map with string keys, visited in the order of its keys. */
export class Dict {
  readonly type: TypeInfo;
  readonly entries: ReadonlyMap<string, Value>;
  /** What a missing key has: '' in a map of strings, nil otherwise. */
  readonly zero: '' | null;
  #keys: readonly string[] | undefined;

  constructor(entries: ReadonlyMap<string, Value>, type: TypeInfo = ANY_DICT, zero: '' | null = null) {
    this.entries = entries;
    this.type = type;
    this.zero = zero;
  }

  get(key: string): Value {
    return this.entries.has(key) ? this.entries.get(key) : this.zero;
  }

  get keys(): readonly string[] {
    this.#keys ??= [...this.entries.keys()].sort(compareText);
    return this.#keys;
  }
}

/** Go's struct: an unknown field is an error. */
export class Struct {
  readonly type: TypeInfo;
  /** In the order of their declaration. */
  readonly fields: ReadonlyMap<string, Value>;
  /** Names in JSON, where they differ from the field's own; `-`: not there. */
  readonly jsonNames: ReadonlyMap<string, string>;

  constructor(
    type: TypeInfo,
    fields: ReadonlyMap<string, Value>,
    jsonNames: ReadonlyMap<string, string> = new Map(),
  ) {
    this.type = type;
    this.fields = fields;
    this.jsonNames = jsonNames;
  }
}

/** An integer with a type of its own, such as a duration in nanoseconds or a month. */
export class NamedInt {
  readonly type: TypeInfo;
  readonly value: bigint;

  constructor(type: TypeInfo, value: bigint) {
    this.type = type;
    this.value = value;
  }
}

/** A value with methods and nothing else to see, such as a time. */
export class Opaque {
  readonly type: TypeInfo;

  constructor(type: TypeInfo) {
    this.type = type;
  }
}

/** A function inside data, for the built-in `call`. */
export class FunctionValue {
  readonly fn: TemplateFunction;

  constructor(fn: TemplateFunction) {
    this.fn = fn;
  }
}

export function stringList(items: readonly string[], type: TypeInfo = STRING_LIST): List {
  return new List(items, type);
}

export function stringDict(entries: Iterable<readonly [string, string]>, type: TypeInfo = STRING_DICT): Dict {
  return new Dict(new Map(entries), type, '');
}

/** The string a value is, if it is one. */
export function textOf(value: Value): string | undefined {
  if (typeof value === 'string') return value;
  return value instanceof SafeText ? value.text : undefined;
}

export function typeOf(value: Value): TypeInfo | undefined {
  return typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
}

/** The name of a value's type in messages and for `%T`. */
export function typeName(value: Value): string {
  switch (typeof value) {
    case 'undefined':
      return '<nil>';
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return 'float64';
    case 'string':
      return 'string';
    default:
      if (value === null) return '<nil>';
      if (value instanceof SafeText) return value.kind === 'html' ? 'template.HTML' : 'template.URL';
      return value instanceof FunctionValue ? 'func' : value.type.name;
  }
}

/** Go's truth: everything but false, zero, nil and what is empty. */
export function isTrue(value: Value): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return value !== 0n;
  if (typeof value === 'number') return value !== 0;
  const text = textOf(value);
  if (text !== undefined) return text.length > 0;
  if (value instanceof List) return value.items.length > 0;
  if (value instanceof Dict) return value.entries.size > 0;
  return value instanceof NamedInt ? value.value !== 0n : true;
}
