import { unwrapParens } from './analyze.ts';
import type { Expr } from './ast.ts';
import { evaluateAggregate, operationOf } from './evaluate-aggregate.ts';
import { evaluateBinary, evaluateUnary } from './evaluate-binary.ts';
import { evaluateCall, sizeOf } from './evaluate-calls.ts';
import { streamInstants } from './evaluate-instants.ts';
import type { PlanRecorder } from './evaluate-plan.ts';
import { collector, repeated } from './evaluate-rows.ts';
import type { EvalEnv, EvalScope, Grid, Value } from './evaluate-types.ts';
import { print } from './format.ts';
import { TIME_DEPENDENT_FUNCTIONS } from './functions/index.ts';

/** What a node does, for plans. */
function operationName(node: Expr): string {
  switch (node.kind) {
    case 'vector_selector':
    case 'matrix_selector':
      return 'select';
    case 'binary':
    case 'unary':
      return `${node.kind} ${node.op}`;
    case 'aggregate':
      return operationOf(node);
    case 'call':
      return node.name;
    default:
      return node.kind;
  }
}

/**
 * Evaluates a node over a grid. What is the same at every moment is evaluated for one and repeated. Accounts for samples and time, and
 * records the plan.
 *
 * @throws BellwetherError `execution`, `timeout`, `canceled`, `too_many_samples`.
 */
export async function evaluate(env: EvalEnv, node: Expr, grid: Grid, parent: PlanRecorder): Promise<Value> {
  const inner = unwrapParens(node);
  const { budget } = env;
  const plan = parent.child(operationName(inner), () => print(inner));
  const startedMs = budget.nowMs();
  const before = budget.mark;
  budget.check();
  const isRepeated = grid.steps > 1 && env.invariants.has(inner);
  const scope: EvalScope = { env, plan, grid: isRepeated ? { ...grid, steps: 1 } : grid };
  const value = await evaluateNode(inner, scope);
  const result = isRepeated ? repeatedValue(value, grid.steps) : value;
  const { samples, cells } = sizeOf(result);
  budget.settle(before, samples, cells);
  plan.seriesOut = result.kind === 'vector' ? result.series.length : 1;
  plan.elapsedMs = budget.nowMs() - startedMs;
  return result;
}

async function evaluateNode(node: Expr, scope: EvalScope): Promise<Value> {
  switch (node.kind) {
    case 'number':
      return { kind: 'scalar', values: new Float64Array(scope.grid.steps).fill(node.value) };
    case 'string':
      return { kind: 'string', text: node.value };
    case 'vector_selector': {
      const { series, consume } = collector(scope);
      await streamInstants(node, scope, consume);
      return { kind: 'vector', series };
    }
    case 'unary':
      return await evaluateUnary(node, scope);
    case 'binary':
      return await evaluateBinary(node, scope);
    case 'aggregate':
      return { kind: 'vector', series: await evaluateAggregate(node, scope) };
    case 'call':
      return await evaluateCall(node, scope);
    default:
      throw new Error(`a ${node.kind} has no value at a moment`);
  }
}

function repeatedValue(value: Value, steps: number): Value {
  if (value.kind === 'string') return value;
  if (value.kind === 'scalar')
    return { kind: 'scalar', values: new Float64Array(steps).fill(value.values[0]!) };
  return { kind: 'vector', series: value.series.map((series) => repeated(series, steps)) };
}

/** Finds the nodes whose value is the same at every moment, because all their selectors have an `@` and no function looks at the time. */
export function invariantNodes(root: Expr): Set<Expr> {
  const found = new Set<Expr>();
  const visit = (node: Expr): boolean => {
    const isInvariant = visitBelow(node, visit);
    if (isInvariant) found.add(node);
    return isInvariant;
  };
  visit(root);
  return found;
}

function visitBelow(node: Expr, visit: (node: Expr) => boolean): boolean {
  switch (node.kind) {
    case 'number':
    case 'string':
      return true;
    case 'vector_selector':
      return node.at !== undefined;
    case 'matrix_selector':
      return node.vector.at !== undefined;
    case 'subquery':
      visit(node.expr);
      return node.at !== undefined;
    case 'binary': {
      const isLeft = visit(node.left);
      return visit(node.right) && isLeft;
    }
    case 'call': {
      const all = node.args.map(visit).every(Boolean);
      return all && !TIME_DEPENDENT_FUNCTIONS.has(node.name);
    }
    case 'aggregate': {
      const isParam = node.param === undefined || visit(node.param);
      return visit(node.expr) && isParam;
    }
    default:
      return visit(node.expr);
  }
}
