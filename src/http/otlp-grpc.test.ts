import { readFileSync } from 'node:fs';
import http2 from 'node:http2';
import net from 'node:net';
import zlib from 'node:zlib';
import * as grpc from '@grpc/grpc-js';
import { afterEach, expect, test, vi } from 'vitest';
import { BellwetherError, DecodeError } from '../lib/errors.ts';
import { type FakeServer, ingestKey, startFakeServer, talk } from './fakes.ts';
import { createMemoryBudget } from './memory-budget.ts';

const fixtures = new URL('../../test/fixtures/claude-code/', import.meta.url);
const services = {
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
} as const;

let server: FakeServer;
const clients: grpc.Client[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await server.stop();
});

interface Outcome {
  readonly code: number;
  readonly details: string;
  readonly body: Buffer | undefined;
  readonly metadata: grpc.Metadata;
}

interface CallOptions {
  readonly metadata?: Record<string, string>;
  readonly gzip?: boolean;
}

/** Calls with the client library, as exporters do. */
function call(
  path: string,
  body: Buffer,
  { metadata = {}, gzip = false }: CallOptions = {},
): Promise<Outcome> {
  const client = new grpc.Client(
    `127.0.0.1:${server.servers.otlpGrpc!.port}`,
    grpc.credentials.createInsecure(),
    {
      'grpc.default_compression_algorithm': gzip ? 2 : 0,
      'grpc.max_send_message_length': -1,
    },
  );
  clients.push(client);
  const sent = new grpc.Metadata();
  for (const [name, value] of Object.entries(metadata)) sent.set(name, value);
  const same = (bytes: Buffer) => bytes;
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, same, same, body, sent, (error, answer) => {
      if (error === null) resolve({ code: 0, details: '', body: answer, metadata: new grpc.Metadata() });
      else resolve({ code: error.code, details: error.details, body: undefined, metadata: error.metadata });
    });
  });
}

/** Sends bytes as they are, for what no client library would send. */
function rawCall(
  body: Buffer,
  headers: Record<string, string> = {},
  isEnded = true,
): Promise<Record<string, unknown>> {
  const session = http2.connect(`http://127.0.0.1:${server.servers.otlpGrpc!.port}`);
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': services.logs,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    stream.on('response', (answer) => {
      resolve(answer);
      session.close();
      if (!isEnded) stream.close();
    });
    stream.on('error', reject);
    stream.resume();
    if (isEnded) stream.end(body);
    else stream.write(body);
  });
}

function framed(body: Buffer, flag = 0): Buffer {
  const frame = Buffer.alloc(5 + body.length);
  frame[0] = flag;
  frame.writeUInt32BE(body.length, 1);
  body.copy(frame, 5);
  return frame;
}

test.each([
  ['logs', '197-simple-grpc-gzip-logs.grpc.pb'],
  ['metrics', '196-simple-grpc-gzip-metrics.grpc.pb'],
  ['traces', '198-simple-grpc-gzip-traces.grpc.pb'],
] as const)('%s arrive as they were sent, plain and compressed', async (signal, file) => {
  server = await startFakeServer();
  const body = readFileSync(new URL(file, fixtures));
  for (const gzip of [false, true]) {
    const { code, body: answer } = await call(services[signal], body, { gzip });
    expect([code, answer]).toEqual([0, Buffer.alloc(0)]);
  }
  for (const submission of server.intake.submissions) {
    expect(submission).toMatchObject({ signal, encoding: 'application/x-protobuf' });
    expect(submission.sender).toMatchObject({ address: '127.0.0.1', protocol: 'otlp/grpc' });
    expect(submission.sender.userAgent).toContain('grpc-node-js/');
    expect(Buffer.from(submission.body)).toEqual(body);
  }
  expect(server.intake.submissions).toHaveLength(2);
  expect(server.budget.usedBytes).toBe(0);
});

test('partial success is in the response', async () => {
  server = await startFakeServer();
  server.intake.answer = async () => ({ accepted: 1, rejected: 2, message: 'old' });
  const { code, body } = await call(services.logs, Buffer.alloc(0));
  expect(code).toBe(0);
  expect(body).toEqual(Buffer.from([0x0a, 7, 0x08, 2, 0x12, 3, 0x6f, 0x6c, 0x64]));
});

