import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatNumber, formatShort, parseNumberText } from './parse-numbers.ts';

test.each([
  ['1', 1],
  ['2.', 2],
  ['.5', 0.5],
  ['1e3', 1000],
  ['1_000.5', 1000.5],
  ['0x1F', 31],
  ['0x_ff', 255],
  ['017', 15],
  ['089', 89],
  ['iNf', Number.POSITIVE_INFINITY],
  ['nAn', Number.NaN],
])('reads %s', (text, value) => {
  expect(parseNumberText(text)).toEqual({ value });
});

test('refuses what does not fit', () => {
  expect(parseNumberText('1e999').error).toBe('strconv.ParseFloat: parsing "1e999": value out of range');
  expect(parseNumberText('0xffffffffffffffff').error).toContain('invalid syntax');
});

test('writes without exponent', () => {
  expect(formatNumber(1e21)).toBe('1000000000000000000000');
  expect(formatNumber(-1.5e-7)).toBe('-0.00000015');
  expect(formatNumber(123.456)).toBe('123.456');
  expect(formatNumber(Number.NEGATIVE_INFINITY)).toBe('-Inf');
  expect(formatNumber(-0)).toBe('-0');
});

test('writes briefly as Go does', () => {
  expect(formatShort(1e20)).toBe('100000000000000000000');
  expect(formatShort(1.25e21)).toBe('1.25e+21');
  expect(formatShort(0.0001)).toBe('0.0001');
  expect(formatShort(0.00001)).toBe('1e-05');
});

test('every number reads back', () => {
  fc.assert(
    fc.property(fc.double({ min: 0 }), (value) => {
      expect(parseNumberText(formatNumber(value).replace('+', ''))).toEqual({ value });
      expect(Number(formatShort(value).replace('Inf', 'Infinity'))).toBe(value);
    }),
  );
});
