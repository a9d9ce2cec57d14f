import type { DayWindow, Restriction, Rotation, Schedule } from './config-types.ts';
import type { Zone } from './zone.ts';

const DAY_MS = 86_400_000;
/** Changes of who is on call that are looked at for one answer; a longer range is cut there. */
export const MAX_CHANGES = 5000;
/** How far ahead the next handoff is looked for. */
export const NEXT_HORIZON_MS = 400 * DAY_MS;

/** Somebody else takes over for a time. */
export interface Override {
  readonly id: string;
  readonly schedule: string;
  readonly person: string;
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  readonly createdBy: string;
  readonly createdAtMs: number;
}

/** A time during which one person is on call. */
export interface Shift {
  readonly person: string;
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  readonly isOverride: boolean;
}

export interface OnDuty {
  readonly person: string;
  readonly isOverride: boolean;
}

/**
 * Who is on call at a moment: of the overrides that cover it the one made last, else the uppermost rotation that has somebody.
 *
 * @param overrides of this schedule, in the order they were made.
 */
export function onCallAt(
  schedule: Schedule,
  overrides: readonly Override[],
  timeMs: number,
): OnDuty | undefined {
  const override = overrides.findLast(({ fromMs, toMs }) => fromMs <= timeMs && timeMs < toMs);
  if (override !== undefined) return { person: override.person, isOverride: true };
  for (const rotation of schedule.rotations.toReversed()) {
    const person = personAt(rotation, schedule.zone, timeMs);
    if (person !== undefined) return { person, isOverride: false };
  }
  return undefined;
}

/** Who is on call in a range, in order, without gaps being filled; the first and last are cut at the range's ends. */
export function shiftsIn(
  schedule: Schedule,
  overrides: readonly Override[],
  range: { readonly fromMs: number; readonly toMs: number },
): Shift[] {
  const shifts: Shift[] = [];
  let fromMs = range.fromMs;
  for (let changes = 0; fromMs < range.toMs && changes < MAX_CHANGES; changes++) {
    const toMs = Math.min(range.toMs, nextChange(schedule, overrides, fromMs));
    const duty = onCallAt(schedule, overrides, fromMs);
    const last = shifts.at(-1);
    if (duty !== undefined && last !== undefined && last.toMs === fromMs && isSameDuty(last, duty))
      shifts[shifts.length - 1] = { ...last, toMs };
    else if (duty !== undefined) shifts.push({ ...duty, fromMs, toMs });
    fromMs = toMs;
  }
  return shifts;
}

/**
 * The next time somebody comes on call who is not now: the next handoff, or the next begin when nobody is. Undefined when there is none
 * within {@link NEXT_HORIZON_MS}.
 */
export function nextShift(
  schedule: Schedule,
  overrides: readonly Override[],
  timeMs: number,
): Shift | undefined {
  const now = onCallAt(schedule, overrides, timeMs);
  let fromMs = timeMs;
  for (let changes = 0; changes < MAX_CHANGES; changes++) {
    fromMs = nextChange(schedule, overrides, fromMs);
    if (fromMs - timeMs > NEXT_HORIZON_MS) return undefined;
    const duty = onCallAt(schedule, overrides, fromMs);
    if (duty === undefined || (now !== undefined && isSameDuty(now, duty))) continue;
    return { ...duty, fromMs, toMs: endOf(duty, schedule, overrides, fromMs) };
  }
  return undefined;
}

function endOf(duty: OnDuty, schedule: Schedule, overrides: readonly Override[], fromMs: number): number {
  let toMs = fromMs;
  for (let changes = 0; changes < MAX_CHANGES; changes++) {
    toMs = nextChange(schedule, overrides, toMs);
    if (toMs - fromMs > NEXT_HORIZON_MS) return fromMs + NEXT_HORIZON_MS;
    const next = onCallAt(schedule, overrides, toMs);
    if (next === undefined || !isSameDuty(next, duty)) return toMs;
  }
  return toMs;
}

function isSameDuty(a: OnDuty, b: OnDuty): boolean {
  return a.person === b.person && a.isOverride === b.isOverride;
}

