import { z } from 'zod';
import { bytes, count, duration, section } from './fields.ts';

const MIB = 1024 ** 2;

const countOrNone = (defaultValue: number) => z.number().int().nonnegative().default(defaultValue);

/** Part of a configuration in Prometheus's own language, which the scraper checks. */
const prometheusObject = z.record(z.string(), z.unknown());

/** Prometheus's feature flags that change the language. */
const queryFeatures = [
  'promql-experimental-functions',
  'promql-extended-range-selectors',
  'promql-delayed-name-removal',
  'promql-binop-fill-modifiers',
] as const;

/** Sections about metrics: limits, queries, what is fetched and what is forwarded. */
export const metricsSections = {
  metrics: section(
    {
      max_series: countOrNone(2_000_000).describe(
        'Active series (seen within a day); samples of further ones are refused.',
      ),
      max_series_per_metric: countOrNone(200_000).describe('Active series of one metric. 0: no limit.'),
      max_series_per_source: countOrNone(500_000).describe(
        'Active series from one sender or scrape job. 0: no limit.',
      ),
      memory: bytes('128MiB', MIB).describe(
        'Recent samples that stay readable in memory after they were stored.',
      ),
      journal: bytes('256MiB', MIB).describe(
        'Durable samples that wait to be packed; when there are more they are packed at once. Keep it well below ingest.spool.',
      ),
      journal_age: duration('1h').describe('Longest wait of a sample until it is packed and stored.'),
    },
    'How metrics are kept.',
  ),
  query: section(
    {
      lookback: duration('5m').describe('How far back an instant selector looks for a sample.'),
      timeout: duration('2m').describe('Longest time a PromQL query may take.'),
      max_samples: count(50_000_000).describe('Samples a query may load.'),
      max_series: count(500_000).describe('Series a selector may match.'),
      concurrency: count(20).describe('Queries that are evaluated at a time; 256 more may wait.'),
      slow: duration('5s').describe('Queries that take this long are logged; 0s logs none.'),
      features: z
        .array(z.enum(queryFeatures))
        .default([])
        .describe(
          `Experimental parts of PromQL, off by default as in Prometheus: ${queryFeatures.join(', ')}.`,
        ),
      admin_api: z
        .boolean()
        .default(false)
        .describe(
          'Allow deleting series through /api/v1/admin/tsdb, as Prometheus does with --web.enable-admin-api.',
        ),
    },
    'Limits and switches of PromQL.',
  ),
  host: section(
    {
      enabled: z
        .boolean()
        .default(true)
        .describe("Measure this machine (CPU, memory, disks, network) under node_exporter's names."),
      interval: duration('15s').describe('Time between two measurements.'),
      cgroups: z
        .boolean()
        .default(true)
        .describe("Measure the containers of this machine too, from cgroup v2, under cAdvisor's names."),
    },
    'The built-in host collector (Linux).',
  ),
  global: prometheusObject
    .optional()
    .describe(
      "Defaults of scraping, as in Prometheus's `global`: scrape_interval, scrape_timeout, external_labels, ...",
    ),
  scrape_configs: z
    .array(prometheusObject)
    .default([])
    .describe("What to scrape, as in Prometheus's `scrape_configs`."),
  scrape_config_files: z
    .array(z.string())
    .default([])
    .describe('Files, or patterns of files, with further `scrape_configs`. Relative to this file.'),
  prometheus_config_file: z
    .string()
    .optional()
    .describe(
      'A whole prometheus.yml: its global, scrape_configs, scrape_config_files and remote_write are taken.',
    ),
  remote_write: z
    .array(prometheusObject)
    .default([])
    .describe("Servers that samples are forwarded to, as in Prometheus's `remote_write`."),
} as const;
