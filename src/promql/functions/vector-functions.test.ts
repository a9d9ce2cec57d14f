import { describe, expect, test } from 'vitest';
import type { Expr } from '../ast.ts';
import { absentLabels } from './absent-labels.ts';
import { callVector, contextOf, histogramOf, sampleOf } from './function-test-kit.ts';
import { compareNaturally } from './natural-order.ts';

const source = sampleOf({ __name__: 'm', src: 'value-10', dst: 'old' }, 1);
const replace = (...strings: string[]) =>
  callVector('label_replace', { samples: [source], strings })[0]!.labels.toObject();
const join = (...strings: string[]) =>
  callVector('label_join', { samples: [source], strings })[0]!.labels.toObject();

describe('label_replace', () => {
  test.each([
    ['$1', 'value-(.*)', '10'],
    ['x-$1-y', 'value-(.*)', 'x-10-y'],
    ['$1y', 'value-(.*)', ''],
    ['$' + '{1}y', 'value-(.*)', '10y'],
    ['$0', 'value-(.*)', 'value-10'],
    ['$n', 'value-(?P<n>.*)', '10'],
    ['$' + '{n}0', '(?P<w>[a-z]+)-(?P<n>.*)', '100'],
    ['$01', 'value-(.*)', ''],
    ['$$1', 'value-(.*)', '$1'],
    ['1$', 'value-(.*)', '1$'],
    ['$-', 'value-(.*)', '$-'],
    ['$' + '{1', 'value-(.*)', '$' + '{1'],
    ['$9', 'value-(.*)', ''],
    ['$1', 'value-10|(x)', ''],
    ['v', 'alue-(.*)', 'old'],
    ['v', '', 'old'],
  ])('template %s with %s', (template, pattern, expected) => {
    expect(replace('dst', template, 'src', pattern).dst ?? '').toBe(expected);
  });

  test('an absent source is the empty text, an empty result removes the label', () => {
    expect(replace('dst', 'v-$1', 'nope', '(.*)').dst).toBe('v-');
    expect(replace('dst', '', 'dst', '.*')).toEqual({ __name__: 'm', src: 'value-10' });
    expect(replace('ünï.code', 'v', 'src', '.*')['ünï.code']).toBe('v');
  });

  test('a name that is set stays', () => {
    const dropping = { ...source, dropsName: true };
    const drops = (target: string, pattern: string) =>
      callVector('label_replace', { samples: [dropping], strings: [target, 'x', 'src', pattern] })[0]!
        .dropsName;
    expect([drops('dst', '.*'), drops('__name__', '.*'), drops('__name__', 'no')]).toEqual([
      true,
      false,
      true,
    ]);
  });

  test('refuses bad expressions and names', () => {
    expect(() => replace('dst', '', 'src', '(.*')).toThrow(
      'invalid regular expression in label_replace(): (.*',
    );
    for (const name of ['', '\ufffd', '\ud800'])
      expect(() => replace(name, '', 'src', '.*')).toThrow(
        'invalid destination label name in label_replace()',
      );
  });
});

describe('label_join', () => {
  test('joins values in order, absent ones as empty', () => {
    expect(join('dst', '-', 'src', 'nope', 'dst').dst).toBe('value-10--old');
    expect(join('dst', ', ')).toEqual({ __name__: 'm', src: 'value-10' });
  });

  test('refuses bad names', () => {
    expect(() => join('dst', '-', '')).toThrow('invalid source label name in label_join()');
    expect(() => join('', '-', 'src')).toThrow('invalid destination label name in label_join()');
  });
});

