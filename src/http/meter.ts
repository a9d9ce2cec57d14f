/** Counters of the transports for the server's own metrics. Every method must be cheap and must not throw. */
export interface HttpMeter {
  /** One request was answered, or its connection broke (status 499). */
  request(facts: RequestFacts): void;
  /** A connection was turned away at the bound, or broke before there was a request. */
  connectionRefused(listener: ListenerName, reason: string): void;
}

export type ListenerName = 'main' | 'otlp_http' | 'otlp_grpc';

export interface RequestFacts {
  readonly listener: ListenerName;
  /** The route's pattern, never the path as sent, so that the set of values is bounded. */
  readonly route: string;
  readonly method: string;
  /** HTTP status; for gRPC the code. */
  readonly status: number;
  readonly durationS: number;
}

export const noMeter: HttpMeter = { request() {}, connectionRefused() {} };
