import { messageOf } from '../lib/errors.ts';
import type { Labels } from '../model/labels.ts';
import { type AlertChange, resolve } from './alert-state.ts';
import { ruleChange, sendAlerts } from './evaluate-alerting.ts';
import { staleMarker } from './evaluate-rule.ts';
import type { EvaluationParts } from './evaluation-types.ts';
import type { LeftRule } from './left-rule.ts';
import { RuleRunner } from './rule-runner.ts';

/** Resolves and forgets the alerts of rules that are gone. @param remove deletes the saved state of a rule. */
export async function retireRules(
  rules: readonly LeftRule[],
  parts: EvaluationParts,
  remove: (id: string) => Promise<void>,
): Promise<void> {
  const nowMs = parts.clock.now();
  for (const left of rules) {
    const runner = new RuleRunner(left.id, left.rule, left.group);
    const changes: AlertChange[] = [];
    for (const [key, alert] of left.active) {
      if (alert.state === 'inactive' && !alert.isUnsent) continue;
      if (alert.state !== 'inactive') changes.push({ alert, from: alert.state, to: 'inactive' });
      if (alert.state !== 'pending') runner.active.set(key, alert);
      if (alert.state !== 'inactive') resolve(alert, nowMs);
    }
    sendAlerts(runner, nowMs, parts);
    if (changes.length > 0) parts.onChange(changes.map((change) => ruleChange(runner, change, nowMs)));
    if (left.isSaved) await remove(left.id);
  }
}

/** Writes staleness markers for series that no rule produces any more. */
export class SeriesEnding {
  readonly #parts: EvaluationParts;
  readonly #current: () => readonly RuleRunner[];
  readonly #timers = new Set<() => void>();

  /** @param current all rules there are. */
  constructor(parts: EvaluationParts, current: () => readonly RuleRunner[]) {
    this.#parts = parts;
    this.#current = current;
  }

  /** Waits two intervals, in which a rule that was renamed or moved may produce the series anew. */
  end(rules: readonly LeftRule[]): void {
    const series = new Map<string, Labels>();
    let intervalMs = 0;
    for (const { previousSeries, group } of rules) {
      for (const [key, labels] of previousSeries) series.set(key, labels);
      intervalMs = Math.max(intervalMs, group.intervalMs);
    }
    if (series.size === 0) return;
    const endedMs = this.#parts.clock.now();
    const cancel = this.#parts.clock.after(2 * intervalMs, () => {
      this.#timers.delete(cancel);
      this.#write(series, endedMs).catch((error: unknown) => {
        this.#parts.counters.writeFailures++;
        this.#parts.log.warn({ error: messageOf(error) }, 'the end of series could not be written');
      });
    });
    this.#timers.add(cancel);
  }

  stop(): void {
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  async #write(series: Map<string, Labels>, timeMs: number): Promise<void> {
    for (const { previousSeries } of this.#current())
      for (const key of previousSeries.keys()) series.delete(key);
    if (series.size > 0)
      await this.#parts.write([...series.values()].map((labels) => staleMarker(labels, timeMs)));
  }
}
