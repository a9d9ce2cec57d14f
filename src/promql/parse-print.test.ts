import fc from 'fast-check';
import { expect, test } from 'vitest';
import { METRIC_NAME } from '../model/labels.ts';
import type {
  AggregateOp,
  BinaryOp,
  Duration,
  DurationExpr,
  Expr,
  Matcher,
  VectorMatching,
  VectorSelector,
} from './ast.ts';
import { isComparison, isSetOperator } from './check.ts';
import { format, print } from './format.ts';
import { parse } from './parse.ts';
import { SIGNATURES } from './testing/signatures.ts';
import { withoutPositions } from './testing-ast.ts';

const pos = { start: 0, end: 0 };
const name = fc.constantFrom('a', 'sum', 'by', 'offset', 'fill', 'start', 'a:b', 'step', 'anchored', 'and');
const label = fc.constantFrom('a', 'by', 'le', 'a.b', '😀', 'on', 'offset', '__name', 'with space', 'q"\\\n');
const text = fc.string({ unit: 'grapheme', maxLength: 6 }).filter((value) => !value.includes('\ufffd'));

const matcher: fc.Arbitrary<Matcher> = fc.oneof(
  fc.record({ name: label, type: fc.constantFrom('=' as const, '!=' as const), value: text }),
  fc.record({
    name: label,
    type: fc.constantFrom('=~' as const, '!~' as const),
    value: fc.constantFrom('a|b', '.*x', '\\d+', '[^"]*'),
  }),
);

const constant = fc.integer({ min: 1, max: 90_000_000 }).map((ms): Duration => ({ kind: 'constant', ms }));

/** Operations inside others are in parentheses, so that the grouping need not be known here. */
const durationExpr: fc.Arbitrary<DurationExpr> = fc.letrec<{
  expr: DurationExpr;
  arg: DurationExpr['args'][number];
}>((tie) => ({
  arg: fc.oneof(
    { maxDepth: 2 },
    constant,
    fc.integer({ min: 1, max: 99 }).map((value) => ({ kind: 'number' as const, value })),
    tie('expr').map((expr) =>
      ['step', 'range', 'min', 'max'].includes(expr.op) ? expr : { ...expr, wrapped: true },
    ),
  ),
  expr: fc.oneof(
    { maxDepth: 2 },
    fc.constantFrom('step' as const, 'range' as const).map((op) => operation(op, [])),
    fc
      .tuple(fc.constantFrom('+', '-', '*', '/', '%', '^', 'min', 'max' as const), tie('arg'), tie('arg'))
      .map(([op, left, right]) => operation(op as DurationExpr['op'], [left, right])),
    tie('expr').map((inner) => operation('negate', [{ ...inner, wrapped: true }])),
  ),
})).expr;

function operation(op: DurationExpr['op'], args: DurationExpr['args']): DurationExpr {
  return { kind: 'expression', op, args, wrapped: false, pos };
}

const range = fc.oneof(constant, durationExpr);
const offset = fc.oneof(
  fc.constant(undefined),
  fc
    .integer({ min: -1e9, max: 1e9 })
    .filter((ms) => ms !== 0)
    .map((ms): Duration => ({ kind: 'constant', ms })),
  durationExpr.map((expr) => ({ ...expr, wrapped: true })),
);
const at = fc.constantFrom<VectorSelector['at']>(
  undefined,
  { kind: 'start' },
  { kind: 'end' },
  { kind: 'time', ms: 1_234_567 },
  { kind: 'time', ms: -1 },
);

const selector: fc.Arbitrary<VectorSelector> = fc
  .record({
    name: fc.oneof(fc.constant(''), name),
    matchers: fc.array(matcher, { maxLength: 3 }),
    offset,
    at,
    extension: fc.constantFrom(undefined, 'anchored' as const, 'smoothed' as const),
  })
  .map((parts) => ({
    kind: 'vector_selector',
    ...parts,
    matchers: [...parts.matchers, { name: METRIC_NAME, type: '=', value: parts.name || 'quoted name' }],
    pos,
  }));

