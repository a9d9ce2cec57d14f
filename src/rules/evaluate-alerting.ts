import { setImmediate } from 'node:timers/promises';
import { BellwetherError, messageOf } from '../lib/errors.ts';
import { Labels, METRIC_NAME } from '../model/labels.ts';
import type { VectorSample } from '../promql/index.ts';
import { type AlertChange, needsSending, type PresentAlert, stepAlerts } from './alert-state.ts';
import type { EvaluationParts, RuleAlert, RuleChange, TemplateData } from './evaluation-types.ts';
import { queryEscape } from './go-text.ts';
import {
  ALERT_NAME,
  addMissing,
  alertSeries,
  forStateSeries,
  mergePairs,
  overrideLabels,
} from './rule-labels.ts';
import type { RuleRunner } from './rule-runner.ts';
import type { AlertingRule, LabelPairs, RuleSample } from './rule-types.ts';

/** Alerts whose texts are made before others get their turn. */
const ALERTS_PER_TURN = 200;

/** One evaluation: what the expression gave, for which moment, and how. */
export interface Evaluation {
  readonly samples: readonly VectorSample[];
  /** The tick. */
  readonly timeMs: number;
  /** Time of the samples: the tick less the query offset. */
  readonly sampleMs: number;
  readonly signal: AbortSignal;
}

/**
 * Moves the alerts of a rule on, saves and sends what changed.
 *
 * @returns The samples of `ALERTS` and `ALERTS_FOR_STATE`.
 * @throws BellwetherError for a limit that is exceeded and for alerts with equal labels.
 */
export async function evaluateAlerting(
  runner: RuleRunner,
  evaluation: Evaluation,
  parts: EvaluationParts,
): Promise<RuleSample[]> {
  const rule = runner.rule as AlertingRule;
  const { timeMs, sampleMs, samples } = evaluation;
  const limit = runner.group.limit;
  // Before the texts are made, which for a large result takes long.
  if (limit > 0 && samples.length > limit) exceeded(runner, limit, samples.length);
  const present = await presentAlerts(runner, evaluation, parts);
  evaluation.signal.throwIfAborted();
  const { forMs, keepFiringForMs } = rule;
  const holdsAbsent = timeMs < runner.holdUntilMs;
  const { live, changes } = stepAlerts(runner.active, present, {
    timeMs,
    forMs,
    keepFiringForMs,
    holdsAbsent,
    resolvedRetentionMs: parts.resolvedRetentionMs,
  });
  if (limit > 0 && live.length > limit) exceeded(runner, limit, live.length);
  if (changes.length > 0) runner.isDirty = true;
  if (runner.isDirty) await parts.save(runner);
  sendAlerts(runner, timeMs, parts);
  if (changes.length > 0) parts.onChange(changes.map((change) => ruleChange(runner, change, timeMs)));
  if (runner.needsSeriesRestore) return [];
  return live.flatMap(({ labels, state, activeAtMs }) => [
    { labels: alertSeries(labels, state), timeMs: sampleMs, value: 1, histogram: undefined, isStale: false },
    {
      labels: forStateSeries(labels),
      timeMs: sampleMs,
      value: Math.floor(activeAtMs / 1000),
      histogram: undefined,
      isStale: false,
    },
  ]);
}

/** As in Prometheus all alerts of the rule are forgotten; receivers see them end when they are not told again. */
function exceeded(runner: RuleRunner, limit: number, count: number): never {
  if (runner.active.size > 0) runner.isDirty = true;
  runner.active.clear();
  throw new BellwetherError({
    code: 'rule_limit',
    status: 422,
    message: `exceeded limit of ${limit} with ${count} alerts`,
  });
}

async function presentAlerts(
  runner: RuleRunner,
  evaluation: Evaluation,
  parts: EvaluationParts,
): Promise<Map<string, PresentAlert>> {
  const rule = runner.rule as AlertingRule;
  const present = new Map<string, PresentAlert>();
  const hasTemplates = [...rule.labels, ...rule.annotations].some(([, text]) => isTemplate(text));
  let turn = 0;
  for (const sample of evaluation.samples) {
    if (hasTemplates && ++turn % ALERTS_PER_TURN === 0) {
      await setImmediate();
      evaluation.signal.throwIfAborted();
    }
    const data = templateData(rule, sample, evaluation, parts);
    const own = await expandAll(rule.labels, data, parts);
    const labels = overrideLabels(
      sample.labels,
      mergePairs(own, [
        [METRIC_NAME, ''],
        [ALERT_NAME, rule.name],
      ]),
    );
    if (present.has(labels.key))
      throw new BellwetherError({
        code: 'duplicate_alerts',
        status: 422,
        message: 'vector contains metrics with the same labelset after applying alert labels',
      });
    const annotations = Labels.from(await expandAll(rule.annotations, data, parts));
    present.set(labels.key, {
      labels,
      annotations,
      value: sample.histogram === undefined ? sample.value : 0,
    });
  }
  return present;
}

