import { wordsOf } from '../../model/samples.ts';

const MIN_CAPACITY = 512;
/** Merge memory beyond this is given back after use. */
const KEPT_MERGE_SAMPLES = 1 << 16;

/** Epoch ms, both inclusive, whole milliseconds. */
export interface TimeBounds {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Columns of samples that grow. The owner reuses one for many reads; `timesMs` and `values` are replaced when it grows, so take them
 * anew after each call that fills it.
 */
export class SampleBuffer {
  timesMs: Float64Array<ArrayBuffer>;
  values: Float64Array<ArrayBuffer>;
  /** `values` as words, see `wordsOf`. */
  words: Uint32Array;

  constructor(capacity = MIN_CAPACITY) {
    this.timesMs = new Float64Array(capacity);
    this.values = new Float64Array(capacity);
    this.words = wordsOf(this.values);
  }

  /** Makes room for `samples` in all and keeps what is there. */
  ensure(samples: number): void {
    if (samples <= this.timesMs.length) return;
    const capacity = Math.max(samples, this.timesMs.length * 2);
    const timesMs = new Float64Array(capacity);
    const values = new Float64Array(capacity);
    const words = wordsOf(values);
    timesMs.set(this.timesMs);
    words.set(this.words);
    this.timesMs = timesMs;
    this.values = values;
    this.words = words;
  }

  /** Of the ascending samples `[at, end)` keeps those within the bounds, both inclusive, from `at` on; returns the new end. */
  keepWithin(at: number, end: number, { fromMs, toMs }: TimeBounds): number {
    if (end === at || (this.timesMs[at]! >= fromMs && this.timesMs[end - 1]! <= toMs)) return end;
    const first = lowerBound(this.timesMs, at, end, fromMs);
    const last = lowerBound(this.timesMs, first, end, toMs + 1);
    if (first > at) {
      this.timesMs.copyWithin(at, first, last);
      this.words.copyWithin(2 * at, 2 * first, 2 * last);
    }
    return at + last - first;
  }
}

/** Position of the first of the ascending times in `[from, to)` that is not less than `timeMs`; `to` if there is none. */
export function lowerBound(timesMs: Float64Array, from: number, to: number, timeMs: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timesMs[middle]! < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

let spare = new SampleBuffer();
let runs = new Uint32Array(64);

/**
 * Sorts `[from, to)` by time and keeps the first of equal times, first meaning the lowest position before the sort. It merges the
 * ascending runs that are there, so almost ordered input is cheap.
 *
 * @returns the new end.
 */
export function sortSamples(buffer: SampleBuffer, from: number, to: number): number {
  let count = findRuns(buffer.timesMs, from, to);
  if (count > 1) spare.ensure(to);
  let source = buffer;
  let target = spare;
  while (count > 1) {
    let merged = 0;
    for (let run = 0; run < count; run += 2) {
      const start = runs[run]!;
      const middle = run + 1 < count ? runs[run + 1]! : to;
      const end = run + 2 < count ? runs[run + 2]! : to;
      mergeRuns({ source, target, start, middle, end });
      runs[merged++] = start;
    }
    count = merged;
    [source, target] = [target, source];
  }
  if (source !== buffer) {
    buffer.timesMs.set(source.timesMs.subarray(from, to), from);
    buffer.words.set(source.words.subarray(2 * from, 2 * to), 2 * from);
  }
  if (spare.timesMs.length > KEPT_MERGE_SAMPLES) spare = new SampleBuffer();
  if (runs.length > KEPT_MERGE_SAMPLES) runs = new Uint32Array(64);
  return dropRepeated(buffer, from, to);
}

function findRuns(timesMs: Float64Array, from: number, to: number): number {
  let count = 0;
  for (let i = from; i < to; i++) {
    if (i > from && timesMs[i]! >= timesMs[i - 1]!) continue;
    if (count === runs.length) {
      const grown = new Uint32Array(count * 2);
      grown.set(runs);
      runs = grown;
    }
    runs[count++] = i;
  }
  return count;
}

interface MergeStep {
  readonly source: SampleBuffer;
  readonly target: SampleBuffer;
  readonly start: number;
  readonly middle: number;
  readonly end: number;
}

/** Stable: of equal times the left run's come first. */
function mergeRuns({ source, target, start, middle, end }: MergeStep): void {
  const { timesMs, words } = source;
  const { timesMs: outTimesMs, words: outWords } = target;
  let left = start;
  let right = middle;
  for (let at = start; at < end; at++) {
    const takesLeft = right >= end || (left < middle && timesMs[left]! <= timesMs[right]!);
    const pick = takesLeft ? left++ : right++;
    outTimesMs[at] = timesMs[pick]!;
    outWords[2 * at] = words[2 * pick]!;
    outWords[2 * at + 1] = words[2 * pick + 1]!;
  }
}

function dropRepeated({ timesMs, words }: SampleBuffer, from: number, to: number): number {
  let end = from;
  for (let i = from; i < to; i++) {
    const timeMs = timesMs[i]!;
    if (end > from && timesMs[end - 1]! === timeMs) continue;
    if (end !== i) {
      timesMs[end] = timeMs;
      words[2 * end] = words[2 * i]!;
      words[2 * end + 1] = words[2 * i + 1]!;
    }
    end++;
  }
  return end;
}
