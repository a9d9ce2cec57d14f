import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type net from 'node:net';
import type { Duplex } from 'node:stream';
import { BellwetherError } from '../lib/errors.ts';
import { errorBodyOf } from './answer.ts';
import { type HttpMeter, type ListenerName, noMeter } from './meter.ts';

/** Bounds on connections. An idle connection costs about 10 KB, so the default bound is about 100 MB. */
export interface ConnectionBounds {
  /** Further connections are closed at once and counted. */
  readonly maxConnections: number;
  /** From connecting, or from the end of the last request, until the headers are there. */
  readonly headersMs: number;
  /** The whole request; the OTLP handler has its own, shorter bound on bodies. */
  readonly requestMs: number;
  /** Silence after an answer until the connection is closed. */
  readonly keepAliveMs: number;
  readonly maxHeaderBytes: number;
}

export const defaultConnectionBounds: ConnectionBounds = {
  maxConnections: 10_000,
  headersMs: 20_000,
  requestMs: 120_000,
  keepAliveMs: 75_000,
  maxHeaderBytes: 16 * 1024,
};

export interface ListenerOptions {
  readonly name: ListenerName;
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
  readonly bounds?: Partial<ConnectionBounds>;
  readonly meter?: HttpMeter;
}

export interface Listener {
  readonly host: string;
  readonly port: number;
  readonly connections: number;
  /**
   * Stops accepting, closes idle connections, lets requests in flight finish, and closes what is left after `graceMs`.
   * Resolves when everything is closed.
   */
  stop(graceMs: number): Promise<void>;
}

/** Opens a port. @throws BellwetherError `cannot_listen` when the address is taken or not ours. */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { name, meter = noMeter } = options;
  const bounds = { ...defaultConnectionBounds, ...options.bounds };
  const server = http.createServer({
    headersTimeout: bounds.headersMs,
    requestTimeout: bounds.requestMs,
    keepAliveTimeout: bounds.keepAliveMs,
    maxHeaderSize: bounds.maxHeaderBytes,
    connectionsCheckingInterval: Math.min(2_000, bounds.headersMs),
    noDelay: true,
  });
  server.maxConnections = bounds.maxConnections;
  const connections = trackConnections(server);
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    connections.begin(request.socket, response);
    options.handle(request, response);
  };
  server.on('request', handle);
  // Expect: 100-continue goes the same way; whoever reads the body asks for it, so a refusal costs the sender nothing.
  server.on('checkContinue', handle);
  server.on('drop', () => meter.connectionRefused(name, 'too_many_connections'));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    meter.connectionRefused(name, answerClientError(error, socket));
  });
  await listen(server, options.host, options.port);
  server.on('error', () => meter.connectionRefused(name, 'accept_failed'));
  const { address, port } = server.address() as net.AddressInfo;
  return {
    host: address,
    port,
    get connections() {
      return connections.count();
    },
    stop: (graceMs) => stop(server, connections, graceMs),
  };
}

/** Starts listening. The caller handles `error` events that come later. */
export function listen(server: net.Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => reject(cannotListen(error, host, port));
    server.once('error', onError);
    server.listen({ host: host.replace(/^\[(.*)\]$/, '$1'), port, backlog: 1024 }, () => {
      server.off('error', onError);
      resolve();
    });
  });
}

function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): BellwetherError {
  const isTaken = error.code === 'EADDRINUSE';
  return new BellwetherError({
    code: 'cannot_listen',
    message: `cannot listen on ${host}:${port}: ${isTaken ? 'another program already does' : error.message}`,
    hint: isTaken
      ? 'stop that program, or choose another port in the configuration'
      : 'check the address in the configuration',
    cause: error,
  });
}

interface Connections {
  begin(socket: net.Socket, response: ServerResponse): void;
  count(): number;
  /** Closes the idle ones now and each other one after its last answer. */
  drain(): void;
  destroyAll(): void;
}

function trackConnections(server: http.Server): Connections {
  const inFlight = new Map<net.Socket, Set<ServerResponse>>();
  let isDraining = false;
  server.on('connection', (socket: net.Socket) => {
    inFlight.set(socket, new Set());
    socket.once('close', () => inFlight.delete(socket));
  });
  return {
    begin(socket, response) {
      const responses = inFlight.get(socket);
      if (responses === undefined) return;
      responses.add(response);
      if (isDraining) response.shouldKeepAlive = false;
      response.once('close', () => {
        responses.delete(response);
        if (isDraining && responses.size === 0) socket.end();
      });
    },
    count: () => inFlight.size,
    drain() {
      isDraining = true;
      for (const [socket, responses] of inFlight) {
        for (const response of responses) response.shouldKeepAlive = false;
        if (responses.size === 0) socket.destroy();
      }
    },
    destroyAll() {
      for (const socket of inFlight.keys()) socket.destroy();
    },
  };
}

function stop(server: http.Server, connections: Connections, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => connections.destroyAll(), graceMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    connections.drain();
  });
}

const clientErrors: Readonly<
  Record<string, { status: number; reason: string; code: string; message: string }>
> = {
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    reason: 'Request Timeout',
    code: 'request_timeout',
    message: 'the request was not complete in time',
  },
  HPE_HEADER_OVERFLOW: {
    status: 431,
    reason: 'Request Header Fields Too Large',
    code: 'headers_too_large',
    message: 'the headers are larger than 16 KiB',
  },
};
const malformed = {
  status: 400,
  reason: 'Bad Request',
  code: 'malformed_request',
  message: 'this is not valid HTTP',
};

/** Answers what never became a request. Returns the code for the counter. */
function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): string {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return 'connection_reset';
  }
  const { status, reason, code, message } = clientErrors[error.code ?? ''] ?? malformed;
  const body = JSON.stringify(errorBodyOf(new BellwetherError({ code, message, status })));
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
  // The peer may never close its half; do not wait for it.
  setTimeout(() => socket.destroy(), 1_000).unref();
  return code;
}
