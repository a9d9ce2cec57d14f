import { createHash } from 'node:crypto';
import { BellwetherError } from '../lib/errors.ts';
import { Labels } from '../model/labels.ts';
import { type CompiledMatcher, compileMatcher, type Matcher, matchesAll } from '../promql/index.ts';
import type { ActiveAlert } from './alert-state.ts';
import { goTime, scientific } from './go-text.ts';
import type { GroupRunner } from './group-runner.ts';
import type { RuleRunner } from './rule-runner.ts';

/** Parameters of `/api/v1/rules`, as they arrive. */
export interface RulesParams {
  /** `alert`, `record` or empty. */
  readonly type?: string;
  readonly ruleNames?: readonly string[];
  readonly groupNames?: readonly string[];
  readonly files?: readonly string[];
  /** Selectors on the rules' labels, already parsed; a rule must satisfy one of them. */
  readonly matchers?: readonly (readonly Matcher[])[];
  readonly excludeAlerts?: string;
  readonly groupLimit?: string;
  readonly groupNextToken?: string;
}

/** An alert as `/api/v1/alerts` and `/api/v1/rules` show it. */
export interface AlertJson {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: string;
  readonly activeAt: string;
  readonly keepFiringSince?: string;
  readonly value: string;
}

/** A group with durations in seconds. */
export interface GroupJson extends Readonly<Record<'interval' | 'limit' | 'evaluationTime', number>> {
  readonly name: string;
  readonly file: string;
  readonly rules: readonly Readonly<Record<string, unknown>>[];
  readonly lastEvaluation: string;
}

export interface RulesJson {
  readonly groups: readonly GroupJson[];
  readonly groupNextToken?: string;
}

/**
 * `data` of `/api/v1/rules`.
 *
 * @param groups sorted by file and name.
 * @throws BellwetherError `bad_data` (400) for parameters Prometheus refuses.
 */
export function rulesJson(groups: readonly GroupRunner[], params: RulesParams = {}): RulesJson {
  const filter = filterOf(params);
  const { limit, token } = pageOf(params);
  const first = token === '' ? 0 : groups.findIndex((runner) => pageToken(runner) === token);
  if (first < 0)
    throw invalid('group_next_token', `invalid group_next_token '${token}'. were rule groups changed?`);
  const shown: GroupJson[] = [];
  for (const runner of groups.slice(first)) {
    const rules = filter.takesGroup(runner) ? runner.rules.filter(filter.takesRule) : [];
    if (rules.length === 0) continue;
    if (shown.length === limit) return { groups: shown, groupNextToken: pageToken(runner) };
    shown.push(groupJson(runner, rules, filter.hasAlerts));
  }
  return { groups: shown };
}

/** `data` of `/api/v1/alerts`: what is pending or firing. */
export function alertsJson(groups: readonly GroupRunner[]): { readonly alerts: readonly AlertJson[] } {
  return { alerts: groups.flatMap(({ rules }) => rules.flatMap((runner) => runner.live().map(alertJson))) };
}

interface Filter {
  readonly hasAlerts: boolean;
  readonly takesGroup: (runner: GroupRunner) => boolean;
  readonly takesRule: (runner: RuleRunner) => boolean;
}

function filterOf(params: RulesParams): Filter {
  const type = (params.type ?? '').toLowerCase();
  if (type !== '' && type !== 'alert' && type !== 'record')
    throw invalid('type', `not supported value ${JSON.stringify(type)}`);
  const kind = type === '' ? undefined : type === 'alert' ? 'alerting' : 'recording';
  const names = new Set(params.ruleNames);
  const groupNames = new Set(params.groupNames);
  const files = new Set(params.files);
  const selectors = (params.matchers ?? []).map((matchers) => matchers.map(compileMatcher));
  return {
    hasAlerts: !boolParam('exclude_alerts', params.excludeAlerts),
    takesGroup: ({ group }) =>
      (groupNames.size === 0 || groupNames.has(group.name)) && (files.size === 0 || files.has(group.file)),
    takesRule: ({ rule }) =>
      (kind === undefined || rule.kind === kind) &&
      (names.size === 0 || names.has(rule.name)) &&
      (selectors.length === 0 || selectors.some((matchers) => satisfies(rule.labels, matchers))),
  };
}

