export * from './config/index.ts';
export type { DnsResolver } from './discovery/index.ts';
export * from './host/index.ts';
export {
  DEFAULT_RELABEL_RULE,
  expandTemplate,
  isLabelName,
  LabelBuilder,
  RELABEL_ACTIONS,
  type RelabelAction,
  type RelabelRule,
  relabel,
} from './relabel.ts';
export * from './remote-write/index.ts';
export type { ScrapeMeter, ScrapeProblem } from './scrape/loop-parts.ts';
export { createScraper, type Scraper, type ScraperParts } from './scraper.ts';
export type {
  ActiveTarget,
  DroppedTarget,
  PoolStatus,
  TargetMetadata,
  TargetMetadataQuery,
  TargetsAnswer,
  TargetsQuery,
} from './status.ts';
