import type { ActiveAlertJson } from '@contract';

/** Which alerts ask for somebody. Shared by the shell and the pages, so that their numbers agree. */

type Fields = Pick<ActiveAlertJson, 'state' | 'severity' | 'suppressed_by' | 'acknowledged'>;

export function isSuppressed(alert: Pick<Fields, 'suppressed_by'>): boolean {
  return alert.suppressed_by.length > 0;
}

/** Severity `none`: fires for other programs, such as a dead man's switch; nobody has to do anything. */
export function asksNobody(alert: Pick<Fields, 'severity'>): boolean {
  return alert.severity.toLowerCase() === 'none';
}

/** Firing and told to people, whether or not somebody has it. */
export function isLoud(alert: Fields): boolean {
  return alert.state === 'firing' && !isSuppressed(alert) && !asksNobody(alert);
}

/** Loud, and nobody has it yet: what every badge counts. */
export function wantsPerson(alert: Fields): boolean {
  return isLoud(alert) && alert.acknowledged === null;
}
