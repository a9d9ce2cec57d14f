import { modelAliases, type PriceRow, priceRows, type Rates } from './price-rows.ts';

/** Tokens of one model request, each kind once: `input` excludes everything read from or written to the cache. */
export interface RequestTokens {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  /** All cache writes, of either lifetime. */
  readonly cacheCreation: number;
  /** Of `cacheCreation`, those that live one hour; the rest live five minutes. */
  readonly cacheCreation1h: number;
}

/** What changes the price of one request. */
export interface PriceModifiers {
  readonly isBatch?: boolean;
  readonly isFast?: boolean;
  /** Inference was bound to one geography. */
  readonly isGeoBound?: boolean;
}

/** A model id taken apart. */
export interface ModelId {
  /** As it stands in the price list: `claude-sonnet-4-5`. */
  readonly model: string;
  /** True when the id names a regional endpoint of a cloud, for which a surcharge may hold. */
  readonly isRegional: boolean;
}

const BATCH_FACTOR = 0.5;
const REGIONAL_FACTOR = 1.1;
const GEO_FACTOR = 1.1;
const MAX_ID_CHARS = 256;

const rowsByModel = indexRows(priceRows);

/**
 * The list price of one request in integer micro-dollars, or undefined when the price list does not know the model.
 * A request without tokens costs nothing whatever the model.
 *
 * @param atMs when the request was made, epoch milliseconds: prices change on dates.
 */
export function priceOf(
  model: string,
  tokens: RequestTokens,
  atMs: number,
  modifiers: PriceModifiers = {},
): number | undefined {
  const prompt = tokens.input + tokens.cacheRead + tokens.cacheCreation;
  if (prompt + tokens.output === 0) return 0;
  const id = normaliseModelId(model, atMs);
  const row = rowInEffect(id.model, atMs);
  if (row === undefined) return undefined;
  const factor = factorOf(row, id.isRegional, modifiers);
  return Math.round(tokensTimesRates(tokens, ratesOf(row, prompt, modifiers)) * factor);
}

/** The price list's row for a normalised model at a moment. */
export function rowInEffect(model: string, atMs: number): PriceRow | undefined {
  let found: PriceRow | undefined;
  for (const row of rowsByModel.get(model) ?? []) {
    if (startOf(row) <= atMs) found = row;
  }
  return found;
}

/**
 * Takes date, lifetime marks, cloud prefixes and path off a model id:
 * `us.anthropic.claude-sonnet-4-5-20250929-v1:0`, `claude-sonnet-4-5@20250929`, `anthropic/claude-sonnet-4.5` and
 * `claude-sonnet-4-5[1m]` are all `claude-sonnet-4-5`.
 */
export function normaliseModelId(model: string, atMs: number): ModelId {
  const lower = model.slice(0, MAX_ID_CHARS).trim().toLowerCase();
  const name = lower.slice(lower.lastIndexOf('/') + 1);
  const cloud = /^(?:([a-z-]+)\.)?anthropic\./.exec(name);
  const plain = name
    .slice(cloud === null ? 0 : cloud[0].length)
    .replace(/\[[^\]]*\]$/, '')
    .replace(/[@:].*$/, '')
    .replace(/-v\d+$/, '')
    .replace(/-\d{8}$/, '')
    .replace(/-latest$/, '')
    .replaceAll('.', '-');
  // A cloud's id without a prefix names the endpoint of one region, `global.` the endpoint that may be anywhere.
  return { model: resolveAlias(plain, atMs), isRegional: cloud !== null && cloud[1] !== 'global' };
}

function resolveAlias(name: string, atMs: number): string {
  const known = modelAliases.find((a) => a.alias === name && Date.parse(a.effectiveFrom) <= atMs);
  return known?.model ?? name;
}

function ratesOf(row: PriceRow, promptTokens: number, modifiers: PriceModifiers): Rates {
  if (modifiers.isFast === true && row.fast !== undefined) return row.fast;
  const long = row.longPrompt;
  return long !== undefined && promptTokens > long.aboveTokens ? long.rates : row.rates;
}

function factorOf(row: PriceRow, isRegional: boolean, modifiers: PriceModifiers): number {
  let factor = 1;
  // Fast mode cannot be batched.
  if (modifiers.isBatch === true && modifiers.isFast !== true) factor *= BATCH_FACTOR;
  if (isRegional && row.hasRegionalSurcharge) factor *= REGIONAL_FACTOR;
  if (modifiers.isGeoBound === true && row.hasGeoSurcharge) factor *= GEO_FACTOR;
  return factor;
}

/**
 * Micro-dollars before rounding. Rates have at most three decimals, so thousandths are integers and the sum is exact.
 */
function tokensTimesRates(tokens: RequestTokens, rates: Rates): number {
  const written1h = Math.min(tokens.cacheCreation1h, tokens.cacheCreation);
  const thousandths =
    tokens.input * thousandth(rates.input) +
    tokens.output * thousandth(rates.output) +
    tokens.cacheRead * thousandth(rates.cacheRead) +
    (tokens.cacheCreation - written1h) * thousandth(rates.cacheWrite5m) +
    written1h * thousandth(rates.cacheWrite1h);
  return thousandths / 1000;
}

function thousandth(rate: number): number {
  return Math.round(rate * 1000);
}

function startOf(row: PriceRow): number {
  return row.effectiveFrom === undefined ? Number.NEGATIVE_INFINITY : Date.parse(row.effectiveFrom);
}

/** Rows per model, oldest first. */
function indexRows(rows: readonly PriceRow[]): ReadonlyMap<string, readonly PriceRow[]> {
  const index = new Map<string, PriceRow[]>();
  for (const row of rows) {
    for (const model of row.models) index.set(model, [...(index.get(model) ?? []), row]);
  }
  for (const list of index.values()) list.sort((a, b) => startOf(a) - startOf(b));
  return index;
}
