import { statfsSync } from 'node:fs';
import { hostname } from 'node:os';
import type { RemoteWriter, Scraper } from '../collect/index.ts';
import { decodePrometheusText, type IngestPipeline, SeriesCache } from '../ingest/index.ts';
import { messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { PromqlService } from '../query/metrics/index.ts';
import type { ServerMetrics } from '../self/index.ts';
import type { MetricsHead, Writer } from '../store/index.ts';

type Registry = ServerMetrics['registry'];

export interface MetricFigures {
  readonly head: MetricsHead;
  readonly writer: Pick<Writer, 'journal'>;
  readonly promql: Pick<PromqlService, 'gate' | 'catalog'>;
  readonly scraper: Scraper;
  /** Most active series; 0: no limit. */
  readonly maxSeries: number;
}

/** Figures of the metric store, of queries and of scraping, for the server's own metrics. */
export function observeMetricStore(
  registry: Registry,
  { head, writer, promql, scraper, maxSeries }: MetricFigures,
): void {
  const gauge = (name: string, help: string, read: () => number) =>
    registry.observed({ name: `bellwether_${name}`, help, type: 'gauge' }, read);
  const counter = (name: string, help: string, read: () => number) =>
    registry.observed({ name: `bellwether_${name}`, help, type: 'counter' }, read);
  gauge('head_series', 'Series with samples in memory.', () => head.stats().series);
  gauge(
    'head_unpacked_samples',
    'Samples that are durable in the journal only.',
    () => head.stats().unflushedSamples,
  );
  gauge('head_chunk_bytes', 'Bytes of packed samples in memory.', () => head.stats().chunkBytes);
  gauge('head_memory_bytes', 'Memory of recent samples, estimated.', () => head.stats().memoryBytes);
  counter(
    'head_duplicate_samples',
    'Samples for a time that their series had already.',
    () => head.stats().duplicates,
  );
  counter(
    'head_out_of_order_samples',
    "Samples older than their series' newest.",
    () => head.stats().outOfOrder,
  );
  gauge(
    'journal_files',
    'Spool files with samples that are not packed yet.',
    () => writer.journal.files.length,
  );
  gauge('journal_bytes', 'Bytes of those files.', () => writer.journal.bytes);
  gauge('active_series', 'Series of today and yesterday.', () => promql.catalog.residentCount);
  gauge('series_limit', 'Most active series; 0 without a limit.', () => maxSeries);
  gauge('queries_running', 'PromQL queries that are evaluated.', () => promql.gate.stats().running);
  gauge('queries_waiting', 'PromQL queries that wait for their turn.', () => promql.gate.stats().waiting);
  counter('queries_slow', 'PromQL queries that took longer than query.slow.', () => promql.gate.stats().slow);
  counter(
    'queries_refused',
    'PromQL queries that were turned away because too many waited.',
    () => promql.gate.stats().refused,
  );
  registry.observed(
    {
      name: 'bellwether_scrape_targets',
      help: 'Active scrape targets by job.',
      type: 'gauge',
      labels: ['scrape_job'],
    },
    () => scraper.pools().map(({ name, active }) => ({ labels: { scrape_job: name }, value: active })),
  );
}

/** How far behind the servers are that samples are forwarded to. */
export function observeRemoteWrite(registry: Registry, remote: RemoteWriter): void {
  const labels = ['remote'];
  registry.observed(
    {
      name: 'bellwether_remote_write_lag_seconds',
      help: 'Newest sample taken in less the newest one sent.',
      type: 'gauge',
      unit: 'seconds',
      labels,
    },
    () =>
      remote.status().map(({ name, newestTakenMs, newestSentMs }) => ({
        labels: { remote: name },
        value: newestSentMs === 0 ? 0 : Math.max(0, newestTakenMs - newestSentMs) / 1000,
      })),
  );
  registry.observed(
    {
      name: 'bellwether_remote_write_dropped_items',
      help: 'Samples, histograms and exemplars that were not sent, by reason.',
      type: 'counter',
      labels: [...labels, 'reason'],
    },
    () =>
      remote.status().flatMap(({ name, droppedItems }) =>
        Object.entries(droppedItems).map(([reason, value]) => ({
          labels: { remote: name, reason },
          value,
        })),
      ),
  );
}

/** Room on the disk with the data folder, looked up when the metrics are asked for. */
export function observeDisk(registry: Registry, dataDir: string): void {
  const gauge = (name: string, help: string, read: () => number) =>
    registry.observed(
      { name: `bellwether_data_disk_${name}_bytes`, help, type: 'gauge', unit: 'bytes' },
      read,
    );
  gauge('free', 'Free space on the disk with the data folder.', () => {
    const { bavail, bsize } = statfsSync(dataDir);
    return bavail * bsize;
  });
  gauge('size', 'Size of the disk with the data folder.', () => {
    const { blocks, bsize } = statfsSync(dataDir);
    return blocks * bsize;
  });
}

export interface SelfCollectorOptions {
  readonly registry: Registry;
  readonly intake: Pick<IngestPipeline, 'write'>;
  readonly intervalMs: number;
  readonly log: Log;
}

/** Stores the server's own metrics, with `job="bellwether"`, as if somebody scraped them. Returns what stops it. */
export function collectSelf({ registry, intake, intervalMs, log }: SelfCollectorOptions): () => void {
  const cache = new SeriesCache();
  const extraLabels = [
    ['job', 'bellwether'],
    ['instance', hostname()],
  ] as const;
  const sender = { address: 'localhost', keyName: '', userAgent: '', protocol: 'self' };
  const collect = async () => {
    const { text, type } = registry.text('prometheus');
    const body = Buffer.from(text);
    await intake.write({
      signal: 'metrics',
      sender,
      bodyBytes: 0,
      decode: (context) => decodePrometheusText(body, type, context, { cache, extraLabels }),
    });
  };
  const timer = setInterval(() => {
    // The next one comes in a moment; that nothing can be stored is told elsewhere.
    collect().catch((error: unknown) =>
      log.debug({ reason: messageOf(error) }, 'own metrics could not be stored'),
    );
  }, intervalMs);
  return () => clearInterval(timer);
}
