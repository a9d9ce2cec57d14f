import { failParse, type Source, TemplateError } from './errors.ts';
import { lex, type Token } from './lexer.ts';
import { unquote } from './literals.ts';
import { PipeParser } from './parse-pipe.ts';
import { Scopes } from './scopes.ts';
import type { BranchNode, Node, Pipe, RangeNode } from './syntax.ts';
import { TokenReader } from './token-reader.ts';

/** A named template and where it was written. */
export interface TemplateTree {
  readonly name: string;
  readonly source: Source;
  readonly nodes: readonly Node[];
}

export interface ParseOptions {
  /** Names that may be called. */
  readonly functions: ReadonlySet<string>;
  /** Variables besides `$` that the main text begins with, without the dollar sign. */
  readonly variables: readonly string[];
  /** Actions inside each other. */
  readonly maxDepth: number;
  readonly maxSourceLength: number;
}

interface ParsedList {
  readonly nodes: Node[];
  /** `end` or `else`, already read. */
  readonly terminator: Token;
}

/**
 * Reads one source: the templates it defines, and its text outside of them under its own name, first in the list.
 *
 * @throws TemplateError `bad_template`, with line and column.
 */
export function parse(source: Source, options: ParseOptions): TemplateTree[] {
  if (source.text.length > options.maxSourceLength) {
    const reason = `the template ${JSON.stringify(source.name)} is longer than ${options.maxSourceLength} characters`;
    throw new TemplateError({ code: 'bad_template', message: reason });
  }
  return new Parser(source, options).run();
}

class Parser {
  readonly #source: Source;
  readonly #options: ParseOptions;
  readonly #tokens: TokenReader;
  readonly #pipes: PipeParser;
  readonly #defined = new Map<string, TemplateTree>();
  #rangeDepth = 0;
  #depth = 0;

  constructor(source: Source, options: ParseOptions) {
    this.#source = source;
    this.#options = options;
    this.#tokens = new TokenReader(source, lex(source));
    this.#pipes = new PipeParser(this.#tokens, options.functions, options.maxDepth);
  }

  run(): TemplateTree[] {
    this.#pipes.variables = scopesOf(['', ...this.#options.variables]);
    const nodes: Node[] = [];
    while (this.#tokens.peek().kind !== 'end') {
      const node = this.#isDefinition() ? this.#define() : this.#node();
      if (node !== undefined) nodes.push(this.#noTerminator(node));
    }
    return [{ name: this.#source.name, source: this.#source, nodes }, ...this.#defined.values()];
  }

  #isDefinition(): boolean {
    return this.#tokens.peek().kind === 'open' && this.#tokens.peek(1).text === 'define';
  }

  #define(): undefined {
    this.#tokens.next();
    const keyword = this.#tokens.next();
    const name = this.#templateName('define clause');
    this.#close('define clause');
    this.#defineAs(name, keyword);
  }

  /** Reads the body up to `end` as a template of its own. */
  #defineAs(name: string, keyword: Token): void {
    const { variables } = this.#pipes;
    const rangeDepth = this.#rangeDepth;
    this.#pipes.variables = scopesOf(['']);
    this.#rangeDepth = 0;
    const { nodes, terminator } = this.#list();
    if (terminator.text !== 'end') this.#unexpected(terminator, 'define clause');
    this.#pipes.variables = variables;
    this.#rangeDepth = rangeDepth;
    const known = this.#defined.get(name);
    if (known !== undefined && !isEmpty(known.nodes)) {
      if (isEmpty(nodes)) return;
      failParse(this.#source, keyword.start, `multiple definition of template ${JSON.stringify(name)}`);
    }
    this.#defined.set(name, { name, source: this.#source, nodes });
  }

  /** Nodes up to `end` or `else`, which is read but not its closing delimiter, because `else if` goes on. */
  #list(): ParsedList {
    if (++this.#depth > this.#options.maxDepth)
      this.#fail(`more than ${this.#options.maxDepth} actions inside each other`);
    const nodes: Node[] = [];
    for (;;) {
      const token = this.#tokens.peek();
      if (token.kind === 'end') failParse(this.#source, token.start, 'unexpected EOF');
      const node = this.#node();
      if ('nodes' in node) {
        this.#depth--;
        return { nodes, terminator: node.terminator };
      }
      nodes.push(node);
    }
  }

  #noTerminator(node: Node | ParsedList): Node {
    if ('nodes' in node) return this.#unexpected(node.terminator, 'the text');
    return node;
  }

  /** A node, or the `end` or `else` that ends a list. */
  #node(): Node | ParsedList {
    const open = this.#tokens.next();
    if (open.kind === 'text') return { kind: 'text', text: open.text, start: open.start, end: open.end };
    const first = this.#tokens.peek();
    if (first.kind !== 'keyword') return this.#action(open);
    this.#tokens.next();
    switch (first.text) {
      case 'end':
        this.#close('end');
        return { nodes: [], terminator: first };
      case 'else':
        return { nodes: [], terminator: first };
      case 'if':
      case 'with':
        return this.#branch(first.text, open);
      case 'range':
        return this.#range(open);
      case 'template':
        return this.#callTemplate(open);
      case 'block':
        return this.#block(open, first);
      case 'break':
      case 'continue':
        return this.#leaveRange(first, open);
      default:
        return this.#unexpected(first, 'action');
    }
  }

