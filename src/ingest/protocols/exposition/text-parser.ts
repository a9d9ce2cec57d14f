import { quoted } from '../../../model/labels.ts';
import type { MetricType } from '../../series-rows.ts';
import { excerpt } from './line-error.ts';
import { LineParser, NO_EXEMPLARS } from './line-parser.ts';
import { parseNumber } from './numbers.ts';
import {
  countLineFeeds,
  endOfBraces,
  endOfName,
  endOfQuoted,
  isBlank,
  SeriesText,
  unescapeHelp,
  unescapeLabel,
} from './series-text.ts';
import { decodeUtf8 } from './utf8.ts';

const HASH = 0x23;
const BRACE_OPEN = 0x7b;
/** UTF-8's byte order mark, one character per byte. */
const BYTE_ORDER_MARK = '\u00ef\u00bb\u00bf';
const TYPES: readonly (readonly [word: string, type: MetricType])[] = [
  ['gauge', 'gauge'],
  ['counter', 'counter'],
  ['histogram', 'histogram'],
  ['summary', 'summary'],
  ['untyped', 'unknown'],
];
const INTEGER = /^-?\d{1,16}$/;

/**
 * The Prometheus text format, versions 0.0.4 and 1.0.0 (which adds quoted UTF-8 names; they are understood in both).
 *
 * Takes what Prometheus takes, and besides: a byte order mark, carriage returns before line feeds, a last line without a line feed, blanks
 * around the type, and times before 1970.
 *
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export class TextParser extends LineParser {
  /** Name in the last HELP or TYPE line; as the page has it, and its length there. */
  #family = '';
  #rawFamily = '';
  #familyLength = 0;

  override run(): void {
    const { text } = this;
    let at = text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
    while (at < text.length) {
      this.line++;
      const lineFeed = text.indexOf('\n', at);
      at = this.readLine(at, lineFeed < 0 ? text.length : lineFeed) + 1;
    }
  }

  protected override mayHaveExemplar(): boolean {
    return false;
  }

  protected override comment(start: number, end: number): void {
    const { text } = this;
    const keyword = this.#skipBlanks(start + 1, end);
    if (keyword === start + 1) return;
    const isHelp = text.startsWith('HELP', keyword);
    if (!isHelp && !text.startsWith('TYPE', keyword)) return;
    if (!isBlank(text.charCodeAt(keyword + 4)) || keyword + 4 >= end) return;
    const stop = this.contentEnd(start, end);
    const nameStart = this.#skipBlanks(keyword + 4, stop);
    const metric = this.#familyAt(nameStart, stop, isHelp ? 'HELP' : 'TYPE');
    const nameEnd = nameStart + this.#familyLength;
    if (isHelp) this.sink.metadata(metric, { help: this.#help(text.slice(nameEnd + 1, stop)) });
    else this.sink.metadata(metric, { type: this.#typeAt(this.#skipBlanks(nameEnd, stop), stop) });
  }

  /** The name at `start`, which nearly always is that of the comment before. Leaves its length on the page in a field. */
  #familyAt(start: number, stop: number, keyword: string): string {
    const known = start + this.#familyLength;
    const isKnown = this.#familyLength > 0 && this.text.startsWith(this.#rawFamily, start);
    if (isKnown && known <= stop && (known === stop || isBlank(this.text.charCodeAt(known)))) {
      return this.#family;
    }
    const end = this.#endOfFamilyName(start, stop, keyword);
    this.#family = this.#familyName(start, end);
    this.#rawFamily = this.text.slice(start, end);
    this.#familyLength = end - start;
    return this.#family;
  }

  #endOfFamilyName(start: number, stop: number, keyword: string): number {
    const isQuoted = this.text.charAt(start) === '"';
    const end = isQuoted ? endOfQuoted(this.text, start, stop) + 1 : endOfName(this.text, start, stop);
    if (end <= start) {
      this.fail(`expected a metric name after ${keyword}, got ${excerpt(this.text, start, stop)}`);
    }
    if (end < stop && !isBlank(this.text.charCodeAt(end))) {
      this.fail(`expected a blank after the metric name, got ${excerpt(this.text, end, stop)}`);
    }
    return end;
  }

  #familyName(start: number, end: number): string {
    const raw = this.text.slice(start, end);
    if (!raw.startsWith('"')) return raw;
    const name = decodeUtf8(raw.slice(1, -1));
    if (name === undefined) this.fail('the metric name is not valid UTF-8');
    return unescapeLabel(name);
  }

  #help(raw: string): string {
    const help = decodeUtf8(raw);
    if (help === undefined) this.fail('the help text is not valid UTF-8');
    return unescapeHelp(help);
  }

  #typeAt(start: number, stop: number): MetricType {
    let end = stop;
    while (end > start && isBlank(this.text.charCodeAt(end - 1))) end--;
    for (const [word, type] of TYPES) {
      if (word.length !== end - start || !this.text.startsWith(word, start)) continue;
      this.type = type;
      return type;
    }
    const word = quoted(this.text.slice(start, end));
    return this.fail(`expected counter, gauge, histogram, summary or untyped, got ${word}`);
  }

  protected override slowLine(start: number, lineEnd: number): number {
    const { text } = this;
    const first = this.#skipBlanks(start, lineEnd);
    if (first >= this.contentEnd(start, lineEnd)) return lineEnd;
    if (text.charCodeAt(first) === HASH) {
      this.comment(first, lineEnd);
      return lineEnd;
    }
    const seriesEnd = this.#endOfSeries(first, lineEnd);
    const end = seriesEnd <= lineEnd ? lineEnd : this.#nextLineFeed(seriesEnd);
    const stop = this.contentEnd(start, end);
    const valueStart = this.#skipBlanks(seriesEnd, stop);
    const valueEnd = this.#endOfWord(valueStart, stop);
    const value = parseNumber(text, valueStart, valueEnd);
    if (value === undefined) {
      this.fail(`expected a number after the series, got ${excerpt(text, valueStart, stop)}`);
    }
    const timeStart = this.#skipBlanks(valueEnd, stop);
    const timeMs = timeStart < stop ? this.#time(timeStart, stop) : undefined;
    this.emit(first, seriesEnd, value, timeMs, NO_EXEMPLARS);
    if (end > lineEnd) this.line += countLineFeeds(text, lineEnd, end);
    return end;
  }

  #endOfSeries(start: number, lineEnd: number): number {
    const { text } = this;
    const { limits, onBadLine } = this.options;
    const nameEnd = endOfName(text, start, lineEnd);
    const brace = this.#skipBlanks(nameEnd, lineEnd);
    if (text.charCodeAt(brace) !== BRACE_OPEN || brace >= lineEnd) {
      if (nameEnd > start) return nameEnd;
      this.fail(`expected a metric name, "{" or "#", got ${excerpt(text, start, lineEnd)}`);
    }
    // Prometheus takes raw line feeds in label values. Where bad lines are passed over they end the line: the search for the quote
    // would start anew in each of them.
    const limit = onBadLine === undefined ? Math.min(text.length, start + limits.lineBytes) : lineEnd;
    const end = endOfBraces(text, brace, limit);
    if (end >= 0) return end;
    // Finds and names what is wrong.
    new SeriesText(text, start, lineEnd, this.line, this.options).series('');
    this.fail('expected "}" after the labels');
  }

  #time(start: number, stop: number): number {
    const end = this.#endOfWord(start, stop);
    const word = this.text.slice(start, end);
    const timeMs = Number(word);
    if (!INTEGER.test(word) || !Number.isSafeInteger(timeMs)) {
      this.fail(
        `expected a time in milliseconds or the end of the line, got ${excerpt(this.text, start, stop)}`,
      );
    }
    const rest = this.#skipBlanks(end, stop);
    if (rest < stop) {
      this.fail(`expected the end of the line after the time, got ${excerpt(this.text, rest, stop)}`);
    }
    return timeMs;
  }

  #nextLineFeed(from: number): number {
    const lineFeed = this.text.indexOf('\n', from);
    return lineFeed < 0 ? this.text.length : lineFeed;
  }

  #skipBlanks(start: number, end: number): number {
    let at = start;
    while (at < end && isBlank(this.text.charCodeAt(at))) at++;
    return at;
  }

  #endOfWord(start: number, end: number): number {
    let at = start;
    while (at < end && !isBlank(this.text.charCodeAt(at))) at++;
    return at;
  }
}
