import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type FakeServer, startFakeServer } from '../fakes.ts';
import type { ActionService } from './handler.ts';

let server: FakeServer;
let done: string[] = [];

const actions: ActionService = {
  async page({ method, token, form }) {
    done.push(`${method} ${token} ${form.get('for') ?? ''}`);
    return { status: 200, headers: { 'referrer-policy': 'no-referrer' }, body: '<p>done</p>' };
  },
  async button(messenger, _headers, body) {
    done.push(`${messenger} ${Buffer.from(body).toString()}`);
    return { status: 200, headers: {}, body: '' };
  },
};

beforeAll(async () => {
  server = await startFakeServer({ actions });
});
afterAll(() => server.stop());
beforeEach(() => {
  done = [];
});

const call = (path: string, init?: RequestInit) => fetch(`${server.mainUrl}${path}`, init);

test('a browser may send the form of an action page, whose origin it calls null because of the referrer policy', async () => {
  for (const origin of ['null', 'https://bellwether.example']) {
    const response = await call('/act/abc', {
      method: 'POST',
      headers: { origin, 'content-type': 'application/x-www-form-urlencoded' },
      body: 'for=1h&by=Ann',
    });
    expect(response.status).toBe(200);
  }
  expect(done).toEqual(['POST abc 1h', 'POST abc 1h']);
});

test('looking at an action page is a GET, and other methods are refused', async () => {
  expect((await call('/act/abc')).status).toBe(200);
  expect((await call('/act/abc', { method: 'HEAD' })).status).toBe(200);
  expect((await call('/act/abc', { method: 'DELETE' })).status).toBe(405);
  expect((await call('/api/inbound/slack')).status).toBe(405);
  expect(done).toEqual(['GET abc ', 'GET abc ']);
});

test('a button gets the body exactly as it came, and one that is too large is refused', async () => {
  expect((await call('/api/inbound/telegram', { method: 'POST', body: '{"a": 1}' })).status).toBe(200);
  expect(done).toEqual(['telegram {"a": 1}']);
  const large = await call('/api/inbound/telegram', { method: 'POST', body: 'x'.repeat(256 * 1024 + 1) });
  expect(large.status).toBe(413);
});
