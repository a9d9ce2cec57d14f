import { messageOf } from '../lib/errors.ts';
import type { Labels } from '../model/labels.ts';
import { shiftAlert } from './alert-state.ts';
import { evaluateRule } from './evaluate-rule.ts';
import type { EvaluationParts } from './evaluation-types.ts';
import { restoreFromSeries } from './restore-series.ts';
import { ALERTS, ALERTS_FOR_STATE } from './rule-labels.ts';
import { RuleRunner } from './rule-runner.ts';
import { groupKey, type Rule, type RuleGroup, type RuleSample } from './rule-types.ts';
import { ruleIds } from './rules-equal.ts';

/** A write that takes longer counts as failed, so that it cannot keep alerts from being evaluated. */
const WRITE_TIMEOUT_MS = 30_000;
/** Evaluations before pending times are read from `ALERTS_FOR_STATE`: at the first one there may be no data yet. */
const EVALUATIONS_BEFORE_RESTORE = 2;

interface PendingWrite {
  /** Metrics it writes. */
  readonly names: readonly string[];
  readonly done: Promise<void>;
}

/** A group with its rules' state. Evaluates its rules one after the other; knows nothing of timers. */
export class GroupRunner {
  readonly group: RuleGroup;
  readonly key: string;
  readonly rules: readonly RuleRunner[];
  /** When the last evaluation began and how long it took. */
  lastEvaluationMs: number | undefined;
  durationMs = 0;
  missedTicks = 0;
  /** Evaluations of its rules since the start, and those that failed. */
  evaluations = 0;
  failures = 0;
  readonly #parts: EvaluationParts;
  #rounds = 0;

  constructor(group: RuleGroup, parts: EvaluationParts) {
    this.group = group;
    this.key = groupKey(group);
    this.#parts = parts;
    const ids = ruleIds(group);
    this.rules = group.rules.map((rule, i) => new RuleRunner(ids[i]!, rule, group));
  }

  /** Evaluates all rules as of a tick. Never rejects: what fails is in the rules' health. */
  async evaluate(tickMs: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    const startedMs = clock.elapsed();
    this.lastEvaluationMs = clock.now();
    const pending: PendingWrite[] = [];
    for (const runner of this.rules) {
      if (signal.aborted) break;
      const needed = pending.filter(({ names }) => mayRead(runner.rule, names));
      await Promise.all(needed.map(({ done }) => done));
      const before = runner.previousSeries;
      const samples = await evaluateRule(runner, tickMs, this.#parts, signal);
      this.evaluations++;
      if (runner.health === 'err') this.failures++;
      if (samples.length > 0 && !signal.aborted)
        pending.push({ names: writtenBy(runner.rule), done: this.#write(runner, samples, before) });
    }
    await Promise.all(pending.map(({ done }) => done));
    this.durationMs = clock.elapsed() - startedMs;
    this.#rounds++;
    if (!signal.aborted) await this.#restore(tickMs, signal);
  }

  /** Never rejects. */
  async #write(
    runner: RuleRunner,
    samples: readonly RuleSample[],
    before: ReadonlyMap<string, Labels>,
  ): Promise<void> {
    const { counters, log } = this.#parts;
    try {
      await this.#writeInTime(samples);
      counters.samplesWritten += samples.length;
    } catch (error) {
      counters.writeFailures++;
      runner.health = 'err';
      runner.lastError = `the rule's samples could not be written: ${messageOf(error)}`;
      // The markers did not arrive either.
      runner.previousSeries = new Map([...before, ...runner.previousSeries]);
      log.warn({ group: this.group.name, rule: runner.rule.name, error: messageOf(error) }, runner.lastError);
    }
  }

  async #writeInTime(samples: readonly RuleSample[]): Promise<void> {
    let cancel: () => void = () => undefined;
    const tooLate = new Promise<never>((_, reject) => {
      const fail = () => reject(new Error(`it took longer than ${WRITE_TIMEOUT_MS / 1000} s`));
      cancel = this.#parts.clock.after(WRITE_TIMEOUT_MS, fail);
    });
    try {
      await Promise.race([this.#parts.write(samples), tooLate]);
    } finally {
      cancel();
    }
  }

  async #restore(tickMs: number, signal: AbortSignal): Promise<void> {
    if (this.#rounds < EVALUATIONS_BEFORE_RESTORE) return;
    for (const runner of this.rules) {
      if (!runner.needsSeriesRestore || signal.aborted) continue;
      try {
        await restoreFromSeries(runner, tickMs, this.#parts.evaluators.get('promql')!, signal);
        runner.needsSeriesRestore = false;
        runner.isDirty = true;
      } catch (error) {
        // Tried again after the next evaluation.
        const fields = { group: this.group.name, rule: runner.rule.name, error: messageOf(error) };
        this.#parts.log.warn(fields, 'pending times could not be restored from stored series');
      }
    }
  }

  /** Moves what the alerts measure from now by a step of the machine's clock. */
  shift(byMs: number): void {
    for (const runner of this.rules) {
      for (const alert of runner.active.values()) shiftAlert(alert, byMs);
      runner.holdUntilMs += byMs;
    }
  }
}

function writtenBy(rule: Rule): readonly string[] {
  return rule.kind === 'recording' ? [rule.name] : [ALERTS, ALERTS_FOR_STATE];
}

/** Whether a rule may read one of these metrics, also from within its templates. */
function mayRead(rule: Rule, names: readonly string[]): boolean {
  const { reads } = rule;
  if (reads === undefined || names.some((name) => reads.has(name))) return true;
  return (
    rule.kind === 'alerting' &&
    [...rule.labels, ...rule.annotations].some(([, text]) => /\bquery\b/.test(text))
  );
}
