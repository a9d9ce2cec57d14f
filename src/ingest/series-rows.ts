import { DAY_MS, startOfDay } from '../lib/time.ts';
import { type Labels, METRIC_NAME } from '../model/labels.ts';
import type { NativeHistogram } from '../model/native-histogram.ts';
import { STALE_BYTES } from '../model/samples.ts';
import type { AttributeMapColumn } from '../store/index.ts';
import type { SeriesRefusal } from './cardinality.ts';
import { hash64, type Label, seriesId } from './series-id.ts';
import type { DecodeContext } from './types.ts';

/** Metric types as Prometheus names them; `''` when not known. */
export type MetricType =
  | 'counter'
  | 'gauge'
  | 'histogram'
  | 'gaugehistogram'
  | 'summary'
  | 'info'
  | 'stateset'
  | 'unknown'
  | '';

/** A series that samples can be written for; make one per series with {@link createSeriesRef} and keep it. */
export interface SeriesRef {
  readonly metric: string;
  /** Sorted by name, without `__name__`. */
  readonly labels: readonly Label[];
  readonly id: bigint;
  /** The id's halves, for columns. */
  readonly low: number;
  readonly high: number;
  /** What the registry knows the row in `metric_series` by, for samples and for native histograms. */
  readonly sampleKey: bigint;
  readonly histogramKey: bigint;
  /** What {@link SeriesRows} remembers of the series' row: the day it was last written for, in which epoch of the registry. */
  sampleDayMs: number;
  sampleEpoch: number;
  histogramDayMs: number;
  histogramEpoch: number;
}

/** Of a series whose row nobody has asked for. */
export const NEVER_ANNOUNCED = {
  sampleDayMs: 0,
  sampleEpoch: 0,
  histogramDayMs: 0,
  histogramEpoch: 0,
} as const;

export interface MetricFacts {
  readonly metric: string;
  readonly type: MetricType;
  readonly unit: string;
  readonly help: string;
}

/** Any number; keys live in memory only. The same series in another storage has a row of its own. */
const NATIVE_SALT = 0xc2b2_ae3d_27d4_eb4fn;

/** @param labels with `__name__`. */
export function createSeriesRef(labels: Labels): SeriesRef {
  const own: Label[] = [...labels.entries()].filter(([name]) => name !== METRIC_NAME);
  const { metric } = labels;
  const id = seriesId(metric, own);
  return {
    metric,
    labels: own,
    id,
    low: Number(id & 0xffff_ffffn),
    high: Number(id >> 32n),
    sampleKey: id,
    histogramKey: histogramKeyOf(id),
    ...NEVER_ANNOUNCED,
  };
}

/** What the registry knows the row of a series of native histograms by. */
export function histogramKeyOf(id: bigint): bigint {
  return id ^ NATIVE_SALT;
}

/** Key of a metadata row; compute it once per family. */
export function metadataKey({ metric, type, unit, help }: MetricFacts): bigint {
  return hash64(JSON.stringify([metric, type, unit, help]));
}

export type SeriesRowsContext = Pick<DecodeContext, 'batch' | 'streams'> &
  Partial<Pick<DecodeContext, 'nowMs' | 'seriesLimits' | 'seriesSource'>>;

/**
 * Appends rows of the metric tables for protocols that bring series as Prometheus has them. It writes the row of a series once a
 * day, and asks `seriesLimits` before it takes a series it does not know; nothing here checks times or other limits.
 */
export class SeriesRows {
  readonly #context: SeriesRowsContext;
  readonly #batch: DecodeContext['batch'];
  readonly #streams: DecodeContext['streams'];
  /** Why the last sample or histogram that was not taken was not. */
  refusal: SeriesRefusal | undefined;

  constructor(context: SeriesRowsContext) {
    this.#context = context;
    this.#batch = context.batch;
    this.#streams = context.streams;
  }

