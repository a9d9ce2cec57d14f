import type { z } from 'zod';
import type { Payload } from './payload.ts';

/** One alert as a kind of webhook understands it; names and values as they came. */
export interface RawAlert {
  readonly labels: Iterable<readonly [name: string, value: string]>;
  readonly annotations: Iterable<readonly [name: string, value: string]>;
  readonly isResolved: boolean;
  /** Epoch milliseconds; undefined when the sender does not say. */
  readonly startsAtMs?: number | undefined;
  readonly endsAtMs?: number | undefined;
  readonly generatorUrl?: string | undefined;
  readonly value?: number | undefined;
}

export interface RawDelivery {
  readonly alerts: readonly RawAlert[];
  /** Why there is nothing in it to alert about; shown to the sender. Empty when there is. */
  readonly note: string;
}

export interface InboundContext {
  /** The webhook's name. */
  readonly name: string;
  /** A header, '' when it is absent. */
  readonly header: (name: string) => string;
  readonly nowMs: number;
}

/** Reads a payload. @throws BellwetherError when it is none of this kind. */
export type InboundReader = (payload: Payload, context: InboundContext) => RawDelivery | Promise<RawDelivery>;

/** A kind of webhook: one file each. */
export interface InboundKind {
  /** In the configuration: `github`. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** What becomes an alert, in one sentence. */
  readonly summary: string;
  /**
   * Header with the HMAC-SHA-256 of the body, lower case: hexadecimal, maybe with `sha256=` in front, or
   * `t=<epoch seconds>,v1=<HMAC-SHA-256 of "<seconds>.<body>">`.
   */
  readonly signatureHeader: string;
  /** Checks `mapping` and makes the reader. */
  prepare(mapping: unknown): { readonly reader: InboundReader } | { readonly error: z.ZodError };
}

/** Defines a kind; `mapping` is the schema of its settings, which must take an empty object. */
export function defineInbound<S extends z.ZodType>(kind: {
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  readonly signatureHeader?: string;
  readonly mapping: S;
  readonly createReader: (settings: z.output<S>) => InboundReader;
}): InboundKind {
  const { name, title, summary, signatureHeader = 'x-bellwether-signature' } = kind;
  return {
    ...{ name, title, summary, signatureHeader },
    prepare(mapping) {
      const parsed = kind.mapping.safeParse(mapping ?? {});
      return parsed.success ? { reader: kind.createReader(parsed.data) } : { error: parsed.error };
    },
  };
}
