import { compileAnchored } from '../lib/re2.ts';
import { METRIC_NAME } from '../model/labels.ts';
import type {
  Aggregate,
  Binary,
  BinaryOp,
  Call,
  Expr,
  Matcher,
  PositionRange,
  ValueType,
  VectorMatching,
  VectorSelector,
} from './ast.ts';
import { ParseError } from './parse-error.ts';
import type { SignatureLookup } from './parse-source.ts';
import { quoteGo } from './strings.ts';

export interface CheckContext {
  /** The query, for the places in messages. */
  readonly text: string;
  readonly functions: SignatureLookup;
}

const COMPARISONS: ReadonlySet<BinaryOp> = new Set(['==', '!=', '<', '>', '<=', '>=']);
const SET_OPERATORS: ReadonlySet<BinaryOp> = new Set(['and', 'or', 'unless']);

export function isComparison(op: BinaryOp): boolean {
  return COMPARISONS.has(op);
}

export function isSetOperator(op: BinaryOp): boolean {
  return SET_OPERATORS.has(op);
}

/**
 * Checks types, arguments and matching of an expression fresh from the parser, and settles `matching` of its binary nodes in place:
 * many-to-many for set operators, undefined unless both sides are vectors.
 *
 * @returns the type of the expression's value
 * @throws ParseError at the first mistake
 */
export function checkExpr(expr: Expr, context: CheckContext): ValueType {
  switch (expr.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'vector_selector':
      checkSelector(expr, context);
      return 'vector';
    case 'matrix_selector':
      checkSelector(expr.vector, context);
      return 'matrix';
    case 'paren':
      return checkExpr(expr.expr, context);
    case 'subquery': {
      const type = checkExpr(expr.expr, context);
      if (type !== 'vector')
        fail(context, expr.pos, `subquery is only allowed on instant vector, got ${type} instead`);
      return 'matrix';
    }
    case 'unary': {
      const type = checkExpr(expr.expr, context);
      if (type !== 'scalar' && type !== 'vector')
        fail(
          context,
          expr.pos,
          `unary expression only allowed on expressions of type scalar or instant vector, got "${documented(type)}"`,
        );
      return type;
    }
    case 'aggregate':
      return checkAggregate(expr, context);
    case 'binary':
      return checkBinary(expr, context);
    case 'call':
      return checkCall(expr, context);
  }
}

function fail(context: CheckContext, pos: PositionRange, reason: string): never {
  throw new ParseError(context.text, pos, reason);
}

function documented(type: ValueType): string {
  if (type === 'vector') return 'instant vector';
  return type === 'matrix' ? 'range vector' : type;
}

function expectType(expr: Expr, wanted: ValueType, where: string, context: CheckContext): void {
  const type = checkExpr(expr, context);
  if (type !== wanted)
    fail(context, expr.pos, `expected type ${documented(wanted)} in ${where}, got ${documented(type)}`);
}

function checkSelector(selector: VectorSelector, context: CheckContext): void {
  if (selector.name === '') {
    if (!selector.matchers.some((matcher) => !matchesEmpty(matcher)))
      fail(context, selector.pos, 'vector selector must contain at least one non-empty matcher');
    return;
  }
  // The last one is that of the name in front of the braces.
  const twice = selector.matchers.slice(0, -1).find((matcher) => matcher.name === METRIC_NAME);
  if (twice !== undefined)
    fail(
      context,
      selector.pos,
      `metric name must not be set twice: ${quoteGo(selector.name)} or ${quoteGo(twice.value)}`,
    );
}

function matchesEmpty({ type, value }: Matcher): boolean {
  if (type === '=') return value === '';
  if (type === '!=') return value !== '';
  return compileAnchored(value).matches('') === (type === '=~');
}

function checkAggregate(expr: Aggregate, context: CheckContext): ValueType {
  expectType(expr.expr, 'vector', 'aggregation expression', context);
  if (expr.param !== undefined) {
    const wanted = expr.op === 'count_values' ? 'string' : 'scalar';
    expectType(expr.param, wanted, 'aggregation parameter', context);
  }
  return 'vector';
}

function checkBinary(expr: Binary, context: CheckContext): ValueType {
  const left = checkExpr(expr.left, context);
  const right = checkExpr(expr.right, context);
  checkOperator(expr, left === 'scalar' && right === 'scalar', context);
  for (const [side, type] of [
    [expr.left, left],
    [expr.right, right],
  ] as const)
    if (type !== 'scalar' && type !== 'vector')
      fail(context, side.pos, 'binary expression must contain only scalar and instant vector types');
  const settled = left === 'vector' && right === 'vector' ? matchVectors(expr, context) : undefined;
  if (settled === undefined) checkWithoutMatching(expr, context);
  (expr as { matching: VectorMatching | undefined }).matching = settled;
  return left === 'scalar' && right === 'scalar' ? 'scalar' : 'vector';
}

