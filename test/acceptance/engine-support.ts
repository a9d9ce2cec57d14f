import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClickHouseClient, createClient } from '@clickhouse/client';
import { type EngineHandle, type EngineLimits, startEngine } from '../../src/store/engine/index.ts';

const READY_MS = 60_000;

/** A real engine in a data directory of its own, and the unchanged client in front of it. */
export interface TestEngine {
  readonly engine: EngineHandle;
  readonly client: ClickHouseClient;
  readonly dataDir: string;
  /** What the engine logged as warning or error. */
  readonly logged: string[];
  /** Runs a query and returns its rows. */
  rows<T>(sql: string): Promise<T[]>;
  command(sql: string): Promise<void>;
  /** Sends a request without the client; rejects when the connection breaks. */
  send(request: RawRequest): Promise<RawAnswer>;
  /** Sends a request and hands out the answer as soon as its headers are there. */
  open(request: RawRequest): Promise<IncomingMessage>;
  stop(): Promise<void>;
  remove(): Promise<void>;
}

export interface RawRequest {
  readonly path?: string;
  readonly query?: Record<string, string>;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export function temporaryDataDir(): string {
  return mkdtempSync(join(tmpdir(), 'bellwether-engine-'));
}

export async function startTestEngine(
  options: { dataDir?: string; limits?: Partial<EngineLimits>; memoryBytes?: number } = {},
): Promise<TestEngine> {
  const dataDir = options.dataDir ?? temporaryDataDir();
  const logged: string[] = [];
  const log = {
    info: () => {},
    warn: (_fields: object, message: string) => logged.push(message),
    error: (_fields: object, message: string) => logged.push(message),
  };
  const memoryBytes = options.memoryBytes ?? 1024 ** 3;
  const engine = await startEngine({
    dataDir,
    memoryBytes,
    log,
    ...(options.limits && { limits: options.limits }),
  });
  await engine.whenReady(READY_MS);
  const client = createClient({ url: 'http://engine', http_agent: engine.agent, log: { level: 127 } });
  const open = (raw: RawRequest): Promise<IncomingMessage> => openRaw(engine.socketPath, raw);
  const stop = async (): Promise<void> => {
    await client.close();
    await engine.stop();
  };
  return {
    engine,
    client,
    dataDir,
    logged,
    rows: async (sql) => (await client.query({ query: sql, format: 'JSONEachRow' })).json(),
    command: async (sql) => {
      await client.command({ query: sql });
    },
    send: async (raw) => {
      const answer = await open(raw);
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk as Buffer);
      return { status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) };
    },
    open,
    stop,
    remove: async () => {
      await stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function openRaw(socketPath: string, raw: RawRequest): Promise<IncomingMessage> {
  const search = new URLSearchParams(raw.query ?? {}).toString();
  const asked = request({
    socketPath,
    path: `${raw.path ?? '/'}${search === '' ? '' : `?${search}`}`,
    method: raw.method ?? 'POST',
    headers: raw.headers ?? {},
    agent: false,
  });
  asked.end(raw.body);
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  return answer;
}

/** Anonymous memory of a process in bytes: what it allocated, without the pages of libraries and files. */
export function anonymousBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/RssAnon:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

/** Asks again and again, as long as the test may run, until the answer is true. */
export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}
