import type { Labels } from '../model/labels.ts';
import type { NotificationReason } from '../model/notification.ts';

/**
 * What on-call needs of the alert engine, in the shapes the engine has. Declared here because folders below `src/` that stand side by
 * side do not import each other; `engine-shapes.test.ts` keeps them the same.
 */

/** Waiting and time. */
export interface OnCallClock {
  /** Epoch milliseconds; may jump when the machine's clock is set. */
  now(): number;
  /** Milliseconds since some moment; never jumps. */
  elapsed(): number;
  /** Calls once after a time; the result cancels. */
  after(delayMs: number, call: () => void): () => void;
}

/** Texts by key that outlive the server. Everything in one `apply` becomes durable together, before it resolves. */
export interface OnCallDocuments {
  load(): Promise<ReadonlyMap<string, string>>;
  /** A value of undefined removes the key. */
  apply(changes: ReadonlyMap<string, string | undefined>): Promise<void>;
}

export interface OnCallAlert {
  /** 16 hexadecimal digits. */
  readonly fingerprint: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  /** Epoch milliseconds. Later than before: the alert was resolved and fires anew; earlier: two senders saw the same one. */
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  readonly updatedAtMs: number;
  readonly hasTimeout: boolean;
  readonly generatorUrl: string;
  readonly source: string;
  readonly value: number | undefined;
}

export interface OnCallAlertView {
  readonly alert: OnCallAlert;
  readonly isResolved: boolean;
  /** Of all reasons why it is not told now. */
  readonly suppressions: readonly { readonly kind: 'silenced' | 'inhibited' | 'muted' }[];
}

/** Names one alert from when it fires until it is resolved. */
export type AlertLife = Pick<OnCallAlert, 'fingerprint' | 'startsAtMs'>;

/**
 * Whether an alert that is known now is the one that was known then. Its begin can move to the front, when a second sender saw the
 * same alert earlier; after a resolution it begins later.
 */
export function isSameLife(now: AlertLife, then: AlertLife): boolean {
  return now.fingerprint === then.fingerprint && now.startsAtMs <= then.startsAtMs;
}

export interface OnCallTellRequest {
  readonly receiver: string;
  readonly reason: 'escalation';
  /** The same for a repetition after a crash, and no other. */
  readonly key: string;
  readonly groupKey: string;
  readonly groupLabels: Labels;
  readonly alerts: readonly OnCallAlert[];
  readonly isResolved: boolean;
}

export interface OnCallTellOutcome {
  readonly integration: string;
  readonly isDelivered: boolean;
  readonly detail: string;
}

export type TellReceiver = (request: OnCallTellRequest) => Promise<readonly OnCallTellOutcome[]>;

export interface OnCallEvent {
  readonly timeMs: number;
  readonly kind: 'acknowledged' | 'unacknowledged' | 'escalated' | 'response_missed' | 'override_changed';
  readonly fingerprint?: string;
  readonly labels?: Labels;
  readonly startsAtMs?: number;
  readonly receiver?: string;
  readonly reason?: NotificationReason | '';
  readonly groupKey?: string;
  /** Who did it; empty for the server. */
  readonly actor?: string;
  /** One line for people. */
  readonly detail?: string;
}

/** Takes events; returns at once and never throws. */
export type RecordOnCallEvents = (events: readonly OnCallEvent[]) => void;

export interface OnCallMatcher {
  readonly name: string;
  matches(value: string): boolean;
}
