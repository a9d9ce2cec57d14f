import { BellwetherError } from '../lib/errors.ts';
import type { Duration, DurationExpr, Expr, ValueType } from './ast.ts';
import { MAX_DURATION_MS, secondsOf } from './durations.ts';
import type { SignatureLookup } from './parse-source.ts';

/** The expression without the parentheses around it. */
export function unwrapParens(expr: Expr): Expr {
  let inner = expr;
  while (inner.kind === 'paren') inner = inner.expr;
  return inner;
}

/** The expressions right below one, in the order of the text. The selector of a range selector is part of it, not below it. */
export function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'paren':
    case 'unary':
    case 'subquery':
      return [expr.expr];
    case 'binary':
      return [expr.left, expr.right];
    case 'call':
      return expr.args;
    case 'aggregate':
      return expr.param === undefined ? [expr.expr] : [expr.param, expr.expr];
    default:
      return [];
  }
}

/**
 * Visits an expression and all below it, outer ones first, in the order of the text. `path` holds the expressions around, the outermost
 * first; it is reused, so copy it to keep it. Answering false leaves out what is below.
 */
export function walk(expr: Expr, visit: (expr: Expr, path: readonly Expr[]) => unknown): void {
  const path: Expr[] = [];
  const descend = (node: Expr) => {
    if (visit(node, path) === false) return;
    path.push(node);
    childrenOf(node).forEach(descend);
    path.pop();
  };
  descend(expr);
}

/** Type of a checked expression's value. */
export function typeOf(expr: Expr, functions: SignatureLookup): ValueType {
  switch (expr.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'matrix_selector':
    case 'subquery':
      return 'matrix';
    case 'paren':
    case 'unary':
      return typeOf(expr.expr, functions);
    case 'binary': {
      const isScalar =
        expr.matching === undefined &&
        typeOf(expr.left, functions) === 'scalar' &&
        typeOf(expr.right, functions) === 'scalar';
      return isScalar ? 'scalar' : 'vector';
    }
    case 'call':
      return functions(expr.name)?.returns ?? 'vector';
    default:
      return 'vector';
  }
}

export interface DurationContext {
  /** Step of the query, 0 for an instant query. */
  readonly stepMs: number;
  /** From the first to the last moment of the query. */
  readonly rangeMs: number;
  /** Offsets may be negative or 0, ranges and steps of subqueries not. False when absent. */
  readonly allowsNegative?: boolean;
}

/**
 * Value of a duration in the query at hand, in whole milliseconds. As in Prometheus it is computed in seconds and cut off.
 *
 * @throws BellwetherError `bad_data` (400) when it is not positive and must be, too large, or divides by zero.
 */
export function resolveDuration(duration: Duration, context: DurationContext): number {
  if (duration.kind === 'constant') return duration.ms;
  const seconds = secondsIn(duration, context);
  if (seconds <= 0 && context.allowsNegative !== true) throw mistake('duration must be greater than 0');
  if (!(Math.abs(seconds) * 1000 < MAX_DURATION_MS)) throw mistake('duration is out of range');
  return Math.trunc(seconds * 1000);
}

function mistake(message: string): BellwetherError {
  return new BellwetherError({ code: 'bad_data', status: 400, message });
}

/** In seconds. */
function secondsIn(operand: DurationExpr['args'][number], context: DurationContext): number {
  if (operand.kind === 'number') return operand.value;
  if (operand.kind === 'constant') return secondsOf(operand.ms);
  const [left = 0, right] = operand.args.map((arg) => secondsIn(arg, context));
  switch (operand.op) {
    case 'step':
      return secondsOf(context.stepMs);
    case 'range':
      return secondsOf(context.rangeMs);
    case 'negate':
      return -left;
    case '+':
      return left + (right ?? 0);
    case '-':
      return left - right!;
    case '*':
      return left * right!;
    case '/':
      if (right === 0) throw mistake('division by zero');
      return left / right!;
    case '%':
      if (right === 0) throw mistake('modulo by zero');
      return left % right!;
    case '^':
      return left ** right!;
    case 'min':
      return Math.min(left, right!);
    case 'max':
      return Math.max(left, right!);
  }
}
