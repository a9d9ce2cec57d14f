import { readFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { Readable } from 'node:stream';
import zlib from 'node:zlib';
import { request as undiciRequest } from 'undici';
import { afterEach, expect, test, vi } from 'vitest';
import { BellwetherError, DecodeError } from '../lib/errors.ts';
import { adminKey, type FakeServer, ingestKey, startFakeServer, talk } from './fakes.ts';
import { createMemoryBudget } from './memory-budget.ts';

const fixtures = new URL('../../test/fixtures/claude-code/', import.meta.url);
const mebibyte = 1024 * 1024;

let server: FakeServer;
afterEach(() => server.stop());

function post(path: string, body: Buffer | string, headers: Record<string, string> = {}) {
  return fetch(`${server.otlpUrl}${path}`, {
    method: 'POST',
    body: typeof body === 'string' ? body : new Uint8Array(body),
    headers: { 'content-type': 'application/x-protobuf', ...headers },
  });
}

test('a body reaches the pipeline as it was sent, with its sender', async () => {
  server = await startFakeServer();
  const body = readFileSync(new URL('002-simple-logs.pb', fixtures));
  const answer = await post('/v1/logs', body, { 'user-agent': 'OTel-OTLP-Exporter-JavaScript/0.208.0' });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('application/x-protobuf');
  expect(await answer.arrayBuffer()).toHaveProperty('byteLength', 0);
  expect(server.intake.submissions).toEqual([
    {
      signal: 'logs',
      encoding: 'application/x-protobuf',
      body,
      sender: {
        address: '127.0.0.1',
        keyName: '',
        userAgent: 'OTel-OTLP-Exporter-JavaScript/0.208.0',
        protocol: 'otlp/http+protobuf',
      },
    },
  ]);
});

test('the main port takes the same paths', async () => {
  server = await startFakeServer();
  const answer = await fetch(`${server.mainUrl}/v1/traces`, {
    method: 'POST',
    body: '{}',
    headers: { 'content-type': 'application/json; charset=utf-8' },
  });
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({});
  expect(server.intake.submissions[0]).toMatchObject({ signal: 'traces', encoding: 'application/json' });
});

test('an empty body is a valid request without records', async () => {
  server = await startFakeServer();
  expect((await post('/v1/metrics', '')).status).toBe(200);
  expect(server.intake.submissions[0]!.body).toHaveLength(0);
});

test.each([
  ['gzip', zlib.gzipSync],
  ['deflate', zlib.deflateSync],
])('%s bodies are inflated', async (coding, compress) => {
  server = await startFakeServer();
  const plain = readFileSync(new URL('004-tools-logs.pb', fixtures));
  expect((await post('/v1/logs', compress(plain), { 'content-encoding': coding })).status).toBe(200);
  expect(Buffer.from(server.intake.submissions[0]!.body)).toEqual(plain);
  expect(server.budget.usedBytes).toBe(0);
});

test('a body recorded with gzip is inflated', async () => {
  server = await startFakeServer();
  const sent = readFileSync(new URL('189-tools-gzip-logs.pb', fixtures));
  expect((await post('/v1/logs', sent, { 'content-encoding': 'gzip' })).status).toBe(200);
  expect(Buffer.from(server.intake.submissions[0]!.body)).toEqual(zlib.gunzipSync(sent));
});

test('a chunked body is put together', async () => {
  server = await startFakeServer();
  const answer = await undiciRequest(`${server.otlpUrl}/v1/logs`, {
    method: 'POST',
    body: Readable.from([Buffer.from('{"a'), Buffer.from('":1}')]),
    headers: { 'content-type': 'application/json' },
  });
  expect(answer.statusCode).toBe(200);
  expect(Buffer.from(server.intake.submissions[0]!.body).toString()).toBe('{"a":1}');
});

test('partial success is told in the encoding of the request', async () => {
  server = await startFakeServer();
  server.intake.answer = async () => ({ accepted: 5, rejected: 300, message: 'too_old' });
  const json = await post('/v1/logs', '{}', { 'content-type': 'application/json' });
  expect(await json.json()).toEqual({
    partialSuccess: { rejectedLogRecords: '300', errorMessage: 'too_old' },
  });
  const spans = await post('/v1/traces', '{}', { 'content-type': 'application/json' });
  expect(await spans.json()).toEqual({ partialSuccess: { rejectedSpans: '300', errorMessage: 'too_old' } });
  const protobuf = await post('/v1/metrics', 'x');
  // partial_success { rejected_data_points: 300, error_message: "too_old" }
  const expected = Buffer.concat([
    Buffer.from([0x0a, 12, 0x08, 0xac, 0x02, 0x12, 7]),
    Buffer.from('too_old'),
  ]);
  expect(Buffer.from(await protobuf.arrayBuffer())).toEqual(expected);
});

test('bytes that are not OTLP get 400 with a status message', async () => {
  server = await startFakeServer();
  server.intake.answer = async () => {
    throw new DecodeError('field 1 ends after the body');
  };
  const json = await post('/v1/logs', '{', { 'content-type': 'application/json' });
  expect([json.status, await json.json()]).toEqual([
    400,
    { code: 3, message: 'field 1 ends after the body' },
  ]);
  const protobuf = await post('/v1/logs', '\xff\xff');
  expect(protobuf.headers.get('content-type')).toBe('application/x-protobuf');
  const text = Buffer.from('field 1 ends after the body');
  const expected = Buffer.concat([Buffer.from([0x08, 3, 0x12, text.length]), text]);
  expect(Buffer.from(await protobuf.arrayBuffer())).toEqual(expected);
  expect(server.intake.refusals).toEqual([]);
});

test.each([429, 503])('%i says when to try again', async (status) => {
  server = await startFakeServer();
  server.intake.answer = async () => {
    throw new BellwetherError({ code: 'spool_full', status, retryAfterS: 7, message: 'full' });
  };
  const answer = await post('/v1/logs', '{}', { 'content-type': 'application/json' });
  expect(answer.status).toBe(status);
  expect(answer.headers.get('retry-after')).toBe('7');
  expect(await answer.json()).toMatchObject({ details: [{ retryDelay: '7s' }] });
});

test('an unexpected exception is a 500 without its text', async () => {
  server = await startFakeServer();
  server.intake.answer = async () => {
    throw new TypeError('secret internals');
  };
  const answer = await post('/v1/logs', '{}', { 'content-type': 'application/json' });
  expect(answer.status).toBe(500);
  expect(await answer.text()).not.toContain('secret');
});

test.each([
  ['text/plain', 'Content-Type \\"text/plain\\"'],
  ['application/json-seq', 'json-seq'],
])('Content-Type %s gets 415', async (type, named) => {
  server = await startFakeServer();
  const answer = await post('/v1/logs', 'x', { 'content-type': type });
  expect(answer.status).toBe(415);
  expect(await answer.text()).toContain(named);
  expect(server.intake.refusals).toMatchObject([
    { signal: 'logs', error: { code: 'unsupported_media_type' } },
  ]);
});

test('an unknown coding gets 415 with the ones there are', async () => {
  server = await startFakeServer();
  const answer = await post('/v1/logs', 'x', { 'content-encoding': 'br' });
  expect(answer.status).toBe(415);
  expect(answer.headers.get('accept-encoding')).toContain('gzip');
  expect(await answer.text()).toContain('gzip, deflate');
  expect(server.intake.refusalCodes()).toEqual(['unsupported_content_encoding']);
});

test.each([
  ['random bytes', Buffer.from('not gzip at all')],
  ['a truncated stream', zlib.gzipSync(Buffer.alloc(5000, 'abc')).subarray(0, 30)],
])('%s called gzip get 400', async (_name, body) => {
  server = await startFakeServer();
  const answer = await post('/v1/logs', body, { 'content-encoding': 'gzip' });
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain('not valid gzip');
  expect(server.intake.refusalCodes()).toEqual(['bad_compression']);
  expect(server.budget.usedBytes).toBe(0);
});

test('a gzip bomb stops at the limit', async () => {
  const taken: number[] = [];
  const budget = createMemoryBudget(64 * mebibyte);
  const lease = budget.lease.bind(budget);
  vi.spyOn(budget, 'lease').mockImplementation(() => {
    const inner = lease();
    const take = (bytes: number) => {
      const refusal = inner.take(bytes);
      if (refusal === undefined) taken.push(bytes);
      return refusal;
    };
    return { take, release: inner.release };
  });
  server = await startFakeServer({ budget });
  const bomb = zlib.gzipSync(Buffer.alloc(500 * mebibyte), { level: 9 });
  expect(bomb.length).toBeLessThan(mebibyte);
  const answer = await post('/v1/logs', bomb, { 'content-encoding': 'gzip' });
  expect(answer.status).toBe(413);
  expect(await answer.text()).toContain('larger after decompression than the limit of 1048576 bytes');
  expect(server.intake.refusalCodes()).toEqual(['body_too_large']);
  expect(taken.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(bomb.length + mebibyte);
  expect(server.budget.usedBytes).toBe(0);
});

test('an announced 100 MB body is refused before it is sent', async () => {
  server = await startFakeServer();
  const sent = await new Promise<{ status: number; wasAsked: boolean }>((resolve, reject) => {
    let wasAsked = false;
    const request = http.request(`${server.otlpUrl}/v1/logs`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf', 'content-length': 100e6, expect: '100-continue' },
    });
    request.on('continue', () => {
      wasAsked = true;
    });
    request.on('response', (answer) => {
      answer.resume();
      resolve({ status: answer.statusCode!, wasAsked });
      request.destroy();
    });
    request.on('error', reject);
    request.flushHeaders();
  });
  expect(sent).toEqual({ status: 413, wasAsked: false });
});

test('a 100 MB body that is sent all the same gets a readable 413', async () => {
  server = await startFakeServer();
  for (const announced of [true, false]) {
    const piece = Buffer.alloc(mebibyte);
    const answer = await undiciRequest(`${server.otlpUrl}/v1/logs`, {
      method: 'POST',
      body: Readable.from(
        (function* () {
          for (let i = 0; i < 100; i++) yield piece;
        })(),
      ),
      headers: {
        'content-type': 'application/json',
        ...(announced && { 'content-length': String(100 * mebibyte) }),
      },
    });
    expect(answer.statusCode).toBe(413);
    expect(await answer.body.text()).toContain('limit of 1048576 bytes');
  }
  expect(server.intake.refusalCodes()).toEqual(['body_too_large', 'body_too_large']);
  expect(server.budget.usedBytes).toBe(0);
});

test('a sender that reads only when it has sent everything still finds the answer', async () => {
  server = await startFakeServer();
  const socket = net.connect(server.servers.otlpHttp!.port, '127.0.0.1');
  socket.pause();
  const bodyBytes = 20 * mebibyte;
  const head = `POST /v1/logs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${bodyBytes}\r\n\r\n`;
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.write(head);
    socket.write(Buffer.alloc(bodyBytes), () => resolve());
  });
  const pieces: Buffer[] = [];
  for await (const piece of socket) pieces.push(piece as Buffer);
  expect(Buffer.concat(pieces).toString()).toMatch(/^HTTP\/1.1 413 .*limit of 1048576 bytes/s);
});

