import type { SyntaxNode } from '@lezer/common';
import type { PositionRange } from './ast.ts';
import type { FunctionDefinition } from './functions/define.ts';
import { ParseError } from './parse-error.ts';
import type { Token } from './parse-lex.ts';
import { describeUnexpected } from './parse-unexpected.ts';

/** What the parser must know of a function. */
export type Signature = Pick<
  FunctionDefinition,
  'name' | 'argTypes' | 'variadic' | 'returns' | 'isExperimental'
>;

export type SignatureLookup = (name: string) => Signature | undefined;

/** Which functions exist, and which experimental parts of the language are on; all are off unless named. */
export interface ParseOptions {
  readonly functions: SignatureLookup;
  /** Functions marked as experimental, `limitk` and `limit_ratio`. */
  readonly hasExperimentalFunctions?: boolean;
  /** On by default in Prometheus 3.14. */
  readonly hasDurationExpressions?: boolean;
  /** `anchored` and `smoothed`. */
  readonly hasExtendedRangeSelectors?: boolean;
  /** `fill`, `fill_left`, `fill_right`. */
  readonly hasFillModifiers?: boolean;
}

/** A query on its way from tokens to tree: answers what a node of the grammar was in the text. */
export class Source {
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly options: ParseOptions;
  readonly #tokenAt: Uint32Array;

  constructor(parts: {
    text: string;
    tokens: readonly Token[];
    tokenAt: Uint32Array;
    options: ParseOptions;
  }) {
    this.text = parts.text;
    this.tokens = parts.tokens;
    this.options = parts.options;
    this.#tokenAt = parts.tokenAt;
  }

  /** Index of a node's first token. */
  firstToken(node: SyntaxNode): number {
    return this.#tokenAt[node.from]!;
  }

  token(node: SyntaxNode): Token {
    return this.tokens[this.firstToken(node)]!;
  }

  position(node: SyntaxNode): PositionRange {
    return { start: this.token(node).start, end: this.end(node) };
  }

  /** Where a node ends in the text. */
  end(node: SyntaxNode): number {
    return this.tokens[this.#tokenAt[node.to - 1]!]!.end;
  }

  error(pos: PositionRange, reason: string): ParseError {
    return new ParseError(this.text, { start: pos.start, end: pos.end }, reason);
  }

  /** The error for a token that does not fit. */
  unexpected(index: number): ParseError {
    const { pos, reason } = describeUnexpected(this.tokens, index);
    return this.error(pos, reason);
  }
}
