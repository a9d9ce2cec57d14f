import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { BellwetherError } from '../../lib/errors.ts';
import { adminKey, type FakeServer, ingestKey, startFakeServer } from '../fakes.ts';
import type { AlertmanagerCall, AlertmanagerService, InboundService } from './types.ts';

let server: FakeServer;
let isReady = true;
let reloadError: BellwetherError | undefined;
let calls: AlertmanagerCall[] = [];
let deliveries: string[] = [];

const alertmanager: AlertmanagerService = {
  isReady: () => isReady,
  async reload() {
    if (reloadError !== undefined) throw reloadError;
  },
  async call(call) {
    calls.push(call);
    if (call.params.has('fail'))
      throw new BellwetherError({
        code: 'too_many_alerts',
        status: 429,
        message: 'full',
        hint: 'wait',
        retryAfterS: 5,
      });
    if (call.params.has('crash')) throw new Error('inner detail');
    if (call.params.has('many'))
      return { status: 200, json: Array.from({ length: 2000 }, (_, i) => `alert ${i}`) };
    return {
      status: 200,
      json: call.method === 'GET' ? { endpoint: call.endpoint, path: call.path } : undefined,
    };
  },
};
const inbound: InboundService = {
  async receive({ name, params, readBody }) {
    if (params.get('token') !== 'right')
      throw new BellwetherError({ code: 'bad_token', status: 401, message: 'no' });
    deliveries.push(`${name}: ${Buffer.from(await readBody(100)).toString()}`);
    return { status: 200, json: { accepted: 1 } };
  },
};

beforeAll(async () => {
  server = await startFakeServer({ alertmanager, inbound });
});
afterAll(() => server.stop());
beforeEach(() => {
  server.access.isRequired = false;
  [isReady, reloadError, calls, deliveries] = [true, undefined, [], []];
});

const basic = (key: string) => ({ Authorization: `Basic ${Buffer.from(`any:${key}`).toString('base64')}` });
const fetchFrom = (path: string, init?: RequestInit) => fetch(`${server.mainUrl}${path}`, init);

test('the API answers below both prefixes', async () => {
  for (const prefix of ['/alertmanager/api/v2', '/api/v2']) {
    const response = await fetchFrom(`${prefix}/silence/a%2Fb`);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({ endpoint: 'silence/:id', path: { id: 'a/b' } });
    expect(await (await fetchFrom(`${prefix}/alerts/groups/`)).json()).toMatchObject({
      endpoint: 'alerts/groups',
    });
  }
  expect(server.requests.map(({ route }) => route)).toContain('/api/v2/silence/:id');
});

test('what is not there is told in Alertmanager’s way; other paths below /api/v2 are not ours', async () => {
  const unknown = await fetchFrom('/alertmanager/api/v2/nope');
  expect([unknown.status, await unknown.json()]).toEqual([
    404,
    { code: 404, message: 'path /api/v2/nope was not found' },
  ]);
  const old = await fetchFrom('/alertmanager/api/v1/alerts', { method: 'POST', body: '[]' });
  expect([old.status, await old.json()]).toEqual([410, { status: 'deprecated', error: expect.any(String) }]);
  const method = await fetchFrom('/alertmanager/api/v2/alerts', { method: 'PUT' });
  expect([method.status, method.headers.get('allow')]).toEqual([405, 'GET, POST']);
  expect((await fetchFrom('/api/v2/write', { method: 'POST' })).status).toBe(404);
  expect(calls).toEqual([]);
});

test('an ingest key sends alerts and does nothing else', async () => {
  server.access.isRequired = true;
  const send = { method: 'POST', body: '[]' };
  const statusOf = async (path: string, init: RequestInit) => (await fetchFrom(path, init)).status;
  expect(await statusOf('/alertmanager/api/v2/alerts', { ...send, headers: basic(ingestKey) })).toBe(200);
  expect(await statusOf('/alertmanager/api/v2/alerts', { headers: basic(ingestKey) })).toBe(403);
  expect(await statusOf('/alertmanager/api/v2/silences', { ...send, headers: basic(ingestKey) })).toBe(403);
  expect(await statusOf('/alertmanager/-/reload', { method: 'POST', headers: basic(ingestKey) })).toBe(403);
  expect(await statusOf('/alertmanager/api/v2/silences', { ...send, headers: basic(adminKey) })).toBe(200);
  expect(await statusOf('/alertmanager/api/v2/alerts', { headers: basic('wrong') })).toBe(401);
  expect(await statusOf('/alertmanager/api/v2/nope', {})).toBe(401);
  expect(calls.map(({ actor }) => actor)).toEqual(['laptop', 'boss']);
});

