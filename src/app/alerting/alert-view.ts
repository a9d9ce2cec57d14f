import type { Alert, AlertEngine, AlertView, Suppression } from '../../alerts/index.ts';
import { fingerprintOf } from '../../alerts/index.ts';
import type { ActiveAlertJson } from '../../contract/index.ts';
import { Labels } from '../../model/labels.ts';
import type { Priority } from '../../model/notification.ts';
import type { ActiveAlert as RuleActiveAlert, RuleRunner } from '../../rules/index.ts';
import { finite, iso, isoOrNull } from './rule-view.ts';

type Json = ActiveAlertJson;

/** What is known about an alert besides what the engine knows. */
export interface AlertFacts {
  priorityOf(labels: Labels): Priority;
  acknowledged(alert: Alert): Json['acknowledged'];
  escalation(alert: Alert): Json['escalation'];
  response(alert: Alert): Json['response'];
  /** The runbook behind an annotation's address; null when it is none of ours. */
  runbook(address: string): Json['runbook'];
}

const RULE_SOURCE = 'rule:';

/** An alert of the engine, without what became of its notifications. */
export function alertJson(view: AlertView, facts: AlertFacts): Json {
  const { alert, isResolved, suppressions } = view;
  return {
    ...commonJson(alert.labels, alert.annotations, facts),
    fingerprint: alert.fingerprint,
    state: isResolved ? 'resolved' : 'firing',
    suppressed_by: suppressions.map(suppressionJson),
    value: finite(alert.value),
    starts_at: iso(alert.startsAtMs),
    ends_at: isResolved ? isoOrNull(alert.endsAtMs) : null,
    source: alert.source,
    rule_id: alert.source.startsWith(RULE_SOURCE) ? alert.source.slice(RULE_SOURCE.length) : null,
    generator_url: webAddress(alert.generatorUrl),
    receivers: [...view.receivers],
    last_notified_at: null,
    notify_error: '',
    acknowledged: facts.acknowledged(alert),
    escalation: facts.escalation(alert),
    response: facts.response(alert),
  };
}

/** An alert of a rule that has not fired yet. */
export function pendingJson(
  alert: RuleActiveAlert,
  { runner, externalLabels }: { runner: RuleRunner; externalLabels: Readonly<Record<string, string>> },
  facts: AlertFacts,
): Json {
  const labels = withExternal(alert.labels, externalLabels);
  return {
    ...commonJson(labels, alert.annotations, facts),
    fingerprint: fingerprintOf(labels),
    state: 'pending',
    suppressed_by: [],
    value: finite(alert.value),
    starts_at: iso(alert.activeAtMs),
    ends_at: null,
    source: `${RULE_SOURCE}${runner.id}`,
    rule_id: runner.id,
    generator_url: '',
    receivers: [],
    last_notified_at: null,
    notify_error: '',
    acknowledged: null,
    escalation: null,
    response: null,
  };
}

/** Labels as the engine gets them: external ones fill what the alert does not have. */
export function withExternal(labels: Labels, external: Readonly<Record<string, string>>): Labels {
  return Labels.fromObject({ ...external, ...labels.toObject() });
}

function commonJson(labels: Labels, annotations: Labels, facts: AlertFacts) {
  const address = annotations.get('runbook_url');
  return {
    name: labels.get('alertname'),
    service: labels.get('service') || labels.get('job'),
    severity: labels.get('severity'),
    priority: facts.priorityOf(labels),
    labels: labels.toObject(),
    annotations: annotations.toObject(),
    runbook: facts.runbook(address),
    runbook_url: webAddress(address),
  };
}

function suppressionJson(suppression: Suppression): Json['suppressed_by'][number] {
  if (suppression.kind === 'silenced') return { kind: 'silenced', by: [...suppression.silenceIds] };
  if (suppression.kind === 'inhibited') return { kind: 'inhibited', by: [...suppression.fingerprints] };
  return { kind: 'muted', by: [...suppression.intervals] };
}

/** Only what a browser may open: labels and annotations come from anywhere. */
export function webAddress(text: string): string {
  return /^https?:\/\//i.test(text) && URL.canParse(text) ? text : '';
}

/** Adds what became of the alert's notifications; costs a look at every group the alert is in. */
export function withDelivery(json: Json, engine: Pick<AlertEngine, 'why'>): Json {
  const integrations = engine.why(json.fingerprint).groups.flatMap((group) => group.integrations);
  const notifiedAtMs = Math.max(...integrations.map(({ lastNotifiedAtMs }) => lastNotifiedAtMs ?? 0), 0);
  const failed = integrations.find(({ decision }) => decision.startsWith('failed'));
  return {
    ...json,
    last_notified_at: notifiedAtMs === 0 ? null : iso(notifiedAtMs),
    notify_error: failed === undefined ? '' : `${failed.channel}: ${failed.decision}`,
  };
}

const RANKS: Readonly<Record<Json['state'], number>> = { firing: 0, pending: 1, resolved: 2 };

/** The most urgent first: firing before pending before resolved, by priority, then newest first. */
export function byUrgency(a: Json, b: Json): number {
  return (
    RANKS[a.state] - RANKS[b.state] ||
    a.priority.localeCompare(b.priority) ||
    b.starts_at.localeCompare(a.starts_at) ||
    a.fingerprint.localeCompare(b.fingerprint)
  );
}
