import type { Labels } from '../../model/labels.ts';
import type { NativeHistogram } from '../../model/native-histogram.ts';
import { type SampleColumns, setStale } from '../../model/samples.ts';
import type {
  SampleSource,
  SelectContext,
  SelectedSeries,
  Selection,
  SelectRequest,
} from '../../promql/index.ts';
import {
  type LastSample,
  type MetricsHead,
  SampleBuffer,
  SampleMerge,
  type SeriesRead,
  type Store,
} from '../../store/index.ts';
import type { CatalogSeries, SeriesCatalog } from './series-catalog.ts';
import { readChunks, type StoredChunk, type StoredChunks } from './stored-chunks.ts';
import { type DeltaSamples, readDeltas } from './stored-deltas.ts';
import { type HistogramSample, readHistograms } from './stored-histograms.ts';

export interface SampleSourceParts {
  readonly store: Pick<Store, 'binary' | 'stream'>;
  readonly catalog: SeriesCatalog;
  readonly head: MetricsHead;
  /** True when other servers write to the same store: what they brought is not in the head. */
  readonly isShared: boolean;
}

const NO_CHUNKS: StoredChunks = { bySeries: new Map(), rows: 0, bytes: 0 };

/**
 * Samples for PromQL: recent ones from the head in memory, older ones from the store's chunks, delta series as their running sums, and
 * native histograms. Of two samples of a series at one time the one that came first counts.
 */
export function createSampleSource(parts: SampleSourceParts): SampleSource {
  return { select: (request, context) => select(parts, request, context) };
}

async function select(
  parts: SampleSourceParts,
  request: SelectRequest,
  context: SelectContext,
): Promise<Selection> {
  const { catalog, head } = parts;
  const { matchers, fromMs, toMs } = request;
  const { signal, maxSeries } = context;
  const found = await catalog.find({ matchers, fromMs, toMs, limit: maxSeries, signal });
  // What is in memory now must not be dropped before it was read.
  const release = head.hold();
  if (context.onDone === undefined) release();
  else context.onDone(release);
  const [chunks, deltas, histograms] = await Promise.all([
    storedChunks(parts, found, request, signal),
    readIfAny(
      found.filter(({ hasDeltas }) => hasDeltas),
      (names) => readDeltas(parts.store, { ...names, fromMs, toMs, signal }),
    ),
    readIfAny(
      found.filter(({ hasHistograms }) => hasHistograms),
      (names) => readHistograms(parts.store, { ...names, fromMs, toMs, signal }),
    ),
  ]);
  const scratch = new Scratch();
  const series = found.map((one) => {
    const kept = request.newestOnly === true && chunks === NO_CHUNKS && !one.hasDeltas && !one.hasHistograms;
    if (kept) return newestOf(head, one, request, scratch);
    const pieces = {
      chunks: chunks.bySeries.get(one.id) ?? [],
      recent: one.hasSamples ? head.collect(one.low, one.high, fromMs, toMs) : undefined,
      deltas: deltas?.get(one.id),
      histograms: histograms?.get(one.id),
    };
    return new PiecedSeries(one.labels, pieces, { request, scratch, charge: context.chargeSamples });
  });
  const origin =
    chunks !== NO_CHUNKS || deltas !== undefined || histograms !== undefined ? 'store' : 'memory';
  return {
    series: series.filter((one) => one !== undefined && one.maxSamples > 0) as SelectedSeries[],
    stats: { rowsRead: chunks.rows, bytesRead: chunks.bytes, origin },
  };
}

/** Chunks are asked for only where the head does not go back far enough. */
async function storedChunks(
  { store, head, isShared }: SampleSourceParts,
  found: readonly CatalogSeries[],
  { fromMs, toMs }: SelectRequest,
  signal: AbortSignal,
): Promise<StoredChunks> {
  const { coveredFromMs } = head;
  if (!isShared && fromMs >= coveredFromMs) return NO_CHUNKS;
  const series = found.filter(({ hasSamples }) => hasSamples);
  if (series.length === 0) return NO_CHUNKS;
  return await readChunks(store, {
    series,
    fromMs,
    toMs: isShared ? toMs : Math.min(toMs, coveredFromMs),
    signal,
  });
}

async function readIfAny<T>(
  series: readonly CatalogSeries[],
  read: (names: { metrics: string[]; series: bigint[] }) => Promise<Map<bigint, T>>,
): Promise<Map<bigint, T> | undefined> {
  if (series.length === 0) return undefined;
  const metrics = [...new Set(series.map(({ labels }) => labels.metric))];
  return await read({ metrics, series: series.map(({ id }) => id) });
}

/** Memory that all series of a selection decode into. */
class Scratch {
  readonly merged = new SampleBuffer();
  readonly recent = new SampleBuffer();
  readonly last: LastSample = { timeMs: 0, valueLow: 0, valueHigh: 0 };
}