const matching = fc
  .record({
    cardinality: fc.constantFrom('one-to-one' as const, 'many-to-one' as const, 'one-to-many' as const),
    isOn: fc.boolean(),
    labels: fc.uniqueArray(fc.constantFrom('a', 'by', 'x.y'), { maxLength: 2 }),
    include: fc.uniqueArray(fc.constantFrom('b', 'on', '😀'), { maxLength: 2 }),
    fillLeft: fc.option(fc.constantFrom(0, -1.5, 1e30, Number.POSITIVE_INFINITY), { nil: undefined }),
    fillRight: fc.option(fc.constantFrom(0, 2e-9, Number.NaN), { nil: undefined }),
  })
  .map((parts): VectorMatching => {
    if (parts.cardinality !== 'one-to-one') return parts;
    return { ...parts, include: [] };
  });

const binaryOps: BinaryOp[] = '+ - * / % ^ atan2 == != < > <= >= and or unless </ >/'.split(
  ' ',
) as BinaryOp[];
const strengths = new Map<string, number>(
  [
    ['or'],
    ['and', 'unless'],
    ['==', '!=', '<', '>', '<=', '>=', '</', '>/'],
    ['+', '-'],
    ['*', '/', '%', 'atan2'],
    ['^'],
  ].flatMap((ops, index) => ops.map((op): [string, number] => [op, index])),
);

const strengthOf = (expr: Expr): number => {
  if (expr.kind === 'binary') return strengths.get(expr.op)!;
  return expr.kind === 'unary' || (expr.kind === 'number' && (expr.value < 0 || Object.is(expr.value, -0)))
    ? 4
    : 9;
};
const inParens = (expr: Expr): Expr => ({ kind: 'paren', expr, pos });

/** Puts parentheses only where the order of operations would be another one without. */
function operate(op: BinaryOp, left: Expr, right: Expr): [Expr, Expr] {
  const strength = strengths.get(op)!;
  const isRightBound = op === '^';
  // What ends in a sign's operand would take a stronger operator that follows.
  const takesMore = endsInSign(left) && op === '^';
  const needsLeft =
    strengthOf(left) < strength || (isRightBound && strengthOf(left) === strength) || takesMore;
  const needsRight =
    right.kind === 'unary' || right.kind === 'number'
      ? false
      : strengthOf(right) < strength || (!isRightBound && strengthOf(right) === strength);
  return [needsLeft ? inParens(left) : left, needsRight ? inParens(right) : right];
}

function endsInSign(expr: Expr): boolean {
  if (expr.kind === 'binary') return endsInSign(expr.right);
  return strengthOf(expr) === 4;
}

const number: fc.Arbitrary<Expr> = fc.oneof(
  fc.double().map((value): Expr => ({ kind: 'number', value, isDuration: false, pos })),
  fc.integer({ min: 1, max: 10_000_000 }).map(
    (ms): Expr => ({
      kind: 'number',
      value: Math.floor(ms / 1000) + (ms % 1000) / 1000,
      isDuration: true,
      pos,
    }),
  ),
);

