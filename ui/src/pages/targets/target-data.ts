import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { type LabelSet, prometheus, type QueryData } from '../explore/prometheus.ts';
import { seriesText } from '../explore/series-text.ts';

/** Scrape targets as Prometheus's API tells them. */
export interface ActiveTarget {
  readonly discoveredLabels: LabelSet;
  readonly labels: LabelSet;
  readonly scrapePool: string;
  readonly scrapeUrl: string;
  readonly globalUrl: string;
  readonly lastError: string;
  /** RFC 3339; year 1 before the first scrape. */
  readonly lastScrape: string;
  /** Seconds. */
  readonly lastScrapeDuration: number;
  readonly health: 'up' | 'down' | 'unknown';
  readonly scrapeInterval: string;
  readonly scrapeTimeout: string;
}

export interface DroppedTarget {
  readonly discoveredLabels: LabelSet;
  readonly scrapePool: string;
}

export interface TargetList {
  readonly activeTargets: readonly ActiveTarget[];
  readonly droppedTargets: readonly DroppedTarget[];
  readonly droppedTargetCounts: Readonly<Record<string, number>>;
}

export interface TargetsAnswer extends TargetList {
  readonly pools: readonly string[];
}

export const targetsEveryMs = 15_000;

export function useTargets(): UseQueryResult<TargetsAnswer> {
  return useQuery({
    queryKey: ['targets'],
    queryFn: async ({ signal }) => {
      const [targets, pools] = await Promise.all([
        prometheus<TargetList>('targets', { state: 'any' }, signal),
        prometheus<{ scrapePools: readonly string[] }>('scrape_pools', {}, signal),
      ]);
      return { ...targets.data, pools: pools.data.scrapePools };
    },
    refetchInterval: targetsEveryMs,
  });
}

/** How many samples the latest scrape of each target gave, by {@link targetKey}. Missing while queries are not answered. */
export function useSampleCounts(): UseQueryResult<ReadonlyMap<string, number>> {
  return useQuery({
    queryKey: ['targets', 'samples'],
    queryFn: async ({ signal }) => {
      const { data } = await prometheus<QueryData>('query', { query: 'scrape_samples_scraped' }, signal);
      const found = data.resultType === 'vector' ? data.result : [];
      return new Map(found.map(({ metric, value }) => [targetKey(metric), Number(value?.[1] ?? Number.NaN)]));
    },
    refetchInterval: targetsEveryMs,
    retry: false,
  });
}

/** A target by its labels, which are those of its series. */
export function targetKey(labels: LabelSet): string {
  const { __name__: _, ...others } = labels;
  return seriesText(others);
}

/** Epoch milliseconds of the latest scrape; null before the first. */
export function scrapedAtMs(target: ActiveTarget): number | null {
  const atMs = Date.parse(target.lastScrape);
  return Number.isFinite(atMs) && atMs > 0 ? atMs : null;
}

export interface Pool {
  readonly name: string;
  readonly targets: readonly ActiveTarget[];
  readonly up: number;
  /** Listed ones; `droppedCount` may be larger. */
  readonly dropped: readonly DroppedTarget[];
  readonly droppedCount: number;
}

/** Targets by pool in the order of their names; pools without any are there too. */
export function poolsOf(answer: TargetsAnswer): readonly Pool[] {
  const names = new Set([...answer.pools, ...answer.activeTargets.map(({ scrapePool }) => scrapePool)]);
  return [...names].sort().map((name) => {
    const targets = answer.activeTargets.filter(({ scrapePool }) => scrapePool === name);
    const dropped = answer.droppedTargets.filter(({ scrapePool }) => scrapePool === name);
    return {
      name,
      targets,
      up: targets.filter(({ health }) => health === 'up').length,
      dropped,
      droppedCount: Math.max(answer.droppedTargetCounts[name] ?? 0, dropped.length),
    };
  });
}

/** Whether every word stands in the address, a label, the pool or the error. */
export function matchesTarget(target: ActiveTarget, q: string): boolean {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const labels = Object.entries(target.labels).map(([name, value]) => `${name}=${value}`);
  const text = [target.scrapeUrl, target.scrapePool, target.lastError, target.health, ...labels]
    .join('\n')
    .toLowerCase();
  return words.every((word) => text.includes(word.replaceAll('"', '')));
}
