import { CUT_MARK, cutText } from '../text.ts';

/** HTML for services that know a few tags and refuse a message in which anything else is wrong. */

/** A tag a service knows. */
export interface HtmlTag {
  /** Attributes it may have, each with what its value must look like; true: an attribute without a value. */
  readonly attributes?: Readonly<Record<string, RegExp | true>>;
  /** Without one of its attributes the tag is left out, its content stays. */
  readonly needsAttribute?: boolean;
}

export interface CutHtmlOptions {
  /** By name in lower case. */
  readonly tags: ReadonlyMap<string, HtmlTag>;
  /** Of the result, in UTF-16 units. */
  readonly maxLength: number;
  /** HTML to append when nothing had to be cut. */
  readonly end: string;
  /** HTML to append when something had to be cut. */
  readonly endWhenCut: string;
}

/** Deeper nesting is flattened; it also bounds what the closing tags need. */
const MAX_DEPTH = 12;
/** Tags that end a line where a service has no such tags. */
const BLOCK_TAGS = new Set(['p', 'div', 'li', 'tr', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6']);
const ENTITIES: Readonly<Record<string, string>> = {
  lt: '&lt;',
  gt: '&gt;',
  amp: '&amp;',
  quot: '&quot;',
  apos: "'",
  nbsp: '\u00a0',
};
const TOKEN =
  /<(\/?)([A-Za-z][A-Za-z0-9-]{0,20})((?:[\s/][^<>]*)?)>|&(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8});|[<>&]|[^<>&]+/g;
const ATTRIBUTE = /([A-Za-z-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g;

/**
 * Makes HTML that the service reads without complaint out of any text: tags it knows stay and are closed in order, other tags and
 * stray signs become text, entities it does not know too. What is longer than the limit is cut between characters, with a mark, and
 * every tag that is open there is closed.
 */
export function cutHtml(html: string, options: CutHtmlOptions): string {
  const whole = write(html, options, Number.POSITIVE_INFINITY);
  if (whole.length + options.end.length <= options.maxLength) return whole + options.end;
  return write(html, options, options.maxLength - options.endWhenCut.length) + options.endWhenCut;
}

function write(html: string, { tags }: CutHtmlOptions, maxLength: number): string {
  const writer = new HtmlCutter(maxLength);
  for (const match of html.matchAll(TOKEN)) {
    const [token, slash, name, attributes, entity] = match;
    if (name !== undefined) writeTag(writer, tags, { token, isEnd: slash === '/', name, attributes });
    else if (entity !== undefined) writer.add(cleanEntity(entity));
    else writer.addText(token);
    if (writer.isFull) break;
  }
  return writer.finish();
}

interface TagToken {
  readonly token: string;
  readonly isEnd: boolean;
  readonly name: string;
  readonly attributes: string | undefined;
}

function writeTag(writer: HtmlCutter, tags: ReadonlyMap<string, HtmlTag>, found: TagToken): void {
  const name = found.name.toLowerCase();
  const tag = tags.get(name);
  if (tag !== undefined) {
    if (found.isEnd) writer.close(name);
    else writer.open(name, attributesOf(tag, found.attributes ?? ''), tag.needsAttribute === true);
    return;
  }
  if (name === 'br') writer.add('\n');
  else if (BLOCK_TAGS.has(name)) writer.add(found.isEnd ? '\n' : '');
  else writer.addText(found.token);
}

function attributesOf(tag: HtmlTag, source: string): string {
  let written = '';
  for (const [, name, double, single, bare] of source.matchAll(ATTRIBUTE)) {
    const allowed = tag.attributes?.[name!.toLowerCase()];
    const value = double ?? single ?? bare;
    if (allowed === true) written += ` ${name!.toLowerCase()}`;
    else if (allowed !== undefined && value !== undefined && allowed.test(value))
      written += ` ${name!.toLowerCase()}="${cleanAttribute(value)}"`;
  }
  return written;
}

function cleanAttribute(value: string): string {
  return value
    .replace(/&(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8});|&/g, (_, entity: string | undefined) =>
      entity === undefined ? '&amp;' : cleanEntity(entity),
    )
    .replaceAll('"', '&quot;');
}

function cleanEntity(entity: string): string {
  if (!entity.startsWith('#')) return ENTITIES[entity] ?? `&amp;${entity};`;
  const isHex = entity[1] === 'x' || entity[1] === 'X';
  const point = isHex ? Number.parseInt(entity.slice(2), 16) : Number(entity.slice(1));
  const isCharacter = point >= 0x20 && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
  if (point === 10) return '\n';
  return isCharacter ? `&#${point};` : '\ufffd';
}

/** Collects output up to a length, and always knows what it takes to close the open tags. */
class HtmlCutter {
  readonly #maxLength: number;
  readonly #open: string[] = [];
  #closingLength = 0;
  #text = '';
  isFull = false;

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /** Room for more, with the closing tags and the mark already counted. */
  get #room(): number {
    return this.#maxLength - this.#text.length - this.#closingLength - CUT_MARK.length;
  }

  /** Something that must not be divided. */
  add(piece: string): void {
    if (piece.length <= this.#room) this.#text += piece;
    else this.#fill('');
  }

  /** Text that may have signs of HTML in it. */
  addText(text: string): void {
    if (!/[<>&]/.test(text)) {
      if (text.length <= this.#room) this.#text += text;
      else this.#fill(text);
      return;
    }
    for (const [piece] of text.matchAll(/[<>&]|[^<>&]+/g)) {
      if (this.isFull) return;
      if (piece === '<') this.add('&lt;');
      else if (piece === '>') this.add('&gt;');
      else if (piece === '&') this.add('&amp;');
      else this.addText(piece);
    }
  }

  open(name: string, attributes: string, needsAttribute: boolean): void {
    if (needsAttribute && attributes === '') return;
    if (this.#open.length >= MAX_DEPTH) return;
    const opening = `<${name}${attributes}>`;
    const closingLength = name.length + 3;
    if (opening.length + closingLength > this.#room) {
      this.#fill('');
      return;
    }
    this.#text += opening;
    this.#open.push(name);
    this.#closingLength += closingLength;
  }

  /** Closes the tag and what is open inside it; an end without a beginning is left out. */
  close(name: string): void {
    if (!this.#open.includes(name)) return;
    let last: string | undefined;
    do last = this.#closeLast();
    while (last !== name);
  }

  finish(): string {
    while (this.#open.length > 0) this.#closeLast();
    return this.#text;
  }

  #closeLast(): string {
    const name = this.#open.pop()!;
    this.#text += `</${name}>`;
    this.#closingLength -= name.length + 3;
    return name;
  }

  /** Takes what fits of a text, and the mark. */
  #fill(text: string): void {
    this.isFull = true;
    const room = this.#room + CUT_MARK.length;
    if (room < CUT_MARK.length) return;
    this.#text += text === '' ? CUT_MARK : cutText(text, room);
  }
}
