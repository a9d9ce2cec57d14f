import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  getJson,
  runCommand,
  type SpawnedServer,
  spawnServer,
  temporaryFolder,
  untilTrue,
} from './server-support.ts';

let folder: string;
let server: SpawnedServer | undefined;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(async () => {
  if (server !== undefined && server.process.exitCode === null && server.process.signalCode === null)
    await server.end('SIGKILL');
  server = undefined;
  rmSync(folder, { recursive: true, force: true });
});

test('--version and --help answer without starting anything', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(await runCommand(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` });
  const help = await runCommand(['--help']);
  expect(help.code).toBe(0);
  for (const command of ['serve', 'check', 'doctor', 'demo', 'keys']) expect(help.stdout).toContain(command);
});

test('an unknown flag or command is refused with a suggestion', async () => {
  const flag = await runCommand(['serve', '--data-dri', 'x']);
  expect(flag.code).toBe(2);
  expect(flag.stderr).toContain('--data-dir');
});

describe('check', () => {
  test('lists every mistake with line and column, and the exit code says so', async () => {
    const file = join(folder, 'bellwether.yml');
    writeFileSync(file, 'server:\n  lisen: x\nretention:\n  logs: never\n');
    const { code, stderr } = await runCommand(['check', '--config', file]);
    expect(code).toBe(1);
    expect(stderr).toContain(`${file}:2:3: server.lisen`);
    expect(stderr).toContain('did you mean listen?');
    expect(stderr).toContain(`${file}:4:9: retention.logs`);
  });

  test('a correct file is called correct', async () => {
    const file = join(folder, 'bellwether.yml');
    writeFileSync(file, 'retention:\n  logs: 7d\n');
    expect(await runCommand(['check', '--config', file])).toMatchObject({ code: 0 });
  });

  test('--print hides secrets', async () => {
    const file = join(folder, 'bellwether.yml');
    writeFileSync(file, 'storage:\n  url: http://bw@localhost:8123\n  password: hunter2\n');
    const { stdout } = await runCommand(['check', '--print', '--config', file]);
    expect(stdout).toContain('url: http://bw@localhost:8123');
    expect(stdout).not.toContain('hunter2');
  });
});

describe('an address that other machines can reach', () => {
  const exposed = ['--listen', '0.0.0.0:0', '--otlp-http-listen', 'off', '--otlp-grpc-listen', 'off'];

  test('is refused without a key, and the message says what to do', async () => {
    const { code, stderr } = await runCommand(['--data-dir', folder, ...exposed]);
    expect(code).toBe(1);
    expect(stderr).toContain('there is no key yet');
    expect(stderr).toContain('keys create');
  });

  test('works with a key; without it requests are refused; an ingest key cannot read', async () => {
    const admin = (
      await runCommand(['keys', 'create', 'me', '--role', 'admin', '--data-dir', folder])
    ).stdout.trim();
    const ingest = (await runCommand(['keys', 'create', 'ci', '--data-dir', folder])).stdout.trim();
    server = await spawnServer(folder, exposed);
    const sessions = `${server.url}/api/agents/sessions`;
    const logs = { method: 'POST', body: '{}' };
    const json = { 'content-type': 'application/json' };
    const statusOf = async (url: string, init: RequestInit) => (await fetch(url, init)).status;
    expect(await statusOf(sessions, {})).toBe(401);
    expect(await statusOf(sessions, { headers: { authorization: `Bearer ${ingest}` } })).toBe(403);
    expect(await statusOf(sessions, { headers: { authorization: `Bearer ${admin}` } })).toBe(200);
    expect(await statusOf(`${server.url}/v1/logs`, { ...logs, headers: json })).toBe(401);
    expect(
      await statusOf(`${server.url}/v1/logs`, { ...logs, headers: { ...json, 'x-api-key': ingest } }),
    ).toBe(200);
    expect(await statusOf(`${server.url}/health/live`, {})).toBe(200);
    expect((await getJson(`${server.url}/api/status`)).role).toBe('anonymous');
  });
});

test('keys are listed without secrets and can be revoked', async () => {
  const at = ['--data-dir', folder];
  const secret = (await runCommand(['keys', 'create', 'laptop', ...at])).stdout.trim();
  expect(secret).toMatch(/^bw_ingest_/);
  const listed = await runCommand(['keys', 'list', ...at]);
  expect(listed.stdout).toContain('laptop');
  expect(listed.stdout).not.toContain(secret);
  expect((await runCommand(['keys', 'create', 'laptop', ...at])).code).toBe(1);
  expect((await runCommand(['keys', 'revoke', 'laptop', ...at])).code).toBe(0);
  expect((await runCommand(['keys', 'revoke', 'laptop', ...at])).code).toBe(1);
  expect(readFileSync(join(folder, 'state.db')).includes(secret)).toBe(false);
});

test('a port that is taken gives a clear error and exit code 1', async () => {
  const blocker = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => blocker.once('listening', resolve));
  const { port } = blocker.address() as { port: number };
  const { code, stderr } = await runCommand([
    '--data-dir',
    folder,
    '--listen',
    `127.0.0.1:${port}`,
    '--otlp-http-listen',
    'off',
    '--otlp-grpc-listen',
    'off',
  ]);
  blocker.close();
  expect(code).toBe(1);
  expect(stderr).toContain(`127.0.0.1:${port}`);
  expect(stderr).toContain('another program');
});

test('demo replays recorded sessions, labelled, into a running server', async () => {
  server = await spawnServer(folder);
  const { url } = server;
  const { code, stdout } = await runCommand(['demo', '--url', url, '--copies', '1']);
  expect(code, stdout).toBe(0);
  await untilTrue(async () => {
    const { sessions } = await getJson(`${url}/api/agents/sessions?limit=100`);
    return sessions.length === 5 && sessions.every((session: { demo: boolean }) => session.demo);
  });
});

test('demo without a server says so', async () => {
  const { code, stderr } = await runCommand(['demo', '--url', 'http://127.0.0.1:9']);
  expect(code).toBe(1);
  expect(stderr).toContain('no server answers at http://127.0.0.1:9');
});

describe('doctor', () => {
  test('finds a working machine working, by a whole server in a temporary folder', async () => {
    const free = [
      '--listen',
      '127.0.0.1:0',
      '--otlp-http-listen',
      '127.0.0.1:0',
      '--otlp-grpc-listen',
      '127.0.0.1:0',
    ];
    const { code, stdout } = await runCommand(['doctor', '--data-dir', folder, ...free]);
    expect(code, stdout).toBe(0);
    expect(stdout).toContain('a record was durable after');
  });

  test('names what would keep a server from starting: a folder in use, a missing key', async () => {
    server = await spawnServer(folder);
    const free = ['--otlp-http-listen', '127.0.0.1:0', '--otlp-grpc-listen', '127.0.0.1:0'];
    const used = await runCommand(['doctor', '--data-dir', folder, '--listen', '127.0.0.1:0', ...free]);
    expect(used.code).toBe(1);
    expect(used.stdout).toContain(String(server.pid));
    const open = await runCommand([
      'doctor',
      '--data-dir',
      join(folder, 'other'),
      '--listen',
      '0.0.0.0:0',
      ...free,
    ]);
    expect(open.code).toBe(1);
    expect(open.stdout).toContain('there is no key yet');
  });

  test('leaves no trace in a running server', async () => {
    server = await spawnServer(folder);
    const listen = (url: string) => new URL(url).host;
    const at = ['--listen', listen(server.url), '--otlp-http-listen', listen(server.otlpHttpUrl)];
    const { code, stdout } = await runCommand(['doctor', '--data-dir', folder, ...at]);
    expect(code, stdout).toBe(0);
    expect(stdout).toContain(`${server.otlpHttpUrl} took a request`);
    expect((await getJson(`${server.url}/api/status`)).has_data).toBe(false);
  });

  test('names a folder that cannot be used', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const { code, stdout } = await runCommand([
      'doctor',
      '--data-dir',
      join(file, 'below'),
      '--listen',
      '127.0.0.1:0',
    ]);
    expect(code, stdout).toBe(1);
  });
});

test('the log goes to a file when told, and the server stops with 0 within its time', async () => {
  const file = join(folder, 'bellwether.yml');
  mkdirSync(join(folder, 'logs'));
  writeFileSync(file, `log:\n  file: ${join(folder, 'logs', 'server.log')}\n`);
  server = await spawnServer(join(folder, 'data'), ['--config', file]);
  expect(await server.end('SIGTERM')).toBe(0);
  const lines = readFileSync(join(folder, 'logs', 'server.log'), 'utf8')
    .trim()
    .split('\n');
  expect(lines.map((line) => JSON.parse(line).msg)).toContain('stopping');
});
