import type { Write } from '../../ingest/index.ts';

/** One call of Prometheus's HTTP API, whatever the method. */
export interface PrometheusCall {
  /** Path below `/api/v1/`, parameters as `:name`: `query_range`, `label/:name/values`. */
  readonly endpoint: string;
  /** From the query string and, with POST, the form. */
  readonly params: URLSearchParams;
  /** Parameters of the path, decoded. */
  readonly path: Readonly<Record<string, string>>;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
  /** The moment of the request, epoch milliseconds. */
  readonly nowMs: number;
}

/** The `data` of an answer and its annotations. */
export interface PrometheusAnswer {
  /** A JSON value, or pieces of JSON text for what may be large. Undefined: no data, status 204. */
  readonly data: { readonly json: unknown } | { readonly pieces: Iterable<string> } | undefined;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

/** An answer that is no JSON: federation, remote read, an export. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly pieces: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>;
}

/** When, for whom, and what the client takes. */
export interface RawContext {
  readonly nowMs: number;
  readonly signal: AbortSignal;
  readonly accept: string | undefined;
}

/** What answers Prometheus's API; the composition root plugs it in. Errors are BellwetherErrors. */
export interface PrometheusService {
  /** Whether queries can be answered now. */
  isReady(): boolean;
  call(call: PrometheusCall): Promise<PrometheusAnswer>;
  federate(params: URLSearchParams, context: RawContext): Promise<RawAnswer>;
  remoteRead(body: Uint8Array, signal: AbortSignal): Promise<RawAnswer>;
  /** OpenMetrics of stored series within a range. */
  exportRange(params: URLSearchParams, context: RawContext): Promise<RawAnswer>;
}

/** How a body that brings samples is decoded and answered. */
export interface PrometheusWrite {
  /** `decode` for the pipeline; called once, at once. */
  readonly decode: Write['decode'];
  /** The answer after everything that could be kept is durable. */
  readonly answer: (result: {
    readonly accepted: number;
    readonly rejected: number;
    readonly message: string;
  }) => {
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly text?: string;
  };
}

export interface WriteRequest {
  /** Path without query. */
  readonly path: string;
  readonly method: string;
  readonly params: URLSearchParams;
  readonly contentType: string | undefined;
  /** `Content-Encoding`, lower case: only `snappy` arrives here undone, the others are undone already. */
  readonly isSnappy: boolean;
  readonly body: Uint8Array;
  readonly userAgent: string;
}

/** What turns bodies that bring samples into writes. */
export interface PrometheusWrites {
  /** Whether a path (without query) takes samples. */
  handles(path: string): boolean;
  /** @throws BellwetherError with the status to answer. */
  prepare(request: WriteRequest): PrometheusWrite;
  /** Name of the protocol for the sources page: `remote_write/2`, `influx`. */
  protocolOf(request: Pick<WriteRequest, 'path' | 'contentType'>): string;
}
