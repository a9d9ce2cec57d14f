import { DecodeError } from '../../../lib/errors.ts';
import type { Labels } from '../../../model/labels.ts';
import type { MetricType } from '../../series-rows.ts';
import { lineError } from './line-error.ts';
import { parseNumber } from './numbers.ts';
import { endOfName, type LabelRules, type ParsedLabels, SeriesText } from './series-text.ts';
import type { ExpositionExemplar, ExpositionLimits, ExpositionSink, SeriesDetails } from './sink.ts';

const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const HASH = 0x23;
const BRACE_CLOSE = 0x7d;

export const NO_EXEMPLARS: readonly ExpositionExemplar[] = [];

/** Bad lines of one page that are passed over before the page as a whole is refused: each costs far more than a good one. */
export const MAX_BAD_LINES = 10_000;

export interface LineParserOptions {
  readonly limits: ExpositionLimits;
  readonly isStrict: boolean;
  /** When set, a bad line is told and passed over, up to {@link MAX_BAD_LINES}; else it makes the page bad. */
  readonly onBadLine: ((error: DecodeError) => void) | undefined;
}

/**
 * What the two text formats have in common. Works on a string with one character per byte, which is cheap to make, to slice and to
 * search; only names and values that are not ASCII are decoded.
 *
 * The quick way takes a line apart from its end: the last word is the value if what stands before it ends with `}` or is a plain
 * name. Whether the labels are well-formed shows when somebody asks for them, which happens once per series and not once per scrape.
 * Every other line goes the slow way, from its start.
 */
export abstract class LineParser {
  protected readonly text: string;
  protected readonly sink: ExpositionSink;
  protected readonly options: LineParserOptions;
  protected readonly details: CurrentSeries;
  /** Number of the line being read, from 1. */
  protected line = 0;
  /** Of the last TYPE line. */
  protected type: MetricType = '';
  /** Samples so far. */
  samples = 0;
  #badLines = 0;

  constructor(text: string, sink: ExpositionSink, options: LineParserOptions) {
    this.text = text;
    this.sink = sink;
    this.options = options;
    this.details = new CurrentSeries(text, options);
  }

  /** @throws DecodeError */
  abstract run(): void;
  /** Reads a line that starts with `#`. */
  protected abstract comment(start: number, end: number): void;
  /** Reads any line completely, `[start, end)` without its line feed. Returns its end, which may be further when it has line feeds in quotes. */
  protected abstract slowLine(start: number, end: number): number;
  /** Whether the end of this line may be something else than the value. */
  protected abstract mayHaveExemplar(start: number, end: number): boolean;

  /** Reads one line; returns its end. */
  protected readLine(start: number, end: number): number {
    if (this.options.onBadLine === undefined) return this.#line(start, end);
    try {
      return this.#line(start, end);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#badLines++;
      if (this.#badLines > MAX_BAD_LINES) throw tooManyBadLines(error);
      this.options.onBadLine(error);
      return end;
    }
  }

  #line(start: number, end: number): number {
    const { lineBytes } = this.options.limits;
    if (end - start > lineBytes) this.fail(`longer than the limit of ${lineBytes} bytes`);
    if (this.text.charCodeAt(start) === HASH) {
      this.comment(start, end);
      return end;
    }
    return this.#quickLine(start, end) ? end : this.slowLine(start, end);
  }

  #quickLine(start: number, end: number): boolean {
    const text = this.text;
    const stop = this.contentEnd(start, end);
    let space = stop - 1;
    while (space > start && text.charCodeAt(space) !== SPACE) space--;
    if (space <= start) return false;
    if (text.charCodeAt(space - 1) === BRACE_CLOSE) {
      if (this.mayHaveExemplar(start, end)) return false;
    } else if (endOfName(text, start, space) !== space) return false;
    const value = parseNumber(text, space + 1, stop);
    if (value === undefined) return false;
    this.emit(start, space, value, undefined, NO_EXEMPLARS);
    return true;
  }

  /** The end of a line without a carriage return. */
  protected contentEnd(start: number, end: number): number {
    const hasReturn = end > start && this.text.charCodeAt(end - 1) === CARRIAGE_RETURN;
    return hasReturn && !this.options.isStrict ? end - 1 : end;
  }

  /** Hands a sample to the sink. @param start bounds of name and labels. */
  protected emit(
    start: number,
    end: number,
    value: number,
    timeMs: number | undefined,
    exemplars: readonly ExpositionExemplar[],
  ): void {
    const { samples } = this.options.limits;
    if (++this.samples > samples) throw tooManySamples(samples);
    this.details.set(start, end, this.line, this.type);
    this.details.exemplars = exemplars;
    this.details.startMs = this.startOf(start, end);
    this.sink.sample(this.text.slice(start, end), value, timeMs, this.details);
  }

  /** When the series at `[start, end)` began to count. */
  protected startOf(_start: number, _end: number): number | undefined {
    return undefined;
  }

  protected fail(what: string): never {
    throw lineError(this.line, what);
  }
}

/** The series the sink is being told of. */
export class CurrentSeries implements SeriesDetails {
  startMs: number | undefined = undefined;
  exemplars: readonly ExpositionExemplar[] = NO_EXEMPLARS;
  readonly #text: string;
  readonly #rules: LabelRules;
  #start = 0;
  #end = 0;
  #line = 0;
  #type: MetricType = '';
  #parsed: ParsedLabels | undefined;

  constructor(text: string, rules: LabelRules) {
    this.#text = text;
    this.#rules = rules;
  }

  set(start: number, end: number, line: number, type: MetricType): void {
    this.#start = start;
    this.#end = end;
    this.#line = line;
    this.#type = type;
    this.#parsed = undefined;
  }

  labels(): Labels {
    return this.#parse().labels;
  }

  emptyLabels(): readonly string[] {
    return this.#parse().emptyLabels;
  }

  #parse(): ParsedLabels {
    this.#parsed ??= new SeriesText(this.#text, this.#start, this.#end, this.#line, this.#rules).series(
      this.#type,
    );
    return this.#parsed;
  }
}

export function tooManySamples(limit: number): DecodeError {
  return new DecodeError(
    `the page has more than the limit of ${limit} samples`,
    'expose fewer series or raise the limit',
  );
}

function tooManyBadLines(last: DecodeError): DecodeError {
  return new DecodeError(
    `more than ${MAX_BAD_LINES} bad lines; the last one: ${last.message}`,
    'check that the body is in the format its content type names',
  );
}
