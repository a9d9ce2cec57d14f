import { quoteGo, quoteRune, scanString } from './strings.ts';

export type TokenKind = 'word' | 'number' | 'duration' | 'string' | 'punctuation' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** As it stands in the query. */
  readonly text: string;
  /** Of a word that means something to the language where it stands: the word in lower case. Otherwise ''. */
  readonly keyword: string;
  readonly start: number;
  readonly end: number;
}

export interface LexError {
  readonly start: number;
  readonly end: number;
  readonly reason: string;
}

export interface Lexed {
  /** Without comments; the last one is of kind `end`, at the end or where the error is. */
  readonly tokens: readonly Token[];
  readonly error: LexError | undefined;
}

export const AGGREGATORS: ReadonlySet<string> = new Set(
  'sum avg count min max group stddev stdvar topk bottomk count_values quantile limitk limit_ratio'.split(
    ' ',
  ),
);
export const WORD_OPERATORS: ReadonlySet<string> = new Set(['and', 'or', 'unless', 'atan2']);
/** What Prometheus's messages show as `<word>`. */
export const MODIFIER_WORDS: ReadonlySet<string> = new Set(
  'offset smoothed anchored by without on ignoring group_left group_right bool fill fill_left fill_right'.split(
    ' ',
  ),
);
/** Functions of duration expressions; outside of them they are functions like others, but in any case of letters. */
export const DURATION_WORDS: ReadonlySet<string> = new Set(['step', 'range', 'min_of', 'max_of']);
const PREPROCESSORS: ReadonlySet<string> = new Set(['start', 'end']);
const FILL_WORDS: ReadonlySet<string> = new Set(['fill', 'fill_left', 'fill_right']);

const SPACE = /[ \t\n\r]*/y;
const COMMENT = /#[^\n\r]*/y;
const WORD = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const PLAIN_WORD = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const NUMBER =
  /(?:0[xX]_?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*|(?:\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:[eE][+-]?\d+(?:_\d+)*)?)(?![0-9A-Za-z_.])/y;
const DURATION = /\d+(?:ms|[smhdwy])(?:\d+(?:ms|[smhdw]))*(?![0-9A-Za-z_])/y;
const BAD_NUMBER = /[0-9A-Za-z_.]*/y;
const OPERATOR = /==|!=|<=|<\/|<|>=|>\/|>|=(?!~)|[-+*/%^@,]/y;
const MATCH_OPERATOR = /=~|=|!=|!~|,/y;

/** Cuts a query into tokens. What a character means depends on the brackets it stands in, as in Prometheus. */
export function lex(text: string): Lexed {
  const lexer = new Lexer(text);
  for (;;) {
    const error = lexer.next();
    if (error !== undefined) return { tokens: lexer.tokens, error };
    if (lexer.tokens.at(-1)?.kind === 'end') return { tokens: lexer.tokens, error: undefined };
  }
}

class Lexer {
  readonly tokens: Token[] = [];
  readonly #text: string;
  #at = 0;
  #openParens = 0;
  #isInBraces = false;
  #isInBrackets = false;
  #hasColon = false;
  #hasNumber = false;

  constructor(text: string) {
    this.#text = text;
  }

  /** Reads one token, or says why there is none; then the tokens end where the error is. */
  next(): LexError | undefined {
    this.#skipSpaceAndComments();
    const error = this.#isInBraces ? this.#inBraces() : this.#inStatement();
    if (error === undefined) return undefined;
    this.tokens.push({ kind: 'end', text: '', keyword: '', start: error.start, end: error.start });
    return error;
  }

  #skipSpaceAndComments(): void {
    do this.#at += this.#match(SPACE).length;
    while (this.#text[this.#at] === '#' && this.#skip(COMMENT));
  }

