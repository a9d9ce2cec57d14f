import { expect, test } from 'vitest';
import { toJson } from './ast-json.ts';
import { parse } from './parse.ts';
import { SIGNATURES } from './testing/signatures.ts';

const functions = (name: string) => SIGNATURES.get(name);
const json = (text: string) => toJson(parse(text, { functions, hasDurationExpressions: true }), functions);

const selector = {
  offset: 0,
  timestamp: null,
  startOrEnd: null,
  anchored: false,
  smoothed: false,
};

test('an aggregation of a call', () => {
  expect(json('topk by (job) (2, rate(a{b!="c"}[5m] offset -1m @ 2.5))')).toEqual({
    type: 'aggregation',
    op: 'topk',
    grouping: ['job'],
    without: false,
    param: { type: 'numberLiteral', val: '2' },
    expr: {
      type: 'call',
      func: { name: 'rate', argTypes: ['matrix'], variadic: 0, returnType: 'vector' },
      args: [
        {
          ...selector,
          type: 'matrixSelector',
          name: 'a',
          range: 300_000,
          offset: -60_000,
          timestamp: 2500,
          matchers: [
            { name: 'b', type: '!=', value: 'c' },
            { name: '__name__', type: '=', value: 'a' },
          ],
        },
      ],
    },
  });
});

test('operators', () => {
  const a = {
    ...selector,
    type: 'vectorSelector',
    name: 'a',
    matchers: [{ name: '__name__', type: '=', value: 'a' }],
  };
  expect(json('-(a > bool on (x) group_left (y) a)')).toEqual({
    type: 'unaryExpr',
    op: '-',
    expr: {
      type: 'parenExpr',
      expr: {
        type: 'binaryExpr',
        op: '>',
        bool: true,
        lhs: a,
        rhs: a,
        matching: {
          card: 'many-to-one',
          labels: ['x'],
          on: true,
          include: ['y'],
          fillValues: { lhs: null, rhs: null },
        },
      },
    },
  });
  expect(json('1e3 == bool 2')).toMatchObject({ matching: null, lhs: { val: '1000' } });
  expect(json('a unless a')).toMatchObject({ op: 'unless', matching: { card: 'many-to-many' } });
});

test('subqueries; durations that are not known yet are 0', () => {
  expect(json('a[1h:] @ end()')).toMatchObject({
    type: 'subquery',
    range: 3_600_000,
    step: 0,
    startOrEnd: 'end',
  });
  expect(json('a[step()]')).toMatchObject({ type: 'matrixSelector', range: 0 });
  expect(json('"x"')).toEqual({ type: 'stringLiteral', val: 'x' });
});
