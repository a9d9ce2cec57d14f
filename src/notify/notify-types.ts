import type { Log } from '../lib/log.ts';
import type { AddressPolicy } from '../lib/outbound.ts';
import type { Deliver, DeliveryOutcome, Integration } from '../model/notification.ts';
import type { TemplateSet } from '../templates/index.ts';
import type { ChannelDefinition } from './channel.ts';
import type { Slots } from './slots.ts';

/** Waiting and time; tests bring their own. */
export interface NotifyClock {
  /** Epoch milliseconds; may jump when the machine's clock is set. */
  now(): number;
  /** Milliseconds since some moment; never jumps. */
  elapsed(): number;
  /** Calls once after a time; the result cancels. */
  after(delayMs: number, call: () => void): () => void;
}

/** How hard a notifier tries, and how much it does at once. */
export interface NotifyPolicy {
  /** Of one attempt, unless the integration's settings have a `timeout`. */
  readonly attemptTimeoutMs: number;
  /** The most a `timeout` in settings may ask for. */
  readonly maxAttemptTimeoutMs: number;
  readonly maxAttempts: number;
  /** Longest pause before the first repetition; it doubles with every further one. The pause itself is a random part of it. */
  readonly firstRetryMs: number;
  /** Bound of that doubling. */
  readonly maxRetryMs: number;
  /** Bound of what a `Retry-After` can ask for. */
  readonly maxRetryAfterMs: number;
  readonly maxConcurrent: number;
  readonly maxConcurrentPerIntegration: number;
  /** Deliveries of one integration that are waiting or going on; more are refused. */
  readonly maxWaitingPerIntegration: number;
}

export const DEFAULT_NOTIFY_POLICY: NotifyPolicy = {
  attemptTimeoutMs: 10_000,
  maxAttemptTimeoutMs: 300_000,
  maxAttempts: 10,
  firstRetryMs: 1000,
  maxRetryMs: 60_000,
  maxRetryAfterMs: 900_000,
  maxConcurrent: 256,
  maxConcurrentPerIntegration: 4,
  maxWaitingPerIntegration: 20_000,
};

/** Told what happens, for the server's own metrics. Channels are names such as `email`. */
export interface NotifyMeter {
  /** One delivery came to its end. */
  notified(channel: string, result: 'delivered' | 'failed', latencyMs: number): void;
  /** One attempt came to its end. */
  attempted(channel: string, result: 'delivered' | 'retryable' | 'permanent', latencyMs: number): void;
  /** An attempt will be repeated. */
  retried(channel: string): void;
  /** So many notifications became one. */
  digested(channel: string, notifications: number): void;
}

export const NO_METER: NotifyMeter = { notified() {}, attempted() {}, retried() {}, digested() {} };

/** What all integrations share. */
export interface Shared {
  readonly clock: NotifyClock;
  readonly log: Log;
  readonly policy: NotifyPolicy;
  readonly addressPolicy: AddressPolicy;
  readonly random: () => number;
  readonly meter: NotifyMeter;
  /** Attempts of all integrations together. */
  readonly slots: Slots;
  /** The ones in force now. */
  readonly templates: () => TemplateSet;
}

/** How one integration is doing. */
export interface IntegrationStatus {
  readonly integration: string;
  readonly receiver: string;
  readonly channel: string;
  readonly lastSuccessAtMs: number | undefined;
  readonly lastFailureAtMs: number | undefined;
  /** Of the last failure. */
  readonly lastFailure: string | undefined;
  /** Of the last attempt that was a success. */
  readonly lastLatencyMs: number | undefined;
  /** Attempts since the last success. */
  readonly consecutiveFailures: number;
  /** Deliveries since the start that came to an end. */
  readonly delivered: number;
  readonly failed: number;
  /** When the next repetition begins; undefined when none is waiting. */
  readonly nextTryAtMs: number | undefined;
  /** Deliveries that were not brought to an end yet. */
  readonly pending: number;
  /** Those of them that the rate limit keeps back. */
  readonly gathered: number;
}

export interface NotifierParts {
  readonly channels: readonly ChannelDefinition[];
  readonly templates: TemplateSet;
  /** For test messages. Without a slash at the end. */
  readonly externalUrl: string;
  readonly clock: NotifyClock;
  readonly log: Log;
  readonly policy?: Partial<NotifyPolicy>;
  /** Which addresses messages may go to; {@link denyMetadataAddresses} when absent. */
  readonly addressPolicy?: AddressPolicy;
  /** From 0 up to 1. */
  readonly random?: () => number;
  readonly meter?: NotifyMeter;
  /** So that `status` knows them before anything was sent. */
  readonly integrations?: readonly Integration[];
}

/** Brings notifications to receivers. */
export interface Notifier {
  /** See {@link Deliver}. A notification whose reason is `test` gets one attempt, without waiting for the rate limit. */
  readonly deliver: Deliver;
  /** Sends a test message. */
  sendTest(integration: Integration, signal: AbortSignal): Promise<DeliveryOutcome>;
  /**
   * Takes other templates, for what begins from now on, and closes connections as soon as nothing uses them.
   *
   * @param integrations the ones that exist from now on; what is known of others is forgotten. Undefined: the same.
   */
  reload(templates: TemplateSet, integrations?: readonly Integration[]): void;
  /** In the order of their ids. */
  status(): readonly IntegrationStatus[];
  /** Ends everything; resolves when nothing is being sent any more. */
  stop(): Promise<void>;
}
