import { BellwetherError, messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { formatTime } from '../lib/time.ts';
import { hasFields, type Ledger, readRecords } from './ledger.ts';
import {
  type AlertLife,
  isSameLife,
  type OnCallAlertView,
  type OnCallClock,
  type RecordOnCallEvents,
} from './types.ts';

const PREFIX = 'ack/';
/** Alerts that are acknowledged at the same time. */
export const MAX_ACKNOWLEDGEMENTS = 20_000;
const MAX_UNTIL_MS = 366 * 86_400_000;
const MAX_BY_LENGTH = 200;
const MAX_NOTE_LENGTH = 1000;
/** Two presses of one button give ends that differ by less. */
const SAME_UNTIL_MS = 60_000;

export type AcknowledgedVia = 'ui' | 'api' | 'link' | 'telegram' | 'slack';

/** Somebody has an alert. */
export interface Acknowledgement {
  readonly fingerprint: string;
  readonly startsAtMs: number;
  readonly by: string;
  readonly atMs: number;
  /** Undefined: until it is resolved. */
  readonly untilMs: number | undefined;
  readonly note: string;
  readonly via: AcknowledgedVia;
}

export interface AcknowledgeInput {
  readonly by: string;
  readonly untilMs?: number | undefined;
  readonly note?: string;
  readonly via: AcknowledgedVia;
}

export interface AcknowledgementParts {
  readonly ledger: Ledger;
  readonly clock: OnCallClock;
  readonly record: RecordOnCallEvents;
  readonly alertOf: (fingerprint: string) => OnCallAlertView | undefined;
  /** Called after somebody acknowledged, took it back, or an acknowledgement ended. */
  readonly onChange: (fingerprint: string) => void;
  readonly log: Log;
}

interface Kept {
  readonly ack: Acknowledgement;
  /** On the clock that does not jump; infinite without an end. */
  readonly endsElapsedMs: number;
}

/** Who has which alert. */
export class Acknowledgements {
  readonly #parts: AcknowledgementParts;
  readonly #kept = new Map<string, Kept>();
  #chain: Promise<unknown> = Promise.resolve();
  #acknowledged = 0;

  constructor(parts: AcknowledgementParts) {
    this.#parts = parts;
  }

  /** Since the start. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  get size(): number {
    return this.#kept.size;
  }

  restore(documents: ReadonlyMap<string, string>): void {
    const { log } = this.#parts;
    for (const ack of readRecords(documents, PREFIX, { isRecord: isAcknowledgement, log })) this.#keep(ack);
  }

  /** The acknowledgement that holds now, of whichever life of the alert. */
  of(fingerprint: string): Acknowledgement | undefined {
    const kept = this.#kept.get(fingerprint);
    return kept !== undefined && kept.endsElapsedMs > this.#parts.clock.elapsed() ? kept.ack : undefined;
  }

  isAcknowledged(alert: AlertLife): boolean {
    const ack = this.of(alert.fingerprint);
    return ack !== undefined && isSameLife(alert, ack);
  }

  /**
   * Durable once it resolves. The same once more changes nothing; another person, end or note takes the place of what was.
   *
   * @param startsAtMs undefined: whichever alert with this fingerprint fires now.
   * @throws BellwetherError `not_found` (404), `already_resolved` (409), `alert_started_anew` (409), `bad_acknowledgement` (400),
   *   `too_many_acknowledgements` (429), `state_unavailable` (503).
   */
  acknowledge(
    fingerprint: string,
    startsAtMs: number | undefined,
    input: AcknowledgeInput,
  ): Promise<Acknowledgement> {
    return this.#inTurn(() => this.#acknowledge(fingerprint, startsAtMs, input));
  }

  /**
   * @returns false when nobody had acknowledged.
   * @throws BellwetherError `state_unavailable` (503).
   */
  unacknowledge(fingerprint: string, actor: string): Promise<boolean> {
    return this.#inTurn(async () => {
      const ack = this.of(fingerprint);
      if (ack === undefined) return false;
      await this.#store(fingerprint, undefined);
      this.#kept.delete(fingerprint);
      this.#report('unacknowledged', ack, actor, `taken back; it had been acknowledged by ${ack.by}`);
      this.#parts.onChange(fingerprint);
      return true;
    });
  }

  /** Forgets those whose alert was resolved or fires anew, and ends those whose time is over. */
  sync(alertOf: (fingerprint: string) => OnCallAlertView | undefined): void {
    const elapsedMs = this.#parts.clock.elapsed();
    for (const [fingerprint, { ack, endsElapsedMs }] of this.#kept) {
      const view = alertOf(fingerprint);
      const isOver = view === undefined || view.isResolved || !isSameLife(view.alert, ack);
      if (!isOver && endsElapsedMs > elapsedMs) continue;
      this.#kept.delete(fingerprint);
      this.#parts.ledger.put(PREFIX + fingerprint, undefined);
      if (isOver) continue;
      this.#report('unacknowledged', ack, '', `the acknowledgement by ${ack.by} ended`);
      this.#parts.onChange(fingerprint);
    }
  }

  /** When the next acknowledgement ends, on the clock that does not jump; infinite when none does. */
  nextEndElapsedMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { endsElapsedMs } of this.#kept.values()) next = Math.min(next, endsElapsedMs);
    return next;
  }

  async #acknowledge(
    fingerprint: string,
    startsAtMs: number | undefined,
    input: AcknowledgeInput,
  ): Promise<Acknowledgement> {
    const { clock, alertOf } = this.#parts;
    const alert = firingAlert(alertOf(fingerprint), startsAtMs);
    const nowMs = clock.now();
    checkInput(input, nowMs);
    const before = this.#kept.get(fingerprint)?.ack;
    if (before !== undefined && this.isAcknowledged(alert) && isRepetition(before, input)) return before;
    if (before === undefined && this.#kept.size >= MAX_ACKNOWLEDGEMENTS)
      throw new BellwetherError({
        code: 'too_many_acknowledgements',
        status: 429,
        message: `${MAX_ACKNOWLEDGEMENTS} alerts are acknowledged already`,
        hint: 'silence alerts that come in such numbers',
      });
    const ack: Acknowledgement = {
      fingerprint,
      startsAtMs: alert.startsAtMs,
      by: input.by.trim(),
      atMs: nowMs,
      untilMs: input.untilMs,
      note: input.note ?? '',
      via: input.via,
    };
    await this.#store(fingerprint, JSON.stringify(ack));
    this.#keep(ack);
    this.#acknowledged++;
    const until = ack.untilMs === undefined ? 'until it is resolved' : `until ${formatTime(ack.untilMs)}`;
    this.#report('acknowledged', ack, ack.by, `${until}, by ${ack.via}${ack.note && `: ${ack.note}`}`);
    this.#parts.onChange(fingerprint);
    return ack;
  }

  async #store(fingerprint: string, json: string | undefined): Promise<void> {
    try {
      await this.#parts.ledger.write(new Map([[PREFIX + fingerprint, json]]));
    } catch (error) {
      this.#parts.log.error({ error: messageOf(error) }, 'an acknowledgement could not be stored');
      throw new BellwetherError({
        code: 'state_unavailable',
        status: 503,
        message: 'the acknowledgement could not be stored',
        hint: 'try again; the log says why',
        retryAfterS: 5,
        cause: error,
      });
    }
  }

  #keep(ack: Acknowledgement): void {
    const { clock } = this.#parts;
    const leftMs = ack.untilMs === undefined ? Number.POSITIVE_INFINITY : ack.untilMs - clock.now();
    this.#kept.set(ack.fingerprint, { ack, endsElapsedMs: clock.elapsed() + leftMs });
  }

  #report(
    kind: 'acknowledged' | 'unacknowledged',
    ack: Acknowledgement,
    actor: string,
    detail: string,
  ): void {
    const { fingerprint, startsAtMs } = ack;
    const labels = this.#parts.alertOf(fingerprint)?.alert.labels;
    const timeMs = this.#parts.clock.now();
    this.#parts.record([{ timeMs, kind, fingerprint, startsAtMs, actor, detail, ...(labels && { labels }) }]);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#chain.then(work);
    // Whoever asked hears of a failure; the next in turn goes on.
    this.#chain = result.catch(() => undefined);
    return result;
  }
}