  metadata(facts: MetricFacts, key: bigint, timeMs: number): void {
    const dayMs = startOfDay(timeMs);
    if (!this.#streams.firstSeen('metric_metadata', key, dayMs)) return;
    const rows = this.#batch.metric_metadata;
    rows.metric.append(facts.metric);
    rows.type.append(facts.type);
    rows.unit.append(facts.unit);
    rows.help.append(facts.help);
    rows.seen_at.append(dayMs / 1000);
  }

  /** Whether the sample was taken; when not, `refusal` says why. */
  sample(series: SeriesRef, timeMs: number, value: number): boolean {
    if (!this.#takesSample(series, timeMs)) return false;
    this.#batch.metric_samples.value.append(value);
    return true;
  }

  /** As `sample` with the eight little-endian bytes of the value at `source[start]`, which keeps staleness markers as they are. */
  sampleBits(series: SeriesRef, timeMs: number, source: Uint8Array, start: number): boolean {
    if (!this.#takesSample(series, timeMs)) return false;
    this.#batch.metric_samples.value.appendRaw(source, start);
    return true;
  }

  /** As `sampleBits` and quicker, for who has a view of the source. */
  sampleWords(series: SeriesRef, timeMs: number, source: DataView, start: number): boolean {
    if (!this.#takesSample(series, timeMs)) return false;
    this.#batch.metric_samples.value.appendWords(source, start);
    return true;
  }

  /** Appends everything but the value. */
  #takesSample(series: SeriesRef, timeMs: number): boolean {
    const sinceMs = timeMs - series.sampleDayMs;
    if (sinceMs < 0 || sinceMs >= DAY_MS || series.sampleEpoch !== this.#streams.epoch) {
      if (!this.#announce(series, series.sampleKey, timeMs, 'cumulative')) return false;
      series.sampleDayMs = startOfDay(timeMs);
      series.sampleEpoch = this.#streams.epoch;
    }
    const rows = this.#batch.metric_samples;
    rows.metric.append(series.metric);
    rows.series_id.appendParts(series.low, series.high);
    rows.ts.append(timeMs);
    return true;
  }

  /** A sample that says: here the series ends. */
  stale(series: SeriesRef, timeMs: number): boolean {
    return this.sampleBits(series, timeMs, STALE_BYTES, 0);
  }

  /**
   * Whether the histogram was taken; when not, `refusal` says why.
   *
   * @param startMs when counting began, 0 when not known.
   */
  histogram(series: SeriesRef, timeMs: number, startMs: number, histogram: NativeHistogram): boolean {
    if (!this.#takesHistogram(series, timeMs, startMs)) return false;
    const rows = this.#batch.metric_histograms;
    rows.temporality.append(histogram.counterReset === 'gauge' ? GAUGE : CUMULATIVE);
    rows.schema.append(histogram.schema);
    rows.zero_threshold.append(histogram.zeroThreshold);
    rows.zero_count.append(histogram.zeroCount);
    rows.count.append(histogram.count);
    rows.sum.append(histogram.sum);
    appendAll(rows.positive_index, histogram.positiveIndexes);
    appendAll(rows.positive_count, histogram.positiveCounts);
    appendAll(rows.negative_index, histogram.negativeIndexes);
    appendAll(rows.negative_count, histogram.negativeCounts);
    appendAll(rows.custom_bounds, histogram.customBounds);
    return true;
  }

  /** A histogram that says: here the series ends. The mark stands in its sum, as in Prometheus, and in its count. */
  staleHistogram(series: SeriesRef, timeMs: number): boolean {
    if (!this.#takesHistogram(series, timeMs, 0)) return false;
    const rows = this.#batch.metric_histograms;
    rows.temporality.append(CUMULATIVE);
    rows.schema.append(0);
    rows.zero_threshold.append(0);
    rows.zero_count.append(0);
    rows.count.appendRaw(STALE_BYTES, 0);
    rows.sum.appendRaw(STALE_BYTES, 0);
    const { positive_index, positive_count, negative_index, negative_count, custom_bounds } = rows;
    for (const column of [positive_index, positive_count, negative_index, negative_count, custom_bounds]) {
      column.close();
    }
    return true;
  }

  /** Appends what all histograms begin with. */
  #takesHistogram(series: SeriesRef, timeMs: number, startMs: number): boolean {
    const sinceMs = timeMs - series.histogramDayMs;
    if (sinceMs < 0 || sinceMs >= DAY_MS || series.histogramEpoch !== this.#streams.epoch) {
      if (!this.#announce(series, series.histogramKey, timeMs, 'native')) return false;
      series.histogramDayMs = startOfDay(timeMs);
      series.histogramEpoch = this.#streams.epoch;
    }
    const rows = this.#batch.metric_histograms;
    rows.metric.append(series.metric);
    rows.series_id.appendParts(series.low, series.high);
    rows.ts.append(timeMs);
    rows.start_ts.append(startMs);
    return true;
  }

  /** @param exemplarMs epoch milliseconds; `labels` hold everything but the trace and span ids. */
  exemplar(series: SeriesRef, exemplarMs: number, exemplar: ExemplarFacts): void {
    const rows = this.#batch.metric_exemplars;
    rows.metric.append(series.metric);
    rows.series_id.appendParts(series.low, series.high);
    rows.ts.append(exemplarMs);
    rows.value.append(exemplar.value);
    if (exemplar.traceId?.length === 16) rows.trace_id.appendBytes(exemplar.traceId, 0);
    else rows.trace_id.appendZero();
    if (exemplar.spanId?.length === 8) rows.span_id.appendBytes(exemplar.spanId, 0);
    else rows.span_id.appendZero();
    appendLabels(rows.labels, exemplar.labels);
  }

  /** Writes the series' row where it is due; false when the limits do not admit the series. */
  #announce(series: SeriesRef, key: bigint, timeMs: number, storage: 'cumulative' | 'native'): boolean {
    const { seriesLimits, seriesSource, nowMs } = this.#context;
    // Before the registry is asked: a series it has seen counts as written.
    if (seriesLimits !== undefined) {
      this.refusal = seriesLimits.admits(seriesSource ?? jobOf(series), series, nowMs ?? timeMs);
      if (this.refusal !== undefined) return false;
    }
    const dayMs = startOfDay(timeMs);
    if (!this.#streams.firstSeen('metric_series', key, dayMs)) return true;
    const rows = this.#batch.metric_series;
    rows.metric.append(series.metric);
    rows.series_id.appendParts(series.low, series.high);
    rows.seen_at.append(dayMs / 1000);
    appendLabels(rows.labels, series.labels);
    rows.type.append('');
    rows.unit.append('');
    rows.storage.append(storage);
    return true;
  }
}

function jobOf(series: SeriesRef): string {
  return series.labels.find(([name]) => name === 'job')?.[1] ?? '';
}

export interface ExemplarFacts {
  readonly value: number;
  /** 16 and 8 bytes. */
  readonly traceId: Uint8Array | undefined;
  readonly spanId: Uint8Array | undefined;
  readonly labels: readonly Label[];
}

/** `temporality` of `metric_histograms`. */
const CUMULATIVE = 0;
const GAUGE = 2;

function appendAll(
  column: { readonly items: { append(value: number): void }; close(): void },
  values: readonly number[],
): void {
  for (const value of values) column.items.append(value);
  column.close();
}

export function appendLabels(column: AttributeMapColumn, labels: readonly Label[]): void {
  for (const [name, value] of labels) {
    column.keys.append(name);
    column.values.append(value);
  }
  column.close();
}
