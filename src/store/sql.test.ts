import { describe, expect, it } from 'vitest';
import { type SqlValue, sql } from './sql.ts';

// That the engine understands these as meant is in store.contract.ts.
describe('sql', () => {
  const cases: readonly [name: string, value: SqlValue, text: string][] = [
    ['a string', "it's \\ \0\n", "'it\\'s \\\\ \\0\\n'"],
    ['a lone surrogate', 'a\ud800', "'a\ufffd'"],
    ['a number', 1.5, '1.5'],
    ['a negative number', -1.5, ' -1.5'],
    ['negative zero', -0, ' -0'],
    ['an infinity', Number.NEGATIVE_INFINITY, ' -inf'],
    ['NaN', Number.NaN, 'nan'],
    ['a bigint', 18_446_744_073_709_551_615n, '18446744073709551615'],
    ['true', true, 'true'],
    ['null', null, 'NULL'],
    ['a date', new Date(1_500), "fromUnixTimestamp64Milli(toInt64(1500), 'UTC')"],
    ['bytes', Uint8Array.of(0, 255), "unhex('00ff')"],
    ['a list', ['a', 1], "('a', 1)"],
    ['an empty list', [], '(NULL)'],
    ['a fragment', sql`x = ${'y'}`, "x = 'y'"],
    ['an identifier', sql.id('da`ta', 'x'), '`da\\`ta`.`x`'],
    ['an array', sql.array([1, 'a']), "[1, 'a']"],
    ['joined fragments', sql.join([sql.id('a'), 2]), '`a`, 2'],
    ['conditions', sql.and([sql`a OR b`, sql`c`]), '(a OR b) AND (c)'],
    ['no conditions', sql.and([]), 'true'],
    ['trusted text', sql.raw('now()'), 'now()'],
  ];
  for (const [name, value, text] of cases) {
    it(`writes ${name}`, () => expect(sql`<${value}>`.text).toBe(`<${text}>`));
  }

  it('refuses what has no SQL form', () => {
    const bad = [2n ** 64n, -(2n ** 63n) - 1n, new Date(Number.NaN), undefined, {}, Symbol('x')];
    for (const value of bad) {
      expect(() => sql`${value as SqlValue}`).toThrow(expect.objectContaining({ code: 'internal' }));
    }
    expect(() => sql.id('')).toThrow(expect.objectContaining({ code: 'internal' }));
  });

  it('takes ids in hex only', () => {
    expect(sql.hexId('00FFaa1122334455', 8).text).toBe("toFixedString(unhex('00FFaa1122334455'), 8)");
    for (const bad of ['', '00', "0'; DROP TABLE x --", '00ffaa112233445g']) {
      expect(() => sql.hexId(bad, 8)).toThrow(expect.objectContaining({ code: 'bad_id', status: 400 }));
    }
  });
});
