import { MAX_NESTING_DEPTH } from './parse-error.ts';
import { AGGREGATORS, DURATION_WORDS, type Token, WORD_OPERATORS } from './parse-lex.ts';

/*
 * The grammar package is an editor's grammar: forgiving about words, ignorant of some numbers, with its own list of functions, and with
 * modifiers that bind looser than operators. So each token is respelled to a word of the grammar that cannot be misread (every name is
 * `m`, every function `abs`, every operator `^`, every literal operand `""`), the grammar proves the shape, and `parse-tree.ts` takes
 * what was meant from the tokens and groups operators by Prometheus's precedence.
 */

/** What an open bracket holds. */
export type Level = 'group' | 'call' | 'aggregate' | 'grouping' | 'fill' | 'duration' | 'bracket' | 'brace';

export interface Spelled {
  /** The query in the grammar's spelling: one word for each token, one space between. */
  readonly text: string;
  /** Index of the token at each offset of `text`. */
  readonly tokenAt: Uint32Array;
  /** Index of the first token that is nested too deep, if any; spelling ends there. */
  readonly tooDeepAt: number | undefined;
}

/** Most modifiers behind one operand; more than a few cannot be valid. */
const MAX_MODIFIERS = 50;

const GROUPING_WORDS = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right']);
const BINARY_MODIFIERS = new Set(['bool', 'on', 'ignoring', 'group_left', 'group_right']);
const CLOSERS = new Set([')', ']', '}']);

interface Opens {
  readonly level: Level;
  /** An operand follows the closing bracket, because it belongs to the modifiers of a binary operator. */
  readonly hasOperandAfter?: boolean;
  /** The next parenthesis after the closing one holds the arguments of an aggregation. */
  readonly hasArgumentsAfter?: boolean;
}

/** Respells the tokens for the grammar. */
export function spell(tokens: readonly Token[]): Spelled {
  const speller = new Speller(tokens);
  const words: string[] = [];
  let length = 0;
  let tooDeepAt: number | undefined;
  for (let index = 0; tokens[index]!.kind !== 'end'; index++) {
    const word = speller.spell(index);
    if (speller.depth > MAX_NESTING_DEPTH) {
      tooDeepAt = index;
      break;
    }
    words.push(word);
    length += word.length + 1;
  }
  const tokenAt = new Uint32Array(length + 1).fill(words.length);
  let offset = 0;
  words.forEach((word, index) => {
    tokenAt.fill(index, offset, offset + word.length);
    // A space belongs to the token after it, because the grammar stops there when that token does not fit.
    tokenAt[offset + word.length] = index + 1;
    offset += word.length + 1;
  });
  return { text: words.join(' '), tokenAt, tooDeepAt };
}

/** Reads tokens from left to right and knows what each of them is there. */
export class Speller {
  /** Open levels and the operators before this place on each of them: more than the depth of any expression that ends here. */
  depth = 0;
  readonly #tokens: readonly Token[];
  readonly #levels: { readonly opens: Opens; operators: number }[] = [];
  /** Modifiers behind the operand at hand. */
  #modifiers = 0;
  /** An operand must come next; otherwise an operator, a modifier or the end of the level. */
  #wantsOperand = true;
  /** A duration is due, after `offset`. */
  #wantsDuration = false;
  /** After `@`. */
  #wantsTime = false;
  /** What the next parenthesis opens, when a word before it says so. */
  #opens: Opens | undefined;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  /** The open levels, the innermost last. */
  get levels(): readonly Level[] {
    return this.#levels.map(({ opens }) => opens.level);
  }

  spell(index: number): string {
    const token = this.#tokens[index]!;
    const level = this.#levels.at(-1)?.opens.level;
    if (token.kind === 'punctuation' && CLOSERS.has(token.text)) return this.#close(token.text);
    if (token.text === '{') return this.#open('{', { level: 'brace' });
    if (token.text === '[') {
      this.#operator();
      return this.#open('[', { level: 'bracket' });
    }
    if (level === 'brace' || level === 'grouping') return this.#spellLabel(token);
    if (level === 'bracket' || level === 'duration' || this.#wantsDuration) return this.#spellDuration(token);
    if (level === 'fill' || this.#wantsTime) return this.#spellNumber(token);
    if (token.kind === 'word') return this.#spellWord(token, this.#tokens[index + 1]!);
    if (token.kind !== 'punctuation') return this.#operand('""');
    return this.#spellPunctuation(token.text);
  }

  #open(bracket: string, opens: Opens): string {
    this.#levels.push({ opens, operators: 0 });
    this.depth++;
    this.#opens = undefined;
    this.#wantsOperand = true;
    this.#wantsDuration = false;
    return bracket;
  }

  #close(bracket: string): string {
    const closed = this.#levels.pop();
    if (closed === undefined) return bracket;
    this.depth -= closed.operators + 1;
    this.#wantsOperand = closed.opens.hasOperandAfter ?? false;
    this.#opens = closed.opens.hasArgumentsAfter ? { level: 'aggregate' } : undefined;
    this.#wantsTime = false;
    return bracket;
  }

