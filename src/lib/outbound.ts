import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { BellwetherError, messageOf } from './errors.ts';
import { ForbiddenAddressError, OutboundAgents } from './outbound-agents.ts';
import { type Authorizer, basicHeader, createAuthorizer, readSecret } from './outbound-auth.ts';
import {
  MAX_REDIRECTS,
  type OutboundClient,
  type OutboundOptions,
  type OutboundRequest,
  type OutboundResponse,
} from './outbound-types.ts';

export * from './outbound-address.ts';
export { isExcluded } from './outbound-proxy.ts';
export * from './outbound-types.ts';

export type OutboundErrorCode =
  /** Nothing (complete) came in time. */
  | 'outbound_timeout'
  /** The caller's signal. */
  | 'outbound_aborted'
  | 'outbound_body_too_large'
  /** The policy refuses the address. */
  | 'outbound_forbidden'
  | 'outbound_redirects'
  | 'outbound_bad_url'
  /** The body is not what `Content-Encoding` says. */
  | 'outbound_bad_encoding'
  /** No connection, or it broke. */
  | 'outbound_failed';

/** Why there is no answer. */
export class OutboundError extends BellwetherError {
  declare readonly code: OutboundErrorCode;

  constructor(code: OutboundErrorCode, message: string, cause?: unknown) {
    super({ code, message, status: 502, cause });
    this.name = 'OutboundError';
  }
}

/**
 * The one way in which the server calls others: bounded in time and size, limited to addresses the policy allows, with redirects, proxies,
 * TLS and credentials as Prometheus configures them.
 */
export function createOutboundClient(options: OutboundOptions): OutboundClient {
  return new Client(options);
}

class Client implements OutboundClient {
  readonly #options: OutboundOptions;
  readonly #agents: OutboundAgents;
  readonly #authorizer: Authorizer;

  constructor(options: OutboundOptions) {
    this.#options = options;
    this.#agents = new OutboundAgents(options);
    this.#authorizer = createAuthorizer(options, createOutboundClient);
  }

  async request(request: OutboundRequest): Promise<OutboundResponse> {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(new TimeoutReason()), request.timeoutMs);
    const onAbort = () => abort.abort(request.signal?.reason);
    request.signal?.addEventListener('abort', onAbort, { once: true });
    if (request.signal?.aborted === true) onAbort();
    try {
      return await this.#follow(request, abort.signal);
    } catch (error) {
      throw toOutboundError(error, request, abort.signal);
    } finally {
      clearTimeout(timer);
      request.signal?.removeEventListener('abort', onAbort);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#agents.close(), this.#authorizer.close()]);
  }

  async #follow(request: OutboundRequest, signal: AbortSignal): Promise<OutboundResponse> {
    const start = parseUrl(request.url);
    let hop: Hop = { url: start, method: request.method ?? 'GET', body: request.body, isTrusted: true };
    for (let redirects = 0; ; redirects++) {
      const response = await this.#send(hop, request, signal);
      const location = response.headers.location;
      if (this.#options.followRedirects === false || !isRedirect(response.status) || location === undefined)
        return response;
      if (redirects >= MAX_REDIRECTS)
        throw new OutboundError('outbound_redirects', `stopped after ${MAX_REDIRECTS} redirects`);
      hop = nextHop(hop, response.status, location, start);
    }
  }

  async #send(hop: Hop, request: OutboundRequest, signal: AbortSignal): Promise<OutboundResponse> {
    const headers = await this.#headersFor(hop, request);
    const answer = await this.#dispatch(hop, headers, signal);
    const received = await readBody(answer, request.maxBodyBytes);
    const plain = plainHeaders(answer.headers);
    const body = await decompress(received, plain['content-encoding'] ?? '', request.maxBodyBytes);
    return {
      status: answer.statusCode,
      statusText: answer.statusText,
      headers: plain,
      body,
      receivedBytes: received.byteLength,
      url: hop.url.href,
    };
  }

  /** A connection that was kept may be closed by the other side just when it is used: then once more with a new one. */
  async #dispatch(
    hop: Hop,
    headers: Record<string, string | string[]>,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    const options: Dispatcher.RequestOptions = {
      origin: hop.url.origin,
      path: hop.url.pathname + hop.url.search,
      method: hop.method as Dispatcher.HttpMethod,
      headers,
      body: hop.body ?? null,
      signal,
      // The whole request has a timeout; these would only compete with it.
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    const dispatcher = await this.#agents.dispatcherFor(hop.url);
    try {
      return await dispatcher.request({ ...options });
    } catch (error) {
      if (signal.aborted || hop.method !== 'GET' || !isClosedConnection(error)) throw error;
      return await dispatcher.request({ ...options });
    }
  }

  async #headersFor(hop: Hop, request: OutboundRequest): Promise<Record<string, string | string[]>> {
    const headers: Record<string, string | string[]> = {};
    for (const [name, value] of Object.entries(request.headers ?? {})) headers[name.toLowerCase()] = value;
    if (hop.body === undefined && request.body !== undefined) delete headers['content-type'];
    if (!hop.isTrusted) {
      delete headers.authorization;
      delete headers.cookie;
      return headers;
    }
    for (const [name, { values, files }] of Object.entries(this.#options.headers ?? {})) {
      const secrets = await Promise.all(files.map((file) => readSecret(undefined, file)));
      const all = [...values, ...secrets.map((secret) => secret ?? '')];
      headers[name.toLowerCase()] = all.length === 1 ? all[0]! : all;
    }
    if (headers.authorization === undefined) {
      const authorization = (await this.#authorizer.header()) ?? headerOfUrl(hop.url);
      if (authorization !== undefined) headers.authorization = authorization;
    }
    return headers;
  }
}

