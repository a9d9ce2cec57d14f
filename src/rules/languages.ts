import { BellwetherError } from '../lib/errors.ts';
import { Labels, METRIC_NAME } from '../model/labels.ts';
import {
  type Expr,
  functionNamed,
  type ParseOptions,
  parse,
  print,
  type QueryResult,
  type VectorSample,
  walk,
} from '../promql/index.ts';
import type { CheckedExpr } from './parse-rules.ts';

/** How a query of a rule runs. */
export interface RuleQueryRun {
  /** Aborted when the rule is taken away or the server stops. */
  readonly signal: AbortSignal;
}

/** What an expression gave at one moment. */
export interface RuleVector {
  readonly samples: readonly VectorSample[];
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}

/** Evaluates the expressions of one language. Rejects with an Error whose message is shown as the rule's last error. */
export type RuleEvaluator = (query: string, timeMs: number, run: RuleQueryRun) => Promise<RuleVector>;

/** A PromQL instant query. */
export type RuleQuery = (text: string, timeMs: number, run: RuleQueryRun) => Promise<QueryResult>;

/** The evaluator of PromQL over a query function. */
export function promqlEvaluator(query: RuleQuery): RuleEvaluator {
  return async (text, timeMs, run) => {
    const { value, warnings, infos } = await query(text, timeMs, run);
    if (value.type === 'vector') return { samples: value.samples, warnings, infos };
    if (value.type !== 'scalar')
      throw new BellwetherError({
        code: 'bad_rule_result',
        status: 422,
        message: 'rule result is not a vector or scalar',
      });
    const sample = { labels: Labels.EMPTY, timeMs: value.timeMs, value: value.value, histogram: undefined };
    return { samples: [sample], warnings, infos };
  };
}

/** The check of PromQL expressions for a file. @param options feature flags, as of the engine that will evaluate. */
export function promqlCheck(
  options: Omit<ParseOptions, 'functions'> = { hasDurationExpressions: true },
): (expr: string) => CheckedExpr {
  return (text) => {
    const expr = parse(text, { ...options, functions: functionNamed });
    return { query: print(expr), reads: metricsOf(expr) };
  };
}

/** The metrics an expression reads; undefined when a selector does not name its metric. */
function metricsOf(expr: Expr): ReadonlySet<string> | undefined {
  const names = new Set<string>();
  let isOpen = false;
  walk(expr, (node) => {
    // What `info` reads besides its arguments is not written there.
    if (node.kind === 'call' && node.name === 'info') isOpen = true;
    if (node.kind !== 'vector_selector') return;
    const named = node.matchers.find(({ name, type }) => name === METRIC_NAME && type === '=');
    if (named === undefined) isOpen = true;
    else names.add(named.value);
  });
  return isOpen ? undefined : names;
}
