import type { Generation } from './head-chunks.ts';
import type { OpenRuns } from './head-runs.ts';
import { ID_HIGH, ID_LOW, RECORD_WORDS } from './head-series.ts';

/** One row of `metric_chunks`. */
export interface FlushChunk {
  readonly metric: string;
  /** Series id, as two unsigned words. */
  readonly low: number;
  readonly high: number;
  /** Time of the chunk's first sample, epoch ms. */
  readonly minMs: number;
  /** Time of its last sample. */
  readonly maxMs: number;
  readonly count: number;
  /** The chunk (chunk-codec.ts). Memory of the head: never written again, not to be modified. */
  readonly data: Uint8Array;
}

/**
 * All samples that were unflushed when the plan began, as chunks. Runs are sealed while the chunks are walked, so a caller that takes some
 * thousand at a time keeps the event loop free; appends in between do not mix with the plan.
 */
export class FlushPlan {
  /** Time of the oldest sample of the plan; +Infinity if not known to have any. */
  readonly oldestMs: number;
  /** Whether all chunks have been walked once, without which the plan cannot be committed. */
  isComplete = false;
  /** Over: committed or aborted. */
  isOver = false;
  readonly generations: readonly Generation[];
  readonly #runs: OpenRuns;
  /** Series below this have nothing left to seal. */
  #sealed = 0;

  constructor(runs: OpenRuns, generations: readonly Generation[], oldestMs: number) {
    this.#runs = runs;
    this.generations = generations;
    this.oldestMs = oldestMs;
  }

  /** Samples of the chunks sealed so far. */
  get samples(): number {
    return this.generations.reduce((sum, { samples }) => sum + samples, 0);
  }

  /** The chunks, in no particular order. Each call starts from the first, so that a failed write can be repeated. */
  *chunks(): Generator<FlushChunk, void, undefined> {
    const { chunks } = this.#runs;
    for (const generation of this.generations) {
      for (let last = -1; ; ) {
        if (this.isOver) throw new Error('this flush plan is over');
        const slot = last < 0 ? generation.firstSlot : chunks.nextOfGeneration(last);
        if (slot >= 0) {
          last = slot;
          yield this.#rowOf(slot);
        } else if (generation !== this.generations.at(-1) || !this.#sealNext()) break;
      }
    }
    this.isComplete = true;
  }

  /** Seals runs of the next series that owes any; false when none is left. */
  #sealNext(): boolean {
    const runs = this.#runs;
    while (this.#sealed < runs.series.end) {
      if (runs.sealOwed(this.#sealed++)) return true;
    }
    return false;
  }

  #rowOf(slot: number): FlushChunk {
    const { chunks, series } = this.#runs;
    const index = chunks.seriesOf(slot);
    const record = index * RECORD_WORDS;
    return {
      metric: series.metricOf(index),
      low: series.words[record + ID_LOW]! >>> 0,
      high: series.words[record + ID_HIGH]! >>> 0,
      minMs: chunks.minMsOf(slot),
      maxMs: chunks.maxMsOf(slot),
      count: chunks.countOf(slot),
      data: chunks.segmentOf(slot).subarray(chunks.startOf(slot), chunks.endOf(slot)),
    };
  }
}
