import type { Alert, AlertEngine, AlertView, Suppression } from '../../alerts/index.ts';
import { fingerprintOf } from '../../alerts/index.ts';
import type { ActiveAlertJson } from '../../contract/index.ts';
import { Labels } from '../../model/labels.ts';
import type { Priority } from '../../model/notification.ts';
import type { ActiveAlert as RuleActiveAlert } from '../../rules/index.ts';
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

/** Before a rule's id in an alert's source. */
export const RULE_SOURCE = 'rule:';

/** What became of an alert's notifications. */
export type Delivery = Pick<Json, 'last_notified_at' | 'notify_error'>;

export const NOT_TOLD: Delivery = { last_notified_at: null, notify_error: '' };

/** An alert of the engine. One literal without spreads: lists make thousands of them. */
export function alertJson(view: AlertView, facts: AlertFacts, delivery: Delivery): Json {
  const { alert, isResolved, suppressions } = view;
  const { labels, annotations, source } = alert;
  const address = annotations.get('runbook_url');
  return {
    fingerprint: alert.fingerprint,
    name: labels.get('alertname'),
    service: serviceOf(labels),
    severity: labels.get('severity'),
    priority: facts.priorityOf(labels),
    state: isResolved ? 'resolved' : 'firing',
    suppressed_by: suppressions.map(suppressionJson),
    labels: labels.toObject(),
    annotations: annotations.toObject(),
    value: finite(alert.value),
    starts_at: iso(alert.startsAtMs),
    ends_at: isResolved ? isoOrNull(alert.endsAtMs) : null,
    source,
    rule_id: source.startsWith(RULE_SOURCE) ? source.slice(RULE_SOURCE.length) : null,
    generator_url: webAddress(alert.generatorUrl),
    runbook: facts.runbook(address),
    runbook_url: webAddress(address),
    receivers: [...view.receivers],
    last_notified_at: delivery.last_notified_at,
    notify_error: delivery.notify_error,
    acknowledged: facts.acknowledged(alert),
    escalation: facts.escalation(alert),
    response: facts.response(alert),
  };
}

/**
 * An alert of a rule that has not fired yet.
 *
 * @param of.labels with the external ones.
 */
export function pendingJson(
  alert: RuleActiveAlert,
  { ruleId, labels }: { readonly ruleId: string; readonly labels: Labels },
  facts: AlertFacts,
): Json {
  const { annotations, activeAtMs, value } = alert;
  const address = annotations.get('runbook_url');
  return {
    fingerprint: fingerprintOf(labels),
    name: labels.get('alertname'),
    service: serviceOf(labels),
    severity: labels.get('severity'),
    priority: facts.priorityOf(labels),
    state: 'pending',
    suppressed_by: [],
    labels: labels.toObject(),
    annotations: annotations.toObject(),
    value: finite(value),
    starts_at: iso(activeAtMs),
    ends_at: null,
    source: `${RULE_SOURCE}${ruleId}`,
    rule_id: ruleId,
    generator_url: '',
    runbook: facts.runbook(address),
    runbook_url: webAddress(address),
    receivers: [],
    ...NOT_TOLD,
    acknowledged: null,
    escalation: null,
    response: null,
  };
}

/** Labels as the engine gets them: external ones fill what the alert does not have. */
export function withExternal(labels: Labels, external: Readonly<Record<string, string>>): Labels {
  return Labels.fromObject({ ...external, ...labels.toObject() });
}

function serviceOf(labels: Labels): string {
  return labels.get('service') || labels.get('job');
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

/** What became of an alert's notifications; costs a look at every group the alert is in. */
export function deliveryOf(fingerprint: string, engine: Pick<AlertEngine, 'why'>): Delivery {
  let notifiedAtMs = 0;
  let notifyError = '';
  for (const { integrations } of engine.why(fingerprint).groups)
    for (const { lastNotifiedAtMs, decision, channel } of integrations) {
      notifiedAtMs = Math.max(notifiedAtMs, lastNotifiedAtMs ?? 0);
      if (notifyError === '' && decision.startsWith('failed')) notifyError = `${channel}: ${decision}`;
    }
  return { last_notified_at: notifiedAtMs === 0 ? null : iso(notifiedAtMs), notify_error: notifyError };
}
