// The decoders as they were built into dist/.
const dist = new URL('../../dist/', import.meta.url);
export const { createBatch } = await import(new URL('store/tables.js', dist));
export const { MemoryStreamRegistry } = await import(new URL('ingest/registry.js', dist));
export const { decodeLogsProtobuf } = await import(new URL('ingest/protocols/otlp/logs-protobuf.js', dist));
export const { decodeLogsJson } = await import(new URL('ingest/protocols/otlp/logs-json.js', dist));
export const { decodeTracesProtobuf } = await import(
  new URL('ingest/protocols/otlp/traces-protobuf.js', dist)
);
export const { decodeTracesJson } = await import(new URL('ingest/protocols/otlp/traces-json.js', dist));