test('bodies of all requests together are bounded', async () => {
  server = await startFakeServer({ budget: createMemoryBudget(1000) });
  let release = () => {};
  server.intake.answer = () =>
    new Promise((resolve) => {
      release = () => resolve({ accepted: 1, rejected: 0, message: '' });
    });
  const first = post('/v1/logs', 'x'.repeat(600));
  await vi.waitFor(() => expect(server.intake.submissions).toHaveLength(1));
  const second = await post('/v1/logs', 'x'.repeat(600));
  expect([second.status, second.headers.get('retry-after')]).toEqual([429, '1']);
  release();
  expect((await first).status).toBe(200);
  expect(server.budget.usedBytes).toBe(0);
});

test('a sender that stops in the middle gets 408', async () => {
  server = await startFakeServer({ bounds: { maxBytes: mebibyte, idleMs: 30, totalMs: 5_000 } });
  const head =
    'POST /v1/logs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a"';
  const answer = await new Promise<string>((resolve) => {
    const socket = net.connect(server.servers.otlpHttp!.port, '127.0.0.1', () => socket.write(head));
    socket.once('data', (piece) => {
      resolve(piece.toString());
      socket.destroy();
    });
  });
  expect(answer).toMatch(/^HTTP\/1.1 408 /);
  expect(server.intake.refusalCodes()).toEqual(['body_too_slow']);
});

