import type { IncomingMessage, ServerResponse } from 'node:http';
import { BellwetherError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { type Authenticate, credentialsOf, type Principal, unauthorized } from '../access.ts';
import { answer, answerJsonError, errorHeadersOf, pathOf } from '../answer.ts';
import {
  type BodyBounds,
  bodyTooLarge,
  collect,
  inflate,
  parseCoding,
  recycle,
  unsupportedCoding,
} from '../body.ts';
import { encodeBody } from '../encoding.ts';
import type { MemoryBudget } from '../memory-budget.ts';
import type { HostGuard } from '../security.ts';
import { type AlertmanagerTarget, findTarget, routeOfTarget } from './endpoints.ts';
import type { AlertmanagerService, InboundService } from './types.ts';

/** Largest body of Alertmanager's API, received or inflated: ten thousand alerts with long texts. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;
const JSON_TYPE = 'application/json';
const TEXT_TYPE = 'text/plain; charset=utf-8';

export interface AlertmanagerHttpOptions {
  /** Undefined: its paths do not exist. */
  readonly alertmanager?: AlertmanagerService | undefined;
  readonly inbound?: InboundService | undefined;
  readonly authenticate: Authenticate;
  readonly guard: HostGuard;
  readonly budget: MemoryBudget;
  readonly bounds: BodyBounds;
  readonly log?: Log;
}

export interface AlertmanagerHttpHandler {
  /** Label for the request metrics when the path (without query) is one of these, else undefined. */
  routeOf(path: string): string | undefined;
  /** Answers a request to such a path. Never throws. */
  handle(request: IncomingMessage, response: ServerResponse): void;
}

/**
 * Alertmanager's HTTP API below `/alertmanager`, so that every Prometheus can send its alerts here and amtool works, and the
 * webhooks that become alerts.
 *
 * https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
 */
export function createAlertmanagerHttp(options: AlertmanagerHttpOptions): AlertmanagerHttpHandler {
  const targetOf = (path: string): AlertmanagerTarget | undefined => {
    const target = findTarget(path);
    const service = target?.kind === 'inbound' ? options.inbound : options.alertmanager;
    return service === undefined ? undefined : target;
  };
  return {
    routeOf(path) {
      const target = targetOf(path);
      return target === undefined ? undefined : routeOfTarget(target);
    },
    handle(request, response) {
      const target = targetOf(pathOf(request.url)) ?? { kind: 'unknown' };
      serve(options, target, { request, response }).catch((thrown: unknown) => {
        const error = toError(thrown);
        if (error.code === 'internal')
          options.log?.error({ error: thrown }, 'a request of the Alertmanager API failed');
        if (response.headersSent) response.destroy();
        else if (target.kind === 'inbound') answerJsonError(request, response, error);
        else answerError(request, response, error);
      });
    },
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

async function serve(
  options: AlertmanagerHttpOptions,
  target: AlertmanagerTarget,
  exchange: Exchange,
): Promise<void> {
  const { request } = exchange;
  switch (target.kind) {
    case 'inbound':
      return receiveWebhook(options, target.name, exchange);
    case 'healthy':
    case 'ready':
      return tellHealth(options, target.kind, exchange);
    case 'old_api':
      await authenticated(options, request);
      return sendJson(exchange, 410, {
        status: 'deprecated',
        error:
          'API v1 of Alertmanager is gone, as it is in Alertmanager since 0.27; use /alertmanager/api/v2',
      });
    case 'unknown':
      await authenticated(options, request);
      return sendJson(exchange, 404, { code: 404, message: `path ${shownPath(request)} was not found` });
    case 'reload':
      return reload(options, exchange);
    case 'api':
      return callApi(options, target, exchange);
  }
}

async function callApi(
  options: AlertmanagerHttpOptions,
  { endpoint, path }: Extract<AlertmanagerTarget, { kind: 'api' }>,
  exchange: Exchange,
): Promise<void> {
  const { request } = exchange;
  const principal = await authenticated(options, request);
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? '');
  if (method !== 'GET' && method !== 'POST' && method !== 'DELETE')
    return refuseMethod(exchange, Object.keys(endpoint.methods));
  const role = endpoint.methods[method];
  if (role === undefined) return refuseMethod(exchange, Object.keys(endpoint.methods));
  if (role === 'admin') mustBeAdmin(principal);
  const maxBytes = Math.min(MAX_BODY_BYTES, options.bounds.maxBytes);
  const body = method === 'POST' ? await readBody(options, exchange, maxBytes) : new Uint8Array();
  const { status, json } = await options.alertmanager!.call({
    ...{ endpoint: endpoint.path, method, path, body },
    params: paramsOf(request),
    contentType: request.headers['content-type'],
    actor: principal.name,
  });
  await sendJson(exchange, status, json);
}

async function receiveWebhook(
  options: AlertmanagerHttpOptions,
  name: string,
  exchange: Exchange,
): Promise<void> {
  const { request } = exchange;
  // Who knows a webhook's token may come under any host name, as with keys.
  options.guard.check(request.headers, { isKeyShown: true });
  if (request.method !== 'POST')
    throw new BellwetherError({
      code: 'method_not_allowed',
      status: 405,
      message: `${request.method} is not possible here`,
      hint: 'use POST',
    });
  const { status, json } = await options.inbound!.receive({
    name,
    headers: request.headers,
    params: paramsOf(request),
    readBody: (maxBytes) => readBody(options, exchange, maxBytes),
  });
  await sendJson(exchange, status, json);
}

/** Without a key, as in Alertmanager: load balancers ask. */
function tellHealth(
  { guard, alertmanager }: AlertmanagerHttpOptions,
  kind: 'healthy' | 'ready',
  { request, response }: Exchange,
): void {
  guard.check(request.headers, { isKeyShown: false });
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    refuseMethod({ request, response }, ['GET']);
    return;
  }
  const isWell = kind === 'healthy' || alertmanager!.isReady();
  answer(request, response, {
    status: isWell ? 200 : 503,
    headers: { 'Content-Type': TEXT_TYPE, 'Cache-Control': 'no-store' },
    body: Buffer.from(isWell ? 'OK' : 'Service Unavailable'),
  });
}

