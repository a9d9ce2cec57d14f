import { Labels, METRIC_NAME } from '../../model/labels.ts';
import type { Expr, Matcher } from '../ast.ts';

/**
 * The labels of what `absent(expr)` and `absent_over_time(expr)` answer: those that the selector asks for with `=`, once each and in
 * no other way. Without labels for anything that is no selector.
 */
export function absentLabels(expr: Expr): Labels {
  if (expr.kind === 'paren') return absentLabels(expr.expr);
  if (expr.kind === 'vector_selector') return demandedLabels(expr.matchers);
  if (expr.kind === 'matrix_selector') return demandedLabels(expr.vector.matchers);
  return Labels.EMPTY;
}

function demandedLabels(matchers: readonly Matcher[]): Labels {
  const values = new Map<string, string>();
  const seen = new Set<string>();
  for (const { name, type, value } of matchers) {
    if (name === METRIC_NAME) continue;
    if (type === '=' && !seen.has(name)) {
      values.set(name, value);
      seen.add(name);
    } else {
      values.delete(name);
    }
  }
  return Labels.from(values);
}