test('a sender that drips bytes is cut off after the total time', async () => {
  server = await startFakeServer({ bounds: { maxBytes: mebibyte, idleMs: 1_000, totalMs: 100 } });
  const socket = net.connect(server.servers.otlpHttp!.port, '127.0.0.1');
  socket.write(
    'POST /v1/logs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n',
  );
  const drip = setInterval(() => socket.write(' '), 10);
  const answer = await new Promise<string>((resolve) =>
    socket.once('data', (piece) => resolve(piece.toString())),
  );
  clearInterval(drip);
  socket.destroy();
  expect(answer).toMatch(/^HTTP\/1.1 408 /);
});

test('slow headers are answered 408 and closed', async () => {
  server = await startFakeServer({ connectionBounds: { headersMs: 50 } });
  const answer = await talk(server.servers.otlpHttp!.port, 'POST /v1/logs HTTP/1.1\r\nHost: loc');
  expect(answer).toMatch(/^HTTP\/1.1 408 .*request_timeout/s);
  expect(server.refusedConnections).toContain('request_timeout');
});

test('a sender that goes away in the middle is counted and disturbs nobody', async () => {
  server = await startFakeServer();
  const socket = net.connect(server.servers.otlpHttp!.port, '127.0.0.1');
  socket.write(
    'POST /v1/logs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a"',
    () => socket.destroy(),
  );
  await vi.waitFor(() => expect(server.intake.refusalCodes()).toEqual(['incomplete_body']));
  expect((await post('/v1/logs', '')).status).toBe(200);
  expect(server.requests.map(({ status }) => status)).toContain(499);
});

