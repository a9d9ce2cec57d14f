import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { csvCell } from './export.ts';

describe('a cell of CSV', () => {
  it.each([
    ['plain', 'plain'],
    ['', ''],
    ['a,b', '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ['two\nlines', '"two\nlines"'],
    ['=1+1', "'=1+1"],
    ['+49 30', "'+49 30"],
    ['@cmd', "'@cmd"],
    ['-cmd', "'-cmd"],
    ['-2.5', '-2.5'],
    ['-1e-7', '-1e-7'],
    ['=HYPERLINK("x","y")', `"'=HYPERLINK(""x"",""y"")"`],
    ['\tx', "'\tx"],
  ])('%j is written as %j', (text, cell) => {
    expect(csvCell(text)).toBe(cell);
  });

  it('is never a formula', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(csvCell(text)).not.toMatch(/^"?[=+@\t\r]/);
      }),
    );
  });
});

describe('a cursor', () => {
  it('comes back as it went out and stays short', () => {
    const times = fc.nat({ max: 9_999_999_999_999 });
    const eventId = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    fc.assert(
      fc.property(fc.record({ atMs: times, fromMs: times, toMs: times, eventId }), (cursor) => {
        const text = encodeCursor(cursor);
        expect(decodeCursor(text)).toEqual(cursor);
        expect(text.length).toBeLessThanOrEqual(100);
      }),
    );
  });

  it('is nothing else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(() => decodeCursor(text)).toThrow(expect.objectContaining({ code: 'bad_cursor' }));
      }),
    );
  });
});
