/** Literals in Go's syntax. */

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
};
const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))|([^\\]+)|\\$/gsu;
const MAX_INT = 2n ** 63n - 1n;
const MIN_INT = -(2n ** 63n);

/** The text between quotes, or undefined when an escape is wrong. Bytes given as `\xhh` or in octal are UTF-8. */
export function unquote(inner: string, quote: '"' | "'"): string | undefined {
  if (!inner.includes('\\')) return inner;
  const pieces: Buffer[] = [];
  for (const [, hex, octal, short, long, simple, plain] of inner.matchAll(ESCAPE)) {
    const piece = pieceOf({ byte: hex ?? octal, radix: hex === undefined ? 8 : 16, rune: short ?? long });
    if (piece !== undefined) pieces.push(piece);
    else if (plain !== undefined) pieces.push(Buffer.from(plain));
    else if (simple !== undefined && Object.hasOwn(SIMPLE_ESCAPES, simple)) {
      if ((simple === '"' || simple === "'") && simple !== quote) return undefined;
      pieces.push(Buffer.from(SIMPLE_ESCAPES[simple]!));
    } else return undefined;
  }
  return Buffer.concat(pieces).toString('utf8');
}

function pieceOf(written: {
  byte: string | undefined;
  radix: number;
  rune: string | undefined;
}): Buffer | undefined {
  if (written.byte !== undefined) {
    const byte = Number.parseInt(written.byte, written.radix);
    return byte > 255 ? undefined : Buffer.from([byte]);
  }
  if (written.rune === undefined) return undefined;
  const rune = Number.parseInt(written.rune, 16);
  if (rune > 0x10ffff || (rune >= 0xd800 && rune <= 0xdfff)) return undefined;
  return Buffer.from(String.fromCodePoint(rune));
}

/** Code point of a character constant, from the text between its quotes. */
export function runeOf(inner: string): bigint | undefined {
  const text = unquote(inner, "'");
  if (text === undefined) return undefined;
  const runes = [...text];
  return runes.length === 1 ? BigInt(runes[0]!.codePointAt(0)!) : undefined;
}

/** A number as Go writes it: any base, underscores, exponents. Undefined when it is none or does not fit an int. */
export function numberOf(text: string): bigint | number | undefined {
  const sign = text.startsWith('-') ? -1 : 1;
  const body = text.replace(/^[+-]/, '');
  if (!areUnderscoresRight(body)) return undefined;
  const digits = body.replaceAll('_', '');
  const integer = integerOf(digits);
  if (integer !== undefined) {
    const value = sign < 0 ? -integer : integer;
    return value < MIN_INT || value > MAX_INT ? undefined : value;
  }
  if (/[.eE]/.test(digits) && /^(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(digits))
    return finite(sign * Number(digits));
  const hex = /^0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?\d+)$/.exec(digits);
  if (hex === null || hex[1]! + hex[2]! === '') return undefined;
  const mantissa = Number(`0x${hex[1]}${hex[2]}`);
  return finite(sign * mantissa * 2 ** (Number(hex[3]) - 4 * hex[2]!.length));
}

function integerOf(digits: string): bigint | undefined {
  if (/^(0|[1-9]\d*)$/.test(digits)) return BigInt(digits);
  if (/^0[xX][0-9a-fA-F]+$|^0[bB][01]+$|^0[oO][0-7]+$/.test(digits)) return BigInt(digits.toLowerCase());
  return /^0[0-7]+$/.test(digits) ? BigInt(`0o${digits.slice(1)}`) : undefined;
}

/** An underscore stands between digits, or after a base's prefix. */
function areUnderscoresRight(body: string): boolean {
  const misplaced = /^0[xX]/.test(body) ? /_(?![0-9a-fA-F])|(?<![0-9a-fA-FxX])_/ : /_(?!\d)|(?<![\dbBoO])_/;
  return !misplaced.test(body);
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}
