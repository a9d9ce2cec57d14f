import { BellwetherError } from '../../../lib/errors.ts';
import type { QueryEngine, QueryResult, QueryRun } from '../../../promql/index.ts';
import { resultJson } from '../result-json.ts';
import type { SeriesCatalog } from '../series-catalog.ts';
import { type MetadataReader, metadataJson } from './metadata.ts';
import {
  badParameter,
  durationParam,
  limitParam,
  type ParseSelector,
  requiredTime,
  timeParam,
} from './params.ts';
import { labelNames, labelValues, seriesList } from './series.ts';

/** A call of the API; the same shape as the HTTP layer's. */
export interface ApiCall {
  readonly endpoint: string;
  readonly params: URLSearchParams;
  readonly path: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly nowMs: number;
}

export interface ApiAnswer {
  readonly data: { readonly json: unknown } | { readonly pieces: Iterable<string> } | undefined;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

export type Endpoint = (call: ApiCall) => Promise<ApiAnswer> | ApiAnswer;

export interface QueryApiParts {
  readonly engine: QueryEngine;
  readonly catalog: SeriesCatalog;
  readonly metadata: MetadataReader;
  readonly parseSelector: ParseSelector;
  readonly format: (text: string) => string;
  readonly parseToJson: (text: string) => unknown;
  readonly maxSeries: number;
  /** Runs a query when there is room; see `createQueryGate`. */
  readonly run: <T>(text: string, signal: AbortSignal, start: () => Promise<T>) => Promise<T>;
  /** Endpoints of other parts: targets, status, rules, administration. */
  readonly others: Readonly<Record<string, Endpoint>>;
}

/** Points per series of one range query. */
const MAX_POINTS = 11_000;

/** The JSON endpoints of Prometheus's API. */
export function createQueryApi(parts: QueryApiParts): { call(call: ApiCall): Promise<ApiAnswer> } {
  const endpoints: Readonly<Record<string, Endpoint>> = {
    query: (call) => instantQuery(parts, call),
    query_range: (call) => rangeQuery(parts, call),
    explain: (call) => explain(parts, call),
    format_query: ({ params }) => ({ data: { json: parts.format(queryOf(params)) } }),
    parse_query: ({ params }) => ({ data: { json: parts.parseToJson(queryOf(params)) } }),
    series: (call) => seriesList(parts, call),
    labels: (call) => labelNames(parts, call),
    'label/:name/values': (call) => labelValues(parts, call),
    metadata: (call) => metadataJson(parts.metadata, call),
    ...parts.others,
  };
  return {
    async call(call) {
      const endpoint = endpoints[call.endpoint];
      if (endpoint === undefined) throw notServed(call.endpoint);
      return await endpoint(call);
    },
  };
}

function queryOf(params: URLSearchParams): string {
  const query = params.get('query') ?? '';
  if (query === '')
    throw badParameter('query', 'unknown position: parse error: no expression found in input');
  return query;
}

async function instantQuery(parts: QueryApiParts, { params, nowMs, signal }: ApiCall): Promise<ApiAnswer> {
  const text = queryOf(params);
  const limit = limitParam(params);
  const timeMs = timeParam(params, 'time', nowMs);
  const run = runOf(params, signal);
  const result = await parts.run(text, signal, () => parts.engine.instant({ text, timeMs }, run));
  return answerOf(result, params, limit);
}

async function rangeQuery(parts: QueryApiParts, { params, signal }: ApiCall): Promise<ApiAnswer> {
  const limit = limitParam(params);
  const startMs = requiredTime(params, 'start');
  const endMs = requiredTime(params, 'end');
  if (endMs < startMs) throw badParameter('end', 'end timestamp must not be before start time');
  const stepMs = durationParam(params, 'step') ?? refuseStep('cannot parse "" to a valid duration');
  if (stepMs <= 0)
    refuseStep('zero or negative query resolution step widths are not accepted. Try a positive integer');
  if ((endMs - startMs) / stepMs > MAX_POINTS) {
    throw new BellwetherError({
      code: 'bad_data',
      status: 400,
      message:
        'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    });
  }
  const text = queryOf(params);
  const run = runOf(params, signal);
  const result = await parts.run(text, signal, () =>
    parts.engine.range({ text, startMs, endMs, stepMs }, run),
  );
  return answerOf(result, params, limit);
}

function refuseStep(reason: string): never {
  throw badParameter('step', reason);
}

function runOf(params: URLSearchParams, signal: AbortSignal): QueryRun {
  return {
    signal,
    lookbackMs: durationParam(params, 'lookback_delta'),
    timeoutMs: durationParam(params, 'timeout'),
  };
}

function answerOf(result: QueryResult, params: URLSearchParams, limit: number): ApiAnswer {
  const { value, isCut } = limited(result.value, limit);
  const stats = params.get('stats');
  const warnings = isCut ? [...result.warnings, 'results truncated due to limit'] : result.warnings;
  return {
    data: { pieces: withStats(resultJson(value), stats ? statsJson(result, stats) : '') },
    warnings,
    infos: result.infos,
  };
}

function limited(
  value: QueryResult['value'],
  limit: number,
): { value: QueryResult['value']; isCut: boolean } {
  if (limit === 0) return { value, isCut: false };
  if (value.type === 'vector' && value.samples.length > limit) {
    return { value: { ...value, samples: value.samples.slice(0, limit) }, isCut: true };
  }
  if (value.type === 'matrix' && value.series.length > limit) {
    return { value: { ...value, series: value.series.slice(0, limit) }, isCut: true };
  }
  return { value, isCut: false };
}

function* withStats(pieces: Iterable<string>, stats: string): Generator<string> {
  if (stats === '') {
    yield* pieces;
    return;
  }
  // The object's closing brace comes alone and last.
  let last = '';
  for (const piece of pieces) {
    yield last;
    last = piece;
  }
  yield `,"stats":${stats}${last}`;
}

/** Prometheus's field names; seconds. */
function statsJson({ stats }: QueryResult, kind: string): string {
  const { parseMs, selectMs, evaluateMs } = stats;
  const totalS = (parseMs + selectMs + evaluateMs) / 1000;
  const samples = { totalQueryableSamples: stats.totalSamples, peakSamples: stats.peakSamples };
  const own = { seriesRead: stats.seriesRead, rowsRead: stats.rowsRead, bytesRead: stats.bytesRead };
  return JSON.stringify({
    timings: {
      evalTotalTime: totalS,
      resultSortTime: 0,
      queryPreparationTime: selectMs / 1000,
      innerEvalTime: evaluateMs / 1000,
      execQueueTime: 0,
      execTotalTime: totalS,
    },
    samples: kind === 'all' ? { ...samples, ...own } : samples,
  });
}

/** The plan of an instant query (no `start`) or a range query, which is evaluated for it. */
async function explain(parts: QueryApiParts, { params, nowMs, signal }: ApiCall): Promise<ApiAnswer> {
  const text = queryOf(params);
  const startMs = timeParam(params, 'start', undefined);
  const run = runOf(params, signal);
  const result = await parts.run(text, signal, () => {
    if (startMs === undefined) {
      return parts.engine.instant({ text, timeMs: timeParam(params, 'time', nowMs) }, run);
    }
    const endMs = timeParam(params, 'end', nowMs);
    const stepMs = durationParam(params, 'step') ?? Math.max(1000, Math.round((endMs - startMs) / 250));
    if (endMs < startMs) throw badParameter('end', 'end timestamp must not be before start time');
    if (stepMs <= 0 || (endMs - startMs) / stepMs > MAX_POINTS) refuseStep('it gives no or too many points');
    return parts.engine.range({ text, startMs, endMs, stepMs }, run);
  });
  const { plan, stats, warnings, infos } = result;
  return { data: { json: { plan, stats } }, warnings, infos };
}

function notServed(endpoint: string): BellwetherError {
  return new BellwetherError({
    code: 'not_found',
    status: 404,
    message: `/api/v1/${endpoint} is not served here`,
  });
}
