import { DecodeError } from '../../../lib/errors.ts';
import { Labels, METRIC_NAME } from '../../../model/labels.ts';
import type { DecodeContext, DecodeOutcome } from '../../types.ts';
import { excerpt, lineError } from '../exposition/line-error.ts';
import { parseNumber } from '../exposition/numbers.ts';
import { decodeUtf8 } from '../exposition/utf8.ts';
import { type ExtraLabels, ImportWriter, withExtraLabels } from '../import/import-writer.ts';
import { createImportedSeries, type ImportedSeries, SeriesCache } from '../import/series-cache.ts';
import { endOfKey, endOfMeasurement, endOfString, endOfToken, unescapeToken } from './line-scan.ts';

/** Units of the times in a request, `?precision=`; `n`, `u` and `µ` are the old names. Without one they are nanoseconds. */
export type InfluxPrecision = 'ns' | 'n' | 'us' | 'u' | 'µ' | 'ms' | 's' | 'm' | 'h';

/** `names` decides what becomes of characters a Prometheus identifier cannot have. */
export interface InfluxOptions {
  readonly precision?: InfluxPrecision | undefined;
  /** Labels every series gets, such as `db`; a tag of the same name wins, as in VictoriaMetrics. */
  readonly defaultLabels?: ExtraLabels;
  /** Labels every series gets and that win over tags: `?extra_label=name=value`. */
  readonly extraLabels?: ExtraLabels;
  /** `underscore` (default): they become `_`, so that queries need no quotes; `utf8`: names stay as sent. */
  readonly names?: 'underscore' | 'utf8';
  /** Kept between requests; without one every request parses its tags anew. */
  readonly cache?: SeriesCache;
}

export interface InfluxOutcome extends DecodeOutcome {
  /** String fields, which are no samples; they were left out and the rest of their lines kept. */
  stringsSkipped: number;
}

/** Bad lines that are passed over before the request as a whole is refused. */
const MAX_BAD_LINES = 10_000;
const MAX_LINE_BYTES = 1024 * 1024;
/** Bytes of one name or tag value. */
const MAX_TEXT_BYTES = 4096;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const HASH = 0x23;
const COMMA = 0x2c;
const EQUALS = 0x3d;
const TIME = /^-?\d{1,20}$/;
const TRUTHS: ReadonlyMap<string, number> = new Map([
  ...['t', 'T', 'true', 'True', 'TRUE'].map((word) => [word, 1] as const),
  ...['f', 'F', 'false', 'False', 'FALSE'].map((word) => [word, 0] as const),
]);
/** Digits to cut from a time, or what to multiply it with, to have milliseconds. */
const UNITS: Readonly<Record<InfluxPrecision, { readonly cut: number; readonly factor: number }>> = {
  ns: { cut: 6, factor: 1 },
  n: { cut: 6, factor: 1 },
  us: { cut: 3, factor: 1 },
  u: { cut: 3, factor: 1 },
  µ: { cut: 3, factor: 1 },
  ms: { cut: 0, factor: 1 },
  s: { cut: 0, factor: 1000 },
  m: { cut: 0, factor: 60_000 },
  h: { cut: 0, factor: 3_600_000 },
};

export function isInfluxPrecision(text: string): text is InfluxPrecision {
  return Object.hasOwn(UNITS, text);
}

/**
 * Decodes InfluxDB line protocol, the body of `/write` and `/api/v2/write`.
 *
 * Each field is a series `<measurement>_<field>` with the tags as labels, as VictoriaMetrics has it (a field called `value` is no
 * exception). Integers, unsigned ones and floats are values, booleans are 0 and 1, strings are skipped and counted. Names get `_` for
 * every character a Prometheus identifier cannot have, unless `names` says otherwise; tags without a value are left out; of two
 * tags that get the same name the later one counts. Bad lines are refused alone, with their numbers.
 *
 * https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/
 *
 * @throws DecodeError too many bad lines: the body is something else.
 */
export function decodeInfluxLines(
  body: Uint8Array,
  context: DecodeContext,
  options: InfluxOptions = {},
): InfluxOutcome {
  const reader = new LineReader(body, context, options);
  reader.run();
  return Object.assign(reader.writer.finish(), { stringsSkipped: reader.stringsSkipped });
}

class LineReader {
  readonly writer: ImportWriter;
  stringsSkipped = 0;
  readonly #text: string;
  readonly #context: DecodeContext;
  readonly #options: InfluxOptions;
  readonly #cache: SeriesCache;
  readonly #prefix: string;
  readonly #unit: { readonly cut: number; readonly factor: number };
  #line = 0;
  #badLines = 0;
  /** Fields of the line being read that are numbers. */
  #names: string[] = [];
  #values: number[] = [];

