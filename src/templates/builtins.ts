import { fitArguments } from './arguments.ts';
import { COMPARISONS } from './compare.ts';
import { CallError } from './errors.ts';
import { escapeHtml, escapeJs, queryEscape } from './escape.ts';
import { Printer } from './format/print.ts';
import { sprintf } from './format/printf.ts';
import type { Run } from './run.ts';
import {
  Dict,
  type FunctionSet,
  FunctionValue,
  isTrue,
  List,
  NamedInt,
  SafeText,
  type TemplateFunction,
  textOf,
  typeName,
  type Value,
} from './values.ts';

/** The functions every template has, as https://pkg.go.dev/text/template#hdr-Functions describes them. */
export const BUILTINS: FunctionSet = new Map<string, TemplateFunction>([
  // The evaluator handles these two itself, because they do not evaluate all arguments.
  ['and', { params: ['any'], rest: 'any', call: (args) => args.at(-1) }],
  ['or', { params: ['any'], rest: 'any', call: (args) => args.at(-1) }],
  ['not', { params: ['any'], call: ([value]) => !isTrue(value) }],
  ['len', { params: ['any'], call: ([value]) => lengthOf(value) }],
  ['index', { params: ['any'], rest: 'any', call: ([value, ...keys]) => keys.reduce(elementAt, value) }],
  ['slice', { params: ['any'], rest: 'any', call: ([value, ...ends]) => slice(value, ends) }],
  ['print', { params: [], rest: 'any', call: (args, run) => new Printer(run.budget).print(args) }],
  ['println', { params: [], rest: 'any', call: (args, run) => new Printer(run.budget).printLine(args) }],
  [
    'printf',
    {
      params: ['string'],
      rest: 'any',
      call: ([format, ...args], run) => sprintf(format as string, args, run.budget),
    },
  ],
  ['html', { params: [], rest: 'any', call: html }],
  ['js', { params: [], rest: 'any', call: (args, run) => escapeJs(textFor(args, run)) }],
  ['urlquery', { params: [], rest: 'any', call: (args, run) => queryEscape(textFor(args, run)) }],
  ['call', { params: ['any'], rest: 'any', call: callValue }],
  ...COMPARISONS,
]);

/** What `html`, `js` and `urlquery` work on: the one text, or everything printed. */
function textFor(args: readonly Value[], run: Run): string {
  const only = args.length === 1 ? textOf(args[0]) : undefined;
  return only ?? new Printer(run.budget).print(args);
}

/** In HTML mode the result is marked, so that it is not escaped a second time. */
function html(args: readonly Value[], run: Run): Value {
  const escaped = escapeHtml(textFor(args, run));
  return run.isHtml ? new SafeText('html', escaped) : escaped;
}

function lengthOf(value: Value): bigint {
  const text = textOf(value);
  if (text !== undefined) return BigInt(Buffer.byteLength(text));
  if (value instanceof List) return BigInt(value.items.length);
  if (value instanceof Dict) return BigInt(value.entries.size);
  throw new CallError(
    value === undefined || value === null ? 'len of nil pointer' : `len of type ${typeName(value)}`,
  );
}

function elementAt(value: Value, key: Value): Value {
  if (value === undefined || value === null) throw new CallError('index of untyped nil');
  if (value instanceof Dict) {
    const name = textOf(key);
    if (name === undefined) throw new CallError(`value has type ${typeName(key)}; should be string`);
    return value.get(name);
  }
  if (value instanceof List) return value.items[indexIn(key, value.items.length - 1)];
  const text = textOf(value);
  if (text === undefined) throw new CallError(`can't index item of type ${typeName(value)}`);
  const bytes = Buffer.from(text);
  return BigInt(bytes[indexIn(key, bytes.length - 1)]!);
}

function indexIn(key: Value, last: number): number {
  const index = key instanceof NamedInt ? key.value : key;
  if (index === undefined || index === null) throw new CallError('cannot index slice/array with nil');
  if (typeof index !== 'bigint') throw new CallError(`cannot index slice/array with type ${typeName(key)}`);
  if (index < 0n || index > BigInt(last)) throw new CallError(`index out of range: ${index}`);
  return Number(index);
}

/** Bytes of a text, elements of a list. */
function slice(value: Value, ends: readonly Value[]): Value {
  if (value === undefined || value === null) throw new CallError('slice of untyped nil');
  if (ends.length > 3) throw new CallError(`too many slice indexes: ${ends.length}`);
  const text = textOf(value);
  if (text !== undefined && ends.length === 3) throw new CallError('cannot 3-index slice a string');
  if (text === undefined && !(value instanceof List))
    throw new CallError(`can't slice item of type ${typeName(value)}`);
  const bytes = text === undefined ? undefined : Buffer.from(text);
  const length = bytes?.length ?? (value as List).items.length;
  const [from = 0, to = length, limit = length] = ends.map((end) => indexIn(end, length));
  if (from > to) throw new CallError(`invalid slice index: ${from} > ${to}`);
  if (to > limit) throw new CallError(`invalid slice index: ${to} > ${limit}`);
  if (bytes !== undefined) return bytes.subarray(from, to).toString('utf8');
  const list = value as List;
  return new List(list.items.slice(from, to), list.type);
}

function callValue([value, ...args]: readonly Value[], run: Run): Value {
  if (value === undefined || value === null) throw new CallError('call of nil');
  if (!(value instanceof FunctionValue)) throw new CallError(`non-function of type ${typeName(value)}`);
  const plain = args.map((arg) => ({ value: arg, isLiteral: false }));
  return value.fn.call(fitArguments('call', value.fn, plain), run);
}
