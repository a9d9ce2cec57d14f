import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { ErrorBody } from '../contract/index.ts';
import type { BellwetherError } from '../lib/errors.ts';

/** How long, and how much, the rest of a body that was refused is still read and thrown away. */
const DRAIN_MS = 5_000;
const DRAIN_BYTES = 256 * 1024 * 1024;

export interface Answer {
  readonly status: number;
  readonly headers?: OutgoingHttpHeaders;
  readonly body: Buffer;
}

/**
 * Answers a request whose body may still be on its way.
 *
 * Closing a connection with unread bytes makes the kernel reset it, and the sender then sees "connection reset" instead of
 * the answer. So the answer goes out whole, the rest is read and dropped for a bounded while, and only then the connection ends.
 */
export function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: Answer,
): void {
  if (response.headersSent || response.destroyed) return;
  const all: OutgoingHttpHeaders = { ...headers, 'Content-Length': body.length };
  if (request.complete || request.destroyed) {
    response.writeHead(status, all).end(body);
    return;
  }
  response.writeHead(status, { ...all, Connection: 'close' });
  if (body.length > 0) response.write(body);
  else response.flushHeaders();
  drain(request, () => response.end());
}

function drain(request: IncomingMessage, done: () => void): void {
  let drainedBytes = 0;
  const timer = setTimeout(finish, DRAIN_MS);
  function finish(): void {
    clearTimeout(timer);
    request.off('data', onData).off('end', finish).off('close', finish);
    done();
  }
  function onData(piece: Buffer): void {
    drainedBytes += piece.length;
    if (drainedBytes > DRAIN_BYTES) finish();
  }
  request.on('data', onData).on('end', finish).on('close', finish);
  request.on('error', finish).resume();
}

/** The JSON body of an error, as every route but OTLP answers it. */
export function errorBodyOf(error: BellwetherError): ErrorBody {
  const { code, message, hint } = error;
  return { error: { code, message, ...(hint !== undefined && { hint }) } };
}

export function errorHeadersOf(error: BellwetherError): OutgoingHttpHeaders {
  return {
    'Cache-Control': 'no-store',
    ...(error.retryAfterS !== undefined && { 'Retry-After': String(error.retryAfterS) }),
    ...(error.status === 401 && { 'WWW-Authenticate': 'Bearer realm="bellwether"' }),
  };
}

export function answerJsonError(
  request: IncomingMessage,
  response: ServerResponse,
  error: BellwetherError,
): void {
  answer(request, response, {
    status: error.status,
    headers: { 'Content-Type': 'application/json; charset=utf-8', ...errorHeadersOf(error) },
    body: Buffer.from(JSON.stringify(errorBodyOf(error))),
  });
}

/** Remote address without port; IPv4 in its own notation also when it came through an IPv6 socket. */
export function addressOf(socket: { remoteAddress?: string | undefined } | undefined): string {
  const address = socket?.remoteAddress ?? '';
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}

export function pathOf(url: string | undefined): string {
  const path = url ?? '/';
  const at = path.indexOf('?');
  return at < 0 ? path : path.slice(0, at);
}
