import { randomBytes } from 'node:crypto';
import { accessSync, constants, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fetch } from 'undici';
import { checkExposure, listenAddresses, startServer } from '../app/index.ts';
import { createKeyStore } from '../auth/index.ts';
import { type Config, loadConfig } from '../config/index.ts';
import { BellwetherError, messageOf } from '../lib/errors.ts';
import { parseListen, urlHost } from '../lib/listen.ts';
import { silentLog } from '../lib/log.ts';
import { formatBytes } from '../lib/units.ts';
import { openState } from '../state/index.ts';
import { lockDataDir } from '../store/engine/index.ts';
import { type CommonFlags, configFromFlags } from './flags.ts';
import { version } from './version.ts';

interface Finding {
  readonly isGood: boolean;
  readonly text: string;
  readonly hint?: string;
}

type Check = () => Promise<Finding>;

const enoughDiskBytes = 1024 ** 3;
const requestTimeoutMs = 3000;
const engineTimeoutMs = 30_000;
/** The first release; a clock before it is wrong. */
const earliestMs = Date.UTC(2026, 10, 1);

/** `bellwether doctor`: one line for each thing that can keep the server from working. */
export async function doctor(flags: CommonFlags): Promise<number> {
  const config = configFromFlags(flags);
  const base = `http://${urlHost(parseListen(config.server.listen))}`;
  const isRunning = await answers(base);
  const checks: [string, Check][] = [
    ['clock', checkClock],
    ['data folder', async () => checkFolder(config)],
    ['disk', () => checkDisk(config)],
    ...(isRunning ? runningChecks(base, config) : stoppedChecks(config)),
  ];
  let failures = 0;
  for (const [name, check] of checks) {
    const finding = await check().catch((error: unknown): Finding => failed(error));
    if (!finding.isGood) failures++;
    process.stdout.write(`${finding.isGood ? 'ok  ' : 'FAIL'}  ${name.padEnd(12)}  ${finding.text}\n`);
    if (finding.hint !== undefined) process.stdout.write(`${' '.repeat(20)}${finding.hint}\n`);
  }
  process.stdout.write(
    failures === 0
      ? 'nothing found that keeps Bellwether from working\n'
      : `${failures} of ${checks.length} checks failed\n`,
  );
  return failures === 0 ? 0 : 1;
}

function failed(error: unknown): Finding {
  return {
    isGood: false,
    text: messageOf(error),
    hint: error instanceof BellwetherError ? error.hint : undefined,
  };
}

async function answers(base: string): Promise<boolean> {
  try {
    const answer = await fetch(`${base}/health/live`, { signal: AbortSignal.timeout(requestTimeoutMs) });
    return ((await answer.json()) as { version?: string }).version !== undefined;
  } catch {
    // Nobody listens, or somebody else does: the port check tells which.
    return false;
  }
}

async function checkClock(): Promise<Finding> {
  const nowMs = Date.now();
  const text = new Date(nowMs).toISOString();
  if (nowMs >= earliestMs) return { isGood: true, text };
  return {
    isGood: false,
    text: `${text} is before this version was made`,
    hint: 'set the clock; records are kept and refused by their time',
  };
}

function checkFolder({ data_dir }: Config): Finding {
  const existing = nearestExisting(data_dir);
  if (!statSync(existing).isDirectory()) {
    return { isGood: false, text: `${existing} is a file`, hint: 'choose another --data-dir' };
  }
  accessSync(existing, constants.R_OK | constants.W_OK | constants.X_OK);
  return { isGood: true, text: `${data_dir} ${existsSync(data_dir) ? 'can be written' : 'can be created'}` };
}

/** The folder itself, or the first of its parents that is there. */
function nearestExisting(folder: string): string {
  let path = resolve(folder);
  while (!existsSync(path)) path = dirname(path);
  return path;
}

async function checkDisk({ data_dir }: Config): Promise<Finding> {
  const { bavail, bsize } = await statfs(nearestExisting(data_dir));
  const freeBytes = bavail * bsize;
  const text = `${formatBytes(freeBytes)} free`;
  if (freeBytes >= enoughDiskBytes) return { isGood: true, text };
  return { isGood: false, text, hint: 'make room, or shorten retention' };
}

/** Without a server: are the ports free, and does a whole server work in a temporary folder? */
/** Without a server: would one start here, are the ports free, and does a whole server work in a temporary folder? */
function stoppedChecks(config: Config): [string, Check][] {
  const ports = listenAddresses(config).map((address): [string, Check] => ['port', () => checkPort(address)]);
  const { url } = config.storage;
  const storage: [string, Check] = ['storage', () => checkServer(url!)];
  return [
    ['lock', async () => checkLock(config)],
    ['keys', () => checkKeys(config)],
    ...ports,
    ['engine', checkTrial],
    ...(url === undefined ? [] : [storage]),
  ];
}

