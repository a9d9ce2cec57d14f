import { BellwetherError, messageOf } from '../lib/errors.ts';
import { type Labels, METRIC_NAME } from '../model/labels.ts';
import { type Evaluation, evaluateAlerting, sendAlerts } from './evaluate-alerting.ts';
import type { EvaluatedSeries, EvaluationParts } from './evaluation-types.ts';
import type { RuleVector } from './languages.ts';
import { mergePairs, overrideLabels } from './rule-labels.ts';
import type { RuleRunner } from './rule-runner.ts';
import type { RecordingRule, RuleSample } from './rule-types.ts';

/** Series of an evaluation that are remembered. */
const SERIES_KEPT = 10;

/**
 * Evaluates a rule once and notes the outcome in its runner.
 *
 * @returns What is to be written, staleness markers among it; nothing when the evaluation failed.
 */
export async function evaluateRule(
  runner: RuleRunner,
  timeMs: number,
  parts: EvaluationParts,
  signal: AbortSignal,
): Promise<RuleSample[]> {
  const { clock, counters } = parts;
  const startedMs = clock.elapsed();
  const beganMs = clock.now();
  let vector: RuleVector | undefined;
  let samples: RuleSample[] = [];
  let failure: unknown;
  counters.evaluations++;
  try {
    vector = await queryRule(runner, timeMs, parts, signal);
    if (runner.isStoreAway) returnedFromOutage(runner, timeMs, parts);
    const sampleMs = timeMs - runner.group.queryOffsetMs;
    const evaluation = { samples: vector.samples, timeMs, sampleMs, signal };
    const current = await samplesOf(runner, evaluation, parts);
    samples = withStaleMarkers(runner, current, sampleMs);
    runner.health = 'ok';
    runner.lastError = undefined;
  } catch (error) {
    failure = error;
    await fail(runner, error, { timeMs, parts, signal });
  }
  runner.lastEvaluationMs = beganMs;
  runner.durationMs = clock.elapsed() - startedMs;
  if (vector !== undefined) runner.warnings = [...vector.warnings, ...vector.infos];
  if (!signal.aborted)
    runner.record({
      timeMs,
      durationMs: runner.durationMs,
      error: failure === undefined ? undefined : runner.lastError,
      isStoreAway: runner.isStoreAway,
      warnings: vector === undefined ? [] : runner.warnings,
      seriesCount: vector?.samples.length ?? 0,
      series: vector === undefined ? [] : shownSeries(runner, vector),
    });
  return samples;
}

async function queryRule(
  runner: RuleRunner,
  timeMs: number,
  parts: EvaluationParts,
  signal: AbortSignal,
): Promise<RuleVector> {
  const { rule, group } = runner;
  const evaluate = parts.evaluators.get(rule.language);
  if (evaluate === undefined)
    throw new BellwetherError({
      code: 'no_language',
      message: `nothing evaluates the language ${rule.language}`,
    });
  const vector = await orAborted(evaluate(rule.query, timeMs - group.queryOffsetMs, { signal }), signal);
  signal.throwIfAborted();
  if (vector.samples.length > parts.maxSeriesPerRule && group.limit === 0)
    throw new BellwetherError({
      code: 'rule_limit',
      status: 422,
      message: `the rule gives ${vector.samples.length} series, more than the ${parts.maxSeriesPerRule} that the server allows`,
      hint: 'aggregate in the expression, or set a limit for the group',
    });
  return vector;
}

/** As the promise, or rejects when the signal is aborted: not every evaluator listens to it. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((settle, reject) => {
    const abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(settle, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function samplesOf(
  runner: RuleRunner,
  evaluation: Evaluation,
  parts: EvaluationParts,
): RuleSample[] | Promise<RuleSample[]> {
  return runner.rule.kind === 'recording'
    ? recordedSamples(runner.rule, runner.group.limit, evaluation)
    : evaluateAlerting(runner, evaluation, parts);
}

function recordedSamples(
  rule: RecordingRule,
  limit: number,
  { samples, sampleMs }: Evaluation,
): RuleSample[] {
  const overrides = mergePairs(rule.labels, [[METRIC_NAME, rule.name]]);
  const seen = new Set<string>();
  const recorded = samples.map(({ labels, value, histogram }): RuleSample => {
    const own = overrideLabels(labels, overrides);
    seen.add(own.key);
    return { labels: own, timeMs: sampleMs, value, histogram, isStale: false };
  });
  if (seen.size < recorded.length)
    throw new BellwetherError({
      code: 'duplicate_series',
      status: 422,
      message: 'vector contains metrics with the same labelset after applying rule labels',
    });
  if (limit > 0 && recorded.length > limit)
    throw new BellwetherError({
      code: 'rule_limit',
      status: 422,
      message: `exceeded limit of ${limit} with ${recorded.length} series`,
    });
  return recorded;
}

/** Adds a marker for each series of the last evaluation that is not in this one. */
function withStaleMarkers(runner: RuleRunner, current: RuleSample[], sampleMs: number): RuleSample[] {
  const series = new Map<string, Labels>();
  for (const { labels } of current) series.set(labels.key, labels);
  const samples = current;
  for (const [key, labels] of runner.previousSeries)
    if (!series.has(key)) samples.push(staleMarker(labels, sampleMs));
  runner.previousSeries = series;
  return samples;
}

export function staleMarker(labels: Labels, timeMs: number): RuleSample {
  return { labels, timeMs, value: Number.NaN, histogram: undefined, isStale: true };
}

async function fail(
  runner: RuleRunner,
  error: unknown,
  { timeMs, parts, signal }: { timeMs: number; parts: EvaluationParts; signal: AbortSignal },
): Promise<void> {
  // The rule is being taken away: that says nothing about it.
  if (signal.aborted) return;
  const isAway = parts.isStoreAway(error);
  runner.isStoreAway = isAway;
  runner.health = 'err';
  runner.lastError = isAway ? `no data because the store is away: ${messageOf(error)}` : messageOf(error);
  parts.counters.failures++;
  const { rule, group } = runner;
  parts.log.warn(
    { file: group.file, group: group.name, rule: rule.name, error: runner.lastError },
    'a rule could not be evaluated',
  );
  if (rule.kind !== 'alerting') return;
  if (runner.isDirty) await parts.save(runner);
  // What fires goes on firing until an evaluation says otherwise.
  sendAlerts(runner, timeMs, parts);
}

/** For a while missing series mean that data is still on its way, and not that alerts are over. */
function returnedFromOutage(runner: RuleRunner, timeMs: number, parts: EvaluationParts): void {
  runner.isStoreAway = false;
  runner.holdUntilMs = timeMs + parts.settleMs;
  for (const alert of runner.active.values()) alert.isUnconfirmed = true;
}

function shownSeries(runner: RuleRunner, { samples }: RuleVector): EvaluatedSeries[] {
  if (runner.rule.kind === 'recording')
    return samples.slice(0, SERIES_KEPT).map(({ labels, value }) => ({
      labels,
      value,
      state: undefined,
      activeAtMs: undefined,
    }));
  const shown: EvaluatedSeries[] = [];
  for (const { labels, value, state, activeAtMs } of runner.active.values()) {
    if (shown.length >= SERIES_KEPT) break;
    shown.push({ labels, value, state, activeAtMs });
  }
  return shown;
}
