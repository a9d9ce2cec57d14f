import { BellwetherError } from '../../lib/errors.ts';
import type { CounterResetHint, NativeHistogram } from '../../model/native-histogram.ts';
import { STALE_HIGH, STALE_LOW } from '../../model/samples.ts';
import { type Store, sql } from '../../store/index.ts';

/** Histograms that one selection may read. */
const MAX_HISTOGRAMS = 2_000_000;
const DELTA = 1;
const GAUGE = 2;

/** One native histogram sample; `histogram` is undefined for a staleness marker. */
export interface HistogramSample {
  readonly timeMs: number;
  readonly histogram: NativeHistogram | undefined;
}

interface HistogramRow {
  readonly series_id: number | bigint;
  readonly at_ms: number;
  readonly temporality: number;
  readonly schema: number;
  readonly zero_threshold: number;
  readonly zero_count: number;
  readonly count: number;
  readonly sum: number;
  readonly sum_bits: number | bigint;
  readonly positive_index: number[];
  readonly positive_count: number[];
  readonly negative_index: number[];
  readonly negative_count: number[];
  readonly custom_bounds: number[];
}

export interface HistogramWindow {
  readonly metrics: readonly string[];
  readonly series: readonly bigint[];
  /** Both inclusive, epoch milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly signal: AbortSignal;
}

/** Native histograms by series id, ascending by time, one per time. Delta ones come as their running sum. */
export async function readHistograms(
  store: Pick<Store, 'stream'>,
  window: HistogramWindow,
): Promise<Map<bigint, HistogramSample[]>> {
  const bySeries = new Map<bigint, HistogramSample[]>();
  const sums = new Map<bigint, NativeHistogram>();
  let count = 0;
  for await (const rows of store.stream<HistogramRow>(windowSql(window), { signal: window.signal })) {
    count += rows.length;
    if (count > MAX_HISTOGRAMS) throw tooManyHistograms();
    for (const row of rows) {
      const id = BigInt(row.series_id);
      const sample = row.temporality === DELTA ? addDelta(sums, id, row) : sampleOf(row);
      if (row.at_ms < window.fromMs) continue;
      const list = bySeries.get(id);
      if (list === undefined) bySeries.set(id, [sample]);
      else list.push(sample);
    }
  }
  return bySeries;
}

/** A delta series is the sum of all its increments, so those before the window are read as well. */
function windowSql({ metrics, series, fromMs, toMs }: HistogramWindow) {
  return sql`
SELECT series_id, toUnixTimestamp64Milli(ts) AS at_ms, temporality, schema, zero_threshold, zero_count, count, sum,
  reinterpretAsUInt64(sum) AS sum_bits, positive_index, positive_count, negative_index, negative_count, custom_bounds
FROM metric_histograms
WHERE metric IN ${metrics} AND series_id IN ${series} AND ts <= ${new Date(toMs)}
  AND (ts >= ${new Date(fromMs)} OR temporality = ${DELTA})
ORDER BY series_id, ts
LIMIT 1 BY series_id, ts`;
}

function sampleOf(row: HistogramRow): HistogramSample {
  const isStale = BigInt(row.sum_bits) === (BigInt(STALE_HIGH) << 32n) + BigInt(STALE_LOW);
  const hint: CounterResetHint = row.temporality === GAUGE ? 'gauge' : 'unknown';
  return { timeMs: row.at_ms, histogram: isStale ? undefined : histogramOf(row, hint) };
}

function histogramOf(row: HistogramRow, counterReset: CounterResetHint): NativeHistogram {
  return {
    schema: row.schema,
    zeroThreshold: row.zero_threshold,
    zeroCount: row.zero_count,
    count: row.count,
    sum: row.sum,
    positiveIndexes: row.positive_index,
    positiveCounts: row.positive_count,
    negativeIndexes: row.negative_index,
    negativeCounts: row.negative_count,
    customBounds: row.custom_bounds,
    counterReset,
  };
}

/** A change of layout begins a new sum, which readers take for a counter reset. */
function addDelta(sums: Map<bigint, NativeHistogram>, id: bigint, row: HistogramRow): HistogramSample {
  const before = sums.get(id);
  const own = histogramOf(row, 'unknown');
  const isSame =
    before !== undefined && before.schema === own.schema && before.zeroThreshold === own.zeroThreshold;
  const total = isSame ? addSameLayout(before, own) : own;
  sums.set(id, total);
  return { timeMs: row.at_ms, histogram: total };
}

function addSameLayout(a: NativeHistogram, b: NativeHistogram): NativeHistogram {
  const positive = addBuckets(a.positiveIndexes, a.positiveCounts, b.positiveIndexes, b.positiveCounts);
  const negative = addBuckets(a.negativeIndexes, a.negativeCounts, b.negativeIndexes, b.negativeCounts);
  return {
    ...a,
    zeroCount: a.zeroCount + b.zeroCount,
    count: a.count + b.count,
    sum: a.sum + b.sum,
    positiveIndexes: positive.indexes,
    positiveCounts: positive.counts,
    negativeIndexes: negative.indexes,
    negativeCounts: negative.counts,
  };
}

function addBuckets(
  aIndexes: readonly number[],
  aCounts: readonly number[],
  bIndexes: readonly number[],
  bCounts: readonly number[],
): { indexes: number[]; counts: number[] } {
  const sums = new Map<number, number>();
  for (const [i, index] of aIndexes.entries()) sums.set(index, aCounts[i]!);
  for (const [i, index] of bIndexes.entries()) sums.set(index, (sums.get(index) ?? 0) + bCounts[i]!);
  const indexes = [...sums.keys()].sort((x, y) => x - y);
  return { indexes, counts: indexes.map((index) => sums.get(index)!) };
}

function tooManyHistograms(): BellwetherError {
  return new BellwetherError({
    code: 'too_many_samples',
    status: 422,
    message: `the selection has more than ${MAX_HISTOGRAMS} native histograms`,
    hint: 'select fewer series or a shorter time',
  });
}
