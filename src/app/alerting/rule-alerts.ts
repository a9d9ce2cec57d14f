import { fingerprintOf, type IncomingAlert, type PartialAlertEvent } from '../../alerts/index.ts';
import type { RuleAlert, RuleChange } from '../../rules/index.ts';
import { withExternal } from './alert-view.ts';

const RUNBOOK = 'runbook_url';

/** An alert of a rule on its way to the engine. Links to runbooks of this server become whole addresses, for who reads them elsewhere. */
export function toIncoming(alert: RuleAlert, externalUrl: string): IncomingAlert {
  const runbook = alert.annotations.get(RUNBOOK);
  return {
    labels: alert.labels,
    annotations: runbook.startsWith('/')
      ? alert.annotations.with(RUNBOOK, `${externalUrl}${runbook}`)
      : alert.annotations,
    startsAtMs: alert.startsAtMs,
    endsAtMs: alert.endsAtMs,
    generatorUrl: alert.generatorUrl,
    source: `rule:${alert.ruleId}`,
    isResolved: alert.isResolved,
    value: alert.value,
  };
}

/** A change of a rule's alert, for history. */
export function toEvent(
  change: RuleChange,
  externalLabels: Readonly<Record<string, string>>,
): PartialAlertEvent {
  const labels = withExternal(change.labels, externalLabels);
  return {
    kind: kindOf(change),
    timeMs: change.timeMs,
    fingerprint: fingerprintOf(labels),
    labels,
    startsAtMs: change.startsAtMs,
    ruleId: change.ruleId,
    value: change.value,
  };
}

function kindOf({ from, to }: RuleChange): PartialAlertEvent['kind'] {
  if (to !== 'inactive') return to;
  return from === 'firing' ? 'resolved' : 'inactive';
}