/** One request of a chain of redirects. */
interface Hop {
  readonly url: URL;
  readonly method: string;
  readonly body: OutboundRequest['body'];
  /** Same host as at the start and not less secure: credentials may be sent. */
  readonly isTrusted: boolean;
}

class TimeoutReason extends Error {}

function parseUrl(text: string, base?: URL): URL {
  const url = URL.canParse(text, base?.href) ? new URL(text, base) : undefined;
  if (url === undefined)
    throw new OutboundError('outbound_bad_url', `${JSON.stringify(redact(text))} is not a URL`);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new OutboundError(
      'outbound_bad_url',
      `unsupported protocol scheme ${JSON.stringify(url.protocol.slice(0, -1))}`,
    );
  return url;
}

function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

function nextHop(hop: Hop, status: number, location: string, start: URL): Hop {
  const url = parseUrl(location, hop.url);
  const isLessSecure = start.protocol === 'https:' && url.protocol !== 'https:';
  const isSameHost =
    url.hostname === start.hostname && (url.port === start.port || url.protocol !== start.protocol);
  const keepsBody = status === 307 || status === 308 || hop.method === 'GET' || hop.method === 'HEAD';
  return {
    url,
    method: keepsBody ? hop.method : 'GET',
    body: keepsBody ? hop.body : undefined,
    isTrusted: isSameHost && !isLessSecure,
  };
}

function headerOfUrl(url: URL): string | undefined {
  if (url.username === '' && url.password === '') return undefined;
  return basicHeader(decodeURIComponent(url.username), decodeURIComponent(url.password));
}

async function readBody(answer: Dispatcher.ResponseData, maxBytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let totalBytes = 0;
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    totalBytes += chunk.byteLength;
    // Leaving the loop destroys the stream and with it the connection.
    if (totalBytes > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, totalBytes);
}

function tooLarge(maxBytes: number): OutboundError {
  return new OutboundError('outbound_body_too_large', `the body is larger than ${maxBytes} bytes`);
}

function plainHeaders(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) plain[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return plain;
}

const decoders: Readonly<
  Record<string, (body: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>>
> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

async function decompress(body: Uint8Array, encoding: string, maxBytes: number): Promise<Uint8Array> {
  const name = encoding.trim().toLowerCase();
  if (name === '' || name === 'identity' || body.byteLength === 0) return body;
  const decode = decoders[name];
  if (decode === undefined)
    throw new OutboundError('outbound_bad_encoding', `unknown content encoding ${JSON.stringify(name)}`);
  try {
    return await decode(body, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes);
    throw new OutboundError('outbound_bad_encoding', `the body is not ${name}: ${messageOf(error)}`, error);
  }
}

function isClosedConnection(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE';
}

function toOutboundError(error: unknown, request: OutboundRequest, signal: AbortSignal): BellwetherError {
  if (error instanceof BellwetherError) return error;
  const method = request.method ?? 'GET';
  const prefix = `${method[0]}${method.slice(1).toLowerCase()} ${JSON.stringify(redact(request.url))}`;
  if (signal.aborted) {
    return signal.reason instanceof TimeoutReason
      ? new OutboundError('outbound_timeout', `${prefix}: context deadline exceeded`, error)
      : new OutboundError('outbound_aborted', `${prefix}: context canceled`, error);
  }
  const forbidden = causes(error).find((cause) => cause instanceof ForbiddenAddressError);
  if (forbidden !== undefined)
    return new OutboundError('outbound_forbidden', `${prefix}: ${forbidden.message}`, error);
  return new OutboundError('outbound_failed', `${prefix}: ${reasonOf(error)}`, error);
}

function* causesOf(error: unknown): Generator<Error> {
  if (!(error instanceof Error)) return;
  yield error;
  if (error instanceof AggregateError) for (const inner of error.errors) yield* causesOf(inner);
  yield* causesOf(error.cause);
}

function causes(error: unknown): Error[] {
  return [...causesOf(error)];
}

/** `connect ECONNREFUSED 127.0.0.1:1`; several attempts joined. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ');
  return messageOf(error) || String((error as NodeJS.ErrnoException)?.code ?? 'failed');
}

/** The URL without a password. */
export function redact(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/[^/?#@]*?):[^/?#]*@/i, '$1:xxxxx@');
}
