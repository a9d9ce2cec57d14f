import type { Log } from '../lib/log.ts';
import { formatTime } from '../lib/time.ts';
import type { Priority } from '../model/notification.ts';
import { isForNobody, type OnCallConfig } from './config-types.ts';
import { hasFields, type Ledger, readRecords } from './ledger.ts';
import { priorityOfLabels, responseDue } from './priorities.ts';
import {
  type AlertLife,
  isSameLife,
  type OnCallAlertView,
  type OnCallClock,
  type RecordOnCallEvents,
} from './types.ts';

const PREFIX = 'response/';
/** Alerts whose response is watched; further ones are not. */
export const MAX_RESPONSES = 50_000;
/** An alert that began this long before it was seen demands its response from when it was seen. */
const LATE_MS = 60_000;

export interface ResponseParts {
  readonly ledger: Ledger;
  readonly clock: OnCallClock;
  readonly record: RecordOnCallEvents;
  readonly config: () => OnCallConfig;
  readonly isAcknowledged: (alert: AlertLife) => boolean;
  readonly log: Log;
}

/** By when somebody has to acknowledge an alert. */
export interface ResponseStatus {
  readonly dueAtMs: number;
  readonly isMissed: boolean;
}

interface Demand {
  readonly fingerprint: string;
  startsAtMs: number;
  readonly priority: Priority;
  /** From when on the time counts. */
  readonly fromMs: number;
  dueAtMs: number | undefined;
  /** On the clock that does not jump; infinite when it does not matter. */
  dueElapsedMs: number;
  isMissed: boolean;
  /** Somebody acknowledged; no second response is asked for. */
  isAnswered: boolean;
  /** There is a document about it. */
  isStored: boolean;
}

type Stored = Pick<Demand, 'fingerprint' | 'startsAtMs' | 'fromMs' | 'isMissed' | 'isAnswered'>;

/**
 * Watches that somebody acknowledges in time. What follows from the alert and the configuration is not stored: only answers, misses and
 * times that count from another moment than the alert's begin.
 */
export class Responses {
  readonly #parts: ResponseParts;
  readonly #demands = new Map<string, Demand>();
  /** Saved ones that no alert was seen for yet. */
  #restored = new Map<string, Stored>();
  /** Alerts that were suppressed when they were looked at last. */
  #suppressed: ReadonlySet<string> = new Set();
  #hasLooked = false;
  #missed = 0;
  #unwatched = 0;

  constructor(parts: ResponseParts) {
    this.#parts = parts;
  }

  /** Since the start. */
  get missed(): number {
    return this.#missed;
  }

  /** Alerts that are not watched because there are too many. */
  get unwatched(): number {
    return this.#unwatched;
  }

  restore(documents: ReadonlyMap<string, string>): void {
    const { log } = this.#parts;
    const stored = readRecords(documents, PREFIX, { isRecord: isStored, log });
    this.#restored = new Map(stored.map((one) => [one.fingerprint, one]));
  }

  /** @param views all alerts that are known, by fingerprint. */
  sync(views: ReadonlyMap<string, OnCallAlertView>): void {
    this.#forgetOver(views);
    const suppressed = new Set<string>();
    this.#unwatched = 0;
    for (const view of views.values()) {
      if (view.isResolved || isForNobody(view.alert.labels)) continue;
      const { fingerprint } = view.alert;
      if (view.suppressions.length > 0) {
        suppressed.add(fingerprint);
        this.#release(fingerprint);
      } else this.#look(view);
    }
    this.#suppressed = suppressed;
    this.#hasLooked = true;
  }

  /** Looks at one alert again, because somebody acknowledged it. */
  touch(alert: AlertLife): void {
    const demand = this.#demands.get(alert.fingerprint);
    if (demand !== undefined && isSameLife(alert, demand)) this.#answer(demand, alert);
  }

  /** Reports what was missed. */
  tick(viewOf: (fingerprint: string) => OnCallAlertView | undefined): void {
    const elapsedMs = this.#parts.clock.elapsed();
    for (const demand of this.#demands.values()) {
      if (demand.dueElapsedMs > elapsedMs) continue;
      demand.dueElapsedMs = Number.POSITIVE_INFINITY;
      const view = viewOf(demand.fingerprint);
      if (view === undefined || view.isResolved || view.suppressions.length > 0) continue;
      if (!isSameLife(view.alert, demand)) continue;
      this.#answer(demand, view.alert);
      if (!demand.isAnswered) this.#miss(demand, view);
    }
  }

  nextDueElapsedMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { dueElapsedMs } of this.#demands.values()) next = Math.min(next, dueElapsedMs);
    return next;
  }

  /** Undefined when none is asked for, or was given. */
  of(fingerprint: string): ResponseStatus | undefined {
    const demand = this.#demands.get(fingerprint);
    if (demand?.dueAtMs === undefined || demand.isAnswered) return undefined;
    return { dueAtMs: demand.dueAtMs, isMissed: demand.isMissed };
  }

  /** After a change of the configuration. What was missed stays missed. */
  reload(): void {
    for (const demand of this.#demands.values()) if (!demand.isMissed) this.#schedule(demand);
  }

  #forgetOver(views: ReadonlyMap<string, OnCallAlertView>): void {
    for (const known of [this.#demands, this.#restored]) {
      for (const [fingerprint, one] of known) {
        const view = views.get(fingerprint);
        if (view !== undefined && !view.isResolved && isSameLife(view.alert, one)) continue;
        known.delete(fingerprint);
        if (!('isStored' in one) || one.isStored) this.#parts.ledger.put(PREFIX + fingerprint, undefined);
      }
    }
  }

  /** While it is suppressed nobody has to respond; afterwards the time begins anew. */
  #release(fingerprint: string): void {
    const demand = this.#demands.get(fingerprint);
    const stored = this.#restored.get(fingerprint);
    const known = demand ?? stored;
    if (known === undefined || known.isMissed || known.isAnswered) return;
    this.#demands.delete(fingerprint);
    this.#restored.delete(fingerprint);
    if (stored !== undefined || demand?.isStored) this.#parts.ledger.put(PREFIX + fingerprint, undefined);
  }

  #look({ alert }: OnCallAlertView): void {
    const { fingerprint, startsAtMs, labels } = alert;
    const known = this.#demands.get(fingerprint);
    if (known !== undefined) {
      known.startsAtMs = startsAtMs;
      this.#answer(known, alert);
      return;
    }
    if (this.#demands.size >= MAX_RESPONSES) {
      this.#unwatched++;
      return;
    }
    const stored = this.#restored.get(fingerprint);
    this.#restored.delete(fingerprint);
    const demand: Demand = {
      fingerprint,
      startsAtMs,
      priority: priorityOfLabels(this.#parts.config(), labels),
      fromMs: stored?.fromMs ?? this.#fromMs(fingerprint, startsAtMs),
      dueAtMs: undefined,
      dueElapsedMs: Number.POSITIVE_INFINITY,
      isMissed: stored?.isMissed ?? false,
      isAnswered: stored?.isAnswered ?? false,
      isStored: stored !== undefined,
    };
    this.#demands.set(fingerprint, demand);
    this.#schedule(demand);
    if (stored === undefined && demand.fromMs !== startsAtMs) this.#save(demand);
    this.#answer(demand, alert);
  }

  #fromMs(fingerprint: string, startsAtMs: number): number {
    const nowMs = this.#parts.clock.now();
    if (this.#suppressed.has(fingerprint)) return nowMs;
    // After a start, alerts that began long ago were there before.
    const isLate = Math.abs(nowMs - startsAtMs) > LATE_MS;
    return isLate && this.#hasLooked ? nowMs : startsAtMs;
  }

  #schedule(demand: Demand): void {
    const { clock, config } = this.#parts;
    const { priority, fromMs } = demand;
    demand.dueAtMs = responseDue(config(), priority, fromMs);
    demand.dueElapsedMs = Number.POSITIVE_INFINITY;
    if (demand.dueAtMs === undefined || demand.isMissed || demand.isAnswered) return;
    const leftMs = Math.min(demand.dueAtMs - fromMs, demand.dueAtMs - clock.now());
    demand.dueElapsedMs = clock.elapsed() + Math.max(0, leftMs);
  }

  #answer(demand: Demand, alert: AlertLife): void {
    if (demand.isAnswered || !this.#parts.isAcknowledged(alert)) return;
    demand.isAnswered = true;
    demand.dueElapsedMs = Number.POSITIVE_INFINITY;
    this.#save(demand);
  }

  #miss(demand: Demand, { alert }: OnCallAlertView): void {
    demand.isMissed = true;
    this.#missed++;
    this.#save(demand);
    const { clock, ledger, record } = this.#parts;
    const { fingerprint, startsAtMs, priority, dueAtMs } = demand;
    const detail = `${priority}: nobody acknowledged by ${formatTime(dueAtMs!)}`;
    const timeMs = clock.now();
    // First that it was missed, so that it is not reported again after a crash.
    void ledger.settled().then(() => {
      record([{ timeMs, kind: 'response_missed', fingerprint, labels: alert.labels, startsAtMs, detail }]);
    });
  }

  #save(demand: Demand): void {
    const { fingerprint, startsAtMs, fromMs, isMissed, isAnswered } = demand;
    demand.isStored = true;
    const stored: Stored = { fingerprint, startsAtMs, fromMs, isMissed, isAnswered };
    this.#parts.ledger.put(PREFIX + fingerprint, JSON.stringify(stored));
  }
}

function isStored(value: unknown): value is Stored {
  return hasFields(value, {
    fingerprint: 'string',
    startsAtMs: 'number',
    fromMs: 'number',
    isMissed: 'boolean',
    isAnswered: 'boolean',
  });
}
