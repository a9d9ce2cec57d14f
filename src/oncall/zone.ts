const DAY_MS = 86_400_000;
/** Offsets of days that are remembered per zone. */
const MAX_KNOWN_DAYS = 4000;

/**
 * A time zone of the IANA database. A wall time, what a clock on the wall shows, is given as the epoch milliseconds that the same digits
 * would be in UTC.
 */
export interface Zone {
  readonly name: string;
  /** Wall time at a moment. */
  wallAt(epochMs: number): number;
  /**
   * The first moment at which clocks show this wall time or a later one. When clocks are put forward over it, that is the moment they
   * are; when an hour comes twice, the first time. A later wall time never gives an earlier moment.
   */
  firstMomentOf(wallMs: number): number;
}

/** Undefined when there is no zone of that name. */
export function findZone(name: string): Zone | undefined {
  try {
    return createZone(name);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function createZone(name: string): Zone {
  const offsetAt = offsetReader(name);
  const wallAt = (epochMs: number) => epochMs + offsetAt(epochMs);
  return {
    name,
    wallAt,
    firstMomentOf(wallMs) {
      const before = offsetAt(wallMs - DAY_MS);
      const after = offsetAt(wallMs + DAY_MS);
      // Of two moments with the same wall time the one with the greater offset is the earlier.
      for (const offset of before > after ? [before, after] : [after, before]) {
        if (wallAt(wallMs - offset) === wallMs) return wallMs - offset;
      }
      return firstFrom(wallMs - after, wallMs - before, (epochMs) => wallAt(epochMs) >= wallMs);
    },
  };
}

/** @param holds false up to some moment in the range, true from then on. */
function firstFrom(fromMs: number, toMs: number, holds: (epochMs: number) => boolean): number {
  let low = fromMs;
  let high = toMs;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Milliseconds that a zone is ahead of UTC. Within a day that begins and ends with the same offset no other is looked for. */
function offsetReader(name: string): (epochMs: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    calendar: 'iso8601',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const exactly = (epochMs: number): number => {
    const wholeMs = Math.floor(epochMs / 1000) * 1000;
    const parts: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(wholeMs)) parts[type] = Number(value);
    const { year, month, day, hour, minute, second } = parts;
    return Date.UTC(year!, month! - 1, day, hour, minute, second) - wholeMs;
  };
  const known = new Map<number, number>();
  const atDay = (day: number): number => {
    const found = known.get(day);
    if (found !== undefined) return found;
    if (known.size >= MAX_KNOWN_DAYS) known.clear();
    const offset = exactly(day * DAY_MS);
    known.set(day, offset);
    return offset;
  };
  return (epochMs) => {
    const day = Math.floor(epochMs / DAY_MS);
    const offset = atDay(day);
    return offset === atDay(day + 1) ? offset : exactly(epochMs);
  };
}