function checkLock({ data_dir }: Config): Finding {
  if (existsSync(data_dir)) lockDataDir(data_dir).release();
  return { isGood: true, text: 'no other server uses the data folder' };
}

async function checkKeys(config: Config): Promise<Finding> {
  const file = join(config.data_dir, 'state.db');
  const state = openState(existsSync(file) ? file : ':memory:');
  try {
    const isRequired = await checkExposure(config, createKeyStore(state));
    return {
      isGood: true,
      text: isRequired ? 'a key is asked for, and there is one' : 'not asked for on loopback',
    };
  } finally {
    await state.destroy();
  }
}

/** The ClickHouse server of `storage.url`. */
async function checkServer(url: string): Promise<Finding> {
  const { origin } = new URL(url);
  const answer = await fetch(`${origin}/ping`, { signal: AbortSignal.timeout(requestTimeoutMs) });
  if (answer.ok) return { isGood: true, text: `${origin} answers` };
  return { isGood: false, text: `${origin} answers ${answer.status}`, hint: 'check storage.url' };
}

function checkPort(address: string): Promise<Finding> {
  const { host, port } = parseListen(address);
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', (error) =>
      resolve({
        isGood: false,
        text: `${address}: ${error.message}`,
        hint: 'stop what listens there, or choose another address',
      }),
    );
    server.listen({ host, port }, () =>
      server.close(() => resolve({ isGood: true, text: `${address} is free` })),
    );
  });
}

async function checkTrial(): Promise<Finding> {
  const folder = mkdtempSync(join(tmpdir(), 'bellwether-doctor-'));
  try {
    return await tryServer(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function tryServer(folder: string): Promise<Finding> {
  const free = '127.0.0.1:0';
  const overrides = {
    data_dir: folder,
    'server.listen': free,
    'otlp.http_listen': free,
    'otlp.grpc_listen': free,
  };
  const server = await startServer({ config: loadConfig({ env: {}, overrides }), version, log: silentLog });
  try {
    await within(engineTimeoutMs, server.whenReady(), 'the engine was not ready');
    return await send(server.url, probeRecord(), 'a record was durable');
  } finally {
    await server.stop();
  }
}

async function within<T>(limitMs: number, work: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} within ${limitMs / 1000} s`)), limitMs);
  });
  return await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** With a server: its own health, and an empty request to every port that takes OTLP over HTTP, which leaves no trace in the data. */
function runningChecks(base: string, config: Config): [string, Check][] {
  const { http_listen } = config.otlp;
  const ports = http_listen === 'off' ? [base] : [base, `http://${urlHost(parseListen(http_listen))}`];
  const trips = ports.map((url): [string, Check] => [
    'round trip',
    () => send(url, {}, `${url} took a request`),
  ]);
  return [['server', () => checkHealth(base)], ...trips];
}

async function checkHealth(base: string): Promise<Finding> {
  const answer = await fetch(`${base}/health/ready`, { signal: AbortSignal.timeout(requestTimeoutMs) });
  const health = (await answer.json()) as {
    status: string;
    parts: Record<string, { status: string; message?: string }>;
  };
  const bad = Object.entries(health.parts).filter(([, part]) => part.status !== 'ok');
  if (bad.length === 0) return { isGood: true, text: `${base} is ready` };
  return {
    isGood: false,
    text: bad.map(([name, part]) => `${name}: ${part.message ?? part.status}`).join('; '),
  };
}

/** Sends a log request and waits for the answer. */
async function send(base: string, request: unknown, done: string): Promise<Finding> {
  const startedMs = performance.now();
  const key = process.env.BELLWETHER_KEY;
  const answer = await fetch(`${base}/v1/logs`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
    },
    body: JSON.stringify(request),
    signal: AbortSignal.timeout(requestTimeoutMs),
  });
  const tookMs = Math.round(performance.now() - startedMs);
  if (answer.ok) return { isGood: true, text: `${done} after ${tookMs} ms` };
  const hint = answer.status === 401 ? 'name an ingest key in BELLWETHER_KEY' : undefined;
  return {
    isGood: false,
    text: `${base} answered ${answer.status}: ${(await answer.text()).slice(0, 300)}`,
    hint,
  };
}

function probeRecord(): unknown {
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'bellwether-doctor' } }] };
  const record = {
    timeUnixNano: String(BigInt(Date.now()) * 1_000_000n),
    body: { stringValue: `round trip ${randomBytes(4).toString('hex')}` },
  };
  return { resourceLogs: [{ resource, scopeLogs: [{ logRecords: [record] }] }] };
}
