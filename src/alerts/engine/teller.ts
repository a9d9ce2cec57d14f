import type { Integration } from '../../model/notification.ts';
import type { AlertCounters, AlertEngineParts } from '../engine-types.ts';
import type { Alert, PartialAlertEvent } from '../types.ts';
import type { AlertGroup } from './alert-group.ts';
import type { AlertRecord } from './alert-record.ts';
import { buildNotification, deliveryEvents, type NotificationFacts } from './build-notification.ts';
import { type Candidate, type Decision, decide } from './decide.ts';
import type { DeliverySlots } from './delivery-slots.ts';
import type { Lane } from './lane.ts';
import type { Lanes } from './lanes.ts';
import {
  FIRST_RETRY_MS,
  MAX_DELIVERY_MS,
  MAX_RETRY_MS,
  MAX_STATE_LENGTH,
  MIN_DELIVERY_MS,
} from './limits.ts';
import {
  type LogEntry,
  notificationId,
  type Told,
  withFailure,
  withIntent,
  without,
  withTold,
} from './log-entry.ts';
import { type Sent, send } from './send.ts';

/** Timers may come a moment early. */
const EARLY_MS = 100;

export interface TellerParts
  extends Pick<
    AlertEngineParts,
    | 'clock'
    | 'deliver'
    | 'record'
    | 'linksOf'
    | 'priorityOf'
    | 'isAcknowledged'
    | 'maxAlertsOf'
    | 'externalUrl'
    | 'log'
  > {
  readonly lanes: Lanes;
  readonly slots: DeliverySlots;
  readonly counters: AlertCounters;
  readonly stop: AbortSignal;
  readonly integrationOf: (id: string) => Integration | undefined;
  /** Groups whose alerts go to this integration. */
  readonly groupsOf: (lane: Lane) => readonly AlertGroup[];
  readonly recordOf: (fingerprint: string) => AlertRecord | undefined;
  /** @param group undefined: wherever it goes. */
  readonly isHidden: (record: AlertRecord, group: AlertGroup | undefined) => boolean;
  /** Keeps what goes on, so that it can be waited for. */
  readonly track: (work: Promise<void>) => void;
  /** A lane came to rest. */
  readonly onRest: (lane: Lane) => void;
}

interface Plan {
  readonly integration: Integration;
  readonly groups: readonly AlertGroup[];
  readonly decision: Extract<Decision, { kind: 'tell' }>;
}

/** What one delivery is about, fixed at the moment it was decided. */
interface Telling {
  readonly facts: NotificationFacts;
  readonly told: Told;
  /** The entry before. */
  readonly before: LogEntry;
  readonly atMs: number;
  readonly atElapsedMs: number;
  readonly groupIntervalMs: number | undefined;
}

/** Tells integrations what they have to know about groups: one thing at a time each, and independently of each other. */
export class Teller {
  readonly #parts: TellerParts;

  constructor(parts: TellerParts) {
    this.#parts = parts;
  }

  /** Looks whether something is to be told, and does it. Resolves when that is over; never rejects. */
  async run(lane: Lane): Promise<void> {
    if (lane.isRunning) {
      lane.wantsAnother = true;
      return;
    }
    lane.isRunning = true;
    lane.clearRetry();
    try {
      do {
        lane.wantsAnother = false;
        await this.#once(lane);
        // After a failure there is a pause first.
      } while (lane.wantsAnother && lane.failure === undefined && !this.#parts.stop.aborted);
    } finally {
      lane.isRunning = false;
    }
    this.#parts.onRest(lane);
  }

  async #once(lane: Lane): Promise<void> {
    let plan = this.#plan(lane);
    if (plan === undefined) return;
    let release = this.#parts.slots.tryAcquire(lane.integration);
    if (release === undefined) {
      lane.isQueued = true;
      release = await this.#parts.slots.acquire(lane.integration);
      lane.isQueued = false;
      // Much may have changed while it waited.
      plan = release && this.#plan(lane);
    }
    try {
      if (plan !== undefined) await this.#tell(lane, plan);
    } finally {
      release?.();
    }
  }

