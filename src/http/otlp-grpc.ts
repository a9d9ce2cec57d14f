import http2, { type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import net from 'node:net';
import type { Sender } from '../ingest/index.ts';
import { BellwetherError } from '../lib/errors.ts';
import type { TelemetrySignal } from '../model/telemetry.ts';
import { credentialsOf, unauthorized } from './access.ts';
import { addressOf, errorBodyOf } from './answer.ts';
import {
  bodyTooLarge,
  type ContentCoding,
  collect,
  inflate,
  parseCoding,
  recycle,
  supportedCodings,
} from './body.ts';
import { type ConnectionBounds, defaultConnectionBounds, type Listener, listen } from './listener.ts';
import { noMeter } from './meter.ts';
import type { OtlpOptions } from './otlp-http.ts';
import { internalError } from './otlp-http.ts';
import { exportResponse, grpcCode, grpcCodeOf, protobufType, sentence, statusBody } from './otlp-messages.ts';

const methods: Readonly<Record<string, TelemetrySignal>> = {
  '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export': 'metrics',
  '/opentelemetry.proto.collector.logs.v1.LogsService/Export': 'logs',
  '/opentelemetry.proto.collector.trace.v1.TraceService/Export': 'traces',
};

/** A message is preceded by one byte "compressed" and four bytes of length. */
const FRAME_HEADER_BYTES = 5;
const MAX_STREAMS_PER_CONNECTION = 128;
/** What a client may send before it hears from us; one window holds a usual batch. */
const WINDOW_BYTES = 1024 * 1024;
const IDLE_SESSION_MS = 15 * 60_000;
/** A refused message is read to its end and dropped for this long before the stream is cut. */
const DRAIN_MS = 5_000;

export interface OtlpGrpcOptions extends OtlpOptions {
  readonly host: string;
  readonly port: number;
  readonly connectionBounds?: Partial<ConnectionBounds>;
}

/**
 * OTLP over gRPC: three unary methods, straight on `node:http2`.
 *
 * Not on a gRPC library, because in those a message is complete in memory (and decompressed) before a handler sees the call: then
 * neither the bytes of all calls together nor a slow sender can be bounded, a message that is refused cannot be counted for
 * its sender, and a broken gzip stream is answered INTERNAL. Here the body takes the same path as over HTTP.
 *
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export async function openOtlpGrpc(options: OtlpGrpcOptions): Promise<Listener> {
  const { meter = noMeter } = options;
  const bounds = { ...defaultConnectionBounds, ...options.connectionBounds };
  const sessions = new Set<ServerHttp2Session>();
  const sockets = new Set<net.Socket>();
  const ungreeted = new Set<net.Socket>();
  const server = http2.createServer({
    settings: {
      maxConcurrentStreams: MAX_STREAMS_PER_CONNECTION,
      initialWindowSize: WINDOW_BYTES,
      maxHeaderListSize: bounds.maxHeaderBytes,
      enablePush: false,
    },
  });
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    session.setTimeout(IDLE_SESSION_MS, () => session.close());
    session.setLocalWindowSize(4 * WINDOW_BYTES);
  });
  server.on('sessionError', () => meter.connectionRefused('otlp_grpc', 'http2_error'));
  server.on('stream', (stream, headers) => handleCall(options, stream, headers));

  const front = net.createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    ungreeted.add(socket);
    socket.once('close', () => sockets.delete(socket) && ungreeted.delete(socket));
    greet(socket, bounds.headersMs, (isHttp2) => {
      ungreeted.delete(socket);
      if (isHttp2) server.emit('connection', socket);
      else meter.connectionRefused('otlp_grpc', 'not_grpc');
    });
  });
  front.maxConnections = bounds.maxConnections;
  front.on('drop', () => meter.connectionRefused('otlp_grpc', 'too_many_connections'));
  await listen(front, options.host, options.port);
  front.on('error', () => meter.connectionRefused('otlp_grpc', 'accept_failed'));
  const { address, port } = front.address() as net.AddressInfo;
  return {
    host: address,
    port,
    get connections() {
      return sockets.size;
    },
    stop: (graceMs) => stop(front, { sessions, sockets, ungreeted }, graceMs),
  };
}

/**
 * Waits for the first bytes. HTTP/2 begins with `PRI`; a client of the wrong protocol gets an answer it can read, since sending
 * OTLP over HTTP to this port is the most common mistake in setting up an exporter.
 */
function greet(socket: net.Socket, waitMs: number, onGreeted: (isHttp2: boolean) => void): void {
  const timer = setTimeout(() => socket.destroy(), waitMs);
  socket.on('error', () => socket.destroy()).once('close', () => clearTimeout(timer));
  socket.once('data', (first: Buffer) => {
    clearTimeout(timer);
    const isHttp2 = first[0] === 0x50 && first[1] === 0x52;
    if (isHttp2) {
      socket.pause();
      socket.unshift(first);
    } else {
      socket.resume();
      socket.end(wrongProtocolAnswer());
      // The peer may never close its half; do not wait for it.
      setTimeout(() => socket.destroy(), 1_000).unref();
    }
    onGreeted(isHttp2);
  });
}

function wrongProtocolAnswer(): string {
  const error = new BellwetherError({
    code: 'not_grpc',
    status: 400,
    message: 'this port speaks gRPC over HTTP/2',
    hint: 'for OTEL_EXPORTER_OTLP_PROTOCOL http/protobuf or http/json use the OTLP/HTTP port, usually 4318',
  });
  const body = JSON.stringify(errorBodyOf(error));
  const length = Buffer.byteLength(body);
  return `HTTP/1.1 400 Bad Request\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n${body}`;
}

interface Open {
  readonly sessions: Set<ServerHttp2Session>;
  readonly sockets: Set<net.Socket>;
  /** Connected, and nothing received yet. */
  readonly ungreeted: Set<net.Socket>;
}

function stop(front: net.Server, open: Open, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      for (const socket of open.sockets) socket.destroy();
    }, graceMs);
    front.close(() => {
      clearTimeout(timer);
      resolve();
    });
    // GOAWAY; each session then ends with its last call.
    for (const session of open.sessions) session.close();
    for (const socket of open.ungreeted) socket.destroy();
  });
}

