import { BellwetherError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import {
  createEngine,
  type EngineOptions,
  format,
  functionNamed,
  type Matcher,
  type ParseOptions,
  parse,
  parseMetricSelector,
  type QueryEngine,
  type SampleSource,
  toJson,
  walk,
} from '../../promql/index.ts';
import type { MetricsHead, Store } from '../../store/index.ts';
import { cardinalityEndpoint } from './api/cardinality.ts';
import { queryExemplars } from './api/exemplars.ts';
import { headStatus } from './api/head-status.ts';
import { createMetadataReader } from './api/metadata.ts';
import { type ApiAnswer, type ApiCall, createQueryApi, type Endpoint } from './api/service.ts';
import { type StatusParts, statusEndpoints } from './api/status.ts';
import { type ScrapeStatus, targetEndpoints } from './api/targets.ts';
import { createQueryGate, type QueryGate } from './query-gate.ts';
import { createSampleSource } from './sample-source.ts';
import { createSeriesCatalog, type SeriesCatalog } from './series-catalog.ts';

const MAX_WAITING = 256;
const SUBQUERY_STEP_MS = 60_000;

export interface PromqlLimits {
  readonly lookbackMs: number;
  readonly timeoutMs: number;
  readonly maxSamples: number;
  readonly maxSeries: number;
  readonly concurrency: number;
  /** 0: no query is slow. */
  readonly slowMs: number;
}

export interface PromqlServiceParts {
  readonly store: Store;
  readonly head: MetricsHead;
  /** True when other servers write to the same store. */
  readonly isShared: boolean;
  /** False while durable rows of an earlier process still wait to be stored. */
  readonly isStoreComplete: () => boolean;
  readonly limits: PromqlLimits;
  /** Prometheus's feature flags that are on. */
  readonly features: readonly string[];
  readonly status: Omit<StatusParts, 'head'>;
  readonly cardinality: (nowMs: number) => object;
  readonly scrape: ScrapeStatus;
  readonly clock: () => number;
  readonly log: Log;
}

interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly pieces: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>;
}

/** PromQL and the API around it. */
export interface PromqlService {
  readonly engine: QueryEngine;
  readonly catalog: SeriesCatalog;
  readonly source: SampleSource;
  readonly gate: QueryGate;
  call(call: ApiCall): Promise<ApiAnswer>;
  federate(params: URLSearchParams, context: { nowMs: number; signal: AbortSignal }): Promise<RawAnswer>;
  remoteRead(body: Uint8Array, signal: AbortSignal): Promise<RawAnswer>;
  exportRange(params: URLSearchParams, context: { nowMs: number; signal: AbortSignal }): Promise<RawAnswer>;
}

export function createPromqlService(parts: PromqlServiceParts): PromqlService {
  const { store, head, isShared, isStoreComplete, limits, clock, log } = parts;
  const catalog = createSeriesCatalog({ store, isShared, isStoreComplete, clock, log });
  const source = createSampleSource({ store, catalog, head, isShared });
  const options = engineOptions(parts);
  const engine = createEngine({ source, options });
  const gate = createQueryGate({ ...limits, maxWaiting: MAX_WAITING, now: () => performance.now(), log });
  const language: ParseOptions = { ...options, functions: functionNamed };
  const selectorsIn = (text: string) => selectorsOf(text, language);
  const metadata = createMetadataReader(store);
  const { maxSeries } = limits;
  const api = createQueryApi({
    engine,
    catalog,
    metadata,
    maxSeries,
    parseSelector: parseMetricSelector,
    format: (text) => format(parse(text, language)),
    parseToJson: (text) => toJson(parse(text, language), functionNamed),
    run: (text, signal, start) => gate.run(text, signal, start),
    others: {
      ...statusEndpoints({
        ...parts.status,
        head: (top) => headStatus(catalog.resident(), headFacts(head, clock), top),
      }),
      ...targetEndpoints(parts.scrape, parseMetricSelector),
      ...emptyEndpoints,
      cardinality: cardinalityEndpoint(parts.cardinality),
      query_exemplars: (call) => queryExemplars({ store, catalog, selectorsIn, maxSeries }, call),
    },
  });
  return {
    ...{ engine, catalog, source, gate },
    call: (call) => api.call(call),
    federate: () => notYet(),
    remoteRead: () => notYet(),
    exportRange: () => notYet(),
  };
}

function engineOptions({ limits, features }: PromqlServiceParts): EngineOptions {
  const has = (flag: string) => features.includes(flag);
  return {
    ...limits,
    subqueryStepMs: SUBQUERY_STEP_MS,
    hasExperimentalFunctions: has('promql-experimental-functions'),
    hasDurationExpressions: true,
    hasExtendedRangeSelectors: has('promql-extended-range-selectors'),
    hasDelayedNameRemoval: has('promql-delayed-name-removal'),
    hasFillModifiers: has('promql-binop-fill-modifiers'),
    hasFusedKernels: true,
  };
}

function selectorsOf(text: string, language: ParseOptions): (readonly Matcher[])[] {
  const found: (readonly Matcher[])[] = [];
  walk(parse(text, language), (node) => {
    if (node.kind === 'vector_selector') found.push(node.matchers);
  });
  return found;
}

function headFacts(head: MetricsHead, clock: () => number) {
  const { chunks, oldestUnflushedMs } = head.stats();
  const maxMs = clock();
  return { chunks, minMs: Math.min(head.coveredFromMs, oldestUnflushedMs ?? maxMs), maxMs };
}

/** Filled by the alerting part. */
const emptyEndpoints: Readonly<Record<string, Endpoint>> = {
  rules: () => ({ data: { json: { groups: [] } } }),
  alerts: () => ({ data: { json: { alerts: [] } } }),
  alertmanagers: () => ({ data: { json: { activeAlertmanagers: [], droppedAlertmanagers: [] } } }),
};

function notYet(): never {
  throw new BellwetherError({ code: 'not_found', status: 404, message: 'this is not served here' });
}
