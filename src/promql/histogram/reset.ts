import type { NativeHistogram } from '../../model/native-histogram.ts';
import { hasCustomBounds } from './buckets.ts';
import {
  areBoundsEqual,
  commonLayout,
  negativeSide,
  positiveSide,
  reduceResolution,
  type Side,
  toLayout,
  widenedThreshold,
  widenZeroBucket,
} from './layout.ts';

/**
 * Whether a counter was reset between two successive samples: the later one says so, or something it counts has become less, or its
 * layout has become finer. The sum does not count, because observations may be negative.
 */
export function detectReset(previous: NativeHistogram, current: NativeHistogram): boolean {
  if (current.counterReset === 'reset') return true;
  if (current.counterReset === 'not_reset') return false;
  if (current.count < previous.count) return true;
  if (hasCustomBounds(current)) {
    if (!hasCustomBounds(previous)) return true;
    if (!areBoundsEqual(current.customBounds, previous.customBounds))
      return hasLessInCommon(previous, current);
  }
  if (current.schema > previous.schema || current.zeroThreshold < previous.zeroThreshold) return true;
  if (widenedThreshold(previous, current.zeroThreshold) !== current.zeroThreshold) return true;
  const aligned = reduceResolution(widenZeroBucket(previous, current.zeroThreshold), current.schema);
  return current.zeroCount < aligned.zeroCount || hasLess(aligned, current);
}

/** Compares by the custom bounds that both have. */
function hasLessInCommon(previous: NativeHistogram, current: NativeHistogram): boolean {
  const layout = commonLayout(previous, current)!;
  return hasLess(toLayout(previous, layout), toLayout(current, layout));
}

function hasLess(previous: NativeHistogram, current: NativeHistogram): boolean {
  return (
    isLess(positiveSide(previous), positiveSide(current)) ||
    isLess(negativeSide(previous), negativeSide(current))
  );
}

/** Whether a bucket of `previous` is missing in `current` or has a lower count there. */
function isLess(previous: Side, current: Side): boolean {
  let j = 0;
  for (const [i, index] of previous.indexes.entries()) {
    while (j < current.indexes.length && current.indexes[j]! < index) j++;
    const isPresent = current.indexes[j] === index;
    if (isPresent ? current.counts[j]! < previous.counts[i]! : previous.counts[i] !== 0) return true;
  }
  return false;
}
