import type { Log } from '../lib/log.ts';
import type { Labels } from '../model/labels.ts';
import type { AlertLinks, Deliver, Integration, Priority } from '../model/notification.ts';
import type {
  Alert,
  AlertClock,
  AlertingConfig,
  AlertMatcher,
  DocumentStore,
  IncomingAlert,
  Receiver,
  RecordEvents,
  Silence,
  SilenceState,
  Suppression,
} from './types.ts';

export interface AlertEngineParts {
  readonly config: AlertingConfig;
  readonly clock: AlertClock;
  /** Active alerts, until they are resolved and everybody was told. */
  readonly alertDocuments: DocumentStore;
  readonly silenceDocuments: DocumentStore;
  /** Who was told what: the notification log. */
  readonly notificationDocuments: DocumentStore;
  readonly deliver: Deliver;
  readonly record: RecordEvents;
  readonly linksOf: (
    alert: Pick<Alert, 'fingerprint' | 'labels' | 'annotations' | 'startsAtMs'>,
  ) => AlertLinks;
  readonly priorityOf: (labels: Labels) => Priority;
  /** Somebody has it: notifications that only repeat are left out. */
  readonly isAcknowledged: (alert: Pick<Alert, 'fingerprint' | 'startsAtMs'>) => boolean;
  /** Alerts in one message of an integration at most; undefined: no limit. Absent: none has one. */
  readonly maxAlertsOf?: ((integration: Integration) => number | undefined) | undefined;
  readonly externalUrl: string;
  readonly log: Log;
}

/** An alert with everything that is known about it now. */
export interface AlertView {
  readonly alert: Alert;
  readonly isResolved: boolean;
  /** Of all suppressions that hold now. */
  readonly suppressions: readonly Suppression[];
  /** Receivers its routes lead to. */
  readonly receivers: readonly string[];
}

export interface AlertGroupView {
  readonly groupKey: string;
  readonly routeId: string;
  readonly receiver: string;
  readonly labels: Labels;
  readonly alerts: readonly AlertView[];
  /** When it is looked at next. */
  readonly nextFlushAtMs: number | undefined;
}

/** What became of an alert at one integration. */
export interface WhyIntegration {
  readonly integration: string;
  readonly channel: string;
  readonly lastNotifiedAtMs: number | undefined;
  /** `firing` or `resolved`: what was told last; undefined: nothing yet. */
  readonly lastStatus: 'firing' | 'resolved' | undefined;
  /** The last thing that was decided: `notified`, `waiting for group_wait (12 s left)`, `muted by offhours`, `failed: ...`. */
  readonly decision: string;
  readonly decidedAtMs: number | undefined;
}

/** Why an alert was, or was not, told. */
export interface AlertExplanation {
  readonly alert: AlertView | undefined;
  /** From the root down, every route that was looked at, in order. */
  readonly routes: readonly {
    readonly routeId: string;
    readonly receiver: string;
    /** Its matchers as text. */
    readonly matchers: string;
    readonly hasMatched: boolean;
    /** The alert is handled here. */
    readonly isTaken: boolean;
  }[];
  readonly groups: readonly {
    readonly groupKey: string;
    readonly receiver: string;
    readonly nextFlushAtMs: number | undefined;
    readonly integrations: readonly WhyIntegration[];
  }[];
}

export interface SilenceInput {
  /** Of the silence to replace; undefined for a new one. */
  readonly id: string | undefined;
  readonly matchers: readonly AlertMatcher[];
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  readonly createdBy: string;
  readonly comment: string;
}

export interface Silences {
  list(): readonly { readonly silence: Silence; readonly state: SilenceState }[];
  get(id: string): { readonly silence: Silence; readonly state: SilenceState } | undefined;
  /**
   * Creates or replaces. As in Alertmanager a change that would rewrite the past expires the old one and makes a new id.
   *
   * @returns the id.
   * @throws BellwetherError `bad_silence` (400), `not_found` (404), `too_many_silences` (429).
   */
  put(input: SilenceInput, actor: string): Promise<string>;
  /** @throws BellwetherError `not_found` (404), `already_expired` (409). */
  expire(id: string, actor: string): Promise<void>;
  /** Active alerts that these matchers would silence. */
  preview(matchers: readonly AlertMatcher[]): readonly Alert[];
}

export interface AlertCounters {
  received: number;
  /** Refused because of a bound or bad labels. */
  refused: number;
  notified: number;
  notifyFailures: number;
  suppressed: number;
  stateFailures: number;
}

/** Takes alerts, and sees that the right receivers are told once. */
export interface AlertEngine {
  /** Takes up what was saved. Call once. */
  start(): Promise<void>;
  /** Changes to another configuration; groups whose route is the same go on with what they know. */
  reload(config: AlertingConfig): Promise<void>;
  stop(): Promise<void>;
  /** Resolves once nothing is being sent. */
  idle(): Promise<void>;
  /**
   * Takes alerts. Durable once it resolves.
   *
   * @throws BellwetherError `bad_alert` (400) naming the first bad one, after the good ones were taken; `too_many_alerts` (429).
   */
  post(alerts: readonly IncomingAlert[]): Promise<void>;
  /** Everything that is known, resolved alerts of the last minutes too; sorted by fingerprint. */
  alerts(): readonly AlertView[];
  alert(fingerprint: string): AlertView | undefined;
  groups(): readonly AlertGroupView[];
  receivers(): readonly Receiver[];
  /** Which receivers labels lead to, in order, as `amtool config routes test` tells. */
  receiversFor(labels: Labels): readonly string[];
  why(fingerprint: string): AlertExplanation;
  readonly silences: Silences;
  /**
   * Tells a receiver outside its routes: escalations and tests. Silences and mute times do not count here. Resolves when it was
   * tried; what failed is in the outcomes.
   */
  tell(request: TellRequest): Promise<readonly TellOutcome[]>;
  /** Called after every change of alerts, silences or groups, at most once per turn of the event loop. The result unsubscribes. */
  onChange(listener: () => void): () => void;
  readonly config: AlertingConfig;
  readonly counters: Readonly<AlertCounters>;
}

export interface TellRequest {
  readonly receiver: string;
  readonly reason: 'escalation' | 'test';
  /** Part of the notification's id: the same for a repetition after a crash. */
  readonly key: string;
  readonly groupKey: string;
  readonly groupLabels: Labels;
  readonly alerts: readonly Alert[];
  readonly isResolved: boolean;
  /** For a test: only this one. */
  readonly integration?: string;
}

export interface TellOutcome {
  readonly integration: string;
  readonly channel: string;
  readonly isDelivered: boolean;
  readonly detail: string;
  readonly latencyMs: number;
  readonly attempts: number;
}
