import type { IncomingMessage, ServerResponse } from 'node:http';
import type { IngestPipeline, Sender } from '../ingest/index.ts';
import { BellwetherError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { TelemetrySignal } from '../model/telemetry.ts';
import { type Authenticate, credentialsOf, unauthorized } from './access.ts';
import { addressOf, answer, answerJsonError, errorHeadersOf, pathOf } from './answer.ts';
import {
  type BodyBounds,
  bodyTooLarge,
  type ContentCoding,
  collect,
  inflate,
  parseCoding,
  recycle,
  supportedCodings,
  unsupportedCoding,
} from './body.ts';
import type { MemoryBudget } from './memory-budget.ts';
import { type HttpMeter, type ListenerName, noMeter } from './meter.ts';
import { exportResponse, jsonType, type OtlpContentType, protobufType, statusBody } from './otlp-messages.ts';
import type { HostGuard } from './security.ts';

const signals: Readonly<Record<string, TelemetrySignal>> = {
  '/v1/metrics': 'metrics',
  '/v1/logs': 'logs',
  '/v1/traces': 'traces',
};

export interface OtlpOptions {
  readonly intake: Pick<IngestPipeline, 'submit' | 'refuse'>;
  readonly authenticate: Authenticate;
  readonly budget: MemoryBudget;
  readonly bounds: BodyBounds;
  readonly log?: Log;
  readonly meter?: HttpMeter;
}

export interface OtlpHttpOptions extends OtlpOptions {
  readonly guard: HostGuard;
}

export interface OtlpHttpHandler {
  /** Whether a path (without query) is one of the three. */
  handles(path: string): boolean;
  /** Answers a request to one of the three paths. Never throws. */
  handle(listener: ListenerName, request: IncomingMessage, response: ServerResponse): void;
  /** Answers a request to any other path of a port that only receives telemetry. */
  handleUnknown(request: IncomingMessage, response: ServerResponse): void;
}

/** One request on its way through. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly signal: TelemetrySignal;
  /** Undefined when the sender's type is neither of the two. */
  readonly type: OtlpContentType | undefined;
  keyName: string;
  /** From here on the pipeline counts what goes wrong. */
  isSubmitted: boolean;
}

/**
 * OTLP over HTTP, straight on `node:http`: a request costs one function call above the decoder. One handler serves every port.
 *
 * https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export function createOtlpHttpHandler(options: OtlpHttpOptions): OtlpHttpHandler {
  const { meter = noMeter } = options;
  return {
    handles: (path) => signals[path] !== undefined,
    handle(listener, request, response) {
      const startMs = performance.now();
      const route = pathOf(request.url);
      const type = contentTypeOf(request.headers['content-type']);
      const exchange: Exchange = {
        request,
        response,
        signal: signals[route]!,
        type,
        keyName: '',
        isSubmitted: false,
      };
      receive(options, exchange)
        .catch((error: unknown) => refuse(options, exchange, error))
        .finally(() => {
          const status = response.headersSent ? response.statusCode : 499;
          const durationS = (performance.now() - startMs) / 1000;
          meter.request({ listener, route, method: methodLabel(request.method), status, durationS });
        });
    },
    handleUnknown: (request, response) => answerJsonError(request, response, notFound(request)),
  };
}

async function receive(options: OtlpHttpOptions, exchange: Exchange): Promise<void> {
  const { request, response, signal, type } = exchange;
  const { maxBytes } = options.bounds;
  const coding = await admit(options, exchange);
  if (request.headers.expect !== undefined) response.writeContinue();
  const lease = options.budget.lease();
  try {
    const received = await collect(request, options.bounds, lease);
    const body = await inflate(received, coding, maxBytes, lease);
    exchange.isSubmitted = true;
    const stored = options.intake.submit({ signal, encoding: type!, body, sender: senderOf(exchange) });
    // The pipeline has read the body when it returns its promise.
    recycle(received);
    recycle(body);
    const result = await stored;
    const responseBody = exportResponse(type!, signal, result);
    answer(request, response, { status: 200, headers: { 'Content-Type': type! }, body: responseBody });
  } finally {
    lease.release();
  }
}

/** Everything that can be judged before the body is read. */
async function admit(options: OtlpHttpOptions, exchange: Exchange): Promise<ContentCoding> {
  const { headers, method } = exchange.request;
  const credentials = credentialsOf(headers);
  options.guard.check(headers, { isKeyShown: credentials.key !== undefined });
  if (method !== 'POST') throw wrongMethod(method);
  // The session cookie stays out: a page in a browser must not write telemetry with it.
  const principal = await options.authenticate({ key: credentials.key, session: undefined });
  if (principal === null) throw unauthorized(credentials);
  exchange.keyName = principal.name;
  if (exchange.type === undefined) throw unsupportedType(headers['content-type']);
  const coding = parseCoding(headers['content-encoding']);
  if (coding === undefined) throw unsupportedCoding(headers['content-encoding'] ?? '');
  const { maxBytes } = options.bounds;
  if (Number(headers['content-length'] ?? 0) > maxBytes) throw bodyTooLarge(maxBytes, 'as announced');
  return coding;
}

