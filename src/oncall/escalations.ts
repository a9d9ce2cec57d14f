import type { Log } from '../lib/log.ts';
import { type EscalationPolicy, type OnCallConfig, policyFor } from './config-types.ts';
import {
  ESCALATION_PREFIX,
  type Escalation,
  encodeEscalation,
  endKey,
  escalationId,
  newEscalation,
  type PlannedTell,
  readEscalations,
  stepKey,
} from './escalation-record.ts';
import { type EscalationStatus, statusOf } from './escalation-status.ts';
import { EscalationTeller } from './escalation-teller.ts';
import type { Ledger } from './ledger.ts';
import type { Targets } from './targets.ts';
import {
  type AlertLife,
  isSameLife,
  type OnCallAlert,
  type OnCallAlertView,
  type OnCallClock,
  type RecordOnCallEvents,
  type TellReceiver,
} from './types.ts';

/** Alerts that escalate at the same time; further ones wait until there is room. */
export const MAX_ESCALATIONS = 20_000;
const COMPLAINT_INTERVAL_MS = 60_000;
/** Wall time moved against the clock that does not jump: it was set. */
const CLOCK_STEP_MS = 1000;

export interface EscalationParts {
  readonly ledger: Ledger;
  readonly clock: OnCallClock;
  readonly record: RecordOnCallEvents;
  readonly tell: TellReceiver;
  readonly config: () => OnCallConfig;
  readonly alertOf: (fingerprint: string) => OnCallAlertView | undefined;
  readonly isAcknowledged: (alert: AlertLife) => boolean;
  /** Whom a policy's step tells now. */
  readonly targetsOf: (step: EscalationPolicy['steps'][number]) => Targets;
  readonly log: Log;
}

export interface EscalationCounters {
  readonly begun: number;
  readonly steps: number;
  /** Notifications that at least one integration delivered. */
  readonly told: number;
  readonly tellFailures: number;
  /** Alerts that had to wait because too many escalate. */
  readonly refused: number;
}

/**
 * Tells one step after the other until somebody acknowledges or the alert is resolved. What is to be told is stored before it is told, and
 * that it was told afterwards, so that a crash repeats at most what was under way, under the same key.
 */
export class Escalations {
  readonly #parts: EscalationParts;
  readonly #teller: EscalationTeller;
  /** All, those that only have to tell the end too. */
  readonly #all = new Map<string, Escalation>();
  /** The last one of each alert, by fingerprint. */
  readonly #current = new Map<string, Escalation>();
  #refused: ReadonlySet<string> = new Set();
  #complainedElapsedMs = Number.NEGATIVE_INFINITY;
  #clockOffsetMs: number | undefined;
  readonly #counts = { begun: 0, steps: 0, refused: 0 };

