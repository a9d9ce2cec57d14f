export {
  type AgentLedger,
  type AgentLedgerOptions,
  createAgentLedger,
  type TouchedSessions,
} from './ledger.ts';
export { DEMO_ATTRIBUTE, NO_SESSION_PREFIX } from './owner.ts';
export {
  type ModelId,
  normaliseModelId,
  type PriceModifiers,
  priceOf,
  type RequestTokens,
  rowInEffect,
} from './price-book.ts';
export {
  modelAliases,
  type PriceRow,
  type PriceSource,
  priceListDate,
  priceRows,
  type Rates,
} from './price-rows.ts';
