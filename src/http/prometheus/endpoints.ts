/** Endpoints below `/api/v1/` that answer JSON in Prometheus's envelope, with the methods they take. */
export const prometheusEndpoints: readonly {
  readonly path: string;
  readonly methods: readonly string[];
  readonly summary: string;
}[] = [
  { path: 'query', methods: ['GET', 'POST'], summary: 'PromQL at one moment' },
  { path: 'query_range', methods: ['GET', 'POST'], summary: 'PromQL over a range' },
  { path: 'query_exemplars', methods: ['GET', 'POST'], summary: 'Exemplars of the series in an expression' },
  { path: 'format_query', methods: ['GET', 'POST'], summary: 'An expression, formatted' },
  { path: 'parse_query', methods: ['GET', 'POST'], summary: 'An expression as a tree' },
  { path: 'explain', methods: ['GET', 'POST'], summary: 'Plan of an expression with rows, series and times' },
  { path: 'series', methods: ['GET', 'POST'], summary: 'Series that match' },
  { path: 'labels', methods: ['GET', 'POST'], summary: 'Names of labels' },
  { path: 'label/:name/values', methods: ['GET'], summary: 'Values of a label' },
  { path: 'metadata', methods: ['GET'], summary: 'Type, unit and help of metrics' },
  { path: 'targets', methods: ['GET'], summary: 'Scrape targets' },
  { path: 'targets/metadata', methods: ['GET'], summary: 'Metadata by target' },
  { path: 'scrape_pools', methods: ['GET'], summary: 'Names of the scrape pools' },
  { path: 'rules', methods: ['GET'], summary: 'Rules' },
  { path: 'alerts', methods: ['GET'], summary: 'Active alerts' },
  { path: 'alertmanagers', methods: ['GET'], summary: 'Alertmanagers' },
  { path: 'status/buildinfo', methods: ['GET'], summary: 'Version' },
  { path: 'status/runtimeinfo', methods: ['GET'], summary: 'State of the process' },
  { path: 'status/config', methods: ['GET'], summary: 'Configuration, without secrets' },
  { path: 'status/flags', methods: ['GET'], summary: 'Settings' },
  { path: 'status/tsdb', methods: ['GET'], summary: 'Cardinality' },
  { path: 'status/walreplay', methods: ['GET'], summary: 'Progress of the start' },
  { path: 'cardinality', methods: ['GET'], summary: 'Active series, churn, refused series' },
  { path: 'admin/tsdb/delete_series', methods: ['POST', 'PUT'], summary: 'Delete series' },
  {
    path: 'admin/tsdb/clean_tombstones',
    methods: ['POST', 'PUT'],
    summary: 'Free the space of deleted series',
  },
  { path: 'admin/tsdb/snapshot', methods: ['POST', 'PUT'], summary: 'Not supported: use backup' },
];

/** Endpoints that answer something else than JSON. */
export const rawEndpoints: readonly {
  readonly method: string;
  readonly path: string;
  readonly summary: string;
}[] = [
  { method: 'GET', path: '/federate', summary: 'Newest samples as text, for a Prometheus that scrapes them' },
  { method: 'GET', path: '/api/v1/export', summary: 'All samples of a range as OpenMetrics' },
  { method: 'POST', path: '/api/v1/read', summary: 'Remote read: samples or streamed chunks' },
];

/** Paths that take samples; whoever is plugged in as `PrometheusWrites` handles them. `:name` stands for a part of the path. */
export const writeEndpoints: readonly {
  readonly methods: readonly string[];
  readonly path: string;
  readonly summary: string;
}[] = [
  { methods: ['POST'], path: '/api/v1/write', summary: 'Remote write 1.0 and 2.0' },
  {
    methods: ['POST'],
    path: '/api/v1/import/prometheus',
    summary: 'Prometheus text, OpenMetrics or protobuf; `timestamp` (ms), `extra_label=name=value`',
  },
  {
    methods: ['PUT', 'POST', 'DELETE'],
    path: '/metrics/job/:job',
    summary: 'A group of pushed metrics, as a Pushgateway takes it; more labels as `/name/value`',
  },
  {
    methods: ['POST'],
    path: '/write',
    summary: 'InfluxDB line protocol; `db`, `precision`, `extra_label`. The same: `/influx/write`',
  },
  {
    methods: ['POST'],
    path: '/api/v2/write',
    summary: 'InfluxDB 2 line protocol; `bucket`, `precision`. The same: `/influx/api/v2/write`',
  },
];

export interface EndpointMatch {
  readonly endpoint: string;
  readonly methods: readonly string[];
  readonly path: Readonly<Record<string, string>>;
}

const PREFIX = '/api/v1/';

/** The endpoint a path (without query) names. */
export function findEndpoint(path: string): EndpointMatch | undefined {
  if (!path.startsWith(PREFIX)) return undefined;
  const parts = path.slice(PREFIX.length).replace(/\/$/, '').split('/');
  for (const { path: pattern, methods } of prometheusEndpoints) {
    const values = valuesIn(pattern.split('/'), parts);
    if (values !== undefined) return { endpoint: pattern, methods, path: values };
  }
  return undefined;
}

function valuesIn(pattern: readonly string[], parts: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== parts.length) return undefined;
  const values: Record<string, string> = {};
  for (let i = 0; i < pattern.length; i++) {
    const name = pattern[i]!;
    if (name.startsWith(':')) values[name.slice(1)] = decoded(parts[i]!);
    else if (name !== parts[i]) return undefined;
  }
  return values;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not percent-encoding: taken as it stands.
    return text;
  }
}
