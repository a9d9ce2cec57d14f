export type { ExtraLabels } from './import-writer.ts';
export { decodePrometheusText, type PrometheusTextOptions } from './prometheus-text.ts';
export * from './push-groups.ts';
export * from './pushgateway.ts';
export { SeriesCache } from './series-cache.ts';
