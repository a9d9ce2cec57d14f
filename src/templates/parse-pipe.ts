import { failParse } from './errors.ts';
import type { Token } from './lexer.ts';
import { numberOf, runeOf, unquote } from './literals.ts';
import { Scopes } from './scopes.ts';
import type { Command, Operand, Pipe } from './syntax.ts';
import type { TokenReader } from './token-reader.ts';

/** Reads what stands inside an action: a pipeline with its commands and operands. */
export class PipeParser {
  /** The variables that exist here, `''` for `$`; the parser of nodes cuts them back at the end of a structure. */
  variables = new Scopes<true>();
  readonly #tokens: TokenReader;
  readonly #functions: ReadonlySet<string>;
  readonly #maxDepth: number;
  #depth = 0;

  constructor(tokens: TokenReader, functions: ReadonlySet<string>, maxDepth: number) {
    this.#tokens = tokens;
    this.#functions = functions;
    this.#maxDepth = maxDepth;
  }

  /** A pipeline and the token that closes it. */
  parse(context: string, closing: 'close' | ')'): Pipe {
    const start = this.#tokens.peek().start;
    if (++this.#depth > this.#maxDepth)
      this.#fail(start, `more than ${this.#maxDepth} parentheses inside each other`);
    const { variables, isAssignment } = this.#declaration(context);
    const commands: Command[] = [];
    for (;;) {
      const token = this.#tokens.peek();
      if (closing === ')' ? token.text === ')' && token.kind === 'symbol' : token.kind === 'close') break;
      if (token.kind === 'close' || token.kind === 'end') this.#tokens.unexpected(token, context);
      commands.push(this.#command(context));
    }
    const end = this.#tokens.lastEnd;
    this.#tokens.next();
    if (commands.length === 0) this.#fail(start, `missing value for ${context}`);
    this.#checkStages(commands);
    this.#depth--;
    return { kind: 'pipe', variables, isAssignment, commands, start, end };
  }

  /** `$x :=`, `$x =`, and in a range `$i, $x :=`. */
  #declaration(context: string): { variables: string[]; isAssignment: boolean } {
    const first = this.#tokens.peek();
    const second = this.#tokens.peek(1);
    if (first.kind !== 'variable' || second.kind !== 'symbol') return { variables: [], isAssignment: false };
    const isPair = second.text === ',' && context === 'range';
    const third = this.#tokens.peek(2);
    if (isPair && third.kind !== 'variable') this.#tokens.unexpected(third, context);
    const sign = isPair ? this.#tokens.peek(3) : second;
    if (sign.text !== ':=' && sign.text !== '=') {
      if (second.text === ',') this.#fail(second.start, `too many declarations in ${context}`);
      return { variables: [], isAssignment: false };
    }
    const variables = [first, ...(isPair ? [third] : [])].map((token) => token.text.slice(1));
    for (let i = 0; i < (isPair ? 4 : 2); i++) this.#tokens.next();
    if (sign.text === ':=') for (const name of variables) this.variables.push(name, true);
    else for (const [i, name] of variables.entries()) this.#checkVariable(name, i === 0 ? first : third);
    return { variables, isAssignment: sign.text === '=' };
  }

  #checkVariable(name: string, token: Token): void {
    if (this.variables.get(name) === undefined)
      this.#fail(token.start, `undefined variable ${JSON.stringify(token.text)}`);
  }

  #command(context: string): Command {
    const start = this.#tokens.peek().start;
    const operands: Operand[] = [];
    for (;;) {
      const token = this.#tokens.peek();
      if (operands.length > 0 && isEndOfCommand(token)) break;
      if (operands.length > 0 && !token.hasSpaceBefore) this.#tokens.unexpected(token, 'operand');
      if (isEndOfCommand(token)) this.#tokens.unexpected(token, context);
      operands.push(this.#operand(context));
    }
    const end = this.#tokens.lastEnd;
    // A bar with nothing behind it is no mistake in Go.
    if (isBar(this.#tokens.peek())) this.#tokens.next();
    return { operands, start, end };
  }

  #operand(context: string): Operand {
    const operand = this.#term(context);
    const names = this.#fields();
    if (names.length === 0) return operand;
    const end = this.#tokens.lastEnd;
    switch (operand.kind) {
      case 'field':
        return { ...operand, names: [...operand.names, ...names], end };
      case 'variable':
        return { ...operand, names: [...operand.names, ...names], end };
      case 'bool':
      case 'string':
      case 'number':
      case 'nil':
      case 'dot':
        return this.#fail(operand.end, `unexpected . after term ${JSON.stringify(this.#written(operand))}`);
      default:
        return { kind: 'chain', operand, names, start: operand.start, end };
    }
  }

  #fields(): string[] {
    const names: string[] = [];
    for (;;) {
      const token = this.#tokens.peek();
      if (token.kind !== 'field' || token.hasSpaceBefore) return names;
      names.push(this.#tokens.next().text.slice(1));
    }
  }

  #term(context: string): Operand {
    const token = this.#tokens.next();
    const { start, end, text } = token;
    switch (token.kind) {
      case 'identifier':
        if (!this.#functions.has(text)) this.#fail(start, `function ${JSON.stringify(text)} not defined`);
        return { kind: 'function', name: text, start, end };
      case 'dot':
        return { kind: 'dot', start, end };
      case 'nil':
        return { kind: 'nil', start, end };
      case 'bool':
        return { kind: 'bool', value: text === 'true', start, end };
      case 'field':
        return { kind: 'field', names: [text.slice(1)], start, end };
      case 'variable':
        this.#checkVariable(text.slice(1), token);
        return { kind: 'variable', name: text.slice(1), names: [], start, end };
      case 'symbol':
        if (text !== '(') return this.#tokens.unexpected(token, context);
        return { ...this.parse('parenthesized pipeline', ')'), start, end: this.#tokens.lastEnd };
      default:
        return this.#literal(token, context);
    }
  }

  #literal(token: Token, context: string): Operand {
    const { start, end, text } = token;
    const inner = text.slice(1, -1);
    if (token.kind === 'raw') return { kind: 'string', value: inner.replaceAll('\r', ''), start, end };
    if (token.kind === 'string') {
      const value = unquote(inner, '"');
      if (value === undefined) return this.#fail(start, `wrong escape in ${text}`);
      return { kind: 'string', value, start, end };
    }
    if (token.kind === 'char' || token.kind === 'number') {
      const value = token.kind === 'char' ? runeOf(inner) : numberOf(text);
      if (value === undefined) return this.#fail(start, `illegal number syntax or number too large: ${text}`);
      return { kind: 'number', value, start, end };
    }
    return this.#tokens.unexpected(token, context);
  }

  /** Behind a bar only something that takes an argument can stand. */
  #checkStages(commands: readonly Command[]): void {
    for (const [i, command] of commands.slice(1).entries()) {
      const first = command.operands[0]!;
      if (['bool', 'dot', 'nil', 'number', 'string'].includes(first.kind))
        this.#fail(first.start, `non executable command in pipeline stage ${i + 2}`);
    }
  }

  #written(operand: Operand): string {
    return this.#tokens.source.text.slice(operand.start, operand.end);
  }

  #fail(at: number, reason: string): never {
    return failParse(this.#tokens.source, at, reason);
  }
}

function isBar(token: Token): boolean {
  return token.kind === 'symbol' && token.text === '|';
}

function isEndOfCommand(token: Token): boolean {
  return (
    token.kind === 'close' ||
    token.kind === 'end' ||
    (token.kind === 'symbol' && (token.text === '|' || token.text === ')'))
  );
}