async function reload(options: AlertmanagerHttpOptions, exchange: Exchange): Promise<void> {
  const { request, response } = exchange;
  mustBeAdmin(await authenticated(options, request));
  if (request.method !== 'POST') return refuseMethod(exchange, ['POST']);
  try {
    await options.alertmanager!.reload();
  } catch (thrown) {
    const error = toError(thrown);
    answer(request, response, {
      status: 500,
      headers: { 'Content-Type': TEXT_TYPE, ...errorHeadersOf(error) },
      body: Buffer.from(`failed to reload config: ${error.message}\n`),
    });
    return;
  }
  answer(request, response, { status: 200, body: Buffer.alloc(0) });
}

async function authenticated(
  { guard, authenticate }: AlertmanagerHttpOptions,
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
    message: 'this key may only write telemetry and alerts',
    hint: 'use an admin key; `bellwether keys create --role admin` makes one',
  });
}

/** A whole body as a copy of its own. */
async function readBody(
  options: AlertmanagerHttpOptions,
  { request, response }: Exchange,
  maxBytes: number,
): Promise<Uint8Array> {
  const header = request.headers['content-encoding'];
  const coding = parseCoding(header);
  if (coding === undefined) throw unsupportedCoding(header ?? '');
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw bodyTooLarge(maxBytes, 'as announced');
  if (request.headers.expect !== undefined) response.writeContinue();
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

function paramsOf(request: IncomingMessage): URLSearchParams {
  const url = request.url ?? '';
  const at = url.indexOf('?');
  return new URLSearchParams(at < 0 ? '' : url.slice(at + 1));
}

function shownPath(request: IncomingMessage): string {
  return pathOf(request.url)
    .replace(/^\/alertmanager/, '')
    .slice(0, 200);
}

async function sendJson({ request, response }: Exchange, status: number, json: unknown): Promise<void> {
  const plain = json === undefined ? Buffer.alloc(0) : Buffer.from(`${JSON.stringify(json)}\n`);
  const { body, coding } = await encodeBody(plain, request.headers['accept-encoding']);
  answer(request, response, {
    status,
    headers: {
      'Cache-Control': 'no-store',
      Vary: 'Accept-Encoding',
      ...(json === undefined ? {} : { 'Content-Type': JSON_TYPE }),
      ...(coding === undefined ? {} : { 'Content-Encoding': coding }),
    },
    body,
  });
}

function refuseMethod({ request, response }: Exchange, allowed: readonly string[]): void {
  const message = `method ${request.method} is not allowed, but [${allowed.join(',')}] are`;
  answer(request, response, {
    status: 405,
    headers: { 'Content-Type': JSON_TYPE, Allow: allowed.join(', '), 'Cache-Control': 'no-store' },
    body: Buffer.from(`${JSON.stringify({ code: 405, message })}\n`),
  });
}

/** Alertmanager's clients show the text of an error and look at nothing else. */
function answerError(request: IncomingMessage, response: ServerResponse, error: BellwetherError): void {
  const text = error.hint === undefined ? error.message : `${error.message}; ${error.hint}`;
  answer(request, response, {
    status: error.status,
    headers: { 'Content-Type': JSON_TYPE, ...errorHeadersOf(error) },
    body: Buffer.from(`${JSON.stringify(text)}\n`),
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
