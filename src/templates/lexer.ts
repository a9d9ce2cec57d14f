import { failParse, type Source } from './errors.ts';
import type { Span } from './syntax.ts';

export type TokenKind =
  | 'text'
  | 'open'
  | 'close'
  | 'keyword'
  | 'identifier'
  | 'bool'
  | 'nil'
  | 'dot'
  | 'field'
  | 'variable'
  | 'number'
  | 'char'
  | 'string'
  | 'raw'
  | 'symbol'
  | 'end';

export interface Token extends Span {
  readonly kind: TokenKind;
  /** As written; of a text what is left of it after trimming. */
  readonly text: string;
  readonly hasSpaceBefore: boolean;
}

const KEYWORDS = new Set([
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'range',
  'template',
  'with',
]);
const SPACE = /[ \t\r\n]/;
const WORD = /[\p{L}\p{Nd}_]/u;
const WORDS = /[\p{L}\p{Nd}_]*/uy;
const NUMBER = /[+-]?(0[xX][0-9a-fA-F_.]*([pP][+-]?[\d_]*)?|[\d._]+([eE][+-]?[\d_]*)?|0[bBoO][\d_]*)/y;
const BASED_NUMBER = /[+-]?0[bBoO][\d_]*/y;
const QUOTED = /"(?:[^"\\\n]|\\[^\n])*"/y;
const CHARACTER = /'(?:[^'\\\n]|\\[^\n])*'/y;

/**
 * The tokens of a template: text and, between `{{` and `}}`, what is in an action. The last one is `end`.
 *
 * @throws TemplateError `bad_template`.
 */
export function lex(source: Source): Token[] {
  return new Lexer(source).run();
}

class Lexer {
  readonly #source: Source;
  readonly #input: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  #trimsNext = false;

  constructor(source: Source) {
    this.#source = source;
    this.#input = source.text;
  }

  run(): Token[] {
    for (;;) {
      const open = this.#input.indexOf('{{', this.#at);
      this.#text(open < 0 ? this.#input.length : open);
      if (open < 0) break;
      this.#action();
    }
    this.#push('end', this.#at, this.#at, false);
    return this.#tokens;
  }

