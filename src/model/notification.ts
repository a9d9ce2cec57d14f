import type { OutboundOptions } from '../lib/outbound-types.ts';
import type { Labels } from './labels.ts';

/** P0 is the most urgent. */
export const PRIORITIES = ['P0', 'P1', 'P2', 'P3'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** Where a reader can go from an alert. All are absolute URLs. */
export interface AlertLinks {
  readonly alert: string;
  /** Begins a silence with this alert's matchers. */
  readonly silence: string;
  /** Signed: whoever has it may acknowledge this alert, and nothing else. Absent when that is switched off. */
  readonly acknowledge?: string | undefined;
  readonly runbook?: string | undefined;
}

/** One alert as a receiver is told of it. */
export interface NotifiedAlert {
  /** 16 hexadecimal digits over the labels; the same for every alert with these labels, now and later. */
  readonly fingerprint: string;
  readonly status: 'firing' | 'resolved';
  readonly labels: Labels;
  readonly annotations: Labels;
  /** Epoch milliseconds. */
  readonly startsAtMs: number;
  /** Undefined while it fires. */
  readonly endsAtMs: number | undefined;
  readonly generatorUrl: string;
  readonly priority: Priority;
  readonly links: AlertLinks;
}

/**
 * Why somebody is told. `group`: alerts of a group fired, changed or were resolved. `repeat`: they still fire. `escalation`: nobody
 * acknowledged in time. `test`: somebody pressed "send test".
 */
export type NotificationReason = 'group' | 'repeat' | 'escalation' | 'test';

/** What one integration of one receiver is to deliver. */
export interface Notification {
  /**
   * The same for every attempt at this delivery, also after a restart, and no other: for receivers that recognise repetitions.
   * 32 hexadecimal digits.
   */
  readonly id: string;
  /** Names what the alerts have in common, over their whole life: the group's key, or the escalation's. For threads and deduplication keys. */
  readonly groupKey: string;
  readonly receiver: string;
  readonly reason: NotificationReason;
  readonly status: 'firing' | 'resolved';
  readonly groupLabels: Labels;
  /** At least one; firing ones first. Not more than the integration's limit: the rest is only counted. */
  readonly alerts: readonly NotifiedAlert[];
  readonly truncatedAlerts: number;
  /** Address of this server for people, without a slash at the end. */
  readonly externalUrl: string;
}

/** What an entry's `http_config` says, or the global one. */
export type IntegrationHttp = Pick<
  OutboundOptions,
  'tls' | 'proxy' | 'credentials' | 'headers' | 'followRedirects'
>;

/** One entry of a receiver: a channel with its settings. */
export interface Integration {
  /** `<receiver>/<channel>/<position>`: names it in the log of notifications, in history and in the UI. */
  readonly id: string;
  readonly receiver: string;
  /** Name of a channel: `email`, `slack`. */
  readonly channel: string;
  /** Position among the receiver's entries for the channel, from 0. */
  readonly index: number;
  readonly sendsResolved: boolean;
  /** What the channel's schema made of its configuration, global defaults filled in. */
  readonly settings: unknown;
  /** Undefined: the client's defaults. */
  readonly http?: IntegrationHttp | undefined;
}

export interface DeliveryRequest {
  readonly integration: Integration;
  readonly notification: Notification;
  /** What the channel returned after its last delivery for this group: a message to update, a thread. */
  readonly previous: string | undefined;
  /** Ends all attempts. */
  readonly signal: AbortSignal;
}

/** How a delivery went, after all attempts. */
export interface DeliveryOutcome {
  readonly isDelivered: boolean;
  /** Requests that were made, 0 when the rate limit or a breaker kept it back. */
  readonly attempts: number;
  /** From the first attempt to the end of the last. */
  readonly latencyMs: number;
  /** One line for people, free of secrets: `200 OK`, `SMTP 250`, or why not. At most 500 characters. */
  readonly detail: string;
  /** Of one that was not delivered: trying again cannot help until somebody changes the configuration. */
  readonly isPermanent: boolean;
  /** For {@link DeliveryRequest.previous} of the next one; undefined leaves what was. */
  readonly state: string | undefined;
  /** It was not sent by itself but will be part of a digest, because the channel's rate limit is used up. */
  readonly isDigested: boolean;
}

/** Delivers one notification, with repetitions where they help. Never rejects. */
export type Deliver = (request: DeliveryRequest) => Promise<DeliveryOutcome>;
