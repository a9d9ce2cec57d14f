import type { SyntaxNode } from '@lezer/common';
import type { Aggregate, AggregateOp, Binary, BinaryOp, Call, Expr, VectorMatching } from './ast.ts';
import { literalSeconds } from './parse-durations.ts';
import { type Token, WORD_OPERATORS } from './parse-lex.ts';
import { applyPostfix, POSTFIX_NODES, signedLiteral } from './parse-modifiers.ts';
import { groupingLabels, vectorSelector } from './parse-selectors.ts';
import type { Source } from './parse-source.ts';
import { unquote } from './strings.ts';

/** One piece of a level between brackets, in the order of the text. */
type Item =
  | { readonly kind: 'operand'; readonly node: SyntaxNode }
  | { readonly kind: 'postfix'; readonly node: SyntaxNode }
  | { readonly kind: 'sign'; readonly token: Token }
  | { readonly kind: 'operator'; readonly node: SyntaxNode; readonly op: BinaryOp };

/** Binding strength; only `^` groups to the right. */
const PRECEDENCE: Readonly<Record<BinaryOp, number>> = {
  or: 1,
  and: 2,
  unless: 2,
  '==': 3,
  '!=': 3,
  '<': 3,
  '>': 3,
  '<=': 3,
  '>=': 3,
  '</': 3,
  '>/': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  atan2: 5,
  '^': 6,
};

/** A sign binds as `*` does, so that `-a ^ b` is `-(a ^ b)`. */
const OPERAND_OF_SIGN = 6;

const WITH_PARAMETER: ReadonlySet<string> = new Set(
  'topk bottomk count_values quantile limitk limit_ratio'.split(' '),
);
const EXPERIMENTAL_AGGREGATORS: ReadonlySet<string> = new Set(['limitk', 'limit_ratio']);

/** Turns the grammar's tree of a level into an expression. Recursion is bounded, because the text's nesting is. */
export function expressionOf(source: Source, node: SyntaxNode): Expr {
  const items = flatten(source, node);
  let at = 0;

  function operand(): Expr {
    const item = items[at++]!;
    if (item.kind === 'sign') return signed(item.token, climb(OPERAND_OF_SIGN));
    let expr = primary(source, item.kind === 'operand' ? item.node : node);
    for (let next = items[at]; next?.kind === 'postfix'; next = items[at]) {
      expr = applyPostfix(source, expr, next.node);
      at++;
    }
    return expr;
  }

  function climb(least: number): Expr {
    let left = operand();
    for (let next = items[at]; next?.kind === 'operator'; next = items[at]) {
      const strength = PRECEDENCE[next.op];
      if (strength < least) break;
      at++;
      const right = climb(next.op === '^' ? strength : strength + 1);
      left = binary(source, { op: next.op, node: next.node, left, right });
    }
    return left;
  }

  return climb(0);
}

/**
 * Lists operands, operators and modifiers of one level in the order of the text: how the grammar grouped them is not how Prometheus does.
 * With a stack of its own, because the grammar's tree leans to one side.
 */
function flatten(source: Source, root: SyntaxNode): Item[] {
  const items: Item[] = [];
  const open: (Item | SyntaxNode)[] = [root];
  for (let top = open.pop(); top !== undefined; top = open.pop()) {
    if ('kind' in top) {
      items.push(top);
      continue;
    }
    const node = top;
    if (node.name === 'BinaryExpr') {
      open.push(node.lastChild!, { kind: 'operator', node, op: operatorOf(source, node) }, node.firstChild!);
    } else if (node.name === 'UnaryExpr') {
      open.push(node.lastChild!, { kind: 'sign', token: source.token(node) });
    } else if (POSTFIX_NODES.has(node.name)) {
      open.push({ kind: 'postfix', node }, node.firstChild!);
    } else {
      items.push({ kind: 'operand', node });
    }
  }
  return items;
}

function operatorOf(source: Source, node: SyntaxNode): BinaryOp {
  const token = source.token(node.firstChild!.nextSibling!);
  return (WORD_OPERATORS.has(token.keyword) ? token.keyword : token.text) as BinaryOp;
}

function primary(source: Source, node: SyntaxNode): Expr {
  switch (node.name) {
    case 'StringLiteral':
      return literal(source, source.token(node));
    case 'VectorSelector':
      return vectorSelector(source, node);
    case 'ParenExpr':
      return {
        kind: 'paren',
        expr: expressionOf(source, argumentsOf(node)[0]!),
        pos: source.position(node),
      };
    case 'FunctionCall':
      return call(source, node);
    default:
      return aggregate(source, node);
  }
}

