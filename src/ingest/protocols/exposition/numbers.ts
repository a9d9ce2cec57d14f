/** Powers of ten that are exact as doubles. */
const POWERS = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
/** Digits of which every number is exact as a double. */
const EXACT_DIGITS = 15;
const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const INFINITE = /^[+-]?inf(?:inity)?$/i;

/**
 * The number written in `text[start, end)`, or undefined when that is no number: decimal with optional sign, fraction and exponent,
 * `NaN`, `Inf`, `Infinity` in any case. As in Prometheus, a decimal number too large for a double is none, and neither are hexadecimal
 * ones and digits with underscores.
 */
export function parseNumber(text: string, start: number, end: number): number | undefined {
  const first = text.charCodeAt(start);
  const isNegative = first === MINUS;
  let at = isNegative || first === PLUS ? start + 1 : start;
  let mantissa = 0;
  let digits = 0;
  let scale = 0;
  let code = 0;
  for (; at < end; at++, digits++) {
    code = text.charCodeAt(at);
    if (code < ZERO || code > NINE) break;
    mantissa = mantissa * 10 + (code - ZERO);
  }
  if (at < end && code === DOT) {
    for (at++; at < end; at++, digits++, scale--) {
      code = text.charCodeAt(at);
      if (code < ZERO || code > NINE) break;
      mantissa = mantissa * 10 + (code - ZERO);
    }
  }
  if (digits === 0 || digits > EXACT_DIGITS) return parseAny(text, start, end);
  if (at < end) {
    const exponent = exponentAt(text, at, end);
    if (exponent === undefined) return parseAny(text, start, end);
    scale += exponent;
  }
  if (scale < -22 || scale > 22) return parseAny(text, start, end);
  // Both sides are exact, so one rounding gives the nearest double.
  if (scale > 0) mantissa *= POWERS[scale]!;
  else if (scale < 0) mantissa /= POWERS[-scale]!;
  return isNegative ? -mantissa : mantissa;
}

const PLUS = 0x2b;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;

/** A short exponent that fills `text[start, end)`, or undefined. */
function exponentAt(text: string, start: number, end: number): number | undefined {
  if ((text.charCodeAt(start) | 0x20) !== 0x65) return undefined;
  const sign = text.charCodeAt(start + 1);
  const first = sign === MINUS || sign === PLUS ? start + 2 : start + 1;
  if (first >= end || end - first > 3) return undefined;
  let exponent = 0;
  for (let at = first; at < end; at++) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    exponent = exponent * 10 + digit;
  }
  return sign === MINUS ? -exponent : exponent;
}

function parseAny(text: string, start: number, end: number): number | undefined {
  const token = text.slice(start, end);
  if (DECIMAL.test(token)) {
    const value = Number(token);
    return Number.isFinite(value) ? value : undefined;
  }
  if (INFINITE.test(token)) {
    return token.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  return token.toLowerCase() === 'nan' ? Number.NaN : undefined;
}

/**
 * A number as OpenMetrics writes it in `le` and `quantile`: Go's shortest form, with `.0` where it would look like an integer, so that the
 * same bucket has the same label whatever the format and the client.
 */
export function formatOpenMetricsNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return '0.0';
  const [mantissa, exponent] = value.toExponential().split('e') as [string, string];
  const power = Number(exponent);
  if (power < -4 || power >= 6) return `${mantissa}e${power < 0 ? '-' : '+'}${twoDigits(Math.abs(power))}`;
  const plain = String(value);
  return plain.includes('.') ? plain : `${plain}.0`;
}

function twoDigits(count: number): string {
  return count < 10 ? `0${count}` : String(count);
}
