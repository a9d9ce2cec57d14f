import type { AtModifier, Call, Duration, Expr, Matcher, VectorMatching, VectorSelector } from './ast.ts';
import { formatNumber } from './parse-numbers.ts';
import type { SignatureLookup } from './parse-source.ts';

/** A value as JSON has them. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The form in which Prometheus's `parse_query` answers with a parsed query. Durations known only when the query runs are 0. */
export function toJson(expr: Expr, functions: SignatureLookup): Json {
  const inner = (node: Expr) => toJson(node, functions);
  switch (expr.kind) {
    case 'number':
      return { type: 'numberLiteral', val: formatNumber(expr.value) };
    case 'string':
      return { type: 'stringLiteral', val: expr.value };
    case 'vector_selector':
      return { type: 'vectorSelector', ...selectorFields(expr) };
    case 'matrix_selector':
      return { type: 'matrixSelector', range: constantMs(expr.range), ...selectorFields(expr.vector) };
    case 'subquery':
      return {
        type: 'subquery',
        expr: inner(expr.expr),
        range: constantMs(expr.range),
        step: constantMs(expr.step),
        offset: constantMs(expr.offset),
        ...timeFields(expr.at),
      };
    case 'paren':
      return { type: 'parenExpr', expr: inner(expr.expr) };
    case 'unary':
      return { type: 'unaryExpr', op: expr.op, expr: inner(expr.expr) };
    case 'binary':
      return {
        type: 'binaryExpr',
        op: expr.op,
        lhs: inner(expr.left),
        rhs: inner(expr.right),
        matching: expr.matching === undefined ? null : matchingFields(expr.matching),
        bool: expr.returnsBool,
      };
    case 'aggregate':
      return {
        type: 'aggregation',
        op: expr.op,
        expr: inner(expr.expr),
        param: expr.param === undefined ? null : inner(expr.param),
        grouping: expr.grouping,
        without: expr.isWithout,
      };
    case 'call':
      return { type: 'call', func: functionFields(expr, functions), args: expr.args.map(inner) };
  }
}

function selectorFields(selector: VectorSelector): { [key: string]: Json } {
  return {
    name: selector.name,
    offset: constantMs(selector.offset),
    matchers: selector.matchers.map(matcherFields),
    ...timeFields(selector.at),
    anchored: selector.extension === 'anchored',
    smoothed: selector.extension === 'smoothed',
  };
}

function matcherFields({ name, type, value }: Matcher): Json {
  return { name, type, value };
}

function timeFields(at: AtModifier | undefined): { [key: string]: Json } {
  return {
    timestamp: at?.kind === 'time' ? at.ms : null,
    startOrEnd: at === undefined || at.kind === 'time' ? null : at.kind,
  };
}

function matchingFields(matching: VectorMatching): Json {
  return {
    card: matching.cardinality,
    labels: matching.labels,
    on: matching.isOn,
    include: matching.include,
    fillValues: { lhs: matching.fillLeft ?? null, rhs: matching.fillRight ?? null },
  };
}

function functionFields({ name }: Call, functions: SignatureLookup): Json {
  const signature = functions(name);
  return {
    name,
    argTypes: signature?.argTypes ?? [],
    variadic: signature?.variadic ?? 0,
    returnType: signature?.returns ?? 'vector',
  };
}

function constantMs(duration: Duration | undefined): number {
  return duration?.kind === 'constant' ? duration.ms : 0;
}