function isTemplate(text: string): boolean {
  return text.includes('{{');
}

function templateData(
  rule: AlertingRule,
  sample: VectorSample,
  { timeMs, signal }: Evaluation,
  parts: EvaluationParts,
): TemplateData {
  return {
    name: `__alert_${rule.name}`,
    labels: sample.labels,
    externalLabels: parts.externalLabels,
    externalUrl: parts.externalUrl,
    value: sample.histogram === undefined ? sample.value : 0,
    histogram: sample.histogram,
    timeMs,
    query: async (text) => (await parts.evaluators.get('promql')!(text, timeMs, { signal })).samples,
  };
}

async function expandAll(pairs: LabelPairs, data: TemplateData, parts: EvaluationParts): Promise<LabelPairs> {
  if (!pairs.some(([, text]) => isTemplate(text))) return pairs;
  const expanded: [string, string][] = [];
  for (const [name, text] of pairs)
    expanded.push([name, isTemplate(text) ? await expand(text, data, parts) : text]);
  return expanded;
}

async function expand(text: string, data: TemplateData, parts: EvaluationParts): Promise<string> {
  try {
    return await parts.expandTemplate(text, data);
  } catch (error) {
    parts.log.warn(
      { template: data.name, error: messageOf(error) },
      'a template of a rule could not be expanded',
    );
    return `<error expanding template: ${messageOf(error)}>`;
  }
}

/** Sends alerts that changed or were not told for a while. Called after failed evaluations too, so that firing alerts do not run out. */
export function sendAlerts(runner: RuleRunner, timeMs: number, parts: EvaluationParts): void {
  const due = [...runner.active.values()].filter((alert) => needsSending(alert, timeMs, parts.resendDelayMs));
  if (due.length === 0) return;
  const unsent = due.filter(({ isUnsent }) => isUnsent);
  const validUntilMs = timeMs + 4 * Math.max(parts.resendDelayMs, runner.group.intervalMs);
  const alerts = due.map((alert): RuleAlert => {
    const isResolved = alert.state === 'inactive';
    return {
      labels: addMissing(alert.labels, parts.externalLabels),
      annotations: alert.annotations,
      startsAtMs: alert.firedAtMs ?? alert.activeAtMs,
      endsAtMs: isResolved ? (alert.resolvedAtMs ?? timeMs) : validUntilMs,
      isResolved,
      value: alert.value,
      generatorUrl: `${parts.externalUrl}/graph?g0.expr=${queryEscape(runner.rule.query)}&g0.tab=1`,
      ruleId: runner.id,
      file: runner.group.file,
      group: runner.group.name,
    };
  });
  for (const alert of due) {
    alert.isUnsent = false;
    alert.lastSentAtMs = timeMs;
  }
  // It was saved as unsent, so that a crash before this line loses nothing; that it was sent is saved with the next evaluation.
  if (unsent.length > 0) runner.isDirty = true;
  parts.counters.notificationsSent += alerts.length;
  const failed = (error: unknown) => {
    parts.counters.notifyFailures++;
    for (const alert of due) {
      alert.isUnsent = alert.state !== 'pending';
      alert.lastSentAtMs = undefined;
    }
    parts.log.error({ rule: runner.rule.name, error: messageOf(error) }, 'alerts could not be handed over');
  };
  try {
    Promise.resolve(parts.notify(alerts)).catch(failed);
  } catch (error) {
    failed(error);
  }
}

/** For the alert's history. */
export function ruleChange(runner: RuleRunner, { alert, from, to }: AlertChange, timeMs: number): RuleChange {
  const { id, rule, group } = runner;
  const { labels, value } = alert;
  return {
    ruleId: id,
    file: group.file,
    group: group.name,
    rule: rule.name,
    labels,
    from,
    to,
    value,
    timeMs,
    startsAtMs: alert.firedAtMs ?? alert.activeAtMs,
  };
}
