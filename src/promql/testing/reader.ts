import { Labels, METRIC_NAME } from '../../model/labels.ts';

/** A test script that does not follow the language; the message begins with the line. */
export class ScriptError extends Error {
  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`);
    this.name = 'ScriptError';
  }
}

/** A float as scripts write it: decimal, exponent, `Inf`, `NaN` in any case with a sign; undefined when it is none. */
export function readNumber(text: string): number | undefined {
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (special !== null) {
    if (special[2]!.toLowerCase() === 'nan') return Number.NaN;
    return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  y: 31_536_000_000,
  w: 604_800_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
};

/** A duration such as `1h30m` or `10s53ms`, or a number of seconds, as milliseconds; undefined when it is none. */
export function readDuration(text: string): number | undefined {
  const seconds = readNumber(text);
  if (seconds !== undefined) return Math.round(seconds * 1000);
  if (!/^-?(\d+(ms|[ywdhms]))+$/.test(text)) return undefined;
  let totalMs = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[ywdhms])/g))
    totalMs += Number(count) * UNIT_MS[unit!]!;
  return text.startsWith('-') ? -totalMs : totalMs;
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
};

/** Reads one line from left to right. */
export class LineReader {
  readonly #text: string;
  readonly #line: number;
  #at = 0;

  constructor(text: string, line: number) {
    this.#text = text;
    this.#line = line;
  }

  get rest(): string {
    return this.#text.slice(this.#at);
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  fail(message: string): never {
    throw new ScriptError(this.#line, `${message} at column ${this.#at + 1}: ${this.#text}`);
  }

  skipSpace(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
  }

  /** Steps over `text` if it comes next. */
  take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  expect(text: string): void {
    if (!this.take(text)) this.fail(`expected ${text}`);
  }

  /** Steps over what a sticky (`y`) pattern matches. */
  match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return undefined;
    this.#at += found[0].length;
    return found;
  }

  /** A string in `"`, `'` (with escapes) or backquotes (without). */
  quoted(): string {
    const quote = this.#text[this.#at]!;
    this.#at++;
    let out = '';
    for (;;) {
      const next = this.#text[this.#at];
      if (next === undefined) this.fail('string without an end');
      this.#at++;
      if (next === quote) return out;
      out += next === '\\' && quote !== '`' ? this.#escape() : next;
    }
  }

  #escape(): string {
    const code = this.match(/x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|([0-7]{3})/iy);
    if (code !== undefined) {
      const [, byte, short, long, octal] = code;
      return String.fromCodePoint(
        octal === undefined ? Number.parseInt(byte ?? short ?? long!, 16) : Number.parseInt(octal, 8),
      );
    }
    const plain = ESCAPES[this.#text[this.#at] ?? ''];
    if (plain === undefined) this.fail('unknown escape');
    this.#at++;
    return plain;
  }
}

function isQuote(reader: LineReader): boolean {
  return /^["'`]/.test(reader.rest);
}

/** Reads `name{label="value"}`, `{"quoted name", "label"="value"}` or `name`. */
export function readLabels(reader: LineReader): Labels {
  const pairs: [string, string][] = [];
  const name = reader.match(/[a-zA-Z_:][a-zA-Z0-9_:]*/y);
  if (name !== undefined) pairs.push([METRIC_NAME, name[0]]);
  if (reader.rest.startsWith('{{') || !reader.take('{')) {
    if (name === undefined) reader.fail('expected a series');
    return Labels.from(pairs);
  }
  for (;;) {
    reader.skipSpace();
    if (reader.take('}')) return Labels.from(pairs);
    pairs.push(readPair(reader));
    reader.skipSpace();
    if (reader.take(',')) continue;
    reader.expect('}');
    return Labels.from(pairs);
  }
}

function readPair(reader: LineReader): [string, string] {
  const wasQuoted = isQuote(reader);
  const key = wasQuoted ? reader.quoted() : reader.match(/[a-zA-Z_][a-zA-Z0-9_]*/y)?.[0];
  if (key === undefined) reader.fail('expected a label');
  reader.skipSpace();
  if (wasQuoted && /^[,}]/.test(reader.rest)) return [METRIC_NAME, key];
  reader.expect('=');
  reader.skipSpace();
  if (!isQuote(reader)) reader.fail('expected a string');
  return [key, reader.quoted()];
}
