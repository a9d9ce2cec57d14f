import { failParse, type Source, shorten } from './errors.ts';
import type { Token } from './lexer.ts';

/** The tokens of a source, one after the other; behind the last one is always the token `end`. */
export class TokenReader {
  readonly source: Source;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(source: Source, tokens: readonly Token[]) {
    this.source = source;
    this.#tokens = tokens;
  }

  peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)]!;
  }

  next(): Token {
    const token = this.peek();
    this.#at++;
    return token;
  }

  /** Where the token read last ends. */
  get lastEnd(): number {
    return this.#tokens[Math.min(Math.max(this.#at - 1, 0), this.#tokens.length - 1)]!.end;
  }

  unexpected(token: Token, context: string): never {
    return failParse(this.source, token.start, `unexpected ${describe(token)} in ${context}`);
  }
}

function describe(token: Token): string {
  if (token.kind === 'end') return 'EOF';
  if (token.kind === 'keyword')
    return token.text === 'else' || token.text === 'end' ? `{{${token.text}}}` : `<${token.text}>`;
  return JSON.stringify(shorten(token.text, 20));
}
