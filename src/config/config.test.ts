import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ConfigError, loadConfig } from './index.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bellwether-config-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function load(text: string, env: Record<string, string> = {}, overrides: Record<string, unknown> = {}) {
  const file = join(folder, 'bellwether.yml');
  writeFileSync(file, text);
  return loadConfig({ file, env, overrides });
}

function problemsOf(text: string, env: Record<string, string> = {}) {
  try {
    load(text, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

test('an empty file gives the defaults, with durations in ms and sizes in bytes', () => {
  const config = load('');
  expect(config.server.listen).toBe('127.0.0.1:7070');
  expect(config.retention.metrics).toBe(30 * 86_400_000);
  expect(config.ingest.max_body).toBe(64 * 1024 * 1024);
  expect(config.storage.memory).toBeUndefined();
  expect(config.otlp.grpc_listen).toBe('127.0.0.1:4317');
});

test('flags win over the environment, the environment over the file', () => {
  const text = 'server:\n  listen: 127.0.0.1:1\ndata_dir: a\nlog:\n  level: warn\n';
  const env = { BELLWETHER_SERVER_LISTEN: '127.0.0.1:2', BELLWETHER_DATA_DIR: 'b' };
  const config = load(text, env, { 'server.listen': '127.0.0.1:3' });
  expect([config.server.listen, config.data_dir, config.log.level]).toEqual([
    '127.0.0.1:3',
    resolve('b'),
    'warn',
  ]);
});

test('retention off is 0, by word and by YAML boolean', () => {
  const config = load(
    'retention:\n  metrics: off\n  logs: "off"\n  traces: false\n  sessions: 1h\n  alerts: 2h\n',
  );
  expect(config.retention).toEqual({
    metrics: 0,
    logs: 0,
    traces: 0,
    sessions: 3_600_000,
    alerts: 7_200_000,
  });
});

test('every mistake is reported at once, each with line and column and a suggestion', () => {
  const text = [
    'server:',
    '  lisen: 127.0.0.1:7070',
    '  public_url: nonsense',
    'retention:',
    '  logs: 30 days',
    'ingest:',
    '  max_body: many',
    '  max_value_depth: 1000',
    'logg:',
    '  level: info',
    'storage:',
    '  database: a-b',
    '  url: ftp://x',
    'otlp:',
    '  http_listen: localhost',
  ].join('\n');
  const found = problemsOf(text).map((problem) => `${problem.line}:${problem.column} ${problem.path}`);
  expect(found.sort()).toEqual(
    [
      '2:3 server.lisen',
      '3:15 server.public_url',
      '5:9 retention.logs',
      '7:13 ingest.max_body',
      '8:20 ingest.max_value_depth',
      '9:1 logg',
      '12:13 storage.database',
      '13:8 storage.url',
      '15:16 otlp.http_listen',
    ].sort(),
  );
  const lisen = problemsOf(text).find((problem) => problem.path === 'server.lisen');
  expect(lisen?.message).toContain('did you mean listen?');
});

test('broken YAML is reported with its place', () => {
  const [problem] = problemsOf('server:\n  listen: "unclosed\n');
  expect(problem?.line).toBeGreaterThan(1);
});

test('a file that is not a mapping is a mistake', () => {
  expect(problemsOf('- a\n- b\n')[0]?.message).toContain('keys and values');
});

test('an unknown variable with the prefix is a mistake with a suggestion', () => {
  const [problem] = problemsOf('', { BELLWETHER_SERVER_LISTN: 'x' });
  expect(problem?.message).toContain('BELLWETHER_SERVER_LISTEN');
});

test('a bad value from the environment names its variable', () => {
  const [problem] = problemsOf('', { BELLWETHER_SERVER_LISTEN: 'nowhere' });
  expect(problem?.source).toBe('environment BELLWETHER_SERVER_LISTEN');
});

test('a named file that is missing is an error', () => {
  expect(() => loadConfig({ file: join(folder, 'none.yml'), env: {} })).toThrow(/does not exist/);
});

test('a secret is read from its file, relative to the configuration', () => {
  writeFileSync(join(folder, 'secret'), 'hunter2\n');
  const config = load('storage:\n  url: http://bw@localhost:8123\n  password_file: secret\n');
  expect(config.storage.password).toBe('hunter2');
});

test.each([
  ['ingest:\n  max_body: 0\n', 'ingest.max_body'],
  ['ingest:\n  spool: 1\n', 'ingest.spool'],
  ['ingest:\n  max_body: 10GB\n', 'ingest.max_body'],
  ['storage:\n  cluster: main\n', 'storage.cluster'],
  ['storage:\n  url: http://x:1\n  cluster: a b\n', 'storage.cluster'],
  ['server:\n  public_url: "javascript:alert(1)"\n', 'server.public_url'],
])('%j makes no sense and is refused', (text, path) => {
  expect(problemsOf(text).map((problem) => problem.path)).toEqual([path]);
});

test('a relative data folder is made absolute: the engine refused to read spool files from one', () => {
  expect(load('data_dir: some/where\n').data_dir).toBe(resolve('some/where'));
});