describe('sorting', () => {
  const values = (name: string, ...list: number[]) =>
    callVector(name, { samples: list.map((value) => sampleOf({}, value)) }).map(({ value }) => value);

  test('by value, NaN last in both directions, histograms left out', () => {
    expect(values('sort', 3, Number.NaN, 1, Number.NEGATIVE_INFINITY, 2)).toEqual([
      Number.NEGATIVE_INFINITY,
      1,
      2,
      3,
      Number.NaN,
    ]);
    expect(values('sort_desc', 3, Number.NaN, 1, 2)).toEqual([3, 2, 1, Number.NaN]);
    const histogram = { ...sampleOf({}, Number.NaN), histogram: histogramOf(1) };
    expect(callVector('sort', { samples: [histogram] })).toEqual([]);
    expect(callVector('sort_by_label', { samples: [histogram], strings: ['a'] })).toHaveLength(1);
  });

  test('by labels in natural order, then by all labels', () => {
    const samples = ['10', '9', '100', '1'].map((cpu) => sampleOf({ cpu }, 0));
    const order = (name: string) =>
      callVector(name, { samples, strings: ['cpu'] }).map(({ labels }) => labels.get('cpu'));
    expect(order('sort_by_label')).toEqual(['1', '9', '10', '100']);
    expect(order('sort_by_label_desc')).toEqual(['100', '10', '9', '1']);
    const tied = [sampleOf({ a: '1', b: '2' }, 0), sampleOf({ a: '1', b: '10' }, 0)];
    const rest = callVector('sort_by_label', { samples: tied, strings: ['a'] });
    expect(rest.map(({ labels }) => labels.get('b'))).toEqual(['10', '2']);
  });

  test('is pointless in a range query, and says so', () => {
    for (const name of ['sort', 'sort_desc', 'sort_by_label', 'sort_by_label_desc']) {
      const range = contextOf({ endMs: 1 });
      callVector(name, { strings: ['a'] }, range);
      expect(range.notes).toEqual([
        'PromQL warning: sort is ineffective for range queries since results are always ordered by labels @0',
      ]);
    }
    const instant = contextOf();
    callVector('sort', {}, instant);
    expect(instant.notes).toEqual([]);
  });

  test.each([
    ['4m5', '4m600'],
    ['1.2.3', '1.11.3'],
    ['', 'a'],
    ['a', 'a1'],
    ['9', '10'],
    ['9', 'a'],
    ['01', '1'],
    ['99999999999999999998', '99999999999999999999'],
  ])('%s comes before %s', (a, b) => {
    expect(compareNaturally(a, b)).toBeLessThan(0);
    expect(compareNaturally(b, a)).toBeGreaterThan(0);
  });
});

describe('vector and absent', () => {
  test('vector has no labels', () => {
    expect(callVector('vector', { numbers: [7] })).toEqual([sampleOf({}, 7)]);
  });

  test('start_timestamp is always empty', () => {
    expect(callVector('start_timestamp', { samples: [source] })).toEqual([]);
  });

  test('absent takes what the selector demands once and with =', () => {
    const pos = { start: 0, end: 0 };
    const selector: Expr = {
      kind: 'vector_selector',
      name: 'm',
      matchers: [
        { name: '__name__', type: '=', value: 'm' },
        { name: 'a', type: '=', value: '1' },
        { name: 'b', type: '=', value: '1' },
        { name: 'b', type: '=~', value: '2' },
        { name: 'c', type: '=~', value: '3' },
        { name: 'd', type: '=', value: '' },
        { name: 'e', type: '!=', value: '1' },
        { name: 'e', type: '=', value: '2' },
        { name: 'f', type: '=', value: '1' },
        { name: 'f', type: '=', value: '1' },
      ],
      offset: undefined,
      at: undefined,
      extension: undefined,
      pos,
    };
    const expected = { a: '1', e: '2' };
    const range: Expr = {
      kind: 'matrix_selector',
      vector: selector,
      range: { kind: 'constant', ms: 1 },
      pos,
    };
    expect(absentLabels(selector).toObject()).toEqual(expected);
    expect(absentLabels({ kind: 'paren', expr: range, pos }).toObject()).toEqual(expected);
    expect(absentLabels({ kind: 'unary', op: '-', expr: selector, pos }).toObject()).toEqual({});
  });
});
