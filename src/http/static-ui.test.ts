import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import zlib from 'node:zlib';
import { request } from 'undici';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FakeServer, startFakeServer, talk } from './fakes.ts';

const index = '<!doctype html><html><head><title>Bellwether</title></head><body></body></html>';
const script = `/* ${'x'.repeat(2000)} */`;

let folder: string;
let server: FakeServer;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bellwether-ui-'));
  mkdirSync(join(folder, 'ui/assets'), { recursive: true });
  writeFileSync(join(folder, 'secret.txt'), 'secret');
});
afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

function build(): void {
  writeFileSync(join(folder, 'ui/index.html'), index);
  writeFileSync(join(folder, 'ui/theme.js'), '//');
  const asset = join(folder, 'ui/assets/main-a1B2_c3d.js');
  writeFileSync(asset, script);
  writeFileSync(`${asset}.gz`, zlib.gzipSync(script));
  writeFileSync(`${asset}.br`, zlib.brotliCompressSync(script));
}

async function get(path: string, headers: Record<string, string> = {}, method: 'GET' | 'HEAD' = 'GET') {
  const answer = await request(`${server.mainUrl}${path}`, { method, headers });
  return {
    status: answer.statusCode,
    headers: answer.headers,
    body: Buffer.from(await answer.body.arrayBuffer()),
  };
}

const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

test('hashed assets are kept for ever, and sent as they were compressed at build time', async () => {
  build();
  server = await startFakeServer({ uiFolder: join(folder, 'ui') });
  const path = '/assets/main-a1B2_c3d.js';
  const plain = await get(path);
  expect(plain.body.toString()).toBe(script);
  expect(plain.headers).toMatchObject({
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'public, max-age=31536000, immutable',
    vary: 'Accept-Encoding',
  });
  const brotli = await get(path, { 'accept-encoding': 'gzip, deflate, br' });
  expect(brotli.headers['content-encoding']).toBe('br');
  expect(zlib.brotliDecompressSync(brotli.body).toString()).toBe(script);
  const gzip = await get(path, { 'accept-encoding': 'gzip, br;q=0' });
  expect(zlib.gunzipSync(gzip.body).toString()).toBe(script);
  expect((await get(path, { 'if-none-match': String(plain.headers.etag) })).status).toBe(304);
  expect((await get(path, {}, 'HEAD')).body).toHaveLength(0);
  expect((await get('/theme.js')).headers['cache-control']).toBe('no-cache');
});

test('any page path gets the page, with the status inside and nothing that can break out', async () => {
  build();
  server = await startFakeServer({ uiFolder: join(folder, 'ui') });
  const status = server.services.status;
  server.services.status = async (principal, nowMs) => ({
    ...(await status(principal, nowMs)),
    message: '</script><script>alert(1)</script>',
  });
  for (const path of ['/', '/agents/s-1?from=now-1h', '/index.html']) {
    const page = await get(path, html);
    const text = page.body.toString();
    expect([page.status, page.headers['cache-control']]).toEqual([200, 'private, no-cache']);
    expect(text.match(/<script/g)).toHaveLength(1);
    const block = /<script type="application\/json" id="boot">(.*)<\/script><\/head>/.exec(text)![1]!;
    expect(JSON.parse(block)).toMatchObject({
      status: { role: 'admin', message: '</script><script>alert(1)</script>' },
    });
  }
});

test('what is not there is a JSON 404, not a page', async () => {
  build();
  server = await startFakeServer({ uiFolder: join(folder, 'ui') });
  expect((await get('/assets/old-a1B2_c3d.js', html)).status).toBe(404);
  expect((await get('/api/nothing', html)).status).toBe(404);
  expect((await get('/favicon.ico')).status).toBe(404);
});

test('no path leads out of the folder', async () => {
  build();
  server = await startFakeServer({ uiFolder: join(folder, 'ui') });
  for (const path of [
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/assets/..\\..\\secret.txt',
    '//etc/passwd',
  ]) {
    const text = await talk(
      server.servers.main.port,
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
    );
    expect(text).toMatch(/^HTTP\/1.1 40[04] /);
    expect(text).not.toContain('secret"');
  }
});

test('an interface that is not built says so, and is found once it is', async () => {
  server = await startFakeServer({ uiFolder: join(folder, 'ui') });
  const page = await get('/', html);
  expect(page.status).toBe(503);
  expect(page.body.toString()).toContain('npm run build');
  build();
  expect((await get('/', html)).status).toBe(200);
  writeFileSync(join(folder, 'ui/index.html'), index.replace('Bellwether', 'Anew'));
  utimesSync(join(folder, 'ui/index.html'), 1, 1);
  expect((await get('/', html)).body.toString()).toContain('Anew');
});
