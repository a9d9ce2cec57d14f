import type { AlertEngine, AlertExplanation, AlertMatcher } from '../../alerts/index.ts';
import { createMatcher, matchesLabels } from '../../alerts/index.ts';
import type {
  ActiveAlertJson,
  AlertListJson,
  AlertMatcherJson,
  AlertWhyJson,
  ReceiverListJson,
  SilenceJson,
} from '../../contract/index.ts';
import type { AlertServices } from '../../http/index.ts';
import { BellwetherError } from '../../lib/errors.ts';
import type { AlertHistoryQueries } from '../../query/alerts/index.ts';
import type { GroupRunner, RuleManager, RuleRunner } from '../../rules/index.ts';
import { activeAlerts, alertsOfRule, byUrgency, countsOf, findAlert, searchOf } from './active-alerts.ts';
import type { AlertFacts } from './alert-view.ts';
import type { OnCallServices } from './on-call-services.ts';
import type { Plans } from './plans.ts';
import { backtestRule, badRule, previewRule, problemsJson, type TrialParts } from './rule-trial.ts';
import { evaluationsOf, iso, isoOrNull, ruleInfo } from './rule-view.ts';
import type { RunbookShelf } from './runbooks.ts';
import { noRule } from './user-rules.ts';

/** Events of one alert that its page shows. */
const TIMELINE_EVENTS = 200;
/** Alerts that a preview of a silence lists. */
const PREVIEW_ALERTS = 100;

export interface AlertServiceParts {
  readonly engine: AlertEngine;
  readonly rules: RuleManager;
  readonly plans: Plans;
  readonly runbooks: RunbookShelf;
  readonly history: AlertHistoryQueries;
  readonly onCall: OnCallServices;
  readonly facts: AlertFacts;
  readonly trial: TrialParts;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly receivers: () => ReceiverListJson;
}

/** What the API about alerts answers from. */
export function createAlertServices(parts: AlertServiceParts): AlertServices {
  return {
    ...alertReading(parts),
    ...ruleServices(parts),
    ...silenceServices(parts),
    ...parts.onCall,
    receivers: parts.receivers,
    runbooks: () => parts.runbooks.list(),
    runbook: (slug) => parts.runbooks.get(slug),
    reload: () => parts.plans.reload(),
  };
}

type Reading = Pick<AlertServices, 'list' | 'detail' | 'history' | 'exportHistory' | 'statistics'>;

function alertReading(parts: AlertServiceParts): Reading {
  const { engine, history, plans } = parts;
  const text = ({ fromMs, toMs }: { fromMs: number; toMs: number }) => ({
    from: String(fromMs),
    to: String(toMs),
  });
  return {
    async list({ state, q, limit }) {
      const all = activeAlerts(parts);
      const matches = searchOf(q);
      const shown = all.filter((alert) => (state === 'all' || alert.state === state) && matches(alert));
      return {
        alerts: shown
          .sort(byUrgency)
          .slice(0, limit)
          .map(({ json }) => json()),
        total: shown.length,
        counts: countsOf(all),
        rules: ruleSummary(parts.rules),
        told: toldSummary(parts.receivers()),
      };
    },
    async detail(fingerprint) {
      const found = findAlert(parts, fingerprint);
      if (found === undefined) return undefined;
      const alert = found.json();
      const runner = runnerOf(parts, ({ id }) => id === alert.rule_id)?.runner;
      return {
        alert,
        why: whyJson(engine.why(fingerprint), alert),
        query: runner?.rule.query ?? '',
        timeline: await history.timeline(fingerprint, TIMELINE_EVENTS),
      };
    },
    history: (search) => history.history({ ...search, ...text(search) }, search.toMs),
    exportHistory: (search, format) => history.export({ ...search, ...text(search) }, format, search.toMs),
    statistics: (range) =>
      history.statistics(
        { ...text(range), time_zone: plans.current().config.alerting.time_zone },
        range.toMs,
      ),
  };
}

function ruleSummary(rules: RuleManager): AlertListJson['rules'] {
  const runners = rules.groups().flatMap((group) => group.rules);
  const evaluatedMs = Math.max(0, ...runners.map(({ lastEvaluationMs }) => lastEvaluationMs ?? 0));
  return {
    total: runners.length,
    failing: runners.filter(({ health }) => health === 'err').length,
    last_evaluation_at: evaluatedMs === 0 ? null : iso(evaluatedMs),
    store_away: runners.some(({ isStoreAway }) => isStoreAway),
  };
}

function toldSummary({ receivers }: ReceiverListJson): AlertListJson['told'] {
  const integrations = receivers.flatMap((receiver) => receiver.integrations);
  const isFailing = ({ last_failure_at, last_success_at }: (typeof integrations)[number]) =>
    last_failure_at !== null && (last_success_at === null || last_failure_at > last_success_at);
  return {
    receivers: receivers.length,
    integrations: integrations.length,
    failing: integrations.filter(isFailing).map(({ id }) => id),
  };
}