/** One call on its way through. */
interface Call {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  readonly signal: TelemetrySignal | undefined;
  keyName: string;
  /** From here on the pipeline counts what goes wrong. */
  isSubmitted: boolean;
}

function handleCall(options: OtlpGrpcOptions, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  const { meter = noMeter } = options;
  const startMs = performance.now();
  const signal = methods[headers[':path'] ?? ''];
  const call: Call = { stream, headers, signal, keyName: '', isSubmitted: false };
  // A stream that breaks also fails the read below; this listener keeps it from being an unhandled error.
  stream.on('error', () => {});
  receive(options, call)
    .catch((error: unknown) => refuse(options, call, error))
    .then((code) => {
      const durationS = (performance.now() - startMs) / 1000;
      const route = signal === undefined ? 'unknown' : headers[':path']!;
      meter.request({ listener: 'otlp_grpc', route, method: 'POST', status: code, durationS });
    });
}

async function receive(options: OtlpGrpcOptions, call: Call): Promise<number> {
  const { stream, headers, signal } = call;
  const type = headers['content-type'] ?? '';
  if (!type.startsWith('application/grpc')) throw notGrpc(type);
  if (signal === undefined) throw unknownMethod(headers[':path'] ?? '');
  const credentials = credentialsOf(headers);
  const principal = await options.authenticate({ key: credentials.key, session: undefined });
  if (principal === null) throw unauthorized(credentials);
  call.keyName = principal.name;
  const { maxBytes } = options.bounds;
  const lease = options.budget.lease();
  try {
    const framed = await collect(stream, { ...options.bounds, framingBytes: FRAME_HEADER_BYTES }, lease);
    const { message, coding } = unframe(framed, headers['grpc-encoding'], maxBytes);
    const body = await inflate(message, coding, maxBytes, lease);
    call.isSubmitted = true;
    const stored = options.intake.submit({
      signal,
      encoding: protobufType,
      body,
      sender: senderOf(call),
    });
    // The pipeline has read the body when it returns its promise.
    recycle(framed);
    recycle(body);
    const result = await stored;
    respond(stream, exportResponse(protobufType, signal, result));
    return grpcCode.ok;
  } finally {
    lease.release();
  }
}

