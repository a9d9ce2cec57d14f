import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createKeyStore } from '../auth/index.ts';
import type { Config } from '../config/index.ts';
import {
  createLiveHub,
  createMemoryBudget,
  type HttpServers,
  type LiveHub,
  openServers,
} from '../http/index.ts';
import type { SourceRegistry } from '../ingest/index.ts';
import { urlHost } from '../lib/listen.ts';
import type { Log } from '../lib/log.ts';
import { createAgentQueries } from '../query/agents/index.ts';
import { createHealth, createServerMetrics, type HealthChecks, summarize } from '../self/index.ts';
import { createSnapshotStore, openState, type SnapshotStore, type StateDatabase } from '../state/index.ts';
import { lockDataDir } from '../store/engine/index.ts';
import { createWriter, type MetricsHead, replayInto, type Writer } from '../store/index.ts';
import { checkExposure, createServerAccess } from './access.ts';
import { startAlerting } from './alerting/alerting.ts';
import { lateAlerting } from './alerting/late-alerting.ts';
import { checkConfig, readWhole } from './check-config.ts';
import { healthProbes } from './health.ts';
import { createIngest, type Ingest } from './ingest.ts';
import { forwardTouches } from './live.ts';
import { createLimits, createMetrics, type Metrics } from './metrics.ts';
import { createHead } from './metrics-head.ts';
import { metricReaders } from './readers.ts';
import { readScraping } from './scraping.ts';
import { createServices, portsToOpen } from './services.ts';
import { createStack, type Stack } from './stack.ts';
import { openStorage, type Storage, spoolDirOf } from './storage.ts';

export interface ServerOptions {
  readonly config: Config;
  readonly version: string;
  readonly log: Log;
  /** Epoch milliseconds; for tests. */
  readonly clock?: () => number;
  /** Reads the configuration again, for a reload; without it a reload only reads the files it names. @throws ConfigError */
  readonly readConfig?: () => Config;
  /** Also checks every answer of the API against its schema; for tests. */
  readonly checksAnswers?: boolean;
}

/** A server whose ports are open. */
export interface RunningServer {
  /** Base URL of UI and API. */
  readonly url: string;
  readonly otlpHttpUrl: string | undefined;
  /** `host:port`. */
  readonly otlpGrpcAddress: string | undefined;
  readonly isKeyRequired: boolean;
  /** The onboarding block for a shell. */
  shellBlock(): Promise<string>;
  /** Process id of the embedded engine while it runs. */
  enginePid(): number | undefined;
  /** Resolves when everything works; rejects when the store never will, for example because a newer version wrote it. */
  whenReady(): Promise<void>;
  /**
   * Reads the configuration again and changes over to its rules, routes, receivers, on-call and scrape jobs.
   *
   * @throws BellwetherError `bad_config` with every mistake; everything stays as it was.
   */
  reload(): Promise<void>;
  /** Stops accepting, makes what was taken durable, closes everything in reverse order. */
  stop(): Promise<void>;
}

const snapshotName = 'sources';
const snapshotEveryMs = 10_000;
const statusEveryMs = 1000;
/** Requests in flight get this long at a stop. */
const stopGraceMs = 1500;
const drainMs = 1500;
const bodyIdleMs = 15_000;
const bodyTotalMs = 60_000;
const uiFolder = fileURLToPath(new URL('../../dist/ui', import.meta.url));

/**
 * Builds and starts a whole server. When a part cannot start, those before it are stopped again and its error is thrown.
 *
 * @throws {BellwetherError} `data_dir_in_use`, `no_credential`, `cannot_listen`, `state_newer`, ...
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const stack = createStack(options.log);
  try {
    return await start(options, stack);
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

/** Everything below the ports. */
interface Core {
  readonly state: StateDatabase;
  readonly storage: Storage;
  readonly writer: Writer;
  readonly head: MetricsHead;
  readonly snapshots: SnapshotStore;
  readonly isKeyRequired: boolean;
  readonly keys: ReturnType<typeof createKeyStore>;
}

