import { BellwetherError, messageOf } from '../../lib/errors.ts';
import type { AlertCounters, AlertEngineParts } from '../engine-types.ts';
import { fingerprintOf } from '../fingerprint.ts';
import type { Alert, IncomingAlert, PartialAlertEvent } from '../types.ts';
import { alertJson, parseAlertJson } from './alert-documents.ts';
import { isVisiblyDifferent, isWorthWriting, mistakeIn, type TakenAlert, takeAlert } from './alert-intake.ts';
import { type AlertRecord, isOfRule } from './alert-record.ts';
import { Chain } from './chain.ts';
import { DocumentWriter } from './document-writer.ts';
import { MAX_ALERTS, MAX_RENEWAL_MS, RESOLVED_KEPT_MS, RESOLVED_SHOWN_MS } from './limits.ts';

export interface AlertStoreParts
  extends Pick<AlertEngineParts, 'clock' | 'alertDocuments' | 'record' | 'log'> {
  readonly resolveTimeoutMs: () => number;
  readonly counters: AlertCounters;
  /** Fills in what is derived from the labels. */
  readonly onAdd: (record: AlertRecord) => void;
  /** It began to fire or was resolved. */
  readonly onTurn: (record: AlertRecord) => void;
  readonly onRemove: (record: AlertRecord) => void;
  /** At least one alert is different now. */
  readonly onChange: () => void;
  readonly onStateFailure: (error: unknown) => void;
}

/** Most alerts share these. */
const NONE: readonly never[] = [];
const NOT_INHIBITED: AlertRecord['inhibition'] = { targetOf: new Set(), sourceOf: new Set(), keys: [] };

/** One alert of a post, joined with what was known. */
interface Change {
  readonly taken: TakenAlert;
  readonly record: AlertRecord | undefined;
}

interface Refusals {
  readonly badMessage: string | undefined;
  readonly surplus: number;
}

/** All alerts that are known, kept in documents: what somebody may have been told of is durable before anybody is told. */
export class AlertStore {
  readonly records = new Map<string, AlertRecord>();
  readonly #parts: AlertStoreParts;
  readonly #writer: DocumentWriter;
  readonly #chain = new Chain();
  #stale = new Set<AlertRecord>();
  /** No alert runs out before; of the clock's `elapsed`. */
  #nextDeadlineMs = Number.POSITIVE_INFINITY;

  constructor(parts: AlertStoreParts) {
    this.#parts = parts;
    this.#writer = new DocumentWriter(parts.alertDocuments, parts.onStateFailure);
  }

  get nextDeadlineMs(): number {
    return this.#nextDeadlineMs;
  }

  async start(): Promise<void> {
    const { alertDocuments, clock, log } = this.#parts;
    const nowMs = clock.now();
    for (const [fingerprint, json] of await alertDocuments.load()) {
      try {
        const { alert, isResolved } = parseAlertJson(fingerprint, json);
        // Nobody could renew it while the server was away.
        const renewalMs = Math.min(Math.max(0, alert.endsAtMs - alert.updatedAtMs), MAX_RENEWAL_MS);
        const remainingMs = isResolved ? 0 : Math.max(alert.endsAtMs - nowMs, renewalMs);
        const record = this.#newRecord(alert, isResolved, remainingMs);
        record.resolvedAtMs = clock.elapsed() - Math.max(0, nowMs - alert.endsAtMs);
        this.records.set(fingerprint, record);
        this.#parts.onAdd(record);
      } catch (error) {
        log.error({ fingerprint, error: messageOf(error) }, 'an alert that was kept cannot be read');
      }
    }
  }

