import { compareText, Labels, METRIC_NAME } from '../../../model/labels.ts';
import type { MetricType } from '../../series-rows.ts';
import { excerpt, lineError } from './line-error.ts';
import { formatOpenMetricsNumber, parseNumber } from './numbers.ts';
import { type ExpositionLimits, ownText } from './sink.ts';
import { decodeUtf8 } from './utf8.ts';

const TAB = 0x09;
const LINE_FEED = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;
const BRACE_OPEN = 0x7b;
const BRACE_CLOSE = 0x7d;

/** Bits of what an ASCII character may be in a name that stands without quotes. */
const NAME_START = 1;
const NAME_PART = 2;
const LABEL_PART = 4;
const NAME_CLASS = Uint8Array.from({ length: 256 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/[a-zA-Z_]/.test(character)) return NAME_START | NAME_PART | LABEL_PART;
  if (character === ':') return NAME_START | NAME_PART;
  return /[0-9]/.test(character) ? NAME_PART | LABEL_PART : 0;
});

/** The end of the metric name that starts at `start`; `start` itself when none does. */
export function endOfName(text: string, start: number, end: number): number {
  if (start >= end || (NAME_CLASS[text.charCodeAt(start)]! & NAME_START) === 0) return start;
  let at = start + 1;
  while (at < end && (NAME_CLASS[text.charCodeAt(at)]! & NAME_PART) !== 0) at++;
  return at;
}

/** The position of the quote that ends the string opened at `start`, -1 when there is none before `end`. */
export function endOfQuoted(text: string, start: number, end: number): number {
  let at = start + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0 || quote >= end) return -1;
    let slashes = 0;
    while (quote - 1 - slashes > start && text.charCodeAt(quote - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return quote;
    at = quote + 1;
  }
}

/**
 * The position behind the `}` that belongs to the `{` at `start`, -1 when there is none before `end`. Only looks at braces and quotes;
 * what is between them is checked by {@link SeriesText}.
 */
export function endOfBraces(text: string, start: number, end: number): number {
  let at = start + 1;
  while (at < end) {
    const code = text.charCodeAt(at);
    if (code === BRACE_CLOSE) return at + 1;
    if (code === QUOTE) {
      at = endOfQuoted(text, at, end);
      if (at < 0) return -1;
    }
    at++;
  }
  return -1;
}

export function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

export interface LabelRules {
  /** OpenMetrics: no blanks between tokens, commas between labels, no line feeds inside of quotes. */
  readonly isStrict: boolean;
  readonly limits: ExpositionLimits;
}

/** The labels and names with empty values of one series or exemplar. */
export interface ParsedLabels {
  readonly labels: Labels;
  readonly emptyLabels: readonly string[];
}

/**
 * Parses `name{label="value"}`, `{"name",label="value"}` and, for exemplars, `{label="value"}` in a page of one character per byte.
 *
 * @param type of the last TYPE line: `le` of histograms and `quantile` of summaries are written in one form, as in Prometheus 3.
 * @throws DecodeError
 */
export class SeriesText {
  readonly #text: string;
  readonly #end: number;
  readonly #line: number;
  readonly #rules: LabelRules;
  #at = 0;
  #pairs: [string, string][] = [];

  constructor(text: string, start: number, end: number, line: number, rules: LabelRules) {
    // A copy, because slices of it become labels that are kept for long, and a slice keeps all of its text.
    this.#text = ownText(text.slice(start, end));
    this.#end = end - start;
    this.#line = line;
    this.#rules = rules;
  }

