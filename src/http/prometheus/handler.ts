import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline as pipeStreams, Readable } from 'node:stream';
import zlib from 'node:zlib';
import type { IngestPipeline, Sender } from '../../ingest/index.ts';
import { BellwetherError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { type Authenticate, credentialsOf, type Principal, unauthorized } from '../access.ts';
import { addressOf, answer, errorHeadersOf, pathOf } from '../answer.ts';
import {
  type BodyBounds,
  bodyTooLarge,
  collect,
  inflate,
  parseCoding,
  recycle,
  unsupportedCoding,
} from '../body.ts';
import { accepts } from '../encoding.ts';
import type { MemoryBudget } from '../memory-budget.ts';
import type { HostGuard } from '../security.ts';
import { findEndpoint } from './endpoints.ts';
import type { PrometheusAnswer, PrometheusService, PrometheusWrites, RawAnswer } from './types.ts';

/** Largest form with a query in it. */
const MAX_FORM_BYTES = 4 * 1024 * 1024;
const JSON_TYPE = 'application/json';
const HEALTHY = '/-/healthy';
const READY = '/-/ready';
/** Text is handed to the socket in pieces of about this many characters. */
const PIECE_LENGTH = 64 * 1024;
const MAX_LISTENERS = 25;

export interface PrometheusHttpOptions {
  readonly service: PrometheusService;
  readonly writes: PrometheusWrites;
  readonly intake: Pick<IngestPipeline, 'write' | 'refuse'>;
  readonly authenticate: Authenticate;
  readonly guard: HostGuard;
  readonly budget: MemoryBudget;
  readonly bounds: BodyBounds;
  readonly clock: () => number;
  readonly log?: Log;
}

export interface PrometheusHttpHandler {
  /** Label for the request metrics when the path (without query) is one of Prometheus's API, else undefined. */
  routeOf(path: string): string | undefined;
  /** Answers a request to such a path. Never throws. */
  handle(request: IncomingMessage, response: ServerResponse): void;
}

/**
 * Prometheus's HTTP API with its envelope and its errors, and the endpoints that take samples.
 *
 * https://prometheus.io/docs/prometheus/latest/querying/api/
 */
export function createPrometheusHttp(options: PrometheusHttpOptions): PrometheusHttpHandler {
  return {
    routeOf: (path) => routeOf(options, path),
    handle(request, response) {
      serve(options, request, response).catch((thrown: unknown) => {
        const error = toError(thrown);
        if (error.status === 500)
          options.log?.error({ error: thrown }, 'a request of the Prometheus API failed');
        if (response.headersSent) response.destroy();
        else answerError(request, response, error);
      });
    },
  };
}

function routeOf({ writes }: PrometheusHttpOptions, path: string): string | undefined {
  if (path === '/federate' || path === '/api/v1/read' || path === '/api/v1/export') return path;
  if (path === HEALTHY || path === READY) return path;
  const match = findEndpoint(path);
  if (match !== undefined) return `/api/v1/${match.endpoint}`;
  if (!writes.handles(path)) return undefined;
  return path.startsWith('/metrics/job') ? '/metrics/job' : path;
}

async function serve(
  options: PrometheusHttpOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = pathOf(request.url);
  if (path === HEALTHY || path === READY) {
    tellHealth(options, { request, response, path });
    return;
  }
  const principal = await authenticated(options, request);
  const match = findEndpoint(path);
  if (match === undefined && options.writes.handles(path)) {
    await takeSamples(options, { request, response, principal });
    return;
  }
  mustBeAdmin(principal);
  const signal = goneSignal(response);
  const params = new URL(request.url ?? '/', 'http://localhost').searchParams;
  const nowMs = options.clock();
  const { accept } = request.headers;
  if (path === '/api/v1/read') {
    mustBe(request, ['POST']);
    const body = await readBody(options, request, options.bounds.maxBytes);
    await sendRaw(request, response, await options.service.remoteRead(body, signal));
  } else if (path === '/federate') {
    mustBe(request, ['GET']);
    await sendRaw(request, response, await options.service.federate(params, { nowMs, signal, accept }));
  } else if (path === '/api/v1/export') {
    mustBe(request, ['GET']);
    await sendRaw(request, response, await options.service.exportRange(params, { nowMs, signal, accept }));
  } else if (match !== undefined) {
    mustBe(request, match.methods);
    for (const [name, value] of await formOf(options, request)) params.append(name, value);
    await sendJson(request, response, await options.service.call({ ...match, params, signal, nowMs }));
  }
}

/** Prometheus's checks for load balancers, without a key; `/health/ready` tells more. */
function tellHealth(
  { service, guard }: PrometheusHttpOptions,
  { request, response, path }: { request: IncomingMessage; response: ServerResponse; path: string },
): void {
  guard.check(request.headers, { isKeyShown: false });
  mustBe(request, ['GET']);
  const isWell = path === HEALTHY || service.isReady();
  answer(request, response, {
    status: isWell ? 200 : 503,
    headers: { 'Content-Type': 'text/plain; charset=utf-8' },
    body: Buffer.from(`Bellwether is ${isWell ? '' : 'not '}${path === HEALTHY ? 'healthy' : 'ready'}.\n`),
  });
}

async function authenticated(
  { guard, authenticate }: PrometheusHttpOptions,
  request: IncomingMessage,
): Promise<Principal> {
  const credentials = credentialsOf(request.headers);
  guard.check(request.headers, { isKeyShown: credentials.key !== undefined });
  const principal = await authenticate(credentials);
  if (principal === null) throw unauthorized(credentials);
  return principal;
}

function mustBeAdmin(principal: Principal): void {
  if (principal.role === 'admin') return;
  throw new BellwetherError({
    code: 'admin_key_needed',
    status: 403,
    message: 'this key may only write telemetry',
    hint: 'use an admin key; `bellwether keys create --role admin` makes one',
  });
}

function mustBe(request: IncomingMessage, methods: readonly string[]): void {
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? '');
  if (methods.includes(method)) return;
  throw new BellwetherError({
    code: 'method_not_allowed',
    status: 405,
    message: `${method} is not possible here`,
    hint: `use ${methods.join(' or ')}`,
  });
}

function goneSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => controller.abort());
  return controller.signal;
}

async function formOf(options: PrometheusHttpOptions, request: IncomingMessage): Promise<URLSearchParams> {
  const type = (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  if (request.method === 'GET' || request.method === 'HEAD' || type !== 'application/x-www-form-urlencoded') {
    return new URLSearchParams();
  }
  return new URLSearchParams(Buffer.from(await readBody(options, request, MAX_FORM_BYTES)).toString('utf8'));
}

/** A whole body as a copy of its own. Snappy is left as it is. */
async function readBody(
  options: PrometheusHttpOptions,
  request: IncomingMessage,
  maxBytes: number,
): Promise<Uint8Array> {
  const header = (request.headers['content-encoding'] ?? '').trim().toLowerCase();
  const coding = header === 'snappy' ? 'identity' : parseCoding(header);
  if (coding === undefined) throw unsupportedCoding(header);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw bodyTooLarge(maxBytes, 'as announced');
  const lease = options.budget.lease();
  try {
    const received = await collect(request, { ...options.bounds, maxBytes }, lease);
    const body = await inflate(received, coding, maxBytes, lease);
    const copy = Uint8Array.from(body);
    recycle(received);
    if (body !== received) recycle(body);
    return copy;
  } finally {
    lease.release();
  }
}

interface SampleExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly principal: Principal;
}

/** A session cookie is no credential here: a page in a browser must not write telemetry with it. */
async function takeSamples(
  options: PrometheusHttpOptions,
  { request, response, principal }: SampleExchange,
): Promise<void> {
  if (principal.kind === 'session') throw unauthorized({ key: undefined, session: undefined });
  const { headers } = request;
  const path = pathOf(request.url);
  const header = (headers['content-encoding'] ?? '').trim().toLowerCase();
  const contentType = headers['content-type'];
  const sender: Sender = {
    address: addressOf(request.socket),
    keyName: principal.name,
    userAgent: headers['user-agent'] ?? '',
    protocol: options.writes.protocolOf({ path, contentType }),
  };
  let isCounted = false;
  const { maxBytes } = options.bounds;
  const lease = options.budget.lease();
  try {
    const coding = header === 'snappy' ? 'identity' : parseCoding(header);
    if (coding === undefined) throw unsupportedCoding(header);
    if (Number(headers['content-length'] ?? 0) > maxBytes) throw bodyTooLarge(maxBytes, 'as announced');
    if (headers.expect !== undefined) response.writeContinue();
    const received = await collect(request, options.bounds, lease);
    const body = await inflate(received, coding, maxBytes, lease);
    const params = new URL(request.url ?? '/', 'http://localhost').searchParams;
    const { decode, answer: answerOf } = options.writes.prepare({
      ...{ path, params, contentType, body, isSnappy: header === 'snappy' },
      ...{ method: request.method ?? '', userAgent: sender.userAgent },
    });
    isCounted = true;
    const stored = options.intake.write({ signal: 'metrics', sender, bodyBytes: body.byteLength, decode });
    // The pipeline has read the body when it returns its promise.
    recycle(received);
    if (body !== received) recycle(body);
    const { status, headers: extra, text = '' } = answerOf(await stored);
    const plain = { 'Content-Type': 'text/plain; charset=utf-8' };
    answer(request, response, {
      status,
      headers: { ...(text === '' ? {} : plain), ...extra },
      body: Buffer.from(text),
    });
  } catch (thrown) {
    const error = toError(thrown);
    if (!isCounted) options.intake.refuse(sender, 'metrics', error);
    answerText(request, response, error);
  } finally {
    lease.release();
  }
}

