import type { RuleInfoJson, RuleWhyJson } from '../../contract/index.ts';
import type { GroupRunner, RuleEvaluation, RuleRunner } from '../../rules/index.ts';
import { USER_FILE } from './rule-files.ts';

/** Where rule files come from, for people. */
export interface RulePlaces {
  /** Rule files of packs by absolute path: `service` for those of the pack service. */
  readonly packOf: ReadonlyMap<string, string>;
}

/** A rule as the API shows it. */
export function ruleInfo(group: GroupRunner, runner: RuleRunner, places: RulePlaces): RuleInfoJson {
  const { rule, health, lastError, lastEvaluationMs } = runner;
  const { file, name, intervalMs } = group.group;
  const isAlerting = rule.kind === 'alerting';
  const isUsers = file === USER_FILE;
  const pack = places.packOf.get(file);
  return {
    // A user's rule goes by the name it is stored under, so that it can be changed.
    id: isUsers ? name : runner.id,
    kind: rule.kind,
    name: rule.name,
    group: isUsers ? '' : name,
    file: pack === undefined ? file : `pack:${pack}`,
    line: isUsers ? 0 : rule.line,
    is_editable: isUsers,
    query: rule.query,
    for_s: isAlerting ? rule.forMs / 1000 : 0,
    keep_firing_for_s: isAlerting ? rule.keepFiringForMs / 1000 : 0,
    interval_s: intervalMs / 1000,
    labels: Object.fromEntries(rule.labels),
    annotations: isAlerting ? Object.fromEntries(rule.annotations) : {},
    state: stateOf(runner),
    health: health === 'unknown' ? 'unknown' : health,
    last_error: lastError ?? '',
    store_away: runner.isStoreAway,
    last_evaluation_at: lastEvaluationMs === undefined ? null : iso(lastEvaluationMs),
    evaluation_ms: runner.durationMs,
    series_count: runner.evaluations().at(-1)?.seriesCount ?? 0,
    alerts: runner.live().length,
  };
}

function stateOf(runner: RuleRunner): RuleInfoJson['state'] {
  if (runner.lastEvaluationMs === undefined) return 'unknown';
  const states = new Set(runner.live().map(({ state }) => state));
  return states.has('firing') ? 'firing' : states.has('pending') ? 'pending' : 'inactive';
}

/** The evaluations that are remembered, newest first. */
export function evaluationsOf(runner: RuleRunner): RuleWhyJson['evaluations'] {
  return runner.evaluations().map(evaluationJson).reverse();
}

function evaluationJson(evaluation: RuleEvaluation): RuleWhyJson['evaluations'][number] {
  return {
    at: iso(evaluation.timeMs),
    duration_ms: evaluation.durationMs,
    error: evaluation.error ?? '',
    store_away: evaluation.isStoreAway,
    series_count: evaluation.seriesCount,
    warnings: [...evaluation.warnings],
    series: evaluation.series.map(({ labels, value, state, activeAtMs }) => ({
      labels: labels.toObject(),
      value: finite(value),
      state: state ?? '',
      active_at: activeAtMs === undefined ? null : iso(activeAtMs),
    })),
  };
}

/** What JSON cannot say is nothing. */
export function finite(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : value;
}

export function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

/** Times of alerts may lie outside what dates can say. */
export function isoOrNull(timeMs: number | undefined): string | null {
  return timeMs === undefined || Math.abs(timeMs) > 8.64e15 ? null : iso(timeMs);
}
