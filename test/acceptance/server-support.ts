import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RunningServer, startServer } from '../../src/app/index.ts';
import { loadConfig } from '../../src/config/index.ts';
import { silentLog } from '../../src/lib/log.ts';

const entry = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const fixtures = new URL('../fixtures/', import.meta.url);
const freePort = '127.0.0.1:0';
const startLimitMs = 60_000;

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'bellwether-test-'));
}

/** A whole server in this process, on free ports, in a folder of its own. */
export interface TestServer extends RunningServer {
  readonly dataDir: string;
  /** Stops the server and removes its folder. */
  remove(): Promise<void>;
}

/**
 * Starts it with retention off, because recordings grow old.
 *
 * @param file a bellwether.yml, read again at a reload.
 */
export async function startTestServer(
  overrides: Record<string, unknown> = {},
  file?: string,
): Promise<TestServer> {
  const dataDir = (overrides.data_dir as string | undefined) ?? temporaryFolder();
  const options = {
    env: {},
    ...(file === undefined ? {} : { file }),
    overrides: {
      // Rules of packs store series too; who wants them brings a file.
      ...(file === undefined ? { 'alerting.packs': [] } : {}),
      data_dir: dataDir,
      'server.listen': freePort,
      'otlp.http_listen': freePort,
      'otlp.grpc_listen': freePort,
      'retention.metrics': 'off',
      'retention.logs': 'off',
      'retention.traces': 'off',
      'retention.sessions': 'off',
      'retention.alerts': 'off',
      ...overrides,
    },
  };
  const server = await startServer({
    config: loadConfig(options),
    readConfig: () => loadConfig(options),
    version: 'test',
    log: silentLog,
    checksAnswers: true,
  });
  await server.whenReady();
  return {
    ...server,
    dataDir,
    async remove() {
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** A whole server as a user starts it: a process of its own. */
export interface SpawnedServer {
  readonly url: string;
  readonly otlpHttpUrl: string;
  readonly otlpGrpcAddress: string;
  readonly pid: number;
  readonly process: ChildProcess;
  /** Everything it printed. */
  output(): string;
  /** Sends a signal and resolves with the exit code, or with the signal's name when it was killed by one. */
  end(signal: NodeJS.Signals): Promise<number | string>;
}

/** Starts the built server and waits until its store is ready. */
export async function spawnServer(dataDir: string, flags: readonly string[] = []): Promise<SpawnedServer> {
  const listen = ['--listen', freePort, '--otlp-http-listen', freePort, '--otlp-grpc-listen', freePort];
  const child = spawn(
    process.execPath,
    [entry, '--data-dir', dataDir, ...listen, '--retention', 'off', ...flags],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...cleanEnvironment(),
        // Rules of packs store series too; who wants them brings a file.
        ...(flags.includes('--config') ? {} : { BELLWETHER_ALERTING_PACKS: '[]' }),
      },
    },
  );
  let output = '';
  child.stderr?.on('data', (piece) => {
    output += piece;
  });
  child.stdout?.on('data', (piece) => {
    output += piece;
  });
  await untilTrue(() => {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${output}`);
    return /^ready$/m.test(output);
  }, startLimitMs);
  const printed = (label: string) => new RegExp(`${label}\\s+(\\S+)`).exec(output)![1]!;
  return {
    url: printed('UI and API'),
    otlpHttpUrl: printed('OTLP/HTTP'),
    otlpGrpcAddress: printed('OTLP/gRPC'),
    pid: child.pid!,
    process: child,
    output: () => output,
    async end(signal) {
      const exited = once(child, 'exit');
      child.kill(signal);
      const [code, by] = (await exited) as [number | null, string | null];
      return code ?? by!;
    },
  };
}

/** Runs the command line to its end. */
export async function runCommand(
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [entry, ...args], {
    ...options,
    env: { ...cleanEnvironment(), ...options.env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (piece) => {
    stdout += piece;
  });
  child.stderr.on('data', (piece) => {
    stderr += piece;
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, stdout, stderr };
}

/** The environment without anything that configures Bellwether. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('BELLWETHER_')));
}

/** Asks again and again until the answer is true. The limit only ends a test that has failed. */
export async function untilTrue(ask: () => boolean | Promise<boolean>, limitMs = 30_000): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!(await ask())) {
    if (performance.now() > endMs) throw new Error(`not true within ${limitMs} ms: ${ask}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Process ids below a process. */
export function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number);
}

/** One recorded request. */
export interface RecordedRequest {
  readonly file: string;
  readonly signal: 'metrics' | 'logs' | 'traces';
  readonly scenario: string;
  readonly transport: 'http' | 'grpc';
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly points?: number;
  readonly records?: number;
  readonly spans?: number;
  readonly body: Buffer;
}

/** All recorded requests of a folder of fixtures, in the order sent. */
export function recordings(folder: 'claude-code' | 'anthropic-sdk'): RecordedRequest[] {
  const index = JSON.parse(
    readFileSync(new URL(`${folder}/index.json`, fixtures), 'utf8'),
  ) as RecordedRequest[];
  return index.map((entry) => ({
    ...entry,
    body: readFileSync(new URL(`${folder}/${entry.file}`, fixtures)),
  }));
}

export function scenario(name: string): RecordedRequest[] {
  return recordings('claude-code').filter((recording) => recording.scenario === name);
}

/** Sends a recorded HTTP request as it was sent. */
export async function post(baseUrl: string, recording: RecordedRequest): Promise<Response> {
  const headers: Record<string, string> = { 'content-type': recording.contentType };
  if (recording.contentEncoding !== '') headers['content-encoding'] = recording.contentEncoding;
  return await fetch(`${baseUrl}/v1/${recording.signal}`, {
    method: 'POST',
    headers,
    body: new Uint8Array(recording.body),
  });
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers whose schema the server has checked already
export async function getJson(url: string, headers: Record<string, string> = {}): Promise<any> {
  const answer = await fetch(url, { headers });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return await answer.json();
}

/** From before the recordings to now, whenever now is. */
export const allTime = 'from=2026-11-01T00:00:00Z&to=now';
