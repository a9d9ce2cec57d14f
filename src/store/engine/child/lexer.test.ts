import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sqlIdentifier, sqlString, tokensOf } from './lexer.ts';

const texts = (sql: string): string[] => [...tokensOf(sql)].map((token) => sql.slice(token.start, token.end));

describe('tokensOf', () => {
  it('skips blanks and comments and keeps literals whole', () => {
    expect(texts("SELECT 'a;''b\\'' -- c;\n, /* ; */ `x;y` # z\n, $t$ ; $t$ FROM \"q\"\"r\"")).toEqual([
      'SELECT',
      "'a;''b\\''",
      ',',
      '`x;y`',
      ',',
      '$t$ ; $t$',
      'FROM',
      '"q""r"',
    ]);
  });

  it('counts brackets', () => {
    const sql = 'f(a, [b]) c';
    expect([...tokensOf(sql)].map((token) => token.depth)).toEqual([0, 0, 1, 1, 1, 2, 1, 0, 0]);
  });

  it('ends on any text, and its tokens never overlap', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'a1\'"`\\;-/*$#( )\n\u2018\u2019'.split('')) }),
        (sql) => {
          let end = 0;
          for (const token of tokensOf(sql)) {
            expect(token.start).toBeGreaterThanOrEqual(end);
            expect(token.end).toBeGreaterThan(token.start);
            end = token.end;
          }
        },
      ),
    );
  });
});

describe('sqlString and sqlIdentifier', () => {
  it('yield exactly one token for every value, so nothing can break out', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        for (const literal of [sqlString(value), sqlIdentifier(value)]) {
          expect(texts(literal)).toEqual([literal]);
        }
      }),
    );
  });

  it('escape the backslash before the quote', () => {
    expect(sqlString("a\\' OR 1=1 --\n\0")).toBe("'a\\\\\\' OR 1=1 --\\n\\0'");
  });
});