  #operator(): void {
    this.depth++;
    const level = this.#levels.at(-1);
    if (level !== undefined) level.operators++;
  }

  /** Modifiers nest in the grammar's tree, though not in the expression. */
  #modifier(): void {
    this.#modifiers++;
    if (this.#modifiers > MAX_MODIFIERS) this.depth = Number.POSITIVE_INFINITY;
  }

  #operand(word: string): string {
    this.#modifiers = 0;
    this.#wantsOperand = false;
    return word;
  }

  #spellLabel(token: Token): string {
    if (token.kind === 'word') return 'l';
    return token.kind === 'string' ? '""' : token.kind === 'punctuation' ? token.text : '1';
  }

  #spellDuration(token: Token): string {
    if (token.text === '(') return this.#open('(', { level: 'duration' });
    if (token.kind === 'punctuation') {
      if (token.text !== ',') this.#operator();
      return token.text;
    }
    this.#wantsDuration = false;
    this.#wantsOperand = false;
    if (token.kind === 'number' || token.kind === 'duration') return '1';
    if (!DURATION_WORDS.has(token.keyword)) return token.kind === 'string' ? '""' : 'm';
    this.#opens = { level: 'duration' };
    return token.keyword;
  }

  #spellNumber(token: Token): string {
    if (token.text === '+' || token.text === '-') return token.text;
    this.#wantsTime = false;
    if (token.kind === 'number' || token.kind === 'duration') return '1';
    if (token.keyword === 'start' || token.keyword === 'end') {
      this.#opens = { level: 'call' };
      return token.keyword;
    }
    return token.kind === 'word' ? 'm' : token.kind === 'string' ? '""' : token.text;
  }

  #spellPunctuation(text: string): string {
    if (text === '(') {
      return this.#open('(', this.#opens ?? { level: this.#wantsOperand ? 'group' : 'call' });
    }
    if (text === ',') {
      this.#wantsOperand = true;
      const level = this.#levels.at(-1);
      if (level !== undefined) {
        this.depth -= level.operators;
        level.operators = 0;
      }
      return text;
    }
    if (text === '@') {
      this.#modifier();
      this.#wantsTime = true;
      return text;
    }
    if (text === '=' || text === ':') return '=';
    this.#operator();
    if (this.#wantsOperand) return text === '+' || text === '-' ? text : '*';
    this.#wantsOperand = true;
    return '^';
  }

  #spellWord(token: Token, next: Token): string {
    const { keyword } = token;
    const isBeforeParen = next.text === '(';
    if (this.#wantsOperand) {
      if (keyword === 'atan2') return '*';
      if (keyword.startsWith('fill')) {
        this.#opens = { level: 'fill', hasOperandAfter: true };
        return keyword;
      }
      if (BINARY_MODIFIERS.has(keyword)) {
        if (keyword !== 'bool' && isBeforeParen) this.#opens = { level: 'grouping', hasOperandAfter: true };
        return keyword;
      }
      return this.#spellName(token, next);
    }
    if (WORD_OPERATORS.has(keyword)) {
      this.#operator();
      this.#wantsOperand = true;
      return '^';
    }
    if (keyword === 'offset' || keyword === 'anchored' || keyword === 'smoothed') this.#modifier();
    if (keyword === 'offset') this.#wantsDuration = true;
    else if (GROUPING_WORDS.has(keyword))
      this.#opens = { level: 'grouping', hasArgumentsAfter: this.#opens?.level === 'aggregate' };
    else if (keyword !== 'anchored' && keyword !== 'smoothed') return 'm';
    return keyword;
  }

  /** A metric's name, a function or an aggregation: what follows decides. */
  #spellName(token: Token, next: Token): string {
    this.#operand('');
    const isBeforeParen = next.text === '(';
    if (AGGREGATORS.has(token.keyword)) {
      if (!isBeforeParen && next.keyword !== 'by' && next.keyword !== 'without') return 'm';
      this.#opens = { level: 'aggregate' };
      return 'sum';
    }
    const isFunction =
      token.keyword === '' ||
      DURATION_WORDS.has(token.keyword) ||
      token.keyword === 'start' ||
      token.keyword === 'end';
    return isBeforeParen && isFunction && !token.text.includes(':') ? 'abs' : 'm';
  }
}
