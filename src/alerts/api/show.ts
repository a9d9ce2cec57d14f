import { compareText, type Labels } from '../../model/labels.ts';
import type { AlertView } from '../engine-types.ts';
import type { Silence, SilenceState } from '../types.ts';

/** Alerts and silences in Alertmanager's JSON. */

/** RFC 3339 in UTC with milliseconds, as strfmt writes times. */
export function showTime(epochMs: number): string {
  return new Date(Math.max(-MAX_DATE_MS, Math.min(MAX_DATE_MS, epochMs))).toISOString();
}

const MAX_DATE_MS = 8.64e15;

/** For many times of which most are the same. */
export function timeWriter(): (epochMs: number) => string {
  const known = new Map<number, string>();
  return (epochMs) => {
    const before = known.get(epochMs);
    if (before !== undefined) return before;
    const text = showTime(epochMs);
    known.set(epochMs, text);
    return text;
  };
}

export interface ShownAlert {
  readonly receivers: readonly string[];
  /** Time intervals that mute its group; of an alert outside groups none. */
  readonly mutedBy: readonly string[];
  readonly time: (epochMs: number) => string;
}

export function showAlert(
  { alert, suppressions }: AlertView,
  { receivers, mutedBy, time }: ShownAlert,
): Record<string, unknown> {
  const silencedBy = suppressions.flatMap((one) => (one.kind === 'silenced' ? one.silenceIds : []));
  const inhibitedBy = suppressions.flatMap((one) => (one.kind === 'inhibited' ? one.fingerprints : []));
  const isSuppressed = silencedBy.length + inhibitedBy.length + mutedBy.length > 0;
  return {
    annotations: alert.annotations.toObject(),
    endsAt: time(alert.endsAtMs),
    fingerprint: alert.fingerprint,
    receivers: receivers.map((name) => ({ name })),
    startsAt: time(alert.startsAtMs),
    status: { inhibitedBy, mutedBy, silencedBy, state: isSuppressed ? 'suppressed' : 'active' },
    updatedAt: time(alert.updatedAtMs),
    ...(alert.generatorUrl === '' ? {} : { generatorURL: alert.generatorUrl }),
    labels: alert.labels.toObject(),
  };
}

export function showSilence(silence: Silence, state: SilenceState): Record<string, unknown> {
  return {
    id: silence.id,
    status: { state },
    updatedAt: showTime(silence.updatedAtMs),
    comment: silence.comment,
    createdBy: silence.createdBy,
    endsAt: showTime(silence.endsAtMs),
    matchers: silence.matchers.map(({ name, type, value }) => ({
      isEqual: type === '=' || type === '=~',
      isRegex: type === '=~' || type === '!~',
      ...{ name, value },
    })),
    startsAt: showTime(silence.startsAtMs),
  };
}

const STATE_RANKS: Readonly<Record<SilenceState, number>> = { active: 1, pending: 2, expired: 3 };

/** Active ones first, of them the one that ends next; then pending ones by start; then expired ones, the last one first. */
export function compareSilences(
  a: { readonly silence: Silence; readonly state: SilenceState },
  b: { readonly silence: Silence; readonly state: SilenceState },
): number {
  if (a.state !== b.state) return STATE_RANKS[a.state] - STATE_RANKS[b.state];
  if (a.state === 'pending') return a.silence.startsAtMs - b.silence.startsAtMs;
  const byEnd = a.silence.endsAtMs - b.silence.endsAtMs;
  return a.state === 'active' ? byEnd : -byEnd;
}

/** Alertmanager's order of label sets: the smaller set first, then by the first name that differs, then by value. */
export function compareLabelSets(a: Labels, b: Labels): number {
  if (a.size !== b.size) return a.size - b.size;
  for (let i = 0; i < a.size; i++) {
    const byName = compareText(a.names[i]!, b.names[i]!);
    // Where one set lacks the name it comes first.
    if (byName !== 0) return -byName;
    const byValue = compareText(a.values[i]!, b.values[i]!);
    if (byValue !== 0) return byValue;
  }
  return 0;
}

/** Alerts of a group: by job, then instance, those without one last; then by all labels. */
export function compareAlerts(a: AlertView, b: AlertView): number {
  for (const name of ['job', 'instance']) {
    const [ofA, ofB] = [a.alert.labels.get(name), b.alert.labels.get(name)];
    if (ofA === ofB) continue;
    if (ofA === '' || ofB === '') return ofA === '' ? 1 : -1;
    return compareText(ofA, ofB);
  }
  return compareLabelSets(a.alert.labels, b.alert.labels);
}