async function start(options: ServerOptions, stack: Stack): Promise<RunningServer> {
  const { config, version, log, clock = Date.now } = options;
  checkConfig(config);
  const core = await startCore(options, stack);
  const { storage, writer, isKeyRequired } = core;
  const seriesLimits = createLimits(config);
  const queries = createAgentQueries(storage.store);
  const alerts = lateAlerting();
  const live = createLiveHub({
    version,
    firing: alerts.firing,
    loadSessions: (ids) => queries.sessionsByIds(ids, clock()),
    clock,
    log,
  });
  const bodies = createMemoryBudget(config.ingest.max_in_flight);
  let servers: HttpServers | undefined;
  let ingest: Ingest | undefined;
  const readers = metricReaders({
    ...{ writer, storage, bodies, live: () => live, servers: () => servers },
    sources: () => ingest!.sources,
  });
  const metrics = createServerMetrics({ version, readers });
  ingest = createIngest({
    ...{ config, writer, clock, log, seriesLimits, meter: metrics.ingest },
    onSourcesChanged: () => live.sourcesChanged(),
  });
  await keepSources(ingest.sources, core.snapshots, { clock, log, stack });
  writer.onStored(forwardTouches({ ledger: ingest.ledger, live, clock }));
  const health = watchHealth({ options, core, live, stack });
  const services = createServices({
    ...{ version, config, isKeyRequired, queries, sources: ingest.sources, health, metrics },
    alerts: alerts.services,
    ports: () => portsOf(servers),
  });
  const prometheus = await createMetrics({
    ...{ config, version, storage, writer, clock, log, stack, limits: seriesLimits },
    ...{ head: core.head, intake: ingest.pipeline, snapshots: core.snapshots, registry: metrics.registry },
    forgetSeries: ingest.forgetSeries,
    rules: alerts.ruleStatus,
  });
  stack.onStop('writer', () => writer.drain(drainMs));
  servers = await openServers({
    ...portsToOpen(config),
    ...listening({ options, core, live, bodies }),
    ...{ services, prometheus, meter: metrics.http, intake: ingest.pipeline },
    ...{ alertmanager: alerts.alertmanager, inbound: alerts.inbound, actions: alerts.actions },
  });
  stack.onStop('listeners', () => servers?.stop(stopGraceMs));
  prometheus.startCollecting(() => ownProcesses(storage));
  alerts.bind(
    await startAlerting({
      ...{ config, version, writer, log, stack, state: core.state, store: storage.store },
      ...{ metrics: prometheus, intake: ingest.pipeline, registry: metrics.registry },
      readConfig: () => readWhole(options.readConfig ?? (() => config)).config,
      prepareScraping: (next) => prepareScraping(prometheus, next),
      externalUrl: externalUrlOf(config, servers),
      onChange: () => live.alertsChanged(),
    }),
  );
  health.markStarted();
  return runningServer({ core, servers, stack, services, reload: () => alerts.services.reload() });
}

interface ListeningParts {
  readonly options: ServerOptions;
  readonly core: Core;
  readonly live: LiveHub;
  readonly bodies: ReturnType<typeof createMemoryBudget>;
}

/** What the listeners need besides what they serve. */
function listening({ options, core, live, bodies }: ListeningParts) {
  const { config, log, clock = Date.now, checksAnswers } = options;
  const { keys, isKeyRequired } = core;
  return {
    ...{ live, uiFolder, log, clock, checksAnswers, budget: bodies },
    access: createServerAccess({ keys, isKeyRequired, clock, log }),
    bounds: { maxBytes: config.ingest.max_body, idleMs: bodyIdleMs, totalMs: bodyTotalMs },
    allowedHosts: allowedHosts(config),
  };
}

/** Reads the scrape jobs of another configuration, and gives what changes over to them. @throws ConfigError */
function prepareScraping({ scraper }: Metrics, config: Config): () => void {
  const { jobs } = readScraping(config);
  return () => scraper.reload(jobs);
}

async function startCore({ config, log, clock = Date.now }: ServerOptions, stack: Stack): Promise<Core> {
  const lock = lockDataDir(config.data_dir);
  stack.onStop('lock', () => lock.release());
  const state = openState(join(config.data_dir, 'state.db'));
  stack.onStop('state', () => state.destroy());
  const keys = createKeyStore(state);
  const isKeyRequired = await checkExposure(config, keys);
  const storage = await openStorage(config, log);
  stack.onStop('storage', () => storage.close());
  const head = createHead(config, clock());
  const writer = await createWriter({
    target: storage.store,
    spoolDir: spoolDirOf(config),
    limits: { spoolBytes: config.ingest.spool },
    log,
    replay: replayInto(head),
  });
  storage.store.onReadiness(({ status, message }) => {
    log.info(
      { status, at: clock() },
      status === 'ok' ? 'the store is ready' : `the store is not ready: ${message}`,
    );
    if (status === 'ok') writer.wake();
  });
  return { state, storage, writer, head, snapshots: createSnapshotStore(state), isKeyRequired, keys };
}

