import { createHash } from 'node:crypto';
import type { Notification, NotifiedAlert, Priority } from '../../model/notification.ts';
import { PRIORITIES } from '../../model/notification.ts';
import { cleanLine, cutText } from '../text.ts';

/** What messages of several channels have in common: keys, buttons, and what is said of what does not fit. */

/** Alerts a message is made from; the rest is counted. Texts list far fewer, but titles count them. */
export const MAX_MESSAGE_ALERTS = 500;
/** Buttons to acknowledge single alerts of a group. */
const MAX_ACKNOWLEDGE_BUTTONS = 5;
const MAX_SHORT_NAME_LENGTH = 30;

/**
 * Identifies the group over its whole life: SHA-256 of its key in hexadecimal digits. Alertmanager computes it in the same way, so an
 * incident that it opened is closed by us.
 */
export function groupHash(notification: Notification): string {
  return createHash('sha256').update(notification.groupKey).digest('hex');
}

/** Of the most urgent alert that still fires, or of the most urgent of all. */
export function priorityOf(notification: Notification): Priority {
  const firing = notification.alerts.filter(({ status }) => status === 'firing');
  const alerts = firing.length > 0 ? firing : notification.alerts;
  return PRIORITIES.find((priority) => alerts.some((alert) => alert.priority === priority)) ?? 'P3';
}

export interface MessageButton {
  readonly kind: 'acknowledge' | 'open' | 'runbook' | 'silence';
  readonly label: string;
  /** Absent: an acknowledgement that only works without a link, because links for it are switched off. */
  readonly url: string | undefined;
  /** Of the alert it is for; undefined for those of the whole group. */
  readonly fingerprint: string | undefined;
}

/**
 * Where a reader can go from a message. For one alert: acknowledge, open, runbook, silence. For several: an acknowledgement for each
 * of the first ones, the list of alerts, and the runbook when they have the same. Nothing is acknowledged or silenced any more once
 * everything is resolved.
 */
export function messageButtons(notification: Notification): readonly MessageButton[] {
  const firing = notification.alerts.filter(({ status }) => status === 'firing');
  const acknowledgements = firing.slice(0, MAX_ACKNOWLEDGE_BUTTONS).map((alert): MessageButton => {
    const label = firing.length > 1 ? `Acknowledge ${shortName(alert, notification)}` : 'Acknowledge';
    return { kind: 'acknowledge', label, url: alert.links.acknowledge, fingerprint: alert.fingerprint };
  });
  const isSingle = notification.alerts.length === 1 && notification.truncatedAlerts === 0;
  const first = notification.alerts[0];
  const buttons: MessageButton[] = [
    ...acknowledgements,
    { kind: 'open', label: 'Open', url: overviewUrl(notification), fingerprint: undefined },
  ];
  const runbook = commonRunbook(notification.alerts);
  if (runbook !== undefined)
    buttons.push({ kind: 'runbook', label: 'Runbook', url: runbook, fingerprint: undefined });
  if (isSingle && first?.status === 'firing')
    buttons.push({ kind: 'silence', label: 'Silence', url: first.links.silence, fingerprint: undefined });
  return buttons;
}

/** As many buttons as a service shows: acknowledgements give way, the last ones first. */
export function buttonsWithin(buttons: readonly MessageButton[], max: number): readonly MessageButton[] {
  const others = buttons.filter(({ kind }) => kind !== 'acknowledge').slice(0, max);
  const acknowledgements = buttons.filter(({ kind }) => kind === 'acknowledge').slice(0, max - others.length);
  return [...acknowledgements, ...others];
}

/** The alert's page, or the list of alerts when there are several. */
export function overviewUrl(notification: Notification): string {
  const [first, second] = notification.alerts;
  if (first !== undefined && second === undefined && notification.truncatedAlerts === 0)
    return first.links.alert;
  return `${notification.externalUrl}/alerts?receiver=${encodeURIComponent(notification.receiver.toWellFormed())}`;
}

