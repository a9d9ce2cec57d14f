import { type Store, sql } from '../../../store/index.ts';
import { limitParam } from './params.ts';
import type { ApiAnswer, ApiCall } from './service.ts';

export interface MetricMetadata {
  readonly type: string;
  readonly help: string;
  readonly unit: string;
}

/** What is known about metrics beyond their samples. */
export interface MetadataReader {
  /** By metric, newest first; at most `perMetric` each. */
  read(query: {
    readonly metric: string | undefined;
    readonly limit: number;
    readonly perMetric: number;
  }): Promise<ReadonlyMap<string, readonly MetricMetadata[]>>;
}

const MAX_METRICS = 100_000;
const MAX_PER_METRIC = 20;

export function createMetadataReader(store: Pick<Store, 'query'>): MetadataReader {
  return {
    async read({ metric, limit, perMetric }) {
      const filter = metric === undefined ? sql`` : sql` WHERE metric = ${metric}`;
      const rows = await store.query<MetricMetadata & { metric: string }>(sql`
SELECT metric, type, unit, help FROM metric_metadata FINAL${filter}
ORDER BY metric, seen_at DESC
LIMIT ${Math.max(1, perMetric)} BY metric
LIMIT ${Math.min(limit, MAX_METRICS) * Math.max(1, perMetric)}`);
      const byMetric = new Map<string, MetricMetadata[]>();
      for (const { metric: name, ...facts } of rows) {
        const known = byMetric.get(name);
        if (known === undefined && byMetric.size >= limit) break;
        if (known === undefined) byMetric.set(name, [facts]);
        else known.push(facts);
      }
      return byMetric;
    },
  };
}

/** `/api/v1/metadata`. */
export async function metadataJson(reader: MetadataReader, { params }: ApiCall): Promise<ApiAnswer> {
  const perMetric = Number(params.get('limit_per_metric') ?? 0);
  const found = await reader.read({
    metric: params.get('metric') || undefined,
    limit: limitParam(params) || MAX_METRICS,
    perMetric:
      Number.isInteger(perMetric) && perMetric > 0 ? Math.min(perMetric, MAX_PER_METRIC) : MAX_PER_METRIC,
  });
  const json = Object.create(null) as Record<string, unknown>;
  for (const [metric, list] of found) {
    json[metric] = list.map(({ type, help, unit }) => ({ type: type || 'unknown', help, unit }));
  }
  return { data: { json } };
}
