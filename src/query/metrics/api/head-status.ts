import type { CatalogSeries } from '../series-catalog.ts';
import type { HeadStatus, NamedCount } from './status.ts';

/** Label pairs that are counted apart; with more the list of pairs is only a part. */
const MAX_PAIRS = 1_000_000;

/** Counts metrics, labels and values over the active series. */
export function headStatus(
  series: Iterable<CatalogSeries>,
  facts: Pick<HeadStatus, 'chunks' | 'minMs' | 'maxMs'>,
  top: number,
): HeadStatus {
  const byMetric = new Map<string, number>();
  const byPair = new Map<string, number>();
  const byLabel = new Map<string, Set<string>>();
  let count = 0;
  for (const { labels } of series) {
    count++;
    byMetric.set(labels.metric, (byMetric.get(labels.metric) ?? 0) + 1);
    for (const [name, value] of labels.entries()) {
      const values = byLabel.get(name);
      if (values === undefined) byLabel.set(name, new Set([value]));
      else values.add(value);
      const pair = `${name}=${value}`;
      if (byPair.size < MAX_PAIRS || byPair.has(pair)) byPair.set(pair, (byPair.get(pair) ?? 0) + 1);
    }
  }
  const bytes = new Map([...byLabel].map(([name, values]) => [name, bytesOf(values)]));
  return {
    ...facts,
    series: count,
    labelPairs: byPair.size,
    seriesByMetric: largest(byMetric, top),
    valuesByLabel: largest(new Map([...byLabel].map(([name, values]) => [name, values.size])), top),
    seriesByPair: largest(byPair, top),
    bytesByLabel: largest(bytes, top),
  };
}

function bytesOf(values: Iterable<string>): number {
  let bytes = 0;
  for (const value of values) bytes += value.length;
  return bytes;
}

function largest(counts: ReadonlyMap<string, number>, top: number): NamedCount[] {
  return [...counts]
    .map(([name, value]) => ({ name, value }))
    .sort((a, b) => b.value - a.value || (a.name < b.name ? -1 : 1))
    .slice(0, top);
}
