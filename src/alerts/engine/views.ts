import type { AlertGroupView, AlertView } from '../engine-types.ts';
import type { Suppression } from '../types.ts';
import type { AlertGroup } from './alert-group.ts';
import type { AlertRecord } from './alert-record.ts';

export interface ViewParts {
  /** Silences and inhibitions. */
  readonly suppressionsOf: (record: AlertRecord) => readonly Suppression[];
  /** Times that keep a route quiet. */
  readonly mutedBy: (route: AlertGroup['route']) => Extract<Suppression, { kind: 'muted' }> | undefined;
  readonly nowMs: number;
  readonly elapsedMs: number;
}

/** An alert counts as muted when all its routes are. */
export function alertView(record: AlertRecord, parts: ViewParts): AlertView {
  const muted = record.routes.map((route) => parts.mutedBy(route));
  const intervals = muted.every((one) => one !== undefined) ? muted.flatMap((one) => one.intervals) : [];
  return view(record, withMuted(parts.suppressionsOf(record), [...new Set(intervals)]));
}

export function groupView(group: AlertGroup, parts: ViewParts): AlertGroupView {
  const intervals = parts.mutedBy(group.route)?.intervals ?? [];
  const alerts = [...group.records]
    .sort(byFingerprint)
    .map((record) => view(record, withMuted(parts.suppressionsOf(record), intervals)));
  return {
    groupKey: group.key,
    routeId: group.route.id,
    receiver: group.route.receiver,
    labels: group.labels,
    alerts,
    nextFlushAtMs: nextFlushAtMs(group, parts),
  };
}

/** By the machine's clock as it is now. */
export function nextFlushAtMs(
  group: AlertGroup,
  { nowMs, elapsedMs }: Pick<ViewParts, 'nowMs' | 'elapsedMs'>,
): number {
  return Math.round(nowMs + Math.max(0, group.nextFlushMs - elapsedMs));
}

export function byFingerprint(
  a: Pick<AlertRecord, 'fingerprint'>,
  b: Pick<AlertRecord, 'fingerprint'>,
): number {
  return a.fingerprint < b.fingerprint ? -1 : a.fingerprint > b.fingerprint ? 1 : 0;
}

function view(record: AlertRecord, suppressions: readonly Suppression[]): AlertView {
  const { alert, isResolved, routes } = record;
  const receivers = routes.map(({ receiver }) => receiver);
  return {
    alert,
    isResolved,
    suppressions: isResolved ? [] : suppressions,
    receivers: receivers.length < 2 ? receivers : [...new Set(receivers)],
  };
}

function withMuted(
  suppressions: readonly Suppression[],
  intervals: readonly string[],
): readonly Suppression[] {
  return intervals.length === 0 ? suppressions : [...suppressions, { kind: 'muted', intervals }];
}
