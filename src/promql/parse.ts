import { parser } from '@prometheus-io/lezer-promql';
import type { Expr, Matcher, VectorSelector } from './ast.ts';
import { checkExpr } from './check.ts';
import { MAX_NESTING_DEPTH, MAX_QUERY_LENGTH, ParseError } from './parse-error.ts';
import { lex } from './parse-lex.ts';
import { type ParseOptions, Source } from './parse-source.ts';
import { spell } from './parse-spell.ts';
import { expressionOf } from './parse-tree.ts';

export { lineAndColumn, MAX_NESTING_DEPTH, MAX_QUERY_LENGTH, ParseError } from './parse-error.ts';
export type { ParseOptions, Signature, SignatureLookup } from './parse-source.ts';

/** Stops at the first token that does not fit, instead of guessing on. */
const grammar = parser.configure({ strict: true });

/**
 * Parses a PromQL expression and checks types and arguments, with the rules and messages of Prometheus 3.14.
 *
 * A query is at most `MAX_QUERY_LENGTH` long and `MAX_NESTING_DEPTH` deep, and the expression no deeper than that.
 *
 * @throws ParseError (`bad_data`, 400) with the place of the first mistake.
 */
export function parse(text: string, options: ParseOptions): Expr {
  const expr = parseUnchecked(text, options);
  checkExpr(expr, { text, functions: options.functions });
  return expr;
}

/**
 * Parses a series selector, as in `match[]`: a name, matchers, or both, without modifiers. Unlike a query it may match everything.
 *
 * @throws ParseError (`bad_data`, 400).
 */
export function parseMetricSelector(text: string): readonly Matcher[] {
  const expr = parseUnchecked(text, { functions: () => undefined });
  const isBare = expr.kind === 'vector_selector' && expr.offset === undefined && expr.at === undefined;
  if (!isBare) throw new ParseError(text, expr.pos, 'expected a series selector without modifiers');
  return (expr satisfies VectorSelector).matchers;
}

function parseUnchecked(text: string, options: ParseOptions): Expr {
  if (text.length > MAX_QUERY_LENGTH)
    throw new ParseError(
      text,
      { start: 0, end: 0 },
      `query is too long: ${text.length} characters, at most ${MAX_QUERY_LENGTH} are allowed`,
    );
  const lexed = lex(text);
  const spelled = spell(lexed.tokens);
  const source = new Source({ text, tokens: lexed.tokens, tokenAt: spelled.tokenAt, options });
  if (spelled.tooDeepAt !== undefined)
    throw source.error(
      lexed.tokens[spelled.tooDeepAt]!,
      `query is nested too deeply: more than ${MAX_NESTING_DEPTH} open brackets and operators`,
    );
  const tree = treeOf(spelled.text);
  if (typeof tree === 'number') {
    const index = spelled.tokenAt[tree]!;
    // The grammar has read everything that could be read: then the reason is what could not.
    if (lexed.error !== undefined && lexed.tokens[index]!.kind === 'end')
      throw source.error(lexed.error, lexed.error.reason);
    throw source.unexpected(index);
  }
  if (lexed.error !== undefined) throw source.error(lexed.error, lexed.error.reason);
  return expressionOf(source, tree.topNode.firstChild!);
}

/** The grammar's tree, or the offset where it stopped. */
function treeOf(spelled: string): ReturnType<typeof grammar.parse> | number {
  try {
    return grammar.parse(spelled);
  } catch (error) {
    // The only way in which the strict parser tells where it stopped.
    const place = error instanceof SyntaxError ? /^No parse at (\d+)$/.exec(error.message) : null;
    if (place === null) throw error;
    return Number(place[1]);
  }
}