/** Takes the one message of a unary call out of its frame. */
function unframe(
  framed: Buffer,
  encoding: unknown,
  maxBytes: number,
): { message: Buffer; coding: ContentCoding } {
  if (framed.length < FRAME_HEADER_BYTES) throw badFrame('the call carries no message');
  const flag = framed[0]!;
  const lengthBytes = framed.readUInt32BE(1);
  if (lengthBytes > maxBytes) throw bodyTooLarge(maxBytes, 'as announced');
  if (flag > 1) throw badFrame(`the compression flag is ${flag}, not 0 or 1`);
  if (framed.length !== FRAME_HEADER_BYTES + lengthBytes) {
    throw badFrame(
      `the message is announced with ${lengthBytes} bytes and has ${framed.length - FRAME_HEADER_BYTES}`,
    );
  }
  const message = framed.subarray(FRAME_HEADER_BYTES);
  if (flag === 0) return { message, coding: 'identity' };
  const coding = parseCoding(typeof encoding === 'string' ? encoding : undefined);
  if (coding === undefined || coding === 'identity') throw unsupportedGrpcEncoding(String(encoding));
  return { message, coding };
}

function respond(stream: ServerHttp2Stream, message: Buffer): void {
  if (stream.destroyed || stream.headersSent) return;
  const framed = Buffer.alloc(FRAME_HEADER_BYTES + message.length);
  framed.writeUInt32BE(message.length, 1);
  message.copy(framed, FRAME_HEADER_BYTES);
  stream.respond(
    {
      ':status': 200,
      'content-type': 'application/grpc',
      'grpc-accept-encoding': supportedCodings.join(','),
    },
    { waitForTrailers: true },
  );
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(grpcCode.ok) }));
  stream.end(framed);
}

/** Answers with trailers only, as gRPC does for a call that failed. Returns the code. */
function refuse(options: OtlpGrpcOptions, call: Call, thrown: unknown): number {
  const { stream, signal } = call;
  const error = thrown instanceof BellwetherError ? thrown : internalError(thrown);
  const code = grpcCodeOf(error);
  if (error.status === 500) options.log?.error({ error: thrown, signal }, 'an OTLP call failed');
  if (!call.isSubmitted) options.intake.refuse(senderOf(call), signal ?? 'unknown', error);
  if (stream.destroyed || stream.headersSent) return code;
  if (error.code === 'not_grpc') {
    stream.respond({ ':status': 415 }, { endStream: true });
  } else {
    const trailers = {
      ':status': 200,
      'content-type': 'application/grpc',
      'grpc-accept-encoding': supportedCodings.join(','),
      'grpc-status': String(code),
      'grpc-message': percentEncode(sentence(error)),
      'grpc-status-details-bin': statusBody(protobufType, error).toString('base64'),
    };
    stream.respond(trailers, { endStream: true });
  }
  const timer = setTimeout(() => stream.close(http2.constants.NGHTTP2_NO_ERROR), DRAIN_MS);
  stream.once('close', () => clearTimeout(timer));
  stream.resume();
  return code;
}

/** gRPC's encoding of status messages: printable ASCII as it is, all else (and `%`) per byte. */
function percentEncode(text: string): string {
  let encoded = '';
  for (const byte of Buffer.from(text)) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

function senderOf({ stream, headers, keyName }: Call): Sender {
  return {
    address: addressOf(stream.session?.socket),
    keyName,
    userAgent: headers['user-agent'] ?? '',
    protocol: 'otlp/grpc',
  };
}

function badFrame(message: string): BellwetherError {
  return new BellwetherError({ code: 'bad_grpc_frame', status: 400, message });
}

function notGrpc(type: string): BellwetherError {
  return new BellwetherError({
    code: 'not_grpc',
    status: 415,
    message: `Content-Type ${JSON.stringify(type.slice(0, 100))} is not application/grpc`,
  });
}

function unknownMethod(path: string): BellwetherError {
  return new BellwetherError({
    code: 'unknown_method',
    status: 501,
    message: `there is no method ${JSON.stringify(path.slice(0, 200))}`,
    hint: 'this port receives OTLP: MetricsService, LogsService and TraceService Export',
  });
}

function unsupportedGrpcEncoding(encoding: string): BellwetherError {
  return new BellwetherError({
    code: 'unsupported_content_encoding',
    status: 501,
    message: `grpc-encoding ${JSON.stringify(encoding.slice(0, 64))} is not supported`,
    hint: `use one of: ${supportedCodings.join(', ')}`,
  });
}
