import { missing } from '../../lib/format.ts';

const grouped = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 6 });
const suffixes: readonly [number, string][] = [
  [1e15, 'P'],
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];

/** A value of any metric: its unit is not known, so six digits are kept and nothing is rounded to nought. */
export function formatValue(value: number | null | undefined): string {
  if (value === null || value === undefined) return missing;
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const amount = Math.abs(value);
  if (amount !== 0 && (amount < 1e-3 || amount >= 1e15)) return value.toExponential(3).replace('e+', 'e');
  return grouped.format(value);
}

/** For axes and narrow columns: three digits and a suffix, `1.5M`. */
export function formatValueShort(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return formatValue(value);
  const amount = Math.abs(value);
  for (const [size, suffix] of suffixes) {
    if (amount >= size * 0.9995) return `${trimmed((value / size).toPrecision(3))}${suffix}`;
  }
  if (amount !== 0 && amount < 1e-3) return value.toExponential(1).replace('e+', 'e');
  return trimmed(value.toPrecision(3));
}

function trimmed(text: string): string {
  const plain = text.includes('e') ? String(Number(text)) : text;
  return plain.includes('.') ? plain.replace(/\.?0+$/, '') : plain;
}
