import type { HttpServers, LiveHub, MemoryBudget } from '../http/index.ts';
import type { SourceRegistry } from '../ingest/index.ts';
import type { MetricReaders } from '../self/index.ts';
import type { Writer } from '../store/index.ts';
import type { Storage } from './storage.ts';

export interface ReadParts {
  readonly writer: Writer;
  readonly storage: Storage;
  readonly sources: () => SourceRegistry;
  readonly live: () => LiveHub;
  readonly bodies: MemoryBudget;
  readonly servers: () => HttpServers | undefined;
}

/** What `/metrics` reads from the parts when it is asked. */
export function metricReaders({ writer, storage, sources, live, bodies, servers }: ReadParts): MetricReaders {
  const { engine } = storage;
  return {
    spool: () => {
      const stats = writer.stats();
      return {
        files: stats.spoolFiles,
        bytes: stats.spoolBytes,
        budgetBytes: stats.spoolLimitBytes,
        oldestAgeS: stats.oldestAgeMs / 1000,
        quarantinedFiles: stats.rejectedFiles,
      };
    },
    engine:
      engine &&
      (() => ({
        isUp: engine.state().status === 'ready',
        restarts: engine.state().restarts,
        residentBytes: engine.health()?.rss_bytes,
      })),
    sources: () => sources().list(Date.now()).sources.length,
    live: () => ({ clients: live().clients, droppedTouches: live().droppedTouches }),
    bodies: () => ({ usedBytes: bodies.usedBytes, limitBytes: bodies.limitBytes }),
    connections: () => {
      const open = servers();
      const listeners = { main: open?.main, otlp_http: open?.otlpHttp, otlp_grpc: open?.otlpGrpc };
      return Object.entries(listeners).flatMap(([listener, port]) =>
        port === undefined ? [] : [{ listener, count: port.connections }],
      );
    },
  };
}