/** The next moment at which somebody else may be on call; infinite when nothing ever changes. */
function nextChange(schedule: Schedule, overrides: readonly Override[], timeMs: number): number {
  let next = Number.POSITIVE_INFINITY;
  for (const rotation of schedule.rotations)
    next = Math.min(next, nextRotationChange(rotation, schedule.zone, timeMs));
  for (const { fromMs, toMs } of overrides) {
    if (fromMs > timeMs) next = Math.min(next, fromMs);
    else if (toMs > timeMs) next = Math.min(next, toMs);
  }
  return next;
}

function personAt(rotation: Rotation, zone: Zone, timeMs: number): string | undefined {
  const shift = shiftAt(rotation, zone, timeMs);
  if (shift < 0 || !isUnrestricted(rotation.restrictions, zone, timeMs)) return undefined;
  return rotation.people[shift % rotation.people.length];
}

/** Position of the shift at a moment, from 0; negative before the first. */
function shiftAt(rotation: Rotation, zone: Zone, timeMs: number): number {
  let shift = Math.floor((zone.wallAt(timeMs) - rotation.startWallMs) / rotation.shiftLengthMs);
  // When clocks are put back, wall times come twice, but a shift that has begun goes on.
  while (beginOf(rotation, zone, shift + 1) <= timeMs) shift++;
  while (beginOf(rotation, zone, shift) > timeMs) shift--;
  return shift;
}

function beginOf(rotation: Rotation, zone: Zone, shift: number): number {
  return zone.firstMomentOf(rotation.startWallMs + shift * rotation.shiftLengthMs);
}

function nextRotationChange(rotation: Rotation, zone: Zone, timeMs: number): number {
  const shift = shiftAt(rotation, zone, timeMs);
  if (shift < 0) return beginOf(rotation, zone, 0);
  let next = rotation.people.length === 1 ? Number.POSITIVE_INFINITY : beginOf(rotation, zone, shift + 1);
  for (const restriction of rotation.restrictions) next = Math.min(next, nextEdge(restriction, zone, timeMs));
  return next;
}

function isUnrestricted(restrictions: readonly Restriction[], zone: Zone, timeMs: number): boolean {
  if (restrictions.length === 0) return true;
  const today = dayOf(zone.wallAt(timeMs));
  return restrictions.some((restriction) =>
    [today - 2, today - 1, today, today + 1].some((day) =>
      spansOf(restriction, zone, day).some(({ fromMs, toMs }) => fromMs <= timeMs && timeMs < toMs),
    ),
  );
}

/** The next begin or end of one of the restriction's windows. */
function nextEdge(restriction: Restriction, zone: Zone, timeMs: number): number {
  const today = dayOf(zone.wallAt(timeMs));
  let next = Number.POSITIVE_INFINITY;
  // Every weekday comes within eight days; a window that began the day before yesterday has ended, even where clocks were put back.
  for (let day = today - 2; day <= today + 8; day++) {
    for (const { fromMs, toMs } of spansOf(restriction, zone, day))
      for (const edgeMs of [fromMs, toMs]) if (edgeMs > timeMs) next = Math.min(next, edgeMs);
  }
  return next;
}

/** The restriction's windows that begin on a day. */
function spansOf(restriction: Restriction, zone: Zone, day: number): { fromMs: number; toMs: number }[] {
  if (!restriction.weekdays.has(weekdayOf(day))) return [];
  return restriction.windows.map((window) => ({
    fromMs: zone.firstMomentOf(day * DAY_MS + window.startMs),
    toMs: zone.firstMomentOf(day * DAY_MS + endOfWindow(window)),
  }));
}

function endOfWindow({ startMs, endMs }: DayWindow): number {
  return endMs > startMs ? endMs : endMs + DAY_MS;
}

/** Days since 1970-01-01 of a wall time. */
export function dayOf(wallMs: number): number {
  return Math.floor(wallMs / DAY_MS);
}

/** 0 is Sunday. */
export function weekdayOf(day: number): number {
  // 1970-01-01 was a Thursday.
  return (((day + 4) % 7) + 7) % 7;
}
