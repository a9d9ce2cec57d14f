import {
  createOutcome,
  createSeriesRef,
  type DecodeContext,
  type DecodeOutcome,
  type IngestPipeline,
  type MetricType,
  metadataKey,
  type Sender,
  type SeriesRef,
  SeriesRows,
} from '../../ingest/index.ts';
import type { Log } from '../../lib/log.ts';
import { Labels } from '../../model/labels.ts';
import { containers } from './containers.ts';
import { disks, fileSystems, network, sockets } from './devices.ts';
import { nodeHostFiles } from './files.ts';
import { helpOf } from './help.ts';
import { cpu, fileHandles, load, memory, pressure, uname, vmstat } from './proc.ts';
import { type OwnProcess, ownProcesses } from './processes.ts';
import type { HostFiles, HostMeter, HostSink, LabelPairs } from './types.ts';

export interface HostCollectorOptions {
  readonly intake: Pick<IngestPipeline, 'write'>;
  readonly intervalMs: number;
  /** Whether the containers of this machine are measured too. */
  readonly hasContainers: boolean;
  /** Value of `instance`: the machine's name. */
  readonly hostName: string;
  readonly processes: () => readonly OwnProcess[];
  readonly clock: { now(): number; after(ms: number, run: () => void): () => void };
  readonly files?: HostFiles;
  readonly log: Log;
}

export interface HostCollector {
  /** Measures once. Never rejects: failures are logged and counted. */
  collect(): Promise<void>;
  stop(): Promise<void>;
}

/** Series that are remembered; beyond it the memory is emptied, which costs their labels being made again. */
const MAX_CACHED = 20_000;
const SENDER: Sender = { address: 'localhost', keyName: '', userAgent: 'bellwether', protocol: 'host' };

interface Measured {
  readonly series: SeriesRef;
  readonly value: number;
}

/**
 * Measures this machine every `intervalMs` under node_exporter's names with `job="node"`, its containers under cAdvisor's with
 * `job="cadvisor"`, and Bellwether's own processes with `job="bellwether"`. Linux only: elsewhere there is nothing to read.
 */
export function createHostCollector(options: HostCollectorOptions): HostCollector {
  const collector = new Collector(options);
  collector.start();
  return collector;
}

class Collector implements HostCollector {
  readonly #options: HostCollectorOptions;
  readonly #files: HostFiles;
  readonly #jobs: readonly { readonly job: string; readonly meters: readonly HostMeter[] }[];
  #cache = new Map<string, SeriesRef>();
  #cancel: () => void = () => {};
  #running: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: HostCollectorOptions) {
    this.#options = options;
    this.#files = options.files ?? nodeHostFiles;
    const host = [
      cpu,
      load,
      memory,
      vmstat,
      pressure,
      fileHandles,
      uname,
      disks,
      fileSystems,
      network,
      sockets,
    ];
    this.#jobs = [
      { job: 'node', meters: host },
      { job: 'bellwether', meters: [ownProcesses(options.processes)] },
      ...(options.hasContainers ? [{ job: 'cadvisor', meters: [containers] }] : []),
    ];
  }

  start(): void {
    if (this.#isStopped) return;
    const { clock, intervalMs } = this.#options;
    const delayMs = intervalMs - (clock.now() % intervalMs);
    this.#cancel = clock.after(delayMs, () => {
      this.#running = this.collect().finally(() => this.start());
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#running;
  }

  async collect(): Promise<void> {
    const { clock, intake, log } = this.#options;
    const timeMs = clock.now();
    try {
      const measured = await this.#measure();
      await intake.write({
        signal: 'metrics',
        sender: SENDER,
        bodyBytes: 0,
        decode: (context) => append(context, measured, timeMs),
      });
    } catch (error) {
      // The next measurement comes in a moment; a gap in the host's series is all that is lost.
      log.warn({ err: error }, 'the host could not be measured');
    }
  }

  async #measure(): Promise<Measured[]> {
    const measured: Measured[] = [];
    for (const { job, meters } of this.#jobs) {
      const sink: HostSink = {
        add: (metric, labels, value) => {
          if (!Number.isNaN(value)) measured.push({ series: this.#series(job, metric, labels), value });
        },
      };
      await Promise.all(meters.map((meter) => meter(this.#files, sink)));
    }
    return measured;
  }

  #series(job: string, metric: string, labels: LabelPairs): SeriesRef {
    const key = `${job}\0${metric}\0${labels.map(([name, value]) => `${name}\0${value}`).join('\0')}`;
    let series = this.#cache.get(key);
    if (series === undefined) {
      const { hostName } = this.#options;
      series = createSeriesRef(
        Labels.from([['__name__', metric], ...labels, ['job', job], ['instance', hostName]]),
      );
      if (this.#cache.size >= MAX_CACHED) this.#cache = new Map();
      this.#cache.set(key, series);
    }
    return series;
  }
}

function append(context: DecodeContext, measured: readonly Measured[], timeMs: number): DecodeOutcome {
  const rows = new SeriesRows(context);
  const outcome = createOutcome();
  const tally = { service: 'host', instance: '', version: '', accepted: measured.length, rejected: 0 };
  outcome.services.set('host', tally);
  outcome.accepted = measured.length;
  const described = new Set<string>();
  for (const { series, value } of measured) {
    rows.sample(series, timeMs, value);
    if (described.has(series.metric)) continue;
    described.add(series.metric);
    const facts = {
      metric: series.metric,
      type: typeOf(series.metric),
      unit: '',
      help: helpOf(series.metric),
    };
    rows.metadata(facts, keyOf(facts), timeMs);
  }
  return outcome;
}

const keys = new Map<string, bigint>();

/** Metric names of this collector are few. */
function keyOf(facts: { metric: string; type: MetricType; unit: string; help: string }): bigint {
  let key = keys.get(facts.metric);
  if (key === undefined) {
    key = metadataKey(facts);
    keys.set(facts.metric, key);
  }
  return key;
}

function typeOf(metric: string): MetricType {
  return metric.endsWith('_total') || metric.startsWith('node_vmstat_') ? 'counter' : 'gauge';
}
