export * from './outcome.ts';
export * from './pipeline.ts';
export { otlpProtocols } from './protocols/otlp/index.ts';
export * from './registry.ts';
export * from './series-id.ts';
export * from './series-rows.ts';
export * from './sources.ts';
export * from './types.ts';
