import { type FloatVerb, formatFloat } from './floats.ts';
import { canBackquote, isPrintable, quote } from './quote.ts';

/** One `%` with what stands between it and its letter. */
export interface Directive {
  readonly verb: string;
  /** Of `+`, `-`, `#`, space and `0`. */
  readonly flags: ReadonlySet<string>;
  /** Characters. */
  readonly width: number | undefined;
  readonly precision: number | undefined;
}

const RADIX: Readonly<Record<string, number>> = { v: 10, d: 10, b: 2, o: 8, O: 8, x: 16, X: 16 };
const PREFIX: Readonly<Record<string, string>> = { b: '0b', o: '0', O: '0o', x: '0x', X: '0X' };

/** Fills up to the width with spaces, at the left unless the flag `-` is set; with `0` at the left with zeros. */
export function pad(text: string, directive: Directive): string {
  const missing = (directive.width ?? 0) - [...text].length;
  if (missing <= 0) return text;
  if (directive.flags.has('-')) return text + ' '.repeat(missing);
  return (directive.flags.has('0') ? '0' : ' ').repeat(missing) + text;
}

export function formatInteger(value: bigint, directive: Directive, type: string): string {
  const { verb } = directive;
  if (verb === 'c' || verb === 'q' || verb === 'U') return formatRune(value, directive);
  const radix = RADIX[verb];
  if (radix === undefined) return `%!${verb}(${type}=${value})`;
  const magnitude = value < 0n ? -value : value;
  let digits = magnitude.toString(radix);
  if (verb === 'X') digits = digits.toUpperCase();
  if (directive.precision !== undefined) {
    if (directive.precision === 0 && value === 0n) digits = '';
    digits = digits.padStart(directive.precision, '0');
  }
  const prefix = verb === 'O' || directive.flags.has('#') ? prefixOf(verb, digits) : '';
  const sign = value < 0n ? '-' : directive.flags.has('+') ? '+' : directive.flags.has(' ') ? ' ' : '';
  const fillsWithZeros =
    directive.flags.has('0') && !directive.flags.has('-') && directive.precision === undefined;
  // Go counts the sign, but not the prefix, into a width filled with zeros.
  if (fillsWithZeros && directive.width !== undefined)
    digits = digits.padStart(directive.width - sign.length, '0');
  return pad(sign + prefix + digits, { ...directive, flags: withoutZero(directive.flags) });
}

function prefixOf(verb: string, digits: string): string {
  if (verb === 'o' && digits.startsWith('0')) return '';
  return Object.hasOwn(PREFIX, verb) ? PREFIX[verb]! : '';
}

function formatRune(value: bigint, directive: Directive): string {
  const isPoint = value >= 0n && value <= 0x10ffffn && !(value >= 0xd800n && value <= 0xdfffn);
  const character = isPoint ? String.fromCodePoint(Number(value)) : '\ufffd';
  if (directive.verb === 'c') return pad(character, directive);
  if (directive.verb === 'q') return pad(quote(character, directive.flags.has('+'), "'"), directive);
  const digits = BigInt.asUintN(64, value).toString(16).toUpperCase();
  const code = `U+${digits.padStart(Math.max(4, directive.precision ?? 4), '0')}`;
  return pad(
    directive.flags.has('#') && isPoint && isPrintable(character) ? `${code} '${character}'` : code,
    {
      ...directive,
      flags: withoutZero(directive.flags),
    },
  );
}

export function formatNumber(value: number, directive: Directive): string {
  const { verb, flags } = directive;
  const lower = verb.toLowerCase();
  const float: string | undefined =
    verb === 'v' ? 'g' : 'efgbx'.includes(lower) && verb !== 'B' ? lower : undefined;
  if (float === undefined) return `%!${verb}(float64=${formatFloat(value, 'g', -1)})`;
  const shortestByDefault = float === 'g' || float === 'x' || float === 'b';
  const precision = directive.precision ?? (shortestByDefault ? -1 : 6);
  let text = formatFloat(value, float as FloatVerb, precision);
  if (flags.has('#') && Number.isFinite(value)) text = withPoint(text, float, directive.precision);
  if (verb === 'E' || verb === 'G' || verb === 'X') text = text.toUpperCase();
  if (verb === 'G' || verb === 'E') text = text.replace('INF', 'Inf').replace('NAN', 'NaN');
  return signed(text, value, directive);
}

/** `%#g` keeps the point and the zeros behind it. */
function withPoint(text: string, verb: string, wanted: number | undefined): string {
  const [mantissa, exponent] = text.split(/(?=[ep][+-])/);
  let out = mantissa!.includes('.') ? mantissa! : `${mantissa}.`;
  if (verb === 'g') {
    const digits = out.replace(/^-?0*\.?0*|[-.]/g, '').length;
    out += '0'.repeat(Math.max((wanted ?? 6) - Math.max(digits, 1), 0));
  }
  return out + (exponent ?? '');
}

function signed(text: string, value: number, directive: Directive): string {
  const { flags } = directive;
  const isNegative = text.startsWith('-');
  const digits = text.replace(/^[+-]/, '');
  const isInfinite = !Number.isFinite(value) && !Number.isNaN(value);
  // `%v` and `%g` print +Inf with its sign only when asked for.
  const sign = isNegative ? '-' : flags.has('+') ? '+' : flags.has(' ') ? ' ' : isInfinite ? '+' : '';
  const fillsWithZeros = flags.has('0') && !flags.has('-') && Number.isFinite(value);
  if (fillsWithZeros) {
    return sign + digits.padStart(Math.max((directive.width ?? 0) - sign.length, 0), '0');
  }
  return pad(sign + digits, { ...directive, flags: withoutZero(flags) });
}

export function formatText(text: string, directive: Directive): string {
  const { verb, flags, precision } = directive;
  const cut = precision === undefined ? text : [...text].slice(0, precision).join('');
  switch (verb) {
    case 'v':
      return pad(flags.has('#') ? quote(text) : cut, directive);
    case 's':
      return pad(cut, directive);
    case 'q':
      return pad(flags.has('#') && canBackquote(cut) ? `\`${cut}\`` : quote(cut, flags.has('+')), directive);
    case 'x':
    case 'X':
      return pad(hexadecimal(text, directive), directive);
    default:
      return `%!${verb}(string=${text})`;
  }
}

/** The bytes of a text. The precision counts bytes here. */
function hexadecimal(text: string, directive: Directive): string {
  const { flags, precision, verb } = directive;
  const bytes = Buffer.from(text).subarray(0, precision);
  const prefix = flags.has('#') ? '0x' : '';
  const pairs = [...bytes].map((byte) => byte.toString(16).padStart(2, '0'));
  const out = flags.has(' ')
    ? pairs.map((pair) => prefix + pair).join(' ')
    : pairs.length > 0
      ? prefix + pairs.join('')
      : '';
  return verb === 'X' ? out.toUpperCase() : out;
}

function withoutZero(flags: ReadonlySet<string>): ReadonlySet<string> {
  if (!flags.has('0')) return flags;
  return new Set([...flags].filter((flag) => flag !== '0'));
}
