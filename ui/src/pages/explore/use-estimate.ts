import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useState } from 'react';
import { countKey, countSeries } from './metric-queries.ts';

/** Series from which a query is asked for twice before it runs. */
export const hugeSeries = 10_000;

/** Typing must have paused this long before the server is asked to count. */
const pauseMs = 600;
/** A run waits no longer than this for its estimate. */
const longestWaitMs = 2000;
const staleMs = 60_000;

async function selectorsIn(expr: string): Promise<readonly string[] | null> {
  if (expr.trim() === '') return null;
  const { selectorsOf } = await import('./editor/selectors.ts');
  return selectorsOf(expr);
}

export interface Estimate {
  /** Series selected now, null when they could not be counted in time. */
  readonly series: number | null;
}

async function estimate(expr: string, signal?: AbortSignal): Promise<Estimate | null> {
  const selectors = await selectorsIn(expr);
  return selectors === null ? null : { series: await countSeries(selectors, signal) };
}

/** How many series an expression selects, some time after it was typed. Null while that is not known, or when it selects none. */
export function useEstimate(expr: string): Estimate | null {
  const settled = usePaused(expr, pauseMs);
  const { data } = useQuery({
    queryKey: [countKey, settled.trim()],
    queryFn: ({ signal }) => estimate(settled, signal),
    enabled: settled.trim() !== '',
    staleTime: staleMs,
    retry: false,
  });
  return settled === expr ? (data ?? null) : null;
}

function usePaused(text: string, ms: number): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), ms);
    return () => clearTimeout(timer);
  }, [text, ms]);
  return settled;
}

/** Counts before a run. Resolves with null when the count takes too long: the server has limits of its own. */
export function useCountBefore(): (expr: string) => Promise<Estimate | null> {
  const client = useQueryClient();
  return useCallback(
    (expr) => {
      const counted = client
        .fetchQuery({
          queryKey: [countKey, expr.trim()],
          queryFn: ({ signal }) => estimate(expr, signal),
          staleTime: staleMs,
          retry: false,
        })
        .catch(() => null); // the query itself will tell what is wrong
      const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), longestWaitMs));
      return Promise.race([counted, late]);
    },
    [client],
  );
}