async function sendJson(
  request: IncomingMessage,
  response: ServerResponse,
  result: PrometheusAnswer,
): Promise<void> {
  if (result.data === undefined) {
    answer(request, response, { status: 204, body: Buffer.alloc(0) });
    return;
  }
  const headers = { 'Content-Type': JSON_TYPE, 'Cache-Control': 'no-store' };
  await sendRaw(request, response, { status: 200, headers, pieces: envelope(result) });
}

function* envelope({ data, warnings, infos }: PrometheusAnswer): Generator<string> {
  yield '{"status":"success","data":';
  if (data !== undefined && 'pieces' in data) yield* data.pieces;
  else yield JSON.stringify(data?.json ?? null);
  if (warnings !== undefined && warnings.length > 0) yield `,"warnings":${JSON.stringify(warnings)}`;
  if (infos !== undefined && infos.length > 0) yield `,"infos":${JSON.stringify(infos)}`;
  yield '}';
}

/** Streams an answer; a small one goes out in one piece with its length. */
async function sendRaw(request: IncomingMessage, response: ServerResponse, raw: RawAnswer): Promise<void> {
  const headers: Record<string, string> = { ...raw.headers, Vary: 'Accept-Encoding' };
  const pieces = joined(raw.pieces);
  const first = await pieces.next();
  const second = first.done === true ? first : await pieces.next();
  if (second.done === true) {
    const body = first.done === true ? Buffer.alloc(0) : first.value;
    const isGzip =
      body.length > 1024 &&
      accepts(request.headers['accept-encoding'], 'gzip') &&
      headers['Content-Encoding'] === undefined;
    if (isGzip) headers['Content-Encoding'] = 'gzip';
    answer(request, response, {
      status: raw.status,
      headers,
      body: isGzip ? zlib.gzipSync(body, { level: 1 }) : body,
    });
    return;
  }
  const isGzip =
    accepts(request.headers['accept-encoding'], 'gzip') && headers['Content-Encoding'] === undefined;
  if (isGzip) headers['Content-Encoding'] = 'gzip';
  // A pipeline alone listens for the end in several ways, beside those who count and those who cancel.
  response.setMaxListeners(MAX_LISTENERS);
  response.writeHead(raw.status, headers);
  const rest = Readable.from(chain([first.value as Buffer, second.value as Buffer], pieces), {
    objectMode: false,
  });
  // The pipeline, `once` and those who count requests are more than the ten that Node finds usual.
  response.setMaxListeners(20);
  const done = once(response, 'close');
  // Errors destroy the response: after the head there is no other way to tell.
  if (isGzip) pipeStreams(rest, zlib.createGzip({ level: 1 }), response, () => {});
  else pipeStreams(rest, response, () => {});
  await done;
}

async function* chain(first: readonly Buffer[], rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield* first;
  yield* rest;
}

/** Puts small pieces together. */
async function* joined(pieces: RawAnswer['pieces']): AsyncGenerator<Buffer, undefined> {
  let texts: string[] = [];
  let length = 0;
  for await (const piece of pieces) {
    if (typeof piece !== 'string') {
      if (texts.length > 0) yield Buffer.from(texts.join(''));
      texts = [];
      length = 0;
      yield Buffer.from(piece);
      continue;
    }
    texts.push(piece);
    length += piece.length;
    if (length < PIECE_LENGTH) continue;
    yield Buffer.from(texts.join(''));
    texts = [];
    length = 0;
  }
  if (texts.length > 0) yield Buffer.from(texts.join(''));
  return undefined;
}

/** `errorType` by status, where the code does not tell. */
const errorTypes: Readonly<Record<number, string>> = {
  400: 'bad_data',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  405: 'bad_data',
  413: 'bad_data',
  422: 'execution',
  429: 'unavailable',
  499: 'canceled',
  503: 'unavailable',
};

function answerError(request: IncomingMessage, response: ServerResponse, error: BellwetherError): void {
  const errorType = error.code === 'timeout' ? 'timeout' : (errorTypes[error.status] ?? 'internal');
  const body = { status: 'error', errorType, error: error.message, ...(error.hint && { hint: error.hint }) };
  answer(request, response, {
    status: error.status,
    headers: { 'Content-Type': JSON_TYPE, ...errorHeadersOf(error) },
    body: Buffer.from(JSON.stringify(body)),
  });
}

/** Senders of samples log the answer as it is. */
function answerText(request: IncomingMessage, response: ServerResponse, error: BellwetherError): void {
  answer(request, response, {
    status: error.status,
    headers: { 'Content-Type': 'text/plain; charset=utf-8', ...errorHeadersOf(error) },
    body: Buffer.from(`${error.message}${error.hint === undefined ? '' : `; ${error.hint}`}\n`),
  });
}

function toError(thrown: unknown): BellwetherError {
  if (thrown instanceof BellwetherError) return thrown;
  return new BellwetherError({
    code: 'internal',
    status: 500,
    message: 'the server failed to answer this request',
    hint: 'this is a bug in Bellwether; its log has the details',
    cause: thrown,
  });
}
