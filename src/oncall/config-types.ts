import type { Labels } from '../model/labels.ts';
import type { Priority } from '../model/notification.ts';
import type { OnCallMatcher } from './types.ts';
import type { Zone } from './zone.ts';

export interface Person {
  readonly name: string;
  /** Names of receivers in alertmanager.yml; at least one. */
  readonly receivers: readonly string[];
}

/** Part of a day, in wall time. */
export interface DayWindow {
  /** From midnight on. */
  readonly startMs: number;
  /** Exclusive. Not after the start: it ends on the following day. */
  readonly endMs: number;
}

/** When a rotation counts. */
export interface Restriction {
  /** 0 is Sunday. A window that goes past midnight belongs to the day it begins on. */
  readonly weekdays: ReadonlySet<number>;
  readonly windows: readonly DayWindow[];
}

/** People who take turns. */
export interface Rotation {
  readonly people: readonly string[];
  /** Wall time of the first shift's begin; nobody before. */
  readonly startWallMs: number;
  /** In wall time, so that a handoff at nine stays at nine. */
  readonly shiftLengthMs: number;
  /** One of them must hold; none: always. */
  readonly restrictions: readonly Restriction[];
}

export interface Schedule {
  readonly name: string;
  readonly zone: Zone;
  /** A later one counts more where it has somebody. */
  readonly rotations: readonly Rotation[];
}

export interface EscalationStep {
  /** Since the step before, or since the escalation began. */
  readonly afterMs: number;
  readonly receivers: readonly string[];
  /** Names of schedules: whoever is on call is told. */
  readonly schedules: readonly string[];
}

export interface EscalationPolicy {
  readonly name: string;
  readonly matchers: readonly OnCallMatcher[];
  /** The matchers as one text. */
  readonly matchersText: string;
  /** At least one. */
  readonly steps: readonly EscalationStep[];
  /** Further rounds after the first. */
  readonly repeats: number;
  /** From the last step to the first of the next round. */
  readonly repeatAfterMs: number;
}

export type ResponseTime =
  | { readonly kind: 'within'; readonly withinMs: number }
  /** Until the end of business on the next business day. */
  | { readonly kind: 'next_business_day' }
  | { readonly kind: 'none' };

export interface PriorityRule {
  /** Values of label `severity`, in lower case. */
  readonly severities: readonly string[];
  readonly response: ResponseTime;
}

export interface BusinessHours {
  readonly zone: Zone;
  /** 0 is Sunday. */
  readonly weekdays: ReadonlySet<number>;
  /** From midnight on, wall time. */
  readonly startMs: number;
  readonly endMs: number;
}

/** A secret in the configuration or in a file that is read each time. */
export type ConfigSecret = { readonly text: string } | { readonly file: string };

export interface TelegramButtons {
  /** What was given to `setWebhook` as `secret_token`. */
  readonly secret: ConfigSecret;
  readonly botToken: ConfigSecret;
  /** Without a slash at the end. */
  readonly apiUrl: string;
  /** Numbers of users. */
  readonly allowedUsers: ReadonlySet<string>;
  /** Numbers of chats everybody in which may acknowledge. */
  readonly allowedChats: ReadonlySet<string>;
}

export interface SlackButtons {
  readonly signingSecret: ConfigSecret;
  /** Ids of users; empty: everybody who sees the message. */
  readonly allowedUsers: ReadonlySet<string>;
}

/** `on_call` of the configuration, found right. */
export interface OnCallConfig {
  readonly people: ReadonlyMap<string, Person>;
  readonly schedules: ReadonlyMap<string, Schedule>;
  /** The first whose matchers all match counts. */
  readonly policies: readonly EscalationPolicy[];
  readonly priorities: Readonly<Record<Priority, PriorityRule>>;
  readonly businessHours: BusinessHours;
  readonly telegram: TelegramButtons | undefined;
  readonly slack: SlackButtons | undefined;
}

/**
 * An alert that asks nobody to do anything, such as one that always fires to say that alerting works: label `severity` is `none`. It
 * neither escalates nor has a response time.
 */
export function isForNobody(labels: Labels): boolean {
  return labels.get('severity').toLowerCase() === 'none';
}

/** The policy that counts for an alert; undefined: nobody is told beyond its routes. */
export function policyFor(config: OnCallConfig, labels: Labels): EscalationPolicy | undefined {
  if (isForNobody(labels)) return undefined;
  return config.policies.find(({ matchers }) =>
    matchers.every((matcher) => matcher.matches(labels.get(matcher.name))),
  );
}
