import type { RangeWindow } from './define.ts';

/**
 * Index in `from..to` of the last sample at or before the range's start, or `from` when there is none: where a window with
 * `anchored` or `smoothed` begins. Undefined when no sample lies after the start.
 */
export function anchorIndex(
  timesMs: Float64Array | readonly number[],
  from: number,
  to: number,
  rangeStartMs: number,
): number | undefined {
  if (to <= from || timesMs[to - 1]! <= rangeStartMs) return undefined;
  let i = from;
  while (i + 1 < to && timesMs[i + 1]! <= rangeStartMs) i++;
  return i;
}

/** A value between two successive samples. A counter that was reset between them is taken to have begun at zero. */
function interpolated(window: RangeWindow, left: number, atMs: number, isCounter: boolean): number {
  const { floats, floatTimesMs } = window;
  const end = floats[left + 1]!;
  const start = isCounter && end < floats[left]! ? 0 : floats[left]!;
  const leftMs = floatTimesMs[left]!;
  return start + ((end - start) * (atMs - leftMs)) / (floatTimesMs[left + 1]! - leftMs);
}

/** Index of the sample that ends the range: for `smoothed` the first at or after its end, otherwise the last one at or before it. */
function endIndex(window: RangeWindow, from: number): number {
  const { floatTimesMs, floatTo, rangeEndMs, extension } = window;
  let i = floatTo - 1;
  if (extension === 'smoothed') {
    while (i > from && floatTimesMs[i - 1]! >= rangeEndMs) i--;
  } else {
    while (i > from && floatTimesMs[i]! > rangeEndMs) i--;
  }
  return i;
}

/** What counter resets between `left` and `right`, with the samples `from <= i < to` between them, have hidden. */
function hiddenByResets(window: RangeWindow, from: number, to: number, left: number, right: number): number {
  let hidden = 0;
  let previous = left;
  for (let i = from; i < to; i++) {
    const value = window.floats[i]!;
    if (value < previous) hidden += previous;
    previous = value;
  }
  return right < previous ? hidden + previous : hidden;
}

/**
 * The change of a series over a range selected with `anchored` or `smoothed`, not extrapolated. The window holds the float samples of
 * the range and those before it within the lookback, for `smoothed` also those after it within the lookback.
 *
 * `anchored` takes the last sample at or before each edge (the first one in the range when there is none before); `smoothed` takes
 * the value on the line between the samples around each edge. Undefined when nothing lies after the range's start.
 *
 * @param perS what to divide the change by.
 */
export function extendedChange(window: RangeWindow, isCounter: boolean, perS: number): number | undefined {
  const { floats, floatTimesMs, rangeStartMs, rangeEndMs } = window;
  const isSmoothed = window.extension === 'smoothed';
  const first = anchorIndex(floatTimesMs, window.floatFrom, window.floatTo, rangeStartMs);
  if (first === undefined) return undefined;
  const last = endIndex(window, first);
  if (floatTimesMs[last]! <= rangeStartMs || floatTimesMs[first]! > rangeEndMs) return undefined;
  const left =
    isSmoothed && floatTimesMs[first]! < rangeStartMs
      ? interpolated(window, first, rangeStartMs, isCounter)
      : floats[first]!;
  const right =
    isSmoothed && last > first && floatTimesMs[last]! > rangeEndMs
      ? interpolated(window, last - 1, rangeEndMs, isCounter)
      : floats[last]!;
  const change = right - left;
  if (!isCounter) return change / perS;
  const inside = floatTimesMs[first]! <= rangeStartMs ? first + 1 : first;
  const outside = floatTimesMs[last]! >= rangeEndMs ? last : last + 1;
  return (change + hiddenByResets(window, inside, outside, left, right)) / perS;
}