  #plan(lane: Lane): Plan | undefined {
    const integration = this.#parts.integrationOf(lane.integration);
    if (integration === undefined || this.#parts.stop.aborted) return undefined;
    const groups = this.#parts.groupsOf(lane);
    const decision = decide(lane.entry, this.#candidates(lane, groups), {
      sendsResolved: integration.sendsResolved,
      isRepeatDue: this.#isRepeatDue(lane, groups),
      isAcknowledged: ({ alert }) => this.#parts.isAcknowledged(alert),
    });
    lane.decidedAtMs = this.#parts.clock.now();
    const entry = without(lane.entry, decision.forgets);
    if (entry !== lane.entry) {
      lane.entry = entry;
      this.#parts.lanes.put(lane);
    }
    if (decision.kind === 'tell') return { integration, groups, decision };
    if (decision.acknowledged.length > 0) this.#noteAcknowledged(lane, integration, decision.acknowledged);
    else if (lane.failure !== undefined) lane.failure = undefined;
    return undefined;
  }

  #candidates(lane: Lane, groups: readonly AlertGroup[]): Candidate[] {
    const { isHidden, recordOf } = this.#parts;
    const hidden = new Map<AlertRecord, boolean>();
    for (const group of groups)
      for (const record of group.records)
        if (hidden.get(record) !== false) hidden.set(record, isHidden(record, group));
    for (const fingerprints of [lane.entry.firing, lane.entry.uncertain])
      for (const fingerprint of fingerprints) {
        const record = recordOf(fingerprint);
        if (record === undefined || hidden.has(record)) continue;
        // It is handled elsewhere since the configuration changed; only its end is told here.
        hidden.set(record, !record.isResolved || isHidden(record, undefined));
      }
    return [...hidden].map(([record, isNotShown]) => ({ record, isHidden: isNotShown }));
  }

  #isRepeatDue(lane: Lane, groups: readonly AlertGroup[]): boolean {
    if (lane.toldElapsedMs === undefined || groups.length === 0) return false;
    const repeatMs = Math.min(...groups.map(({ route }) => route.repeatIntervalMs));
    return this.#parts.clock.elapsed() - lane.toldElapsedMs >= repeatMs - EARLY_MS;
  }

  async #tell(lane: Lane, plan: Plan): Promise<void> {
    const { lanes, clock } = this.#parts;
    const before = lane.entry;
    const told = {
      firing: plan.decision.firing.map(({ fingerprint }) => fingerprint),
      resolved: plan.decision.resolved.map(({ fingerprint }) => fingerprint),
    };
    lane.isAcknowledgementNoted = false;
    lane.entry = withIntent(before, told);
    const telling = this.#telling(lane, plan, { before, told });
    const notification = buildNotification(telling.facts, this.#parts);
    if (lane.entry !== before || !lane.isWritten) {
      lanes.put(lane);
      // Even when it could not be written: rather told twice after a crash than not at all.
      await lanes.commit();
    }
    lane.sendingSinceMs = clock.now();
    const { integration } = plan;
    const intervalMs = telling.groupIntervalMs ?? MAX_RETRY_MS;
    const sent = await send({ integration, notification, previous: lane.entry.state }, this.#parts, {
      limitMs: Math.min(Math.max(intervalMs, MIN_DELIVERY_MS), MAX_DELIVERY_MS),
      stop: this.#parts.stop,
    });
    lane.sendingSinceMs = undefined;
    if (sent.isDelivered) await this.#succeed(lane, telling, sent);
    else this.#fail(lane, telling, sent);
  }

  #telling(
    lane: Lane,
    { integration, groups, decision }: Plan,
    { before, told }: Pick<Telling, 'before' | 'told'>,
  ): Telling {
    const { clock } = this.#parts;
    const facts = {
      id: notificationId(lane.entry),
      groupKey: lane.groupKey,
      groupLabels: lane.entry.groupLabels,
      reason: decision.reason,
      integration,
      firing: decision.firing.map(({ alert }) => alert),
      resolved: decision.resolved.map(({ alert }) => alert),
    };
    const intervals = groups.map(({ route }) => route.groupIntervalMs);
    return {
      facts,
      told,
      before,
      atMs: clock.now(),
      atElapsedMs: clock.elapsed(),
      groupIntervalMs: intervals.length === 0 ? undefined : Math.min(...intervals),
    };
  }

  async #succeed(lane: Lane, telling: Telling, sent: Sent): Promise<void> {
    const { lanes, counters, record, clock } = this.#parts;
    const state = boundedState(sent.state);
    lane.entry = withTold(lane.entry, telling.told, { atMs: telling.atMs, state });
    lane.toldElapsedMs = telling.atElapsedMs;
    lane.failure = undefined;
    lanes.put(lane);
    await lanes.commit();
    counters.notified++;
    record(deliveryEvents(telling.facts, { timeMs: clock.now(), kind: 'notified', ...figures(sent) }));
  }

  #fail(lane: Lane, telling: Telling, sent: Sent): void {
    const { lanes, counters, record, clock } = this.#parts;
    const nowMs = clock.now();
    // What is unknown stays written down as uncertain.
    if (!sent.isUnknown) {
      lane.entry = withFailure(lane.entry, telling.before);
      lanes.put(lane);
    }
    lane.failure = { count: (lane.failure?.count ?? 0) + 1, detail: sent.detail, atMs: nowMs };
    counters.notifyFailures++;
    record(deliveryEvents(telling.facts, { timeMs: nowMs, kind: 'notify_failed', ...figures(sent) }));
    this.#scheduleRetry(lane, telling, sent.isPermanent);
  }

  /** The group looks again with its interval in any case; where trying may help, it comes earlier. */
  #scheduleRetry(lane: Lane, { groupIntervalMs }: Telling, isPermanent: boolean): void {
    const { clock, stop } = this.#parts;
    if (stop.aborted || (isPermanent && groupIntervalMs !== undefined)) return;
    const longestMs = Math.min(MAX_RETRY_MS, groupIntervalMs ?? MAX_RETRY_MS);
    const doubledMs = FIRST_RETRY_MS * 2 ** (lane.failure!.count - 1);
    const delayMs = isPermanent ? MAX_RETRY_MS : Math.max(FIRST_RETRY_MS, Math.min(doubledMs, longestMs));
    lane.retryAtMs = clock.elapsed() + delayMs;
    lane.cancelRetry = clock.after(delayMs, () => {
      lane.clearRetry();
      this.#parts.track(this.run(lane));
    });
  }

  #noteAcknowledged(lane: Lane, integration: Integration, records: readonly AlertRecord[]): void {
    if (lane.isAcknowledgementNoted) return;
    lane.isAcknowledgementNoted = true;
    const facts: NotificationFacts = {
      id: '',
      groupKey: lane.groupKey,
      groupLabels: lane.entry.groupLabels,
      reason: 'repeat',
      integration,
      firing: records.map(({ alert }): Alert => alert),
      resolved: [],
    };
    const detail = 'acknowledged, so repetitions are left out';
    const events: PartialAlertEvent[] = deliveryEvents(facts, {
      timeMs: this.#parts.clock.now(),
      kind: 'suppressed',
      detail,
    });
    this.#parts.counters.suppressed += events.length;
    this.#parts.record(events);
  }
}

export function boundedState(state: string | undefined): string | undefined {
  return state !== undefined && state.length > MAX_STATE_LENGTH ? undefined : state;
}

function figures({ detail, latencyMs, attempts }: Sent): {
  detail: string;
  latencyMs: number;
  attempts: number;
} {
  return { detail, latencyMs, attempts };
}
