export { prometheusEndpoints, rawEndpoints, writeEndpoints } from './endpoints.ts';
export { createPrometheusHttp, type PrometheusHttpHandler } from './handler.ts';
export type * from './types.ts';