  constructor(parts: EscalationParts) {
    this.#parts = parts;
    this.#teller = new EscalationTeller({
      clock: parts.clock,
      tell: parts.tell,
      mayTell: (escalation) => this.#mayTell(escalation),
      onTold: (escalation, tell, wasDelivered) => this.#onTold(escalation, tell, wasDelivered),
      log: parts.log,
    });
  }

  /** Since the start. */
  get counters(): Readonly<EscalationCounters> {
    const { delivered, failed } = this.#teller;
    return { ...this.#counts, told: delivered, tellFailures: failed };
  }

  get size(): number {
    return this.#all.size;
  }

  /** Takes up what was saved; nothing is told before {@link sync}. */
  restore(documents: ReadonlyMap<string, string>): void {
    for (const escalation of readEscalations(documents, this.#moments(), this.#parts.log)) {
      const { fingerprint } = escalation;
      this.#all.set(escalation.id, escalation);
      const other = this.#current.get(fingerprint);
      if (other === undefined || other.startsAtMs < escalation.startsAtMs)
        this.#current.set(fingerprint, escalation);
      const policy = this.#policyOf(escalation);
      if (policy !== undefined) this.#limitWait(escalation, policy);
    }
  }

  /**
   * Begins, holds, resumes and ends.
   *
   * @param views all alerts that are known, by fingerprint.
   */
  sync(views: ReadonlyMap<string, OnCallAlertView>): void {
    this.#watchClock();
    for (const escalation of [...this.#all.values()]) {
      const view = views.get(escalation.fingerprint);
      if (escalation.phase === 'ended') this.#goOnEnding(escalation);
      else if (view === undefined || view.isResolved || !isSameLife(view.alert, escalation))
        this.#end(escalation, view);
    }
    const refused = new Set<string>();
    for (const view of views.values()) {
      if (!view.isResolved && !this.#look(view)) refused.add(view.alert.fingerprint);
    }
    this.#complain(refused);
  }

  /** Looks at one alert again, because somebody acknowledged it or no longer has. */
  touch(fingerprint: string): void {
    const view = this.#parts.alertOf(fingerprint);
    if (view !== undefined && !view.isResolved) this.#look(view);
  }

  /** Carries out the steps that are due. */
  tick(): void {
    this.#watchClock();
    const elapsedMs = this.#parts.clock.elapsed();
    for (const escalation of this.#current.values())
      if (escalation.dueElapsedMs <= elapsedMs) this.#proceed(escalation);
  }

  /** When the next step is due, on the clock that does not jump. */
  nextDueElapsedMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { dueElapsedMs } of this.#current.values()) next = Math.min(next, dueElapsedMs);
    return next;
  }

  of(fingerprint: string): EscalationStatus | undefined {
    const escalation = this.#current.get(fingerprint);
    if (escalation === undefined) return undefined;
    const { targetsOf } = this.#parts;
    return statusOf(escalation, this.#policyOf(escalation), { ...this.#moments(), targetsOf });
  }

  /** How many run, by policy. */
  running(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { phase, held, policy } of this.#current.values())
      if (phase === 'running' && held !== 'acknowledged') counts.set(policy, (counts.get(policy) ?? 0) + 1);
    return counts;
  }

  /** After a change of the configuration: those whose policy is another now begin with that one's first step. */
  reload(): void {
    for (const escalation of this.#current.values()) {
      if (escalation.phase === 'ended') continue;
      const policy = policyFor(this.#parts.config(), escalation.alert.labels);
      if (policy === undefined) this.#exhaust(escalation);
      else if (policy.name !== escalation.policy) this.#restart(escalation, policy);
      else this.#limitWait(escalation, policy);
      this.#save(escalation);
    }
  }

  /** Resolves once nothing is being told. */
  idle(): Promise<void> {
    return this.#teller.idle();
  }

  /** Nothing new is told. Waits for what is under way, for a few seconds. */
  stop(): Promise<void> {
    return this.#teller.stop();
  }

  /** @returns false when there is no room for it. */
  #look(view: OnCallAlertView): boolean {
    const { alert } = view;
    const escalation = this.#current.get(alert.fingerprint);
    if (escalation === undefined || escalation.phase === 'ended') return this.#begin(view);
    if (!isSameLife(alert, escalation)) return true;
    escalation.alert = alert;
    this.#hold(escalation, this.#reasonToHold(view));
    this.#teller.dispatch(escalation);
    return true;
  }

  #reasonToHold({ alert, suppressions }: OnCallAlertView): Escalation['held'] {
    if (this.#parts.isAcknowledged(alert)) return 'acknowledged';
    return suppressions.length > 0 ? 'suppressed' : undefined;
  }

  #begin(view: OnCallAlertView): boolean {
    const { alert } = view;
    if (this.#reasonToHold(view) !== undefined) return true;
    const policy = policyFor(this.#parts.config(), alert.labels);
    if (policy === undefined || this.#all.has(escalationId(alert))) return true;
    if (this.#all.size >= MAX_ESCALATIONS) return false;
    const { nowMs, elapsedMs } = this.#moments();
    const escalation = newEscalation(alert, policy.name, {
      begunAtMs: nowMs,
      dueElapsedMs: elapsedMs + policy.steps[0]!.afterMs,
    });
    this.#all.set(escalation.id, escalation);
    this.#current.set(alert.fingerprint, escalation);
    this.#counts.begun++;
    this.#save(escalation);
    return true;
  }

  /** Stops the waiting, or goes on with it. */
  #hold(escalation: Escalation, held: Escalation['held']): void {
    const before = escalation.held;
    if (held === before) return;
    escalation.held = held;
    if (held === 'acknowledged' && escalation.phase === 'exhausted') escalation.restarts = true;
    const { elapsedMs } = this.#moments();
    if (before === undefined && escalation.phase === 'running') {
      escalation.leftMs = Math.max(0, escalation.dueElapsedMs - elapsedMs);
      escalation.dueElapsedMs = Number.POSITIVE_INFINITY;
    }
    if (held === undefined) this.#resume(escalation, elapsedMs);
    this.#save(escalation);
  }

  #resume(escalation: Escalation, elapsedMs: number): void {
    const policy = this.#policyOf(escalation);
    if (escalation.restarts && policy !== undefined) this.#restart(escalation, policy);
    else if (escalation.phase === 'running') {
      escalation.dueElapsedMs = elapsedMs + (escalation.leftMs ?? 0);
      escalation.leftMs = undefined;
    }
  }

  #restart(escalation: Escalation, policy: EscalationPolicy): void {
    escalation.policy = policy.name;
    escalation.generation++;
    escalation.round = 0;
    escalation.step = 0;
    escalation.phase = 'running';
    escalation.restarts = false;
    this.#waitFor(escalation, policy.steps[0]!.afterMs);
  }

  #waitFor(escalation: Escalation, waitMs: number): void {
    const isHeld = escalation.held !== undefined;
    escalation.leftMs = isHeld ? waitMs : undefined;
    escalation.dueElapsedMs = isHeld ? Number.POSITIVE_INFINITY : this.#moments().elapsedMs + waitMs;
  }

  #exhaust(escalation: Escalation): void {
    escalation.phase = 'exhausted';
    escalation.dueElapsedMs = Number.POSITIVE_INFINITY;
    escalation.leftMs = undefined;
  }

  /** A wait is never longer than the policy says: the clock may have been set back while the server was away, or the policy changed. */
  #limitWait(escalation: Escalation, policy: EscalationPolicy): void {
    if (escalation.phase !== 'running') return;
    if (escalation.step >= policy.steps.length) {
      this.#moveOn(escalation, policy);
      return;
    }
    const isNewRound = escalation.step === 0 && escalation.round > 0;
    const maxMs = isNewRound ? policy.repeatAfterMs : policy.steps[escalation.step]!.afterMs;
    const { elapsedMs } = this.#moments();
    if (escalation.leftMs !== undefined) escalation.leftMs = Math.min(escalation.leftMs, maxMs);
    else escalation.dueElapsedMs = Math.min(escalation.dueElapsedMs, elapsedMs + maxMs);
  }

  #proceed(escalation: Escalation): void {
    if (this.#teller.isStopped) return;
    const view = this.#parts.alertOf(escalation.fingerprint);
    const policy = this.#policyOf(escalation);
    if (!this.#mayTell(escalation)) {
      // Something happened that was not looked at yet.
      if (view === undefined || view.isResolved || !isSameLife(view.alert, escalation))
        this.#end(escalation, view);
      else this.#look(view);
      return;
    }
    if (policy === undefined) this.#exhaust(escalation);
    else {
      const { elapsedMs } = this.#moments();
      for (let i = 0; i < policy.steps.length && escalation.dueElapsedMs <= elapsedMs; i++)
        this.#carryOut(escalation, policy);
    }
    this.#saveAndTell(escalation);
  }

  #carryOut(escalation: Escalation, policy: EscalationPolicy): void {
    const { step, round } = escalation;
    const { receivers, emptySchedules } = this.#parts.targetsOf(policy.steps[step]!);
    const place = `step ${step + 1} of ${policy.steps.length}${round > 0 ? `, round ${round + 1}` : ''}, of policy ${policy.name}`;
    for (const schedule of emptySchedules)
      this.#report(escalation, `nobody is on call in schedule ${schedule}: ${place}`, '');
    this.#moveOn(escalation, policy);
    this.#counts.steps++;
    if (receivers.length === 0) {
      // Nobody to wait for.
      if (escalation.phase === 'running' && escalation.step > 0) this.#waitFor(escalation, 0);
      return;
    }
    for (const receiver of receivers) {
      const key = stepKey(escalation, { round, step, receiver });
      escalation.tells.set(key, {
        key,
        receiver,
        isResolved: false,
        mayHaveGone: false,
        state: 'unsaved',
      });
    }
    this.#report(escalation, `${place}, tells ${receivers.join(', ')}`, receivers.join(', '));
  }

  #moveOn(escalation: Escalation, policy: EscalationPolicy): void {
    escalation.step = Math.min(escalation.step + 1, policy.steps.length);
    const next = policy.steps[escalation.step];
    if (next !== undefined) this.#waitFor(escalation, next.afterMs);
    else if (escalation.round < policy.repeats) {
      escalation.round++;
      escalation.step = 0;
      this.#waitFor(escalation, policy.repeatAfterMs);
    } else this.#exhaust(escalation);
  }

  /** The alert is resolved, or began anew: whoever was told gets to know once. */
  #end(escalation: Escalation, view: OnCallAlertView | undefined): void {
    if (escalation.phase === 'ended') return;
    this.#exhaust(escalation);
    escalation.phase = 'ended';
    const isItsEnd = view?.isResolved === true && isSameLife(view.alert, escalation);
    const endsAtMs = this.#parts.clock.now();
    escalation.alert = isItsEnd ? view.alert : { ...escalation.alert, endsAtMs };
    this.#settleEnd(escalation);
  }

  /** One that was saved while it ended. */
  #goOnEnding(escalation: Escalation): void {
    if (escalation.isEndPlanned) this.#teller.dispatch(escalation);
    else this.#settleEnd(escalation);
  }

  #settleEnd(escalation: Escalation): void {
    for (const tell of [...escalation.tells.values()]) {
      if (tell.isResolved || tell.state === 'sending') continue;
      escalation.tells.delete(tell.key);
      if (tell.mayHaveGone) escalation.told.add(tell.receiver);
    }
    const isSending = [...escalation.tells.values()].some(({ isResolved }) => !isResolved);
    if (!isSending && !escalation.isEndPlanned) {
      escalation.isEndPlanned = true;
      for (const receiver of escalation.told) {
        const key = endKey(escalation, receiver);
        escalation.tells.set(key, { key, receiver, isResolved: true, mayHaveGone: false, state: 'unsaved' });
      }
    }
    if (escalation.tells.size === 0) this.#forget(escalation);
    else this.#saveAndTell(escalation);
  }

  #forget(escalation: Escalation): void {
    this.#all.delete(escalation.id);
    if (this.#current.get(escalation.fingerprint) === escalation)
      this.#current.delete(escalation.fingerprint);
    this.#parts.ledger.put(ESCALATION_PREFIX + escalation.id, undefined);
    // The same alert may have come to life again meanwhile.
    if (!this.#teller.isStopped) this.touch(escalation.fingerprint);
  }

  /** Nobody has it, it fires and nothing suppresses it: asked of the sources themselves, right before telling. */
  #mayTell(escalation: Escalation): boolean {
    const view = this.#parts.alertOf(escalation.fingerprint);
    return (
      escalation.phase !== 'ended' &&
      view !== undefined &&
      !view.isResolved &&
      isSameLife(view.alert, escalation) &&
      this.#reasonToHold(view) === undefined
    );
  }

  #report({ alert, startsAtMs, id }: Escalation, detail: string, receiver: string): void {
    const { fingerprint, labels }: OnCallAlert = alert;
    this.#parts.record([
      {
        timeMs: this.#parts.clock.now(),
        kind: 'escalated',
        fingerprint,
        labels,
        startsAtMs,
        receiver,
        reason: 'escalation',
        groupKey: `escalation/${id}`,
        detail,
      },
    ]);
  }

  #complain(refused: ReadonlySet<string>): void {
    for (const fingerprint of refused) if (!this.#refused.has(fingerprint)) this.#counts.refused++;
    this.#refused = refused;
    const { elapsedMs } = this.#moments();
    if (refused.size === 0 || elapsedMs - this.#complainedElapsedMs < COMPLAINT_INTERVAL_MS) return;
    this.#complainedElapsedMs = elapsedMs;
    this.#parts.log.error(
      { waiting: refused.size, limit: MAX_ESCALATIONS },
      'so many alerts escalate that further ones have to wait',
    );
  }

  /** Due moments are stored as wall time; when that was set, they are stored anew. */
  #watchClock(): void {
    const { nowMs, elapsedMs } = this.#moments();
    const offsetMs = nowMs - elapsedMs;
    const wasSet = Math.abs(offsetMs - (this.#clockOffsetMs ?? offsetMs)) > CLOCK_STEP_MS;
    if (this.#clockOffsetMs === undefined || wasSet) this.#clockOffsetMs = offsetMs;
    if (!wasSet) return;
    for (const escalation of this.#all.values())
      if (Number.isFinite(escalation.dueElapsedMs)) this.#save(escalation);
  }

  #onTold(escalation: Escalation, tell: PlannedTell, wasDelivered: boolean): void {
    escalation.tells.delete(tell.key);
    if (!tell.isResolved && wasDelivered) escalation.told.add(tell.receiver);
    if (escalation.phase === 'ended') this.#settleEnd(escalation);
    else this.#save(escalation);
  }

  /** Tells what was planned once it is stored; when it cannot be stored all the same, because being told twice is the lesser evil. */
  #saveAndTell(escalation: Escalation): void {
    const unsaved = [...escalation.tells.values()].filter(({ state }) => state === 'unsaved');
    this.#save(escalation);
    void this.#parts.ledger.settled().then(() => {
      for (const tell of unsaved) tell.state = 'waiting';
      this.#teller.dispatch(escalation);
    });
  }

  #policyOf({ policy }: Escalation): EscalationPolicy | undefined {
    return this.#parts.config().policies.find(({ name }) => name === policy);
  }

  #save(escalation: Escalation): void {
    const text = encodeEscalation(escalation, this.#moments());
    this.#parts.ledger.put(ESCALATION_PREFIX + escalation.id, text);
  }

  #moments(): { nowMs: number; elapsedMs: number } {
    const { clock } = this.#parts;
    return { nowMs: clock.now(), elapsedMs: clock.elapsed() };
  }
}
