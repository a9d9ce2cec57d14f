import { DecodeError } from '../../../lib/errors.ts';
import { quoted } from '../../../model/labels.ts';
import type { MetricType } from '../../series-rows.ts';
import { type CreatedOfFamily, CreatedTimes } from './created-times.ts';
import { excerpt } from './line-error.ts';
import { LineParser, type LineParserOptions, NO_EXEMPLARS } from './line-parser.ts';
import { parseNumber } from './numbers.ts';
import { endOfBraces, endOfName, endOfQuoted, SeriesText, unescapeLabel } from './series-text.ts';
import type { ExpositionExemplar, ExpositionSink } from './sink.ts';
import { decodeUtf8 } from './utf8.ts';

const SPACE = 0x20;
const HASH = 0x23;
const BRACE_OPEN = 0x7b;
const END_OF_PAGE = '# EOF';
const TYPES: ReadonlySet<string> = new Set([
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
  'unknown',
]);

/**
 * OpenMetrics text, versions 0.0.1 and 1.0.0, as strict as Prometheus is: single spaces, no empty lines, no other comments, `# EOF` at the
 * end. Times are seconds.
 *
 * https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
export class OpenMetricsParser extends LineParser {
  readonly #created: CreatedTimes;
  readonly #keepsCreated: boolean;
  #family: CreatedOfFamily | undefined;
  /** Position of the next text that looks like an exemplar. */
  #nextExemplar = -1;

  constructor(text: string, sink: ExpositionSink, options: LineParserOptions & { keepsCreated: boolean }) {
    super(text, sink, options);
    this.#created = new CreatedTimes(text);
    this.#keepsCreated = options.keepsCreated;
  }

  override run(): void {
    const { text } = this;
    let at = 0;
    while (at < text.length) {
      this.line++;
      const lineFeed = text.indexOf('\n', at);
      const end = lineFeed < 0 ? text.length : lineFeed;
      if (end - at === END_OF_PAGE.length && text.startsWith(END_OF_PAGE, at)) {
        if (end + 1 < text.length) this.fail('unexpected data after # EOF');
        return;
      }
      if (lineFeed < 0) break;
      at = this.readLine(at, end) + 1;
    }
    throw new DecodeError(
      'the data does not end with # EOF',
      'the page was cut off, or is not OpenMetrics although its content type says so',
    );
  }

  protected override mayHaveExemplar(start: number, end: number): boolean {
    if (this.#nextExemplar < start) {
      const found = this.text.indexOf(' # {', start);
      this.#nextExemplar = found < 0 ? Number.POSITIVE_INFINITY : found;
    }
    return this.#nextExemplar < end;
  }

  protected override comment(start: number, end: number): void {
    const { text } = this;
    const keyword = text.slice(start + 2, start + 6);
    const isKnown = keyword === 'HELP' || keyword === 'TYPE' || keyword === 'UNIT';
    if (!isKnown || text.charCodeAt(start + 1) !== SPACE || text.charCodeAt(start + 6) !== SPACE) {
      this.fail(`expected # HELP, # TYPE, # UNIT or # EOF, got ${excerpt(text, start, end)}`);
    }
    const nameStart = start + 7;
    const isQuoted = text.charAt(nameStart) === '"';
    const nameEnd = isQuoted ? endOfQuoted(text, nameStart, end) + 1 : endOfName(text, nameStart, end);
    if (nameEnd <= nameStart) {
      this.fail(`expected a metric name after ${keyword}, got ${excerpt(text, nameStart, end)}`);
    }
    if (nameEnd >= end || text.charCodeAt(nameEnd) !== SPACE) {
      this.fail(`expected a space and a text after the metric name, got ${excerpt(text, nameEnd, end)}`);
    }
    const rawName = isQuoted ? text.slice(nameStart + 1, nameEnd - 1) : text.slice(nameStart, nameEnd);
    this.#metadata(keyword, rawName, this.#decoded(text.slice(nameEnd + 1, end)));
    this.#family = this.#created.family(rawName, this.type, end + 1);
  }

  #metadata(keyword: 'HELP' | 'TYPE' | 'UNIT', rawName: string, value: string): void {
    const metric = unescapeLabel(this.#decoded(rawName));
    if (keyword === 'HELP') this.sink.metadata(metric, { help: unescapeLabel(value) });
    else if (keyword === 'TYPE') {
      if (!TYPES.has(value)) this.fail(`expected a metric type of OpenMetrics, got ${quoted(value)}`);
      this.type = value as MetricType;
      this.sink.metadata(metric, { type: this.type });
    } else {
      if (value !== '' && !metric.endsWith(`_${value}`)) {
        this.fail(`the unit ${quoted(value)} is not a suffix of the metric ${quoted(metric)}`);
      }
      this.sink.metadata(metric, { unit: value });
    }
  }

  #decoded(latin1: string): string {
    const text = decodeUtf8(latin1);
    if (text === undefined) this.fail('the text is not valid UTF-8');
    return text;
  }

  protected override slowLine(start: number, end: number): number {
    const seriesEnd = this.#endOfSeries(start, end);
    const valueEnd = this.#endOfWord(seriesEnd, end);
    const value = this.#number(seriesEnd, valueEnd, end, 'after the series');
    let at = valueEnd;
    let timeMs: number | undefined;
    if (at < end && this.text.charCodeAt(at + 1) !== HASH) {
      at = this.#endOfWord(valueEnd, end);
      timeMs = this.#time(valueEnd, at, end);
    }
    const exemplars = at < end ? [this.#exemplar(at, end)] : NO_EXEMPLARS;
    this.emit(start, seriesEnd, value, timeMs, exemplars);
    return end;
  }

  #endOfSeries(start: number, end: number): number {
    const nameEnd = endOfName(this.text, start, end);
    if (nameEnd >= end || this.text.charCodeAt(nameEnd) !== BRACE_OPEN) {
      if (nameEnd > start) return nameEnd;
      this.fail(`expected a metric name, "{" or "#", got ${excerpt(this.text, start, end)}`);
    }
    return this.#endOfLabels(start, nameEnd, end);
  }

  #endOfLabels(start: number, brace: number, end: number): number {
    const found = endOfBraces(this.text, brace, end);
    if (found >= 0) return found;
    // Finds and names what is wrong.
    new SeriesText(this.text, start, end, this.line, this.options).series('');
    this.fail('expected "}" after the labels');
  }

  #exemplar(start: number, end: number): ExpositionExemplar {
    const { text } = this;
    if (!text.startsWith(' # {', start) || start + 4 > end) {
      this.fail(`expected an exemplar or the end of the line, got ${excerpt(text, start, end)}`);
    }
    const labelsEnd = this.#endOfLabels(start + 3, start + 3, end);
    const labels = new SeriesText(text, start + 3, labelsEnd, this.line, this.options).exemplar();
    const valueEnd = this.#endOfWord(labelsEnd, end);
    const value = this.#number(labelsEnd, valueEnd, end, 'after the labels of the exemplar');
    if (valueEnd >= end) return { labels, value, timeMs: undefined };
    const timeEnd = this.#endOfWord(valueEnd, end);
    if (timeEnd < end) this.fail(`expected the end of the line, got ${excerpt(text, timeEnd, end)}`);
    return { labels, value, timeMs: this.#time(valueEnd, timeEnd, end) };
  }

  /** The end of the space at `start` and the word behind it. */
  #endOfWord(start: number, end: number): number {
    let at = start + 1;
    while (at < end && this.text.charCodeAt(at) !== SPACE) at++;
    return Math.min(at, end);
  }

  #number(start: number, wordEnd: number, end: number, where: string): number {
    const hasSpace = start < end && this.text.charCodeAt(start) === SPACE;
    const value = hasSpace ? parseNumber(this.text, start + 1, wordEnd) : undefined;
    if (value !== undefined) return value;
    return this.fail(`expected a space and a number ${where}, got ${excerpt(this.text, start, end)}`);
  }

  #time(start: number, wordEnd: number, end: number): number {
    const timeMs = Math.trunc(this.#number(start, wordEnd, end, 'of seconds as the time') * 1000);
    if (Number.isSafeInteger(timeMs)) return timeMs;
    return this.fail(`expected a time in seconds, got ${excerpt(this.text, start, end)}`);
  }

  protected override emit(
    start: number,
    end: number,
    value: number,
    timeMs: number | undefined,
    exemplars: readonly ExpositionExemplar[],
  ): void {
    if (!this.#keepsCreated && this.#family?.isCreatedLine(start, end)) {
      // Its time was read ahead.
      return;
    }
    super.emit(start, end, value, timeMs, exemplars);
  }

  protected override startOf(start: number, end: number): number | undefined {
    return this.#family?.startOf(start, end);
  }
}
