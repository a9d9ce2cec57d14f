import { expect, test } from 'vitest';
import { resolveDuration, typeOf, unwrapParens, walk } from './analyze.ts';
import type { Duration } from './ast.ts';
import { print } from './format.ts';
import { parse } from './parse.ts';
import { SIGNATURES } from './testing/signatures.ts';

const functions = (name: string) => SIGNATURES.get(name);
const parsed = (text: string) => parse(text, { functions, hasDurationExpressions: true });

function rangeOf(text: string): Duration {
  const expr = parsed(`a[${text}]`);
  if (expr.kind !== 'matrix_selector') throw new Error('no range');
  return expr.range;
}

test('walk visits outer expressions first and tells what is around', () => {
  const seen: string[] = [];
  walk(parsed('sum(-(a + rate(b[5m]))) > 1'), (expr, path) => {
    seen.push(`${path.length} ${expr.kind}`);
    return expr.kind !== 'call';
  });
  expect(seen).toEqual([
    '0 binary',
    '1 aggregate',
    '2 unary',
    '3 paren',
    '4 binary',
    '5 vector_selector',
    '5 call',
    '1 number',
  ]);
});

test('unwrapParens', () => {
  expect(print(unwrapParens(parsed('((a + b))')))).toBe('a + b');
});

test('typeOf', () => {
  const types = ['1 + 2', '1 + a', 'scalar(a) * 2', '(a)', 'a[5m:]', 'time()', '"a"', 'sum(a)'];
  expect(types.map((text) => typeOf(parsed(text), functions))).toEqual([
    'scalar',
    'vector',
    'scalar',
    'vector',
    'matrix',
    'scalar',
    'string',
    'vector',
  ]);
});

test.each([
  ['300', 300_000],
  ['5m * 2', 600_000],
  ['1h + 30', 3_630_000],
  ['2 ^ 3 ^ 2 - 500', 12_000],
  ['-(-5m)', 300_000],
  ['7m % 2m', 60_000],
  ['step() * 3', 45_000],
  ['range() / 2', 1_800_000],
  ['min_of(step(), 1m) + max_of(1, 2)', 17_000],
  ['0.3 - 0.1', 199],
])('a duration of %s', (text, ms) => {
  expect(resolveDuration(rangeOf(text), { stepMs: 15_000, rangeMs: 3_600_000 })).toBe(ms);
});

test.each([
  ['step()', 'duration must be greater than 0'],
  ['1m - 5m', 'duration must be greater than 0'],
  ['5m / step()', 'division by zero'],
  ['5m % step()', 'modulo by zero'],
  ['10 ^ 100', 'duration is out of range'],
  ['(-8) ^ 0.5', 'duration is out of range'],
])('%s is refused as a range of an instant query', (text, message) => {
  expect(() => resolveDuration(rangeOf(text), { stepMs: 0, rangeMs: 0 })).toThrow(message);
});

test('an offset may be negative', () => {
  expect(resolveDuration(rangeOf('1m - 5m'), { stepMs: 0, rangeMs: 0, allowsNegative: true })).toBe(-240_000);
});
