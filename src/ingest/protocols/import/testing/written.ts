import type { DecodeContext } from '../../../types.ts';
import { type PlainRow, rowsOf } from '../../otlp/metrics-test-kit.ts';

/** Samples of a batch, in order, as `name{label="value"} value @time-since-now`; staleness markers as `stale`. */
export function writtenSamples({ batch, nowMs }: DecodeContext): string[] {
  const series = labelsById(batch);
  return rowsOf(batch, 'metric_samples').map((row) => `${series(row)} ${numberOf(row)}${timeOf(row, nowMs)}`);
}

/** Native histograms of a batch: name with labels, and count. */
export function writtenHistograms({ batch, nowMs }: DecodeContext): string[] {
  const series = labelsById(batch);
  return rowsOf(batch, 'metric_histograms').map((row) => `${series(row)} ${row.count}${timeOf(row, nowMs)}`);
}

export function writtenMetadata({ batch }: DecodeContext): unknown[] {
  return rowsOf(batch, 'metric_metadata').map(({ metric, type, unit, help }) => [metric, type, unit, help]);
}

export function writtenExemplars({ batch, nowMs }: DecodeContext): unknown[] {
  return rowsOf(batch, 'metric_exemplars').map((row) => [
    row.metric,
    row.value,
    (row.ts as number) - nowMs,
    row.trace_id,
    row.labels,
  ]);
}

function labelsById(batch: DecodeContext['batch']): (row: PlainRow) => string {
  const known = new Map<unknown, string>();
  for (const { series_id, labels } of rowsOf(batch, 'metric_series')) {
    const parts = Object.entries(labels as Record<string, string>).map(
      ([name, value]) => `${name}="${value}"`,
    );
    known.set(series_id, parts.length === 0 ? '' : `{${parts.join(',')}}`);
  }
  return ({ metric, series_id }) => `${metric}${known.get(series_id) ?? '{?}'}`;
}

function numberOf({ value }: PlainRow): string {
  return String(value);
}

function timeOf({ ts }: PlainRow, nowMs: number): string {
  const sinceMs = (ts as number) - nowMs;
  return sinceMs === 0 ? '' : ` @${sinceMs}`;
}
