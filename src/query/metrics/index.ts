export type { RuleStatus, RulesQuery } from './api/rules.ts';
export { deltaSamplesSql } from './delta-sql.ts';
export {
  createPromqlService,
  type PromqlService,
  type PromqlServiceParts,
} from './promql-service.ts';
export type { CatalogSeries, SeriesCatalog } from './series-catalog.ts';
