import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cleanLine, cleanText, cutBytes, cutText } from './text.ts';

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom(
        'a',
        'é',
        '€',
        '👍',
        '👍🏿',
        '👩‍👩‍👧',
        '\ud83d',
        '\udc4d',
        '\u0301',
        '\r',
        '\n',
        '\0',
        '\u202e',
      ),
      { maxLength: 40 },
    )
    .map((parts) => parts.join('')),
);

describe('cutText', () => {
  test('keeps characters whole and says that it was cut', () => {
    expect(cutText('abcdef', 6)).toBe('abcdef');
    expect(cutText('abcdef', 5)).toBe('abcd…');
    expect(cutText('abc👍', 4)).toBe('abc…');
    expect(cutText('ab👍🏿cd', 6)).toBe('ab…');
    expect(cutText('abe\u0301cd', 4)).toBe('ab…');
    expect(cutText('a👩‍👩‍👧b', 5)).toBe('a…');
    expect(cutText('abc', 1)).toBe('…');
    expect(cutText('abc', 0)).toBe('');
  });

  test('never makes halves of characters, never is too long', () => {
    fc.assert(
      fc.property(anyText, fc.nat(50), (text, max) => {
        const cut = cutText(text, max);
        expect(cut.length).toBeLessThanOrEqual(max);
        if (text.length <= max) expect(cut).toBe(text);
        else if (max > 0) expect(cut.endsWith('…')).toBe(true);
        if (text.isWellFormed()) expect(cut.isWellFormed()).toBe(true);
      }),
    );
  });

  test('bytes', () => {
    expect(cutBytes('äöü', 6)).toBe('äöü');
    expect(cutBytes('äöü', 5)).toBe('ä…');
    expect(cutBytes('ab', 1)).toBe('');
    fc.assert(
      fc.property(anyText, fc.nat(50), (text, max) => {
        const cut = cutBytes(text, max);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(max);
        if (Buffer.byteLength(text) <= max) expect(cut).toBe(text);
        else if (max >= 3) expect(cut.endsWith('…')).toBe(true);
        // Nothing is thrown away that would fit, but for characters that must stay whole.
        const isPlain = /^[\x20-\x7e]*$/.test(text);
        if (isPlain && text.length > max && max >= 3) expect(Buffer.byteLength(cut)).toBe(max);
      }),
    );
  });

  test('long texts take no time', () => {
    expect(cutBytes('👍🏿'.repeat(1_000_000), 1000).length).toBeGreaterThan(200);
    expect(cutText(`a${'\u0301'.repeat(1_000_000)}`, 1000).length).toBeGreaterThan(900);
  });
});

describe('cleanText', () => {
  test('takes out what does not belong into messages', () => {
    expect(cleanText('a\0b\x1b[31m\x9b c')).toBe('a\ufffdb\ufffd[31m\ufffd c');
    expect(cleanText('a\r\nb\rc\td')).toBe('a\nb\nc\td');
    expect(cleanText('x\u202ey\u2066z')).toBe('x\ufffdy\ufffdz');
    expect(cleanText('\ud83d!')).toBe('\ufffd!');
    expect(cleanText('👩‍👩‍👧 é')).toBe('👩‍👩‍👧 é');
    expect(cleanLine(' a\r\n\tb\u2028c\x0bd ')).toBe('a b c\ufffdd');
  });

  test('once is enough', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const clean = cleanText(text);
        expect(cleanText(clean)).toBe(clean);
        expect(clean.isWellFormed()).toBe(true);
        expect(cleanLine(text)).not.toMatch(/[\r\n]/);
      }),
    );
  });
});