test.each([
  [429, grpc.status.RESOURCE_EXHAUSTED],
  [503, grpc.status.UNAVAILABLE],
])('an error to be retried (%i) carries RetryInfo', async (status, code) => {
  server = await startFakeServer();
  server.intake.answer = async () => {
    throw new BellwetherError({ code: 'spool_full', status, retryAfterS: 7, message: 'full: 100 % \u2026' });
  };
  const outcome = await call(services.logs, Buffer.alloc(0));
  expect(outcome).toMatchObject({ code, details: 'full: 100 % \u2026' });
  const details = outcome.metadata.get('grpc-status-details-bin')[0] as Buffer;
  expect(details.toString('latin1')).toContain('type.googleapis.com/google.rpc.RetryInfo');
  // RetryInfo { retry_delay { seconds: 7 } }
  expect(details.subarray(-6)).toEqual(Buffer.from([0x12, 4, 0x0a, 2, 0x08, 7]));
});

test('bytes that are not OTLP are INVALID_ARGUMENT, a bug is INTERNAL', async () => {
  server = await startFakeServer();
  server.intake.answer = async () => {
    throw new DecodeError('no', 'send OTLP');
  };
  expect(await call(services.logs, Buffer.from('x'))).toMatchObject({
    code: grpc.status.INVALID_ARGUMENT,
    details: 'no; send OTLP',
  });
  server.intake.answer = async () => {
    throw new TypeError('secret');
  };
  const bug = await call(services.logs, Buffer.from('x'));
  expect(bug.code).toBe(grpc.status.INTERNAL);
  expect(bug.details).not.toContain('secret');
});

test('keys: UNAUTHENTICATED without the one that is needed', async () => {
  server = await startFakeServer();
  server.access.isRequired = true;
  expect((await call(services.logs, Buffer.alloc(0))).code).toBe(grpc.status.UNAUTHENTICATED);
  const wrong = await call(services.logs, Buffer.alloc(0), { metadata: { authorization: 'Bearer wrong' } });
  expect(wrong.code).toBe(grpc.status.UNAUTHENTICATED);
  expect(server.intake.refusalCodes()).toEqual(['unauthorized', 'unauthorized']);
  const shown: Array<Record<string, string>> = [
    { authorization: `Bearer ${ingestKey}` },
    { 'x-api-key': ingestKey },
  ];
  for (const metadata of shown) {
    expect((await call(services.logs, Buffer.alloc(0), { metadata })).code).toBe(0);
  }
  expect(server.intake.submissions[0]!.sender.keyName).toBe('laptop');
});

test('a message over the limit is INVALID_ARGUMENT, compressed or not, and counted', async () => {
  server = await startFakeServer();
  const big = Buffer.alloc(5 * 1024 * 1024);
  for (const gzip of [false, true]) {
    const outcome = await call(services.logs, big, { gzip });
    expect(outcome.code).toBe(grpc.status.INVALID_ARGUMENT);
    expect(outcome.details).toContain('limit of 1048576 bytes');
  }
  expect(server.intake.refusalCodes()).toEqual(['body_too_large', 'body_too_large']);
  expect(server.budget.usedBytes).toBe(0);
});

test('calls share the bound on bytes in flight', async () => {
  server = await startFakeServer({ budget: createMemoryBudget(100) });
  const outcome = await call(services.logs, Buffer.alloc(200));
  expect(outcome.code).toBe(grpc.status.RESOURCE_EXHAUSTED);
  expect(outcome.metadata.get('grpc-status-details-bin')).toHaveLength(1);
});

test('an unknown method is UNIMPLEMENTED', async () => {
  server = await startFakeServer();
  const outcome = await call('/some.Other/Thing', Buffer.alloc(0));
  expect(outcome.code).toBe(grpc.status.UNIMPLEMENTED);
});