/** Labels that are templates have no value that could be compared. */
function satisfies(pairs: RuleRunner['rule']['labels'], matchers: readonly CompiledMatcher[]): boolean {
  return matchesAll(matchers, Labels.from(pairs.filter(([, value]) => !value.includes('{{'))));
}

const TRUE = new Set(['1', 't', 'true']);
const FALSE = new Set(['', '0', 'f', 'false']);

function boolParam(name: string, text: string | undefined): boolean {
  const lower = (text ?? '').toLowerCase();
  if (TRUE.has(lower)) return true;
  if (FALSE.has(lower)) return false;
  throw invalid(
    name,
    `error converting ${name}: strconv.ParseBool: parsing ${JSON.stringify(lower)}: invalid syntax`,
  );
}

function pageOf({ groupLimit = '', groupNextToken = '' }: RulesParams): { limit: number; token: string } {
  if (groupLimit === '') {
    if (groupNextToken !== '')
      throw invalid(
        'group_next_token',
        'group_limit needs to be present in order to paginate over the groups',
      );
    return { limit: Number.POSITIVE_INFINITY, token: '' };
  }
  const limit = /^[+-]?\d{1,10}$/.test(groupLimit) ? Number(groupLimit) : Number.NaN;
  if (Number.isNaN(limit) || limit >= 2 ** 31)
    throw invalid(
      'group_limit',
      `group_limit needs to be a valid number: strconv.ParseInt: parsing ${JSON.stringify(groupLimit)}: invalid syntax`,
    );
  if (limit <= 0) throw invalid('group_limit', 'group_limit needs to be greater than 0');
  return { limit, token: groupNextToken };
}

function pageToken({ key }: GroupRunner): string {
  return createHash('sha1').update(key).digest('hex');
}

function invalid(name: string, reason: string): BellwetherError {
  return new BellwetherError({
    code: 'bad_data',
    status: 400,
    message: `invalid parameter ${JSON.stringify(name)}: ${reason}`,
  });
}

function groupJson(runner: GroupRunner, rules: readonly RuleRunner[], hasAlerts: boolean): GroupJson {
  const { group } = runner;
  return {
    name: group.name,
    file: group.file,
    rules: rules.map((rule) => ruleJson(rule, hasAlerts)),
    interval: group.intervalMs / 1000,
    limit: group.limit,
    evaluationTime: runner.durationMs / 1000,
    lastEvaluation: goTime(runner.lastEvaluationMs),
  };
}

function ruleJson(runner: RuleRunner, hasAlerts: boolean): Readonly<Record<string, unknown>> {
  const { rule } = runner;
  const common = {
    health: runner.health,
    ...(runner.lastError === undefined ? {} : { lastError: runner.lastError }),
    evaluationTime: runner.durationMs / 1000,
    lastEvaluation: goTime(runner.lastEvaluationMs),
  };
  const labels = Object.fromEntries(rule.labels);
  if (rule.kind === 'recording')
    return { name: rule.name, query: rule.query, labels, ...common, type: 'recording' };
  return {
    state: stateOfRule(runner),
    name: rule.name,
    query: rule.query,
    duration: rule.forMs / 1000,
    keepFiringFor: rule.keepFiringForMs / 1000,
    labels,
    annotations: Object.fromEntries(rule.annotations),
    alerts: hasAlerts ? runner.live().map(alertJson) : null,
    ...common,
    type: 'alerting',
  };
}

/** The gravest state among a rule's alerts; `unknown` before its first evaluation. */
function stateOfRule(runner: RuleRunner): string {
  const states = new Set(runner.live().map(({ state }) => state));
  if (states.has('firing')) return 'firing';
  if (states.has('pending')) return 'pending';
  return runner.lastEvaluationMs === undefined ? 'unknown' : 'inactive';
}

function alertJson(alert: ActiveAlert): AlertJson {
  const { keepFiringSinceMs } = alert;
  return {
    labels: alert.labels.toObject(),
    annotations: alert.annotations.toObject(),
    state: alert.state,
    activeAt: goTime(alert.activeAtMs),
    ...(keepFiringSinceMs === undefined ? {} : { keepFiringSince: goTime(keepFiringSinceMs) }),
    value: scientific(alert.value),
  };
}
