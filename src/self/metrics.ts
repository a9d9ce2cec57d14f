import { createMetricsRegistry, type MetricsRegistry, type Sample } from './registry.ts';

/** Seconds; from a trivial request to one that will time out. */
const DURATION_BUCKETS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
] as const;

/** Commits and inserts, as the writer reports them; they count from the start of the process. */
export interface WriterFigures {
  readonly commits: number;
  readonly commitFailures: number;
  readonly commitMs: number;
  readonly committedRows: number;
  readonly committedBytes: number;
  readonly inserts: number;
  readonly insertFailures: number;
  readonly insertedRows: number;
  /** Refused requests by error code. */
  readonly refused: Readonly<Record<string, number>>;
}

/**
 * What is read from other parts when somebody asks for the metrics. Each reader must be quick and is optional, so that a part
 * which is not there shows nothing instead of zeros.
 */
export interface MetricReaders {
  readonly writer?: () => WriterFigures;
  readonly spool?: () => {
    files: number;
    bytes: number;
    budgetBytes: number;
    /** Age of the oldest file that is not stored yet. */
    oldestAgeS: number;
    quarantinedFiles: number;
  };
  readonly engine?: () => { isUp: boolean; restarts: number; residentBytes?: number };
  readonly sources?: () => number;
  readonly live?: () => { clients: number; droppedTouches: number };
  readonly bodies?: () => { usedBytes: number; limitBytes: number };
  readonly connections?: () => ReadonlyArray<{ listener: string; count: number }>;
}

/** Instruments of the ingest pipeline and of the transports; they fit the meters those parts declare. */
export interface ServerMetrics {
  readonly registry: MetricsRegistry;
  readonly ingest: {
    accepted(signal: string, records: number, bodyBytes: number): void;
    rejected(signal: string, code: string, records: number): void;
    refused(signal: string, code: string): void;
    trimmed(signal: string, values: number, attributes: number): void;
    acknowledged(signal: string, seconds: number): void;
  };
  readonly http: {
    request(facts: {
      listener: string;
      route: string;
      method: string;
      status: number;
      durationS: number;
    }): void;
    connectionRefused(listener: string, reason: string): void;
  };
}

/** Everything the server measures about itself, but for the process, which `addProcessMetrics` adds. */
export function createServerMetrics(options: { version: string; readers: MetricReaders }): ServerMetrics {
  const registry = createMetricsRegistry();
  registry.observed(
    { name: 'bellwether_build_info', help: 'Always 1; the version is in the label.', type: 'gauge' },
    () => [{ labels: { version: options.version, node: process.version }, value: 1 }],
  );
  const ingest = ingestInstruments(registry);
  const http = httpInstruments(registry);
  observeSpool(registry, options.readers);
  if (options.readers.writer !== undefined) observeWriter(registry, options.readers.writer);
  observeParts(registry, options.readers);
  return { registry, ingest, http };
}

function ingestInstruments(registry: MetricsRegistry): ServerMetrics['ingest'] {
  const records = registry.counter({
    name: 'bellwether_ingest_records',
    help: 'Log records, spans and metric points that were accepted and are durable.',
    labels: ['signal'],
  });
  const bytes = registry.counter({
    name: 'bellwether_ingest_bytes',
    help: 'Bytes of accepted request bodies after decompression.',
    unit: 'bytes',
    labels: ['signal'],
  });
  const rejections = registry.counter({
    name: 'bellwether_ingest_rejected_records',
    help: 'Records that broke a rule and were left out of an otherwise accepted request.',
    labels: ['signal', 'reason'],
  });
  const refusals = registry.counter({
    name: 'bellwether_ingest_refused_requests',
    help: 'Requests that were turned away as a whole, those asked to try again included.',
    labels: ['signal', 'reason'],
  });
  const cutValues = registry.counter({
    name: 'bellwether_ingest_cut_values',
    help: 'Values of accepted records that were cut because they were too long.',
    labels: ['signal'],
  });
  const droppedAttributes = registry.counter({
    name: 'bellwether_ingest_dropped_attributes',
    help: 'Attributes of accepted records that were left out because there were too many.',
    labels: ['signal'],
  });
  const acknowledgements = registry.histogram({
    name: 'bellwether_ingest_acknowledge_duration_seconds',
    help: 'Time from a complete request body to durable data.',
    unit: 'seconds',
    labels: ['signal'],
    buckets: DURATION_BUCKETS,
  });
  return {
    accepted(signal, count, bodyBytes) {
      records.add({ signal }, count);
      bytes.add({ signal }, bodyBytes);
    },
    rejected: (signal, reason, count) => rejections.add({ signal, reason }, count),
    trimmed(signal, values, attributes) {
      cutValues.add({ signal }, values);
      droppedAttributes.add({ signal }, attributes);
    },
    refused: (signal, reason) => refusals.add({ signal, reason }),
    acknowledged: (signal, seconds) => acknowledgements.observe({ signal }, seconds),
  };
}

