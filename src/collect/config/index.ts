export * from './discovery-config.ts';
export { formatPromDuration, promDurationMs } from './fields.ts';
export { type HttpClientConfig, httpClientFields, httpClientProblems, toHttpClient } from './http-client.ts';
export * from './problems.ts';
export * from './prometheus-file.ts';
export { relabelConfigs } from './relabel-config.ts';
export {
  type EscapingScheme,
  type GlobalConfig,
  SCRAPE_PROTOCOLS,
  type ScrapeConfig,
  type ScrapeLimits,
  type ScrapeProtocol,
} from './scrape-config.ts';