function firingAlert(view: OnCallAlertView | undefined, startsAtMs: number | undefined): AlertLife {
  if (view === undefined)
    throw new BellwetherError({
      code: 'not_found',
      status: 404,
      message: 'there is no such alert',
      hint: 'it was resolved some time ago, or never was',
    });
  const { alert } = view;
  if (startsAtMs !== undefined && alert.startsAtMs > startsAtMs)
    throw new BellwetherError({
      code: 'alert_started_anew',
      status: 409,
      message: `that alert was resolved and fires anew since ${formatTime(alert.startsAtMs)}`,
      hint: 'acknowledge the alert that fires now',
    });
  if (view.isResolved)
    throw new BellwetherError({
      code: 'already_resolved',
      status: 409,
      message: 'the alert is resolved already',
    });
  return alert;
}

function checkInput({ by, untilMs, note = '' }: AcknowledgeInput, nowMs: number): void {
  const wrong = (message: string) =>
    new BellwetherError({ code: 'bad_acknowledgement', status: 400, message });
  if (by.trim() === '' || by.length > MAX_BY_LENGTH)
    throw wrong(`who acknowledges must have 1 to ${MAX_BY_LENGTH} characters`);
  if (note.length > MAX_NOTE_LENGTH) throw wrong(`the note is longer than ${MAX_NOTE_LENGTH} characters`);
  if (untilMs !== undefined && !(untilMs > nowMs && untilMs <= nowMs + MAX_UNTIL_MS))
    throw wrong('an acknowledgement must end in the future, and within 366 days');
}

function isRepetition(before: Acknowledgement, input: AcknowledgeInput): boolean {
  if (before.by !== input.by.trim() || before.note !== (input.note ?? '')) return false;
  if (before.untilMs === undefined || input.untilMs === undefined) return before.untilMs === input.untilMs;
  return Math.abs(before.untilMs - input.untilMs) < SAME_UNTIL_MS;
}

function isAcknowledgement(value: unknown): value is Acknowledgement {
  return hasFields(value, {
    fingerprint: 'string',
    startsAtMs: 'number',
    by: 'string',
    atMs: 'number',
    note: 'string',
    via: 'string',
  });
}