  #text(end: number): void {
    const start = this.#at;
    let text = this.#input.slice(start, end);
    if (this.#trimsNext) text = text.replace(/^[ \t\r\n]+/, '');
    if (/^\{\{-[ \t\r\n]/.test(this.#input.slice(end, end + 4))) text = trimEnd(text);
    if (text !== '') this.#tokens.push({ kind: 'text', text, start, end, hasSpaceBefore: false });
    this.#at = end;
    this.#trimsNext = false;
  }

  #action(): void {
    const start = this.#at;
    const trims = /^-[ \t\r\n]/.test(this.#input.slice(start + 2, start + 4));
    this.#at = start + (trims ? 4 : 2);
    if (this.#input.startsWith('/*', this.#at)) this.#comment();
    else this.#inside(start);
  }

  #inside(start: number): void {
    this.#push('open', start, this.#at, false);
    let depth = 0;
    for (;;) {
      const hasSpace = this.#space();
      if (this.#close()) break;
      const token = this.#token(hasSpace);
      if (token === '(') depth++;
      if (token === ')' && --depth < 0) this.#fail('unexpected right paren', this.#at - 1);
    }
    if (depth > 0) this.#fail('unclosed left paren', start);
  }

  #comment(): void {
    const end = this.#input.indexOf('*/', this.#at);
    if (end < 0) this.#fail('unclosed comment', this.#at);
    this.#at = end + 2;
    const closing = /^([ \t\r\n]-)?\}\}/.exec(this.#input.slice(this.#at, this.#at + 4));
    if (closing === null) this.#fail('comment ends before closing delimiter', this.#at);
    this.#trimsNext = closing[1] !== undefined;
    this.#at += closing[0].length;
  }

  /** Skips white space, but leaves `-}}` with the space in front of it. */
  #space(): boolean {
    const start = this.#at;
    while (this.#at < this.#input.length && SPACE.test(this.#input[this.#at]!)) this.#at++;
    return this.#at > start;
  }

  #close(): boolean {
    const input = this.#input;
    const trims = input.startsWith('-}}', this.#at) && SPACE.test(input[this.#at - 1] ?? '');
    if (!trims && !input.startsWith('}}', this.#at)) return false;
    const end = this.#at + (trims ? 3 : 2);
    this.#push('close', this.#at, end, false);
    this.#trimsNext = trims;
    this.#at = end;
    return true;
  }

  /** One token inside an action; its text. */
  #token(hasSpaceBefore: boolean): string {
    const start = this.#at;
    const first = this.#input[start];
    if (first === undefined) this.#fail('unclosed action', start);
    const kind = this.#scan(first);
    this.#push(kind, start, this.#at, hasSpaceBefore);
    return this.#input.slice(start, this.#at);
  }

  #scan(first: string): TokenKind {
    const next = this.#input[this.#at + 1] ?? '';
    if (first === '"') return this.#match(QUOTED, 'string', 'unterminated quoted string');
    if (first === "'") return this.#match(CHARACTER, 'char', 'unterminated character constant');
    if (first === '`') return this.#raw();
    if (first === '$') return this.#name('variable');
    if (first === '.' && !/\d/.test(next)) return this.#name('field');
    if (/[\d.]/.test(first) || (/[+-]/.test(first) && /[\d.]/.test(next))) return this.#number();
    if (first === ':' && next === '=') return this.#symbol(2);
    if ('()|,='.includes(first)) return this.#symbol(1);
    if (WORD.test(this.#character())) return this.#word();
    return this.#fail(`unexpected character ${JSON.stringify(this.#character())} in command`, this.#at);
  }

  #symbol(length: number): TokenKind {
    this.#at += length;
    return 'symbol';
  }

  #match(pattern: RegExp, kind: TokenKind, mistake: string): TokenKind {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#input);
    if (match === null) this.#fail(mistake, this.#at);
    this.#at += match[0].length;
    return kind;
  }

  #raw(): TokenKind {
    const end = this.#input.indexOf('`', this.#at + 1);
    if (end < 0) this.#fail('unterminated raw quoted string', this.#at);
    this.#at = end + 1;
    return 'raw';
  }

  #number(): TokenKind {
    const start = this.#at;
    BASED_NUMBER.lastIndex = start;
    const pattern = BASED_NUMBER.test(this.#input) ? BASED_NUMBER : NUMBER;
    this.#match(pattern, 'number', 'bad number syntax');
    if (WORD.test(this.#character()))
      this.#fail(`bad number syntax: ${JSON.stringify(this.#input.slice(start, this.#at + 1))}`, start);
    return 'number';
  }

  /** A field or a variable; a point or a dollar sign alone is the dot or `$`. */
  #name(kind: 'field' | 'variable'): TokenKind {
    this.#at++;
    const length = this.#words();
    this.#checkTerminator();
    return length === 0 && kind === 'field' ? 'dot' : kind;
  }

  #word(): TokenKind {
    const start = this.#at;
    this.#words();
    this.#checkTerminator();
    const word = this.#input.slice(start, this.#at);
    if (KEYWORDS.has(word)) return 'keyword';
    if (word === 'true' || word === 'false') return 'bool';
    return word === 'nil' ? 'nil' : 'identifier';
  }

  #words(): number {
    WORDS.lastIndex = this.#at;
    const length = WORDS.exec(this.#input)![0].length;
    this.#at += length;
    return length;
  }

  #checkTerminator(): void {
    const next = this.#input[this.#at];
    if (next === undefined || SPACE.test(next) || '.,|:()'.includes(next)) return;
    if (this.#input.startsWith('}}', this.#at)) return;
    this.#fail(`bad character ${JSON.stringify(this.#character())}`, this.#at);
  }

  #character(): string {
    const point = this.#input.codePointAt(this.#at);
    return point === undefined ? '' : String.fromCodePoint(point);
  }

  #push(kind: TokenKind, start: number, end: number, hasSpaceBefore: boolean): void {
    this.#tokens.push({ kind, text: this.#input.slice(start, end), start, end, hasSpaceBefore });
  }

  #fail(reason: string, at: number): never {
    return failParse(this.#source, at, reason);
  }
}

/** `replace(/\s+$/)` would take quadratic time on long runs of blanks. */
function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && SPACE.test(text[end - 1]!)) end--;
  return text.slice(0, end);
}
