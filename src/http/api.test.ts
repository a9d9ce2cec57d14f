import zlib from 'node:zlib';
import { request as undiciRequest } from 'undici';
import { afterEach, expect, test, vi } from 'vitest';
import { liveEvent } from '../contract/index.ts';
import { BellwetherError } from '../lib/errors.ts';
import {
  adminKey,
  type FakeServer,
  fakeNowMs,
  fakeSession,
  ingestKey,
  startFakeServer,
  talk,
} from './fakes.ts';

let server: FakeServer;
afterEach(() => server.stop());

function get(path: string, headers: Record<string, string> = {}) {
  return fetch(`${server.mainUrl}${path}`, { headers });
}

async function codeOf(answer: Response): Promise<[number, string]> {
  const { error } = (await answer.json()) as { error: { code: string } };
  return [answer.status, error.code];
}

test('queries reach the services with their times resolved', async () => {
  server = await startFakeServer();
  const listSessions = vi.spyOn(server.services, 'listSessions');
  const answer = await get('/api/agents/sessions?from=now-1h&to=2026-11-21T11:30:00Z&limit=7&q=demo');
  expect(await answer.json()).toEqual({ sessions: [fakeSession('s-1')], next_cursor: null });
  expect(listSessions).toHaveBeenCalledWith({
    fromMs: fakeNowMs - 3_600_000,
    toMs: fakeNowMs - 1_800_000,
    limit: 7,
    cursor: undefined,
    q: 'demo',
    nowMs: fakeNowMs,
  });
});

test('every route of the table answers what its schema says', async () => {
  server = await startFakeServer();
  for (const path of [
    '/api/agents/sessions',
    '/api/agents/sessions/s-1',
    '/api/usage?group_by=day',
    '/api/overview',
    '/api/sources',
    '/api/status',
    '/api/onboarding',
    '/api/openapi.json',
    '/health/live',
    '/health/ready',
    '/health/startup',
    '/metrics',
  ]) {
    expect([path, (await get(path)).status]).toEqual([path, 200]);
    expect([path, (await fetch(`${server.mainUrl}${path}`, { method: 'HEAD' })).status]).toEqual([path, 200]);
  }
});

test.each([
  ['/api/agents/sessions?limit=5000', 'parameter limit: '],
  ['/api/agents/sessions?limit=1&limit=2', 'parameter limit: '],
  ['/api/usage?group_by=colour', 'parameter group_by: '],
  ['/api/usage?from=yesterday', 'from is not a time: \\"yesterday\\"'],
  ['/api/usage?from=now&to=now-1h', 'before it begins'],
])('%s is told what is wrong', async (path, message) => {
  server = await startFakeServer();
  const answer = await get(path);
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain(message);
});

test('an unknown session, path and method are JSON errors', async () => {
  server = await startFakeServer();
  expect(await codeOf(await get('/api/agents/sessions/nobody'))).toEqual([404, 'session_not_found']);
  expect(await codeOf(await get('/api/nothing', { accept: 'text/html' }))).toEqual([404, 'not_found']);
  expect(await codeOf(await get('/api/%zz'))).toEqual([400, 'bad_request']);
  const answer = await fetch(`${server.mainUrl}/api/usage`, { method: 'DELETE' });
  expect(answer.headers.get('allow')).toBe('GET');
  expect(await codeOf(answer)).toEqual([405, 'method_not_allowed']);
});

test('an unexpected exception is a 500 without its text', async () => {
  server = await startFakeServer();
  server.services.usage = async () => {
    throw new TypeError('secret internals');
  };
  const answer = await get('/api/usage');
  const text = await answer.text();
  expect([answer.status, JSON.parse(text).error.code]).toEqual([500, 'internal']);
  expect(text).not.toContain('secret');
});

test('a part that is not there is a clear 503', async () => {
  server = await startFakeServer();
  server.services.usage = async () => {
    throw new BellwetherError({
      code: 'storage_unavailable',
      status: 503,
      retryAfterS: 3,
      message: 'the engine restarts',
    });
  };
  const answer = await get('/api/usage');
  expect(answer.headers.get('retry-after')).toBe('3');
  expect(await codeOf(answer)).toEqual([503, 'storage_unavailable']);
});

test('answers have an entity tag and are not sent twice', async () => {
  server = await startFakeServer();
  const first = await get('/api/usage');
  const etag = first.headers.get('etag')!;
  expect(first.headers.get('cache-control')).toBe('private, no-cache');
  expect((await get('/api/usage', { 'if-none-match': etag })).status).toBe(304);
  const status = await get('/api/status');
  expect([status.headers.get('etag'), status.headers.get('cache-control')]).toEqual([null, 'no-store']);
});

