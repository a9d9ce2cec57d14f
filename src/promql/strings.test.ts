import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isValidUtf8, quoteGo, quoteRune, scanString, unquote } from './strings.ts';

describe('unquote', () => {
  test.each([
    [`"plain"`, 'plain'],
    [String.raw`"a\n\t\\\""`, 'a\n\t\\"'],
    [String.raw`'it\'s'`, "it's"],
    ['`raw\\n`', 'raw\\n'],
    [String.raw`"\x41\101B\U0001F600"`, 'AAB😀'],
    [String.raw`"\xe4\xb8\xad"`, '中'],
    [String.raw`"\a\b\f\v"`, '\x07\b\f\v'],
  ])('%s', (literal, value) => {
    expect(scanString(literal, 0)).toEqual({ end: literal.length });
    expect(unquote(literal)).toBe(value);
  });

  test('keeps bytes that are no UTF-8, and writes them back', () => {
    const value = unquote(String.raw`"a\xc5z\xff"`);
    expect(isValidUtf8(value)).toBe(false);
    expect(quoteGo(value)).toBe(String.raw`"a\xc5z\xff"`);
    // An encoded surrogate is no UTF-8 either.
    expect(isValidUtf8(unquote(String.raw`"\xed\xa0\x80"`))).toBe(false);
    expect(isValidUtf8('é😀')).toBe(true);
  });

  test.each([
    ['"open', 'unterminated quoted string'],
    ['"line\n"', 'unterminated quoted string'],
    ['`open', 'unterminated raw string'],
    [String.raw`"\q"`, "unknown escape sequence U+0071 'q'"],
    [String.raw`"\'"`, "unknown escape sequence U+0027 '''"],
    [String.raw`"\x4"`, `illegal character U+0022 '"' in escape sequence`],
    [String.raw`"\ud800"`, 'escape sequence is an invalid Unicode code point'],
    [String.raw`"\777"`, 'escape sequence is an invalid Unicode code point'],
    [String.raw`"\x`, 'escape sequence not terminated'],
    ['"\ud800"', 'invalid UTF-8 rune'],
  ])('refuses %s', (literal, error) => {
    expect(scanString(literal, 0).error).toBe(error);
  });
});

test('quotes as Go does', () => {
  expect(quoteGo('a"b\\\n\x00\x7f\u00a0é\u{1f600}\u200b')).toBe(
    String.raw`"a\"b\\\n\x00\x7f\u00a0é😀\u200b"`,
  );
  expect(quoteRune("'")).toBe(String.raw`'\''`);
  expect(quoteRune(undefined)).toBe("'\ufffd'");
});

test('quoting and unquoting any bytes gives them back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 24 }), (bytes) => {
      const literal = `"${[...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}"`;
      const value = unquote(literal);
      expect(isValidUtf8(value)).toBe(
        Buffer.from(Buffer.from(bytes).toString('utf8')).equals(Buffer.from(bytes)),
      );
      // The replacement character itself may not stand in a query, as in Prometheus.
      if (!value.includes('\ufffd')) {
        expect(scanString(quoteGo(value), 0).error).toBeUndefined();
        expect(unquote(quoteGo(value))).toBe(value);
      }
    }),
  );
});
