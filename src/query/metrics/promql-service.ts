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
import { type AdminParts, adminEndpoints } from './api/admin.ts';
import { cardinalityEndpoint } from './api/cardinality.ts';
import { queryExemplars } from './api/exemplars.ts';
import { createExportRange, type ExportRange } from './api/export.ts';
import { createFederate, type Federate } from './api/federate.ts';
import { headStatus } from './api/head-status.ts';
import { createMetadataReader, type MetricMetadata } from './api/metadata.ts';
import { createRemoteRead, type RemoteRead } from './api/remote-read.ts';
import { type RuleStatus, ruleEndpoints } from './api/rules.ts';
import { type ApiAnswer, type ApiCall, createQueryApi } from './api/service.ts';
import { type StatusParts, statusEndpoints } from './api/status.ts';
import { type ScrapeStatus, targetEndpoints } from './api/targets.ts';
import { createQueryGate, type QueryGate } from './query-gate.ts';
import { createSampleSource } from './sample-source.ts';
import { type CatalogSeries, createSeriesCatalog, type SeriesCatalog } from './series-catalog.ts';

const MAX_WAITING = 256;
const MAX_METRICS = 100_000;
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
  readonly rules: RuleStatus;
  readonly externalLabels: Readonly<Record<string, string>>;
  /** What deleting series needs of the write path. */
  readonly admin: Pick<AdminParts, 'isEnabled' | 'flush' | 'insertChunks' | 'forget'> & { onEmpty(): void };
  readonly clock: () => number;
  readonly log: Log;
}

/** PromQL and the API around it. */
export interface PromqlService {
  readonly engine: QueryEngine;
  readonly catalog: SeriesCatalog;
  readonly source: SampleSource;
  readonly gate: QueryGate;
  call(call: ApiCall): Promise<ApiAnswer>;
  /** Type, unit and help of every metric, the newest of each. */
  knownMetadata(): Promise<(MetricMetadata & { readonly metric: string })[]>;
  isReady(): boolean;
  readonly federate: Federate;
  readonly remoteRead: RemoteRead;
  readonly exportRange: ExportRange;
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
  const { externalLabels } = parts;
  const raw = { source, metadata, limits, parseSelector: parseMetricSelector };
  const onEmpty = (series: readonly CatalogSeries[]) => {
    catalog.forget(series);
    parts.admin.onEmpty();
  };
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
      ...ruleEndpoints(parts.rules, parseMetricSelector),
      ...adminEndpoints({
        ...parts.admin,
        ...{ store, catalog, maxSeries },
        parseSelector: parseMetricSelector,
        onEmpty,
      }),
      cardinality: cardinalityEndpoint(parts.cardinality),
      query_exemplars: (call) => queryExemplars({ store, catalog, selectorsIn, maxSeries }, call),
    },
  });
  return {
    ...{ engine, catalog, source, gate },
    call: (call) => api.call(call),
    async knownMetadata() {
      const known = await metadata.read({ metric: undefined, limit: MAX_METRICS, perMetric: 1 });
      return [...known].flatMap(([metric, [facts]]) => (facts === undefined ? [] : [{ metric, ...facts }]));
    },
    isReady: () => store.ready().status === 'ok',
    federate: createFederate({ ...raw, lookbackMs: limits.lookbackMs, externalLabels }),
    remoteRead: createRemoteRead({ source, externalLabels, limits }),
    exportRange: createExportRange({ ...raw, catalog }),
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

/** Matchers of every selector in an expression, those of ranges too. */
export function selectorsOf(text: string, language: ParseOptions): (readonly Matcher[])[] {
  const found: (readonly Matcher[])[] = [];
  walk(parse(text, language), (node) => {
    if (node.kind === 'vector_selector') found.push(node.matchers);
    else if (node.kind === 'matrix_selector') found.push(node.vector.matchers);
  });
  return found;
}

function headFacts(head: MetricsHead, clock: () => number) {
  const { chunks, oldestUnflushedMs } = head.stats();
  const maxMs = clock();
  const oldestMs = Math.min(oldestUnflushedMs ?? maxMs, maxMs);
  // A head that has everything has no beginning of its own.
  const minMs = Number.isFinite(head.coveredFromMs) ? Math.min(head.coveredFromMs, oldestMs) : oldestMs;
  return { chunks, minMs, maxMs };
}
