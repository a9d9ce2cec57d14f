import type { AppSearch } from '../lib/search-params.ts';
import { stringifySearch } from '../lib/search-params.ts';
import { absoluteText, type RangeMs, type RangeText, type Zone, zoneName } from '../lib/time.ts';

/** What a copied link says about time. `relative`: the same words (`now-1h`), another hour tomorrow. `pinned`: exactly this hour. */
export type LinkKind = 'relative' | 'pinned';

/**
 * The address of what is on screen for somebody else: range and zone are always in it, even where they are this browser's defaults,
 * and what only concerns this browser (`live`, `refresh`) is not.
 */
export function shareUrl(
  page: { origin: string; pathname: string; search: AppSearch },
  range: RangeText & RangeMs & { zone: Zone },
  kind: LinkKind,
): string {
  const { live: _live, refresh: _refresh, from: _from, to: _to, ...rest } = page.search;
  const ends =
    kind === 'pinned'
      ? { from: absoluteText(range.fromMs), to: absoluteText(range.toMs) }
      : { from: range.from, to: range.to };
  const tz = kind === 'pinned' || rest.tz !== undefined ? { tz: zoneName(range.zone) } : {};
  return `${page.origin}${page.pathname}${stringifySearch({ ...ends, ...rest, ...tz })}`;
}