const { vector } = fc.letrec<{ vector: Expr; scalar: Expr; matrix: Expr; any: Expr }>((tie) => ({
  matrix: fc.oneof(
    { maxDepth: 4 },
    fc
      .tuple(selector, range)
      .map(([inner, duration]): Expr => ({ kind: 'matrix_selector', vector: inner, range: duration, pos })),
    fc.record({ expr: tie('vector'), range, step: fc.option(range, { nil: undefined }), offset, at }).map(
      (parts): Expr => ({
        kind: 'subquery',
        ...parts,
        expr: strengthOf(parts.expr) < 9 ? inParens(parts.expr) : parts.expr,
        pos,
      }),
    ),
  ),
  scalar: fc.oneof(
    { maxDepth: 4 },
    number,
    fc
      .tuple(fc.constantFrom(...binaryOps.filter((op) => !isSetOperator(op))), tie('scalar'), tie('scalar'))
      .map(([op, a, b]): Expr => {
        const [left, right] = operate(op, a, b);
        return { kind: 'binary', op, left, right, returnsBool: isComparison(op), matching: undefined, pos };
      }),
    tie('vector').map((arg): Expr => ({ kind: 'call', name: 'scalar', args: [arg], pos })),
  ),
  any: fc.oneof({ maxDepth: 4 }, tie('vector'), tie('scalar')),
  vector: fc.oneof(
    { maxDepth: 4 },
    selector,
    tie('matrix').map((arg): Expr => ({ kind: 'call', name: 'rate', args: [arg], pos })),
    tie('vector').map(inParens),
    fc.tuple(fc.constantFrom('+' as const, '-' as const), tie('vector')).map(([op, inner]): Expr => {
      // Only `^` binds stronger than a sign.
      const expr = strengthOf(inner) < 5 && inner.kind !== 'unary' ? inParens(inner) : inner;
      return { kind: 'unary', op, expr, pos };
    }),
    fc
      .record({
        op: fc.constantFrom<AggregateOp>('sum', 'topk', 'count_values', 'limit_ratio', 'group', 'quantile'),
        expr: tie('vector'),
        scalar: tie('scalar'),
        text,
        grouping: fc.uniqueArray(label, { maxLength: 2 }),
        isWithout: fc.boolean(),
      })
      .map(({ op, expr, scalar, text: value, grouping, isWithout }): Expr => {
        const isPlain = op === 'sum' || op === 'group';
        const param: Expr = op === 'count_values' ? { kind: 'string', value, pos } : scalar;
        return { kind: 'aggregate', op, expr, param: isPlain ? undefined : param, grouping, isWithout, pos };
      }),
    fc
      .tuple(fc.constantFrom(...binaryOps), tie('vector'), tie('vector'), matching, fc.boolean())
      .map(([op, a, b, how, returnsBool]): Expr => {
        const [left, right] = operate(op, a, b);
        const settled: VectorMatching = isSetOperator(op)
          ? { ...how, cardinality: 'many-to-many', include: [], fillLeft: undefined, fillRight: undefined }
          : how;
        return {
          kind: 'binary',
          op,
          left,
          right,
          returnsBool: returnsBool && isComparison(op),
          matching: settled,
          pos,
        };
      }),
  ),
}));

const options = {
  functions: (wanted: string) => SIGNATURES.get(wanted),
  hasExperimentalFunctions: true,
  hasDurationExpressions: true,
  hasExtendedRangeSelectors: true,
  hasFillModifiers: true,
};

test('a random expression prints and formats to text that parses to the same expression', () => {
  fc.assert(
    fc.property(vector, (expr) => {
      const wanted = withoutPositions(expr);
      expect(withoutPositions(parse(print(expr), options))).toEqual(wanted);
      expect(withoutPositions(parse(format(expr), options))).toEqual(wanted);
    }),
    { numRuns: 300 },
  );
});

const levels = fc.constantFrom<BinaryOp>('or', 'unless', '==', '</', '-', '*', 'atan2', '^', '^');

/** Nothing but operators and signs on one metric, so that most trees are deep. */
const operations: fc.Arbitrary<Expr> = fc.letrec<{ expr: Expr }>((tie) => ({
  expr: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constant<Expr>(parse('a', options)),
    {
      weight: 6,
      arbitrary: fc.tuple(levels, tie('expr'), tie('expr')).map(([op, a, b]): Expr => {
        const [left, right] = operate(op, a, b);
        const cardinality = isSetOperator(op) ? 'many-to-many' : 'one-to-one';
        const matching: VectorMatching = {
          cardinality,
          isOn: false,
          labels: [],
          include: [],
          fillLeft: undefined,
          fillRight: undefined,
        };
        return { kind: 'binary', op, left, right, returnsBool: false, matching, pos };
      }),
    },
    {
      weight: 2,
      arbitrary: tie('expr').map((inner): Expr => {
        const expr = strengthOf(inner) < 5 && inner.kind !== 'unary' ? inParens(inner) : inner;
        return { kind: 'unary', op: '-', expr, pos };
      }),
    },
  ),
})).expr;

test('operations group as they print, with parentheses only where they must stand', () => {
  fc.assert(
    fc.property(operations, (expr) => {
      expect(withoutPositions(parse(print(expr), options))).toEqual(withoutPositions(expr));
    }),
    { numRuns: 1000 },
  );
});

test('random text is parsed or refused with a place', () => {
  const words =
    'a sum by ( ) ( ) [ ] { } : , = =~ "x" 5m 1 1. + - ^ on bool offset @ start step min_of and # \n fill'.split(
      ' ',
    );
  const token = fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 3 }));
  fc.assert(
    fc.property(fc.array(token, { maxLength: 14 }), (tokens) => {
      try {
        parse(tokens.join(' '), options);
      } catch (error) {
        expect(String(error)).toMatch(/^ParseError: \d+:\d+: parse error: /);
      }
    }),
    { numRuns: 3000 },
  );
});
