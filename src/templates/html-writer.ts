import { escapeHtml, escapeUnquoted, normalizeUrl, queryEscape } from './escape.ts';
import { HtmlPlace } from './html-place.ts';
import { BoundedText, type Budget } from './run.ts';
import { SafeText } from './values.ts';
import type { Writer } from './writer.ts';

/** Stands where a value cannot be made safe, as in Go's html/template. */
export const REFUSED = 'ZgotmplZ';
const SAFE_SCHEMES = new Set(['http', 'https', 'mailto']);
const PLAIN_CSS = /^[\w#%.,\- !]*$/;
const UNSAFE_CSS = /expression|-moz-binding|javascript|\/\*/i;

/**
 * Writes HTML in which no value can become markup, a script or an address that runs one.
 *
 * The place of a value is known from everything written before it. In text it is escaped unless it is marked by `safeHtml`. In an
 * attribute it is escaped, marked or not; in one that holds an address only http, https, mailto and relative ones are let through
 * (`safeUrl` lifts that), and what goes behind the `?` is escaped as a parameter. In a `style` attribute only plain words, numbers
 * and colours pass. Everywhere else (tag and attribute names, event handlers, `srcset`, `srcdoc`, script and style elements)
 * stands `ZgotmplZ` instead, and in a comment nothing.
 */
export class HtmlWriter implements Writer {
  readonly #out: BoundedText;
  readonly #budget: Budget;
  readonly #place = new HtmlPlace();

  constructor(budget: Budget) {
    this.#budget = budget;
    this.#out = new BoundedText(budget);
  }

  markup(text: string): void {
    this.#budget.spendText(text.length);
    this.#place.read(text);
    this.#out.add(text);
  }

  value(value: string | SafeText): void {
    const text = typeof value === 'string' ? value : value.text;
    this.#budget.spendText(text.length);
    const place = this.#place.forValue();
    if (place === 'text') this.#inText(value, text);
    else if (place === 'attribute') this.#inAttribute(value, text);
    else if (place === 'refused') this.#refuse();
  }

  #inText(value: string | SafeText, text: string): void {
    if (value instanceof SafeText && value.kind === 'html') this.markup(text);
    else this.#out.add(escapeHtml(text));
  }

  #inAttribute(value: string | SafeText, text: string): void {
    const written = this.#attributeValue(value, text);
    if (written === undefined) this.#refuse();
    else this.#attributeText(written);
  }

  /** The value as the attribute may have it, before it is escaped for HTML. */
  #attributeValue(value: string | SafeText, text: string): string | undefined {
    const { attributeKind, isQuoted, address, isBehindQuestionMark } = this.#place;
    // An empty value without quotes would make the next attribute the value.
    if (attributeKind === 'refused' || (text === '' && !isQuoted)) return undefined;
    if (attributeKind === 'style') return PLAIN_CSS.test(text) && !UNSAFE_CSS.test(text) ? text : undefined;
    if (attributeKind === 'plain') return text;
    if (value instanceof SafeText && value.kind === 'url') return normalizeUrl(text);
    if (!hasSafeScheme(address + text)) return undefined;
    return isBehindQuestionMark ? queryEscape(text) : normalizeUrl(text);
  }

  #attributeText(text: string): void {
    const { isQuoted } = this.#place;
    this.#place.readValue(text);
    this.#out.add(isQuoted ? escapeHtml(text) : escapeUnquoted(text));
  }

  #refuse(): void {
    this.#place.readValue(REFUSED);
    this.#out.add(REFUSED);
  }

  get text(): string {
    return this.#out.text;
  }
}

/** Browsers skip blanks and control characters in front of and inside a scheme. */
function hasSafeScheme(address: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is to be found
  const scheme = /^([^/?#:]*):/.exec(address.replace(/[\x00-\x20\x7f-\xa0]/g, ''))?.[1];
  return scheme === undefined || SAFE_SCHEMES.has(scheme.toLowerCase());
}
