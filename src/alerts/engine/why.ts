import { startOfDay } from '../../lib/time.ts';
import type { Integration } from '../../model/notification.ts';
import type { AlertEngineParts, AlertExplanation, AlertView, WhyIntegration } from '../engine-types.ts';
import { formatMatchers } from '../matchers.ts';
import { visitedRoutes } from '../route-match.ts';
import type { AlertingConfig } from '../types.ts';
import { type AlertGroup, groupKeyOf, groupLabelsOf } from './alert-group.ts';
import type { AlertRecord } from './alert-record.ts';
import type { Lane } from './lane.ts';
import type { Lanes } from './lanes.ts';
import { nextFlushAtMs } from './views.ts';

export interface WhyParts extends Pick<AlertEngineParts, 'isAcknowledged'> {
  readonly config: AlertingConfig;
  readonly lanes: Lanes;
  readonly nowMs: number;
  readonly elapsedMs: number;
  readonly suppressionText: (record: AlertRecord, group: AlertGroup) => string | undefined;
}

export const NO_EXPLANATION: AlertExplanation = { alert: undefined, routes: [], groups: [] };

/** Tells from what is so now why an alert was, or was not, told: nothing has to be kept for it. */
export function explain(record: AlertRecord, alert: AlertView, parts: WhyParts): AlertExplanation {
  const { config, nowMs, elapsedMs } = parts;
  const routes = visitedRoutes(config.route, record.alert.labels).map(({ route, hasMatched, isTaken }) => ({
    routeId: route.id,
    receiver: route.receiver,
    matchers: formatMatchers(route.matchers),
    hasMatched,
    isTaken,
  }));
  const groups = record.routes.map((route) => {
    const labels = groupLabelsOf(route, record.alert.labels);
    const group = record.groups.find((one) => one.route === route);
    const groupKey = group?.key ?? groupKeyOf(route, labels);
    const integrations = config.receivers.get(route.receiver)?.integrations ?? [];
    return {
      groupKey,
      receiver: route.receiver,
      nextFlushAtMs: group && nextFlushAtMs(group, { nowMs, elapsedMs }),
      integrations: integrations.map((integration) =>
        whyIntegration({ record, group, groupKey, integration }, parts),
      ),
    };
  });
  return { alert, routes, groups };
}

interface Subject {
  readonly record: AlertRecord;
  readonly group: AlertGroup | undefined;
  readonly groupKey: string;
  readonly integration: Integration;
}

function whyIntegration(subject: Subject, parts: WhyParts): WhyIntegration {
  const { integration, groupKey, record } = subject;
  const lane = parts.lanes.find(groupKey, integration.id);
  const knows = lane?.entry.firing.has(record.fingerprint) === true;
  // What it was told last of this group; of an alert that it never heard of it was told nothing.
  const isTold = knows || (record.isResolved && lane?.entry.toldAtMs !== undefined);
  return {
    integration: integration.id,
    channel: integration.channel,
    lastNotifiedAtMs: isTold ? lane?.entry.toldAtMs : undefined,
    lastStatus: isTold ? (knows ? 'firing' : lane?.entry.status) : undefined,
    decision: decisionText(subject, lane, parts),
    decidedAtMs: lane?.decidedAtMs,
  };
}

function decisionText(subject: Subject, lane: Lane | undefined, parts: WhyParts): string {
  const { record, group } = subject;
  const suppressed = group && parts.suppressionText(record, group);
  if (record.isResolved) return resolvedText(subject, lane, { suppressed, parts });
  if (group === undefined) return 'no route handles it';
  if (suppressed !== undefined) return suppressed;
  return (
    busyText(lane, parts) ??
    (lane?.entry.firing.has(record.fingerprint)
      ? toldText(record, lane, { group, parts })
      : waitingText(group, parts))
  );
}

function resolvedText(
  { record, group, integration }: Subject,
  lane: Lane | undefined,
  { suppressed, parts }: { readonly suppressed: string | undefined; readonly parts: WhyParts },
): string {
  const isOwed = lane?.isOwed(record.fingerprint) === true;
  if (!isOwed)
    return lane?.entry.toldAtMs === undefined
      ? 'ended before anybody was told'
      : `ended; the last notification of the group was at ${clockTime(lane.entry.toldAtMs, parts.nowMs)}`;
  if (!integration.sendsResolved) return 'ended; this integration is not told of ends (send_resolved: false)';
  if (suppressed !== undefined) return `its end is not told yet: ${suppressed}`;
  return (
    busyText(lane, parts) ?? `its end is told next${group === undefined ? '' : `, in ${rest(group, parts)}`}`
  );
}

/** What is being done at the moment, or failed. */
function busyText(lane: Lane | undefined, { nowMs, elapsedMs }: WhyParts): string | undefined {
  if (lane === undefined) return undefined;
  if (lane.sendingSinceMs !== undefined) return `being sent since ${clockTime(lane.sendingSinceMs, nowMs)}`;
  if (lane.isQueued) return 'waiting: as many deliveries of this integration are going on as may';
  if (lane.failure === undefined) return undefined;
  const { count, detail } = lane.failure;
  const failed = `failed ${count === 1 ? 'once' : `${count} times`}: ${detail}`;
  if (lane.retryAtMs === undefined) return `${failed}; tried again when the group is looked at next`;
  return `${failed}; next try ${clockTime(nowMs + lane.retryAtMs - elapsedMs, nowMs)}`;
}

function toldText(
  { alert }: AlertRecord,
  lane: Lane,
  { group, parts }: { readonly group: AlertGroup; readonly parts: WhyParts },
): string {
  const told = `told ${clockTime(lane.entry.toldAtMs ?? parts.nowMs, parts.nowMs)}`;
  if (parts.isAcknowledged(alert)) return `${told}; acknowledged, so repetitions are left out`;
  const agoMs = parts.elapsedMs - (lane.toldElapsedMs ?? parts.elapsedMs);
  const dueMs = parts.nowMs + group.route.repeatIntervalMs - agoMs;
  return `${told}, repeats at ${clockTime(Math.max(dueMs, parts.nowMs), parts.nowMs)}`;
}

function waitingText(group: AlertGroup, parts: WhyParts): string {
  const wait = group.hasFlushed ? 'group_interval' : 'group_wait';
  return `waiting for ${wait}, ${rest(group, parts)} left`;
}

function rest(group: AlertGroup, { elapsedMs }: WhyParts): string {
  return `${Math.ceil(Math.max(0, group.nextFlushMs - elapsedMs) / 1000)} s`;
}

/** Hours, minutes and seconds in UTC; with the day when it is another one. */
function clockTime(ms: number, nowMs: number): string {
  const text = new Date(ms).toISOString();
  const time = text.slice(11, 19);
  return startOfDay(ms) === startOfDay(nowMs) ? `${time} UTC` : `${text.slice(0, 10)} ${time} UTC`;
}