function commonRunbook(alerts: readonly NotifiedAlert[]): string | undefined {
  const runbooks = new Set(alerts.map(({ links }) => links.runbook));
  return runbooks.size === 1 ? alerts[0]?.links.runbook : undefined;
}

/** What tells the alert from the others of its group: the values of labels they do not share, or its name. At most 30 characters. */
export function shortName(alert: NotifiedAlert, notification: Notification): string {
  const others = notification.alerts;
  const own = [...alert.labels.entries()].filter(([name, value]) =>
    others.some(({ labels }) => labels.get(name) !== value),
  );
  const text = own.length > 0 ? own.map(([, value]) => value).join(' ') : alert.labels.get('alertname');
  return cutText(cleanLine(text), MAX_SHORT_NAME_LENGTH);
}

/** `and 180 more alerts`, or the empty text when the message has all. */
export function moreAlerts(notification: Notification): string {
  const count = notification.truncatedAlerts;
  if (count === 0) return '';
  return count === 1 ? 'and 1 more alert' : `and ${count} more alerts`;
}

/** What stands below a text: how many alerts are missing, and that it was cut. */
export function closingLines(notification: Notification, isCut: boolean): string {
  const total = notification.alerts.length + notification.truncatedAlerts;
  const lines = [];
  if (isCut) lines.push(`(shortened; ${total === 1 ? '1 alert' : `${total} alerts`} in all)`);
  const more = moreAlerts(notification);
  if (more !== '') lines.push(`… ${more}`);
  return lines.map((line) => `\n${line}`).join('');
}

/**
 * The text with the number of alerts it does not have, cut so that both fit: at most `maxLength` UTF-16 units.
 *
 * @param extra lines for the end, which are never cut; they begin with a line feed.
 */
export function fitMessage(
  text: string,
  notification: Notification,
  maxLength: number,
  extra: string = '',
): string {
  const whole = text.trimEnd() + closingLines(notification, false) + extra;
  if (whole.length <= maxLength) return whole;
  const end = closingLines(notification, true) + extra;
  return cutText(text.trimEnd(), Math.max(0, maxLength - end.length)) + end;
}

/** At least a message when a template gives none: services refuse empty ones. */
export function orStatus(text: string, notification: Notification): string {
  return text.trim() === '' ? `[${notification.status.toUpperCase()}] ${notification.receiver}` : text;
}

export interface SettingProblem {
  readonly path: readonly string[];
  readonly message: string;
}

/** One complaint for every pair of keys (a secret and its file) of which both are set. */
export function pairProblems(
  settings: Readonly<Record<string, unknown>>,
  pairs: readonly (readonly [key: string, fileKey: string])[],
): SettingProblem[] {
  return pairs
    .filter(([key, fileKey]) => isSet(settings[key]) && isSet(settings[fileKey]))
    .map(([key, fileKey]) => ({
      path: [fileKey],
      message: `at most one of ${key} & ${fileKey} must be configured`,
    }));
}

/** A complaint when none of the keys is set. */
export function missingProblem(
  settings: Readonly<Record<string, unknown>>,
  keys: readonly string[],
): SettingProblem[] {
  if (keys.some((key) => isSet(settings[key]))) return [];
  return [
    {
      path: [keys[0]!],
      message: `${keys.length === 1 ? keys[0] : `one of ${keys.join(', ')}`} must be configured`,
    },
  ];
}

export function isSet(value: unknown): boolean {
  return value !== undefined && value !== '';
}

export function isHttpUrl(url: string): boolean {
  try {
    return ['http:', 'https:'].includes(new URL(url).protocol);
  } catch {
    // Not a URL at all.
    return false;
  }
}

/** The object that a text of JSON is, for states and answers; an empty one for anything else. */
export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {};
}

/** A state that a channel kept as JSON. One that cannot be read counts as none. */
export function readState(previous: string | undefined): Readonly<Record<string, unknown>> {
  if (previous === undefined || previous === '') return {};
  try {
    return recordOf(JSON.parse(previous));
  } catch {
    // Written by another version, or cut: as if nothing had been sent before.
    return {};
  }
}
