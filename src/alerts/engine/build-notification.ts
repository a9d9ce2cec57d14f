import type { Labels } from '../../model/labels.ts';
import type {
  Integration,
  Notification,
  NotificationReason,
  NotifiedAlert,
} from '../../model/notification.ts';
import type { AlertEngineParts } from '../engine-types.ts';
import type { Alert, PartialAlertEvent } from '../types.ts';
import { ruleIdOf } from './alert-record.ts';
import { MAX_EVENTS_PER_NOTIFICATION } from './limits.ts';

export interface NotificationFacts {
  readonly id: string;
  readonly groupKey: string;
  readonly groupLabels: Labels;
  readonly reason: NotificationReason;
  readonly integration: Integration;
  readonly firing: readonly Alert[];
  readonly resolved: readonly Alert[];
}

type BuildParts = Pick<AlertEngineParts, 'linksOf' | 'priorityOf' | 'externalUrl' | 'maxAlertsOf'>;

/** Firing alerts first, each kind in the order of labels; what exceeds the integration's limit is only counted. */
export function buildNotification(facts: NotificationFacts, parts: BuildParts): Notification {
  const { id, groupKey, groupLabels, reason, integration, firing, resolved } = facts;
  const maxAlerts = Math.max(1, parts.maxAlertsOf?.(integration) ?? Number.POSITIVE_INFINITY);
  const ordered = orderedAlerts(facts);
  const shown = ordered.length > maxAlerts ? ordered.slice(0, maxAlerts) : ordered;
  return {
    id,
    groupKey,
    receiver: integration.receiver,
    reason,
    status: firing.length > 0 ? 'firing' : 'resolved',
    groupLabels,
    alerts: shown.map((alert, at) => notifiedAlert(alert, at < firing.length, parts)),
    truncatedAlerts: firing.length + resolved.length - shown.length,
    externalUrl: parts.externalUrl,
  };
}

function orderedAlerts({ firing, resolved }: NotificationFacts): Alert[] {
  const byLabels = (a: Alert, b: Alert) => a.labels.compare(b.labels);
  return [...[...firing].sort(byLabels), ...[...resolved].sort(byLabels)];
}

function notifiedAlert(alert: Alert, isFiring: boolean, parts: BuildParts): NotifiedAlert {
  const { fingerprint, labels, annotations, startsAtMs, endsAtMs, generatorUrl } = alert;
  return {
    fingerprint,
    status: isFiring ? 'firing' : 'resolved',
    labels,
    annotations,
    startsAtMs,
    endsAtMs: isFiring ? undefined : endsAtMs,
    generatorUrl,
    priority: parts.priorityOf(labels),
    links: parts.linksOf(alert),
  };
}

/** What is the same in all events about one delivery. */
export type DeliveryEventFields = Pick<
  PartialAlertEvent,
  'timeMs' | 'kind' | 'detail' | 'latencyMs' | 'attempts'
>;

/** One event for each alert of a notification, as far as the bound goes; what they say in common names the delivery. */
export function deliveryEvents(facts: NotificationFacts, fields: DeliveryEventFields): PartialAlertEvent[] {
  const { groupKey, reason, integration, firing } = facts;
  const ordered = orderedAlerts(facts);
  const common = {
    ...fields,
    groupKey,
    reason,
    receiver: integration.receiver,
    integration: integration.id,
    channel: integration.channel,
  };
  const events: PartialAlertEvent[] = ordered.slice(0, MAX_EVENTS_PER_NOTIFICATION).map((alert, at) => ({
    ...common,
    fingerprint: alert.fingerprint,
    labels: alert.labels,
    startsAtMs: alert.startsAtMs,
    ruleId: ruleIdOf(alert),
    value: alert.value,
    detail: `${at < firing.length ? 'firing' : 'resolved'}: ${fields.detail}`,
  }));
  const rest = ordered.length - events.length;
  if (rest > 0) events.push({ ...common, detail: `${rest} more alerts: ${fields.detail}` });
  return events;
}