test('bodies may be compressed and are bounded', async () => {
  const headers = { 'Content-Encoding': 'gzip', 'Content-Type': 'application/json' };
  await fetchFrom('/api/v2/alerts', { method: 'POST', headers, body: new Uint8Array(gzipSync('[1]')) });
  expect(Buffer.from(calls[0]!.body).toString()).toBe('[1]');
  expect(calls[0]!.contentType).toBe('application/json');
  const bomb = new Uint8Array(gzipSync(Buffer.alloc(2 * 1024 * 1024)));
  const refused = await fetchFrom('/api/v2/alerts', { method: 'POST', headers, body: bomb });
  expect([refused.status, typeof (await refused.json())]).toEqual([413, 'string']);
  expect(server.budget.usedBytes).toBe(0);
});

test('errors are JSON texts; one of ours says nothing of itself', async () => {
  const full = await fetchFrom('/api/v2/alerts?fail=1');
  expect([full.status, full.headers.get('retry-after'), await full.json()]).toEqual([429, '5', 'full; wait']);
  const crash = await fetchFrom('/api/v2/alerts?crash=1');
  expect(crash.status).toBe(500);
  expect(await crash.text()).not.toContain('inner detail');
});

test('a large answer is compressed for who takes it', async () => {
  const response = await fetchFrom('/api/v2/alerts?many=1');
  expect(response.headers.get('content-encoding')).toBe('gzip');
  expect(await response.json()).toHaveLength(2000);
});

test('an origin that is not ours, and a host that is not, are refused', async () => {
  const headers = { Origin: 'https://evil.example' };
  expect((await fetchFrom('/api/v2/alerts', { method: 'POST', body: '[]', headers })).status).toBe(403);
  const hook = '/api/inbound/webhooks/x?token=right';
  expect((await fetchFrom(hook, { method: 'POST', body: '{}', headers })).status).toBe(403);
});

test('health and reload', async () => {
  server.access.isRequired = true;
  expect(await (await fetchFrom('/alertmanager/-/healthy')).text()).toBe('OK');
  expect((await fetchFrom('/alertmanager/-/ready')).status).toBe(200);
  isReady = false;
  expect((await fetchFrom('/alertmanager/-/ready')).status).toBe(503);
  expect((await fetchFrom('/alertmanager/-/ready', { method: 'POST' })).status).toBe(405);
  const reload = { method: 'POST', headers: basic(adminKey) };
  expect((await fetchFrom('/alertmanager/-/reload', { headers: basic(adminKey) })).status).toBe(405);
  expect((await fetchFrom('/alertmanager/-/reload', reload)).status).toBe(200);
  reloadError = new BellwetherError({ code: 'bad_config', status: 400, message: 'line 3: no' });
  const failed = await fetchFrom('/alertmanager/-/reload', reload);
  expect([failed.status, await failed.text()]).toEqual([500, 'failed to reload config: line 3: no\n']);
});

test('webhooks need their own token, no key', async () => {
  server.access.isRequired = true;
  const post = { method: 'POST', body: '{}' };
  const taken = await fetchFrom('/api/inbound/webhooks/ci-1?token=right', post);
  expect([taken.status, await taken.json()]).toEqual([200, { accepted: 1 }]);
  expect(deliveries).toEqual(['ci-1: {}']);
  const wrong = await fetchFrom('/api/inbound/webhooks/ci-1', post);
  expect([wrong.status, await wrong.json()]).toEqual([401, { error: { code: 'bad_token', message: 'no' } }]);
  const large = await fetchFrom('/api/inbound/webhooks/ci-1?token=right', {
    method: 'POST',
    body: 'x'.repeat(101),
  });
  expect(large.status).toBe(413);
  expect((await fetchFrom('/api/inbound/webhooks/ci-1?token=right')).status).toBe(405);
  expect(server.requests.at(-1)?.route).toBe('/api/inbound/webhooks/:name');
});

test('without the services the paths do not exist', async () => {
  const bare = await startFakeServer();
  try {
    for (const path of ['/alertmanager/-/healthy', '/api/v2/alerts', '/api/inbound/webhooks/x']) {
      const response = await fetch(`${bare.mainUrl}${path}`);
      expect([200, 404]).toContain(response.status);
      expect(await response.text()).not.toBe('OK');
    }
  } finally {
    await bare.stop();
  }
});
