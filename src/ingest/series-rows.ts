import { type Labels, METRIC_NAME } from '../model/labels.ts';
import type { NativeHistogram } from '../model/native-histogram.ts';
import type { AttributeMapColumn } from '../store/index.ts';
import { hash64, type Label, seriesId } from './series-id.ts';
import { dayOf } from './time.ts';
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
}

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
    histogramKey: id ^ NATIVE_SALT,
  };
}

/** Key of a metadata row; compute it once per family. */
export function metadataKey({ metric, type, unit, help }: MetricFacts): bigint {
  return hash64(JSON.stringify([metric, type, unit, help]));
}

/**
 * Appends rows of the metric tables for protocols that bring series as Prometheus has them. It writes the row of a series once a
 * day; nothing here checks times or limits.
 */
export class SeriesRows {
  readonly #batch: DecodeContext['batch'];
  readonly #streams: DecodeContext['streams'];

  constructor(context: Pick<DecodeContext, 'batch' | 'streams'>) {
    this.#batch = context.batch;
    this.#streams = context.streams;
  }

  metadata(facts: MetricFacts, key: bigint, timeMs: number): void {
    const dayMs = dayOf(timeMs);
    if (!this.#streams.firstSeen('metric_metadata', key, dayMs)) return;
    const rows = this.#batch.metric_metadata;
    rows.metric.append(facts.metric);
    rows.type.append(facts.type);
    rows.unit.append(facts.unit);
    rows.help.append(facts.help);
    rows.seen_at.append(dayMs / 1000);
  }

  sample(series: SeriesRef, timeMs: number, value: number): void {
    this.#announce(series, series.sampleKey, timeMs, 'cumulative');
    const rows = this.#batch.metric_samples;
    rows.metric.append(series.metric);
    rows.series_id.appendParts(series.low, series.high);
    rows.ts.append(timeMs);
    rows.value.append(value);
  }

  /** As `sample` with the eight little-endian bytes of the value at `source[start]`, which keeps staleness markers as they are. */
  sampleBits(series: SeriesRef, timeMs: number, source: Uint8Array, start: number): void {
    this.#announce(series, series.sampleKey, timeMs, 'cumulative');
    const rows = this.#batch.metric_samples;
    rows.metric.append(series.metric);
    rows.series_id.appendParts(series.low, series.high);
    rows.ts.append(timeMs);
    rows.value.appendRaw(source, start);
  }

  /** A sample that says: here the series ends. */
  stale(series: SeriesRef, timeMs: number): void {
    this.sampleBits(series, timeMs, STALE_NAN, 0);
  }

  /** @param startMs when counting began, 0 when not known. */
  histogram(series: SeriesRef, timeMs: number, startMs: number, histogram: NativeHistogram): void {
    this.#announce(series, series.histogramKey, timeMs, 'native');
    const rows = this.#batch.metric_histograms;
    rows.metric.append(series.metric);
    rows.series_id.appendParts(series.low, series.high);
    rows.ts.append(timeMs);
    rows.start_ts.append(startMs);
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

  #announce(series: SeriesRef, key: bigint, timeMs: number, storage: 'cumulative' | 'native'): void {
    const dayMs = dayOf(timeMs);
    if (!this.#streams.firstSeen('metric_series', key, dayMs)) return;
    const rows = this.#batch.metric_series;
    rows.metric.append(series.metric);
    rows.series_id.appendParts(series.low, series.high);
    rows.seen_at.append(dayMs / 1000);
    appendLabels(rows.labels, series.labels);
    rows.type.append('');
    rows.unit.append('');
    rows.storage.append(storage);
  }
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

const STALE_NAN = Uint8Array.of(0x02, 0, 0, 0, 0, 0, 0xf0, 0x7f);

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
