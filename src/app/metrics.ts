import { hostname } from 'node:os';
import { stringify } from 'yaml';
import { createHostCollector, createScraper, type OwnProcess, type Scraper } from '../collect/index.ts';
import { type Config, withoutSecrets } from '../config/index.ts';
import type { PrometheusService, PrometheusWrites } from '../http/index.ts';
import { createSeriesLimits, type IngestPipeline, type SeriesLimits } from '../ingest/index.ts';
import type { Log } from '../lib/log.ts';
import { createPromqlService, type PromqlService, type RuleStatus } from '../query/metrics/index.ts';
import type { ServerMetrics } from '../self/index.ts';
import type { SnapshotStore } from '../state/index.ts';
import {
  createSampleStore,
  type MetricsHead,
  type SampleStore,
  systemClock,
  type Writer,
} from '../store/index.ts';
import { createForwarding } from './forwarding.ts';
import { settleHead, watchLeftovers } from './metrics-head.ts';
import { createPrometheusWrites } from './prometheus-writes.ts';
import { keepPushGroups } from './push-groups.ts';
import { readScraping, type Scraping } from './scraping.ts';
import { collectSelf, observeDisk, observeMetricStore, observeRemoteWrite } from './self-metrics.ts';
import { seriesAdmin } from './series-admin.ts';
import type { Stack } from './stack.ts';
import type { Storage } from './storage.ts';

const SERIES_WINDOW_MS = 86_400_000;
/** With several servers on one store a sample must not stay with one of them for long. */
const SHARED_JOURNAL_AGE_MS = 5 * 60_000;

export function createLimits({ metrics }: Config): SeriesLimits {
  return createSeriesLimits({
    maxSeries: metrics.max_series,
    maxSeriesPerMetric: metrics.max_series_per_metric,
    maxSeriesPerSource: metrics.max_series_per_source,
    windowMs: SERIES_WINDOW_MS,
  });
}

export interface MetricsParts {
  readonly config: Config;
  readonly version: string;
  readonly storage: Storage;
  readonly writer: Writer;
  readonly head: MetricsHead;
  readonly limits: SeriesLimits;
  readonly registry: ServerMetrics['registry'];
  /** What `/api/v1/rules` and `/api/v1/alerts` tell. */
  readonly rules: RuleStatus;
  readonly intake: IngestPipeline;
  /** Makes those who announce series announce them again. */
  readonly forgetSeries: () => void;
  readonly snapshots: SnapshotStore;
  readonly clock: () => number;
  readonly log: Log;
  readonly stack: Stack;
}

/** Everything about metrics: packing, queries, what is fetched, what is pushed. */
export interface Metrics {
  readonly service: PrometheusService;
  readonly writes: PrometheusWrites;
  readonly promql: PromqlService;
  readonly samples: SampleStore;
  readonly scraper: Scraper;
  readonly externalLabels: Readonly<Record<string, string>>;
  /** Starts what fetches by itself. To be called when the listeners are open. */
  startCollecting(processes: () => readonly OwnProcess[]): void;
}