function httpInstruments(registry: MetricsRegistry): ServerMetrics['http'] {
  const requests = registry.counter({
    name: 'bellwether_http_requests',
    help: 'Requests by listener, route and status (for otlp_grpc the gRPC code); 499: the client went away.',
    labels: ['listener', 'route', 'method', 'status'],
  });
  const durations = registry.histogram({
    name: 'bellwether_http_request_duration_seconds',
    help: 'Time from the headers of a request to the end of its answer.',
    unit: 'seconds',
    labels: ['listener', 'route'],
    buckets: DURATION_BUCKETS,
  });
  const refused = registry.counter({
    name: 'bellwether_http_refused_connections',
    help: 'Connections that were turned away at a bound or broke before there was a request.',
    labels: ['listener', 'reason'],
  });
  return {
    request({ listener, route, method, status, durationS }) {
      requests.add({ listener, route, method, status: String(status) });
      durations.observe({ listener, route }, durationS);
    },
    connectionRefused: (listener, reason) => refused.add({ listener, reason }),
  };
}

function observeSpool(registry: MetricsRegistry, { spool }: MetricReaders): void {
  if (spool === undefined) return;
  const gauge = (name: string, help: string, read: () => number) =>
    registry.observed({ name: `bellwether_spool_${name}`, help, type: 'gauge' }, read);
  gauge('files', 'Batches that are durable in the spool and not stored yet.', () => spool().files);
  gauge('bytes', 'Bytes of those batches.', () => spool().bytes);
  gauge('budget_bytes', 'Bytes the spool may hold before senders are refused.', () => spool().budgetBytes);
  gauge('oldest_age_seconds', 'Age of the oldest batch in the spool.', () => spool().oldestAgeS);
  gauge('quarantined_files', 'Files that were set aside, unstored.', () => spool().quarantinedFiles);
}

function observeWriter(registry: MetricsRegistry, read: () => WriterFigures): void {
  const counter = (name: string, help: string, value: (figures: WriterFigures) => number) =>
    registry.observed({ name: `bellwether_${name}`, help, type: 'counter' }, () => value(read()));
  counter('spool_commits', 'Group commits.', (writer) => writer.commits);
  counter('spool_commit_failures', 'Group commits that failed.', (writer) => writer.commitFailures);
  counter('spool_commit_seconds', 'Time spent making groups durable.', (writer) => writer.commitMs / 1000);
  counter('spool_committed_rows', 'Rows made durable.', (writer) => writer.committedRows);
  counter('spool_committed_bytes', 'Bytes made durable.', (writer) => writer.committedBytes);
  counter('store_inserts', 'Blocks inserted into the store.', (writer) => writer.inserts);
  counter(
    'store_insert_failures',
    'Inserts that failed and are repeated.',
    (writer) => writer.insertFailures,
  );
  counter('store_inserted_rows', 'Rows inserted into the store.', (writer) => writer.insertedRows);
  registry.observed(
    {
      name: 'bellwether_spool_refusals',
      help: 'Requests the write path turned away, by reason.',
      labels: ['reason'],
      type: 'counter',
    },
    () => Object.entries(read().refused).map(([reason, value]) => ({ labels: { reason }, value })),
  );
}

function observeParts(registry: MetricsRegistry, readers: MetricReaders): void {
  const { engine, sources, live, bodies, connections } = readers;
  const observe = (
    type: 'counter' | 'gauge',
    name: string,
    help: string,
    read: () => number | readonly Sample[],
  ) => registry.observed({ name: `bellwether_${name}`, help, type }, read);
  if (engine !== undefined) {
    observe('gauge', 'engine_up', '1 when the storage engine answers.', () => Number(engine().isUp));
    observe('counter', 'engine_restarts', 'Restarts of the storage engine.', () => engine().restarts);
    observe('gauge', 'engine_resident_memory_bytes', 'Resident memory of the storage engine.', () => {
      const { residentBytes } = engine();
      return residentBytes === undefined ? [] : residentBytes;
    });
  }
  if (sources !== undefined) observe('gauge', 'sources', 'Senders that are remembered.', sources);
  if (live !== undefined) {
    observe('gauge', 'live_clients', 'Open live streams.', () => live().clients);
    const help = 'Changes of sessions that live streams did not get because too many waited.';
    observe('counter', 'live_dropped_touches', help, () => live().droppedTouches);
  }
  if (bodies !== undefined) {
    observe(
      'gauge',
      'ingest_in_flight_bytes',
      'Bytes of request bodies in memory.',
      () => bodies().usedBytes,
    );
    observe('gauge', 'ingest_in_flight_limit_bytes', 'Bound on those bytes.', () => bodies().limitBytes);
  }
  if (connections !== undefined) {
    observe('gauge', 'http_connections', 'Open connections.', () =>
      connections().map(({ listener, count }) => ({ labels: { listener }, value: count })),
    );
  }
}