/** The newest sample within the bounds without decoding anything, which is all that an instant selector needs. */
function newestOf(
  head: MetricsHead,
  series: CatalogSeries,
  { fromMs, toMs }: SelectRequest,
  scratch: Scratch,
): SelectedSeries | undefined {
  const { last } = scratch;
  if (!head.lastWithin(series, { fromMs, toMs }, last)) return undefined;
  const { timeMs, valueLow, valueHigh } = last;
  return {
    labels: series.labels,
    maxSamples: 1,
    read() {
      const values = new Float64Array(1);
      const words = new Uint32Array(values.buffer);
      words[0] = valueLow;
      words[1] = valueHigh;
      return { timesMs: Float64Array.of(timeMs), values, histograms: undefined };
    },
  };
}

interface Pieces {
  readonly chunks: readonly StoredChunk[];
  readonly recent: SeriesRead | undefined;
  readonly deltas: DeltaSamples | undefined;
  readonly histograms: readonly HistogramSample[] | undefined;
}

interface ReadParts {
  readonly request: SelectRequest;
  readonly scratch: Scratch;
  readonly charge: (count: number) => void;
}

class PiecedSeries implements SelectedSeries {
  readonly labels: Labels;
  readonly maxSamples: number;
  readonly #pieces: Pieces;
  readonly #parts: ReadParts;

  constructor(labels: Labels, pieces: Pieces, parts: ReadParts) {
    this.labels = labels;
    this.#pieces = pieces;
    this.#parts = parts;
    const stored = pieces.chunks.reduce((sum, { count }) => sum + count, 0);
    const others = (pieces.deltas?.timesMs.length ?? 0) + (pieces.histograms?.length ?? 0);
    this.maxSamples = stored + (pieces.recent?.maxSamples ?? 0) + others;
  }

  read(): SampleColumns {
    const { scratch, charge } = this.#parts;
    const count = this.#readFloats();
    const { merged } = scratch;
    const columns = {
      timesMs: merged.timesMs.subarray(0, count),
      values: merged.values.subarray(0, count),
      histograms: undefined,
    };
    const { histograms = [] } = this.#pieces;
    charge(count + histograms.length);
    return histograms.length === 0 ? columns : withHistograms(columns, histograms);
  }

  #readFloats(): number {
    const { chunks, recent, deltas } = this.#pieces;
    const { request, scratch } = this.#parts;
    if (chunks.length === 0 && deltas === undefined) return recent?.decodeInto(scratch.merged) ?? 0;
    const merge = new SampleMerge(scratch.merged, request);
    for (const { bytes, start, end, count } of chunks) merge.appendChunk(bytes, start, end, count);
    if (recent !== undefined) append(merge, scratch, scratch.recent, recent.decodeInto(scratch.recent));
    if (deltas !== undefined) append(merge, scratch, deltas, deltas.timesMs.length);
    return merge.finish();
  }
}

/** Appends ascending samples of another column. */
function append(
  merge: SampleMerge,
  { merged }: Scratch,
  columns: { readonly timesMs: Float64Array; readonly words: Uint32Array },
  count: number,
): void {
  merged.ensure(merge.end + count);
  merged.timesMs.set(columns.timesMs.subarray(0, count), merge.end);
  merged.words.set(columns.words.subarray(0, 2 * count), 2 * merge.end);
  merge.appended(count, true);
}

/** A histogram without one is the end of its series, told by a staleness marker among the floats. At equal times the float counts. */
function withHistograms(floats: SampleColumns, histograms: readonly HistogramSample[]): SampleColumns {
  const size = floats.timesMs.length + histograms.length;
  const timesMs = new Float64Array(size);
  const values = new Float64Array(size);
  const words = new Uint32Array(values.buffer);
  const floatWords = new Uint32Array(
    floats.values.buffer,
    floats.values.byteOffset,
    floats.values.length * 2,
  );
  const merged: (NativeHistogram | undefined)[] = [];
  let f = 0;
  let h = 0;
  let count = 0;
  while (f < floats.timesMs.length || h < histograms.length) {
    const floatMs = floats.timesMs[f] ?? Number.POSITIVE_INFINITY;
    const histogramMs = histograms[h]?.timeMs ?? Number.POSITIVE_INFINITY;
    timesMs[count] = Math.min(floatMs, histogramMs);
    if (floatMs <= histogramMs) {
      words[2 * count] = floatWords[2 * f]!;
      words[2 * count + 1] = floatWords[2 * f + 1]!;
      f++;
      if (floatMs === histogramMs) h++;
      merged.push(undefined);
    } else {
      const { histogram } = histograms[h++]!;
      if (histogram === undefined) setStale(words, count);
      else values[count] = Number.NaN;
      merged.push(histogram);
    }
    count++;
  }
  return { timesMs: timesMs.subarray(0, count), values: values.subarray(0, count), histograms: merged };
}
