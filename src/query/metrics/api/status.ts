import type { ApiAnswer, ApiCall, Endpoint } from './service.ts';

/** The Prometheus whose language and API are spoken. Grafana and others choose what they use by it. */
const SPOKEN_VERSION = '3.14.0';
const DEFAULT_TOP = 10;
const MAX_TOP = 10_000;

export interface NamedCount {
  readonly name: string;
  readonly value: number;
}

/** Cardinality, most first. */
export interface HeadStatus {
  readonly series: number;
  readonly labelPairs: number;
  readonly chunks: number;
  /** Epoch milliseconds. */
  readonly minMs: number;
  readonly maxMs: number;
  readonly seriesByMetric: readonly NamedCount[];
  readonly valuesByLabel: readonly NamedCount[];
  readonly seriesByPair: readonly NamedCount[];
  readonly bytesByLabel: readonly NamedCount[];
}

export interface StatusParts {
  readonly version: string;
  /** Epoch milliseconds. */
  readonly startedMs: number;
  readonly hostName: string;
  /** Configuration as YAML without secrets. */
  readonly configYaml: () => string;
  readonly flags: () => Readonly<Record<string, string>>;
  readonly head: (top: number) => HeadStatus;
  readonly retention: string;
}

/** The endpoints below `/api/v1/status/`. */
export function statusEndpoints(parts: StatusParts): Readonly<Record<string, Endpoint>> {
  const json =
    (make: (call: ApiCall) => unknown) =>
    (call: ApiCall): ApiAnswer => ({ data: { json: make(call) } });
  return {
    'status/buildinfo': json(() => ({
      version: `${SPOKEN_VERSION}+bellwether.${parts.version}`,
      revision: parts.version,
      branch: 'bellwether',
      buildUser: '',
      buildDate: '',
      goVersion: '',
      application: 'Bellwether',
      nodeVersion: process.version,
    })),
    'status/runtimeinfo': json(({ nowMs }) => ({
      startTime: new Date(parts.startedMs).toISOString(),
      CWD: '',
      hostname: parts.hostName,
      serverTime: new Date(nowMs).toISOString(),
      reloadConfigSuccess: true,
      lastConfigTime: new Date(parts.startedMs).toISOString(),
      corruptionCount: 0,
      goroutineCount: 0,
      GOMAXPROCS: 1,
      GOGC: '',
      GODEBUG: '',
      storageRetention: parts.retention,
    })),
    'status/config': json(() => ({ yaml: parts.configYaml() })),
    'status/flags': json(() => parts.flags()),
    'status/walreplay': json(() => ({ min: 0, max: 0, current: 0, state: 'done' })),
    'status/tsdb': json(({ params }) => tsdbJson(parts.head(topOf(params)))),
  };
}

function topOf(params: URLSearchParams): number {
  const limit = Number(params.get('limit') ?? DEFAULT_TOP);
  return Number.isInteger(limit) && limit > 0 ? Math.min(limit, MAX_TOP) : DEFAULT_TOP;
}

function tsdbJson(head: HeadStatus): unknown {
  return {
    headStats: {
      numSeries: head.series,
      numLabelPairs: head.labelPairs,
      chunkCount: head.chunks,
      minTime: head.minMs,
      maxTime: head.maxMs,
    },
    seriesCountByMetricName: head.seriesByMetric,
    labelValueCountByLabelName: head.valuesByLabel,
    memoryInBytesByLabelName: head.bytesByLabel,
    seriesCountByLabelValuePair: head.seriesByPair,
  };
}