test('pipelined requests are answered in their order', async () => {
  server = await startFakeServer();
  let turn = 0;
  server.intake.answer = async () => {
    const mine = turn++;
    // The first one takes longest.
    for (let i = 0; i < 5 - mine; i++) await new Promise((resolve) => setImmediate(resolve));
    return { accepted: 1, rejected: mine + 1, message: 'n' };
  };
  const one = (last: boolean) =>
    `POST /v1/logs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${last ? 'Connection: close\r\n' : ''}Content-Length: 2\r\n\r\n{}`;
  const text = await talk(server.servers.otlpHttp!.port, one(false) + one(false) + one(true));
  expect([...text.matchAll(/rejectedLogRecords":"(\d)"/g)].map((match) => match[1])).toEqual(['1', '2', '3']);
});

test('oversized headers get 431, and bytes that are not HTTP get 400', async () => {
  server = await startFakeServer();
  const port = server.servers.otlpHttp!.port;
  const long = `POST /v1/logs HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`;
  expect(await talk(port, long)).toMatch(/^HTTP\/1.1 431 .*headers_too_large/s);
  expect(await talk(port, Buffer.from([0, 1, 2, 3, 255, 254, 13, 10, 13, 10]))).toMatch(
    /^HTTP\/1.1 400 .*malformed_request/s,
  );
});

test('other methods get 405 with Allow, other paths a 404 that names the right ones', async () => {
  server = await startFakeServer();
  for (const method of ['GET', 'PUT', 'OPTIONS']) {
    const answer = await fetch(`${server.otlpUrl}/v1/logs`, { method });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  }
  const answer = await post('/v1/logs/v1/logs', '{}');
  expect(answer.status).toBe(404);
  expect(await answer.json()).toMatchObject({
    error: { code: 'not_found', hint: expect.stringContaining('/v1/logs') },
  });
});

test('keys: none needed on loopback, a wrong one is always refused, a needed one must be there', async () => {
  server = await startFakeServer();
  expect((await post('/v1/logs', '', { authorization: 'Bearer wrong' })).status).toBe(401);
  expect((await post('/v1/logs', '', { 'x-api-key': ingestKey })).status).toBe(200);
  expect(server.intake.submissions[0]!.sender.keyName).toBe('laptop');
  server.access.isRequired = true;
  const refused = await post('/v1/logs', '');
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
    401,
    'Bearer realm="bellwether"',
  ]);
  expect((await post('/v1/logs', '', { authorization: `Bearer ${adminKey}` })).status).toBe(200);
  server.access.sessions.add('token-1');
  expect((await post('/v1/logs', '', { cookie: 'bellwether_session=token-1' })).status).toBe(401);
});

test('a page of another origin and a rebound name are refused', async () => {
  server = await startFakeServer();
  expect((await post('/v1/logs', '', { origin: 'https://evil.example' })).status).toBe(403);
  expect((await post('/v1/logs', '', { origin: 'null' })).status).toBe(403);
  const asName = (host: string, key = '') =>
    talk(
      server.servers.otlpHttp!.port,
      `POST /v1/logs HTTP/1.1\r\nHost: ${host}\r\n${key}Content-Type: application/json\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
    );
  expect(await asName('evil.example')).toMatch(/^HTTP\/1.1 403 /);
  expect(await asName('bell.example:4318')).toMatch(/^HTTP\/1.1 200 /);
  expect(await asName('evil.example', `X-Api-Key: ${ingestKey}\r\n`)).toMatch(/^HTTP\/1.1 200 /);
  expect(await asName('evil.example', 'X-Api-Key: guess\r\n')).toMatch(/^HTTP\/1.1 401 /);
});

test('a thousand idle connections leave room for others', async () => {
  server = await startFakeServer();
  const { port } = server.servers.otlpHttp!;
  const idle = await Promise.all(
    Array.from(
      { length: 1000 },
      () =>
        new Promise<net.Socket>((resolve, reject) => {
          const socket = net.connect(port, '127.0.0.1', () => resolve(socket));
          socket.on('error', reject);
        }),
    ),
  );
  expect((await post('/v1/logs', '')).status).toBe(200);
  expect(server.servers.otlpHttp!.connections).toBeGreaterThanOrEqual(1000);
  for (const socket of idle) socket.destroy();
});

test('connections beyond the bound are closed and counted', async () => {
  server = await startFakeServer({ connectionBounds: { maxConnections: 2 } });
  const { port } = server.servers.otlpHttp!;
  const sockets = await Promise.all(
    [1, 2].map(
      () =>
        new Promise<net.Socket>((resolve) => {
          const socket = net.connect(port, '127.0.0.1', () => resolve(socket));
        }),
    ),
  );
  const third = net.connect(port, '127.0.0.1');
  await new Promise((resolve) => third.once('close', resolve).on('error', () => {}));
  expect(server.refusedConnections).toEqual(['too_many_connections']);
  for (const socket of sockets) socket.destroy();
});

test('stopping finishes what is in flight and closes what is idle', async () => {
  server = await startFakeServer();
  let release = () => {};
  server.intake.answer = () =>
    new Promise((resolve) => {
      release = () => resolve({ accepted: 1, rejected: 0, message: '' });
    });
  const idle = net.connect(server.servers.otlpHttp!.port, '127.0.0.1');
  await new Promise((resolve) => idle.once('connect', resolve));
  const idleClosed = new Promise((resolve) => idle.once('close', resolve));
  const inFlight = post('/v1/logs', '');
  await vi.waitFor(() => expect(server.intake.submissions).toHaveLength(1));
  const stopped = server.servers.stop(60_000);
  await idleClosed;
  release();
  const answer = await inFlight;
  expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close']);
  await stopped;
  await expect(post('/v1/logs', '')).rejects.toThrow();
});
