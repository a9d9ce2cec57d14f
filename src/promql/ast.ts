/** Where an expression stands in the query's text: UTF-16 offsets, `end` exclusive. */
export interface PositionRange {
  readonly start: number;
  readonly end: number;
}

export type ValueType = 'scalar' | 'vector' | 'matrix' | 'string';

export type MatchType = '=' | '!=' | '=~' | '!~';

/** A condition on one label; an absent label has the empty value. */
export interface Matcher {
  readonly name: string;
  readonly type: MatchType;
  readonly value: string;
}

/** A duration: a constant, or an expression of numbers, durations, `step()`, `range()`, `min()`, `max()` known when the query is planned. */
export type Duration = { readonly kind: 'constant'; readonly ms: number } | DurationExpr;

export interface DurationExpr {
  readonly kind: 'expression';
  readonly op: '+' | '-' | '*' | '/' | '%' | '^' | 'step' | 'range' | 'min' | 'max' | 'negate';
  /** Operands; each is in milliseconds once resolved, plain numbers count as seconds. */
  readonly args: readonly (Duration | { readonly kind: 'number'; readonly value: number })[];
  readonly wrapped: boolean;
  readonly pos: PositionRange;
}

/** `@ <time>`, `@ start()`, `@ end()`. */
export type AtModifier =
  | { readonly kind: 'time'; readonly ms: number }
  | { readonly kind: 'start' }
  | { readonly kind: 'end' };

export interface NumberLiteral {
  readonly kind: 'number';
  readonly value: number;
  /** Written as a duration (`5m` for 300), for the formatter. */
  readonly isDuration: boolean;
  readonly pos: PositionRange;
}

export interface StringLiteral {
  readonly kind: 'string';
  readonly value: string;
  readonly pos: PositionRange;
}

export interface VectorSelector {
  readonly kind: 'vector_selector';
  /** The name in front of the braces, empty when it stands inside them or nowhere; it is also the last of `matchers`. */
  readonly name: string;
  readonly matchers: readonly Matcher[];
  readonly offset: Duration | undefined;
  readonly at: AtModifier | undefined;
  /** Extended range selection (experimental): also takes the samples just outside the range. */
  readonly extension: 'anchored' | 'smoothed' | undefined;
  readonly pos: PositionRange;
}

export interface MatrixSelector {
  readonly kind: 'matrix_selector';
  /** Modifiers that stand after the brackets are here as well. */
  readonly vector: VectorSelector;
  readonly range: Duration;
  readonly pos: PositionRange;
}

export interface Subquery {
  readonly kind: 'subquery';
  readonly expr: Expr;
  readonly range: Duration;
  /** Undefined: the default step. */
  readonly step: Duration | undefined;
  readonly offset: Duration | undefined;
  readonly at: AtModifier | undefined;
  readonly pos: PositionRange;
}

export interface Paren {
  readonly kind: 'paren';
  readonly expr: Expr;
  readonly pos: PositionRange;
}

export interface Unary {
  readonly kind: 'unary';
  readonly op: '+' | '-';
  readonly expr: Expr;
  readonly pos: PositionRange;
}

export type BinaryOp =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '^'
  | 'atan2'
  | '=='
  | '!='
  | '<'
  | '>'
  | '<='
  | '>='
  | 'and'
  | 'or'
  | 'unless'
  /** Experimental: trim the buckets of a native histogram below or above a bound. */
  | '</'
  | '>/';

export interface VectorMatching {
  readonly cardinality: 'one-to-one' | 'many-to-one' | 'one-to-many' | 'many-to-many';
  /** `on(...)` rather than `ignoring(...)`. */
  readonly isOn: boolean;
  readonly labels: readonly string[];
  /** Labels taken from the "one" side. */
  readonly include: readonly string[];
  /** `fill`, `fill_left`, `fill_right` (experimental): the value of a side that has no match. */
  readonly fillLeft: number | undefined;
  readonly fillRight: number | undefined;
}

export interface Binary {
  readonly kind: 'binary';
  readonly op: BinaryOp;
  readonly left: Expr;
  readonly right: Expr;
  readonly returnsBool: boolean;
  /** Undefined unless both sides are vectors. */
  readonly matching: VectorMatching | undefined;
  readonly pos: PositionRange;
}

export type AggregateOp =
  | 'sum'
  | 'avg'
  | 'count'
  | 'min'
  | 'max'
  | 'group'
  | 'stddev'
  | 'stdvar'
  | 'topk'
  | 'bottomk'
  | 'count_values'
  | 'quantile'
  | 'limitk'
  | 'limit_ratio';

export interface Aggregate {
  readonly kind: 'aggregate';
  readonly op: AggregateOp;
  readonly expr: Expr;
  /** The parameter of topk, quantile, count_values and the like. */
  readonly param: Expr | undefined;
  readonly grouping: readonly string[];
  /** `without(...)` rather than `by(...)`. */
  readonly isWithout: boolean;
  readonly pos: PositionRange;
}

export interface Call {
  readonly kind: 'call';
  readonly name: string;
  readonly args: readonly Expr[];
  readonly pos: PositionRange;
}

export type Expr =
  | NumberLiteral
  | StringLiteral
  | VectorSelector
  | MatrixSelector
  | Subquery
  | Paren
  | Unary
  | Binary
  | Aggregate
  | Call;
