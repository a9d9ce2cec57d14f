import { compareText } from '../model/labels.ts';
import { CallError } from './errors.ts';
import {
  Dict,
  FunctionValue,
  List,
  NamedInt,
  type TemplateFunction,
  textOf,
  typeName,
  type Value,
} from './values.ts';

type Kind = 'bool' | 'int' | 'float' | 'string';

/** `eq ne lt le gt ge`: basic kinds only, and no mixing of integers with floating point, as in Go. */
export const COMPARISONS: readonly [string, TemplateFunction][] = [
  ['eq', { params: ['any'], rest: 'any', call: ([first, ...rest]) => equalsAny(first, rest) }],
  ['ne', { params: ['any', 'any'], call: ([a, b]) => !equals(a, b) }],
  ['lt', { params: ['any', 'any'], call: ([a, b]) => isLess(a, b) }],
  ['le', { params: ['any', 'any'], call: ([a, b]) => isLess(a, b) || equals(a, b) }],
  ['gt', { params: ['any', 'any'], call: ([a, b]) => !(isLess(a, b) || equals(a, b)) }],
  ['ge', { params: ['any', 'any'], call: ([a, b]) => !isLess(a, b) }],
];

function equalsAny(first: Value, rest: readonly Value[]): boolean {
  if (rest.length === 0) throw new CallError('missing argument for comparison');
  return rest.some((value) => equals(first, value));
}

function equals(a: Value, b: Value): boolean {
  const kindA = kindOf(a);
  const kindB = kindOf(b);
  const isNilA = a === undefined || a === null;
  const isNilB = b === undefined || b === null;
  if (isNilA || isNilB) return isNilA && isNilB;
  if (kindA !== kindB) throw new CallError('incompatible types for comparison');
  if (kindA === undefined) return isSame(a, b);
  return basic(a) === basic(b);
}

/** Structs and times, compared by identity of what they are made of. */
function isSame(a: Value, b: Value): boolean {
  for (const value of [a, b])
    if (value instanceof List || value instanceof Dict || value instanceof FunctionValue)
      throw new CallError(`non-comparable type ${typeName(value)}`);
  return a === b;
}

function isLess(a: Value, b: Value): boolean {
  const kindA = kindOf(a);
  const kindB = kindOf(b);
  if (kindA === undefined || kindB === undefined) throw new CallError('invalid type for comparison');
  if (kindA !== kindB) throw new CallError('incompatible types for comparison');
  if (kindA === 'bool') throw new CallError('invalid type for comparison');
  if (kindA === 'string') return compareText(basic(a) as string, basic(b) as string) < 0;
  return (basic(a) as number) < (basic(b) as number);
}

function kindOf(value: Value): Kind | undefined {
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint' || value instanceof NamedInt) return 'int';
  if (typeof value === 'number') return 'float';
  return textOf(value) === undefined ? undefined : 'string';
}

function basic(value: Value): boolean | bigint | number | string | undefined {
  if (value instanceof NamedInt) return value.value;
  if (typeof value === 'boolean' || typeof value === 'bigint' || typeof value === 'number') return value;
  return textOf(value);
}