test.each([
  ['no frame', Buffer.from([0, 0]), {}, '3', 'bad_grpc_frame'],
  [
    'a wrong length',
    Buffer.concat([framed(Buffer.from('abc')), Buffer.from('x')]),
    {},
    '3',
    'bad_grpc_frame',
  ],
  ['an impossible length', Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1]), {}, '3', 'body_too_large'],
  ['an unknown flag', framed(Buffer.from('abc'), 7), {}, '3', 'bad_grpc_frame'],
  ['broken gzip', framed(Buffer.from('abc'), 1), { 'grpc-encoding': 'gzip' }, '3', 'bad_compression'],
  [
    'an unknown coding',
    framed(Buffer.from('abc'), 1),
    { 'grpc-encoding': 'snappy' },
    '12',
    'unsupported_content_encoding',
  ],
  ['no coding named', framed(zlib.gzipSync('abc'), 1), {}, '12', 'unsupported_content_encoding'],
])('%s is refused with its reason', async (_name, body, headers, code, reason) => {
  server = await startFakeServer();
  expect(await rawCall(body, headers as Record<string, string>)).toMatchObject({
    ':status': 200,
    'grpc-status': code,
  });
  expect(server.intake.refusalCodes()).toEqual([reason]);
});

test('a content type that is not gRPC gets 415', async () => {
  server = await startFakeServer();
  expect(await rawCall(framed(Buffer.alloc(0)), { 'content-type': 'text/plain' })).toMatchObject({
    ':status': 415,
  });
});

test('a sender that stops in the middle of a message is cut off', async () => {
  server = await startFakeServer({ bounds: { maxBytes: 1000, idleMs: 30, totalMs: 1000 } });
  const answer = await rawCall(Buffer.from([0, 0, 0, 0, 9, 1]), {}, false);
  expect(answer['grpc-status']).toBe('3');
  expect(server.intake.refusalCodes()).toEqual(['body_too_slow']);
});

test('a client that breaks off is counted and disturbs nobody', async () => {
  server = await startFakeServer();
  const session = http2.connect(`http://127.0.0.1:${server.servers.otlpGrpc!.port}`);
  session.on('error', () => {});
  const stream = session.request({
    ':method': 'POST',
    ':path': services.logs,
    'content-type': 'application/grpc',
  });
  stream.on('error', () => {});
  stream.write(Buffer.from([0, 0, 0, 0, 9, 1]), () => session.destroy());
  await vi.waitFor(() => expect(server.intake.refusalCodes()).toEqual(['incomplete_body']));
  expect((await call(services.logs, Buffer.alloc(0))).code).toBe(0);
});

test('HTTP/1 on this port gets an answer that says where to go', async () => {
  server = await startFakeServer();
  const answer = await talk(
    server.servers.otlpGrpc!.port,
    'POST /v1/logs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n',
  );
  expect(answer).toMatch(/^HTTP\/1.1 400 .*usually 4318/s);
  expect(server.refusedConnections).toEqual(['not_grpc']);
});

test('a connection that says nothing is closed', async () => {
  server = await startFakeServer({ connectionBounds: { headersMs: 30 } });
  const socket = net.connect(server.servers.otlpGrpc!.port, '127.0.0.1');
  await new Promise((resolve) => socket.once('close', resolve));
});

test('a thousand idle connections leave room for others', async () => {
  server = await startFakeServer();
  const { port } = server.servers.otlpGrpc!;
  const connect = () =>
    new Promise<net.Socket>((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => resolve(socket));
    });
  const idle = await Promise.all(Array.from({ length: 1000 }, connect));
  expect((await call(services.logs, Buffer.alloc(0))).code).toBe(0);
  for (const socket of idle) socket.destroy();
});

test('stopping lets calls in flight finish', async () => {
  server = await startFakeServer();
  let release = () => {};
  server.intake.answer = () =>
    new Promise((resolve) => {
      release = () => resolve({ accepted: 1, rejected: 0, message: '' });
    });
  const inFlight = call(services.logs, Buffer.alloc(0));
  await vi.waitFor(() => expect(server.intake.submissions).toHaveLength(1));
  const stopped = server.servers.stop(60_000);
  release();
  expect((await inFlight).code).toBe(0);
  await stopped;
});
