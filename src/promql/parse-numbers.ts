import { quoteGo } from './strings.ts';

export type ParsedNumber =
  | { readonly value: number; readonly error?: undefined }
  | { readonly error: string };

/** Reads a number literal: decimal, `0x`, octal with a leading 0, `_` between digits, exponents, Inf and NaN in any case. */
export function parseNumberText(text: string): ParsedNumber {
  const lower = text.toLowerCase();
  if (lower === 'inf') return { value: Number.POSITIVE_INFINITY };
  if (lower === 'nan') return { value: Number.NaN };
  const plain = lower.replaceAll('_', '');
  if (plain.startsWith('0x')) {
    const value = BigInt(plain);
    // As 64-bit integer; a hexadecimal float would need an exponent.
    if (value < 2n ** 63n) return { value: Number(value) };
    return { error: `strconv.ParseFloat: parsing ${quoteGo(text)}: invalid syntax` };
  }
  if (/^0[0-7]+$/.test(plain)) {
    const value = BigInt(`0o${plain}`);
    if (value < 2n ** 63n) return { value: Number(value) };
  }
  const value = Number(plain);
  if (Number.isFinite(value)) return { value };
  return { error: `strconv.ParseFloat: parsing ${quoteGo(text)}: value out of range` };
}

/** Shortest text that reads back as the same number, without exponent: `100000000000000000000000`, `+Inf`, `NaN`. */
export function formatNumber(value: number): string {
  const special = formatSpecial(value);
  if (special !== undefined) return special;
  const { sign, digits, exponent } = decimal(value);
  if (exponent <= 0) return `${sign}0.${'0'.repeat(-exponent)}${digits}`;
  if (digits.length <= exponent) return sign + digits.padEnd(exponent, '0');
  return `${sign}${digits.slice(0, exponent)}.${digits.slice(exponent)}`;
}

/** As Go's `%v` writes a number: with an exponent below 1e-4 and from 1e21 on. */
export function formatShort(value: number): string {
  const special = formatSpecial(value);
  if (special !== undefined) return special;
  const { sign, digits, exponent } = decimal(value);
  if (exponent - 1 >= -4 && exponent - 1 < 21) return formatNumber(value);
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
  const power = Math.abs(exponent - 1)
    .toString()
    .padStart(2, '0');
  return `${sign}${digits[0]}${fraction}e${exponent - 1 < 0 ? '-' : '+'}${power}`;
}

function formatSpecial(value: number): string | undefined {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  return undefined;
}

/** The value is `0.digits * 10^exponent`. */
function decimal(value: number): { sign: string; digits: string; exponent: number } {
  const [mantissa, power] = Math.abs(value).toExponential().split('e') as [string, string];
  return { sign: value < 0 ? '-' : '', digits: mantissa.replace('.', ''), exponent: Number(power) + 1 };
}
