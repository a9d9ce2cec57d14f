import type { SampleBuffer, TimeBounds } from './chunk-buffer.ts';
import { SampleMerge } from './chunk-merge.ts';
import type { OpenRuns } from './head-runs.ts';
import { LAST_CHUNK, RECORD_WORDS } from './head-series.ts';

/** What the head has of one series within bounds. It stays usable while samples are appended, flushed and dropped. */
export interface SeriesRead {
  /** Upper bound of the samples as of now; more may be appended. */
  readonly maxSamples: number;
  /**
   * Decodes the samples within the bounds into `[0, count)` of the scratch, which grows as needed: ascending, no time twice, of equal
   * times the one that was appended first.
   */
  decodeInto(scratch: SampleBuffer): number;
}

/** Sum of the samples of all pieces that overlap the bounds. */
export function countSamples(runs: OpenRuns, index: number, bounds: TimeBounds): number {
  let count = 0;
  forEachChunk(runs, index, bounds, (slot) => {
    count += runs.chunks.countOf(slot);
  });
  const { fromMs, toMs } = bounds;
  if (runs.runOverlaps(index, fromMs, toMs)) count += runs.runCount(index);
  if (runs.lateOverlaps(index, fromMs, toMs)) count += runs.lateCount(index);
  return count;
}

/** Decodes a series' samples within the bounds into `[0, count)` of the buffer. */
export function readSamples(runs: OpenRuns, index: number, bounds: TimeBounds, buffer: SampleBuffer): number {
  const merge = new SampleMerge(buffer, bounds);
  const { chunks } = runs;
  forEachChunk(runs, index, bounds, (slot) => {
    merge.appendChunk(chunks.segmentOf(slot), chunks.startOf(slot), chunks.endOf(slot), chunks.countOf(slot));
  });
  const { fromMs, toMs } = bounds;
  if (runs.runOverlaps(index, fromMs, toMs)) {
    merge.appended(runs.readRun(index, buffer, merge.end), runs.isRunSorted(index));
  }
  if (runs.lateOverlaps(index, fromMs, toMs)) {
    merge.appended(runs.readLate(index, buffer, merge.end), false);
  }
  return merge.finish();
}

/** Oldest sealed first: of equal times the first one counts. */
function forEachChunk(
  { chunks, series }: OpenRuns,
  index: number,
  { fromMs, toMs }: TimeBounds,
  visit: (slot: number) => void,
): void {
  const last = series.words[index * RECORD_WORDS + LAST_CHUNK]!;
  if (last < 0) return;
  let slot = last;
  do {
    slot = chunks.nextOfSeries(slot);
    if (chunks.minMsOf(slot) <= toMs && chunks.maxMsOf(slot) >= fromMs) visit(slot);
  } while (slot !== last);
}
