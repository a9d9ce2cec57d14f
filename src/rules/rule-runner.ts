import type { Labels } from '../model/labels.ts';
import type { ActiveAlert } from './alert-state.ts';
import type { RuleEvaluation, RuleHealth } from './evaluation-types.ts';
import { alertSeries, forStateSeries } from './rule-labels.ts';
import type { Rule, RuleGroup } from './rule-types.ts';

/** Evaluations of a rule that are remembered. */
const EVALUATIONS_KEPT = 32;

/** A rule with everything that changes as it is evaluated. */
export class RuleRunner {
  readonly id: string;
  readonly rule: Rule;
  readonly group: RuleGroup;
  /** By `labels.key`. Empty for recording rules. */
  readonly active = new Map<string, ActiveAlert>();
  /** Series of the last evaluation by `labels.key`; they get a staleness marker when they vanish. */
  previousSeries: ReadonlyMap<string, Labels> = new Map();
  health: RuleHealth = 'unknown';
  lastError: string | undefined;
  /** Annotations of the last query. */
  warnings: readonly string[] = [];
  /** When the last evaluation began, by the clock. */
  lastEvaluationMs: number | undefined;
  durationMs = 0;
  /** Its pending times are still to be read from `ALERTS_FOR_STATE`; until then that series is not written. */
  needsSeriesRestore = false;
  /** Until then alerts that were not seen again are kept. */
  holdUntilMs = Number.NEGATIVE_INFINITY;
  /** Something that a restart needs has changed since it was saved. */
  isDirty = false;
  /** Something is saved under this rule's id. */
  isSaved = false;
  isStoreAway = false;
  readonly #evaluations: RuleEvaluation[] = [];

  constructor(id: string, rule: Rule, group: RuleGroup) {
    this.id = id;
    this.rule = rule;
    this.group = group;
  }

  /** Alerts that are pending or firing. */
  live(): ActiveAlert[] {
    return [...this.active.values()].filter(({ state }) => state !== 'inactive');
  }

  record(evaluation: RuleEvaluation): void {
    this.#evaluations.push(evaluation);
    if (this.#evaluations.length > EVALUATIONS_KEPT) this.#evaluations.shift();
  }

  /** Oldest first, the last 32. */
  evaluations(): readonly RuleEvaluation[] {
    return [...this.#evaluations];
  }

  /** Takes over what a rule with the same identity left. */
  adopt(from: {
    readonly active: ReadonlyMap<string, ActiveAlert>;
    readonly previousSeries: ReadonlyMap<string, Labels>;
    readonly evaluations: readonly RuleEvaluation[];
  }): void {
    for (const [key, alert] of from.active) this.active.set(key, alert);
    this.previousSeries = from.previousSeries;
    for (const evaluation of from.evaluations) this.record(evaluation);
  }
}

/** The series that the evaluation which left these alerts has written. */
export function seriesOfAlerts(active: ReadonlyMap<string, ActiveAlert>): Map<string, Labels> {
  const series = new Map<string, Labels>();
  for (const { labels, state } of active.values()) {
    if (state === 'inactive') continue;
    for (const one of [alertSeries(labels, state), forStateSeries(labels)]) series.set(one.key, one);
  }
  return series;
}
