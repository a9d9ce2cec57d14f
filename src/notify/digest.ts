import { createHash } from 'node:crypto';
import { Labels } from '../model/labels.ts';
import type { Notification, NotifiedAlert } from '../model/notification.ts';

/** Alerts in one digest unless the channel allows fewer. */
const MAX_ALERTS = 500;
/** The label of a digest's group that says what it is; default subjects show it. */
export const DIGEST_LABEL = 'digest';

/**
 * One notification in place of several that came faster than the channel's rate allows. It says so in a label of its group. Of an
 * alert that is in several the last state counts.
 *
 * @param notifications at least one, of one integration, in the order they came.
 */
export function digestOf(
  notifications: readonly Notification[],
  maxAlerts: number | undefined,
): Notification {
  const [first] = notifications as [Notification];
  const byFingerprint = new Map<string, NotifiedAlert>();
  for (const { alerts } of notifications) {
    for (const alert of alerts) {
      byFingerprint.delete(alert.fingerprint);
      byFingerprint.set(alert.fingerprint, alert);
    }
  }
  const all = [...byFingerprint.values()].sort((a, b) => rank(a) - rank(b));
  const alerts = all.slice(0, Math.min(maxAlerts ?? MAX_ALERTS, MAX_ALERTS));
  const unseen = notifications.reduce((total, { truncatedAlerts }) => total + truncatedAlerts, 0);
  const id = createHash('sha256')
    .update(notifications.map((notification) => notification.id).join(' '))
    .digest('hex')
    .slice(0, 32);
  const note = `${notifications.length} notifications in one because of the rate limit`;
  return {
    id,
    groupKey: `digest:${id}`,
    receiver: first.receiver,
    reason: reasonOf(notifications),
    status: all.some(({ status }) => status === 'firing') ? 'firing' : 'resolved',
    groupLabels: commonLabels(notifications).with(DIGEST_LABEL, note),
    alerts,
    truncatedAlerts: unseen + all.length - alerts.length,
    externalUrl: first.externalUrl,
  };
}

function rank(alert: NotifiedAlert): number {
  return alert.status === 'firing' ? 0 : 1;
}

function reasonOf(notifications: readonly Notification[]): Notification['reason'] {
  const has = (reason: Notification['reason']) => notifications.some((one) => one.reason === reason);
  return has('escalation') ? 'escalation' : has('group') ? 'group' : notifications[0]!.reason;
}

function commonLabels(notifications: readonly Notification[]): Labels {
  const [first, ...others] = notifications as [Notification, ...Notification[]];
  const pairs = [...first.groupLabels.entries()].filter(([name, value]) =>
    others.every(({ groupLabels }) => groupLabels.get(name) === value),
  );
  return Labels.from(pairs);
}
