import { type SampleBuffer, sortSamples, type TimeBounds } from './chunk-buffer.ts';
import { ChunkDecoder, chunkFacts } from './chunk-codec.ts';

const decoder = new ChunkDecoder();

/**
 * Brings pieces of one series together in a buffer: append them oldest writer first, then `finish`. Where two pieces have a sample at the
 * same time, the piece appended first wins. Pieces that follow one another in time, the usual case, are neither sorted nor copied.
 */
export class SampleMerge {
  /** Samples so far. */
  end = 0;
  readonly #buffer: SampleBuffer;
  readonly #bounds: TimeBounds;
  #isOrdered = true;

  constructor(buffer: SampleBuffer, bounds: TimeBounds) {
    this.#buffer = buffer;
    this.#bounds = bounds;
  }

  /** DecodeError when the chunk is not sound. */
  appendChunk(bytes: Uint8Array, start: number, end: number, count: number): void {
    const buffer = this.#buffer;
    buffer.ensure(this.end + count);
    const target = { timesMs: buffer.timesMs, values: buffer.values, words: buffer.words, at: this.end };
    const decoded = decoder.decode(bytes, start, end, target);
    this.appended(decoded, decoder.isStrict);
  }

  /**
   * Takes over `count` samples that the caller wrote at `end` into the buffer.
   *
   * @param isStrict whether their times ascend and none is repeated.
   */
  appended(count: number, isStrict: boolean): void {
    if (count === 0) return;
    const at = this.end;
    const buffer = this.#buffer;
    if (!isStrict) {
      // Bounds need order, so these are put in order on their own.
      this.end = buffer.keepWithin(at, sortSamples(buffer, at, at + count), this.#bounds);
    } else this.end = buffer.keepWithin(at, at + count, this.#bounds);
    if (at > 0 && this.end > at && buffer.timesMs[at]! <= buffer.timesMs[at - 1]!) this.#isOrdered = false;
  }

  /** Returns the number of samples, now at `[0, count)` of the buffer: ascending, no time twice. */
  finish(): number {
    if (!this.#isOrdered) this.end = sortSamples(this.#buffer, 0, this.end);
    return this.end;
  }
}

/**
 * Decodes chunks of one series into `[0, count)` of the scratch, which grows as needed: samples within the bounds (both inclusive),
 * ascending, no time twice; of equal times the earlier chunk in the list wins. The list is best in order of time, which costs nothing
 * then. The caller bounds the sum of `chunkFacts(...).count`.
 *
 * @returns the number of samples. DecodeError when a chunk is not sound.
 */
export function mergeChunks(
  chunks: readonly Uint8Array[],
  fromMs: number,
  toMs: number,
  scratch: SampleBuffer,
): number {
  const merge = new SampleMerge(scratch, { fromMs, toMs });
  for (const chunk of chunks) {
    const { count, minMs, maxMs } = chunkFacts(chunk);
    if (minMs <= toMs && maxMs >= fromMs) merge.appendChunk(chunk, 0, chunk.length, count);
  }
  return merge.finish();
}
