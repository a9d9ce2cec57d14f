import { expect, it } from 'vitest';
import { formatValue, formatValueShort } from './value-text.ts';

it.each([
  [0, '0'],
  [1234567.891, '1,234,570'],
  [0.1234567, '0.123457'],
  [0.0008568123, '8.568e-4'],
  [0.00123456789, '0.00123457'],
  [1.5e18, '1.500e18'],
  [-42, '-42'],
  [Number.NaN, 'NaN'],
  [Number.POSITIVE_INFINITY, '+Inf'],
  [null, '–'],
])('%s reads %s', (value, text) => {
  expect(formatValue(value)).toBe(text);
});

it.each([
  [0, '0'],
  [2000, '2k'],
  [1536, '1.54k'],
  [999_999, '1M'],
  [0.25, '0.25'],
  [0.00012, '1.2e-4'],
  [-1_500_000, '-1.5M'],
  [100, '100'],
])('%s reads %s on an axis', (value, text) => {
  expect(formatValueShort(value)).toBe(text);
});