  #skip(pattern: RegExp): true {
    this.#at += this.#match(pattern).length;
    return true;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#text)?.[0] ?? '';
  }

  #push(kind: TokenKind, text: string, keyword = ''): undefined {
    const start = this.#at;
    this.#at += text.length;
    this.tokens.push({ kind, text, keyword, start, end: this.#at });
    return undefined;
  }

  #fail(reason: string, start = this.#at): LexError {
    return { start, end: this.#text.length, reason };
  }

  #rune(at = this.#at): string {
    const code = this.#text.codePointAt(at);
    return quoteRune(code === undefined ? undefined : String.fromCodePoint(code));
  }

  #inBraces(): LexError | undefined {
    const char = this.#text[this.#at];
    if (char === undefined) return this.#fail('unexpected end of input inside braces');
    const word = this.#match(PLAIN_WORD);
    if (word !== '') return this.#push('word', word);
    if (char === '"' || char === "'" || char === '`') return this.#string();
    if (char === '{') return this.#fail(`unexpected left brace ${this.#rune()}`);
    if (char === '}') {
      this.#isInBraces = false;
      return this.#push('punctuation', char);
    }
    const operator = this.#match(MATCH_OPERATOR);
    if (operator !== '') return this.#push('punctuation', operator);
    if (char === '!')
      return this.#fail(`unexpected character after '!' inside braces: ${this.#rune(this.#at + 1)}`);
    return this.#fail(`unexpected character inside braces: ${this.#rune()}`);
  }

  #inStatement(): LexError | undefined {
    const char = this.#text[this.#at];
    if (char === undefined) return this.#end();
    if ('()[]{}'.includes(char)) return this.#bracket(char);
    if (char === '"' || char === "'" || char === '`') return this.#string();
    if (/[0-9]/.test(char) || /^\.[0-9]/.test(this.#text.slice(this.#at, this.#at + 2)))
      return this.#number();
    if (this.#isInBrackets) {
      if (char === ':') return this.#colon();
      if (/[a-zA-Z_]/.test(char)) return this.#durationWord();
    }
    const word = this.#match(WORD);
    if (word !== '') return this.#word(word);
    const operator = this.#match(OPERATOR);
    if (operator !== '') return this.#push('punctuation', operator);
    if (char === '=' || char === '!')
      return this.#fail(`unexpected character after '${char}': ${this.#rune(this.#at + 1)}`);
    return this.#fail(`unexpected character: ${this.#rune()}`);
  }

  #end(): LexError | undefined {
    if (this.#isInBrackets && !this.#hasNumber)
      return this.#fail('unexpected end of input in duration expression');
    if (this.#openParens !== 0) return this.#fail('unclosed left parenthesis');
    if (this.#isInBrackets) return this.#fail('unclosed left bracket');
    return this.#push('end', '');
  }

  #bracket(char: string): LexError | undefined {
    if (char === '(') this.#openParens++;
    if (char === ')' && --this.#openParens < 0)
      return this.#fail(`unexpected right parenthesis ${this.#rune()}`);
    if (char === '{') this.#isInBraces = true;
    if (char === '}') return this.#fail(`unexpected character: ${this.#rune()}`);
    if (char === '[') {
      if (this.#isInBrackets) return this.#fail(`unexpected left bracket ${this.#rune()}`);
      this.#isInBrackets = true;
      this.#hasColon = false;
      this.#hasNumber = false;
    }
    if (char === ']') {
      if (!this.#isInBrackets) return this.#fail(`unexpected right bracket ${this.#rune()}`);
      this.#isInBrackets = false;
    }
    return this.#push('punctuation', char);
  }

  #colon(): LexError | undefined {
    if (!this.#hasNumber && this.tokens.at(-1)?.text === '[')
      return this.#fail('unexpected colon before duration in duration expression');
    if (this.#hasColon) return this.#fail(`unexpected colon ${this.#rune()}`);
    this.#hasColon = true;
    return this.#push('punctuation', ':');
  }

  #durationWord(): LexError | undefined {
    const word = this.#match(PLAIN_WORD);
    const keyword = word.toLowerCase();
    if (DURATION_WORDS.has(keyword)) return this.#push('word', word, keyword);
    if (this.#hasNumber) return this.#fail(`unexpected character: ${this.#rune()}, expected ':'`);
    return this.#fail(`unexpected character in duration expression: ${this.#rune()}`);
  }

  #string(): LexError | undefined {
    const scanned = scanString(this.#text, this.#at);
    if (scanned.error !== undefined) return this.#fail(scanned.error);
    return this.#push('string', this.#text.slice(this.#at, scanned.end));
  }

  #number(): LexError | undefined {
    this.#hasNumber = true;
    const number = this.#match(NUMBER);
    if (number !== '') return this.#push('number', number);
    const duration = this.#match(DURATION);
    if (duration !== '') return this.#push('duration', duration);
    return this.#fail(`bad number or duration syntax: ${quoteGo(this.#match(BAD_NUMBER).slice(0, 100))}`);
  }

  #word(word: string): undefined {
    const lower = word.toLowerCase();
    if (lower === 'inf' || lower === 'nan') return this.#push('number', word);
    if (FILL_WORDS.has(lower) && !this.#isBeforeParen(word)) return this.#push('word', word);
    const isKeyword =
      AGGREGATORS.has(lower) ||
      WORD_OPERATORS.has(lower) ||
      MODIFIER_WORDS.has(lower) ||
      DURATION_WORDS.has(lower) ||
      PREPROCESSORS.has(lower);
    return this.#push('word', word, isKeyword ? lower : '');
  }

  /** Whether the word at the current place is followed by a parenthesis: only then is `fill` more than a name. */
  #isBeforeParen(word: string): boolean {
    SPACE.lastIndex = this.#at + word.length;
    return this.#text[SPACE.lastIndex + (SPACE.exec(this.#text)?.[0].length ?? 0)] === '(';
  }
}
