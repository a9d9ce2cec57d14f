import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { formatCount } from '../../lib/format.ts';
import { prometheus } from '../explore/prometheus.ts';

/** The report of the series limits. */
export interface LabelCount {
  readonly label: string;
  /** Different values, estimated. */
  readonly values: number;
}

export interface MetricCount {
  readonly metric: string;
  readonly series: number;
  /** New since the window of the count began. */
  readonly added: number;
  readonly labels: readonly LabelCount[];
}

export interface RefusedMetric {
  readonly metric: string;
  readonly series: number;
  readonly refusals: number;
  readonly limit: 'metric' | 'source' | 'total';
  readonly source: string;
  readonly label?: LabelCount;
  readonly last_at_ms: number;
}

export interface SourceCount {
  readonly source: string;
  readonly series: number;
  readonly refusals: number;
}

export interface SeriesReport {
  readonly series: number;
  readonly metrics: readonly MetricCount[];
  readonly labels: readonly LabelCount[];
  readonly sources: readonly SourceCount[];
  readonly new_per_hour: readonly { readonly hour_ms: number; readonly series: number }[];
  readonly refused: readonly RefusedMetric[];
  readonly other_refusals: number;
  readonly truncated: boolean;
}

export const cardinalityEveryMs = 30_000;

export function useCardinality(): UseQueryResult<SeriesReport> {
  return useQuery({
    queryKey: ['cardinality'],
    queryFn: async ({ signal }) => (await prometheus<SeriesReport>('cardinality', {}, signal)).data,
    refetchInterval: cardinalityEveryMs,
  });
}

/** Which limit was met, and the setting that holds it. */
export const limits = {
  metric: { what: 'the limit of one metric', setting: 'metrics.max_series_per_metric' },
  source: { what: 'the limit of one source', setting: 'metrics.max_series_per_source' },
  total: { what: 'the limit of the server', setting: 'metrics.max_series' },
} as const;

/** Values from which a label is the likely cause: fewer than these do not make a metric too large. */
const manyValues = 50;

/** What to do about refused series, most useful first. */
export function advice(refused: RefusedMetric): readonly string[] {
  const { label, metric, limit } = refused;
  const steps: string[] = [];
  if (label !== undefined && label.values >= manyValues) {
    steps.push(
      `The label ${label.label} has about ${formatCount(label.values)} values. Take it off where ${metric} is made: an id, a path or an address belongs in a log or a trace.`,
      `Or drop it while scraping: metric_relabel_configs with action: labeldrop and regex: ${label.label}. Add up what becomes equal at the source, or samples will collide.`,
    );
  } else if (limit === 'metric') {
    steps.push(
      `No single label stands out: the labels of ${metric} multiply. Take off one that nobody asks for.`,
    );
  } else {
    steps.push('Take off metrics or labels that nobody asks for; the largest are listed below.');
  }
  steps.push(
    `If all of it is needed, raise ${limits[limit].setting} in bellwether.yml. Memory grows with it.`,
  );
  return steps;
}
