import { createHash } from 'node:crypto';
import type { Labels } from '../../model/labels.ts';
import { labelsOf, textOf } from './alert-documents.ts';

/**
 * What one integration knows of one group. Immutable. Alerts are named by their fingerprints.
 *
 * Before something is sent, what it is about is written down as uncertain; afterwards it is known. So whatever moment the process ends
 * at, an alert the receiver may have heard of is either told again (with the same id) or its end is told.
 */
export interface LogEntry {
  readonly groupKey: string;
  readonly integration: string;
  readonly groupLabels: Labels;
  /** Tells this entry from an earlier one of the same name. Part of notification ids. */
  readonly epoch: string;
  /** Counts what was tried to be told, each content once. Part of notification ids, so that no two notifications share one. */
  readonly sequence: number;
  /** Content of what was tried last and is not known to be delivered: the same again has the same id. */
  readonly pending: string | undefined;
  /** It knows that these fire. */
  readonly firing: ReadonlySet<string>;
  /** It may know something of these: whatever they are now has to be told. */
  readonly uncertain: ReadonlySet<string>;
  /** When it was told something last, epoch milliseconds. */
  readonly toldAtMs: number | undefined;
  readonly status: 'firing' | 'resolved' | undefined;
  /** What the channel returned for its next message. */
  readonly state: string | undefined;
}

const NONE: ReadonlySet<string> = new Set();

export function newLogEntry(
  names: Pick<LogEntry, 'groupKey' | 'integration' | 'groupLabels'>,
  epoch: string,
): LogEntry {
  return {
    ...names,
    epoch,
    sequence: 0,
    pending: undefined,
    firing: NONE,
    uncertain: NONE,
    toldAtMs: undefined,
    status: undefined,
    state: undefined,
  };
}

/** Whether the integration has to be told of the alert's end. */
export function isOwed(entry: LogEntry, fingerprint: string): boolean {
  return entry.firing.has(fingerprint) || entry.uncertain.has(fingerprint);
}

/** What a notification tells, by fingerprints. */
export interface Told {
  readonly firing: readonly string[];
  readonly resolved: readonly string[];
}

/** The entry while something is being sent. The same object when nothing in it changes. */
export function withIntent(entry: LogEntry, told: Told): LogEntry {
  const pending = contentOf(told);
  const isKnown =
    entry.pending === pending &&
    told.firing.every((fingerprint) => isOwed(entry, fingerprint)) &&
    told.resolved.every((fingerprint) => entry.uncertain.has(fingerprint));
  if (isKnown) return entry;
  const sequence = entry.pending === pending ? entry.sequence : entry.sequence + 1;
  const firing = new Set(entry.firing);
  const uncertain = new Set(entry.uncertain);
  for (const fingerprint of told.firing) if (!firing.has(fingerprint)) uncertain.add(fingerprint);
  for (const fingerprint of told.resolved) {
    firing.delete(fingerprint);
    uncertain.add(fingerprint);
  }
  return { ...entry, sequence, pending, firing, uncertain };
}

/** The entry after it was delivered. Alerts that were left out of it become uncertain: the message no longer shows them. */
export function withTold(
  entry: LogEntry,
  told: Told,
  { atMs, state }: { readonly atMs: number; readonly state: string | undefined },
): LogEntry {
  const firing = new Set(told.firing);
  const uncertain = new Set([...entry.firing, ...entry.uncertain]);
  for (const fingerprint of told.firing) uncertain.delete(fingerprint);
  for (const fingerprint of told.resolved) uncertain.delete(fingerprint);
  return {
    ...entry,
    pending: undefined,
    firing,
    uncertain,
    toldAtMs: atMs,
    status: firing.size > 0 ? 'firing' : 'resolved',
    state: state ?? entry.state,
  };
}

/** The entry without some alerts. */
export function without(entry: LogEntry, fingerprints: readonly string[]): LogEntry {
  if (!fingerprints.some((fingerprint) => isOwed(entry, fingerprint))) return entry;
  const gone = new Set(fingerprints);
  const rest = (set: ReadonlySet<string>) => new Set([...set].filter((one) => !gone.has(one)));
  return { ...entry, firing: rest(entry.firing), uncertain: rest(entry.uncertain) };
}

/** The entry after it was certainly not delivered: what it says of alerts is as before. */
export function withFailure(entry: LogEntry, before: LogEntry): LogEntry {
  return { ...entry, firing: before.firing, uncertain: before.uncertain };
}

/** Id of the notification that an entry with its intent is about. 32 hexadecimal digits. */
export function notificationId({ groupKey, integration, epoch, sequence, pending }: LogEntry): string {
  return digest(JSON.stringify([groupKey, integration, epoch, sequence, pending]));
}

function contentOf({ firing, resolved }: Told): string {
  return digest(JSON.stringify([[...firing].sort(), [...resolved].sort()]));
}

/** Key of the entry's document. */
export function logKey(groupKey: string, integration: string): string {
  return digest(JSON.stringify([groupKey, integration]));
}

/** 32 hexadecimal digits of SHA-256. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

export function logEntryJson(entry: LogEntry): string {
  return JSON.stringify({
    group_key: entry.groupKey,
    integration: entry.integration,
    group_labels: entry.groupLabels.toObject(),
    epoch: entry.epoch,
    sequence: entry.sequence,
    pending: entry.pending,
    firing: [...entry.firing],
    uncertain: [...entry.uncertain],
    told_at: entry.toldAtMs,
    status: entry.status,
    state: entry.state,
  });
}

/** @throws Error when it is no entry. */
export function parseLogEntryJson(json: string): LogEntry {
  const stored = JSON.parse(json) as Record<string, unknown>;
  const { sequence, pending, told_at: toldAtMs, status, state } = stored;
  if (typeof sequence !== 'number') throw new Error('the sequence is missing');
  return {
    groupKey: textOf(stored.group_key),
    integration: textOf(stored.integration),
    groupLabels: labelsOf(stored.group_labels),
    epoch: textOf(stored.epoch),
    sequence,
    pending: typeof pending === 'string' ? pending : undefined,
    firing: new Set((stored.firing as unknown[]).map(textOf)),
    uncertain: new Set((stored.uncertain as unknown[]).map(textOf)),
    toldAtMs: typeof toldAtMs === 'number' ? toldAtMs : undefined,
    status: status === 'firing' || status === 'resolved' ? status : undefined,
    state: typeof state === 'string' ? state : undefined,
  };
}
