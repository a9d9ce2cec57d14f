import type { Notification, NotifiedAlert } from '../../model/notification.ts';
import { toJson } from './http.ts';

/** A notification on one line of JSON, with everything that is known: for files and standard output. Ends with a line feed. */
export function recordLine(notification: Notification, nowMs: number): string {
  const { groupLabels, alerts } = notification;
  const record = {
    time: new Date(nowMs).toISOString(),
    id: notification.id,
    status: notification.status,
    reason: notification.reason,
    receiver: notification.receiver,
    group_key: notification.groupKey,
    group_labels: groupLabels.toObject(),
    alerts: alerts.map(alertRecord),
    truncated_alerts: notification.truncatedAlerts,
    external_url: notification.externalUrl,
  };
  return `${toJson(record)}\n`;
}

/** Without the link to acknowledge, which lets whoever reads the file do that. */
function alertRecord(alert: NotifiedAlert) {
  return {
    fingerprint: alert.fingerprint,
    status: alert.status,
    priority: alert.priority,
    labels: alert.labels.toObject(),
    annotations: alert.annotations.toObject(),
    starts_at: new Date(alert.startsAtMs).toISOString(),
    ends_at: alert.endsAtMs === undefined ? null : new Date(alert.endsAtMs).toISOString(),
    generator_url: alert.generatorUrl,
    url: alert.links.alert,
  };
}
