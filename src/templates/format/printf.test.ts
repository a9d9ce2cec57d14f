import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Budget, DEFAULT_LIMITS } from '../run.ts';
import { stringDict, stringList, type Value } from '../values.ts';
import { formatFloat } from './floats.ts';
import { sprintf } from './printf.ts';

const budget = new Budget(DEFAULT_LIMITS, () => 0);
const format = (text: string, ...values: Value[]) => sprintf(text, values, budget);

// https://pkg.go.dev/fmt#hdr-Printing; compared once with Prometheus 2.42.
describe('printf', () => {
  test.each<[string, Value[], string]>([
    ['%d %5d|%-5d|%05d|%+d|% d', [1n, 2n, 3n, 4n, 5n, 6n], '1     2|3    |00004|+5| 6'],
    [
      '%x %X %#x %o %#o %O %b %#b',
      [255n, 255n, 255n, 8n, 8n, 8n, 5n, 5n],
      'ff FF 0xff 10 010 0o10 101 0b101',
    ],
    ['%c %q %U %#U', [9786n, 9786n, 9786n, 9786n], "☺ '☺' U+263A U+263A '☺'"],
    ['%.3d|%.0d|%5.3d|%-5.3d|%+.3d|%x', [5n, 0n, 5n, 5n, 5n, -255n], '005||  005|005  |+005|-ff'],
    [
      '%f %.2f %8.3f|%-8.2f|%08.2f|%+.1f|% .1f',
      [1.5, 2.345, 3.1428, 2.5, 2.5, 2.5, 2.5],
      '1.500000 2.35    3.143|2.50    |00002.50|+2.5| 2.5',
    ],
    ['%.0f %.0f %.0f', [0.5, 1.5, 2.5], '0 2 2'],
    ['%e %.3e %E', [123456.789, 0.00012, 1e10], '1.234568e+05 1.200e-04 1.000000E+10'],
    [
      '%g %g %.3g %.10g %g %g',
      [1e-7, 1e20, 1234567, 0.1, 100000, 1000000],
      '1e-07 1e+20 1.23e+06 0.1 100000 1e+06',
    ],
    ['%x %X %.2x %b', [1.5, 255.5, 1.999, 1.5], '0x1.8p+00 0X1.FFP+07 0x1.00p+01 6755399441055744p-52'],
    ['%#g %#.3g %#f', [1, 1, 1], '1.00000 1.00 1.000000'],
    ['%6v|%-6v|%06v|%+v', [1n, 1n, 1n, 1.5], '     1|1     |000001|1.5'],
    ['%t %v %6t|', [true, false, true], 'true false   true|'],
    [
      '%s|%5s|%-5s|%.2s|%q|%x|% x|%#x',
      ['hé', 'é', 'é', 'héllo', 'q"\n', 'hé', 'hé', 'hé'],
      'hé|    é|é    |hé|"q\\"\\n"|68c3a9|68 c3 a9|0x68c3a9',
    ],
    ['%q %+q %#q', ['\u0000\u00ad☺', '☺😀', 'a b'], '"\\x00\\u00ad☺" "\\u263a\\U0001f600" `a b`'],
    [
      '%d %s %f %d %t %z',
      ['x', 1n, 1n, 1.5, 1n, 1n],
      '%!d(string=x) %!s(int=1) %!f(int=1) %!d(float64=1.5) %!t(int=1) %!z(int=1)',
    ],
    ['%v %s %d', [null, null, undefined], '<nil> %!s(<nil>) %!d(<nil>)'],
    ['%d %d', [1n], '1 %!d(MISSING)'],
    ['x', [1n, 'a'], 'x%!(EXTRA int=1, string=a)'],
    ['100%', [], '100%!(NOVERB)'],
    ['%%', [], '%'],
    ['%[2]d %[1]d', [1n, 2n], '2 1'],
    ['%[3]d', [1n], '%!d(BADINDEX)'],
    ['%*d|%-*d|%.*f', [5n, 1n, 5n, 2n, 2n, 3.1428], '    1|2    |3.14'],
    ['%*d', ['x', 1n], '%!(BADWIDTH)1'],
    ['%.[2]*[1]f', [3.1428, 3n], '3.143'],
    ['%T %T %T %T', [1n, 1.5, 'a', stringDict([])], 'int float64 string map[string]string'],
    ['%v %q', [stringList(['a', 'b']), stringList(['a', 'b'])], '[a b] ["a" "b"]'],
    [
      '%v %d',
      [
        stringDict([
          ['b', 'x'],
          ['a', 'y'],
        ]),
        stringDict([['a', 'y']]),
      ],
      'map[a:y b:x] map[%!d(string=a):%!d(string=y)]',
    ],
  ])('%j', (text, values, expected) => {
    expect(format(text, ...values)).toBe(expected);
  });
});

describe('floating point numbers', () => {
  // https://pkg.go.dev/strconv#FormatFloat
  test.each([
    [100000, '100000'],
    [1000000, '1e+06'],
    [123456789.123, '1.23456789123e+08'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [-0, '-0'],
    [Number.POSITIVE_INFINITY, '+Inf'],
    [Number.NaN, 'NaN'],
    [5e-324, '5e-324'],
  ])('%d prints as %s', (value, expected) => {
    expect(formatFloat(value, 'g', -1)).toBe(expected);
  });

  test('the shortest text reads back as the same number', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Number(formatFloat(value, 'g', -1))).toBe(value);
        expect(Number(formatFloat(value, 'e', -1))).toBe(value);
        expect(Number(formatFloat(value, 'f', -1))).toBe(value);
      }),
    );
  });

  test('rounding is exact, halves go to the even digit', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e15, max: 1e15, noNaN: true }),
        fc.integer({ min: 0, max: 20 }),
        (value, digits) => {
          const text = formatFloat(value, 'f', digits);
          expect(text).toMatch(digits === 0 ? /^-?\d+$/ : new RegExp(`^-?\\d+\\.\\d{${digits}}$`));
          // JavaScript rounds exactly as well, but halves upwards.
          const other = value.toFixed(digits);
          if (Number(text) !== Number(other)) expect(value.toFixed(digits + 1)).toMatch(/5$/);
        },
      ),
    );
    expect(formatFloat(0.1, 'f', 30)).toBe('0.100000000000000005551115123126');
    expect(formatFloat(1e22, 'f', 1)).toBe('10000000000000000000000.0');
  });
});
