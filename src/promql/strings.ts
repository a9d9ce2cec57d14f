/*
 * Strings of PromQL are Go's: bytes that need not be UTF-8. Here a byte that is no part of a valid sequence is the lone surrogate
 * U+DC80..U+DCFF (0xDC00 + byte), which no valid text contains; `isValidUtf8` finds them and `quoteGo` writes them as `\xNN`.
 */

const SIMPLE: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};

/** Name of the escape letter of a control character. */
const LETTER_OF: Readonly<Record<string, string>> = {
  '\x07': 'a',
  '\b': 'b',
  '\f': 'f',
  '\n': 'n',
  '\r': 'r',
  '\t': 't',
  '\v': 'v',
};

interface NumericEscape {
  readonly digits: number;
  readonly base: 8 | 16;
  readonly max: number;
  readonly isByte: boolean;
}

export type ScannedString =
  | { readonly end: number; readonly error?: undefined }
  | { readonly end: number; readonly error: string };

/** Finds the end (exclusive) of the literal that starts at `start` with one of the quotes `"`, `'` or a backquote. */
export function scanString(text: string, start: number): ScannedString {
  const quote = text[start]!;
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at]!;
    if (char === quote) return { end: at + 1 };
    if (char === '\\' && quote !== '`') {
      const scanned = scanEscape(text, at, quote);
      if (scanned.error !== undefined) return scanned;
      at = scanned.end - 1;
    } else if (char === '\n' && quote !== '`') {
      return { end: at, error: 'unterminated quoted string' };
    } else if (isBrokenUnit(text, at)) {
      return { end: at, error: 'invalid UTF-8 rune' };
    }
  }
  return {
    end: text.length,
    error: quote === '`' ? 'unterminated raw string' : 'unterminated quoted string',
  };
}

/** Value of a literal that `scanString` has accepted. */
export function unquote(literal: string): string {
  const body = literal.slice(1, -1);
  if (literal[0] === '`' || !body.includes('\\')) return body;
  let value = '';
  let bytes: number[] = [];
  const flush = () => {
    if (bytes.length > 0) value += decodeBytes(bytes);
    bytes = [];
  };
  for (let at = 0; at < body.length; at++) {
    if (body[at] !== '\\') {
      flush();
      value += body[at]!;
      continue;
    }
    const kind = numericEscape(body[at + 1]!);
    if (kind === undefined) {
      flush();
      value += SIMPLE[body[at + 1]!] ?? body[at + 1]!;
      at += 1;
      continue;
    }
    const from = kind.base === 8 ? at + 1 : at + 2;
    const code = Number.parseInt(body.slice(from, from + kind.digits), kind.base);
    if (kind.isByte) bytes.push(code);
    else {
      flush();
      value += String.fromCodePoint(code);
    }
    at = from + kind.digits - 1;
  }
  flush();
  return value;
}

/** Whether the string came from valid UTF-8: labels and metric names must. */
export function isValidUtf8(value: string): boolean {
  return !/\p{Surrogate}/u.test(value);
}

/** As Go's `%q` writes a string: printable characters as they are, the rest escaped. Parses back to the same value. */
export function quoteGo(value: string): string {
  let quoted = '"';
  for (const char of value) quoted += char === '"' ? '\\"' : escaped(char);
  return `${quoted}"`;
}

/** As Go's `%q` writes one character; undefined is the end of the input. */
export function quoteRune(char: string | undefined): string {
  if (char === undefined || isBrokenUnit(char, 0)) return "'\ufffd'";
  return char === "'" ? "'\\''" : `'${escaped(char)}'`;
}

function escaped(char: string): string {
  if (char === '\\') return '\\\\';
  if (LETTER_OF[char] !== undefined) return `\\${LETTER_OF[char]}`;
  const code = char.codePointAt(0)!;
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${hex(code - 0xdc00, 2)}`;
  if (/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(char)) return char;
  if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`;
  return code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`;
}

function hex(code: number, width: number): string {
  return code.toString(16).padStart(width, '0');
}

function scanEscape(text: string, start: number, quote: string): ScannedString {
  const char = text[start + 1];
  if (char === undefined) return { end: start + 1, error: 'escape sequence not terminated' };
  const kind = numericEscape(char);
  if (kind === undefined) {
    if (SIMPLE[char] !== undefined || char === quote) return { end: start + 2 };
    return { end: start + 1, error: `unknown escape sequence ${describeRune(text, start + 1)}` };
  }
  const from = kind.base === 8 ? start + 1 : start + 2;
  let code = 0;
  for (let at = from; at < from + kind.digits; at++) {
    const digit = Number.parseInt(text[at] ?? '', kind.base);
    if (Number.isNaN(digit)) {
      if (text[at] === undefined) return { end: at, error: 'escape sequence not terminated' };
      return { end: at, error: `illegal character ${describeRune(text, at)} in escape sequence` };
    }
    code = code * kind.base + digit;
  }
  if (code > kind.max || (code >= 0xd800 && code < 0xe000))
    return { end: from, error: 'escape sequence is an invalid Unicode code point' };
  return { end: from + kind.digits };
}

function numericEscape(char: string): NumericEscape | undefined {
  if (char >= '0' && char <= '7') return { digits: 3, base: 8, max: 255, isByte: true };
  if (char === 'x') return { digits: 2, base: 16, max: 255, isByte: true };
  if (char === 'u') return { digits: 4, base: 16, max: 0x10ffff, isByte: false };
  if (char === 'U') return { digits: 8, base: 16, max: 0x10ffff, isByte: false };
  return undefined;
}

/** As Go's `%#U`: `U+0023 '#'`. */
function describeRune(text: string, at: number): string {
  const code = text.codePointAt(at)!;
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')} '${String.fromCodePoint(code)}'`;
}

/** A lone surrogate, or the character that stands for undecodable bytes. */
function isBrokenUnit(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  if (unit === 0xfffd) return true;
  if (unit < 0xd800 || unit > 0xdfff) return false;
  if (unit < 0xdc00) return !(text.charCodeAt(at + 1) >= 0xdc00 && text.charCodeAt(at + 1) <= 0xdfff);
  return !(text.charCodeAt(at - 1) >= 0xd800 && text.charCodeAt(at - 1) <= 0xdbff);
}

function decodeBytes(bytes: readonly number[]): string {
  let value = '';
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at]!;
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    const chunk = Buffer.from(bytes.slice(at, at + length));
    const text = chunk.toString('utf8');
    if (chunk.length === length && Buffer.from(text).equals(chunk)) {
      value += text;
      at += length;
    } else {
      value += String.fromCharCode(0xdc00 + lead);
      at += 1;
    }
  }
  return value;
}
