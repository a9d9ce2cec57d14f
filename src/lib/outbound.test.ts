import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type LookupFunction } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import {
  allowAllAddresses,
  createOutboundClient,
  denyMetadataAddresses,
  denyPrivateAddresses,
  except,
  isExcluded,
  type OutboundClient,
  type OutboundOptions,
  type OutboundRequest,
  redact,
} from './outbound.ts';

/** Certificates are made with it; without it the tests that need one are skipped. */
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function serve(listener: RequestListener): Promise<string> {
  return `http://127.0.0.1:${await listening(createServer(listener))}`;
}

function clientWith(options: Partial<OutboundOptions> = {}): OutboundClient {
  const client = createOutboundClient({ policy: allowAllAddresses, env: {}, ...options });
  cleanups.push(() => client.close());
  return client;
}

function get(client: OutboundClient, url: string, more: Partial<OutboundRequest> = {}) {
  return client.request({ url, timeoutMs: 5000, maxBodyBytes: 100_000, ...more });
}

function bodyText(response: { readonly body: Uint8Array }): string {
  return Buffer.from(response.body).toString('utf8');
}

describe('answers', () => {
  test('a body, its status and headers', async () => {
    const url = await serve((_, response) => {
      response.writeHead(201, 'Made', { 'Content-Type': 'text/plain', 'X-A': ['1', '2'] }).end('hello');
    });
    const response = await get(clientWith(), `${url}/a?b=c`);
    expect(response).toMatchObject({
      status: 201,
      statusText: 'Made',
      receivedBytes: 5,
      url: `${url}/a?b=c`,
    });
    expect(response.headers).toMatchObject({ 'content-type': 'text/plain', 'x-a': '1, 2' });
    expect(bodyText(response)).toBe('hello');
  });

  test('gzip is taken apart, and a bomb is not', async () => {
    const url = await serve((request, response) => {
      const text = request.url === '/bomb' ? Buffer.alloc(50_000_000) : Buffer.from('up 1\n');
      response.setHeader('content-encoding', 'gzip').end(gzipSync(text));
    });
    const client = clientWith();
    expect(bodyText(await get(client, `${url}/good`))).toBe('up 1\n');
    await expect(get(client, `${url}/bomb`)).rejects.toMatchObject({ code: 'outbound_body_too_large' });
  });

  test('a body that is not what it says', async () => {
    const url = await serve((request, response) => {
      response.setHeader('content-encoding', request.url === '/odd' ? 'snappy' : 'gzip').end('plain');
    });
    await expect(get(clientWith(), url)).rejects.toMatchObject({ code: 'outbound_bad_encoding' });
    await expect(get(clientWith(), `${url}/odd`)).rejects.toMatchObject({ code: 'outbound_bad_encoding' });
  });

  test('an endless body ends at the limit', async () => {
    let isClosed: (() => void) | undefined;
    const closed = new Promise<void>((resolve) => {
      isClosed = resolve;
    });
    const url = await serve((_, response) => {
      const chunk = Buffer.alloc(16_384, 97);
      const more = () => {
        while (response.write(chunk));
      };
      response.on('drain', more).on('close', () => isClosed?.());
      more();
    });
    await expect(get(clientWith(), url)).rejects.toMatchObject({ code: 'outbound_body_too_large' });
    await closed;
  });

  test.each(['/silent', '/headers', '/body'])('a server that hangs: %s', async (path) => {
    const url = await serve((request, response) => {
      if (request.url === '/headers') response.socket?.write('HTTP/1.1 200 OK\r\nX-');
      if (request.url === '/body') response.write('up 1\n');
    });
    await expect(get(clientWith(), url + path, { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'outbound_timeout',
      message: `Get "${url}${path}": context deadline exceeded`,
    });
  });

  test('the caller gives up', async () => {
    const abort = new AbortController();
    const url = await serve(() => abort.abort());
    await expect(get(clientWith(), url, { signal: abort.signal })).rejects.toMatchObject({
      code: 'outbound_aborted',
    });
  });

  test('nobody listens', async () => {
    const server = createServer();
    const port = await listening(server);
    server.close();
    await expect(get(clientWith(), `http://127.0.0.1:${port}/`)).rejects.toMatchObject({
      code: 'outbound_failed',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test.each(['ftp://x/', 'not a url', 'file:///etc/passwd'])('%s is no URL to call', async (url) => {
    await expect(get(clientWith(), url)).rejects.toMatchObject({ code: 'outbound_bad_url' });
  });

  test('a kept connection that the server closed is replaced', async () => {
    let requests = 0;
    const server = createServer((request, response) => {
      requests++;
      // Answers the first request and then drops the second one on the same connection.
      if (requests === 2) request.socket.destroy();
      else response.end(String(requests));
    });
    const port = await listening(server);
    const client = clientWith();
    expect(bodyText(await get(client, `http://127.0.0.1:${port}/`))).toBe('1');
    expect(bodyText(await get(client, `http://127.0.0.1:${port}/`))).toBe('3');
  });
});

describe('redirects', () => {
  const listener: RequestListener = (request, response) => {
    if (request.url === '/end') response.end(request.headers.authorization ?? 'none');
    else response.writeHead(302, { location: request.url === '/loop' ? '/loop' : '/end' }).end('moved');
  };

  test('are followed, with credentials on the same host', async () => {
    const url = await serve(listener);
    const client = clientWith({ credentials: { kind: 'basic', username: 'a', password: 'b' } });
    expect(bodyText(await get(client, `${url}/start`))).toBe('Basic YTpi');
  });

  test('are not followed when told so', async () => {
    const url = await serve(listener);
    const response = await get(clientWith({ followRedirects: false }), `${url}/start`);
    expect(response.status).toBe(302);
  });

  test('in a circle end', async () => {
    const url = await serve(listener);
    await expect(get(clientWith(), `${url}/loop`)).rejects.toMatchObject({
      code: 'outbound_redirects',
      message: 'stopped after 10 redirects',
    });
  });

  test('to another host or port get no secrets', async () => {
    const seen: IncomingMessage['headers'][] = [];
    const other = await serve((request, response) => {
      seen.push(request.headers);
      response.end();
    });
    const url = await serve((_, response) => response.writeHead(307, { location: `${other}/x` }).end());
    const client = clientWith({
      credentials: { kind: 'authorization', type: 'Bearer', credentials: 'secret' },
      headers: { 'X-Secret': { values: ['s'], files: [] } },
    });
    await get(client, url, { headers: { accept: 'text/plain' } });
    expect(seen[0]).toMatchObject({ accept: 'text/plain' });
    expect(seen[0]).not.toHaveProperty('authorization');
    expect(seen[0]).not.toHaveProperty('x-secret');
  });

  test('into the forbidden are not followed', async () => {
    const url = await serve((_, response) =>
      response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end(),
    );
    await expect(get(clientWith({ policy: denyMetadataAddresses }), url)).rejects.toMatchObject({
      code: 'outbound_forbidden',
    });
  });
});

describe('addresses', () => {
  const metadata = [
    '169.254.169.254',
    '169.254.0.1',
    '100.100.100.200',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '64:ff9b::a9fe:a9fe',
    '2002:a9fe:a9fe::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
  ];
  test.each(metadata)('%s is for the machine itself', (address) => {
    expect(denyMetadataAddresses(address)).toBeDefined();
    expect(denyPrivateAddresses(address)).toBeDefined();
  });

  const privates = [
    '127.0.0.1',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '0.0.0.0',
    '100.64.0.1',
    '::1',
    '::',
    'fd12::1',
    '224.0.0.1',
    '::127.0.0.1',
  ];
  test.each(privates)('%s is private', (address) => {
    expect(denyMetadataAddresses(address)).toBeUndefined();
    expect(denyPrivateAddresses(address)).toBeDefined();
  });

  test.each(['8.8.8.8', '2001:4860:4860::8888', '172.32.0.1', '192.169.0.1', '::ffff:8.8.8.8'])(
    '%s is public',
    (address) => expect(denyPrivateAddresses(address)).toBeUndefined(),
  );

  test('exceptions', () => {
    const policy = except(denyPrivateAddresses, ['10.1.0.0/16', '::1']);
    expect(policy('10.1.2.3')).toBeUndefined();
    expect(policy('10.2.2.3')).toBeDefined();
    expect(policy('::1')).toBeUndefined();
    expect(() => except(denyPrivateAddresses, ['nonsense'])).toThrow(TypeError);
  });

  test('every way of writing an address is judged', async () => {
    const port = await listening(createServer((_, response) => response.end('reached')));
    const client = clientWith({ policy: denyPrivateAddresses });
    for (const host of ['127.0.0.1', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]', 'localhost', '127.1']) {
      await expect(get(client, `http://${host}:${port}/`), host).rejects.toMatchObject({
        code: 'outbound_forbidden',
      });
    }
  });

  test('a name that changes its address between question and connection is caught', async () => {
    const port = await listening(createServer((_, response) => response.end('reached')));
    // The policy is asked about the harmless address; then the connection goes elsewhere.
    let asked = 0;
    const lookup: LookupFunction = (_name, _options, callback) =>
      callback(null, [{ address: '127.0.0.1', family: 4 }] as never);
    const client = clientWith({
      lookup,
      policy: (address) => (asked++ === 0 ? undefined : denyPrivateAddresses(address)),
    });
    await expect(get(client, `http://innocent.example:${port}/`)).rejects.toMatchObject({
      code: 'outbound_forbidden',
    });
    expect(asked).toBeGreaterThan(1);
  });

  test('of several addresses the allowed ones are used', async () => {
    const port = await listening(createServer((_, response) => response.end('reached')));
    const lookup: LookupFunction = (_name, _options, callback) =>
      callback(null, [
        { address: '169.254.169.254', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ] as never);
    const client = clientWith({ lookup, policy: denyMetadataAddresses });
    expect(bodyText(await get(client, `http://mixed.example:${port}/`))).toBe('reached');
  });
});

describe('credentials', () => {
  test('from files are read for every request', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bw-outbound-'));
    cleanups.push(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'token');
    const url = await serve((request, response) => response.end(request.headers.authorization));
    const client = clientWith({
      credentials: { kind: 'authorization', type: 'Bearer', credentialsFile: file },
    });
    writeFileSync(file, 'one\n');
    expect(bodyText(await get(client, url))).toBe('Bearer one');
    writeFileSync(file, 'two\n');
    expect(bodyText(await get(client, url))).toBe('Bearer two');
    rmSync(file);
    await expect(get(client, url)).rejects.toMatchObject({ code: 'secret_unreadable' });
  });

  test('in the URL', async () => {
    const url = await serve((request, response) => response.end(request.headers.authorization));
    expect(bodyText(await get(clientWith(), url.replace('http://', 'http://a:b@')))).toBe('Basic YTpi');
    expect(redact('http://user:secret@host/x')).toBe('http://user:xxxxx@host/x');
  });

  test('OAuth 2.0 tokens are fetched once and again when they expire', async () => {
    const forms: string[] = [];
    const tokenUrl = await serve((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        forms.push(`${request.headers.authorization} ${body}`);
        response.end(
          JSON.stringify({ access_token: `t${forms.length}`, token_type: 'bearer', expires_in: 60 }),
        );
      });
    });
    const url = await serve((request, response) => response.end(request.headers.authorization));
    let nowMs = 1_000_000;
    const client = clientWith({
      now: () => nowMs,
      credentials: {
        kind: 'oauth2',
        clientId: 'me',
        clientSecret: 'pw',
        tokenUrl,
        scopes: ['a', 'b'],
        endpointParams: { audience: 'x' },
      },
    });
    const answers = await Promise.all([get(client, url), get(client, url)]);
    expect(answers.map(bodyText)).toEqual(['Bearer t1', 'Bearer t1']);
    nowMs += 51_000;
    expect(bodyText(await get(client, url))).toBe('Bearer t2');
    expect(forms[0]).toBe('Basic bWU6cHc= grant_type=client_credentials&audience=x&scope=a+b');
    expect(forms).toHaveLength(2);
  });
});

describe('proxies', () => {
  test.skipIf(!hasOpenssl)('plain requests go through the proxy, TLS through a tunnel', async () => {
    const seen: string[] = [];
    const proxy = createServer((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      response.end('from the proxy');
    });
    const target = await listening(createTlsServer(selfSigned(), (_, response) => response.end('inside')));
    proxy.on('connect', (request, socket) => {
      seen.push(`CONNECT ${request.url} ${request.headers['x-tunnel']}`);
      const upstream = connect(target, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        upstream.pipe(socket).pipe(upstream);
      });
      upstream.on('error', () => socket.destroy());
      socket.on('error', () => upstream.destroy());
      cleanups.push(() => void upstream.destroy());
    });
    const proxyUrl = `http://127.0.0.1:${await listening(proxy)}`;
    const client = clientWith({
      tls: { insecureSkipVerify: true },
      proxy: { url: proxyUrl, connectHeaders: { 'X-Tunnel': ['yes'] }, noProxy: '127.0.0.1' },
    });
    expect(bodyText(await get(client, 'http://somewhere.example/metrics'))).toBe('from the proxy');
    expect(bodyText(await get(client, 'https://elsewhere.example:8443/'))).toBe('inside');
    expect(seen).toEqual(['GET http://somewhere.example/metrics', 'CONNECT elsewhere.example:8443 yes']);
    const direct = await serve((_, response) => response.end('direct'));
    expect(bodyText(await get(client, direct))).toBe('direct');
    expect(seen).toHaveLength(2);
  });

  test('from the environment', async () => {
    const url = await serve((request, response) => response.end(`proxied ${request.url}`));
    const client = clientWith({
      proxy: { fromEnvironment: true },
      env: { HTTP_PROXY: url, NO_PROXY: 'internal.example' },
    });
    expect(bodyText(await get(client, 'http://a.example/x'))).toBe('proxied http://a.example/x');
  });

  test.each([
    ['http://a.example/', 'a.example', true],
    ['http://b.a.example/', 'a.example', true],
    ['http://a.example/', '.a.example', false],
    ['http://b.a.example/', '.a.example', true],
    ['http://xa.example/', 'a.example', false],
    ['http://a.example:8080/', 'a.example:8080', true],
    ['http://a.example/', 'a.example:8080', false],
    ['http://10.1.2.3/', '10.0.0.0/8', true],
    ['http://11.1.2.3/', '10.0.0.0/8', false],
    ['http://10.1.2.3/', '10.1.2.3', true],
    ['http://anything/', '*', true],
    ['http://localhost/', '', true],
    ['http://a.example/', '10.0.0.0/99', false],
  ])('%s with no_proxy %s: %s', (url, noProxy, isOut) => {
    expect(isExcluded(new URL(url), noProxy)).toBe(isOut);
  });
});

/** A key and certificate for `tls.example`, made when first needed. */
let pair: { key: Buffer; cert: Buffer } | undefined;
function selfSigned(): { key: Buffer; cert: Buffer } {
  if (pair !== undefined) return pair;
  const folder = mkdtempSync(join(tmpdir(), 'bw-tls-'));
  const args = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
  ];
  const subject = ['-subj', '/CN=tls.example', '-addext', 'subjectAltName=DNS:tls.example'];
  const files = ['-keyout', join(folder, 'key'), '-out', join(folder, 'cert')];
  execFileSync('openssl', [...args, ...subject, ...files], { stdio: 'ignore' });
  pair = { key: readFileSync(join(folder, 'key')), cert: readFileSync(join(folder, 'cert')) };
  rmSync(folder, { recursive: true });
  return pair;
}

describe.skipIf(!hasOpenssl)('TLS', () => {
  test('a certificate nobody vouches for is refused, unless told otherwise', async () => {
    const { cert, key } = selfSigned();
    const port = await listening(createTlsServer({ cert, key }, (_, response) => response.end('secret')));
    const url = `https://127.0.0.1:${port}/`;
    await expect(get(clientWith(), url)).rejects.toMatchObject({ code: 'outbound_failed' });
    expect(bodyText(await get(clientWith({ tls: { insecureSkipVerify: true } }), url))).toBe('secret');
    const ca = cert.toString();
    await expect(get(clientWith({ tls: { ca } }), url)).rejects.toMatchObject({ code: 'outbound_failed' });
    expect(bodyText(await get(clientWith({ tls: { ca, serverName: 'tls.example' } }), url))).toBe('secret');
  });

  test('client certificates, from files that change', async () => {
    const { cert, key } = selfSigned();
    const folder = mkdtempSync(join(tmpdir(), 'bw-outbound-'));
    cleanups.push(() => rmSync(folder, { recursive: true }));
    const files = { ca: join(folder, 'ca'), cert: join(folder, 'cert'), key: join(folder, 'key') };
    writeFileSync(files.ca, 'not a certificate');
    const server = createTlsServer({ cert, key, ca: cert, requestCert: true }, (request, response) => {
      const { CN } = (request.socket as import('node:tls').TLSSocket).getPeerCertificate().subject;
      response.end(CN);
    });
    const url = `https://127.0.0.1:${await listening(server)}/`;
    let nowMs = 0;
    const client = clientWith({
      now: () => nowMs,
      tls: { caFile: files.ca, certFile: files.cert, keyFile: files.key, serverName: 'tls.example' },
    });
    await expect(get(client, url)).rejects.toMatchObject({ code: 'tls_files_unreadable' });
    writeFileSync(files.cert, cert);
    writeFileSync(files.key, key);
    await expect(get(client, url)).rejects.toThrow(/./);
    writeFileSync(files.ca, cert);
    nowMs += 60_000;
    expect(bodyText(await get(client, url))).toBe('tls.example');
  });
});
