import type { SyntaxNode } from '@lezer/common';
import type { AtModifier, Duration, Expr, MatrixSelector, Subquery, VectorSelector } from './ast.ts';
import { literalSeconds, offsetDuration, positiveDuration } from './parse-durations.ts';
import { formatNumber } from './parse-numbers.ts';
import type { Source } from './parse-source.ts';

/** What the grammar calls the things that stand behind an operand. */
export const POSTFIX_NODES: ReadonlySet<string> = new Set([
  'OffsetExpr',
  'StepInvariantExpr',
  'MatrixSelector',
  'SubqueryExpr',
  'AnchoredExpr',
  'SmoothedExpr',
]);

type Modifiable = VectorSelector | MatrixSelector | Subquery;

interface Change {
  readonly offset?: Duration;
  readonly at?: AtModifier;
  readonly extension?: 'anchored' | 'smoothed';
}

/** Applies what stands behind an operand (its postfix node in the grammar's tree) to it. */
export function applyPostfix(source: Source, expr: Expr, node: SyntaxNode): Expr {
  switch (node.name) {
    case 'OffsetExpr':
      return withOffset(source, expr, node);
    case 'StepInvariantExpr':
      return withTime(source, expr, node);
    case 'MatrixSelector':
      return matrixSelector(source, expr, node);
    case 'SubqueryExpr':
      return subquery(source, expr, node);
    default:
      return withExtension(source, expr, node);
  }
}

function withOffset(source: Source, expr: Expr, node: SyntaxNode): Expr {
  const offset = offsetDuration(source, node.getChild('OffsetDurationExpr')!);
  if (!isModifiable(expr))
    throw source.error(
      expr.pos,
      'offset modifier must be preceded by an instant vector selector or range vector selector or a subquery',
    );
  if (modified(expr).offset !== undefined)
    throw source.error(expr.pos, 'offset may not be set multiple times');
  return change(expr, offset === undefined ? {} : { offset }, source.end(node));
}

function withTime(source: Source, expr: Expr, node: SyntaxNode): Expr {
  const at = atModifier(source, expr, node);
  if (!isModifiable(expr))
    throw source.error(
      expr.pos,
      '@ modifier must be preceded by an instant vector selector or range vector selector or a subquery',
    );
  if (modified(expr).at !== undefined)
    throw source.error(expr.pos, '@ <timestamp> may not be set multiple times');
  return change(expr, { at }, source.end(node));
}

function atModifier(source: Source, expr: Expr, node: SyntaxNode): AtModifier {
  const preprocessor = node.getChild('AtModifierPreprocessors');
  if (preprocessor !== null)
    return { kind: source.token(preprocessor).keyword === 'start' ? 'start' : 'end' };
  const seconds = signedLiteral(source, node.getChild('NumberDurationLiteral')!);
  if (!(Math.abs(seconds) < 2 ** 63)) {
    const shown = Number.isFinite(seconds) ? `${BigInt(Math.trunc(seconds))}.000000` : formatNumber(seconds);
    throw source.error(expr.pos, `timestamp out of bounds for @ modifier: ${shown}`);
  }
  return { kind: 'time', ms: Math.round(seconds * 1000) };
}

/** Reads a `NumberDurationLiteral` node, whose sign is a token of its own. */
export function signedLiteral(source: Source, node: SyntaxNode): number {
  const first = source.firstToken(node);
  const sign = source.tokens[first]!.text;
  if (sign !== '-' && sign !== '+') return literalSeconds(source, source.tokens[first]!);
  const seconds = literalSeconds(source, source.tokens[first + 1]!);
  return sign === '-' ? -seconds : seconds;
}

function withExtension(source: Source, expr: Expr, node: SyntaxNode): Expr {
  const extension = node.name === 'AnchoredExpr' ? 'anchored' : 'smoothed';
  if (!source.options.hasExtendedRangeSelectors)
    throw source.error(expr.pos, `${extension} modifier is experimental and not enabled`);
  if (expr.kind === 'subquery')
    throw source.error(expr.pos, `${extension} modifier is not supported for subqueries`);
  if (!isModifiable(expr)) throw source.error(expr.pos, `${extension} modifier not implemented`);
  const other = (modified(expr) as VectorSelector).extension;
  if (other !== undefined && other !== extension)
    throw source.error(expr.pos, 'anchored and smoothed modifiers cannot be used together');
  return change(expr, { extension }, source.end(node));
}

function matrixSelector(source: Source, expr: Expr, node: SyntaxNode): MatrixSelector {
  const duration = node.getChild('DurationExpr')!;
  const range = positiveDuration(source, duration);
  // From the opening bracket, the token before the duration, to the closing one.
  const brackets = {
    start: source.tokens[source.firstToken(duration) - 1]!.start,
    end: source.end(node),
  };
  if (expr.kind !== 'vector_selector')
    throw source.error(brackets, 'ranges only allowed for vector selectors');
  if (expr.offset?.kind === 'constant')
    throw source.error(brackets, 'no offset modifiers allowed before range');
  if (expr.at?.kind === 'time') throw source.error(brackets, 'no @ modifiers allowed before range');
  const pos = { start: expr.pos.start, end: brackets.end };
  return { kind: 'matrix_selector', vector: expr, range, pos };
}

function subquery(source: Source, expr: Expr, node: SyntaxNode): Subquery {
  const [range, step] = node.getChildren('DurationExpr');
  return {
    kind: 'subquery',
    expr,
    range: positiveDuration(source, range!),
    step: step === undefined ? undefined : positiveDuration(source, step),
    offset: undefined,
    at: undefined,
    pos: { start: expr.pos.start, end: source.end(node) },
  };
}

function isModifiable(expr: Expr): expr is Modifiable {
  return expr.kind === 'vector_selector' || expr.kind === 'matrix_selector' || expr.kind === 'subquery';
}

/** The node that holds the modifiers. */
function modified(expr: Modifiable): VectorSelector | Subquery {
  return expr.kind === 'matrix_selector' ? expr.vector : expr;
}

function change(expr: Modifiable, changes: Change, end: number): Modifiable {
  const pos = { start: expr.pos.start, end };
  if (expr.kind === 'matrix_selector') return { ...expr, vector: { ...expr.vector, ...changes }, pos };
  return { ...expr, ...changes, pos } as Modifiable;
}