test('JSON over 1 KB is compressed for those who take it', async () => {
  server = await startFakeServer();
  const raw = async (acceptEncoding: string, path = '/api/openapi.json') => {
    const answer = await undiciRequest(`${server.mainUrl}${path}`, {
      headers: { 'accept-encoding': acceptEncoding },
    });
    return { coding: answer.headers['content-encoding'], body: Buffer.from(await answer.body.arrayBuffer()) };
  };
  const { coding, body } = await raw('br, gzip');
  expect(coding).toBe('gzip');
  expect(JSON.parse(zlib.gunzipSync(body).toString())).toHaveProperty('openapi', '3.1.0');
  expect((await raw('gzip;q=0')).coding).toBeUndefined();
  expect((await raw('gzip', '/api/sources')).coding).toBeUndefined();
});

test('the OpenAPI document describes every route and refers only to what it has', async () => {
  server = await startFakeServer();
  const document = (await (await get('/api/openapi.json')).json()) as {
    paths: Record<string, Record<string, { parameters?: unknown[] }>>;
    components: { schemas: Record<string, unknown> };
  };
  expect(Object.keys(document.paths)).toContain('/api/agents/sessions/{session_id}');
  expect(document.paths['/api/usage']!.get!.parameters).toContainEqual(
    expect.objectContaining({ name: 'group_by', in: 'query', required: false }),
  );
  const references = [...JSON.stringify(document).matchAll(/#\/components\/schemas\/(\w+)/g)].map(
    (match) => match[1]!,
  );
  expect(references.length).toBeGreaterThan(10);
  expect(Object.keys(document.components.schemas)).toEqual(expect.arrayContaining([...new Set(references)]));
});

test('health: 503 with each part when it is down, without a key', async () => {
  server = await startFakeServer();
  server.access.isRequired = true;
  server.services.health.answer = {
    status: 'down',
    version: '0.0.0',
    uptime_s: 1,
    parts: { store: { status: 'down', message: 'engine restarts' } },
  };
  const answer = await get('/health/ready');
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({
    parts: { store: { status: 'down', message: 'engine restarts' } },
  });
  expect((await get('/health/live')).status).toBe(200);
});

test('metrics come as Prometheus text, or OpenMetrics when asked', async () => {
  server = await startFakeServer();
  expect(await (await get('/metrics')).text()).toBe('# prometheus\n');
  const accept = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
  expect(await (await get('/metrics', { accept })).text()).toBe('# openmetrics\n');
});

test('roles: nothing without a key where one is needed, and an ingest key only writes', async () => {
  server = await startFakeServer();
  expect(await codeOf(await get('/api/usage', { authorization: 'Bearer wrong' }))).toEqual([
    401,
    'unauthorized',
  ]);
  expect(await codeOf(await get('/api/status', { authorization: 'Bearer wrong' }))).toEqual([
    401,
    'unauthorized',
  ]);
  expect(await codeOf(await get('/api/usage', { 'x-api-key': ingestKey }))).toEqual([
    403,
    'admin_key_needed',
  ]);
  server.access.isRequired = true;
  for (const path of ['/api/usage', '/api/sources', '/api/live', '/metrics', '/api/onboarding']) {
    expect(await codeOf(await get(path))).toEqual([401, 'unauthorized']);
  }
  expect(await (await get('/api/status')).json()).toMatchObject({ role: 'anonymous', auth_required: true });
  expect((await get('/api/usage', { authorization: `Bearer ${adminKey}` })).status).toBe(200);
  // Claims in headers mean nothing.
  expect((await get('/api/usage', { 'x-role': 'admin', 'x-forwarded-user': 'root' })).status).toBe(401);
});

function logIn(body: unknown, headers: Record<string, string> = {}) {
  return fetch(`${server.mainUrl}/api/login`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });
}

test('a browser logs in with an admin key and out again', async () => {
  server = await startFakeServer();
  server.access.isRequired = true;
  const answer = await logIn({ key: adminKey });
  expect(await answer.json()).toEqual({
    name: 'boss',
    role: 'admin',
    expires_at: new Date(fakeNowMs + 60_000).toISOString(),
  });
  const setCookie = answer.headers.get('set-cookie')!;
  expect(setCookie).toBe('bellwether_session=token-1; Path=/; HttpOnly; SameSite=Strict; Max-Age=60');
  const cookie = `theme=dark; ${setCookie.split(';')[0]}`;
  expect((await get('/api/usage', { cookie })).status).toBe(200);
  const out = await fetch(`${server.mainUrl}/api/logout`, { method: 'POST', headers: { cookie } });
  expect(out.headers.get('set-cookie')).toContain('Max-Age=0');
  expect((await get('/api/usage', { cookie })).status).toBe(401);
  expect(
    (await logIn({ key: adminKey }, { 'x-forwarded-proto': 'https' })).headers.get('set-cookie'),
  ).toContain('; Secure');
});

