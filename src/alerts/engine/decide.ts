import type { AlertRecord } from './alert-record.ts';
import { isOwed, type LogEntry } from './log-entry.ts';

/** An alert a group has, or had when the integration was told of it. */
export interface Candidate {
  readonly record: AlertRecord;
  /** Silenced, inhibited or muted. */
  readonly isHidden: boolean;
}

export interface DecideOptions {
  readonly sendsResolved: boolean;
  /** So long ago it was told that a repetition is due. */
  readonly isRepeatDue: boolean;
  readonly isAcknowledged: (record: AlertRecord) => boolean;
}

export type Decision =
  | {
      readonly kind: 'tell';
      readonly reason: 'group' | 'repeat';
      readonly firing: readonly AlertRecord[];
      readonly resolved: readonly AlertRecord[];
      readonly forgets: readonly string[];
    }
  | {
      readonly kind: 'nothing';
      /** A repetition was due, but somebody has all of these. */
      readonly acknowledged: readonly AlertRecord[];
      readonly forgets: readonly string[];
    };

/**
 * Whether an integration is to be told now, after Alertmanager's rules: something fires that it does not know of; something it was
 * told of ended; or nothing changed for the repeat interval. What ended before it was told is not told.
 *
 * @param candidates in any order, none twice; every alert of the entry that still exists among them.
 */
export function decide(
  entry: LogEntry,
  candidates: readonly Candidate[],
  { sendsResolved, isRepeatDue, isAcknowledged }: DecideOptions,
): Decision {
  const firing: AlertRecord[] = [];
  const resolved: AlertRecord[] = [];
  const gone = new Set([...entry.firing, ...entry.uncertain]);
  let isNew = false;
  for (const { record, isHidden } of candidates) {
    const { fingerprint } = record;
    if (!record.isResolved) {
      gone.delete(fingerprint);
      if (isHidden) continue;
      firing.push(record);
      isNew ||= !entry.firing.has(fingerprint);
    } else if (sendsResolved) {
      gone.delete(fingerprint);
      if (!isHidden && isOwed(entry, fingerprint)) resolved.push(record);
    }
  }
  const forgets = [...gone];
  if (isNew || resolved.length > 0) return { kind: 'tell', reason: 'group', firing, resolved, forgets };
  if (firing.length === 0 || !isRepeatDue) return { kind: 'nothing', acknowledged: [], forgets };
  if (firing.every(isAcknowledged)) return { kind: 'nothing', acknowledged: firing, forgets };
  return { kind: 'tell', reason: 'repeat', firing, resolved, forgets };
}
