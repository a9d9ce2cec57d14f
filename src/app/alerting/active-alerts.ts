import {
  type AlertEngine,
  type AlertView,
  fingerprintOf,
  matchesLabels,
  parseMatchers,
} from '../../alerts/index.ts';
import type { ActiveAlertJson, AlertListJson } from '../../contract/index.ts';
import type { Labels } from '../../model/labels.ts';
import type { Priority } from '../../model/notification.ts';
import type { RuleManager, RuleRunner } from '../../rules/index.ts';
import {
  type AlertFacts,
  alertJson,
  deliveryOf,
  pendingJson,
  RULE_SOURCE,
  withExternal,
} from './alert-view.ts';

/** What lists sort, count and search by. The rest is made only for those that are shown: there may be many thousands. */
export interface ActiveAlert {
  readonly fingerprint: string;
  readonly state: ActiveAlertJson['state'];
  readonly priority: Priority;
  readonly startsAtMs: number;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly isSuppressed: boolean;
  readonly isAcknowledged: boolean;
  /** All of it, with what became of its notifications. */
  readonly json: () => ActiveAlertJson;
}

export interface ActiveAlertParts {
  readonly engine: Pick<AlertEngine, 'alerts' | 'alert' | 'why'>;
  readonly rules: Pick<RuleManager, 'groups'>;
  readonly facts: AlertFacts;
  readonly externalLabels: Readonly<Record<string, string>>;
}

/** Alerts of the engine, and those of rules that are not told yet. */
export function activeAlerts(parts: ActiveAlertParts): ActiveAlert[] {
  const runners = parts.rules.groups().flatMap((group) => group.rules);
  return joined(parts, parts.engine.alerts(), pendingAlerts(parts, runners));
}

/** Those of one rule. */
export function alertsOfRule(parts: ActiveAlertParts, runner: RuleRunner): ActiveAlert[] {
  const isOfRule = ({ alert }: AlertView) => alert.source === `${RULE_SOURCE}${runner.id}`;
  return joined(parts, parts.engine.alerts().filter(isOfRule), pendingAlerts(parts, [runner]));
}

/** Undefined when there is none now. */
export function findAlert(parts: ActiveAlertParts, fingerprint: string): ActiveAlert | undefined {
  const runners = parts.rules.groups().flatMap((group) => group.rules);
  const pending = pendingAlerts(parts, runners).find((one) => one.fingerprint === fingerprint);
  if (pending !== undefined) return pending;
  const view = parts.engine.alert(fingerprint);
  return view && told(view, parts);
}

function joined(
  parts: ActiveAlertParts,
  views: readonly AlertView[],
  pending: readonly ActiveAlert[],
): ActiveAlert[] {
  // One that fires again may be known as resolved still: what it is now counts.
  const pendingKeys = new Set(pending.map(({ fingerprint }) => fingerprint));
  const others = views.filter(({ alert }) => !pendingKeys.has(alert.fingerprint));
  return [...others.map((view) => told(view, parts)), ...pending];
}

function told(view: AlertView, { engine, facts }: ActiveAlertParts): ActiveAlert {
  const { alert, isResolved, suppressions } = view;
  const { fingerprint, labels, annotations, startsAtMs } = alert;
  return {
    fingerprint,
    state: isResolved ? 'resolved' : 'firing',
    priority: facts.priorityOf(labels),
    startsAtMs,
    labels,
    annotations,
    isSuppressed: suppressions.length > 0,
    isAcknowledged: facts.acknowledged(alert) !== null,
    json: () => alertJson(view, facts, deliveryOf(fingerprint, engine)),
  };
}

function pendingAlerts(
  { facts, externalLabels }: ActiveAlertParts,
  runners: readonly RuleRunner[],
): ActiveAlert[] {
  return runners.flatMap((runner) =>
    runner
      .live()
      .filter(({ state }) => state === 'pending')
      .map((alert): ActiveAlert => {
        const labels = withExternal(alert.labels, externalLabels);
        return {
          fingerprint: fingerprintOf(labels),
          state: 'pending',
          priority: facts.priorityOf(labels),
          startsAtMs: alert.activeAtMs,
          labels,
          annotations: alert.annotations,
          isSuppressed: false,
          isAcknowledged: false,
          json: () => pendingJson(alert, { ruleId: runner.id, labels }, facts),
        };
      }),
  );
}

/**
 * Words anywhere in labels and annotations, or matchers.
 *
 * @throws BellwetherError `bad_matcher` (400).
 */
export function searchOf(q = ''): (alert: Pick<ActiveAlert, 'labels' | 'annotations'>) => boolean {
  const text = q.trim();
  if (text === '') return () => true;
  if (/[=~]/.test(text)) {
    const matchers = parseMatchers(text);
    return ({ labels }) => matchesLabels(matchers, labels);
  }
  const words = text.toLowerCase().split(/\s+/);
  return ({ labels, annotations }) => {
    const texts = [...labels.values, ...annotations.values].join('\n').toLowerCase();
    return words.every((word) => texts.includes(word));
  };
}

export function countsOf(all: readonly ActiveAlert[]): AlertListJson['counts'] {
  const counts = { firing: 0, pending: 0, suppressed: 0, acknowledged: 0 };
  const byPriority = { P0: 0, P1: 0, P2: 0, P3: 0 };
  for (const { state, priority, isSuppressed, isAcknowledged } of all) {
    if (state === 'pending') counts.pending += 1;
    if (state !== 'firing') continue;
    counts.firing += 1;
    if (isAcknowledged) counts.acknowledged += 1;
    if (isSuppressed) counts.suppressed += 1;
    else byPriority[priority] += 1;
  }
  return { ...counts, by_priority: byPriority };
}

const RANKS: Readonly<Record<ActiveAlert['state'], number>> = { firing: 0, pending: 1, resolved: 2 };

/** The most urgent first: firing before pending before resolved, by priority, then newest first. */
export function byUrgency(a: ActiveAlert, b: ActiveAlert): number {
  return (
    RANKS[a.state] - RANKS[b.state] ||
    compareText(a.priority, b.priority) ||
    b.startsAtMs - a.startsAtMs ||
    compareText(a.fingerprint, b.fingerprint)
  );
}

/** Letters and digits of ASCII only: comparing by language would take many times as long. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
