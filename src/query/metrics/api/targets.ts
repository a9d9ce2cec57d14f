import type { Labels } from '../../../model/labels.ts';
import { compileMatcher, matchesAll } from '../../../promql/index.ts';
import { limitParam, type ParseSelector, selectorParam } from './params.ts';
import type { Endpoint } from './service.ts';

/** What the scraper tells of itself. */
export interface ScrapeStatus {
  targets(query: { readonly state?: string; readonly scrapePool?: string }): object;
  targetMetadata(query: {
    readonly matches?: (labels: Labels) => boolean;
    readonly metric?: string;
    readonly limit?: number;
  }): readonly object[];
  scrapePools(): readonly string[];
}

/** `/api/v1/targets`, `/targets/metadata` and `/scrape_pools`. */
export function targetEndpoints(
  scrape: ScrapeStatus,
  parseSelector: ParseSelector,
): Readonly<Record<string, Endpoint>> {
  return {
    targets: ({ params }) => ({
      data: {
        json: scrape.targets({
          state: params.get('state') ?? undefined,
          scrapePool: params.get('scrapePool') ?? undefined,
        }),
      },
    }),
    'targets/metadata': ({ params }) => {
      const selector = params.get('match_target') ?? '';
      const matchers = selector === '' ? [] : selectorParam('match_target', selector, parseSelector);
      const compiled = matchers.map(compileMatcher);
      const json = scrape.targetMetadata({
        matches: (labels) => matchesAll(compiled, labels),
        metric: params.get('metric') || undefined,
        limit: limitParam(params) || undefined,
      });
      return { data: { json } };
    },
    scrape_pools: () => ({ data: { json: { scrapePools: scrape.scrapePools() } } }),
  };
}
