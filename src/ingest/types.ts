import type { TelemetryObserver, TelemetrySignal } from '../model/telemetry.ts';
import type { Batch } from '../store/index.ts';
import type { SeriesLimits } from './cardinality.ts';

/** Who sent a request, as far as the transport knows. */
export interface Sender {
  /** Remote address without port. */
  readonly address: string;
  /** Name of the ingest key, empty without one. */
  readonly keyName: string;
  readonly userAgent: string;
  /** `otlp/http+protobuf`, `otlp/http+json`, `otlp/grpc`. */
  readonly protocol: string;
}

/** Bounds on what one request may contain. All inclusive. */
export interface IngestLimits {
  /** Body as received and after decompression. */
  readonly bodyBytes: number;
  /** Records, spans or points in one request. */
  readonly recordsPerRequest: number;
  /** Attributes of one record, resource or scope; further ones are dropped and counted in `dropped_attributes`. */
  readonly attributesPerRecord: number;
  /** Bytes of one attribute value or body; longer ones are cut at a character boundary and marked by a counter. */
  readonly valueBytes: number;
  /** Depth of nested attribute values; deeper ones make the record bad. */
  readonly valueDepth: number;
  /** Records older than this are refused (0: no limit). Set from retention. */
  readonly maxAgeMs: number;
  /** Records further in the future than this are refused. */
  readonly maxFutureMs: number;
}

/** Why records were refused: code to count and an example. */
export interface Rejection {
  /** `too_old`, `too_far_in_future`, `not_a_number`, `too_deep`, `too_many_records`, ... */
  readonly code: string;
  readonly message: string;
  count: number;
}

/** What became of the records of one service in a request; the Sources page is made of these. */
export interface ServiceTally {
  readonly service: string;
  readonly instance: string;
  /** `service.version` of the resource. */
  readonly version: string;
  accepted: number;
  rejected: number;
}

export interface DecodeOutcome {
  accepted: number;
  rejected: number;
  readonly rejections: Map<string, Rejection>;
  /** By service, instance and version. */
  readonly services: Map<string, ServiceTally>;
  /** Values of accepted records that were cut at `limits.valueBytes`. */
  valuesCut: number;
  /** Attributes of accepted records that were left out because of `limits.attributesPerRecord`. */
  attributesDropped: number;
}

/** Everything a decoder may touch. A decoder is synchronous and pure but for these. */
export interface DecodeContext {
  readonly batch: Batch;
  readonly nowMs: number;
  readonly limits: IngestLimits;
  readonly streams: StreamRegistry;
  readonly observer: TelemetryObserver | undefined;
  /** Asked before the first sample of a series is taken; absent: no limit. */
  readonly seriesLimits?: SeriesLimits;
  /** Whom new series count for under `seriesLimits`; absent: the series' `job`. */
  readonly seriesSource?: string;
}

/**
 * Knows which rows of `streams`, `metric_series` and `metric_metadata` are already stored for the current day, so that they are
 * written once. Bounded; forgetting is harmless because the rows are idempotent.
 */
export interface StreamRegistry {
  /**
   * Another number whenever something that was seen is forgotten although its row may not be stored. Who remembers a number and a
   * day can skip the question while both are the same. No two registries have the same one.
   */
  readonly epoch: number;
  /** True the first time a key is seen since the last reset or day change; the caller then writes the row. */
  firstSeen(table: 'streams' | 'metric_series' | 'metric_metadata', id: bigint, dayMs: number): boolean;
  /** Marks the start of a request; `rollback` forgets what was first seen since. */
  mark(): void;
  rollback(): void;
  /** Forgets everything; called when a group commit failed. */
  reset(): void;
}

/**
 * Decodes one request into the batch.
 *
 * A record that breaks a rule is counted and left out. Bytes that are not the protocol make it throw
 * {@link DecodeError}; the caller then rolls the batch back, so nothing of the request is kept.
 */
export type Decoder = (body: Uint8Array, context: DecodeContext) => DecodeOutcome;

export interface Protocol {
  readonly name: string;
  readonly signal: TelemetrySignal;
  readonly contentType: 'application/x-protobuf' | 'application/json';
  readonly decode: Decoder;
}
