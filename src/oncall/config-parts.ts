import type { OnCallParseOptions } from './config-reader.ts';
import type { PolicyEntry, ScheduleEntry } from './config-schema.ts';
import type { EscalationPolicy, Schedule } from './config-types.ts';

export function scheduleOf({ name, time_zone: zone, rotations }: ScheduleEntry): Schedule {
  return {
    name,
    zone,
    rotations: rotations.map(({ people, start, shift_length, restrictions }) => ({
      people,
      startWallMs: start.isMoment ? zone.wallAt(start.ms) : start.ms,
      shiftLengthMs: shift_length,
      restrictions,
    })),
  };
}

/** @throws what reading a matcher throws. */
export function policyOf(
  entry: PolicyEntry,
  { parseMatchers }: Pick<OnCallParseOptions, 'parseMatchers'>,
): EscalationPolicy {
  return {
    name: entry.name,
    matchers: entry.matchers.flatMap((text) => parseMatchers(text)),
    matchersText: `{${entry.matchers.join(',')}}`,
    steps: entry.steps.map(({ after, receivers, schedules }) => ({ afterMs: after, receivers, schedules })),
    repeats: entry.repeat,
    repeatAfterMs: entry.repeat_after,
  };
}