function checkOperator(expr: Binary, isScalar: boolean, context: CheckContext): void {
  const { op, returnsBool, matching } = expr;
  if (returnsBool && !isComparison(op))
    fail(context, operatorPos(expr, context), 'bool modifier can only be used on comparison operators');
  if (isComparison(op) && !returnsBool && isScalar)
    fail(context, operatorPos(expr, context), 'comparisons between scalars must use BOOL modifier');
  const twice = matching?.isOn
    ? matching.labels.find((label) => matching.include.includes(label))
    : undefined;
  if (twice !== undefined)
    fail(
      context,
      operatorPos(expr, context),
      `label ${quoteGo(twice)} must not occur in ON and GROUP clause at once`,
    );
}

/** Between the sides, without the space around. */
function operatorPos(expr: Binary, context: CheckContext): PositionRange {
  const between = context.text.slice(expr.left.pos.end, expr.right.pos.start);
  const start = expr.left.pos.end + (between.length - between.trimStart().length);
  return { start, end: start + between.trim().length };
}

/** One side is no vector: nothing can be matched. */
function checkWithoutMatching({ op, matching, pos }: Binary, context: CheckContext): void {
  if (matching !== undefined && matching.labels.length > 0)
    fail(context, pos, 'vector matching only allowed between instant vectors');
  if (matching?.fillLeft !== undefined || matching?.fillRight !== undefined)
    fail(context, pos, 'filling in missing series only allowed between instant vectors');
  if (isSetOperator(op))
    fail(context, pos, `set operator ${quoteGo(op)} not allowed in binary scalar expression`);
}

function matchVectors({ op, matching, pos }: Binary, context: CheckContext): VectorMatching | undefined {
  if (matching === undefined || !isSetOperator(op)) return matching;
  if (matching.cardinality === 'one-to-many' || matching.cardinality === 'many-to-one')
    fail(context, pos, `no grouping allowed for ${quoteGo(op)} operation`);
  if (matching.fillLeft !== undefined || matching.fillRight !== undefined)
    fail(context, pos, 'filling in missing series not allowed for set operators');
  return { ...matching, cardinality: 'many-to-many' };
}

function checkCall(expr: Call, context: CheckContext): ValueType {
  const { name, args, pos } = expr;
  const signature = context.functions(name);
  if (signature === undefined) return fail(context, pos, `unknown function with name ${quoteGo(name)}`);
  const { argTypes, variadic } = signature;
  checkCount(expr, { count: argTypes.length, variadic }, context);
  const where = `call to function ${quoteGo(name)}`;
  const infoSelector = name === 'info' ? args[1] : undefined;
  if (infoSelector !== undefined) checkInfoSelector(infoSelector, expr, context);
  args.forEach((arg, index) => {
    if (arg === infoSelector) return;
    expectType(arg, argTypes[Math.min(index, argTypes.length - 1)]!, where, context);
  });
  return signature.returns;
}

function checkCount(
  { name, args, pos }: Call,
  { count, variadic }: { count: number; variadic: number },
  context: CheckContext,
): void {
  const got = `in call to ${quoteGo(name)}, got ${args.length}`;
  if (variadic === 0) {
    if (args.length !== count) fail(context, pos, `expected ${count} argument(s) ${got}`);
    return;
  }
  const least = count - 1;
  if (args.length < least) fail(context, pos, `expected at least ${least} argument(s) ${got}`);
  if (variadic > 0 && args.length > least + variadic)
    fail(context, pos, `expected at most ${least + variadic} argument(s) ${got}`);
}

/** The second argument of `info` is no selection of its own: a list of matchers, which may match everything. */
function checkInfoSelector(arg: Expr, call: Call, context: CheckContext): void {
  if (arg.kind === 'vector_selector') {
    if (arg.name !== '') fail(context, arg.pos, 'expected label selectors only, got vector selector instead');
    return;
  }
  const type = checkExpr(arg, context);
  if (type !== 'vector')
    fail(
      context,
      call.pos,
      `expected type instant vector in call to function ${quoteGo(call.name)}, got ${documented(type)}`,
    );
  fail(context, arg.pos, 'expected label selectors only');
}