  constructor(body: Uint8Array, context: DecodeContext, options: InfluxOptions) {
    this.#text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1');
    this.#context = context;
    this.#options = options;
    this.#cache = options.cache ?? new SeriesCache();
    const { defaultLabels = [], extraLabels = [], names = 'underscore' } = options;
    const isPlain = defaultLabels.length + extraLabels.length === 0 && names === 'underscore';
    this.#prefix = isPlain ? '' : JSON.stringify([defaultLabels, extraLabels, names]);
    this.#unit = UNITS[options.precision ?? 'ns'];
    this.writer = new ImportWriter(context, this.#cache);
  }

  run(): void {
    const text = this.#text;
    for (let at = 0; at < text.length; ) {
      this.#line++;
      const found = text.indexOf('\n', at);
      const lineFeed = found < 0 ? text.length : found;
      at = this.#tryLine(at, lineFeed) + 1;
    }
  }

  /** Returns the end of the line, which is further when a string has line feeds. */
  #tryLine(start: number, lineFeed: number): number {
    try {
      return this.#readLine(start, lineFeed);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#badLines++;
      if (this.#badLines > MAX_BAD_LINES) throw tooManyBadLines(error);
      this.writer.refuse('bad_line', error.message);
      return lineFeed;
    }
  }

  #readLine(start: number, lineFeed: number): number {
    const text = this.#text;
    if (lineFeed - start > MAX_LINE_BYTES) this.#fail(`longer than the limit of ${MAX_LINE_BYTES} bytes`);
    const stop =
      lineFeed > start && text.charCodeAt(lineFeed - 1) === CARRIAGE_RETURN ? lineFeed - 1 : lineFeed;
    const first = this.#skipSpaces(start, stop);
    if (first >= stop || text.charCodeAt(first) === HASH) return lineFeed;
    const keyEnd = endOfKey(text, first, stop);
    const fields = this.#skipSpaces(keyEnd, stop);
    if (fields >= stop) this.#fail('expected fields after the measurement and tags, got the end of the line');
    const fieldsEnd = this.#readFields(fields, stop);
    const end = fieldsEnd <= stop ? lineFeed : this.#nextLineFeed(fieldsEnd);
    const timeMs = this.#time(fieldsEnd, fieldsEnd <= stop ? stop : end);
    const key = text.slice(first, keyEnd);
    // All or nothing: everything of the line is known to be good before its first sample is written.
    const series = this.#names.map((name) => this.#series(key, name));
    for (let i = 0; i < series.length; i++) this.writer.sample(series[i]!, timeMs, this.#values[i]!);
    for (let at = lineFeed; at < end; at++) if (text.charCodeAt(at) === LINE_FEED) this.#line++;
    return end;
  }

  /** Reads the fields into `names` and `values`; returns where they end. */
  #readFields(start: number, stop: number): number {
    const text = this.#text;
    this.#names = [];
    this.#values = [];
    let strings = 0;
    let limit = stop;
    for (let at = start; ; at++) {
      const equals = endOfToken(text, at, limit);
      if (equals === at) this.#fail(`expected the name of a field, got ${excerpt(text, at, limit)}`);
      if (equals >= limit || text.charCodeAt(equals) !== EQUALS) {
        this.#fail(`expected "=" after the field ${excerpt(text, at, equals)}`);
      }
      const name = text.slice(at, equals);
      at = equals + 1;
      if (text.charCodeAt(at) === QUOTE && at < limit) {
        const close = this.#endOfString(at);
        if (close >= limit) limit = this.#nextLineFeed(close);
        strings++;
        at = close + 1;
      } else {
        const end = endOfToken(text, at, limit);
        this.#names.push(name);
        this.#values.push(this.#value(at, end));
        at = end;
      }
      if (at < limit && text.charCodeAt(at) === COMMA) continue;
      if (at < limit && text.charCodeAt(at) !== SPACE) {
        this.#fail(`expected "," or a space after a field, got ${excerpt(text, at, limit)}`);
      }
      this.stringsSkipped += strings;
      return at;
    }
  }

  /** Strings may have line feeds; a string that is never closed makes only its line bad. */
  #endOfString(start: number): number {
    const close = endOfString(this.#text, start, Math.min(this.#text.length, start + MAX_TEXT_BYTES * 16));
    if (close < 0) this.#fail('the quotes of a string are not closed');
    return close;
  }

