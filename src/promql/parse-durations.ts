import type { SyntaxNode } from '@lezer/common';
import type { Duration, DurationExpr, PositionRange } from './ast.ts';
import { literalMs, MAX_DURATION_MS, parseDurationText, secondsOf } from './durations.ts';
import type { Token } from './parse-lex.ts';
import { parseNumberText } from './parse-numbers.ts';
import type { Source } from './parse-source.ts';

type Operand = DurationExpr['args'][number];

interface Term {
  readonly operand: Operand;
  readonly pos: PositionRange;
}

const BINARY: Readonly<Record<string, DurationExpr['op']>> = {
  Add: '+',
  Sub: '-',
  Mul: '*',
  Div: '/',
  Mod: '%',
  Pow: '^',
};
const CALLS: Readonly<Record<string, DurationExpr['op']>> = {
  DurationStep: 'step',
  DurationRange: 'range',
  DurationMinOf: 'min',
  DurationMaxOf: 'max',
};

/** Reads the literal in a token as seconds. */
export function literalSeconds(source: Source, token: Token): number {
  if (token.kind === 'duration') {
    const parsed = parseDurationText(token.text);
    if (parsed.error !== undefined) throw source.error(token, parsed.error);
    return secondsOf(parsed.ms);
  }
  const parsed = parseNumberText(token.text);
  if (parsed.error !== undefined) throw source.error(token, `error parsing number: ${parsed.error}`);
  return parsed.value;
}

/** The duration of a range or a step of a subquery: a `DurationExpr` node of the grammar. */
export function positiveDuration(source: Source, node: SyntaxNode): Duration {
  const { operand, pos } = term(source, node);
  if (operand.kind === 'expression') return operand;
  const seconds = secondsOfOperand(operand);
  if (!(seconds > 0)) throw source.error(pos, 'duration must be greater than 0');
  return { kind: 'constant', ms: literalMs(seconds) };
}

/** The duration after `offset`: an `OffsetDurationExpr` node of the grammar. Undefined for 0. */
export function offsetDuration(source: Source, node: SyntaxNode): Duration | undefined {
  const sign = node.getChild('UnaryOp');
  if (sign !== null && node.getChild('OffsetDurationExpr')?.getChild('UnaryOp'))
    throw source.unexpected(source.firstToken(sign) + 1);
  const { operand } = term(source, node);
  if (operand.kind === 'expression') return operand;
  const ms = literalMs(secondsOfOperand(operand));
  return ms === 0 ? undefined : { kind: 'constant', ms };
}

function secondsOfOperand(operand: Exclude<Operand, DurationExpr>): number {
  return operand.kind === 'number' ? operand.value : secondsOf(operand.ms);
}

function term(source: Source, node: SyntaxNode): Term {
  const inner = [...node.getChildren('DurationExpr'), ...node.getChildren('OffsetDurationExpr')];
  const pos = source.position(node);
  const first = source.tokens[source.firstToken(node)]!;
  const literal = node.getChild('NumberDurationLiteralInDurationContext');
  if (literal !== null) return { operand: literalOperand(source, first), pos };
  const sign = node.getChild('UnaryOp');
  if (sign !== null) return signed(source, first, term(source, inner[0]!), pos);
  for (const [name, op] of Object.entries(CALLS)) {
    if (node.getChild(name) === null) continue;
    return expression(
      source,
      op,
      inner.map((child) => term(source, child).operand),
      pos,
    );
  }
  if (inner.length === 1) return wrapped(source, term(source, inner[0]!), pos);
  const op = BINARY[inner[0]!.nextSibling!.name]!;
  const left = term(source, inner[0]!);
  const right = term(source, inner[1]!);
  requireEnabled(source, left.pos);
  if (right.operand.kind !== 'expression' && secondsOfOperand(right.operand) === 0) {
    if (op === '/') throw source.error(source.position(inner[0]!.nextSibling!), 'division by zero');
    if (op === '%') throw source.error(source.position(inner[0]!.nextSibling!), 'modulo by zero');
  }
  return expression(source, op, [left.operand, right.operand], pos);
}

function literalOperand(source: Source, token: Token): Operand {
  const seconds = literalSeconds(source, token);
  if (!(Math.abs(seconds) * 1000 < MAX_DURATION_MS)) throw source.error(token, 'duration out of range');
  if (token.kind === 'number') return { kind: 'number', value: seconds };
  return { kind: 'constant', ms: literalMs(seconds) };
}

/** A sign in front of a literal belongs to the literal; a plus elsewhere means nothing. */
function signed(source: Source, sign: Token, { operand }: Term, pos: PositionRange): Term {
  if (sign.text === '+') return { operand, pos };
  if (operand.kind === 'number') return { operand: { kind: 'number', value: -operand.value }, pos };
  if (operand.kind === 'constant') return { operand: { kind: 'constant', ms: -operand.ms }, pos };
  return expression(source, 'negate', [operand], pos);
}

/** In parentheses: kept, so that the query prints as it was written. A literal becomes a sum of one. */
function wrapped(source: Source, { operand }: Term, pos: PositionRange): Term {
  requireEnabled(source, pos);
  if (operand.kind === 'expression') return { operand: { ...operand, wrapped: true }, pos };
  return { operand: { kind: 'expression', op: '+', args: [operand], wrapped: true, pos }, pos };
}

function expression(source: Source, op: DurationExpr['op'], args: Operand[], pos: PositionRange): Term {
  requireEnabled(source, pos);
  return { operand: { kind: 'expression', op, args, wrapped: false, pos }, pos };
}

function requireEnabled(source: Source, pos: PositionRange): void {
  if (!source.options.hasDurationExpressions)
    throw source.error(pos, 'experimental duration expression is not enabled');
}
