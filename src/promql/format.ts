import { isPlainLabelName, METRIC_NAME } from '../model/labels.ts';
import type {
  Aggregate,
  AtModifier,
  Binary,
  Duration,
  DurationExpr,
  Expr,
  Matcher,
  Subquery,
  VectorMatching,
  VectorSelector,
} from './ast.ts';
import { formatDuration } from './durations.ts';
import { formatNumber, formatShort } from './parse-numbers.ts';
import { quoteGo } from './strings.ts';

/** Longest line of `format`, UTF-8 bytes; longer expressions are split where they can be. */
export const MAX_LINE_LENGTH = 100;

/** Layout of Prometheus's `format_query`: what fits in a line stays in it, the rest is indented by two spaces a level. */
export function format(expr: Expr): string {
  return pretty(expr, 0);
}

/** The expression in one line, as Prometheus prints it. Parses back to an equal expression, but for the order of matchers. */
export function print(expr: Expr): string {
  switch (expr.kind) {
    case 'number':
      return expr.isDuration ? formatDuration(Math.round(expr.value * 1000)) : formatNumber(expr.value);
    case 'string':
      return quoteGo(expr.value);
    case 'vector_selector':
      return printSelector(expr, 'all');
    case 'matrix_selector': {
      const { vector, range } = expr;
      const extension = vector.extension === undefined ? '' : ` ${vector.extension}`;
      const time = printAt(vector.at) + printOffset(vector.offset);
      return `${printSelector(vector, 'none')}[${printDuration(range)}]${extension}${time}`;
    }
    case 'subquery':
      return print(expr.expr) + subquerySuffix(expr);
    case 'paren':
      return `(${print(expr.expr)})`;
    case 'unary':
      return expr.op + print(expr.expr);
    case 'binary':
      return `${print(expr.left)} ${binaryHead(expr)} ${print(expr.right)}`;
    case 'aggregate':
      return `${aggregateHead(expr)}(${argumentsOf(expr).map(print).join(', ')})`;
    case 'call':
      return `${expr.name}(${expr.args.map(print).join(', ')})`;
  }
}

function pretty(expr: Expr, level: number): string {
  const indent = '  '.repeat(level);
  if (expr.kind === 'unary') return `${indent}${expr.op}${pretty(expr.expr, level).trim()}`;
  const line = print(expr);
  if (Buffer.byteLength(line) <= MAX_LINE_LENGTH) return expr.kind === 'subquery' ? line : indent + line;
  switch (expr.kind) {
    case 'aggregate':
      return block(indent + aggregateHead(expr), argumentsOf(expr), level);
    case 'call':
      return block(indent + expr.name, expr.args, level);
    case 'paren':
      return block(indent, [expr.expr], level);
    case 'binary':
      return `${pretty(expr.left, level + 1)}\n${indent}${binaryHead(expr)}\n${pretty(expr.right, level + 1)}`;
    case 'subquery':
      return pretty(expr.expr, level) + subquerySuffix(expr);
    default:
      return indent + line;
  }
}

function block(head: string, inner: readonly Expr[], level: number): string {
  const lines = inner.map((expr) => pretty(expr, level + 1)).join(',\n');
  return `${head}(\n${lines}\n${'  '.repeat(level)})`;
}

function argumentsOf({ param, expr }: Aggregate): readonly Expr[] {
  return param === undefined ? [expr] : [param, expr];
}

function aggregateHead({ op, grouping, isWithout }: Aggregate): string {
  if (isWithout) return `${op} without (${printLabels(grouping)}) `;
  return grouping.length > 0 ? `${op} by (${printLabels(grouping)}) ` : op;
}

function binaryHead({ op, returnsBool, matching }: Binary): string {
  return op + (returnsBool ? ' bool' : '') + (matching === undefined ? '' : printMatching(matching));
}

function printMatching(matching: VectorMatching): string {
  const { cardinality, isOn, labels, include } = matching;
  const isGrouped = cardinality === 'many-to-one' || cardinality === 'one-to-many';
  let text = '';
  if (labels.length > 0 || isOn || isGrouped) text += ` ${isOn ? 'on' : 'ignoring'} (${printLabels(labels)})`;
  if (isGrouped)
    text += ` group_${cardinality === 'many-to-one' ? 'left' : 'right'} (${printLabels(include)})`;
  return text + printFills(matching);
}

function printFills({ fillLeft, fillRight }: VectorMatching): string {
  if (fillLeft !== undefined && Object.is(fillLeft, fillRight)) return ` fill (${formatShort(fillLeft)})`;
  const left = fillLeft === undefined ? '' : ` fill_left (${formatShort(fillLeft)})`;
  return fillRight === undefined ? left : `${left} fill_right (${formatShort(fillRight)})`;
}

function printLabels(labels: readonly string[]): string {
  return labels.map(printLabel).join(', ');
}

function printLabel(name: string): string {
  return isPlainLabelName(name) ? name : quoteGo(name);
}

/** The matchers are sorted; that of the name in front is not repeated. */
function printSelector(selector: VectorSelector, modifiers: 'all' | 'none'): string {
  const { name, matchers, at, extension, offset } = selector;
  const isInFront = (matcher: Matcher) =>
    matcher.name === METRIC_NAME && matcher.type === '=' && matcher.value === name && name !== '';
  const shown = matchers
    .filter((matcher) => !isInFront(matcher))
    .map((matcher) => printLabel(matcher.name) + matcher.type + quoteGo(matcher.value))
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const braces = shown.length > 0 ? `{${shown.join(',')}}` : '';
  if (modifiers === 'none') return name + braces;
  return name + braces + printAt(at) + (extension === undefined ? '' : ` ${extension}`) + printOffset(offset);
}

function printAt(at: AtModifier | undefined): string {
  if (at === undefined) return '';
  return at.kind === 'time' ? ` @ ${(at.ms / 1000).toFixed(3)}` : ` @ ${at.kind}()`;
}

function printOffset(offset: Duration | undefined): string {
  return offset === undefined ? '' : ` offset ${printDuration(offset)}`;
}

function subquerySuffix({ range, step, offset, at }: Subquery): string {
  const steps = step === undefined ? '' : printDuration(step);
  return `[${printDuration(range)}:${steps}]${printAt(at)}${printOffset(offset)}`;
}

function printDuration(duration: DurationExpr['args'][number]): string {
  if (duration.kind === 'constant') return formatDuration(duration.ms);
  if (duration.kind === 'number') return formatNumber(duration.value);
  const text = printOperation(duration.op, duration.args.map(printDuration));
  return duration.wrapped ? `(${text})` : text;
}

function printOperation(op: DurationExpr['op'], args: readonly string[]): string {
  switch (op) {
    case 'step':
    case 'range':
      return `${op}()`;
    case 'min':
    case 'max':
      return `${op}_of(${args.join(', ')})`;
    case 'negate':
      return `-${args[0]}`;
    default:
      return args.join(` ${op} `);
  }
}
