import type { Labels } from '../model/labels.ts';

/** How long a resolved alert is kept and told again, so that a receiver that was away hears of it. */
export const RESOLVED_RETENTION_MS = 15 * 60_000;

export type AlertState = 'pending' | 'firing' | 'inactive';

/** An alert of a rule, from the first sight of its series until 15 minutes after it was resolved. Times are epoch milliseconds. */
export interface ActiveAlert {
  /** What it is told apart by, `alertname` among them. */
  readonly labels: Labels;
  annotations: Labels;
  /** Newest value of the expression. */
  value: number;
  state: AlertState;
  /** Since when the expression has been true. */
  activeAtMs: number;
  firedAtMs: number | undefined;
  resolvedAtMs: number | undefined;
  /** Since when the expression has no longer been true, while `keep_firing_for` keeps the alert firing. */
  keepFiringSinceMs: number | undefined;
  lastSentAtMs: number | undefined;
  /** It fired or was resolved, and nobody has been told yet. */
  isUnsent: boolean;
  /** Not seen since the server started or the store came back. */
  isUnconfirmed: boolean;
}

/** An alert whose expression is true now. */
export interface PresentAlert {
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly value: number;
}

/** A change of an alert's state. */
export interface AlertChange {
  readonly alert: ActiveAlert;
  readonly from: AlertState;
  readonly to: AlertState;
}

export interface AlertStep {
  readonly timeMs: number;
  readonly forMs: number;
  readonly keepFiringForMs: number;
  /** Unconfirmed alerts that are not present keep their state: there may just be no data yet. */
  readonly holdsAbsent: boolean;
  /** How long a resolved alert is kept that somebody took over; {@link RESOLVED_RETENTION_MS} when absent. */
  readonly resolvedRetentionMs?: number;
}

/** What a step did. */
export interface StepOutcome {
  /** Alerts that are pending or firing now. */
  readonly live: readonly ActiveAlert[];
  readonly changes: readonly AlertChange[];
}

/**
 * One evaluation of an alerting rule: moves all its alerts on.
 *
 * @param active the rule's alerts by `labels.key`; changed in place.
 * @param present alerts whose expression is true, by `labels.key`.
 */
export function stepAlerts(
  active: Map<string, ActiveAlert>,
  present: ReadonlyMap<string, PresentAlert>,
  step: AlertStep,
): StepOutcome {
  const changes: AlertChange[] = [];
  for (const [key, seen] of present) {
    const alert = active.get(key);
    if (alert === undefined || alert.state === 'inactive') {
      const fresh = newAlert(seen, step.timeMs);
      // Taken out first, so that the map stays in order of appearance.
      active.delete(key);
      active.set(key, fresh);
      changes.push({ alert: fresh, from: 'inactive', to: 'pending' });
    } else {
      alert.value = seen.value;
      alert.annotations = seen.annotations;
      alert.isUnconfirmed = false;
      alert.keepFiringSinceMs = undefined;
    }
  }
  const live: ActiveAlert[] = [];
  for (const [key, alert] of active) {
    const isPresent = present.has(key);
    if (!isPresent && !staysWhileAbsent(alert, step)) {
      leave(active, key, step, changes);
      continue;
    }
    live.push(alert);
    if (isPresent && alert.state === 'pending' && step.timeMs - alert.activeAtMs >= step.forMs) {
      alert.state = 'firing';
      alert.firedAtMs = step.timeMs;
      alert.isUnsent = true;
      changes.push({ alert, from: 'pending', to: 'firing' });
    }
  }
  return { live, changes };
}

function newAlert({ labels, annotations, value }: PresentAlert, timeMs: number): ActiveAlert {
  return {
    labels,
    annotations,
    value,
    state: 'pending',
    activeAtMs: timeMs,
    firedAtMs: undefined,
    resolvedAtMs: undefined,
    keepFiringSinceMs: undefined,
    lastSentAtMs: undefined,
    isUnsent: false,
    isUnconfirmed: false,
  };
}

function staysWhileAbsent(alert: ActiveAlert, step: AlertStep): boolean {
  if (alert.state === 'inactive') return false;
  if (step.holdsAbsent && alert.isUnconfirmed) return true;
  if (alert.state !== 'firing' || step.keepFiringForMs === 0) return false;
  alert.keepFiringSinceMs ??= step.timeMs;
  return step.timeMs - alert.keepFiringSinceMs < step.keepFiringForMs;
}

/** The expression is not true any more, and nothing keeps the alert. */
function leave(
  active: Map<string, ActiveAlert>,
  key: string,
  { timeMs, resolvedRetentionMs = RESOLVED_RETENTION_MS }: AlertStep,
  changes: AlertChange[],
): void {
  const alert = active.get(key)!;
  if (alert.state === 'inactive') {
    const keptMs = alert.isUnsent ? RESOLVED_RETENTION_MS : resolvedRetentionMs;
    if (timeMs - (alert.resolvedAtMs ?? timeMs) > keptMs) active.delete(key);
    return;
  }
  changes.push({ alert, from: alert.state, to: 'inactive' });
  if (alert.state === 'pending') active.delete(key);
  resolve(alert, timeMs);
}

/** Ends an alert; one that has fired will be told as resolved. */
export function resolve(alert: ActiveAlert, timeMs: number): void {
  alert.isUnsent = alert.state === 'firing';
  alert.state = 'inactive';
  // Never before it began, even if the clock was set back.
  alert.resolvedAtMs = Math.max(timeMs, alert.firedAtMs ?? timeMs);
}

/** Whether the alert is to be told now: at once after a change, and then again and again. */
export function needsSending(alert: ActiveAlert, timeMs: number, resendDelayMs: number): boolean {
  if (alert.state === 'pending') return false;
  return alert.isUnsent || (alert.lastSentAtMs ?? Number.NEGATIVE_INFINITY) + resendDelayMs < timeMs;
}

/** Moves what is measured from now by a step of the machine's clock. The moment an alert fired stays: receivers know the alert by it. */
export function shiftAlert(alert: ActiveAlert, byMs: number): void {
  if (alert.state === 'pending') alert.activeAtMs += byMs;
  if (alert.keepFiringSinceMs !== undefined) alert.keepFiringSinceMs += byMs;
  if (alert.lastSentAtMs !== undefined) alert.lastSentAtMs += byMs;
  if (alert.resolvedAtMs !== undefined)
    alert.resolvedAtMs = Math.max(alert.resolvedAtMs + byMs, alert.firedAtMs ?? Number.NEGATIVE_INFINITY);
}