function refuse(options: OtlpHttpOptions, exchange: Exchange, thrown: unknown): void {
  const { request, response, signal } = exchange;
  const error = thrown instanceof BellwetherError ? thrown : internalError(thrown);
  // 503 is an answer, not a failure of ours: what is behind it is logged once, by the part that knows.
  if (error.status === 500) options.log?.error({ error: thrown, signal }, 'an OTLP request failed');
  else options.log?.debug({ code: error.code, signal, address: addressOf(request.socket) }, error.message);
  if (!exchange.isSubmitted) options.intake.refuse(senderOf(exchange), signal, error);
  const type = exchange.type ?? jsonType;
  answer(request, response, {
    status: error.status,
    headers: {
      'Content-Type': type,
      ...errorHeadersOf(error),
      ...(error.status === 405 && { Allow: 'POST' }),
      ...(error.code === 'unsupported_content_encoding' && {
        'Accept-Encoding': supportedCodings.join(', '),
      }),
    },
    body: statusBody(type, error),
  });
}

function senderOf({ request, type, keyName }: Exchange): Sender {
  const encoding = type === protobufType ? '+protobuf' : type === jsonType ? '+json' : '';
  return {
    address: addressOf(request.socket),
    keyName,
    userAgent: request.headers['user-agent'] ?? '',
    protocol: `otlp/http${encoding}`,
  };
}

/** The type without its parameters; undefined when it is neither of OTLP's. */
function contentTypeOf(header: string | undefined): OtlpContentType | undefined {
  const plain = (header ?? '').split(';', 1)[0]!.trim().toLowerCase();
  return plain === protobufType || plain === jsonType ? plain : undefined;
}

/** Methods come from the wire; only known ones become a label. */
export function methodLabel(method: string | undefined): string {
  const known = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
  return method !== undefined && known.includes(method) ? method : 'OTHER';
}

export function internalError(cause: unknown): BellwetherError {
  return new BellwetherError({
    code: 'internal',
    status: 500,
    message: 'the server failed to answer this request',
    hint: 'this is a bug in Bellwether; its log has the details',
    cause,
  });
}

function unsupportedType(header: string | undefined): BellwetherError {
  const got =
    header === undefined ? 'no Content-Type' : `Content-Type ${JSON.stringify(header.slice(0, 100))}`;
  return new BellwetherError({
    code: 'unsupported_media_type',
    status: 415,
    message: `the request has ${got}`,
    hint: `send ${protobufType} or ${jsonType}`,
  });
}

function wrongMethod(method: string | undefined): BellwetherError {
  return new BellwetherError({
    code: 'method_not_allowed',
    status: 405,
    message: `${methodLabel(method)} is not possible here`,
    hint: 'OTLP is sent with POST',
  });
}

function notFound(request: IncomingMessage): BellwetherError {
  return new BellwetherError({
    code: 'not_found',
    status: 404,
    message: `there is nothing at ${JSON.stringify(pathOf(request.url).slice(0, 200))}`,
    hint: 'this port receives OTLP at /v1/metrics, /v1/logs and /v1/traces',
  });
}
