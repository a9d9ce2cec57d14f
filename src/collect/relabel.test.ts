// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of relabelling rules look like this
import { describe, expect, test } from 'vitest';
import { compileAnchored } from '../lib/re2.ts';
import { Labels } from '../model/labels.ts';
import { DEFAULT_RELABEL_RULE, expandTemplate, type RelabelRule, relabel } from './relabel.ts';

type RuleText = Partial<Omit<RelabelRule, 'regex'>> & { readonly regex?: string };

function rule({ regex, ...fields }: RuleText): RelabelRule {
  return {
    ...DEFAULT_RELABEL_RULE,
    ...fields,
    ...(regex !== undefined && { regex: compileAnchored(regex) }),
  };
}

function run(labels: Record<string, string>, ...rules: RuleText[]): Record<string, string> | undefined {
  const result = relabel(Labels.fromObject(labels), rules.map(rule));
  return result === undefined ? undefined : { ...result.toObject() };
}

const abc = { a: 'foo', b: 'bar', c: 'baz' };

describe('replace', () => {
  test.each<[string, RuleText, Record<string, string>]>([
    [
      'a group',
      { sourceLabels: ['a'], targetLabel: 'd', regex: 'f(.*)', replacement: 'ch$1-ch$1' },
      { d: 'choo-choo' },
    ],
    ['braces', { sourceLabels: ['a'], targetLabel: 'd', regex: 'f(.*)', replacement: '${1}x' }, { d: 'oox' }],
    [
      'a longer name than the group',
      { sourceLabels: ['a'], targetLabel: 'd', regex: 'f(.*)', replacement: '[$1x]' },
      { d: '[]' },
    ],
    [
      'a named group',
      { sourceLabels: ['a'], targetLabel: 'd', regex: 'f(?P<rest>.*)', replacement: '$rest!' },
      { d: 'oo!' },
    ],
    [
      'several sources',
      { sourceLabels: ['a', 'b'], targetLabel: 'd', regex: '(.*);(.*)', replacement: '$2/$1' },
      { d: 'bar/foo' },
    ],
    ['a separator', { sourceLabels: ['a', 'b'], separator: '-', targetLabel: 'd' }, { d: 'foo-bar' }],
    ['no match', { sourceLabels: ['a'], targetLabel: 'd', regex: 'o' }, {}],
    ['the whole text only', { sourceLabels: ['a'], targetLabel: 'd', regex: 'fo' }, {}],
    ['an absent source', { sourceLabels: ['x'], targetLabel: 'd', replacement: 'y' }, { d: 'y' }],
    ['no source at all', { targetLabel: 'd', replacement: 'fixed' }, { d: 'fixed' }],
    [
      'a template as target',
      { sourceLabels: ['a'], regex: '(.)(.*)', targetLabel: '${1}_$2', replacement: 'v' },
      { f_oo: 'v' },
    ],
    ['a target beyond ASCII', { sourceLabels: ['a'], targetLabel: 'grüße.x' }, { 'grüße.x': 'foo' }],
    ['a target that comes out empty', { sourceLabels: ['x'], regex: '(.*)', targetLabel: '$1' }, {}],
    ['a newline in the value', { sourceLabels: ['a'], regex: '(.*)', targetLabel: 'd' }, { d: 'foo' }],
    ['dollars', { sourceLabels: ['a'], targetLabel: 'd', replacement: '$$1' }, { d: '$1' }],
  ])('%s', (_, fields, expected) => {
    expect(run(abc, fields)).toEqual({ ...abc, ...expected });
  });

  test('an empty result removes the label', () => {
    expect(run(abc, { sourceLabels: ['a'], regex: 'f(x)?oo', targetLabel: 'b', replacement: '$1' })).toEqual({
      a: 'foo',
      c: 'baz',
    });
  });

  test('rules see what the ones before did', () => {
    const rules = [
      { sourceLabels: ['a'], targetLabel: 'd' },
      { sourceLabels: ['d'], regex: 'foo', action: 'drop' },
    ] as const;
    expect(run(abc, ...rules)).toBeUndefined();
  });
});

