import { apiCall } from '../../lib/api.ts';

/** Calls of Prometheus's HTTP API on this server, and the shapes of its answers. Values travel as text, times as seconds. */

export type LabelSet = Readonly<Record<string, string>>;
export type Point = readonly [seconds: number, value: string];

/** A native histogram. Each bucket: boundary rule, lower and upper bound, count. */
export interface HistogramJson {
  readonly count: string;
  readonly sum: string;
  readonly buckets?: readonly (readonly [rule: number, lower: string, upper: string, count: string])[];
}
export type HistogramPoint = readonly [seconds: number, histogram: HistogramJson];

export interface VectorSample {
  readonly metric: LabelSet;
  readonly value?: Point;
  readonly histogram?: HistogramPoint;
}

export interface MatrixSeries {
  readonly metric: LabelSet;
  readonly values?: readonly Point[];
  readonly histograms?: readonly HistogramPoint[];
}

export interface QueryStats {
  readonly timings?: { readonly execTotalTime?: number };
  readonly samples?: {
    readonly totalQueryableSamples?: number;
    readonly peakSamples?: number;
    readonly seriesRead?: number;
  };
}

export type QueryData = { readonly stats?: QueryStats } & (
  | { readonly resultType: 'vector'; readonly result: readonly VectorSample[] }
  | { readonly resultType: 'matrix'; readonly result: readonly MatrixSeries[] }
  | { readonly resultType: 'scalar' | 'string'; readonly result: Point }
);

export interface PlanNode {
  readonly operation: string;
  readonly expression: string;
  readonly seriesOut: number;
  readonly samplesRead: number;
  readonly elapsedMs: number;
  readonly children: readonly PlanNode[];
}

export interface Explanation {
  readonly plan: PlanNode;
  readonly stats: {
    readonly totalSamples: number;
    readonly peakSamples: number;
    readonly seriesRead: number;
    readonly rowsRead: number;
    readonly bytesRead: number;
    readonly parseMs: number;
    readonly selectMs: number;
    readonly evaluateMs: number;
  };
}

export interface MetricFacts {
  readonly type: string;
  readonly help: string;
  readonly unit: string;
}

export interface SeriesExemplars {
  readonly seriesLabels: LabelSet;
  readonly exemplars: readonly {
    readonly labels: LabelSet;
    readonly value: string;
    readonly timestamp: number;
  }[];
}

/** `data` of an answer with what the evaluation remarked. */
export interface Answer<T> {
  readonly data: T;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}

interface Envelope<T> {
  readonly data: T;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

export type CallParams = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** Path and parameters of a call, as they would stand in an address. */
export function callParams(params: CallParams): URLSearchParams {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined || value === '') continue;
    if (typeof value === 'string' || typeof value === 'number') search.set(name, String(value));
    else for (const one of value) search.append(name, one);
  }
  return search;
}

/**
 * One call below `/api/v1/`. Throws ApiError with Prometheus's `errorType` as its code; an abort passes through.
 */
export async function prometheus<T>(
  endpoint: string,
  params: CallParams = {},
  signal?: AbortSignal,
): Promise<Answer<T>> {
  const { data, warnings, infos } = await apiCall<Envelope<T>>(`/api/v1/${endpoint}`, callParams(params), {
    signal,
  });
  return { data, warnings: warnings ?? [], infos: infos ?? [] };
}

/** Seconds with three decimals at most, as the API reads them. */
export function apiSeconds(ms: number): string {
  return String(Math.round(ms) / 1000);
}
