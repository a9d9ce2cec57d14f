import type { Labels } from '../model/labels.ts';
import type { ActiveAlert } from './alert-state.ts';
import type { RuleEvaluation } from './evaluation-types.ts';
import { type RuleRunner, seriesOfAlerts } from './rule-runner.ts';
import type { SavedRule } from './rule-state.ts';
import type { Rule, RuleGroup } from './rule-types.ts';

/** What a rule leaves behind when its group is changed, or what was saved of it before a restart. */
export interface LeftRule {
  readonly id: string;
  readonly rule: Rule;
  readonly group: RuleGroup;
  readonly active: Map<string, ActiveAlert>;
  readonly previousSeries: ReadonlyMap<string, Labels>;
  readonly evaluations: readonly RuleEvaluation[];
  readonly needsSeriesRestore: boolean;
  readonly holdUntilMs: number;
  readonly isSaved: boolean;
  /** Of a saved rule: up to when the server was surely alive. */
  readonly seenAtMs: number | undefined;
}

export function leftFromRunner(runner: RuleRunner): LeftRule {
  const { id, rule, group, active, previousSeries, needsSeriesRestore, holdUntilMs, isSaved } = runner;
  const evaluations = runner.evaluations();
  return {
    id,
    rule,
    group,
    active,
    previousSeries,
    evaluations,
    needsSeriesRestore,
    holdUntilMs,
    isSaved,
    seenAtMs: undefined,
  };
}

/** @param seenAtMs when the server last noted that it was alive. */
export function leftFromSaved(saved: SavedRule, seenAtMs: number | undefined): LeftRule {
  const { name, expr, query, labels } = saved;
  const rule: Rule = {
    kind: 'alerting',
    name,
    expr,
    query,
    labels,
    language: 'promql',
    reads: undefined,
    line: 1,
    forMs: 0,
    keepFiringForMs: 0,
    annotations: [],
  };
  const { file, intervalMs, active } = saved;
  return {
    id: saved.id,
    rule,
    group: { file, name: saved.group, intervalMs, limit: 0, queryOffsetMs: 0, labels: [], rules: [rule] },
    active,
    previousSeries: seriesOfAlerts(active),
    evaluations: [],
    needsSeriesRestore: false,
    holdUntilMs: Number.NEGATIVE_INFINITY,
    isSaved: true,
    seenAtMs: Math.max(saved.savedAtMs, seenAtMs ?? 0),
  };
}