describe('keep and drop', () => {
  test.each<[RuleText, boolean]>([
    [{ action: 'keep', sourceLabels: ['a'], regex: 'foo' }, true],
    [{ action: 'keep', sourceLabels: ['a'], regex: 'fo' }, false],
    [{ action: 'keep', sourceLabels: ['a', 'b'], regex: 'foo;bar' }, true],
    [{ action: 'keep', sourceLabels: ['x'], regex: '' }, true],
    [{ action: 'drop', sourceLabels: ['a'], regex: '.*o.*' }, false],
    [{ action: 'drop', sourceLabels: ['a'], regex: 'o' }, true],
    [{ action: 'drop', sourceLabels: ['x'] }, false],
    [{ action: 'keepequal', sourceLabels: ['a'], targetLabel: 'b' }, false],
    [{ action: 'dropequal', sourceLabels: ['a'], targetLabel: 'b' }, true],
    [{ action: 'keepequal', sourceLabels: ['x'], targetLabel: 'y' }, true],
    [{ action: 'dropequal', sourceLabels: ['a'], targetLabel: 'a' }, false],
  ])('%j keeps: %s', (fields, isKept) => {
    expect(run(abc, fields)).toEqual(isKept ? abc : undefined);
  });
});

describe('the other actions', () => {
  test('lowercase and uppercase', () => {
    const rules: RuleText[] = [
      { action: 'uppercase', sourceLabels: ['a'], targetLabel: 'up' },
      { action: 'lowercase', sourceLabels: ['up'], targetLabel: 'low' },
    ];
    expect(run({ a: 'fOo' }, ...rules)).toEqual({ a: 'fOo', up: 'FOO', low: 'foo' });
  });

  // The figures are those of Prometheus's own tests of the action.
  test.each([
    [{ a: 'foo', b: 'bar', c: 'baz' }, ['c'], 1000n, '976'],
    [{ a: 'foo\nbar' }, ['a'], 1000n, '734'],
  ])('hashmod of %j', (labels, sourceLabels, modulus, expected) => {
    expect(run(labels, { action: 'hashmod', sourceLabels, modulus, targetLabel: 'd' })?.d).toBe(expected);
  });

  test('labelmap', () => {
    expect(
      run(
        { my_a: '1', my_b: '2', other: '3' },
        { action: 'labelmap', regex: 'my_(.*)', replacement: 'x_$1' },
      ),
    ).toEqual({ my_a: '1', my_b: '2', other: '3', x_a: '1', x_b: '2' });
  });

  test('labelmap does not see its own labels', () => {
    expect(run({ a: '1' }, { action: 'labelmap', regex: '(a+)', replacement: '${1}a' })).toEqual({
      a: '1',
      aa: '1',
    });
  });

  test('labeldrop and labelkeep', () => {
    expect(run(abc, { action: 'labeldrop', regex: 'a|b' })).toEqual({ c: 'baz' });
    expect(run(abc, { action: 'labelkeep', regex: 'a|b' })).toEqual({ a: 'foo', b: 'bar' });
    expect(run(abc, { action: 'labelkeep', regex: 'x' })).toEqual({});
  });
});

test('labels that nothing changes are the same object', () => {
  const labels = Labels.fromObject(abc);
  expect(relabel(labels, [rule({ sourceLabels: ['a'], targetLabel: 'a' })])).toBe(labels);
  expect(relabel(labels, [])).toBe(labels);
});

test('a label called __proto__ is one like any other', () => {
  const labels = Labels.from([['__proto__', 'x']]);
  const result = relabel(labels, [rule({ sourceLabels: ['__proto__'], targetLabel: 'constructor' })]);
  expect(result?.get('constructor')).toBe('x');
});

test.each([
  ['$', '$'],
  ['$-', '$-'],
  ['${1', '${1'],
  ['${}', '${}'],
  ['$1$2', 'one'],
  ['a$1b', 'a'],
  ['a${1}b', 'aoneb'],
])('template %s', (template, expected) => {
  expect(expandTemplate(template, { list: ['all', 'one'], named: new Map() })).toBe(expected);
});
