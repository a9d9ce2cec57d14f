import { resolve } from 'node:path';
import {
  loadPrometheusFile,
  parseRemoteWriteConfigs,
  parseScrapeConfigs,
  type RemoteWriteConfig,
  type ScrapeConfig,
  type ScrapeConfiguration,
} from '../collect/index.ts';
import { type Config, ConfigError, configOrigin } from '../config/index.ts';
import { within } from '../prom-config/index.ts';

/** What a configuration says about fetching and forwarding samples. */
export interface Scraping {
  readonly jobs: readonly ScrapeConfig[];
  /** Keys that are understood and have no effect here. */
  readonly warnings: readonly string[];
  /** `remote_write` of this configuration and of the prometheus.yml it names. */
  readonly remoteWrites: readonly RemoteWriteConfig[];
  readonly externalLabels: Readonly<Record<string, string>>;
}

/**
 * Reads and checks the scrape jobs: those of the configuration itself, of the files it names, and of a whole prometheus.yml.
 *
 * @throws ConfigError with every mistake.
 */
export function readScraping(config: Config): Scraping {
  const place = { ...configOrigin(config), path: [] };
  const { global, scrape_configs, scrape_config_files, prometheus_config_file } = config;
  const own = parseScrapeConfigs(
    { global, scrape_configs, scrape_config_files },
    { place, directory: place.directory },
  );
  const prometheus =
    prometheus_config_file === undefined
      ? undefined
      : loadPrometheusFile(resolve(place.directory, prometheus_config_file));
  const all: ScrapeConfiguration[] = prometheus === undefined ? [own] : [own, prometheus];
  const problems = all.flatMap((part) => part.problems);
  const remoteWrites = [
    parseRemoteWriteConfigs(config.remote_write, {
      place: within(place, ['remote_write']),
      directory: place.directory,
    }),
    ...(prometheus === undefined
      ? []
      : [
          parseRemoteWriteConfigs(prometheus.remoteWrite, {
            place: within(prometheus.place, ['remote_write']),
            directory: prometheus.directory,
          }),
        ]),
  ];
  problems.push(...remoteWrites.flatMap((part) => part.problems));
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    jobs: distinct(all.flatMap((part) => part.jobs)),
    warnings: all.flatMap((part) =>
      part.warnings.map(({ source, path, message }) => `${source}: ${path}: ${message}`),
    ),
    remoteWrites: remoteWrites.flatMap((part) => part.configs),
    externalLabels: { ...prometheus?.global.externalLabels, ...own.global.externalLabels },
  };
}

/** A job of the configuration itself wins over one of the same name elsewhere. */
function distinct(jobs: readonly ScrapeConfig[]): ScrapeConfig[] {
  const byName = new Map<string, ScrapeConfig>();
  for (const job of jobs) if (!byName.has(job.jobName)) byName.set(job.jobName, job);
  return [...byName.values()];
}