  series(type: MetricType): ParsedLabels {
    this.#skipBlanks();
    const nameEnd = endOfName(this.#text, this.#at, this.#end);
    let metric: string | undefined;
    if (nameEnd > this.#at) {
      metric = this.#bounded(this.#text.slice(this.#at, nameEnd), this.#rules.limits.labelNameBytes, 'name');
      this.#at = nameEnd;
      this.#skipBlanks();
    }
    metric = this.#braces(metric, true);
    if (metric === undefined) this.#fail('expected a metric name');
    if (metric === '') this.#fail('the metric name is empty');
    this.#pairs.push([METRIC_NAME, metric]);
    return this.#finished(type);
  }

  exemplar(): Labels {
    this.#braces(undefined, false);
    return this.#finished('').labels;
  }

  /** The part in braces if there is one; returns the metric's name. */
  #braces(metric: string | undefined, mayName: boolean): string | undefined {
    let found = metric;
    if (this.#at < this.#end && this.#peek() === BRACE_OPEN) {
      this.#at++;
      this.#skipBlanks();
      while (this.#peek() !== BRACE_CLOSE) {
        const isQuoted = this.#peek() === QUOTE;
        const name = this.#labelName();
        this.#skipBlanks();
        const next = this.#peek();
        if (isQuoted && mayName && (next === COMMA || next === BRACE_CLOSE)) {
          if (found !== undefined) this.#fail('the metric name is set twice');
          found = name;
          if (next === COMMA) this.#skipComma();
        } else this.#value(name);
      }
      this.#at++;
    }
    this.#skipBlanks();
    if (this.#at < this.#end) this.#fail('expected the end of the series');
    return found;
  }

  #labelName(): string {
    const { labelNameBytes } = this.#rules.limits;
    if (this.#peek() === QUOTE) return this.#quoted('name', labelNameBytes);
    const start = this.#at;
    const first = NAME_CLASS[this.#peek()] ?? 0;
    if ((first & NAME_START) === 0 || (first & LABEL_PART) === 0) this.#fail('expected a label name');
    let at = start + 1;
    while (at < this.#end && (NAME_CLASS[this.#text.charCodeAt(at)]! & LABEL_PART) !== 0) at++;
    this.#at = at;
    return this.#bounded(this.#text.slice(start, at), labelNameBytes, 'name');
  }

  #value(name: string): void {
    if (this.#peek() !== EQUALS) this.#fail('expected "=" after the label name');
    this.#at++;
    this.#skipBlanks();
    if (this.#peek() !== QUOTE) this.#fail('expected a label value in double quotes');
    const value = this.#quoted('value', this.#rules.limits.labelValueBytes);
    if (name === '') this.#fail('a label name is empty');
    this.#pairs.push([name, value]);
    const { labels } = this.#rules.limits;
    if (this.#pairs.length >= labels) this.#fail(`more than the limit of ${labels} labels`);
    this.#skipBlanks();
    const next = this.#peek();
    if (next === COMMA) this.#skipComma();
    else if (this.#rules.isStrict && next !== BRACE_CLOSE) this.#fail('expected "," or "}"');
  }

  #skipComma(): void {
    this.#at++;
    this.#skipBlanks();
  }

  /** The string in quotes at the position, without its escapes. */
  #quoted(what: string, maxBytes: number): string {
    const start = this.#at;
    const close = endOfQuoted(this.#text, start, this.#end);
    if (close < 0) this.#fail(`the quotes of this label ${what} are not closed`);
    const raw = this.#bounded(this.#text.slice(start + 1, close), maxBytes, what);
    if (this.#rules.isStrict && raw.includes('\n'))
      this.#fail(`expected \\n for a line feed in a label ${what}`);
    const text = decodeUtf8(raw);
    if (text === undefined) this.#fail(`a label ${what} is not valid UTF-8`);
    this.#at = close + 1;
    return unescapeLabel(text);
  }

  #bounded(text: string, maxBytes: number, what: string): string {
    if (text.length > maxBytes) this.#fail(`a label ${what} is longer than the limit of ${maxBytes} bytes`);
    return text;
  }

  #finished(type: MetricType): ParsedLabels {
    const pairs = this.#pairs;
    const normalised = type === 'histogram' ? 'le' : type === 'summary' ? 'quantile' : '';
    pairs.sort((a, b) => compareText(a[0], b[0]));
    const names: string[] = [];
    const values: string[] = [];
    const emptyLabels: string[] = [];
    for (let i = 0; i < pairs.length; i++) {
      const [name, value] = pairs[i]!;
      if (i > 0 && pairs[i - 1]![0] === name) this.#fail(`the label ${JSON.stringify(name)} is given twice`);
      if (value === '') emptyLabels.push(name);
      else {
        names.push(name);
        values.push(name === normalised ? normalNumber(value) : value);
      }
    }
    return { labels: Labels.fromSorted(names, values), emptyLabels };
  }

  #peek(): number {
    return this.#at < this.#end ? this.#text.charCodeAt(this.#at) : -1;
  }

  #skipBlanks(): void {
    if (this.#rules.isStrict) return;
    while (this.#at < this.#end && isBlank(this.#text.charCodeAt(this.#at))) this.#at++;
  }

  #fail(expected: string): never {
    throw lineError(this.#line, `${expected}, got ${excerpt(this.#text, this.#at, this.#end)}`);
  }
}

function normalNumber(value: string): string {
  const parsed = parseNumber(value, 0, value.length);
  return parsed === undefined ? value : formatOpenMetricsNumber(parsed);
}

/** Backslash escapes of label values and names: others than these stay as they are. */
export function unescapeLabel(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\([\\"n])/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
}

/** Escapes of HELP in the Prometheus text format. */
export function unescapeHelp(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\([\\n])/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
}

/** How many line feeds `text[start, end)` has. */
export function countLineFeeds(text: string, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++) if (text.charCodeAt(at) === LINE_FEED) count++;
  return count;
}