/** @throws ConfigError when the scrape jobs have mistakes. */
export async function createMetrics(parts: MetricsParts): Promise<Metrics> {
  const { config, storage, writer, head, log, stack } = parts;
  const scraping = readScraping(config);
  for (const warning of scraping.warnings) log.warn({}, warning);
  const isShared = storage.engine === undefined;
  const { journal, journal_age } = config.metrics;
  const samples = createSampleStore({
    head,
    writer,
    limits: {
      journalBytes: journal,
      journalAgeMs: isShared ? Math.min(journal_age, SHARED_JOURNAL_AGE_MS) : journal_age,
    },
    clock: systemClock,
    log,
  });
  stack.onStop('samples', () => samples.stop());
  const isStoreComplete = watchLeftovers(writer);
  if (!isShared) settleHead({ ...parts, store: storage.store, isStoreComplete });
  const scraper = createScraper({ write: (write) => parts.intake.write(write), log });
  const promql = createService({ ...parts, isShared, isStoreComplete, samples, scraper, scraping });
  const remote = await createForwarding({
    ...{ ...parts, scraping },
    labelsOf: (low, high) => promql.catalog.labelsOf(low, high),
    metadata: () => promql.knownMetadata(),
  });
  observeMetricStore(parts.registry, {
    ...{ head, writer, promql, scraper },
    maxSeries: config.metrics.max_series,
  });
  if (remote !== undefined) observeRemoteWrite(parts.registry, remote);
  observeDisk(parts.registry, config.data_dir);
  const pushed = await keepPushGroups(parts);
  const writes = createPrometheusWrites({
    maxBodyBytes: config.ingest.max_body,
    maxAgeMs: config.retention.metrics,
    pushed,
  });
  return {
    ...{ service: promql, writes, promql, samples, scraper, externalLabels: scraping.externalLabels },
    startCollecting: (processes) => startCollecting({ ...parts, scraper, scraping }, processes),
  };
}

interface ServiceFacts extends MetricsParts {
  readonly isShared: boolean;
  readonly isStoreComplete: () => boolean;
  readonly samples: SampleStore;
  readonly scraper: Scraper;
  readonly scraping: Scraping;
}

function createService(facts: ServiceFacts): PromqlService {
  const { config, version, storage, writer, head, limits, clock, log, scraper } = facts;
  const { query } = config;
  const promql = createPromqlService({
    store: storage.store,
    head,
    isShared: facts.isShared,
    isStoreComplete: facts.isStoreComplete,
    limits: {
      lookbackMs: query.lookback,
      timeoutMs: query.timeout,
      maxSamples: query.max_samples,
      maxSeries: query.max_series,
      concurrency: query.concurrency,
      slowMs: query.slow,
    },
    features: query.features,
    externalLabels: facts.scraping.externalLabels,
    admin: seriesAdmin(facts),
    status: {
      version,
      startedMs: clock(),
      hostName: hostname(),
      configYaml: () => stringify(withoutSecrets(config)),
      flags: () => flagsOf(config),
      retention: config.retention.metrics === 0 ? 'off' : `${config.retention.metrics / 1000}s`,
    },
    cardinality: (nowMs) => limits.report(nowMs),
    scrape: scraper,
    rules: facts.rules,
    clock,
    log,
  });
  writer.onDurable((batch) => promql.catalog.note(batch));
  return promql;
}

type CollectParts = Pick<MetricsParts, 'config' | 'intake' | 'registry' | 'log' | 'stack'> & {
  readonly scraper: Scraper;
  readonly scraping: Scraping;
};

function startCollecting(parts: CollectParts, processes: () => readonly OwnProcess[]): void {
  const { config, intake, registry, log, stack, scraper, scraping } = parts;
  scraper.reload(scraping.jobs);
  stack.onStop('scraper', () => scraper.close());
  stack.onStop('own metrics', collectSelf({ registry, intake, intervalMs: config.host.interval, log }));
  if (!config.host.enabled) return;
  const collector = createHostCollector({
    intake,
    intervalMs: config.host.interval,
    hasContainers: config.host.cgroups,
    hostName: hostname(),
    processes,
    clock: systemClock,
    log,
  });
  stack.onStop('host', () => collector.stop());
}

/** Prometheus's names for what corresponds to its flags. */
function flagsOf({ query, retention, server, data_dir }: Config): Record<string, string> {
  return {
    'enable-feature': query.features.join(','),
    'query.lookback-delta': `${query.lookback / 1000}s`,
    'query.max-concurrency': String(query.concurrency),
    'query.max-samples': String(query.max_samples),
    'query.timeout': `${query.timeout / 1000}s`,
    'storage.tsdb.path': data_dir,
    'storage.tsdb.retention.time': retention.metrics === 0 ? '0s' : `${retention.metrics / 1000}s`,
    'web.enable-admin-api': String(query.admin_api),
    'web.listen-address': server.listen,
  };
}
