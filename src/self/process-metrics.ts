import { readdirSync, readFileSync } from 'node:fs';
import { monitorEventLoopDelay, PerformanceObserver, performance } from 'node:perf_hooks';
import type { MetricsRegistry, Sample } from './registry.ts';

const GC_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1] as const;
const NS_PER_S = 1e9;

/** Ends the observation of the event loop and of garbage collection. */
export interface ProcessMetrics {
  close(): void;
}

/** Adds the metrics every Prometheus client library has for its process, under their usual names. */
export function addProcessMetrics(registry: MetricsRegistry): ProcessMetrics {
  addProcess(registry);
  addMemory(registry);
  const delay = addEventLoop(registry);
  const collections = addGarbageCollection(registry);
  return {
    close() {
      delay.disable();
      collections.disconnect();
    },
  };
}

function addProcess(registry: MetricsRegistry): void {
  const startS = (performance.timeOrigin / 1000).toFixed(3);
  const cpu = (kind: 'user' | 'system') => process.cpuUsage()[kind] / 1e6;
  registry.observed(
    {
      name: 'process_cpu_seconds',
      help: 'Total user and system CPU time spent in seconds.',
      unit: 'seconds',
      type: 'counter',
    },
    () => cpu('user') + cpu('system'),
  );
  registry.observed(
    {
      name: 'process_start_time_seconds',
      help: 'Start time of the process since unix epoch in seconds.',
      unit: 'seconds',
      type: 'gauge',
    },
    () => Number(startS),
  );
  registry.observed(
    {
      name: 'process_resident_memory_bytes',
      help: 'Resident memory size in bytes.',
      unit: 'bytes',
      type: 'gauge',
    },
    () => process.memoryUsage.rss(),
  );
  registry.observed(
    { name: 'process_open_fds', help: 'Number of open file descriptors.', type: 'gauge' },
    () => (process.platform === 'linux' ? readdirSync('/proc/self/fd').length : []),
  );
  registry.observed(
    { name: 'process_max_fds', help: 'Maximum number of open file descriptors.', type: 'gauge' },
    maxOpenFiles,
  );
}

function maxOpenFiles(): number | Sample[] {
  if (process.platform !== 'linux') return [];
  const match = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  return match === null ? [] : Number(match[1]);
}

function addMemory(registry: MetricsRegistry): void {
  const observe = (name: string, help: string, read: () => number) =>
    registry.observed({ name: `nodejs_${name}_bytes`, help, unit: 'bytes', type: 'gauge' }, read);
  observe(
    'heap_size_total',
    'Process heap size from Node.js in bytes.',
    () => process.memoryUsage().heapTotal,
  );
  observe(
    'heap_size_used',
    'Process heap size used from Node.js in bytes.',
    () => process.memoryUsage().heapUsed,
  );
  observe('external_memory', 'Node.js external memory size in bytes.', () => process.memoryUsage().external);
  registry.observed({ name: 'nodejs_version_info', help: 'Node.js version info.', type: 'gauge' }, () => [
    { labels: { version: process.version }, value: 1 },
  ]);
}

/** Delays are those since the last time somebody asked. */
function addEventLoop(registry: MetricsRegistry): ReturnType<typeof monitorEventLoopDelay> {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const observe = (name: string, help: string, readNs: () => number) =>
    registry.observed(
      { name: `nodejs_eventloop_lag_${name}_seconds`, help, unit: 'seconds', type: 'gauge' },
      () => {
        const value = readNs();
        return Number.isFinite(value) ? value / NS_PER_S : 0;
      },
    );
  observe('mean', 'The mean of the recorded event loop delays.', () => delay.mean);
  observe('p50', 'The 50th percentile of the recorded event loop delays.', () => delay.percentile(50));
  observe('p99', 'The 99th percentile of the recorded event loop delays.', () => delay.percentile(99));
  observe('max', 'The maximum recorded event loop delay.', () => {
    const { max } = delay;
    // The last of the four to be read starts the next interval.
    delay.reset();
    return max;
  });
  let before = performance.eventLoopUtilization();
  registry.observed(
    {
      name: 'nodejs_eventloop_utilization_ratio',
      help: 'Share of time the event loop was busy since the last scrape.',
      type: 'gauge',
    },
    () => {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      return Number.isFinite(utilization) ? utilization : 0;
    },
  );
  return delay;
}

function addGarbageCollection(registry: MetricsRegistry): PerformanceObserver {
  const kinds: Readonly<Record<number, string>> = {
    1: 'minor',
    2: 'minor',
    4: 'major',
    8: 'incremental',
    16: 'weakcb',
  };
  const durations = registry.histogram({
    name: 'nodejs_gc_duration_seconds',
    help: 'Garbage collection duration by kind.',
    unit: 'seconds',
    labels: ['kind'],
    buckets: GC_BUCKETS,
  });
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { kind } = (entry as unknown as { detail: { kind: number } }).detail;
      durations.observe({ kind: kinds[kind] ?? 'other' }, entry.duration / 1000);
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  return observer;
}
