import { hostname } from 'node:os';
import { hash64, type Write } from '../ingest/index.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { type Log, silentLog } from '../lib/log.ts';
import {
  type AddressPolicy,
  allowAllAddresses,
  createOutboundClient,
  type OutboundClient,
  type OutboundOptions,
} from '../lib/outbound.ts';
import type { ScrapeConfig } from './config/index.ts';
import type { DiscoveryParts } from './discovery/index.ts';
import type { ScrapeLoop } from './scrape/loop.ts';
import type { ScrapeMeter } from './scrape/loop-parts.ts';
import { type PoolParts, ScrapePool } from './scrape/pool.ts';
import { nextDueMs } from './scrape/target.ts';
import {
  type PoolStatus,
  poolStatus,
  type TargetMetadata,
  type TargetMetadataQuery,
  type TargetsAnswer,
  type TargetsQuery,
  targetMetadata,
  targetsAnswer,
} from './status.ts';

const DEFAULT_MAX_BODY_BYTES = 64 * 1024 * 1024;
/** Node's timers are late by milliseconds on a busy machine; even times compress better. */
const DEFAULT_TOLERANCE_MS = 10;
/** Targets that are gone and whose end is not yet stored; beyond it the end is stored at once. */
const MAX_LEAVING = 10_000;

export interface ScraperParts {
  /** The pipeline's `write`. */
  readonly write: (write: Write) => Promise<unknown>;
  readonly log?: Log;
  readonly clock?: Clock;
  readonly meter?: ScrapeMeter;
  /** Makes HTTP clients; for tests. */
  readonly createClient?: (options: OutboundOptions) => OutboundClient;
  /** Addresses that may be scraped and asked for targets. Default: all. */
  readonly policy?: AddressPolicy;
  /** Default `Bellwether`. */
  readonly userAgent?: string;
  /** Differs between servers that scrape the same targets. Default: the host's name. */
  readonly seed?: string;
  /** Name under which others reach this machine, for `globalUrl`. Default: the host's name. */
  readonly globalHost?: string;
  /** Largest page where a job sets no `body_size_limit`, bytes. Default 64 MiB. */
  readonly maxBodyBytes?: number;
  /** Default 10; at most a hundredth of the interval is used. */
  readonly timestampToleranceMs?: number;
  readonly resolver?: DiscoveryParts['resolver'];
  readonly watchFolder?: DiscoveryParts['watchFolder'];
}

/** Scrapes the targets of all jobs. Starts with none. */
export interface Scraper {
  /** Takes over the jobs of a configuration: unchanged ones go on undisturbed, changed ones keep what is known of their targets. */
  reload(jobs: readonly ScrapeConfig[]): void;
  targets(query?: TargetsQuery): TargetsAnswer;
  targetMetadata(query?: TargetMetadataQuery): readonly TargetMetadata[];
  /** Names of the jobs, for `/api/v1/scrape_pools`. */
  scrapePools(): readonly string[];
  pools(): readonly PoolStatus[];
  /** Stops everything. Series are not ended: a server that restarts goes on with them. */
  close(): Promise<void>;
}

export function createScraper(parts: ScraperParts): Scraper {
  return new ScraperImpl(parts);
}

class ScraperImpl implements Scraper {
  readonly #parts: PoolParts;
  readonly #globalHost: string;
  #pools = new Map<string, ScrapePool>();
  /** How to keep the end of a target that is gone from being stored. */
  readonly #leaving = new Map<ScrapeLoop, () => void>();

  constructor(parts: ScraperParts) {
    const host = hostname();
    this.#globalHost = parts.globalHost ?? host;
    const createClient = parts.createClient ?? createOutboundClient;
    const policy = parts.policy ?? allowAllAddresses;
    this.#parts = {
      clock: parts.clock ?? systemClock,
      log: parts.log ?? silentLog,
      write: parts.write,
      meter: parts.meter,
      userAgent: parts.userAgent ?? 'Bellwether',
      seed: hash64(parts.seed ?? host),
      maxBodyBytes: parts.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES,
      timestampToleranceMs: parts.timestampToleranceMs ?? DEFAULT_TOLERANCE_MS,
      resolver: parts.resolver,
      watchFolder: parts.watchFolder,
      createClient: (options) => createClient({ ...options, policy }),
      loopsSince: (sinceMs) => [...this.#loops()].filter(({ startedMs }) => startedMs >= sinceMs),
      onGone: (loop) => this.#leave(loop),
    };
  }

  reload(jobs: readonly ScrapeConfig[]): void {
    const before = this.#pools;
    const pools = new Map<string, ScrapePool>();
    const fresh: ScrapePool[] = [];
    for (const job of jobs) {
      const known = before.get(job.jobName);
      if (known?.config.fingerprint === job.fingerprint) {
        pools.set(job.jobName, known);
        continue;
      }
      void known?.stop();
      const pool = new ScrapePool(job, this.#parts, known);
      pools.set(job.jobName, pool);
      fresh.push(pool);
    }
    this.#pools = pools;
    for (const pool of fresh) pool.start();
    for (const [name, pool] of before) {
      if (pools.has(name)) continue;
      void pool.stop();
      pool.abandon();
    }
  }

  targets(query: TargetsQuery = {}): TargetsAnswer {
    return targetsAnswer(this.#pools.values(), query, this.#globalHost);
  }

  targetMetadata(query: TargetMetadataQuery = {}): readonly TargetMetadata[] {
    return targetMetadata(this.#pools.values(), query);
  }

  scrapePools(): readonly string[] {
    return [...this.#pools.keys()].sort();
  }

  pools(): readonly PoolStatus[] {
    return poolStatus(this.#pools.values());
  }

  async close(): Promise<void> {
    for (const cancel of this.#leaving.values()) cancel();
    this.#leaving.clear();
    const pools = [...this.#pools.values()];
    this.#pools = new Map();
    await Promise.all(pools.map((pool) => pool.stop()));
  }

  *#loops(): Generator<ScrapeLoop> {
    for (const pool of this.#pools.values()) yield* pool.loops;
  }

  /**
   * The end of a target is stored only after two of its intervals: it may come back under another job or with another configuration,
   * and then its series did not end.
   */
  #leave(loop: ScrapeLoop): void {
    const { clock, seed } = this.#parts;
    const goneMs = clock.now();
    if (this.#leaving.size >= MAX_LEAVING) {
      void loop.writeEnd(goneMs);
      return;
    }
    const { target } = loop;
    const delayMs = nextDueMs(target, seed, goneMs) - goneMs + 1.1 * target.intervalMs;
    const cancel = clock.after(delayMs, () => {
      this.#leaving.delete(loop);
      void loop.writeEnd(goneMs);
    });
    this.#leaving.set(loop, cancel);
  }
}
