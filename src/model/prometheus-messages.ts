/**
 * Parts of the protobuf messages that remote write 1.0 and 2.0 and remote read have in common.
 * https://github.com/prometheus/prometheus/blob/main/prompb/types.proto
 */

import type { ProtoWriter } from '../lib/proto-writer.ts';
import type { Labels } from './labels.ts';
import type { NativeHistogram } from './native-histogram.ts';
import { STALE_HIGH, STALE_LOW } from './samples.ts';

/** `Label { string name = 1; string value = 2 }` for each label, as field 1 of the message being written. */
export function writeLabels(out: ProtoWriter, labels: Labels): void {
  for (let i = 0; i < labels.size; i++) {
    const mark = out.open(1);
    out.text(1, labels.names[i]!);
    out.text(2, labels.values[i]!);
    out.close(mark);
  }
}

/** The inside of `Sample { double value = 1; int64 timestamp = 2 }`; the value by its words. */
export function writeSample(out: ProtoWriter, timeMs: number, low: number, high: number): void {
  if (low !== 0 || high !== 0) out.doubleWords(1, low, high);
  if (timeMs !== 0) out.int64(2, timeMs);
}

const RESET_HINTS = { unknown: 0, reset: 1, not_reset: 2, gauge: 3 } as const;

/**
 * The inside of `Histogram`: a float histogram, or, when all counts are whole numbers, one with integers. Undefined stands for the
 * end of the series: a histogram without buckets whose sum is the staleness marker.
 *
 * @param startMs when counting began, 0 when not known; only 2.0 has a field for it.
 */
export function writeHistogram(
  out: ProtoWriter,
  timeMs: number,
  histogram: NativeHistogram | undefined,
  startMs = 0,
): void {
  if (histogram === undefined) {
    out.varint(1, 0);
    out.doubleWords(3, STALE_LOW, STALE_HIGH);
    out.varint(6, 0);
    out.int64(15, timeMs);
    return;
  }
  const isWhole = hasWholeCounts(histogram);
  if (isWhole) out.varint(1, histogram.count);
  else out.double(2, histogram.count);
  out.double(3, histogram.sum);
  if (histogram.schema !== 0) out.zigzag(4, histogram.schema);
  if (histogram.zeroThreshold !== 0) out.double(5, histogram.zeroThreshold);
  if (isWhole) out.varint(6, histogram.zeroCount);
  else out.double(7, histogram.zeroCount);
  writeBuckets(out, 8, { indexes: histogram.negativeIndexes, counts: histogram.negativeCounts, isWhole });
  writeBuckets(out, 11, { indexes: histogram.positiveIndexes, counts: histogram.positiveCounts, isWhole });
  const hint = RESET_HINTS[histogram.counterReset];
  if (hint !== 0) out.varint(14, hint);
  out.int64(15, timeMs);
  out.packedDoubles(16, histogram.customBounds);
  if (startMs !== 0) out.int64(17, startMs);
}

interface Side {
  readonly indexes: readonly number[];
  readonly counts: readonly number[];
  readonly isWhole: boolean;
}

/** Spans as `field`, then differences of whole counts or, one field later, counts as they are. */
function writeBuckets(out: ProtoWriter, field: number, { indexes, counts, isWhole }: Side): void {
  let end = 0;
  for (let from = 0; from < indexes.length; ) {
    let to = from + 1;
    while (to < indexes.length && indexes[to] === indexes[to - 1]! + 1) to++;
    const mark = out.open(field);
    out.zigzag(1, from === 0 ? indexes[0]! : indexes[from]! - end);
    out.varint(2, to - from);
    out.close(mark);
    end = indexes[to - 1]! + 1;
    from = to;
  }
  if (isWhole)
    out.packedZigzag(
      field + 1,
      counts.map((count, i) => count - (counts[i - 1] ?? 0)),
    );
  else out.packedDoubles(field + 2, counts);
}

/** Beyond 2^52 differences would not be exact any more. */
const MAX_WHOLE = 2 ** 52;

function hasWholeCounts({ count, zeroCount, positiveCounts, negativeCounts }: NativeHistogram): boolean {
  const isWhole = (value: number) => Number.isInteger(value) && value >= 0 && value < MAX_WHOLE;
  return (
    isWhole(count) && isWhole(zeroCount) && positiveCounts.every(isWhole) && negativeCounts.every(isWhole)
  );
}