function whyJson(why: AlertExplanation, alert: ActiveAlertJson | null): AlertWhyJson {
  return {
    alert,
    routes: why.routes.map(({ routeId, receiver, matchers, hasMatched, isTaken }) => ({
      route: routeId,
      receiver,
      matchers,
      matched: hasMatched,
      taken: isTaken,
    })),
    groups: why.groups.map(({ groupKey, receiver, nextFlushAtMs, integrations }) => ({
      group_key: groupKey,
      receiver,
      next_flush_at: isoOrNull(nextFlushAtMs),
      integrations: integrations.map((one) => ({
        integration: one.integration,
        channel: one.channel,
        last_status: one.lastStatus ?? null,
        last_notified_at: isoOrNull(one.lastNotifiedAtMs),
        decision: one.decision,
        decided_at: isoOrNull(one.decidedAtMs),
      })),
    })),
  };
}

interface Found {
  readonly group: GroupRunner;
  readonly runner: RuleRunner;
}

function runnerOf(
  { rules }: Pick<AlertServiceParts, 'rules'>,
  isIt: (runner: RuleRunner, group: GroupRunner) => boolean,
): Found | undefined {
  for (const group of rules.groups())
    for (const runner of group.rules) if (isIt(runner, group)) return { group, runner };
  return undefined;
}

type Rules = Pick<
  AlertServices,
  'rules' | 'ruleWhy' | 'saveRule' | 'removeRule' | 'previewRule' | 'backtest'
>;

function ruleServices(parts: AlertServiceParts): Rules {
  const { rules, plans, trial, engine } = parts;
  const info = ({ group, runner }: Found) =>
    ruleInfo(group, runner, { packOf: plans.current().packs.packOf });
  return {
    rules: async () => ({
      rules: rules.groups().flatMap((group) => group.rules.map((runner) => info({ group, runner }))),
      warnings: [...plans.current().warnings],
    }),
    async ruleWhy(id) {
      const found = runnerOf(parts, (runner, group) => info({ group, runner }).id === id || runner.id === id);
      if (found === undefined) throw noRule(id);
      return {
        rule: info(found),
        evaluations: evaluationsOf(found.runner),
        alerts: alertsOfRule(parts, found.runner)
          .sort(byUrgency)
          .slice(0, PREVIEW_ALERTS)
          .map(({ fingerprint, json }) => whyJson(engine.why(fingerprint), json())),
      };
    },
    async saveRule(rule, act) {
      const { problems } = trial.parse(rule);
      if (problems.length > 0) throw badRule(problemsJson(problems));
      return await plans.saveRule(rule, act);
    },
    removeRule: (id, act) => plans.removeRule(id, act),
    previewRule: (rule, nowMs) => previewRule(trial, rule, nowMs),
    backtest: (rule, range) => backtestRule(trial, rule, range),
  };
}

type Silencing = Pick<AlertServices, 'silences' | 'saveSilence' | 'expireSilence' | 'previewSilence'>;

function silenceServices(parts: AlertServiceParts): Silencing {
  const { silences } = parts.engine;
  return {
    silences: () => ({ silences: silenceList(parts) }),
    saveSilence: ({ id, matchers, startsAtMs, endsAtMs, comment }, { actor }) =>
      silences.put(
        { id, matchers: matchers.map(toMatcher), startsAtMs, endsAtMs, comment, createdBy: actor },
        actor,
      ),
    expireSilence: (id, { actor }) => silences.expire(id, actor),
    previewSilence(given) {
      const matchers = given.map(toMatcher);
      const all = activeAlerts(parts).filter(
        ({ state, labels }) => state !== 'resolved' && matchesLabels(matchers, labels),
      );
      const first = all.sort(byUrgency).slice(0, PREVIEW_ALERTS);
      return { total: all.length, alerts: first.map(({ json }) => json()) };
    },
  };
}

function silenceList({ engine }: AlertServiceParts): SilenceJson[] {
  const silenced = new Map<string, number>();
  for (const { suppressions, isResolved } of engine.alerts()) {
    if (isResolved) continue;
    for (const suppression of suppressions)
      if (suppression.kind === 'silenced')
        for (const id of suppression.silenceIds) silenced.set(id, (silenced.get(id) ?? 0) + 1);
  }
  return engine.silences.list().map(({ silence, state }) => ({
    id: silence.id,
    state,
    matchers: silence.matchers.map(({ name, type, value }) => ({ name, type, value })),
    starts_at: iso(silence.startsAtMs),
    ends_at: iso(silence.endsAtMs),
    updated_at: iso(silence.updatedAtMs),
    created_by: silence.createdBy,
    comment: silence.comment,
    alerts: silenced.get(silence.id) ?? 0,
  }));
}

/** @throws BellwetherError `bad_matcher` (400). */
function toMatcher({ name, type, value }: AlertMatcherJson): AlertMatcher {
  return createMatcher(name, type, value);
}

/** For an alert that is not there any more. */
export function noAlert(fingerprint: string): BellwetherError {
  return new BellwetherError({
    code: 'not_found',
    status: 404,
    message: `there is no active alert ${fingerprint}`,
    hint: 'it may have been resolved',
  });
}
