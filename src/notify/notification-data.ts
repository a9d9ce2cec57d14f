import type { Labels } from '../model/labels.ts';
import type { Notification } from '../model/notification.ts';
import { notificationData, type Value } from '../templates/index.ts';
import { cleanText, cutText } from './text.ts';

/** Longest label or annotation in a message; what is cut says so at its end. */
const VALUE_LIMITS = [8192, 2048, 512, 128] as const;
/** Of all labels and annotations together, so that a message of many alerts stays below the bound of a template's result. */
const MAX_TOTAL_LENGTH = 262_144;

/**
 * What a template sees of a notification. Labels and annotations are made fit for messages: well-formed, no control characters, and
 * the longer they are together the shorter each is cut.
 */
export function templateData(notification: Notification): Value {
  const limit = valueLimit(notification);
  const clean = (labels: Labels) => cleanPairs(labels, limit);
  return notificationData({
    receiver: cleanText(notification.receiver),
    groupLabels: clean(notification.groupLabels),
    externalUrl: notification.externalUrl,
    alerts: notification.alerts.map((alert) => ({
      status: alert.status,
      labels: clean(alert.labels),
      annotations: clean(alert.annotations),
      startsAtMs: alert.startsAtMs,
      endsAtMs: alert.endsAtMs,
      generatorUrl: cleanText(alert.generatorUrl),
      fingerprint: alert.fingerprint,
      links: { ...alert.links },
    })),
  });
}

function cleanPairs(labels: Labels, limit: number): Map<string, string> {
  const pairs = [...labels.entries()].map(([name, value]): [string, string] => [
    // Cut first: the rest of a text of megabytes needs no cleaning.
    cleanText(cutText(name, limit)),
    cleanText(cutText(value, limit)),
  ]);
  return new Map(pairs);
}

function valueLimit(notification: Notification): number {
  const lengths = notification.alerts
    .flatMap(({ labels, annotations }) => [labels, annotations])
    .flatMap(({ values }) => values.map(({ length }) => length));
  const fits = (limit: number) =>
    lengths.reduce((total, length) => total + Math.min(length, limit), 0) <= MAX_TOTAL_LENGTH;
  return VALUE_LIMITS.find(fits) ?? VALUE_LIMITS.at(-1)!;
}
