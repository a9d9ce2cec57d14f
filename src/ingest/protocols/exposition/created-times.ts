import type { MetricType } from '../../series-rows.ts';
import { parseNumber } from './numbers.ts';
import { endOfBraces, endOfName, endOfQuoted } from './series-text.ts';

const SPACE = 0x20;
const QUOTE = 0x22;
const EQUALS = 0x3d;
const BRACE_OPEN = 0x7b;
const SUFFIX = '_created';

/** Start times of one family, by the text of the labels that its series have in common. */
export interface CreatedOfFamily {
  /** Whether the series at `[start, end)` is a `_created` series of the family. */
  isCreatedLine(start: number, end: number): boolean;
  /** Epoch milliseconds. */
  startOf(start: number, end: number): number | undefined;
}

/**
 * Reads ahead for OpenMetrics's `_created` lines, which come after the samples whose start they tell.
 *
 * Series belong together when their labels are written the same way but for `le` or `quantile`: comparing texts is enough because
 * a client writes all series of a metric alike, and where it does not, a start time is missing and nothing else is wrong.
 */
export class CreatedTimes {
  readonly #text: string;
  readonly #isUsed: boolean;

  constructor(text: string) {
    this.#text = text;
    this.#isUsed = text.includes(SUFFIX);
  }

  /** @param rawName as the TYPE line has it, without quotes. @param from where the lines of the family begin. */
  family(rawName: string, type: MetricType, from: number): CreatedOfFamily | undefined {
    const isStarted = type === 'counter' || type === 'histogram' || type === 'summary';
    return this.#isUsed && isStarted
      ? new CreatedFamily(this.#text, `${rawName}${SUFFIX}`, type, from)
      : undefined;
  }
}

class CreatedFamily implements CreatedOfFamily {
  readonly #text: string;
  readonly #name: string;
  readonly #besides: string;
  readonly #from: number;
  #startsMs: Map<string, number> | undefined;

  constructor(text: string, name: string, type: MetricType, from: number) {
    this.#text = text;
    this.#name = name;
    this.#besides = type === 'histogram' ? 'le' : type === 'summary' ? 'quantile' : '';
    this.#from = from;
  }

  isCreatedLine(start: number, end: number): boolean {
    const text = this.#text;
    const nameEnd = endOfName(text, start, end);
    if (nameEnd > start) return nameEnd - start === this.#name.length && text.startsWith(this.#name, start);
    return text.startsWith(`{"${this.#name}"`, start) && start + this.#name.length + 3 <= end;
  }

  startOf(start: number, end: number): number | undefined {
    this.#startsMs ??= this.#read();
    if (this.#startsMs.size === 0) return undefined;
    return this.#startsMs.get(commonLabels(this.#text, start, end, this.#besides));
  }

  #read(): Map<string, number> {
    const starts = new Map<string, number>();
    const nextFamily = this.#text.indexOf('\n#', this.#from - 1);
    const lines = this.#text.slice(this.#from, nextFamily < 0 ? this.#text.length : nextFamily + 1);
    for (let at = lines.indexOf(this.#name); at >= 0; ) {
      const start = this.#from + lines.lastIndexOf('\n', at) + 1;
      const lineFeed = lines.indexOf('\n', at);
      if (lineFeed < 0) break;
      this.#readLine(start, this.#from + lineFeed, starts);
      at = lines.indexOf(this.#name, lineFeed);
    }
    return starts;
  }

  #readLine(start: number, lineEnd: number, starts: Map<string, number>): void {
    const text = this.#text;
    const brace = endOfName(text, start, lineEnd);
    const end = text.charCodeAt(brace) === BRACE_OPEN ? endOfBraces(text, brace, lineEnd) : brace;
    if (end < 0 || !this.isCreatedLine(start, end) || text.charCodeAt(end) !== SPACE) return;
    const space = text.indexOf(' ', end + 1);
    const seconds = parseNumber(text, end + 1, space < 0 || space > lineEnd ? lineEnd : space);
    const startMs = Math.trunc((seconds ?? 0) * 1000);
    if (Number.isSafeInteger(startMs) && startMs > 0) {
      starts.set(commonLabels(text, start, end, this.#besides), startMs);
    }
  }
}

/** What a series has between its braces, without its name and the label `besides` (empty: with all). */
function commonLabels(text: string, start: number, end: number, besides: string): string {
  const brace = text.indexOf('{', start);
  if (brace < 0 || brace >= end) return '';
  let first = brace + 1;
  if (brace === start && text.charCodeAt(first) === QUOTE) {
    const close = endOfQuoted(text, first, end);
    if (close >= 0 && text.charCodeAt(close + 1) !== EQUALS) first = Math.min(close + 2, end - 1);
  }
  const labels = text.slice(first, end - 1);
  return besides === '' || !labels.includes(besides) ? labels : withoutLabel(labels, besides);
}

function withoutLabel(labels: string, name: string): string {
  for (let at = 0; at < labels.length; ) {
    const isQuoted = labels.charCodeAt(at) === QUOTE;
    const nameEnd = isQuoted ? endOfQuoted(labels, at, labels.length) + 1 : labels.indexOf('=', at);
    if (nameEnd <= at) return labels;
    let end = nameEnd;
    if (labels.charCodeAt(nameEnd) === EQUALS) end = endOfQuoted(labels, nameEnd + 1, labels.length) + 1;
    if (end < nameEnd) return labels;
    if (nameEnd - at === name.length && labels.startsWith(name, at)) {
      // With the comma that separates it from its neighbour.
      return at === 0 ? labels.slice(end + 1) : labels.slice(0, at - 1) + labels.slice(end);
    }
    at = end + 1;
  }
  return labels;
}