/** Every literal operand is a string in the grammar's spelling. */
function literal(source: Source, token: Token): Expr {
  const pos = { start: token.start, end: token.end };
  if (token.kind === 'string') return { kind: 'string', value: unquote(token.text), pos };
  return { kind: 'number', value: literalSeconds(source, token), isDuration: token.kind === 'duration', pos };
}

/** A sign in front of a number is part of it. */
function signed(sign: Token, expr: Expr): Expr {
  const pos = { start: sign.start, end: expr.pos.end };
  const op = sign.text as '+' | '-';
  if (expr.kind !== 'number') return { kind: 'unary', op, expr, pos };
  return { ...expr, value: op === '-' ? -expr.value : expr.value, pos };
}

/** The expressions between a node's brackets. */
function argumentsOf(node: SyntaxNode): SyntaxNode[] {
  const list: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling)
    if (/^[A-Z]/.test(child.name)) list.push(child);
  return list;
}

function call(source: Source, node: SyntaxNode): Call {
  const token = source.token(node);
  // Words of the language are read in any case; the names of functions are not.
  const name = token.keyword === '' ? token.text : token.keyword;
  const args = argumentsOf(node.getChild('FunctionCallBody')!).map((arg) => expressionOf(source, arg));
  const signature = source.options.functions(name);
  if (signature === undefined)
    throw source.error(token, `unknown function with name ${JSON.stringify(name)}`);
  if (signature.isExperimental && !source.options.hasExperimentalFunctions)
    throw source.error(token, `function ${JSON.stringify(name)} is not enabled`);
  return { kind: 'call', name, args, pos: source.position(node) };
}

function aggregate(source: Source, node: SyntaxNode): Aggregate {
  const op = source.token(node).keyword as AggregateOp;
  const modifier = node.getChild('AggregateModifier');
  const isWithout = modifier !== null && source.token(modifier).keyword === 'without';
  const grouping = modifier === null ? [] : groupingLabels(source, modifier.getChild('GroupingLabels')!);
  const args = argumentsOf(node.getChild('FunctionCallBody')!).map((arg) => expressionOf(source, arg));
  const pos = source.position(node);
  if (args.length === 0) throw source.error(pos, 'no arguments for aggregate expression provided');
  if (EXPERIMENTAL_AGGREGATORS.has(op) && !source.options.hasExperimentalFunctions)
    throw source.error(
      pos,
      `${op}() is experimental and must be enabled with --enable-feature=promql-experimental-functions`,
    );
  const count = WITH_PARAMETER.has(op) ? 2 : 1;
  if (args.length !== count)
    throw source.error(
      pos,
      `wrong number of arguments for aggregate expression provided, expected ${count}, got ${args.length}`,
    );
  const param = count === 2 ? args[0] : undefined;
  return { kind: 'aggregate', op, expr: args[count - 1]!, param, grouping, isWithout, pos };
}

function binary(
  source: Source,
  { op, node, left, right }: { op: BinaryOp; node: SyntaxNode; left: Expr; right: Expr },
): Binary {
  const matching = matchingOf(source, node);
  const pos = { start: left.pos.start, end: right.pos.end };
  const hasFill = matching.fillLeft !== undefined || matching.fillRight !== undefined;
  if (hasFill && !source.options.hasFillModifiers)
    throw source.error(pos, 'binop fill modifiers are experimental and not enabled');
  const returnsBool = node.getChild('BoolModifier') !== null;
  return { kind: 'binary', op, left, right, returnsBool, matching, pos };
}

/** The modifiers of a binary operator; `check` drops them where they mean nothing. */
function matchingOf(source: Source, node: SyntaxNode): VectorMatching {
  const clause = node.getChild('MatchingModifierClause');
  const [labels, include] = clause?.getChildren('GroupingLabels') ?? [];
  const group = clause?.getChild('GroupLeft') ?? clause?.getChild('GroupRight') ?? null;
  const groupWord = group === null ? '' : source.token(group).keyword;
  return {
    cardinality: groupWord === '' ? 'one-to-one' : groupWord === 'group_left' ? 'many-to-one' : 'one-to-many',
    isOn: clause !== null && source.token(clause).keyword === 'on',
    labels: labels === undefined ? [] : groupingLabels(source, labels),
    include: include === undefined ? [] : groupingLabels(source, include),
    ...fillsOf(source, node.getChild('FillModifier')),
  };
}

function fillsOf(
  source: Source,
  node: SyntaxNode | null,
): { fillLeft: number | undefined; fillRight: number | undefined } {
  const valueIn = (name: string) => {
    const value = node?.getChild(name)?.getChild('NumberDurationLiteral');
    return value ? signedLiteral(source, value) : undefined;
  };
  const both = valueIn('FillClause');
  return { fillLeft: both ?? valueIn('FillLeftClause'), fillRight: both ?? valueIn('FillRightClause') };
}
