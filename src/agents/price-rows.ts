/** How a price was obtained: `measured` on the official client, or `documented` on the vendor's pricing pages. */
export type PriceSource = 'measured' | 'documented' | 'measured and documented';

/** US dollars per million tokens, which is the same number as micro-dollars per token. */
export interface Rates {
  /** Tokens neither read from nor written to the cache. */
  readonly input: number;
  readonly output: number;
  /** Cache write that lives five minutes. */
  readonly cacheWrite5m: number;
  /** Cache write that lives one hour. */
  readonly cacheWrite1h: number;
  readonly cacheRead: number;
}

/** One row of the price list. */
export interface PriceRow {
  /** Normalised ids, without date, cloud prefix and suffixes. */
  readonly models: readonly string[];
  /** First moment at which the row holds, RFC 3339 date; rows without one hold from the beginning. */
  readonly effectiveFrom?: string;
  readonly rates: Rates;
  /** Above this many prompt tokens (input + cache read + cache write) every token of the request costs these rates. */
  readonly longPrompt?: { readonly aboveTokens: number; readonly rates: Rates };
  /** Input and output in fast mode; the cache multipliers apply on top. */
  readonly fast?: Rates;
  /** Whether the surcharge for regional cloud endpoints exists (4.5 and later). */
  readonly hasRegionalSurcharge: boolean;
  /** Whether the surcharge for inference in one geography exists (4.6 and later). */
  readonly hasGeoSurcharge: boolean;
  readonly source: PriceSource;
}

/** When the list was compiled; shown where costs are computed from it. */
export const priceListDate = '2026-11-20';

/** Cache writes cost 1.25 (5 minutes) and 2 (1 hour) times the input; a read costs what the list says. */
function rates(input: number, output: number, cacheRead: number): Rates {
  return { input, output, cacheWrite5m: input * 1.25, cacheWrite1h: input * 2, cacheRead };
}

const since46 = { hasRegionalSurcharge: true, hasGeoSurcharge: true } as const;
const since45 = { hasRegionalSurcharge: true, hasGeoSurcharge: false } as const;
const before45 = { hasRegionalSurcharge: false, hasGeoSurcharge: false } as const;
const fastMode = rates(10, 50, 1);

/** List prices of Claude models before any discount. Of several rows for a model the latest one in effect holds. */
export const priceRows: readonly PriceRow[] = [
  { models: ['claude-fable-5-2'], rates: rates(8, 40, 0.2), ...since46, source: 'measured' },
  { models: ['claude-fable-5-1'], rates: rates(10, 50, 0.25), ...since46, source: 'measured' },
  {
    models: ['claude-fable-5', 'claude-mythos-5'],
    rates: rates(10, 50, 1),
    ...since46,
    source: 'measured and documented',
  },
  { models: ['claude-opus-5-5'], rates: rates(4, 20, 0.2), ...since46, source: 'measured and documented' },
  {
    models: ['claude-opus-5', 'claude-opus-4-8'],
    rates: rates(5, 25, 0.5),
    fast: fastMode,
    ...since46,
    source: 'measured and documented',
  },
  {
    models: ['claude-opus-4-7', 'claude-opus-4-6'],
    rates: rates(5, 25, 0.5),
    ...since46,
    source: 'measured and documented',
  },
  { models: ['claude-opus-4-5'], rates: rates(5, 25, 0.5), ...since45, source: 'measured and documented' },
  {
    models: ['claude-opus-4-1', 'claude-opus-4'],
    rates: rates(15, 75, 1.5),
    ...before45,
    source: 'documented',
  },
  { models: ['claude-sonnet-5-5'], rates: rates(2, 10, 0.2), ...since46, source: 'documented' },
  {
    models: ['claude-sonnet-5-5'],
    effectiveFrom: '2026-10-07',
    rates: rates(2, 10, 0.1),
    ...since46,
    source: 'measured',
  },
  { models: ['claude-sonnet-5'], rates: rates(2, 10, 0.2), ...since46, source: 'measured and documented' },
  { models: ['claude-sonnet-4-6'], rates: rates(3, 15, 0.3), ...since46, source: 'measured and documented' },
  { models: ['claude-sonnet-4-5'], rates: rates(3, 15, 0.3), ...since45, source: 'measured and documented' },
  { models: ['claude-sonnet-4'], rates: rates(3, 15, 0.3), ...before45, source: 'measured and documented' },
  {
    models: ['claude-haiku-5-5'],
    effectiveFrom: '2026-10-07',
    rates: rates(0.1, 0.5, 0.01),
    longPrompt: { aboveTokens: 100_000, rates: rates(0.5, 2.5, 0.05) },
    ...since46,
    source: 'measured and documented',
  },
  { models: ['claude-haiku-4-5'], rates: rates(1, 5, 0.1), ...since45, source: 'measured and documented' },
  {
    models: ['claude-3-5-haiku'],
    rates: rates(0.8, 4, 0.08),
    ...before45,
    source: 'measured and documented',
  },
];

/** Names that people and gateways send instead of an id, and what they meant from a date on. */
export const modelAliases: readonly { alias: string; effectiveFrom: string; model: string }[] = [
  { alias: 'fable', effectiveFrom: '2026-11-19', model: 'claude-fable-5-2' },
  { alias: 'opus', effectiveFrom: '2026-11-19', model: 'claude-opus-5-5' },
  { alias: 'haiku', effectiveFrom: '2026-11-19', model: 'claude-haiku-5-5' },
];
