import { deepStrictEqual } from 'node:assert/strict';
import type { TableName } from '../../../store/index.ts';
import type { DecodeContext, DecodeOutcome } from '../../types.ts';
import { decodeMetricsJson } from './metrics-json.ts';
import { decodeMetricsProtobuf } from './metrics-protobuf.ts';
import {
  createContext,
  encodeMetricsRequest,
  NOW_MS,
  nanos,
  type PlainRow,
  rowsOf,
} from './metrics-test-kit.ts';

/** Requests in both encodings, and what became of them. */

const TABLES: readonly TableName[] = [
  'streams',
  'metric_series',
  'metric_metadata',
  'metric_samples',
  'metric_deltas',
  'metric_histograms',
  'metric_exemplars',
];
export const DELTA = 1;
export const CUMULATIVE = 2;

export interface Decoded {
  readonly outcome: DecodeOutcome;
  readonly rows: Readonly<Record<string, PlainRow[]>>;
}

export function run(
  request: object,
  encoding: 'json' | 'protobuf',
  changes: Partial<DecodeContext> = {},
): Decoded {
  const context = createContext(changes);
  const outcome =
    encoding === 'json'
      ? decodeMetricsJson(Buffer.from(JSON.stringify(request)), context)
      : decodeMetricsProtobuf(encodeMetricsRequest(request), context);
  return { outcome, rows: Object.fromEntries(TABLES.map((table) => [table, rowsOf(context.batch, table)])) };
}

/** Decodes both encodings of a request, which must have the same rows and outcome. */
export function decode(request: object, changes: Partial<DecodeContext> = {}): Decoded {
  const fromJson = run(request, 'json', changes);
  const fromProtobuf = run(request, 'protobuf', changes);
  deepStrictEqual(fromProtobuf.rows, fromJson.rows);
  deepStrictEqual(fromProtobuf.outcome, fromJson.outcome);
  return fromProtobuf;
}

export const at = (ms: number) => ({ timeUnixNano: nanos(NOW_MS + ms) });
export const from = (ms: number) => ({ startTimeUnixNano: nanos(NOW_MS + ms) });
export const gauge = (point: object) => ({ name: 'g', gauge: { dataPoints: [point] } });
export const sum = (aggregationTemporality: number, point: object, isMonotonic = true) => ({
  name: 'c',
  sum: { dataPoints: [point], aggregationTemporality, isMonotonic },
});

/** Samples as `name{own labels}` to `[time after NOW_MS, value]`, without the info series. */
export function samplesOf({ rows }: Decoded, table = 'metric_samples'): Record<string, unknown[][]> {
  const labels = new Map(rows.metric_series!.map((row) => [row.series_id, row.labels as object]));
  const found: Record<string, unknown[][]> = {};
  for (const row of rows[table]!) {
    if (String(row.metric).endsWith('_info')) continue;
    const own = Object.entries(labels.get(row.series_id)!).filter(
      ([name]) => name !== 'job' && name !== 'service_name',
    );
    const key = `${row.metric}{${own.map(([name, value]) => `${name}=${value}`).join(',')}}`;
    found[key] ??= [];
    found[key].push([(row.ts as number) - NOW_MS, row.value]);
  }
  return found;
}
