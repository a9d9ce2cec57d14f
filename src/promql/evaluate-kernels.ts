import type { RowWriter } from './evaluate-rows.ts';
import type { Grid } from './evaluate-types.ts';
import type { WindowColumns, WindowSpec } from './evaluate-windows.ts';

/**
 * Computes a range function over a whole series of floats at once. Gives the very bits that the function itself would give, window by
 * window; a test compares them.
 *
 * @returns how many moments have a result, and how many samples all windows together hold.
 */
export type RangeKernel = (
  columns: WindowColumns,
  job: { readonly grid: Grid; readonly spec: WindowSpec; readonly row: RowWriter },
) => KernelCounts;

export interface KernelCounts {
  readonly found: number;
  readonly samplesRead: number;
  /** First moment with a result, or -1. */
  readonly first: number;
}

/** As in the functions: a series that ends further from the edge than this many average intervals is taken to end there. */
const EDGE_INTERVALS = 1.1;

/** Change over a window by its first and last sample, and what is known of the time between them and the edges. */
interface Ends {
  change: number;
  firstValue: number;
  firstMs: number;
  lastMs: number;
  intervals: number;
  startMs: number;
  endMs: number;
}

function extrapolated(ends: Ends, isCounter: boolean, perS: number): number {
  const sampledS = (ends.lastMs - ends.firstMs) / 1000;
  const intervalS = sampledS / ends.intervals;
  let startS = (ends.firstMs - ends.startMs) / 1000;
  let endS = (ends.endMs - ends.lastMs) / 1000;
  if (startS >= intervalS * EDGE_INTERVALS) startS = intervalS / 2;
  if (isCounter && ends.change > 0 && ends.firstValue >= 0) {
    const sinceZeroS = sampledS * (ends.firstValue / ends.change);
    if (sinceZeroS < startS) startS = sinceZeroS;
  }
  if (endS >= intervalS * EDGE_INTERVALS) endS = intervalS / 2;
  return ends.change * ((sampledS + startS + endS) / sampledS / perS);
}

/** What counter resets between `from` and `to` have hidden, added in the order in which they came. */
function withResets(change: number, floats: Float64Array, from: number, to: number): number {
  let total = change;
  for (let j = from + 1; j < to; j++) if (floats[j]! < floats[j - 1]!) total += floats[j - 1]!;
  return total;
}

/** `rate`, `increase`, `delta`: windows without a counter reset, nearly all, need only their first and last sample. */
function extrapolation(isCounter: boolean, isPerSecond: boolean): RangeKernel {
  return (columns, { grid, spec, row }) => {
    const { floats, floatTimesMs: times } = columns;
    const { values, present } = row;
    const { startMs: gridStartMs, stepMs, steps } = grid;
    const { rangeMs, offsetMs } = spec;
    const count = times.length;
    const perS = isPerSecond ? rangeMs / 1000 : 1;
    const ends: Ends = {
      change: 0,
      firstValue: 0,
      firstMs: 0,
      lastMs: 0,
      intervals: 0,
      startMs: 0,
      endMs: 0,
    };
    let [from, to, found, samplesRead] = [0, 0, 0, 0];
    let first = -1;
    // Index of the newest sample that is smaller than the one before it.
    let lastReset = 0;
    for (let i = 0; i < steps; i++) {
      const endMs = gridStartMs + i * stepMs - offsetMs;
      const startMs = endMs - rangeMs;
      while (to < count && times[to]! <= endMs) {
        if (to > 0 && floats[to]! < floats[to - 1]!) lastReset = to;
        to++;
      }
      while (from < to && times[from]! <= startMs) from++;
      samplesRead += to - from;
      if (to - from < 2) continue;
      ends.firstValue = floats[from]!;
      const change = floats[to - 1]! - ends.firstValue;
      ends.change = isCounter && lastReset > from ? withResets(change, floats, from, to) : change;
      ends.firstMs = times[from]!;
      ends.lastMs = times[to - 1]!;
      ends.intervals = to - 1 - from;
      ends.startMs = startMs;
      ends.endMs = endMs;
      values[i] = extrapolated(ends, isCounter, perS);
      present[i] = 1;
      if (first < 0) first = i;
      found++;
    }
    return { found, samplesRead, first };
  };
}

const KERNELS: ReadonlyMap<string, RangeKernel> = new Map([
  ['rate', extrapolation(true, true)],
  ['increase', extrapolation(true, false)],
  ['delta', extrapolation(false, false)],
]);

/** The kernel of a range function, if it has one. */
export function kernelOf(name: string): RangeKernel | undefined {
  return KERNELS.get(name);
}
