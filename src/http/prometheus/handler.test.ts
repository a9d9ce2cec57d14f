import { afterAll, beforeAll, expect, test } from 'vitest';
import { adminKey, type FakeServer, ingestKey, startFakeServer } from '../fakes.ts';
import { findEndpoint } from './endpoints.ts';

let server: FakeServer;
beforeAll(async () => {
  server = await startFakeServer();
});
afterAll(() => server.stop());

function get(path: string, init?: RequestInit): Promise<Response> {
  return fetch(`${server.mainUrl}${path}`, init);
}

test('parameters come from the query string and, with POST, from the form', async () => {
  const form = { method: 'POST', body: new URLSearchParams({ query: 'b' }) };
  const response = await get('/api/v1/query?query=a', form);
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(await response.json()).toEqual({
    status: 'success',
    data: { endpoint: 'query', path: {}, query: ['a', 'b'] },
    warnings: ['w'],
  });
});

test('a label in the path is decoded', async () => {
  const response = await get('/api/v1/label/a%2Fb/values');
  expect(await response.json()).toMatchObject({ data: { path: { name: 'a/b' } } });
  expect(findEndpoint('/api/v1/label/%zz/values')?.path).toEqual({ name: '%zz' });
  expect(findEndpoint('/api/v1/label/x')).toBeUndefined();
});

test('a large answer arrives whole, compressed or not', async () => {
  for (const coding of ['gzip', 'identity']) {
    const response = await get('/api/v1/query?query=many', { headers: { 'Accept-Encoding': coding } });
    expect(response.headers.get('content-encoding')).toBe(coding === 'gzip' ? 'gzip' : null);
    const { data } = (await response.json()) as { data: string[] };
    expect(data).toHaveLength(20_000);
    expect(data.at(-1)).toBe('piece 19999');
  }
});

test('errors have the envelope of Prometheus', async () => {
  const response = await get('/api/v1/query?query=bad');
  expect(response.status).toBe(400);
  expect(await response.json()).toEqual({
    status: 'error',
    errorType: 'bad_data',
    error: '1:1: parse error: no',
  });
});

test('no data is 204, a wrong method 405', async () => {
  expect((await get('/api/v1/status/config')).status).toBe(204);
  const response = await get('/api/v1/labels', { method: 'DELETE' });
  expect(response.status).toBe(405);
});

test('an ingest key writes and does not read; the key may be a password', async () => {
  const basic = (key: string) => ({ Authorization: `Basic ${Buffer.from(`any:${key}`).toString('base64')}` });
  expect((await get('/api/v1/labels', { headers: basic(ingestKey) })).status).toBe(403);
  expect((await get('/api/v1/labels', { headers: basic(adminKey) })).status).toBe(200);
  expect((await get('/api/v1/labels', { headers: basic('wrong') })).status).toBe(401);
  const written = await get('/api/v1/write', { method: 'POST', body: 'abc', headers: basic(ingestKey) });
  expect(written.status).toBe(204);
  expect(written.headers.get('x-got')).toBe('2 3');
  expect(server.intake.writes.at(-1)?.sender).toMatchObject({ keyName: 'laptop', protocol: 'fake' });
});

test('an origin that is not ours is refused', async () => {
  const headers = { Origin: 'https://evil.example' };
  expect((await get('/api/v1/admin/tsdb/delete_series', { method: 'POST', headers })).status).toBe(403);
});

test('federation, remote read and export are streamed as they are', async () => {
  expect(await (await get('/federate?match[]=a&match[]=b')).text()).toBe('a,b');
  expect(await (await get('/api/v1/read', { method: 'POST', body: '12345' })).text()).toBe('5');
  expect(await (await get('/api/v1/export')).text()).toBe('export');
});