test('log-ins: ingest keys, wrong keys and wrong bodies are refused, and guessing is slowed down', async () => {
  server = await startFakeServer();
  expect(await codeOf(await logIn({ key: ingestKey }))).toEqual([403, 'admin_key_needed']);
  expect(await codeOf(await logIn({ pass: 'x' }))).toEqual([400, 'bad_parameter']);
  expect((await logIn({ key: adminKey }, { 'content-type': 'text/plain' })).status).toBe(415);
  for (let i = 0; i < 5; i++) expect((await logIn({ key: 'guess' })).status).toBe(401);
  const limited = await logIn({ key: adminKey });
  expect(limited.headers.get('retry-after')).toBe('60');
  expect(await codeOf(limited)).toEqual([429, 'too_many_logins']);
});

test.each([
  ['localhost:7070', 200],
  ['LOCALHOST', 200],
  ['[::1]:7070', 200],
  ['127.0.0.9', 200],
  ['bell.example', 200],
  ['a.wether.example:80', 200],
  ['wether.example', 403],
  ['evil.example', 403],
  ['localhost.evil.example', 403],
  ['192.168.1.5', 403],
])('Host %s gets %i', async (host, status) => {
  server = await startFakeServer();
  const text = await talk(
    server.servers.main.port,
    `GET /api/status HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
  );
  expect(text).toContain(`HTTP/1.1 ${status} `);
  if (status === 403) expect(text).toMatch(/"host_not_allowed".*server\.allowed_hosts/s);
});

test('listening on all addresses, any address may be named', async () => {
  const everywhere = { host: '0.0.0.0', port: 0 };
  server = await startFakeServer({ listen: everywhere });
  const ask = (host: string) =>
    talk(server.servers.main.port, `GET /api/status HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  expect(await ask('192.168.1.5:7070')).toContain('HTTP/1.1 200 ');
  expect(await ask('evil.example')).toContain('HTTP/1.1 403 ');
});

test('requests from pages of other origins are refused, and no CORS header is ever sent', async () => {
  server = await startFakeServer();
  for (const origin of ['https://evil.example', 'null', `http://localhost:${server.servers.main.port}`]) {
    const answer = await get('/api/usage', { origin });
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    expect(await codeOf(answer)).toEqual([403, 'origin_not_allowed']);
  }
  expect((await get('/api/usage', { origin: server.mainUrl })).status).toBe(200);
});

test('every answer carries the security headers', async () => {
  server = await startFakeServer();
  for (const path of ['/api/status', '/api/nothing', '/', '/health/live']) {
    const { headers } = await get(path, { accept: 'text/html' });
    expect(headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self';/,
    );
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
  }
});

test('the live stream tells of changed sessions', async () => {
  server = await startFakeServer();
  const answer = await get('/api/live');
  expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  server.live.touch(['s-7']);
  let text = '';
  const decoder = new TextDecoder();
  for await (const piece of answer.body!) {
    text += decoder.decode(piece, { stream: true });
    if (text.includes('event: sessions')) break;
  }
  const events = [...text.matchAll(/^data: (.*)$/gm)].map((match) => liveEvent.parse(JSON.parse(match[1]!)));
  expect(events.map((event) => event.type)).toEqual(['hello', 'status', 'sessions']);
  expect(events[2]).toMatchObject({ sessions: [{ session_id: 's-7' }] });
});

test('stopping ends live streams', async () => {
  server = await startFakeServer();
  const answer = await get('/api/live');
  const ended = answer.text();
  await server.servers.stop(60_000);
  expect(await ended).toMatch(/retry: \d+\n\n$/);
});

test('requests are measured under the name of their route', async () => {
  server = await startFakeServer();
  await get('/api/agents/sessions/nobody');
  await get('/some/scanner.php');
  await vi.waitFor(() => expect(server.requests).toHaveLength(2));
  expect(server.requests.map(({ route, status }) => [route, status])).toEqual([
    ['/api/agents/sessions/:session_id', 404],
    ['other', 404],
  ]);
});

test('a port that is taken is a clear error, and what was opened is closed again', async () => {
  server = await startFakeServer();
  const { port } = server.servers.otlpGrpc!;
  const second = startFakeServer({ otlpGrpcListen: { host: '127.0.0.1', port } });
  await expect(second).rejects.toMatchObject({
    code: 'cannot_listen',
    message: expect.stringContaining(String(port)),
  });
});
