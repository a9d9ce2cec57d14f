import { join } from 'node:path';
import type { Config } from '../config/index.ts';
import type { Log } from '../lib/log.ts';
import { type EngineHandle, startEngine } from '../store/engine/index.ts';
import { openStore, type Retention, type Store } from '../store/index.ts';

/** The store, and the engine behind it when it is the embedded one. */
export interface Storage {
  readonly store: Store;
  readonly engine: EngineHandle | undefined;
  /** Closes the client, then the engine. */
  close(): Promise<void>;
}

/** Folder of acknowledged data on its way into the store. */
export function spoolDirOf(config: Config): string {
  return join(config.data_dir, 'spool');
}

/** Starts the embedded engine, or connects to the ClickHouse server of `storage.url`; returns before either answers. */
export async function openStorage(config: Config, log: Log): Promise<Storage> {
  const { url, password, memory, cluster, database, query_timeout } = config.storage;
  const engine = url === undefined ? await startEmbedded(config, log, memory) : undefined;
  const store = openStore({
    connection:
      engine === undefined
        ? { kind: 'server', url: withPassword(url!, password) }
        : { kind: 'engine', socketPath: engine.socketPath },
    database,
    cluster,
    retention: retentionOf(config),
    limits: { timeoutMs: query_timeout },
    log,
  });
  return {
    store,
    engine,
    async close() {
      await store.close();
      await engine?.stop();
    },
  };
}

function startEmbedded(config: Config, log: Log, memoryBytes: number | undefined): Promise<EngineHandle> {
  return startEngine({ dataDir: config.data_dir, spoolDir: spoolDirOf(config), memoryBytes, log });
}

function withPassword(url: string, password: string | undefined): string {
  if (password === undefined) return url;
  const parsed = new URL(url);
  parsed.password = encodeURIComponent(password);
  return parsed.href;
}

function retentionOf({ retention }: Config): Retention {
  const kept = (ms: number) => (ms === 0 ? 'off' : ms);
  return {
    metrics: kept(retention.metrics),
    logs: kept(retention.logs),
    traces: kept(retention.traces),
    sessions: kept(retention.sessions),
    alerts: kept(retention.alerts),
  };
}
