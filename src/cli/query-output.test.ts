import { expect, test } from 'vitest';
import { type ApiResult, drawResult } from './query-output.ts';

const vector: ApiResult = {
  resultType: 'vector',
  result: [
    { metric: { __name__: 'up', job: 'a"b' }, value: [1_700_000_000, '1'] },
    { metric: { job: 'x,y\u001b[31m' }, histogram: [1_700_000_000.5, { count: '3', sum: '6' }] },
  ],
};

test('a table has names, times and values, and no control characters', () => {
  const text = drawResult(vector, 'table', 100);
  expect(text.split('\n')).toEqual([
    'up{job="a\\"b"}         2023-11-14T22:13:20.000Z  1',
    '{job="x,y\\u001b[31m"}  2023-11-14T22:13:20.500Z  count=3 sum=6',
    '',
  ]);
});

test('CSV has a column per label and quotes where it must', () => {
  expect(drawResult(vector, 'csv', 100)).toBe(
    'time,__name__,job,value\n2023-11-14T22:13:20.000Z,up,"a""b",1\n2023-11-14T22:13:20.500Z,,"x,y\u001b[31m",count=3 sum=6\n',
  );
});

test('a chart of a ramp rises from left to right within the width', () => {
  const values = Array.from({ length: 50 }, (_, i) => [i, String(i)] as const);
  const text = drawResult({ resultType: 'matrix', result: [{ metric: {}, values }] }, 'chart', 60);
  const lines = text.split('\n');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(62);
  expect(lines[1]).toMatch(/^ +48\.5|49 ┤ +/);
  expect(lines[1]!.trimEnd().endsWith('█') || lines[1]!.trimEnd().endsWith('▇')).toBe(true);
  expect(lines[12]).toContain('0.5 ┤ ▃');
});

test.each([
  [{ resultType: 'scalar', result: [1, '2.5'] } as const, '2.5\n'],
  [{ resultType: 'string', result: [1, 'a'] } as const, 'a\n'],
  [{ resultType: 'vector', result: [] } as const, 'no series\n'],
])('other results: %j', (result, text) => {
  expect(drawResult(result, 'table', 80)).toBe(text);
});

test('values that are not finite are left out of a chart', () => {
  const values = [
    [1, 'NaN'],
    [2, '+Inf'],
  ] as const;
  expect(drawResult({ resultType: 'matrix', result: [{ metric: { a: 'b' }, values }] }, 'chart', 60)).toBe(
    '{a="b"}\n(no finite values)\n',
  );
});
