import { describe, expect, test } from 'vitest';
import { BellwetherError } from './errors.ts';
import { compileAnchored, compileUnanchored, regexStates } from './re2.ts';

function replaced(pattern: string, replacement: string, text: string): string {
  let out = '';
  compileUnanchored(pattern).replaceAll(text, replacement, (piece) => {
    out += piece;
  });
  return out;
}

describe('compileUnanchored', () => {
  test('finds a match anywhere, and `.` is no newline', () => {
    expect(compileUnanchored('a+').matches('caab')).toBe(true);
    expect(compileUnanchored('^a+$').matches('caab')).toBe(false);
    expect(compileUnanchored('a.c').matches('a\nc')).toBe(false);
    expect(compileAnchored('a.c').matches('a\nc')).toBe(true);
  });

  // https://pkg.go.dev/regexp#Regexp.ReplaceAllString and #Regexp.Expand
  test.each([
    ['localhost:(.*)', 'my.domain:$1', 'localhost:3000', 'my.domain:3000'],
    ['x*', '-', 'abc', '-a-b-c-'],
    ['b*', '-', 'abbbc', '-a-c-'],
    ['^', 'x', 'abc', 'xabc'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Go's notation of a group
    ['(?P<n>b)', '[${n}]$$', 'abc', 'a[b]$c'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Go's notation of a group
    ['a(b)?', '<$1x|${1}x|$2|$0>', 'ab a', '<|bx||ab> <|x||a>'],
    ['', '·', 'é😀', '·é·😀·'],
    ['a', '$', 'a', '$'],
    ['a', '${', 'a', '${'],
    ['q', 'x', 'abc', 'abc'],
  ])('%s by %s in %s', (pattern, replacement, text, expected) => {
    expect(replaced(pattern, replacement, text)).toBe(expected);
  });

  test('what `add` throws ends the replacement', () => {
    const stop = () => {
      throw new Error('enough');
    };
    expect(() => compileUnanchored('a').replaceAll('aaa', 'b', stop)).toThrow('enough');
  });

  test('a wrong pattern', () => {
    expect(() => compileUnanchored('(')).toThrow(BellwetherError);
  });
});

test('regexStates is an upper bound', () => {
  expect(regexStates('abc')).toBe(3);
  expect(regexStates('a{20}')).toBe(100);
  expect(regexStates('(a{2,30}){10}')).toBe(13 * 300);
  expect(regexStates('(a{30}){100}')).toBe(12_000);
});
