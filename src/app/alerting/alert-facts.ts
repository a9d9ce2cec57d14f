import { acknowledgementJson, escalationJson, type OnCall, responseJson } from '../../oncall/index.ts';
import type { AlertFacts } from './alert-view.ts';
import type { RunbookShelf } from './runbooks.ts';

/** What on-call and the runbooks know about alerts. */
export function factsOf(onCall: OnCall, runbooks: RunbookShelf): AlertFacts {
  return {
    priorityOf: onCall.priorityOf,
    acknowledged({ fingerprint }) {
      const found = onCall.acknowledgementOf(fingerprint);
      return found === undefined ? null : acknowledgementJson(found);
    },
    escalation({ fingerprint }) {
      const found = onCall.escalationOf(fingerprint);
      return found === undefined ? null : escalationJson(found);
    },
    response({ fingerprint }) {
      const found = onCall.responseOf(fingerprint);
      return found === undefined ? null : responseJson(found);
    },
    runbook: (address) => (address === '' ? null : runbooks.behind(address)),
  };
}
