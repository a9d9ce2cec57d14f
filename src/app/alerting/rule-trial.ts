import type { BacktestJson, RulePreviewJson } from '../../contract/index.ts';
import type { RuleInput } from '../../http/index.ts';
import { BellwetherError, messageOf } from '../../lib/errors.ts';
import type { TimeRange } from '../../lib/time.ts';
import { Labels } from '../../model/labels.ts';
import type { QueryEngine, VectorSample } from '../../promql/index.ts';
import {
  type AlertingRule,
  backtest,
  MAX_BACKTEST_STEPS,
  type RuleGroup,
  type RuleProblem,
} from '../../rules/index.ts';
import type { RuleLanguage } from './rule-language.ts';
import { finite, iso, isoOrNull } from './rule-view.ts';

/** Series that a preview shows. */
const MAX_SHOWN = 100;
const PREVIEW_TIMEOUT_MS = 15_000;
const BACKTEST_TIMEOUT_MS = 60_000;

/** What trying a rule needs. */
export interface TrialParts {
  readonly engine: QueryEngine;
  readonly language: RuleLanguage;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly externalUrl: string;
  /** Checks a rule as if it were to be kept. */
  parse(rule: RuleInput): {
    readonly groups: readonly RuleGroup[];
    readonly problems: readonly RuleProblem[];
  };
}

type ProblemJson = RulePreviewJson['problems'][number];

/** Where a mistake stands in the rule's form instead of in a file. */
const FIELD_NAMES: Readonly<Record<string, string>> = { alert: 'name', expr: 'query' };

export function problemsJson(problems: readonly RuleProblem[]): ProblemJson[] {
  return problems.map(({ path, message }) => {
    const [field = '', ...rest] = path.replace(/^groups\.\d+(\.rules\.\d+)?\.?/, '').split('.');
    // Lines are those of a text the user never saw.
    return { path: [FIELD_NAMES[field] ?? field, ...rest].join('.'), message, line: null, column: null };
  });
}

/** The error with which a rule is refused. */
export function badRule(problems: readonly ProblemJson[]): BellwetherError {
  const list = problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  return new BellwetherError({ code: 'bad_rule', status: 422, message: list.join('\n') });
}

/** What a rule gives now. Mistakes of the query are among the problems. */
export async function previewRule(
  parts: TrialParts,
  rule: RuleInput,
  nowMs: number,
): Promise<RulePreviewJson> {
  const { groups, problems } = parts.parse(rule);
  const nothing = { warnings: [], series_count: 0, series: [], annotations: [] };
  const parsed = groups[0]?.rules[0];
  if (problems.length > 0 || parsed?.kind !== 'alerting')
    return { problems: problemsJson(problems), ...nothing };
  try {
    const run = { timeoutMs: PREVIEW_TIMEOUT_MS };
    const { value, warnings, infos } = await parts.engine.instant({ text: parsed.query, timeMs: nowMs }, run);
    const samples = samplesOf(value, nowMs);
    return {
      problems: [],
      warnings: [...warnings, ...infos],
      series_count: samples.length,
      series: samples.slice(0, MAX_SHOWN).map((sample) => ({
        labels: sample.labels.toObject(),
        value: finite(sample.value),
      })),
      annotations: await annotationsOf(parts, parsed, samples[0], nowMs),
    };
  } catch (error) {
    if (!(error instanceof BellwetherError) || (error.status ?? 500) >= 500) throw error;
    return {
      problems: [{ path: 'query', message: error.message, line: null, column: null }],
      ...nothing,
    };
  }
}

function samplesOf(
  value: Awaited<ReturnType<QueryEngine['instant']>>['value'],
  nowMs: number,
): readonly VectorSample[] {
  if (value.type === 'vector') return value.samples;
  if (value.type === 'scalar')
    return [{ labels: Labels.EMPTY, timeMs: nowMs, value: value.value, histogram: undefined }];
  throw new BellwetherError({
    code: 'bad_rule_result',
    status: 422,
    message: 'the query gives neither a vector nor a scalar, so it cannot be a rule',
  });
}

async function annotationsOf(
  { engine, language, externalLabels, externalUrl }: TrialParts,
  rule: AlertingRule,
  sample: VectorSample | undefined,
  nowMs: number,
): Promise<RulePreviewJson['annotations']> {
  if (sample === undefined) return [];
  const rendered: { name: string; text: string }[] = [];
  for (const [name, text] of rule.annotations) {
    const expanded = Promise.resolve(
      language.expandTemplate(text, {
        name: `__alert_${rule.name}`,
        labels: sample.labels,
        externalLabels: Labels.fromObject(externalLabels),
        externalUrl,
        value: sample.value,
        histogram: sample.histogram,
        timeMs: nowMs,
        query: async (query) =>
          samplesOf((await engine.instant({ text: query, timeMs: nowMs })).value, nowMs),
      }),
    );
    rendered.push({ name, text: await expanded.catch((error: unknown) => `error: ${messageOf(error)}`) });
  }
  return rendered;
}

/** When a rule would have fired over stored data. */
export async function backtestRule(
  parts: TrialParts,
  rule: RuleInput,
  { fromMs, toMs, timeZone }: TimeRange & { readonly timeZone: string },
): Promise<BacktestJson> {
  const { groups, problems } = parts.parse(rule);
  const [group] = groups;
  const parsed = group?.rules[0];
  if (problems.length > 0 || group === undefined || parsed?.kind !== 'alerting') {
    throw badRule(problemsJson(problems));
  }
  // At the rule's interval, or more coarsely where that would be too many steps.
  const stepMs = Math.max(group.intervalMs, Math.ceil((toMs - fromMs) / (MAX_BACKTEST_STEPS - 1)));
  const result = await backtest(parsed, {
    ...{ fromMs, toMs, stepMs, timeZone },
    signal: AbortSignal.timeout(BACKTEST_TIMEOUT_MS),
    queryRange: ({ text, startMs, endMs, stepMs: step, signal }) =>
      parts.engine.range({ text, startMs, endMs, stepMs: step }, signal === undefined ? {} : { signal }),
  });
  return {
    problems: [],
    from: iso(result.fromMs),
    to: iso(result.toMs),
    step_s: result.stepMs / 1000,
    fired: result.fired,
    fired_at_night: result.firedAtNight,
    only_pending: result.onlyPending,
    firing_s: result.firingMs / 1000,
    longest_s: result.longestMs / 1000,
    warnings: [...result.warnings],
    are_intervals_cut: result.areIntervalsCut,
    intervals: result.intervals.map((interval) => ({
      labels: interval.labels.toObject(),
      pending_from: iso(interval.pendingFromMs),
      fired_at: iso(interval.firedAtMs),
      resolved_at: isoOrNull(interval.resolvedAtMs),
      value: finite(interval.value),
      at_night: interval.isAtNight,
    })),
  };
}
