import type { MetricFacts } from '../ingest/index.ts';
import type { Labels } from '../model/labels.ts';
import { formatPromDuration } from '../prom-config/index.ts';
import type { ScrapeLoop } from './scrape/loop.ts';
import type { ScrapePool } from './scrape/pool.ts';

/** An entry of `activeTargets` in `/api/v1/targets`, as Prometheus writes it. */
export interface ActiveTarget {
  readonly discoveredLabels: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
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
  readonly discoveredLabels: Readonly<Record<string, string>>;
  readonly scrapePool: string;
}

/** `data` of `/api/v1/targets`. */
export interface TargetsAnswer {
  readonly activeTargets: readonly ActiveTarget[];
  readonly droppedTargets: readonly DroppedTarget[];
  /** How many relabelling dropped, by job; more than are listed when there are many. */
  readonly droppedTargetCounts: Readonly<Record<string, number>>;
}

export interface TargetsQuery {
  /** Default `any`. Any other text leaves both lists empty. */
  readonly state?: string | undefined;
  /** One job only. */
  readonly scrapePool?: string | undefined;
}

/** An entry of `/api/v1/targets/metadata`. */
export interface TargetMetadata {
  readonly target: Readonly<Record<string, string>>;
  /** Absent when one metric was asked for. */
  readonly metric?: string;
  readonly type: string;
  readonly help: string;
  readonly unit: string;
}

export interface TargetMetadataQuery {
  /** Which targets; all when absent. */
  readonly matches?: ((labels: Labels) => boolean) | undefined;
  /** One metric only. */
  readonly metric?: string | undefined;
  /** Targets that are looked at; none or less than 1: all. */
  readonly limit?: number | undefined;
}

/** How a job is doing. */
export interface PoolStatus {
  readonly name: string;
  readonly active: number;
  readonly up: number;
  readonly dropped: number;
  /** Discoveries that fail and targets that are none; at most about a hundred. */
  readonly problems: readonly string[];
}

const NEVER = '0001-01-01T00:00:00Z';

/** @param globalHost name under which others reach this machine. */
export function targetsAnswer(
  pools: Iterable<ScrapePool>,
  { state = 'any', scrapePool }: TargetsQuery,
  globalHost: string,
): TargetsAnswer {
  const chosen = sortedPools(pools).filter(
    ({ config }) => scrapePool === undefined || config.jobName === scrapePool,
  );
  const wanted = state.toLowerCase();
  const showsActive = wanted === 'any' || wanted === '' || wanted === 'active';
  const showsDropped = wanted === 'any' || wanted === '' || wanted === 'dropped';
  return {
    activeTargets: showsActive
      ? chosen.flatMap((pool) => sortedLoops(pool).map((loop) => activeTarget(pool, loop, globalHost)))
      : [],
    droppedTargets: showsDropped
      ? chosen.flatMap((pool) =>
          pool.dropped.map((labels) => ({
            discoveredLabels: labels.toObject(),
            scrapePool: pool.config.jobName,
          })),
        )
      : [],
    droppedTargetCounts: Object.fromEntries(chosen.map((pool) => [pool.config.jobName, pool.droppedCount])),
  };
}

function activeTarget(pool: ScrapePool, loop: ScrapeLoop, globalHost: string): ActiveTarget {
  const { target, status } = loop;
  return {
    discoveredLabels: loop.discoveredLabels.toObject(),
    labels: target.labels.toObject(),
    scrapePool: pool.config.jobName,
    scrapeUrl: target.url,
    globalUrl: globalUrl(target.url, globalHost),
    lastError: status.lastError,
    lastScrape: status.lastScrapeMs === undefined ? NEVER : new Date(status.lastScrapeMs).toISOString(),
    lastScrapeDuration: status.lastDurationS,
    health: status.health,
    scrapeInterval: formatPromDuration(target.intervalMs),
    scrapeTimeout: formatPromDuration(target.timeoutMs),
  };
}

/** The URL as others can use it: this machine's name instead of loopback. */
export function globalUrl(url: string, globalHost: string): string {
  return url.replace(/^(https?:\/\/)(localhost|127\.0\.0\.1|\[::1\])(?=[:/?]|$)/, `$1${globalHost}`);
}

export function targetMetadata(pools: Iterable<ScrapePool>, query: TargetMetadataQuery): TargetMetadata[] {
  const { matches, metric, limit = 0 } = query;
  const found: TargetMetadata[] = [];
  let targets = 0;
  for (const loop of sortedPools(pools).flatMap(sortedLoops)) {
    if (matches !== undefined && !matches(loop.target.labels)) continue;
    if (limit > 0 && targets >= limit) break;
    targets++;
    const target = loop.target.labels.toObject();
    if (metric === undefined || metric === '') {
      for (const facts of loop.cache.metadata()) found.push(entry(target, facts, facts.metric));
    } else {
      const facts = loop.cache.metadataOf(metric);
      if (facts !== undefined) found.push(entry(target, facts));
    }
  }
  return found;
}

function entry(
  target: Readonly<Record<string, string>>,
  facts: MetricFacts,
  metric?: string,
): TargetMetadata {
  const { type, help, unit } = facts;
  return { target, ...(metric !== undefined && { metric }), type: type || 'unknown', help, unit };
}

export function poolStatus(pools: Iterable<ScrapePool>): PoolStatus[] {
  return sortedPools(pools).map((pool) => {
    const loops = [...pool.loops];
    return {
      name: pool.config.jobName,
      active: loops.length,
      up: loops.filter(({ status }) => status.health === 'up').length,
      dropped: pool.droppedCount,
      problems: pool.problems,
    };
  });
}

function sortedPools(pools: Iterable<ScrapePool>): ScrapePool[] {
  return [...pools].sort((a, b) => (a.config.jobName < b.config.jobName ? -1 : 1));
}

function sortedLoops(pool: ScrapePool): ScrapeLoop[] {
  return [...pool.loops].sort((a, b) => (a.target.url < b.target.url ? -1 : 1));
}
