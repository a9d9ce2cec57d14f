import type { Labels } from '../model/labels.ts';
import { PRIORITIES, type Priority } from '../model/notification.ts';
import type { BusinessHours, OnCallConfig, PriorityRule } from './config-types.ts';
import { dayOf, weekdayOf } from './schedule.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** Of alerts without a severity, or with one that nobody listed. */
export const DEFAULT_PRIORITY: Priority = 'P2';

/** What counts unless the configuration says otherwise. */
export const DEFAULT_PRIORITIES: Readonly<Record<Priority, PriorityRule>> = {
  P0: {
    severities: ['critical', 'page', 'disaster', 'emergency', 'fatal', 'p0'],
    response: { kind: 'within', withinMs: 5 * MINUTE_MS },
  },
  P1: {
    severities: ['high', 'error', 'major', 'p1'],
    response: { kind: 'within', withinMs: 15 * MINUTE_MS },
  },
  P2: {
    severities: ['warning', 'warn', 'medium', 'average', 'p2'],
    response: { kind: 'within', withinMs: 60 * MINUTE_MS },
  },
  P3: {
    severities: ['low', 'info', 'information', 'minor', 'notice', 'none', 'p3'],
    response: { kind: 'within', withinMs: 240 * MINUTE_MS },
  },
};

/** Label `priority` when it is P0 to P3, else what label `severity` stands for. */
export function priorityOfLabels(config: Pick<OnCallConfig, 'priorities'>, labels: Labels): Priority {
  const given = labels.get('priority').toUpperCase();
  const named = PRIORITIES.find((priority) => priority === given);
  if (named !== undefined) return named;
  const severity = labels.get('severity').toLowerCase();
  return (
    PRIORITIES.find((priority) => config.priorities[priority].severities.includes(severity)) ??
    DEFAULT_PRIORITY
  );
}

/**
 * By when somebody has to acknowledge.
 *
 * @param fromMs when the alert demanded it first, epoch milliseconds.
 * @returns undefined when there is no such time.
 */
export function responseDue(
  config: Pick<OnCallConfig, 'priorities' | 'businessHours'>,
  priority: Priority,
  fromMs: number,
): number | undefined {
  const { response } = config.priorities[priority];
  switch (response.kind) {
    case 'within':
      return fromMs + response.withinMs;
    case 'next_business_day':
      return endOfNextBusinessDay(config.businessHours, fromMs);
    case 'none':
      return undefined;
  }
}

/** The day after the moment's own, or the first business day after that. */
function endOfNextBusinessDay({ zone, weekdays, endMs }: BusinessHours, fromMs: number): number {
  let day = dayOf(zone.wallAt(fromMs)) + 1;
  for (let tries = 0; tries < 7 && !weekdays.has(weekdayOf(day)); tries++) day++;
  return zone.firstMomentOf(day * DAY_MS + endMs);
}
