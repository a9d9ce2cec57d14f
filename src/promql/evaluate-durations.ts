import { type DurationContext, resolveDuration } from './analyze.ts';
import type { Duration, Expr, VectorSelector } from './ast.ts';

/**
 * The expression with every duration a constant.
 *
 * @throws BellwetherError `bad_data` (400) for durations that are out of range in this query.
 */
export function withConstantDurations(node: Expr, context: DurationContext): Expr {
  const positive = (duration: Duration): Duration => ({
    kind: 'constant',
    ms: resolveDuration(duration, context),
  });
  const offset = (duration: Duration | undefined): Duration | undefined =>
    duration === undefined
      ? undefined
      : { kind: 'constant', ms: resolveDuration(duration, { ...context, allowsNegative: true }) };
  const selector = (vector: VectorSelector): VectorSelector => ({ ...vector, offset: offset(vector.offset) });
  const visit = (one: Expr): Expr => withConstantDurations(one, context);
  switch (node.kind) {
    case 'number':
    case 'string':
      return node;
    case 'vector_selector':
      return selector(node);
    case 'matrix_selector':
      return { ...node, vector: selector(node.vector), range: positive(node.range) };
    case 'subquery':
      return {
        ...node,
        expr: visit(node.expr),
        range: positive(node.range),
        step: node.step === undefined ? undefined : positive(node.step),
        offset: offset(node.offset),
      };
    case 'binary':
      return { ...node, left: visit(node.left), right: visit(node.right) };
    case 'call':
      return { ...node, args: node.args.map(visit) };
    case 'aggregate':
      return {
        ...node,
        expr: visit(node.expr),
        param: node.param === undefined ? undefined : visit(node.param),
      };
    default:
      return { ...node, expr: visit(node.expr) };
  }
}
