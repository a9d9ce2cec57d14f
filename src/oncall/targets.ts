import type { EscalationStep, OnCallConfig } from './config-types.ts';
import { type Override, onCallAt } from './schedule.ts';

export interface Targets {
  /** Names, none twice. */
  readonly receivers: readonly string[];
  /** Schedules of the step in which nobody is on call. */
  readonly emptySchedules: readonly string[];
}

/** Whom a step tells at a moment: its receivers, and those of whoever is on call. */
export function targetsOf(
  step: EscalationStep,
  config: OnCallConfig,
  at: { readonly timeMs: number; readonly overridesOf: (schedule: string) => readonly Override[] },
): Targets {
  const receivers = new Set(step.receivers);
  const emptySchedules: string[] = [];
  for (const name of step.schedules) {
    const schedule = config.schedules.get(name);
    const duty = schedule && onCallAt(schedule, at.overridesOf(name), at.timeMs);
    const person = duty && config.people.get(duty.person);
    if (person === undefined) emptySchedules.push(name);
    else for (const receiver of person.receivers) receivers.add(receiver);
  }
  return { receivers: [...receivers], emptySchedules };
}
