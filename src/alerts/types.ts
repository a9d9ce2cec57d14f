import type { Clock } from '../lib/clock.ts';
import type { Labels } from '../model/labels.ts';
import type { Integration, NotificationReason } from '../model/notification.ts';
import type { TemplateSource } from '../templates/index.ts';

/** Waiting and time, for everything here; tests bring their own. */
export type AlertClock = Clock;

/**
 * Texts by key that outlive the server. Everything in one `apply` becomes durable together, before it resolves.
 */
export interface DocumentStore {
  load(): Promise<ReadonlyMap<string, string>>;
  /** A value of undefined removes the key. */
  apply(changes: ReadonlyMap<string, string | undefined>): Promise<void>;
}

/** A condition on one label, in Alertmanager's notation: `severity=~"critical|high"`. A label that is absent is empty. */
export interface AlertMatcher {
  readonly name: string;
  readonly type: '=' | '!=' | '=~' | '!~';
  readonly value: string;
  matches(value: string): boolean;
}

/** One alert as it came in. */
export interface IncomingAlert {
  readonly labels: Labels;
  readonly annotations: Labels;
  /** Epoch milliseconds; undefined: now, or what is known already. */
  readonly startsAtMs: number | undefined;
  /** From then on it counts as resolved. Undefined: after the resolve timeout unless it comes again. */
  readonly endsAtMs: number | undefined;
  /** It has ended, even if its end lies ahead because the machine's clock was set back. */
  readonly isResolved?: boolean | undefined;
  readonly generatorUrl: string;
  /** `rule:<id>`, `api`, `webhook:<name>`. */
  readonly source: string;
  /** The rule's value when it was told, if it has one. */
  readonly value: number | undefined;
}

/** One alert that is known now. Immutable: a change makes a new one. */
export interface Alert {
  /** 16 hexadecimal digits over the labels, as Alertmanager computes it (FNV-1a over names and values). */
  readonly fingerprint: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly startsAtMs: number;
  /** The moment it was or will count as resolved. */
  readonly endsAtMs: number;
  readonly updatedAtMs: number;
  /** The end was not told but follows from the resolve timeout. */
  readonly hasTimeout: boolean;
  readonly generatorUrl: string;
  readonly source: string;
  readonly value: number | undefined;
}

/** A node of the routing tree. */
export interface Route {
  /** Position in the tree: `0`, `0.2`, `0.2.1`. */
  readonly id: string;
  /** Alertmanager's text for it, part of group keys: `{}/{severity="critical"}`. */
  readonly key: string;
  readonly receiver: string;
  /** Label names; `all` for `...`. */
  readonly groupBy: readonly string[] | 'all';
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
  readonly matchers: readonly AlertMatcher[];
  readonly muteTimeIntervals: readonly string[];
  readonly activeTimeIntervals: readonly string[];
  readonly continues: boolean;
  readonly routes: readonly Route[];
  /** Line in the file, from 1. */
  readonly line: number | undefined;
}

export interface Receiver {
  readonly name: string;
  readonly integrations: readonly Integration[];
}

export interface InhibitRule {
  readonly name: string;
  readonly sourceMatchers: readonly AlertMatcher[];
  readonly targetMatchers: readonly AlertMatcher[];
  readonly equal: readonly string[];
}

/** A named set of times, see `time-intervals.ts`. */
export interface TimeInterval {
  readonly name: string;
  /** Whether a moment lies within. */
  contains(timeMs: number): boolean;
}

/** An alertmanager.yml that was read and found right. */
export interface AlertingConfig {
  readonly route: Route;
  readonly receivers: ReadonlyMap<string, Receiver>;
  readonly inhibitRules: readonly InhibitRule[];
  readonly timeIntervals: ReadonlyMap<string, TimeInterval>;
  /** Contents of the template files, in order. */
  readonly templates: readonly TemplateSource[];
  readonly resolveTimeoutMs: number;
  /** YAML with every secret hidden, for the status page. */
  readonly text: string;
  /** Path, for links and messages; empty for the built-in one. */
  readonly file: string;
}

export type SilenceState = 'active' | 'pending' | 'expired';

export interface Silence {
  readonly id: string;
  readonly matchers: readonly AlertMatcher[];
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  readonly updatedAtMs: number;
  readonly createdBy: string;
  readonly comment: string;
}

/** Why an alert is not told, or not told now. */
export type Suppression =
  | { readonly kind: 'silenced'; readonly silenceIds: readonly string[] }
  | { readonly kind: 'inhibited'; readonly fingerprints: readonly string[]; readonly rule: string }
  | { readonly kind: 'muted'; readonly intervals: readonly string[] };

/** Something that happened to an alert, for its history. */
export interface AlertEvent {
  readonly timeMs: number;
  readonly kind:
    | 'pending'
    | 'firing'
    | 'resolved'
    | 'inactive'
    | 'notified'
    | 'notify_failed'
    | 'suppressed'
    | 'acknowledged'
    | 'unacknowledged'
    | 'escalated'
    | 'response_missed'
    | 'silence_created'
    | 'silence_updated'
    | 'silence_expired'
    | 'override_changed'
    | 'rule_changed';
  /** Empty for what is about no single alert. */
  readonly fingerprint: string;
  readonly labels: Labels;
  /** Of alerts: when this one began; tells one life of an alert from the next. 0 when unknown. */
  readonly startsAtMs: number;
  readonly ruleId: string;
  readonly receiver: string;
  /** `Integration.id` for notifications. */
  readonly integration: string;
  readonly channel: string;
  readonly reason: NotificationReason | '';
  readonly groupKey: string;
  /** Who did it; empty for the server. */
  readonly actor: string;
  /** One line for people. */
  readonly detail: string;
  readonly value: number | undefined;
  readonly latencyMs: number | undefined;
  readonly attempts: number;
}

/** An event with everything that does not apply left out. */
export type PartialAlertEvent = Pick<AlertEvent, 'timeMs' | 'kind'> & Partial<AlertEvent>;

/** Takes events; returns at once and never throws. */
export type RecordEvents = (events: readonly PartialAlertEvent[]) => void;
