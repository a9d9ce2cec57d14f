import { type AgentLedger, createAgentLedger } from '../agents/index.ts';
import type { Config } from '../config/index.ts';
import {
  createPipeline,
  createSourceRegistry,
  type IngestLimits,
  type IngestPipeline,
  MemoryStreamRegistry,
  otlpProtocols,
  type PipelineMeter,
  type SeriesLimits,
  type SourceRegistry,
} from '../ingest/index.ts';
import type { Log } from '../lib/log.ts';
import type { Writer } from '../store/index.ts';

export interface Ingest {
  readonly pipeline: IngestPipeline;
  readonly sources: SourceRegistry;
  readonly ledger: AgentLedger;
  /** Makes the next sample of every series announce it again. */
  forgetSeries(): void;
}

export interface IngestParts {
  readonly config: Config;
  readonly writer: Writer;
  readonly meter: PipelineMeter;
  readonly clock: () => number;
  readonly log: Log;
  readonly onSourcesChanged: () => void;
  readonly seriesLimits: SeriesLimits;
}

/** The way in: decoders, ledger, sources around the writer. */
export function createIngest(parts: IngestParts): Ingest {
  const { config, writer, meter, clock, log, onSourcesChanged, seriesLimits } = parts;
  const onFailure = (message: string, error: unknown) => log.error({ error }, message);
  const registry = new MemoryStreamRegistry();
  writer.onDiscard(() => registry.reset());
  const ledger = createAgentLedger({ batch: () => writer.batch(), onFailure });
  const sources = createSourceRegistry({ onChange: onSourcesChanged });
  const pipeline = createPipeline({
    writer,
    decoders: otlpProtocols,
    registry,
    limits: ingestLimits(config),
    // Samples that come as such feed nothing but the metrics.
    writeLimits: { ...ingestLimits(config), maxAgeMs: config.retention.metrics },
    seriesLimits,
    sources,
    observer: ledger,
    clock,
    meter,
    onFailure,
  });
  return { pipeline, sources, ledger, forgetSeries: () => registry.reset() };
}

function ingestLimits({ ingest, retention }: Config): IngestLimits {
  const { metrics, logs, traces, sessions } = retention;
  const kept = [metrics, logs, traces, sessions];
  return {
    bodyBytes: ingest.max_body,
    recordsPerRequest: ingest.max_records_per_request,
    attributesPerRecord: ingest.max_attributes,
    valueBytes: ingest.max_value,
    valueDepth: ingest.max_value_depth,
    // What one signal has forgotten another may still keep: the ledger outlives the logs it is made from.
    maxAgeMs: kept.includes(0) ? 0 : Math.max(...kept),
    maxFutureMs: ingest.max_future,
  };
}