  #value(start: number, end: number): number {
    const last = this.#text.charAt(end - 1);
    if (end > start + 1 && (last === 'i' || last === 'u')) {
      const word = this.#text.slice(start, end - 1);
      const isInteger = last === 'i' ? /^[+-]?\d{1,20}$/.test(word) : /^\d{1,20}$/.test(word);
      if (isInteger) return Number(word);
    }
    const truth = TRUTHS.get(this.#text.slice(start, Math.min(end, start + 6)));
    if (truth !== undefined) return truth;
    const value = parseNumber(this.#text, start, end);
    if (value !== undefined && Number.isFinite(value)) return value;
    return this.#fail(
      `expected a number, a boolean or a string in quotes, got ${excerpt(this.#text, start, end)}`,
    );
  }

  /** The time behind the fields, or the server's. */
  #time(fieldsEnd: number, stop: number): number {
    const start = this.#skipSpaces(fieldsEnd, stop);
    if (start >= stop) return this.#context.nowMs;
    const word = this.#text.slice(start, stop).trim();
    if (!TIME.test(word))
      this.#fail(`expected a whole number as the time, got ${excerpt(word, 0, word.length)}`);
    const { cut, factor } = this.#unit;
    const units = word.slice(0, word.length - cut);
    const timeMs = units === '' || units === '-' ? 0 : Number(units) * factor;
    return Number.isSafeInteger(timeMs) ? timeMs : this.#fail(`the time ${word} is out of range`);
  }

  #series(key: string, field: string): ImportedSeries {
    const cacheKey = `${this.#prefix}${key} ${field}`;
    const known = this.#cache.get(cacheKey);
    if (known !== undefined) return known;
    const series = createImportedSeries(this.#labels(key, field));
    this.#cache.set(cacheKey, series);
    return series;
  }

  #labels(key: string, field: string): Labels {
    const { defaultLabels = [], extraLabels = [] } = this.#options;
    const measurementEnd = endOfMeasurement(key, 0, key.length);
    const measurement = unescapeToken(this.#decoded(key.slice(0, measurementEnd)));
    if (measurement === '') this.#fail('expected a measurement');
    const metric = `${measurement}_${unescapeToken(this.#decoded(field))}`;
    const pairs: [string, string][] = [
      ...defaultLabels.map(([name, value]): [string, string] => [name, value]),
    ];
    for (let at = measurementEnd; at < key.length; ) {
      const equals = endOfToken(key, at + 1, key.length);
      if (equals === at + 1 || key.charCodeAt(equals) !== EQUALS || equals >= key.length) {
        this.#fail(`expected a tag as name=value, got ${excerpt(key, at + 1, key.length)}`);
      }
      const end = endOfToken(key, equals + 1, key.length);
      if (end < key.length && key.charCodeAt(end) !== COMMA) {
        this.#fail(`expected "," after a tag, got ${excerpt(key, end, key.length)}`);
      }
      pairs.push(this.#tag(key.slice(at + 1, equals), key.slice(equals + 1, end)));
      at = end;
    }
    const { attributesPerRecord } = this.#context.limits;
    if (pairs.length >= attributesPerRecord) this.#fail(`more than the limit of ${attributesPerRecord} tags`);
    pairs.push([METRIC_NAME, this.#named(metric, /^[0-9]|[^a-zA-Z0-9_:]/gu)]);
    return withExtraLabels(Labels.from(pairs), extraLabels);
  }

  #tag(rawName: string, rawValue: string): [string, string] {
    const name = this.#named(unescapeToken(this.#decoded(rawName)), /^[0-9]|[^a-zA-Z0-9_]/gu);
    if (name === METRIC_NAME) this.#fail(`a tag is called ${METRIC_NAME}, which is the name of the metric`);
    return [name, unescapeToken(this.#decoded(rawValue))];
  }

  /** A first digit gets a `_` in front; every other character that does not belong becomes one. */
  #named(name: string, misfits: RegExp): string {
    if (this.#options.names === 'utf8') return name;
    return name.replace(misfits, (character) => (/[0-9]/.test(character) ? `_${character}` : '_'));
  }

  #decoded(latin1: string): string {
    if (latin1.length > MAX_TEXT_BYTES) {
      this.#fail(`a name or tag is longer than the limit of ${MAX_TEXT_BYTES} bytes`);
    }
    const text = decodeUtf8(latin1);
    return text ?? this.#fail('the line is not valid UTF-8');
  }

  #nextLineFeed(from: number): number {
    const found = this.#text.indexOf('\n', from);
    return found < 0 ? this.#text.length : found;
  }

  #skipSpaces(start: number, end: number): number {
    let at = start;
    while (at < end && this.#text.charCodeAt(at) === SPACE) at++;
    return at;
  }

  #fail(what: string): never {
    throw lineError(this.#line, what);
  }
}

function tooManyBadLines(last: DecodeError): DecodeError {
  return new DecodeError(
    `more than ${MAX_BAD_LINES} bad lines; the last one: ${last.message}`,
    'the body must be InfluxDB line protocol',
  );
}
