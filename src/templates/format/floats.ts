/** Floating point numbers as Go's strconv.FormatFloat prints them. */

export type FloatVerb = 'e' | 'f' | 'g' | 'b' | 'x';

/** Decimal digits without zeros at either end; the value is 0.DIGITS × 10^point. */
interface Decimal {
  readonly digits: string;
  readonly point: number;
}

/** @param precision -1 for the shortest text that reads back as the same number. */
export function formatFloat(value: number, verb: FloatVerb, precision: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  return sign + formatMagnitude(Math.abs(value), verb, precision);
}

function formatMagnitude(value: number, verb: FloatVerb, precision: number): string {
  if (verb === 'b') return binaryExponent(value);
  if (verb === 'x') return hexadecimal(value, precision);
  const isShortest = precision < 0;
  if (verb === 'g') return general(value, precision, isShortest);
  const decimal = isShortest ? shortest(value) : roundedFor(value, verb, precision);
  const count = decimal.digits.length;
  if (verb === 'e') return exponential(decimal, isShortest ? Math.max(count - 1, 0) : precision);
  return plain(decimal, isShortest ? Math.max(count - decimal.point, 0) : precision);
}

function general(value: number, wanted: number, isShortest: boolean): string {
  const precision = wanted === 0 ? 1 : wanted;
  const decimal = isShortest ? shortest(value) : round(exact(value), precision);
  const count = decimal.digits.length;
  let threshold = precision;
  if (threshold > count && count >= decimal.point) threshold = count;
  if (isShortest) threshold = 6;
  const exponent = decimal.point - 1;
  if (exponent < -4 || exponent >= threshold) {
    const digits = isShortest || precision > count ? count : precision;
    return exponential(decimal, Math.max(digits - 1, 0));
  }
  return plain(decimal, Math.max(count - decimal.point, 0));
}

function roundedFor(value: number, verb: 'e' | 'f', precision: number): Decimal {
  const decimal = exact(value);
  return round(decimal, verb === 'e' ? precision + 1 : decimal.point + precision);
}

function exponential(decimal: Decimal, precision: number): string {
  const digits = decimal.digits.padEnd(precision + 1, '0');
  const exponent = decimal.digits === '' ? 0 : decimal.point - 1;
  const fraction = precision > 0 ? `.${digits.slice(1, precision + 1)}` : '';
  return `${digits[0]}${fraction}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

function plain(decimal: Decimal, precision: number): string {
  const { digits, point } = decimal;
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0';
  if (precision <= 0) return whole;
  const fraction = point >= 0 ? digits.slice(point) : '0'.repeat(Math.min(-point, precision)) + digits;
  return `${whole}.${fraction.slice(0, precision).padEnd(precision, '0')}`;
}

/** The shortest digits that read back as the same number: those JavaScript prints. */
function shortest(value: number): Decimal {
  const [mantissa, exponent] = value.toExponential().split('e');
  return trimmed(mantissa!.replace('.', ''), Number(exponent) + 1);
}

/** All digits of the number. */
function exact(value: number): Decimal {
  if (value === 0) return { digits: '', point: 0 };
  const { mantissa, exponent } = parts(value);
  if (exponent >= 0) {
    const digits = (mantissa << BigInt(exponent)).toString();
    return trimmed(digits, digits.length);
  }
  // m / 2^n = m × 5^n / 10^n
  const digits = (mantissa * 5n ** BigInt(-exponent)).toString();
  return trimmed(digits, digits.length + exponent);
}

/** To a number of digits, halves to the even neighbour. */
function round(decimal: Decimal, count: number): Decimal {
  const { digits, point } = decimal;
  if (count >= digits.length) return decimal;
  if (count < 0) return { digits: '', point: 0 };
  const kept = digits.slice(0, count);
  const rest = digits.slice(count);
  const isHalf = rest === '5';
  const isOdd = count > 0 && Number(kept[count - 1]) % 2 === 1;
  if (!(isHalf ? isOdd : rest[0]! >= '5')) return trimmed(kept, point);
  const raised = count === 0 ? '1' : (BigInt(kept) + 1n).toString().padStart(count, '0');
  return trimmed(raised, point + raised.length - count);
}

function trimmed(digits: string, point: number): Decimal {
  const text = digits.replace(/^0+/, '');
  const rest = text.replace(/0+$/, '');
  return rest === ''
    ? { digits: '', point: 0 }
    : { digits: rest, point: point - (digits.length - text.length) };
}

/** value = mantissa × 2^exponent. */
function parts(value: number): { mantissa: bigint; exponent: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xf_ffff_ffff_ffffn;
  return biased === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | (1n << 52n), exponent: biased - 1075 };
}

function binaryExponent(value: number): string {
  const { mantissa, exponent } = parts(value);
  return `${mantissa}p${exponent < 0 ? '' : '+'}${exponent}`;
}

/** Hexadecimal mantissa with one digit in front of the point, exponent of two. */
function hexadecimal(value: number, precision: number): string {
  const { mantissa, exponent } = parts(value);
  if (mantissa === 0n) return `0x0${precision > 0 ? `.${'0'.repeat(precision)}` : ''}p+00`;
  const bits = mantissa.toString(2).length;
  let normal = mantissa << BigInt(53 - bits);
  let power = exponent + bits - 1;
  if (precision >= 0 && precision < 13) {
    const shift = BigInt(52 - 4 * precision);
    const rest = normal & ((1n << shift) - 1n);
    const half = 1n << (shift - 1n);
    normal >>= shift;
    if (rest > half || (rest === half && normal % 2n === 1n)) normal++;
    normal <<= shift;
    if (normal >> 53n === 1n) {
      normal >>= 1n;
      power++;
    }
  }
  const digits = (normal & 0xf_ffff_ffff_ffffn).toString(16).padStart(13, '0');
  const fraction =
    precision < 0 ? digits.replace(/0+$/, '') : digits.slice(0, precision).padEnd(precision, '0');
  return `0x1${fraction === '' ? '' : `.${fraction}`}p${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}
