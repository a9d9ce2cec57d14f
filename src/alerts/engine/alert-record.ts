import type { Alert, InhibitRule, Route } from '../types.ts';
import type { AlertGroup } from './alert-group.ts';
import type { SpaceKey } from './inhibitor.ts';

/** What the engine knows about one set of labels. */
export interface AlertRecord {
  readonly fingerprint: string;
  alert: Alert;
  isResolved: boolean;
  /** Of the clock's `elapsed`: when it counts as resolved unless it comes again. The machine's clock may be set meanwhile. */
  deadlineMs: number;
  /** Of the clock's `elapsed`: when it was resolved. */
  resolvedAtMs: number;
  /** What its document says of the time it is valid. */
  written: { readonly endsAtMs: number; readonly spanMs: number };
  /** Where it goes by the configuration of now. */
  routes: readonly Route[];
  /** Rules that it can be inhibited by, and that it can inhibit others by. */
  inhibition: {
    readonly targetOf: ReadonlySet<InhibitRule>;
    readonly sourceOf: ReadonlySet<InhibitRule>;
    readonly keys: readonly SpaceKey[];
  };
  /** Silences whose matchers match it, expired ones too. */
  silenceIds: readonly string[];
  groups: readonly AlertGroup[];
}

/** Rules tell changes of their alerts themselves. */
const RULE_SOURCE = 'rule:';

export function isOfRule(alert: Pick<Alert, 'source'>): boolean {
  return alert.source.startsWith(RULE_SOURCE);
}

/** Id of the rule, empty for other sources. */
export function ruleIdOf(alert: Pick<Alert, 'source'>): string {
  return isOfRule(alert) ? alert.source.slice(RULE_SOURCE.length) : '';
}
