import type { Labels } from '../model/labels.ts';
import type { NativeHistogram } from '../model/native-histogram.ts';
import type { SeriesSamples } from '../model/samples.ts';
import type { SampleSource } from './source.ts';

/** Bounds and switches of one evaluation. */
export interface EngineOptions {
  /** How far back an instant selector looks (exclusive), milliseconds; Prometheus's default is 300 000. */
  readonly lookbackMs: number;
  /** Samples held or produced at once. */
  readonly maxSamples: number;
  readonly maxSeries: number;
  readonly timeoutMs: number;
  /** Default step of a subquery. */
  readonly subqueryStepMs: number;
  /** Feature flags of Prometheus, all off by default there: `promql-experimental-functions`, `promql-duration-expr`, `promql-extended-range-selectors`, `promql-delayed-name-removal`, `promql-binop-fill-modifiers`. */
  readonly hasExperimentalFunctions: boolean;
  readonly hasDurationExpressions: boolean;
  readonly hasExtendedRangeSelectors: boolean;
  readonly hasDelayedNameRemoval: boolean;
  readonly hasFillModifiers: boolean;
  /** Fused kernels for `agg(rangefn(selector[d]))`; off: the plain evaluator does everything. Results are identical. */
  readonly hasFusedKernels: boolean;
}

export interface InstantQuery {
  readonly text: string;
  readonly timeMs: number;
}

export interface RangeQuery {
  readonly text: string;
  readonly startMs: number;
  /** Inclusive. */
  readonly endMs: number;
  /** At least 1. */
  readonly stepMs: number;
}

export interface VectorSample {
  readonly labels: Labels;
  readonly timeMs: number;
  readonly value: number;
  readonly histogram: NativeHistogram | undefined;
}

export type QueryValue =
  | { readonly type: 'scalar'; readonly timeMs: number; readonly value: number }
  | { readonly type: 'string'; readonly timeMs: number; readonly value: string }
  | { readonly type: 'vector'; readonly samples: readonly VectorSample[] }
  /** Sorted by labels when it answers a range query. Steps without a value are left out of the columns. */
  | { readonly type: 'matrix'; readonly series: readonly SeriesSamples[] };

/** What an evaluation cost, for `stats=all`, `explain` and the slow query log. */
export interface QueryStats {
  readonly totalSamples: number;
  readonly peakSamples: number;
  readonly seriesRead: number;
  readonly rowsRead: number;
  readonly bytesRead: number;
  readonly parseMs: number;
  readonly selectMs: number;
  readonly evaluateMs: number;
}

/** One node of a plan with what it cost. */
export interface PlanNode {
  /** What happens here: `select`, `fused sum by (rate)`, `binary +`. */
  readonly operation: string;
  /** The expression, formatted. */
  readonly expression: string;
  readonly seriesOut: number;
  readonly samplesRead: number;
  readonly elapsedMs: number;
  readonly children: readonly PlanNode[];
}

export interface QueryResult {
  readonly value: QueryValue;
  /** Annotations with position, as the API shows them. */
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  readonly stats: QueryStats;
  readonly plan: PlanNode;
}

/**
 * Evaluates PromQL with the semantics of Prometheus 3.
 *
 * Rejects with BellwetherError: `bad_data` (400, does not parse or type-check), `execution` (422), `timeout` (503), `canceled` (499),
 * `too_many_samples` (422), and what the source throws.
 */
export interface QueryEngine {
  instant(query: InstantQuery, options?: QueryRun): Promise<QueryResult>;
  range(query: RangeQuery, options?: QueryRun): Promise<QueryResult>;
}

export interface QueryRun {
  readonly signal?: AbortSignal;
  readonly lookbackMs?: number;
  readonly timeoutMs?: number;
}

export interface EngineParts {
  readonly source: SampleSource;
  readonly options: EngineOptions;
  /** A clock that only goes forward, milliseconds; `performance.now` unless given. */
  readonly nowMs?: () => number;
}
