import type { BellwetherError } from '../lib/errors.ts';
import type { TelemetrySignal } from '../model/telemetry.ts';

/**
 * The few OTLP and gRPC messages a receiver sends, by hand: four fields do not need a code generator.
 *
 * https://opentelemetry.io/docs/specs/otlp/
 * https://github.com/googleapis/googleapis/blob/master/google/rpc/status.proto
 */

export const protobufType = 'application/x-protobuf';
export const jsonType = 'application/json';
export type OtlpContentType = typeof protobufType | typeof jsonType;

/** Codes of https://grpc.io/docs/guides/status-codes/ that are answered. */
export const grpcCode = {
  ok: 0,
  invalidArgument: 3,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

const rejectedFields: Readonly<Record<TelemetrySignal, string>> = {
  metrics: 'rejectedDataPoints',
  logs: 'rejectedLogRecords',
  traces: 'rejectedSpans',
};

const retryInfoType = 'type.googleapis.com/google.rpc.RetryInfo';

/** What was rejected of a request that was otherwise accepted. */
export interface PartialSuccess {
  readonly rejected: number;
  readonly message: string;
}

/**
 * `Export{Metrics,Logs,Trace}ServiceResponse { partial_success = 1 { rejected_... = 1 int64, error_message = 2 string } }`.
 * Without anything to tell the message is empty, as the specification asks.
 */
export function exportResponse(
  type: OtlpContentType,
  signal: TelemetrySignal,
  partial: PartialSuccess,
): Buffer {
  const isFull = partial.rejected === 0 && partial.message === '';
  if (type === jsonType) {
    const partialSuccess = {
      [rejectedFields[signal]]: String(partial.rejected),
      errorMessage: partial.message,
    };
    return Buffer.from(JSON.stringify(isFull ? {} : { partialSuccess }));
  }
  if (isFull) return Buffer.alloc(0);
  return bytesField(1, Buffer.concat([varintField(1, partial.rejected), textField(2, partial.message)]));
}

/** `google.rpc.Status { code = 1, message = 2, details = 3 Any }` for an error, with RetryInfo when a retry makes sense. */
export function statusBody(type: OtlpContentType, error: BellwetherError): Buffer {
  const code = grpcCodeOf(error);
  const message = sentence(error);
  const { retryAfterS } = error;
  if (type === jsonType) {
    const details =
      retryAfterS === undefined ? [] : [{ '@type': retryInfoType, retryDelay: `${retryAfterS}s` }];
    return Buffer.from(JSON.stringify({ code, message, ...(details.length > 0 && { details }) }));
  }
  const fields = [varintField(1, code), textField(2, message)];
  if (retryAfterS !== undefined) fields.push(bytesField(3, retryInfo(retryAfterS)));
  return Buffer.concat(fields);
}

/** `Any { type_url = 1, value = 2 RetryInfo { retry_delay = 1 Duration { seconds = 1 } } }`. */
function retryInfo(seconds: number): Buffer {
  const duration = varintField(1, seconds);
  return Buffer.concat([textField(1, retryInfoType), bytesField(2, bytesField(1, duration))]);
}

/** Message and hint in one line, for protocols with one text field. */
export function sentence(error: BellwetherError): string {
  return error.hint === undefined ? error.message : `${error.message}; ${error.hint}`;
}

/**
 * The gRPC code for an error. Permanent ones are INVALID_ARGUMENT, also for a message that is too large: exporters repeat
 * RESOURCE_EXHAUSTED even when no RetryInfo comes with it, and the same bytes would be too large each time.
 */
export function grpcCodeOf(error: BellwetherError): number {
  if (error.status === 401) return grpcCode.unauthenticated;
  if (error.status === 403) return grpcCode.permissionDenied;
  if (error.status === 404) return grpcCode.notFound;
  if (error.status === 405 || error.status === 501) return grpcCode.unimplemented;
  if (error.status === 429) return grpcCode.resourceExhausted;
  if (error.status === 503 || error.status === 502 || error.status === 504) return grpcCode.unavailable;
  return error.status < 500 ? grpcCode.invalidArgument : grpcCode.internal;
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

function varintField(field: number, value: number): Buffer {
  return Buffer.concat([varint(field << 3), varint(value)]);
}

function bytesField(field: number, value: Buffer): Buffer {
  return Buffer.concat([varint((field << 3) | 2), varint(value.length), value]);
}

function textField(field: number, value: string): Buffer {
  return bytesField(field, Buffer.from(value));
}
