export * from './discovery-config.ts';
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
