import { Labels } from '../../../model/labels.ts';
import type { Matcher } from '../../../promql/index.ts';
import { type Store, sql } from '../../../store/index.ts';
import { timeJson, valueText } from '../result-json.ts';
import type { CatalogSeries, SeriesCatalog } from '../series-catalog.ts';
import { badParameter, requiredTime } from './params.ts';
import type { ApiAnswer, ApiCall } from './service.ts';

export interface ExemplarParts {
  readonly store: Pick<Store, 'query'>;
  readonly catalog: SeriesCatalog;
  /** Matchers of every selector in an expression. @throws BellwetherError `bad_data`. */
  readonly selectorsIn: (query: string) => readonly (readonly Matcher[])[];
  readonly maxSeries: number;
}

/** Exemplars in one answer. */
const MAX_EXEMPLARS = 10_000;

interface ExemplarRow {
  readonly series_id: number | bigint;
  readonly at_ms: number;
  readonly value: number;
  readonly trace_id: string;
  readonly span_id: string;
  readonly names: string[];
  readonly label_values: string[];
}

/** `/api/v1/query_exemplars`. */
export async function queryExemplars(parts: ExemplarParts, call: ApiCall): Promise<ApiAnswer> {
  const { params, signal } = call;
  const fromMs = requiredTime(params, 'start');
  const toMs = requiredTime(params, 'end');
  if (toMs < fromMs) throw badParameter('end', 'end timestamp must not be before start time');
  const found = new Map<bigint, CatalogSeries>();
  for (const matchers of parts.selectorsIn(params.get('query') ?? '')) {
    const search = { matchers, fromMs, toMs, limit: parts.maxSeries, signal };
    for (const series of await parts.catalog.find(search)) found.set(series.id, series);
  }
  if (found.size === 0) return { data: { json: [] } };
  const rows = await readExemplars(parts.store, [...found.values()], { fromMs, toMs });
  const bySeries = new Map<bigint, unknown[]>();
  for (const row of rows) {
    const id = BigInt(row.series_id);
    const list = bySeries.get(id);
    if (list === undefined) bySeries.set(id, [exemplarJson(row)]);
    else list.push(exemplarJson(row));
  }
  const json = [...bySeries].map(([id, exemplars]) => ({
    seriesLabels: found.get(id)!.labels.toObject(),
    exemplars,
  }));
  const warnings =
    rows.length === MAX_EXEMPLARS ? [`only the first ${MAX_EXEMPLARS} exemplars are shown`] : [];
  return { data: { json }, warnings };
}

function readExemplars(
  store: Pick<Store, 'query'>,
  series: readonly CatalogSeries[],
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Promise<ExemplarRow[]> {
  const metrics = [...new Set(series.map(({ labels }) => labels.metric))];
  return store.query<ExemplarRow>(sql`
SELECT series_id, toUnixTimestamp64Milli(ts) AS at_ms, value, lower(hex(trace_id)) AS trace_id,
  lower(hex(span_id)) AS span_id, mapKeys(labels) AS names, mapValues(labels) AS label_values
FROM metric_exemplars
WHERE metric IN ${metrics} AND series_id IN ${series.map(({ id }) => id)}
  AND ts >= ${new Date(fromMs)} AND ts <= ${new Date(toMs)}
ORDER BY series_id, ts
LIMIT 1 BY series_id, ts, value, trace_id
LIMIT ${MAX_EXEMPLARS}`);
}

function exemplarJson(row: ExemplarRow): unknown {
  const pairs = row.names.map((name, i) => [name, row.label_values[i]!] as const);
  const ids = [['trace_id', row.trace_id] as const, ['span_id', row.span_id] as const];
  const labels = Labels.from([...pairs, ...ids.filter(([, hex]) => !/^0*$/.test(hex))]);
  return { labels: labels.toObject(), value: valueText(row.value), timestamp: Number(timeJson(row.at_ms)) };
}
