import {
  keepPreviousData,
  type QueryClient,
  type UseQueryResult,
  useQueries,
  useQuery,
} from '@tanstack/react-query';
import { useMemo } from 'react';
import { type RangeText, resolveRange, type Zone } from '../../lib/time.ts';
import { useRangeText, useRefreshInterval, useZone } from '../../lib/url-state.ts';
import {
  type Answer,
  apiSeconds,
  type Explanation,
  type LabelSet,
  type MetricFacts,
  prometheus,
  type QueryData,
  type SeriesExemplars,
} from './prometheus.ts';
import type { QueryRow } from './query-rows.ts';
import { selectorOf } from './series-text.ts';
import { alignedRange, chooseStep } from './steps.ts';

/** What the server knows of metrics, as hooks. A query whose page is left, or that is overtaken, is cancelled on the server too. */

const keys = {
  names: 'metric-names',
  metadata: 'metric-metadata',
  labels: 'metric-labels',
  range: 'promql-range',
  instant: 'promql-instant',
  explain: 'promql-explain',
  exemplars: 'promql-exemplars',
  count: 'promql-count',
} as const;

/** First parts of the keys of everything that evaluates an expression. */
export const evaluationKeys: readonly string[] = [keys.range, keys.instant, keys.explain, keys.exemplars];

const minuteMs = 60_000;

/** Names of all metrics, sorted. Up to tens of thousands. */
export function useMetricNames(): UseQueryResult<readonly string[]> {
  return useQuery({
    queryKey: [keys.names],
    queryFn: async ({ signal }) =>
      (await prometheus<readonly string[]>('label/__name__/values', {}, signal)).data,
    staleTime: minuteMs,
    refetchInterval: (query) => (query.state.data?.length === 0 ? 5000 : 5 * minuteMs),
  });
}

export type Metadata = ReadonlyMap<string, MetricFacts>;

async function readMetadata(signal?: AbortSignal): Promise<Metadata> {
  type Listed = Readonly<Record<string, readonly MetricFacts[]>>;
  const { data } = await prometheus<Listed>('metadata', { limit_per_metric: 1 }, signal);
  return new Map(Object.entries(data).flatMap(([name, [facts]]) => (facts ? [[name, facts] as const] : [])));
}

/** Type, unit and help by family. */
export function useMetadata(): UseQueryResult<Metadata> {
  return useQuery({
    queryKey: [keys.metadata],
    queryFn: ({ signal }) => readMetadata(signal),
    staleTime: 5 * minuteMs,
  });
}

/** What a metric's family tells of it: its own facts, or those of the histogram or summary it is a part of. */
export function factsOf(metadata: Metadata | undefined, metric: string): MetricFacts | undefined {
  return metadata?.get(metric) ?? metadata?.get(metric.replace(/_(bucket|count|sum|total)$/, ''));
}

/** Labels of a metric's series with how many values each has; the name itself is left out. */
export function useMetricLabels(metric: string): UseQueryResult<readonly string[]> {
  return useQuery({
    queryKey: [keys.labels, metric],
    queryFn: async ({ signal }) => {
      const { data } = await prometheus<readonly string[]>(
        'labels',
        { 'match[]': selectorOf(metric) },
        signal,
      );
      return data.filter((name) => name !== '__name__');
    },
    enabled: metric !== '',
    staleTime: minuteMs,
  });
}

/** Same calls for the editor's completion, through the cache of the page. */
export function completionReads(client: QueryClient) {
  const read = <T>(key: readonly unknown[], queryFn: () => Promise<T>): Promise<T> =>
    client.fetchQuery({ queryKey: key, queryFn, staleTime: minuteMs });
  return {
    names: () =>
      read([keys.names], async () => (await prometheus<readonly string[]>('label/__name__/values')).data),
    metadata: () => read([keys.metadata], () => readMetadata()),
    labels: (selector: string) =>
      read([keys.labels, 'names', selector], async () => {
        const params = selector === '' ? {} : { 'match[]': selector };
        return (await prometheus<readonly string[]>('labels', params)).data;
      }),
    values: (label: string, selector: string) =>
      read([keys.labels, 'values', label, selector], async () => {
        const params = selector === '' ? {} : { 'match[]': selector };
        const limit = mostCompletedValues;
        const path = `label/${encodeURIComponent(label)}/values`;
        return (await prometheus<readonly string[]>(path, { ...params, limit })).data;
      }),
  };
}

/** Values of one label offered for completion. */
const mostCompletedValues = 2000;

/** Series in one answer; the server says when there were more. */
export const mostSeries = 2000;

export interface RangeAnswer extends Answer<QueryData> {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  readonly elapsedMs: number;
}

export interface InstantAnswer extends Answer<QueryData> {
  readonly atMs: number;
  readonly elapsedMs: number;
}

interface When {
  readonly text: RangeText;
  readonly zone: Zone;
  readonly everyMs: number | false;
}

export function useWhen(): When {
  const text = useRangeText();
  const zone = useZone();
  const { everyMs } = useRefreshInterval();
  return useMemo(() => ({ text, zone, everyMs }), [text, zone, everyMs]);
}

function rangeNow({ text, zone }: Pick<When, 'text' | 'zone'>): { fromMs: number; toMs: number } {
  const nowMs = Date.now();
  return resolveRange(text, nowMs, zone) ?? { fromMs: nowMs - 24 * 60 * minuteMs, toMs: nowMs };
}

