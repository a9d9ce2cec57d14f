import { formatTime } from '../lib/time.ts';
import { PRIORITIES, type Priority } from '../model/notification.ts';
import type { Acknowledgement } from './acknowledgements.ts';
import type { EscalationStep, OnCallConfig } from './config-types.ts';
import type { EscalationStatus } from './escalation-status.ts';
import type { ResponseStatus } from './responses.ts';
import { nextShift, type Override, onCallAt, type Shift, shiftsIn } from './schedule.ts';
import type { Targets } from './targets.ts';

export interface ShiftJson {
  person: string;
  from: string;
  to: string;
  is_override: boolean;
}

/** Who is on call, as the API tells it. */
export interface OnCallView {
  schedules: {
    name: string;
    time_zone: string;
    now: string[];
    next: ShiftJson | null;
    shifts: ShiftJson[];
    overrides: { id: string; person: string; from: string; to: string; created_by: string }[];
  }[];
  people: { name: string; receivers: string[] }[];
  policies: {
    name: string;
    matchers: string;
    repeats: number;
    steps: { after_s: number; receivers: string[]; schedules: string[]; now: string[] }[];
    running: number;
  }[];
  response_times: { priority: Priority; within_s: number | null; severities: string[] }[];
}

export interface ViewParts {
  readonly config: OnCallConfig;
  /** Of one schedule, all that are known. */
  readonly overridesOf: (schedule: string) => readonly Override[];
  /** Of one schedule, those that count. */
  readonly countingOf: (schedule: string) => readonly Override[];
  readonly targetsOf: (step: EscalationStep) => Targets;
  /** Escalations, by policy. */
  readonly running: ReadonlyMap<string, number>;
}

/** @param range of the shifts; overrides are those that touch it or end later. */
export function onCallView(
  parts: ViewParts,
  range: { readonly fromMs: number; readonly toMs: number },
  nowMs: number,
): OnCallView {
  const { config } = parts;
  return {
    schedules: schedulesView(parts, range, nowMs),
    people: [...config.people.values()].map(({ name, receivers }) => ({ name, receivers: [...receivers] })),
    policies: config.policies.map((policy) => ({
      name: policy.name,
      matchers: policy.matchersText,
      repeats: policy.repeats,
      steps: policy.steps.map((step) => ({
        after_s: step.afterMs / 1000,
        receivers: [...step.receivers],
        schedules: [...step.schedules],
        now: [...parts.targetsOf(step).receivers],
      })),
      running: parts.running.get(policy.name) ?? 0,
    })),
    response_times: PRIORITIES.map((priority) => {
      const { response, severities } = config.priorities[priority];
      const withinS = response.kind === 'within' ? response.withinMs / 1000 : null;
      return { priority, within_s: withinS, severities: [...severities] };
    }),
  };
}

function schedulesView(
  { config, overridesOf, countingOf }: ViewParts,
  range: { readonly fromMs: number; readonly toMs: number },
  nowMs: number,
): OnCallView['schedules'] {
  return [...config.schedules.values()].map((schedule) => {
    const counting = countingOf(schedule.name);
    const duty = onCallAt(schedule, counting, nowMs);
    const next = nextShift(schedule, counting, nowMs);
    return {
      name: schedule.name,
      time_zone: schedule.zone.name,
      now: duty === undefined ? [] : [duty.person],
      next: next === undefined ? null : shiftJson(next),
      shifts: shiftsIn(schedule, counting, range).map(shiftJson),
      overrides: overridesOf(schedule.name)
        .filter(({ toMs }) => toMs > Math.min(range.fromMs, nowMs))
        .map(({ id, person, fromMs, toMs, createdBy }) => ({
          id,
          person,
          from: formatTime(fromMs),
          to: formatTime(toMs),
          created_by: createdBy,
        })),
    };
  });
}

function shiftJson({ person, fromMs, toMs, isOverride }: Shift): ShiftJson {
  return { person, from: formatTime(fromMs), to: formatTime(toMs), is_override: isOverride };
}

/** An acknowledgement as the API tells it. */
export function acknowledgementJson({ by, atMs, untilMs, note }: Acknowledgement): {
  by: string;
  at: string;
  until: string | null;
  note: string;
} {
  return { by, at: formatTime(atMs), until: untilMs === undefined ? null : formatTime(untilMs), note };
}

/** An escalation as the API tells it. */
export function escalationJson(status: EscalationStatus): {
  policy: string;
  step: number;
  steps: number;
  next_at: string | null;
  next_receivers: string[];
  state: EscalationStatus['state'];
} {
  const { policy, step, steps, nextAtMs, nextReceivers, state } = status;
  return {
    policy,
    step,
    steps,
    next_at: nextAtMs === undefined ? null : formatTime(nextAtMs),
    next_receivers: [...nextReceivers],
    state,
  };
}

/** By when somebody has to acknowledge, as the API tells it. */
export function responseJson({ dueAtMs, isMissed }: ResponseStatus): { due_at: string; is_missed: boolean } {
  return { due_at: formatTime(dueAtMs), is_missed: isMissed };
}
