/**
 * Telemetry as plain domain data: what decoders hand to whoever derives something from records as they pass (the agent
 * ledger). The bulk of the records never takes this form; it goes from wire to columns as bytes.
 */

/** Integers beyond 2^53 arrive as bigint. */
export type AttributeValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | readonly AttributeValue[]
  | { readonly [key: string]: AttributeValue };

/**
 * Attributes in the order sent. `types[i]` is the type character of the i-th entry as described at the `attributes` columns in
 * `store/tables.ts`.
 */
export interface Attributes {
  readonly values: ReadonlyMap<string, AttributeValue>;
  readonly types: string;
}

/** Resource and scope of a group of records. */
export interface Origin {
  /** 64-bit stream id. */
  readonly streamId: bigint;
  readonly serviceName: string;
  readonly resource: Attributes;
  readonly scopeName: string;
  readonly scopeVersion: string;
}

export interface ObservedLog {
  readonly tsMs: number;
  /** From the record's `event_name` field, often empty. */
  readonly eventName: string;
  /** The body when it is a string, else empty. */
  readonly body: string;
  readonly attributes: Attributes;
  /** 16 and 8 bytes, or undefined when the record has none. Views: copy to keep. */
  readonly traceId: Uint8Array | undefined;
  readonly spanId: Uint8Array | undefined;
}

export interface ObservedSpan {
  readonly name: string;
  readonly startMs: number;
  readonly durationMs: number;
  /** OTLP StatusCode: 0 unset, 1 ok, 2 error. */
  readonly statusCode: number;
  readonly statusMessage: string;
  readonly attributes: Attributes;
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
  /** Undefined for a root span. */
  readonly parentSpanId: Uint8Array | undefined;
}

/** A number point of a sum or gauge. */
export interface ObservedPoint {
  /** The OpenTelemetry name, for example `claude_code.cost.usage`. */
  readonly metric: string;
  readonly tsMs: number;
  readonly startMs: number;
  readonly value: number;
  readonly isDelta: boolean;
  readonly isMonotonic: boolean;
  readonly attributes: Attributes;
  /** 64-bit id of the Prometheus series the point belongs to. */
  readonly seriesId: bigint;
}

export type TelemetrySignal = 'metrics' | 'logs' | 'traces';

/**
 * Sees records as they are decoded, inside the same group commit: what it appends to the batch becomes durable together with
 * the record. It is asked once per scope, so that uninteresting scopes cost nothing, and must not throw.
 */
export interface TelemetryObserver {
  wants(signal: TelemetrySignal, origin: Origin): boolean;
  log(origin: Origin, log: ObservedLog): void;
  span(origin: Origin, span: ObservedSpan): void;
  point(origin: Origin, point: ObservedPoint): void;
}
