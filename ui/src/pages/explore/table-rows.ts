import { parseValue } from './graph-data.ts';
import type { HistogramJson, LabelSet, Point, QueryData } from './prometheus.ts';
import type { Letter } from './query-rows.ts';
import { seriesText } from './series-text.ts';

/** One series of an instant answer. */
export interface TableRow {
  /** Stable over refreshes, so that a row stays chosen. */
  readonly key: string;
  readonly metric: LabelSet;
  /** Epoch milliseconds of the value; null for a range of samples. */
  readonly atMs: number | null;
  /** The value as the API wrote it; empty for a histogram or samples. */
  readonly text: string;
  readonly histogram?: HistogramJson;
  /** Of a range selector. */
  readonly samples?: readonly Point[];
  /** What sorting compares: the value, the number of observations or of samples. NaN sorts last. */
  readonly order: number | null;
}

export function tableRowsOf(data: QueryData, letter: Letter): readonly TableRow[] {
  if (data.resultType === 'vector') {
    return data.result.map(({ metric, value, histogram }): TableRow => {
      const key = `${letter}:${seriesText(metric)}`;
      if (histogram !== undefined) {
        const [seconds, json] = histogram;
        return { key, metric, atMs: seconds * 1000, text: '', histogram: json, order: orderOf(json.count) };
      }
      const [seconds, text] = value ?? [0, 'NaN'];
      return { key, metric, atMs: seconds * 1000, text, order: orderOf(text) };
    });
  }
  if (data.resultType === 'matrix') {
    return data.result.map(({ metric, values, histograms }): TableRow => {
      const own = { key: `${letter}:${seriesText(metric)}`, metric, atMs: null, text: '' };
      const latest = histograms?.at(-1);
      if (latest !== undefined && values === undefined) {
        return { ...own, atMs: latest[0] * 1000, histogram: latest[1], order: orderOf(latest[1].count) };
      }
      return { ...own, samples: values ?? [], order: values?.length ?? 0 };
    });
  }
  return [];
}

function orderOf(text: string): number | null {
  const value = parseValue(text);
  return Number.isNaN(value) ? null : value;
}
