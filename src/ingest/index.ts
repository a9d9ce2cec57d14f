export * from './pipeline.ts';
export { otlpProtocols } from './protocols/otlp/index.ts';
export * from './registry.ts';
export * from './sources.ts';
export * from './types.ts';
