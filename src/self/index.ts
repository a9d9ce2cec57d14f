export {
  createHealth,
  type HealthChecks,
  type HealthOptions,
  type HealthProbe,
  type ProbeResult,
  summarize,
} from './health.ts';
export { createLog, type LogOptions, type ServerLog } from './log.ts';
export {
  createServerMetrics,
  type MetricReaders,
  type ServerMetrics,
  type WriterFigures,
} from './metrics.ts';
export { addProcessMetrics, type ProcessMetrics } from './process-metrics.ts';
export { createMetricsRegistry, type MetricsRegistry, type TextFormat } from './registry.ts';
