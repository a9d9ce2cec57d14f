import type { IncomingHttpHeaders } from 'node:http';

/** One call of Alertmanager's API v2. */
export interface AlertmanagerCall {
  /** Path below `/api/v2/`, parameters as `:name`: `alerts/groups`, `silence/:id`. */
  readonly endpoint: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly params: URLSearchParams;
  /** Parameters of the path, decoded. */
  readonly path: Readonly<Record<string, string>>;
  /** With its content coding undone; empty without one. */
  readonly body: Uint8Array;
  readonly contentType: string | undefined;
  /** Name of the key behind the request; empty when none was needed. */
  readonly actor: string;
}

export interface AlertmanagerAnswer {
  readonly status: number;
  /** A JSON value; undefined: no body at all. */
  readonly json: unknown;
}

/** What answers Alertmanager's API; the composition root plugs it in. Throws BellwetherErrors. */
export interface AlertmanagerService {
  /** Whether alerts can be taken now. */
  isReady(): boolean;
  call(call: AlertmanagerCall): Promise<AlertmanagerAnswer>;
  /** Reads the configuration again. @throws BellwetherError when it is not taken; the old one goes on. */
  reload(): Promise<void>;
}

/** A request to `/api/inbound/webhooks/:name`. */
export interface InboundRequest {
  readonly name: string;
  readonly headers: IncomingHttpHeaders;
  readonly params: URLSearchParams;
  /** Reads the body, so that it can be left unread when the sender is nobody. @throws BellwetherError */
  readonly readBody: (maxBytes: number) => Promise<Uint8Array>;
}

/** What turns webhooks of others into alerts. Throws BellwetherErrors. */
export interface InboundService {
  receive(request: InboundRequest): Promise<{ readonly status: number; readonly json: unknown }>;
}