  /** See `AlertEngine.post`. */
  post(incoming: readonly IncomingAlert[]): Promise<void> {
    return this.#chain.run(async () => {
      const { counters } = this.#parts;
      counters.received += incoming.length;
      const { changes, refusals } = this.#join(incoming);
      const isDurable = await this.#write(changes);
      this.#apply(changes.values());
      throwRefusals(refusals);
      if (!isDurable) throw stateUnavailable();
    });
  }

  /** Resolves those of some alerts whose time is over. */
  async expire(records: Iterable<AlertRecord>): Promise<void> {
    const isDue = (record: AlertRecord) =>
      !record.isResolved && record.deadlineMs <= this.#parts.clock.elapsed();
    if (![...records].some(isDue)) return;
    await this.#chain.run(async () => {
      const changes = new Map<string, Change>();
      const nowMs = this.#parts.clock.now();
      for (const record of records) {
        if (!isDue(record)) continue;
        const { alert } = record;
        const endsAtMs = Math.max(alert.startsAtMs, Math.min(alert.endsAtMs, nowMs));
        const taken = { alert: { ...alert, endsAtMs, updatedAtMs: nowMs }, isResolved: true, remainingMs: 0 };
        changes.set(record.fingerprint, { taken, record });
      }
      await this.#write(changes);
      this.#apply(changes.values());
    });
  }

  /** Resolves whatever has run out. */
  async expireDue(): Promise<void> {
    if (this.#parts.clock.elapsed() < this.#nextDeadlineMs) return;
    await this.expire(this.records.values());
    this.#nextDeadlineMs = Number.POSITIVE_INFINITY;
    for (const record of this.records.values())
      if (!record.isResolved) this.#nextDeadlineMs = Math.min(this.#nextDeadlineMs, record.deadlineMs);
  }

  /**
   * Forgets resolved alerts that were shown long enough and are in no group.
   *
   * @param owed fingerprints whose end somebody has to be told of; asked only when there is something to forget.
   */
  purge(owed: () => ReadonlySet<string>): void {
    const elapsedMs = this.#parts.clock.elapsed();
    const old = [...this.records.values()].filter(
      (record) => record.isResolved && elapsedMs - record.resolvedAtMs >= RESOLVED_SHOWN_MS,
    );
    if (old.length === 0) return;
    const kept = owed();
    let hasChanged = false;
    for (const record of old) {
      const isOwed = kept.has(record.fingerprint);
      const isGivenUp = elapsedMs - record.resolvedAtMs >= RESOLVED_KEPT_MS;
      if (isOwed ? !isGivenUp : record.groups.length > 0) continue;
      if (isOwed)
        this.#parts.log.warn(
          { labels: record.alert.labels.toString() },
          'the end of an alert could not be told',
        );
      this.#forget(record);
      hasChanged = true;
    }
    if (hasChanged) this.#parts.onChange();
  }

  /** Writes what is not written yet, of no consequence as it may be. */
  async flush(): Promise<void> {
    await this.#chain.run(async () => {
      for (const record of this.#stale) this.#put(record.fingerprint, record);
      this.#stale.clear();
      if (this.#writer.hasChanges) await this.#writer.commit();
    });
  }

  #join(incoming: readonly IncomingAlert[]): { changes: Map<string, Change>; refusals: Refusals } {
    const changes = new Map<string, Change>();
    let badMessage: string | undefined;
    let surplus = 0;
    let added = 0;
    incoming.forEach((one, at) => {
      const mistake = mistakeIn(one);
      if (mistake !== undefined) {
        badMessage ??= `alert ${at} of ${incoming.length}: ${mistake}`;
        this.#parts.counters.refused++;
        return;
      }
      const fingerprint = fingerprintOf(one.labels);
      const record = this.records.get(fingerprint);
      const before = changes.get(fingerprint)?.taken ?? (record && this.#knownOf(record));
      if (before === undefined && this.records.size + added >= MAX_ALERTS) {
        surplus++;
        this.#parts.counters.refused++;
        return;
      }
      // A rule knows best about its own alerts: nobody else may end or rewrite one that fires.
      if (record?.isResolved === false && isOfRule(record.alert) && !isOfRule(one)) return;
      const taken = takeAlert(one, before, {
        fingerprint,
        nowMs: this.#parts.clock.now(),
        resolveTimeoutMs: this.#parts.resolveTimeoutMs(),
      });
      if (taken === undefined) return;
      if (before === undefined) added++;
      changes.set(fingerprint, { taken, record });
    });
    return { changes, refusals: { badMessage, surplus } };
  }

  #knownOf(record: AlertRecord): TakenAlert {
    const { alert, isResolved, deadlineMs } = record;
    return { alert, isResolved, remainingMs: deadlineMs - this.#parts.clock.elapsed() };
  }

  async #write(changes: ReadonlyMap<string, Change>): Promise<boolean> {
    let count = 0;
    for (const [fingerprint, { taken, record }] of changes) {
      if (record !== undefined && !this.#isUrgent(record, taken)) continue;
      this.#put(fingerprint, taken);
      count++;
    }
    return count === 0 || this.#writer.commit();
  }

  /** Whether a restart would go wrong without it. A renewed end is not: after a start every alert is held for a while. */
  #isUrgent(record: AlertRecord, { alert, isResolved }: TakenAlert): boolean {
    if (record.isResolved !== isResolved || isWorthWriting(record.alert, alert)) return true;
    const spanMs = alert.endsAtMs - alert.updatedAtMs;
    const isLong = Math.max(spanMs, record.written.spanMs) > MAX_RENEWAL_MS;
    // To the second: sources that tell an end compute it anew each time.
    return isLong
      ? Math.abs(alert.endsAtMs - record.written.endsAtMs) > 60_000
      : spanMs > record.written.spanMs + 1000;
  }

  #put(fingerprint: string, { alert, isResolved }: Pick<TakenAlert, 'alert' | 'isResolved'>): void {
    this.#writer.put(fingerprint, alertJson({ alert, isResolved }));
  }

  #apply(changes: Iterable<Change>): void {
    const events: PartialAlertEvent[] = [];
    const turned: AlertRecord[] = [];
    let isVisible = false;
    for (const { taken, record: known } of changes) {
      const record = known ?? this.#newRecord(taken.alert, taken.isResolved, taken.remainingMs);
      const isUrgent = known === undefined || this.#isUrgent(known, taken);
      const hasTurned = known === undefined || known.isResolved !== taken.isResolved;
      isVisible ||= hasTurned || isVisiblyDifferent(record.alert, taken.alert);
      this.#update(record, taken, isUrgent);
      if (known === undefined) {
        this.records.set(record.fingerprint, record);
        this.#parts.onAdd(record);
      }
      if (!hasTurned) continue;
      turned.push(record);
      if (!isOfRule(record.alert)) events.push(turnEvent(record, this.#parts.clock.now()));
    }
    // Only when all of them are known: one may inhibit another.
    for (const record of turned) this.#parts.onTurn(record);
    if (events.length > 0) this.#parts.record(events);
    if (isVisible) this.#parts.onChange();
  }

  #update(record: AlertRecord, { alert, isResolved, remainingMs }: TakenAlert, isWritten: boolean): void {
    const elapsedMs = this.#parts.clock.elapsed();
    if (isResolved && !record.isResolved) record.resolvedAtMs = elapsedMs;
    if (isWritten) {
      record.written = { endsAtMs: alert.endsAtMs, spanMs: alert.endsAtMs - alert.updatedAtMs };
      this.#stale.delete(record);
    } else if (isVisiblyDifferent(record.alert, alert)) this.#stale.add(record);
    record.alert = alert;
    record.isResolved = isResolved;
    record.deadlineMs = elapsedMs + remainingMs;
    if (!isResolved) this.#nextDeadlineMs = Math.min(this.#nextDeadlineMs, record.deadlineMs);
  }

  #newRecord(alert: Alert, isResolved: boolean, remainingMs: number): AlertRecord {
    const elapsedMs = this.#parts.clock.elapsed();
    if (!isResolved) this.#nextDeadlineMs = Math.min(this.#nextDeadlineMs, elapsedMs + remainingMs);
    return {
      fingerprint: alert.fingerprint,
      alert,
      isResolved,
      deadlineMs: elapsedMs + remainingMs,
      resolvedAtMs: elapsedMs,
      written: { endsAtMs: alert.endsAtMs, spanMs: alert.endsAtMs - alert.updatedAtMs },
      routes: [],
      inhibition: NOT_INHIBITED,
      silenceIds: NONE,
      groups: NONE,
    };
  }

  #forget(record: AlertRecord): void {
    this.records.delete(record.fingerprint);
    this.#stale.delete(record);
    this.#writer.put(record.fingerprint, undefined);
    this.#parts.onRemove(record);
  }
}

function turnEvent({ alert, isResolved }: AlertRecord, nowMs: number): PartialAlertEvent {
  const { fingerprint, labels, startsAtMs, endsAtMs, value, source } = alert;
  return {
    timeMs: isResolved ? Math.min(endsAtMs, nowMs) : nowMs,
    kind: isResolved ? 'resolved' : 'firing',
    fingerprint,
    labels,
    startsAtMs,
    value,
    detail: `from ${source}`,
  };
}

function throwRefusals({ badMessage, surplus }: Refusals): void {
  if (surplus > 0)
    throw new BellwetherError({
      code: 'too_many_alerts',
      status: 429,
      message: `${surplus} alerts are not taken: more than ${MAX_ALERTS} are known already`,
      hint: 'find out which rule or sender makes so many, or let it group them',
      retryAfterS: 60,
    });
  if (badMessage !== undefined)
    throw new BellwetherError({ code: 'bad_alert', status: 400, message: badMessage });
}

function stateUnavailable(): BellwetherError {
  return new BellwetherError({
    code: 'state_unavailable',
    status: 503,
    message: 'the alerts were taken but could not be saved; a restart would forget them',
    hint: 'send them again; look for the reason in the log of the server',
    retryAfterS: 5,
  });
}