/** Where people reach this server: for links in notifications. */
function externalUrlOf({ server }: Config, { main }: HttpServers): string {
  return (server.public_url ?? `http://${urlHost(main)}`).replace(/\/+$/, '');
}

function portsOf(servers: HttpServers | undefined) {
  return {
    main: servers?.main.port ?? 0,
    otlpHttp: servers?.otlpHttp?.port,
    otlpGrpc: servers?.otlpGrpc?.port,
  };
}

function ownProcesses({ engine }: Storage): { name: string; pid: number }[] {
  const enginePid = engine?.state().pid;
  const server = { name: 'server', pid: process.pid };
  return enginePid === undefined ? [server] : [server, { name: 'engine', pid: enginePid }];
}

function allowedHosts({ server }: Config): string[] {
  return server.public_url === undefined
    ? server.allowed_hosts
    : [...server.allowed_hosts, new URL(server.public_url).hostname];
}

/** What is known of the sources outlives a restart; what happened in the last seconds before a crash may be missing. */
async function keepSources(
  sources: SourceRegistry,
  snapshots: SnapshotStore,
  { clock, log, stack }: { clock: () => number; log: Log; stack: Stack },
): Promise<void> {
  const stored = await snapshots.load(snapshotName);
  if (stored !== undefined && !sources.restore(stored))
    log.warn({}, 'the stored list of sources does not fit and was left out');
  const save = () => snapshots.save(snapshotName, sources.snapshot(), clock());
  const timer = setInterval(() => {
    save().catch((error: unknown) => log.warn({ error }, 'the list of sources could not be saved'));
  }, snapshotEveryMs);
  stack.onStop('sources', async () => {
    clearInterval(timer);
    await save();
  });
}

interface HealthParts {
  readonly options: ServerOptions;
  readonly core: Core;
  readonly live: LiveHub;
  readonly stack: Stack;
}

/** Health checks, asked every second while somebody watches the live stream, so that a banner appears by itself. */
function watchHealth({ options, core, live, stack }: HealthParts): HealthChecks {
  const { version, config, clock = Date.now } = options;
  const { storage, writer, state } = core;
  const health = createHealth({
    version,
    clock,
    probes: healthProbes({ storage, writer, state, dataDir: config.data_dir }),
    onChange: (result) => live.setStatus({ ready: result.status !== 'down', message: summarize(result) }),
  });
  const ask = () => {
    // A probe that fails is part of the answer, so asking itself cannot fail.
    if (live.clients > 0) void health.ready();
  };
  const unsubscribe = storage.store.onReadiness(ask);
  const timer = setInterval(ask, statusEveryMs);
  stack.onStop('health', () => {
    clearInterval(timer);
    unsubscribe();
  });
  return health;
}

interface RunningParts {
  readonly core: Core;
  readonly servers: HttpServers;
  readonly stack: Stack;
  readonly services: { onboarding(host: string): Promise<{ shell: string }> };
  readonly reload: () => Promise<void>;
}

function runningServer({ core, servers, stack, services, reload }: RunningParts): RunningServer {
  const { main, otlpHttp, otlpGrpc } = servers;
  let stopped: Promise<void> | undefined;
  return {
    url: `http://${urlHost(main)}`,
    otlpHttpUrl: otlpHttp && `http://${urlHost(otlpHttp)}`,
    otlpGrpcAddress: otlpGrpc && urlHost(otlpGrpc),
    isKeyRequired: core.isKeyRequired,
    shellBlock: async () => (await services.onboarding(urlHost(main))).shell,
    enginePid: () => core.storage.engine?.state().pid,
    whenReady: () => core.storage.store.whenReady(),
    reload,
    stop: () => {
      stopped ??= stack.stop();
      return stopped;
    },
  };
}
