import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BellwetherError } from '../lib/errors.ts';
import { Labels } from '../model/labels.ts';
import {
  createMatcher,
  formatMatcher,
  formatMatchers,
  MAX_MATCHERS,
  MAX_MATCHERS_LENGTH,
  matchesLabels,
  parseMatcher,
  parseMatchers,
} from './matchers.ts';

const TYPES = ['=', '!=', '=~', '!~'] as const;

/** `name|type|value` of each. */
function read(text: string): string[] {
  return parseMatchers(text).map(({ name, type, value }) => `${name}|${type}|${value}`);
}

function mistake(text: string): string {
  try {
    parseMatchers(text);
  } catch (error) {
    expect(error).toBeInstanceOf(BellwetherError);
    expect(error).toMatchObject({ code: 'bad_matcher', status: 400 });
    return (error as BellwetherError).message;
  }
  throw new Error(`${text} was read`);
}

describe('parseMatchers', () => {
  test.each([
    ['', []],
    ['{}', []],
    ['{ }', []],
    ['foo=bar', ['foo|=|bar']],
    ['foo=', ['foo|=|']],
    ['foo=""', ['foo|=|']],
    ['{foo=bar}', ['foo|=|bar']],
    ['{foo="bar",}', ['foo|=|bar']],
    ['{ foo != "bar" , x=~"a|b" }', ['foo|!=|bar', 'x|=~|a|b']],
    ['foo=a,', ['foo|=|a']],
    ['foo!~b.r,bar=baz', ['foo|!~|b.r', 'bar|=|baz']],
    ['foo="a,b}"', ['foo|=|a,b}']],
    ['{foo="bar}"}', ['foo|=|bar}']],
    ['foo:bar=1', ['foo:bar|=|1']],
    ['a="x\\ny\\"z\\\\"', ['a|=|x\ny"z\\']],
  ])('%s', (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  test.each([
    // Only the newer grammar has names beyond letters, digits, underscores and colons.
    ['"any name"="x"', ['any name|=|x']],
    ['{"a=b"!="x"}', ['a=b|!=|x']],
    ['🙂=ü', ['🙂|=|ü']],
    ['a.b-c/d=x', ['a.b-c/d|=|x']],
    // Only it has Go's other escapes, once the older one cannot read the text.
    ['"\\u00fc"="\\x41\\t\\101"', ['ü|=|A\tA']],
  ])('newer notation: %s', (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  test.each([
    // The newer grammar cannot read these.
    ['foo=a b', ['foo|=|a b']],
    ['foo==', ['foo|=|=']],
    ["foo='bar'", ["foo|=|'bar'"]],
    ['{foo=bar', ['foo|=|bar']],
    ['foo=bar}', ['foo|=|bar']],
    ['{foo=bar}}', ['foo|=|bar}']],
    ['foo="\\d+"', ['foo|=|\\d+']],
    // Both can read these and disagree.
    ['foo="\\t"', ['foo|=|\\t']],
    ['foo="\\u00fc"', ['foo|=|\\u00fc']],
  ])('older notation: %s', (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  test.each([
    [',', 'at character 1: the name of a label is expected, not ","'],
    ['foo', 'at character 4: one of = != =~ !~ is expected, not the end'],
    ['foo=a,,b=c', 'at character 7: the name of a label is expected, not ","'],
    ['="x"', 'at character 1: the name of a label is expected, not "="'],
    ['foo!bar', 'at character 4: ! is not an operator; use != or !~'],
    ['foo="bar', 'at character 5: the quotes are not closed'],
    ['foo="a" bar="b"', 'at character 9: a comma is expected, not "bar"'],
    ['{foo="a" bar="b"}', 'at character 10: a comma or } is expected, not "bar"'],
    ['"foo"="\\q"', 'at character 7: "\\"\\\\q\\"" is not a valid quoted text'],
    ['"foo"="\\xff"', 'at character 7: "\\"\\\\xff\\"" is not a valid quoted text'],
    ['""=x', 'a matcher needs the name of a label'],
    ['{"a b"=c', 'at character 9: } at the end is expected, not the end'],
    ['"a b"=c}', 'at character 8: the end is expected, not "}"'],
  ])('%s is wrong', (text, expected) => {
    expect(mistake(text)).toBe(expected);
  });

  test('a pattern that is none', () => {
    expect(mistake('foo=~"["')).toMatch(/regular expression "\[" is not valid/);
    expect(mistake('foo=~"(?=x)"')).toMatch(/not valid/);
  });

  test('bounds', () => {
    expect(mistake(`a=${'b'.repeat(MAX_MATCHERS_LENGTH)}`)).toMatch(/longer than 65536/);
    expect(mistake('a=b,'.repeat(MAX_MATCHERS + 1))).toMatch(/more than 1000 matchers/);
    expect(read('a=b,'.repeat(MAX_MATCHERS))).toHaveLength(MAX_MATCHERS);
  });
});

test('parseMatcher takes exactly one, without braces', () => {
  expect(parseMatcher('a=~"b|c"')).toMatchObject({ name: 'a', type: '=~', value: 'b|c' });
  for (const text of ['{a=b}', 'a=b,c=d', '', 'a=b}'])
    expect(() => parseMatcher(text)).toThrow(BellwetherError);
});

describe('matching', () => {
  const labels = Labels.fromObject({ severity: 'critical', job: 'node' });

  test.each([
    ['severity="critical"', true],
    ['severity="crit"', false],
    ['severity!="critical"', false],
    ['severity=~"crit"', false],
    ['severity=~"crit.*"', true],
    ['severity=~"warning|critical"', true],
    ['severity!~"warning|critical"', false],
    ['severity!~"crit"', true],
    // A label that is absent is empty.
    ['team=""', true],
    ['team!=""', false],
    ['team=~".*"', true],
    ['team=~".+"', false],
    ['team!~".+"', true],
    ['severity="critical", job="node"', true],
    ['severity="critical", job="db"', false],
    ['', true],
  ])('%s: %s', (text, expected) => {
    expect(matchesLabels(parseMatchers(text), labels)).toBe(expected);
  });

  test('an unknown type and broken text are refused', () => {
    expect(() => createMatcher('a', '==' as '=', 'b')).toThrow('is not one of');
    expect(() => createMatcher('a', '=', '\ud800')).toThrow('UTF-8');
  });
});

describe('formatMatcher', () => {
  test.each([
    ['a', '=', 'b', 'a="b"'],
    ['a', '=~', 'x|"y"\\\n', 'a=~"x|\\"y\\"\\\\\\n"'],
    ['a.b', '!=', 'tab\t', 'a.b!="tab\t"'],
    ['a b', '!~', 'tab\t"', '"a b"!~"tab\\t\\""'],
    ['ü', '=', '', 'ü=""'],
  ] as const)('%s %s %s', (name, type, value, expected) => {
    expect(formatMatcher({ name, type, value })).toBe(expected);
  });

  test('several', () => {
    expect(formatMatchers(parseMatchers('b=2,a!=1'))).toBe('{b="2",a!="1"}');
    expect(formatMatchers([])).toBe('{}');
  });

  test('what was formatted is read as the same', () => {
    const matcher = fc.record({
      name: fc.string({ minLength: 1, unit: 'binary' }).filter((name) => name.isWellFormed()),
      type: fc.constantFrom(...TYPES),
      value: fc
        .string({ unit: 'binary' })
        .filter((value) => value.isWellFormed() && !value.includes('\ufffd')),
    });
    const isRegex = (type: string) => type.endsWith('~');
    fc.assert(
      fc.property(fc.array(matcher, { maxLength: 5 }), (written) => {
        const matchers = written.map((one) => ({ ...one, value: isRegex(one.type) ? 'a|b.*' : one.value }));
        const text = formatMatchers(matchers);
        expect(parseMatchers(text)).toMatchObject(matchers);
      }),
      { numRuns: 1000 },
    );
  });
});

test('any text is read, or refused with a BellwetherError', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '{',
      '}',
      ',',
      '=',
      '!',
      '~',
      '"',
      '\\',
      "'",
      '`',
      ' ',
      'a',
      'foo',
      '\n',
      '\\x',
      '[',
      '(',
    ),
    fc.string({ maxLength: 3, unit: 'binary' }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      try {
        parseMatchers(pieces.join(''));
      } catch (error) {
        expect(error).toMatchObject({ code: 'bad_matcher' });
      }
    }),
    { numRuns: 2000 },
  );
});
