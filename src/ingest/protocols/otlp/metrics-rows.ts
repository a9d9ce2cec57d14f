import { startOfDay } from '../../../lib/time.ts';
import { STALE_BYTES } from '../../../model/samples.ts';
import type { Batch } from '../../../store/index.ts';
import { appendLabels } from '../../series-rows.ts';
import type { DecodeContext } from '../../types.ts';
import type { SparseBuckets } from './metrics-exponential.ts';
import type { Exemplar } from './metrics-points.ts';
import {
  type InfoSeries,
  labelsOf,
  type MetricFamily,
  type PointSeries,
  type Series,
} from './metrics-series.ts';

/**
 * Bytes of labels that one request may write for series not seen before. A histogram repeats its labels per bucket,
 * so without a bound a small request could become a huge batch.
 */
export const MAX_NEW_LABEL_BYTES = 64 * 1024 * 1024;

const MINUTE_MS = 60_000;

export interface NativeHistogram {
  readonly timeMs: number;
  readonly startMs: number;
  readonly isDelta: boolean;
  readonly isGone: boolean;
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly count: number;
  readonly sum: number;
  readonly positive: SparseBuckets;
  readonly negative: SparseBuckets;
}

/**
 * Appends rows of the metric tables. Knows the columns and nothing of OTLP.
 *
 * One per request. State that outlives the request (start times, minutes) is only touched by `finish`, so a
 * request that is rolled back leaves nothing behind.
 */
export class MetricRows {
  readonly #batch: Batch;
  readonly #streams: DecodeContext['streams'];
  #newLabelBytes = 0;
  readonly #starts: { readonly series: PointSeries; readonly startMs: number }[] = [];
  readonly #minutes: { readonly info: InfoSeries; readonly minute: number }[] = [];

  constructor(context: DecodeContext) {
    this.#batch = context.batch;
    this.#streams = context.streams;
  }

  /** True when the request has written all the new labels it may. */
  get isOverBudget(): boolean {
    return this.#newLabelBytes > MAX_NEW_LABEL_BYTES;
  }

  /** Takes over what must outlive the request; not called when the request is rolled back. */
  finish(): void {
    for (const { series, startMs } of this.#starts) series.startMs = startMs;
    for (const { info, minute } of this.#minutes) info.minute = minute;
  }

  /** Remembers a start time once the request is known to be good. */
  startOnFinish(series: PointSeries, startMs: number): void {
    this.#starts.push({ series, startMs });
  }

  metadata(family: MetricFamily, dayMs: number): void {
    if (!this.#streams.firstSeen('metric_metadata', family.metadataId, dayMs)) return;
    const rows = this.#batch.metric_metadata;
    rows.metric.append(family.name);
    rows.type.append(family.type);
    rows.unit.append(family.unit);
    rows.help.append(family.help);
    rows.seen_at.append(dayMs / 1000);
  }

  /** Writes the row of a series where it is due, once a day; whether it was. */
  series(family: MetricFamily, series: Series, dayMs: number): boolean {
    if (!this.#streams.firstSeen('metric_series', series.key, dayMs)) return false;
    const rows = this.#batch.metric_series;
    rows.metric.append(series.metric);
    rows.series_id.appendParts(series.low, series.high);
    rows.seen_at.append(dayMs / 1000);
    const before = rows.labels.byteLength;
    appendLabels(rows.labels, labelsOf(series));
    this.#newLabelBytes += rows.labels.byteLength - before;
    rows.type.append(family.type);
    rows.unit.append(family.unit);
    rows.storage.append(family.storage);
    return true;
  }

  sample(series: Series, timeMs: number, value: number): void {
    const rows = this.#batch.metric_samples;
    rows.metric.append(series.metric);
    rows.series_id.appendParts(series.low, series.high);
    rows.ts.append(timeMs);
    rows.value.append(value);
  }

  /** A sample that says: here the series ends. */
  staleSample(series: Series, timeMs: number): void {
    const rows = this.#batch.metric_samples;
    rows.metric.append(series.metric);
    rows.series_id.appendParts(series.low, series.high);
    rows.ts.append(timeMs);
    rows.value.appendRaw(STALE_BYTES, 0);
  }

  /** @param startMs 0 when not known. */
  delta(series: Series, timeMs: number, startMs: number, value: number): void {
    const rows = this.#batch.metric_deltas;
    rows.metric.append(series.metric);
    rows.series_id.appendParts(series.low, series.high);
    rows.ts.append(timeMs);
    rows.start_ts.append(startMs);
    rows.value.append(value);
  }

  nativeHistogram(series: Series, histogram: NativeHistogram): void {
    const rows = this.#batch.metric_histograms;
    rows.metric.append(series.metric);
    rows.series_id.appendParts(series.low, series.high);
    rows.ts.append(histogram.timeMs);
    rows.start_ts.append(histogram.startMs);
    rows.temporality.append(histogram.isDelta ? 1 : 0);
    rows.schema.append(histogram.schema);
    rows.zero_threshold.append(histogram.zeroThreshold);
    rows.zero_count.append(histogram.zeroCount);
    // Prometheus marks the end of a native histogram in its sum; its count is marked as well.
    for (const [column, value] of [
      [rows.count, histogram.count],
      [rows.sum, histogram.sum],
    ] as const) {
      if (histogram.isGone) column.appendRaw(STALE_BYTES, 0);
      else column.append(value);
    }
    for (const index of histogram.positive.indexes) rows.positive_index.items.append(index);
    for (const count of histogram.positive.counts) rows.positive_count.items.append(count);
    for (const index of histogram.negative.indexes) rows.negative_index.items.append(index);
    for (const count of histogram.negative.counts) rows.negative_count.items.append(count);
    rows.positive_index.close();
    rows.positive_count.close();
    rows.negative_index.close();
    rows.negative_count.close();
    rows.custom_bounds.close();
  }

  /** @param pointMs the time of an exemplar that has none. */
  exemplar(series: Series, exemplar: Exemplar, pointMs: number): void {
    const rows = this.#batch.metric_exemplars;
    rows.metric.append(series.metric);
    rows.series_id.appendParts(series.low, series.high);
    rows.ts.append(exemplar.timeMs === 0 ? pointMs : exemplar.timeMs);
    rows.value.append(exemplar.value);
    if (exemplar.traceId === undefined) rows.trace_id.appendZero();
    else rows.trace_id.appendBytes(exemplar.traceId, 0);
    if (exemplar.spanId === undefined) rows.span_id.appendZero();
    else rows.span_id.appendBytes(exemplar.spanId, 0);
    appendLabels(rows.labels, exemplar.labels);
  }

  /** A sample of `target_info` and the like, at most one a minute. */
  info(info: InfoSeries, timeMs: number): void {
    const dayMs = startOfDay(timeMs);
    this.metadata(info.family, dayMs);
    const isNew = this.series(info.family, info.series, dayMs);
    const minute = Math.floor(timeMs / MINUTE_MS);
    if (!isNew && minute === info.minute) return;
    this.#minutes.push({ info, minute });
    this.sample(info.series, timeMs, 1);
  }
}
