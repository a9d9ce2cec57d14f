import http from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { getJson, startTestServer, type TestServer } from './server-support.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.remove());

/** A request with any Host header, which fetch does not allow. */
function requestWithHost(path: string, host: string): Promise<number> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const request = http.request({ hostname, port, path, headers: { host } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode!);
    });
    request.once('error', reject);
    request.end();
  });
}

describe('health', () => {
  test.each(['live', 'ready', 'startup'])('/health/%s answers 200 as JSON with every part', async (name) => {
    const answer = await fetch(`${server.url}/health/${name}`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toContain('application/json');
    expect(await answer.json()).toMatchObject({ status: 'ok', version: 'test' });
  });

  test('ready reports store, spool, state and disk one by one', async () => {
    const { parts } = await getJson(`${server.url}/health/ready`);
    expect(Object.keys(parts).sort()).toEqual(['disk', 'spool', 'state', 'store']);
  });
});

test('the own metrics are Prometheus text', async () => {
  const answer = await fetch(`${server.url}/metrics`);
  const text = await answer.text();
  expect(answer.headers.get('content-type')).toContain('text/plain');
  for (const name of [
    'bellwether_build_info',
    'bellwether_spool_bytes',
    'bellwether_engine_up',
    'process_resident_memory_bytes',
    'nodejs_eventloop_lag',
  ]) {
    expect(text).toContain(name);
  }
});

describe('a browser that was tricked gets nothing', () => {
  test('a foreign Host is refused, on the API and on OTLP', async () => {
    expect(await requestWithHost('/api/agents/sessions', 'evil.example')).toBe(403);
    expect(await requestWithHost('/', 'evil.example:7070')).toBe(403);
    expect(await requestWithHost('/api/status', 'localhost')).toBe(200);
  });

  test('a foreign Origin is refused on every port, and there are no CORS headers', async () => {
    const headers = { origin: 'http://evil.example', 'content-type': 'application/json' };
    const read = await fetch(`${server.url}/api/agents/sessions`, { headers });
    expect(read.status).toBe(403);
    const write = await fetch(`${server.otlpHttpUrl}/v1/logs`, { method: 'POST', headers, body: '{}' });
    expect(write.status).toBe(403);
    for (const answer of [read, write]) expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('the interface', () => {
  test('is served with a strict content security policy', async () => {
    const answer = await fetch(server.url, { headers: { accept: 'text/html' } });
    expect(answer.status).toBe(200);
    const policy = answer.headers.get('content-security-policy')!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await answer.text()).not.toMatch(/<script(?![^>]*(src=|application\/json))/);
  });

  test('a deep link gets the page, an unknown API path gets a JSON 404', async () => {
    const page = await fetch(`${server.url}/agents/some-session`, { headers: { accept: 'text/html' } });
    expect(page.headers.get('content-type')).toContain('text/html');
    const api = await fetch(`${server.url}/api/nothing`);
    expect(api.status).toBe(404);
    expect(await api.json()).toMatchObject({ error: { code: 'not_found' } });
  });
});

describe('parameters', () => {
  test.each([
    ['/api/agents/sessions?from=yesterday', 'from'],
    ['/api/agents/sessions?limit=0', 'limit'],
    ['/api/agents/sessions?cursor=nonsense', 'cursor'],
    ['/api/usage?group_by=colour', 'group_by'],
    ['/api/usage?from=now&to=now-1h', 'range'],
  ])('%s is a 400 that names what is wrong', async (path, word) => {
    const answer = await fetch(`${server.url}${path}`);
    expect(answer.status).toBe(400);
    expect(JSON.stringify(await answer.json())).toContain(word);
  });

  test('text in parameters stays text', async () => {
    for (const q of ["'; DROP TABLE logs; --", '\\', '%', '\u0000', '{x:String}', '\u{1F600}']) {
      const answer = await fetch(`${server.url}/api/agents/sessions?q=${encodeURIComponent(q)}`);
      expect([200, 400], q).toContain(answer.status);
    }
    expect((await getJson(`${server.url}/health/ready`)).status).toBe('ok');
  });
});

test('OpenAPI describes every route it serves', async () => {
  const { openapi, paths } = await getJson(`${server.url}/api/openapi.json`);
  expect(openapi).toBe('3.1.0');
  for (const path of [
    '/api/agents/sessions',
    '/api/agents/sessions/{session_id}',
    '/api/usage',
    '/api/sources',
    '/api/live',
  ]) {
    expect(Object.keys(paths)).toContain(path);
  }
});
