import type { Source } from '@contract';

/** What a person can do about a reason for which the server refuses input. Codes are those of the server's errors and decoders. */
const hints: Readonly<Record<string, string>> = {
  unauthorized:
    'The key is wrong or was revoked. Create one with "bellwether keys create NAME" and put it into OTEL_EXPORTER_OTLP_HEADERS as Authorization=Bearer KEY.',
  bad_input:
    'The body could not be read in the format that its content type names. Check OTEL_EXPORTER_OTLP_PROTOCOL: http/protobuf, http/json or grpc, each with its own port.',
  unsupported_media_type:
    'Set OTEL_EXPORTER_OTLP_PROTOCOL to http/protobuf or http/json. The word http alone is not a protocol, and the client ignores it silently.',
  unsupported_content_encoding: 'Set OTEL_EXPORTER_OTLP_COMPRESSION to gzip, or leave it out.',
  not_grpc:
    'Something that does not speak gRPC reached the gRPC port. For http/protobuf use the port of OTLP over HTTP.',
  unknown_method:
    'The sender called a gRPC service that is not one of the three of OTLP. Check which exporter it uses.',
  not_found:
    'Set OTEL_EXPORTER_OTLP_ENDPOINT to the base address; clients add /v1/logs, /v1/metrics and /v1/traces themselves.',
  method_not_allowed: 'OTLP is sent with POST. A browser or a health check may have opened this address.',
  too_old:
    'The records are older than the retention. Check the clock of the sender, or lengthen the retention.',
  too_far_in_future: 'The clock of the sender runs ahead. Turn on time synchronisation there.',
  too_large: 'Send smaller batches, or raise the limit for bodies in the configuration.',
  body_too_large: 'Send smaller batches, or raise the limit for bodies in the configuration.',
  too_many_records:
    'Send smaller batches: OTEL_BLRP_MAX_EXPORT_BATCH_SIZE and OTEL_BSP_MAX_EXPORT_BATCH_SIZE set their size.',
  no_temporality:
    'The metric does not say whether it is delta or cumulative. Update the library that sends it.',
  not_a_number: 'A point without a usable number was left out; the rest of the batch was kept.',
  negative_increment:
    'A counter that may only rise was sent with a negative step. The program that counts has a fault.',
  too_many_new_series:
    'A label takes too many different values (an id, a time, an address). Remove it at the sender.',
  too_many_labels:
    'Remove labels at the sender: OTEL_METRICS_INCLUDE_RESOURCE_ATTRIBUTES=false takes the resource attributes off metrics.',
  too_deep: 'An attribute is nested too deeply. Send it as text.',
  spool_full: 'The store could not keep up, so the sender was asked to repeat. Nothing was lost if it did.',
  storage_unavailable: 'The store was not there for a moment, and the sender was asked to repeat.',
  disk_full: 'Free space on the disk of the data directory; senders repeat by themselves.',
  shutting_down: 'The server was stopping, and the sender was asked to repeat.',
  request_timeout: 'The body did not arrive in time. The network of the sender is slow or was cut.',
  incomplete_body:
    'The connection ended before the body did. A proxy in between may have a limit or a timeout.',
  host_not_allowed:
    'The sender used a name that this server does not answer to. Add it to the allowed hosts.',
};

/** The hint for a reason, empty when there is none. */
export function hintFor(code: string): string {
  return hints[code] ?? '';
}

/** What looks wrong about a sender even though nothing of it was refused. */
export function conspicuous(signals: readonly Source[]): string {
  const isClient = signals.some((source) => source.service.startsWith('claude-code') && source.accepted > 0);
  if (!isClient) return '';
  const has = (signal: Source['signal']) =>
    signals.some((source) => source.signal === signal && source.accepted > 0);
  if (!has('logs')) {
    return 'Only sums arrive: without OTEL_LOGS_EXPORTER=otlp there are no steps, no tools and no errors to show.';
  }
  if (!has('metrics'))
    return 'No metrics arrive: set OTEL_METRICS_EXPORTER=otlp for lines, commits and active time.';
  return '';
}
