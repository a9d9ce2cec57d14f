import { rmSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { createClient } from '@clickhouse/client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  childrenOf,
  getJson,
  type SpawnedServer,
  spawnServer,
  temporaryFolder,
  untilTrue,
} from './server-support.ts';

let dataDir: string;
let server: SpawnedServer | undefined;
beforeEach(() => {
  dataDir = temporaryFolder();
});
afterEach(async () => {
  if (server !== undefined && server.process.exitCode === null && server.process.signalCode === null)
    await server.end('SIGKILL');
  server = undefined;
  rmSync(dataDir, { recursive: true, force: true });
});

const recordsPerRequest = 20;

/** Unique log records; the body says which. */
function logRequest(first: number): string {
  const logRecords = Array.from({ length: recordsPerRequest }, (_, index) => ({
    timeUnixNano: String(BigInt(Date.now()) * 1_000_000n),
    body: { stringValue: `record ${first + index}` },
  }));
  const attributes = [{ key: 'service.name', value: { stringValue: 'durability' } }];
  return JSON.stringify({ resourceLogs: [{ resource: { attributes }, scopeLogs: [{ logRecords }] }] });
}

/** Sends without pause on four connections and remembers what was acknowledged. */
function startLoad(url: () => string) {
  const acknowledged: number[] = [];
  const statuses = new Set<number>();
  let next = 0;
  let isOver = false;
  async function connection(): Promise<void> {
    while (!isOver) {
      const first = next;
      next += recordsPerRequest;
      try {
        const headers = { 'content-type': 'application/json' };
        const answer = await fetch(`${url()}/v1/logs`, { method: 'POST', headers, body: logRequest(first) });
        await answer.arrayBuffer();
        statuses.add(answer.status);
        if (answer.status === 200) acknowledged.push(first);
      } catch {
        // The server was killed: not acknowledged, so nothing is expected of it.
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }
  const connections = Array.from({ length: 4 }, connection);
  return {
    statuses,
    acknowledgedCount: () => acknowledged.length,
    async stop(): Promise<number[]> {
      isOver = true;
      await Promise.all(connections);
      return acknowledged.flatMap((first) =>
        Array.from({ length: recordsPerRequest }, (_, index) => first + index),
      );
    },
  };
}

/** Every stored record with how often it is stored, read from the engine itself. */
async function storedRecords(): Promise<Map<number, number>> {
  const agent = new http.Agent({ socketPath: join(dataDir, 'run', 'engine.sock') } as http.AgentOptions);
  const client = createClient({ url: 'http://engine', http_agent: agent });
  const result = await client.query({
    query: `SELECT toUInt32(substring(body, 8)) AS number, toUInt32(count()) AS times FROM bellwether.logs WHERE service_name = 'durability' GROUP BY number`,
    format: 'JSONEachRow',
  });
  const rows = await result.json<{ number: number; times: number }>();
  await client.close();
  return new Map(rows.map(({ number, times }) => [number, times]));
}

async function expectAllStoredOnce(acknowledged: readonly number[]): Promise<void> {
  expect(acknowledged.length).toBeGreaterThan(0);
  let stored = new Map<number, number>();
  await untilTrue(async () => {
    stored = await storedRecords().catch(() => stored);
    return acknowledged.every((number) => stored.has(number));
  }, 60_000).catch(() => undefined);
  expect(acknowledged.filter((number) => !stored.has(number))).toEqual([]);
  expect([...stored].filter(([, times]) => times !== 1)).toEqual([]);
}

describe('nothing acknowledged is lost or doubled', () => {
  test('when the engine is killed under load, and the server stays up', async () => {
    server = await spawnServer(dataDir);
    const { url, pid } = server;
    const load = startLoad(() => url);
    for (let round = 0; round < 4; round++) {
      const before = load.acknowledgedCount();
      await untilTrue(() => load.acknowledgedCount() > before + 10);
      const [enginePid] = childrenOf(pid);
      process.kill(enginePid!, 'SIGKILL');
      await untilTrue(async () => (await fetch(`${url}/health/ready`)).status === 503);
      const during = await fetch(`${url}/api/agents/sessions`);
      expect(during.status).toBe(503);
      await untilTrue(async () => (await fetch(`${url}/health/ready`)).status === 200, 60_000);
    }
    const acknowledged = await load.stop();
    expect(server.process.exitCode).toBeNull();
    await expectAllStoredOnce(acknowledged);
  });

  test('when the server is killed under load and started again', async () => {
    server = await spawnServer(dataDir);
    const load = startLoad(() => server!.url);
    for (let round = 0; round < 3; round++) {
      const before = load.acknowledgedCount();
      await untilTrue(() => load.acknowledgedCount() > before + 10);
      await server.end('SIGKILL');
      server = await spawnServer(dataDir);
    }
    await expectAllStoredOnce(await load.stop());
  });
});

test('while the engine is away, queries say so and health names the part', async () => {
  server = await spawnServer(dataDir);
  const { url, pid } = server;
  const [enginePid] = childrenOf(pid);
  // Stopped, not killed: it stays away for as long as the test looks.
  process.kill(enginePid!, 'SIGSTOP');
  process.kill(enginePid!, 'SIGKILL');
  let answer: Response | undefined;
  await untilTrue(async () => {
    answer = await fetch(`${url}/api/agents/sessions`);
    return answer.status !== 200;
  }).catch(() => undefined);
  if (answer?.status === 503) {
    expect(answer.headers.get('retry-after')).not.toBeNull();
    expect((await answer.json()) as object).toMatchObject({ error: { code: 'storage_unavailable' } });
  }
  expect((await getJson(`${url}/health/live`)).status).toBe('ok');
  await untilTrue(async () => (await fetch(`${url}/health/ready`)).status === 200, 60_000);
});

test('SIGTERM under load: everything acknowledged is there after the next start', async () => {
  server = await spawnServer(dataDir);
  const load = startLoad(() => server!.url);
  await untilTrue(() => load.acknowledgedCount() > 20);
  expect(await server.end('SIGTERM')).toBe(0);
  const acknowledged = await load.stop();
  server = await spawnServer(dataDir);
  await expectAllStoredOnce(acknowledged);
});

test('a second server on the same folder is refused and told who has it', async () => {
  server = await spawnServer(dataDir);
  await expect(spawnServer(dataDir)).rejects.toThrow(new RegExp(`in use by .*${server.pid}`));
});