  #action(open: Token): Node {
    // The variables of an action stay until the end of the structure around it.
    const pipe = this.#pipes.parse('command', 'close');
    return { kind: 'action', pipe, start: open.start, end: pipe.end };
  }

  #branch(kind: 'if' | 'with', open: Token): BranchNode {
    const scope = this.#pipes.variables.length;
    const pipe = this.#pipes.parse(kind, 'close');
    const { nodes, terminator } = this.#list();
    const otherwise = terminator.text === 'else' ? this.#otherwise(kind) : [];
    this.#pipes.variables.cut(scope);
    return { kind, pipe, body: nodes, otherwise, start: open.start, end: pipe.end };
  }

  /** After `else`: the rest of the chain, or the last list. */
  #otherwise(kind: 'if' | 'with'): readonly Node[] {
    const token = this.#tokens.peek();
    if (token.kind === 'keyword' && token.text === kind) {
      this.#tokens.next();
      if (++this.#depth > this.#options.maxDepth)
        this.#fail(`more than ${this.#options.maxDepth} actions inside each other`);
      const nested = this.#branch(kind, token);
      this.#depth--;
      return [nested];
    }
    this.#close('else');
    return this.#lastList(kind);
  }

  #lastList(context: string): readonly Node[] {
    const { nodes, terminator } = this.#list();
    if (terminator.text === 'else')
      failParse(this.#source, terminator.start, `expected end; found {{else}} in ${context}`);
    return nodes;
  }

  #range(open: Token): RangeNode {
    const scope = this.#pipes.variables.length;
    const pipe = this.#pipes.parse('range', 'close');
    this.#rangeDepth++;
    const { nodes, terminator } = this.#list();
    this.#rangeDepth--;
    let otherwise: readonly Node[] = [];
    if (terminator.text === 'else') {
      this.#close('else');
      otherwise = this.#lastList('range');
    }
    this.#pipes.variables.cut(scope);
    return { kind: 'range', pipe, body: nodes, otherwise, start: open.start, end: pipe.end };
  }

  #callTemplate(open: Token): Node {
    const name = this.#templateName('template clause');
    let pipe: Pipe | undefined;
    if (this.#tokens.peek().kind === 'close') this.#tokens.next();
    else pipe = this.#pipes.parse('template clause', 'close');
    return { kind: 'template', name, pipe, start: open.start, end: this.#tokens.lastEnd };
  }

  /** `block` defines a template where it is used. */
  #block(open: Token, keyword: Token): Node {
    const name = this.#templateName('block clause');
    const pipe = this.#pipes.parse('block clause', 'close');
    this.#defineAs(name, keyword);
    return { kind: 'template', name, pipe, start: open.start, end: pipe.end };
  }

  #leaveRange(keyword: Token, open: Token): Node {
    const kind = keyword.text === 'break' ? 'break' : 'continue';
    if (this.#rangeDepth === 0) failParse(this.#source, open.start, `{{${kind}}} outside {{range}}`);
    this.#close(kind);
    return { kind, start: open.start, end: this.#tokens.lastEnd };
  }

  #templateName(context: string): string {
    const token = this.#tokens.next();
    const inner = token.text.slice(1, -1);
    const name = token.kind === 'raw' ? inner : token.kind === 'string' ? unquote(inner, '"') : undefined;
    if (name === undefined) this.#unexpected(token, context);
    return name;
  }

  #close(context: string): void {
    const token = this.#tokens.next();
    if (token.kind !== 'close') this.#unexpected(token, context);
  }

  #unexpected(token: Token, context: string): never {
    return this.#tokens.unexpected(token, context);
  }

  #fail(reason: string): never {
    return failParse(this.#source, this.#tokens.lastEnd, reason);
  }
}

function scopesOf(names: readonly string[]): Scopes<true> {
  const scopes = new Scopes<true>();
  for (const name of names) scopes.push(name, true);
  return scopes;
}

/** Whether a body has nothing but blanks: such a definition replaces none. */
export function isEmpty(nodes: readonly Node[]): boolean {
  return nodes.every((node) => node.kind === 'text' && node.text.trim() === '');
}