async function readRange(
  expr: string,
  when: Pick<When, 'text' | 'zone'>,
  step: string,
  signal: AbortSignal,
): Promise<RangeAnswer> {
  const range = rangeNow(when);
  const { stepMs } = chooseStep(step, range);
  const { startMs, endMs } = alignedRange(range, stepMs);
  const startedAt = performance.now();
  const answer = await prometheus<QueryData>(
    'query_range',
    {
      query: expr,
      start: apiSeconds(startMs),
      end: apiSeconds(endMs),
      step: apiSeconds(stepMs),
      limit: mostSeries,
      stats: 'all',
    },
    signal,
  );
  return { ...answer, startMs, endMs, stepMs, elapsedMs: performance.now() - startedAt };
}

async function readInstant(
  expr: string,
  when: Pick<When, 'text' | 'zone'>,
  signal: AbortSignal,
): Promise<InstantAnswer> {
  const atMs = rangeNow(when).toMs;
  const startedAt = performance.now();
  const answer = await prometheus<QueryData>(
    'query',
    { query: expr, time: apiSeconds(atMs), limit: mostSeries, stats: 'all' },
    signal,
  );
  return { ...answer, atMs, elapsedMs: performance.now() - startedAt };
}

const noRetry = { retry: false, placeholderData: keepPreviousData } as const;

/** Two rows with the same text are one query. */
function distinctExprs(rows: readonly QueryRow[]): readonly string[] {
  return [...new Set(rows.map(({ expr }) => expr))];
}

/** Every row over the range of the page, each by itself: one that fails leaves the others standing. */
export function useRangeQueries(rows: readonly QueryRow[], step: string, isWanted: boolean) {
  const { text, zone, everyMs } = useWhen();
  const exprs = distinctExprs(rows);
  const queries = useQueries({
    queries: exprs.map((expr) => ({
      queryKey: [keys.range, expr, text.from, text.to, zone, step],
      queryFn: ({ signal }: { signal: AbortSignal }) => readRange(expr, { text, zone }, step, signal),
      enabled: isWanted,
      refetchInterval: everyMs,
      ...noRetry,
    })),
  });
  return rows.map(({ expr }) => queries[exprs.indexOf(expr)]!);
}

/** Every row at the end of the range. */
export function useInstantQueries(rows: readonly QueryRow[], isWanted: boolean) {
  const { text, zone, everyMs } = useWhen();
  const exprs = distinctExprs(rows);
  const queries = useQueries({
    queries: exprs.map((expr) => ({
      queryKey: [keys.instant, expr, text.from, text.to, zone],
      queryFn: ({ signal }: { signal: AbortSignal }) => readInstant(expr, { text, zone }, signal),
      enabled: isWanted,
      refetchInterval: everyMs,
      ...noRetry,
    })),
  });
  return rows.map(({ expr }) => queries[exprs.indexOf(expr)]!);
}

/** Plan and cost of one expression over the range. Evaluates it, so it is asked for only when it is looked at. */
export function useExplanation(expr: string, step: string): UseQueryResult<Answer<Explanation>> {
  const { text, zone } = useWhen();
  return useQuery({
    queryKey: [keys.explain, expr, text.from, text.to, zone, step],
    queryFn: ({ signal }) => {
      const range = rangeNow({ text, zone });
      const { stepMs } = chooseStep(step, range);
      const { startMs, endMs } = alignedRange(range, stepMs);
      const params = { start: apiSeconds(startMs), end: apiSeconds(endMs), step: apiSeconds(stepMs) };
      return prometheus<Explanation>('explain', { query: expr, ...params }, signal);
    },
    enabled: expr !== '',
    ...noRetry,
  });
}

/** Exemplars of the series in the visible rows. */
export function useExemplars(rows: readonly QueryRow[], isWanted: boolean) {
  const { text, zone, everyMs } = useWhen();
  return useQueries({
    queries: distinctExprs(rows).map((expr) => ({
      queryKey: [keys.exemplars, expr, text.from, text.to, zone],
      queryFn: async ({ signal }: { signal: AbortSignal }) => {
        const { fromMs, toMs } = rangeNow({ text, zone });
        const params = { query: expr, start: apiSeconds(fromMs), end: apiSeconds(toMs) };
        return (await prometheus<readonly SeriesExemplars[]>('query_exemplars', params, signal)).data;
      },
      enabled: isWanted,
      refetchInterval: everyMs,
      ...noRetry,
    })),
  });
}

/** Counting must not become the heavy query it is meant to warn of. */
const countTimeout = '3s';

/** About how many series these selectors select now; null when that could not be counted in time. */
export async function countSeries(
  selectors: readonly string[],
  signal?: AbortSignal,
): Promise<number | null> {
  if (selectors.length === 0) return 0;
  const query = selectors.map((selector) => `(count(${selector}) or vector(0))`).join(' + ');
  try {
    const { data } = await prometheus<QueryData>('query', { query, timeout: countTimeout }, signal);
    if (data.resultType !== 'vector') return null;
    return data.result.reduce((sum, { value }) => sum + Number(value?.[1] ?? 0), 0);
  } catch (error) {
    if (signal?.aborted) throw error;
    return null; // too many to count, or not an expression: the query itself will say so
  }
}

export const countKey = keys.count;

/** The labels of a series without its name. */
export function withoutName(metric: LabelSet): LabelSet {
  const { __name__: _, ...labels } = metric;
  return labels;
}
