import { rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { createClient } from '@clickhouse/client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { apiData, eventually, remoteWrite, scalarIfAny, scalarOf, seriesModel } from './metrics-support.ts';
import {
  childrenOf,
  type SpawnedServer,
  spawnServer,
  startTestServer,
  temporaryFolder,
  untilTrue,
} from './server-support.ts';

const SERIES = 40;

let folder: string;
let server: SpawnedServer | undefined;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(async () => {
  await kill();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts the server, with a journal that is packed at this age. */
async function start(journalAge: string, memory = '128MiB'): Promise<void> {
  const file = join(folder, 'bellwether.yml');
  writeFileSync(
    file,
    `host: { enabled: false }\nmetrics: { journal_age: ${journalAge}, memory: ${memory} }\n`,
  );
  server = await spawnServer(join(folder, 'data'), ['--config', file]);
}

async function kill(): Promise<void> {
  if (server !== undefined && server.process.exitCode === null && server.process.signalCode === null) {
    await server.end('SIGKILL');
  }
}

/**
 * Sends without pause and remembers what was acknowledged: each request is a sample of its own millisecond in every series, with
 * its number as the value.
 */
function startLoad(firstMs: number) {
  const acknowledged: number[] = [];
  let next = 0;
  let isOver = false;
  async function connection(): Promise<void> {
    while (!isOver) {
      const number = next++;
      const list = Array.from({ length: SERIES }, (_, series) =>
        seriesModel({ __name__: 'counted', series: String(series) }, [[firstMs + number, number]]),
      );
      // Without an answer nothing is known, as when the server is killed: it is sent again, as senders do.
      for (let isDone = false; !isDone && !isOver; ) {
        isDone = await remoteWrite(server!.url, list).then(
          ({ status }) => status === 204,
          () => new Promise((resolve) => setTimeout(() => resolve(false), 20)),
        );
        if (isDone) acknowledged.push(number);
      }
    }
  }
  const connections = [connection(), connection(), connection()];
  return {
    acknowledged,
    /** Goes on until so many more are acknowledged. */
    async more(count: number): Promise<void> {
      const before = acknowledged.length;
      await untilTrue(() => acknowledged.length >= before + count);
    },
    async stop(): Promise<number[]> {
      isOver = true;
      await Promise.all(connections);
      return acknowledged.sort((a, b) => a - b);
    },
  };
}

/** Every series has each acknowledged sample once, with its value. */
async function expectAll(acknowledged: readonly number[], firstMs: number): Promise<void> {
  expect(acknowledged.length).toBeGreaterThan(0);
  const endMs = firstMs + acknowledged.at(-1)!;
  const query = `counted[${acknowledged.at(-1)! + 60_000}ms]`;
  const numbersOf = async () => {
    const { result } = await apiData(server!.url, 'query', { query, time: endMs / 1000 });
    const lists = result.map(({ values }: { values: [number, string][] }) => {
      for (const [time, value] of values) expect(Math.round(time * 1000) - firstMs).toBe(Number(value));
      return JSON.stringify(values.map(([, value]) => Number(value)));
    });
    return { series: lists.length, lists: new Set(lists).size, missing: missingOf(lists[0], acknowledged) };
  };
  await eventually(numbersOf, { series: SERIES, lists: 1, missing: [] });
  const counted = `count_over_time(${query})`;
  const doubled = `count(${counted} != ${acknowledged.at(-1)! + 1}) or vector(0)`;
  // Requests that were under way at a kill may be stored without having been acknowledged, and were sent again.
  expect(await scalarIfAny(server!.url, doubled, { time: endMs / 1000 })).toBe(0);
}

function missingOf(list: string | undefined, acknowledged: readonly number[]): number[] {
  const found = new Set<number>(JSON.parse(list ?? '[]'));
  return acknowledged.filter((number) => !found.has(number));
}

/** Packed samples in the store, asked of the engine itself. */
async function storedChunks(): Promise<number> {
  const agent = new http.Agent({
    socketPath: join(folder, 'data', 'run', 'engine.sock'),
  } as http.AgentOptions);
  const client = createClient({ url: 'http://engine', http_agent: agent });
  try {
    const query = 'SELECT toUInt32(count()) AS chunks FROM bellwether.metric_chunks';
    const rows = await (await client.query({ query, format: 'JSONEachRow' })).json<{ chunks: number }>();
    return rows[0]?.chunks ?? 0;
  } finally {
    await client.close();
  }
}

const stored = () => storedChunks().catch(() => 0);

describe('acknowledged samples', () => {
  test('outlive kill -9 in the journal, then being packed, then the next kill -9', async () => {
    const firstMs = Date.now();
    await start('1h');
    const load = startLoad(firstMs);
    await load.more(200);
    await kill();
    await start('1h');
    await load.more(50);
    const acknowledged = await load.stop();
    await expectAll(acknowledged, firstMs);
    expect(await stored()).toBe(0);
    await kill();

    await start('1s');
    await untilTrue(async () => (await stored()) >= SERIES);
    await expectAll(acknowledged, firstMs);
    await kill();
    await start('1h');
    await expectAll(acknowledged, firstMs);
    expect(await stored()).toBeGreaterThanOrEqual(SERIES);
  });

  test('outlive kill -9 at any moment while they are packed', async () => {
    const firstMs = Date.now();
    await start('1s', '1MiB');
    const load = startLoad(firstMs);
    // Packing happens every few seconds; the kills fall before, into and after it.
    for (const requests of [40, 130, 90]) {
      await load.more(requests);
      const before = await stored();
      if (requests > 100) await untilTrue(async () => (await stored()) > before);
      await kill();
      await start('1s', '1MiB');
    }
    await load.more(50);
    const acknowledged = await load.stop();
    await expectAll(acknowledged, firstMs);
    expect(await stored()).toBeGreaterThan(0);
    // Also by a stop that is not sudden.
    await server!.end('SIGTERM');
    await start('1h');
    await expectAll(acknowledged, firstMs);
  });

  test('survive kill -9 of the engine while they are packed', async () => {
    const firstMs = Date.now();
    await start('1s');
    const load = startLoad(firstMs);
    for (let round = 0; round < 2; round++) {
      const before = await stored();
      await untilTrue(async () => (await stored()) > before);
      await load.more(20);
      process.kill(childrenOf(server!.pid)[0]!, 'SIGKILL');
      await load.more(20);
      await untilTrue(async () => (await fetch(`${server!.url}/health/ready`)).status === 200, 60_000);
    }
    const acknowledged = await load.stop();
    await expectAll(acknowledged, firstMs);
  });
});

test('while samples are packed and leave memory, no question misses any', async () => {
  const own = await startTestServer({
    'host.enabled': false,
    'metrics.memory': '1MiB',
    'metrics.journal_age': '1s',
  });
  try {
    const nowMs = Date.now();
    const [requests, series, each] = [3, 2400, 40];
    for (let request = 0; request < requests; request++) {
      // Values that cannot be packed well: more than memory may keep.
      const list = Array.from({ length: series }, (_, i) =>
        seriesModel(
          { __name__: 'crowd', i: `${request}-${i}` },
          Array.from({ length: each }, (_, at) => [nowMs - at * 1000, Math.sin(1000 * i + at)] as const),
        ),
      );
      expect((await remoteWrite(own.url, list)).status).toBe(204);
    }
    // One of them, because a quick question sees more moments.
    const query = 'count_over_time(crowd{i="0-7"}[10m])';
    const time = { time: nowMs / 1000 };
    const seen = new Set<number | undefined>();
    await untilTrue(async () => {
      seen.add(await scalarOf(own.url, query, time));
      // Read from the store: no longer in memory.
      return (await apiData(own.url, 'explain', { query, ...time })).stats.rowsRead > 0;
    });
    expect([...seen]).toEqual([each]);
    expect(await scalarOf(own.url, 'sum(count_over_time(crowd[10m]))', time)).toBe(requests * series * each);
  } finally {
    await own.remove();
  }
});

test('samples ahead of the clock that were packed are read after a restart', async () => {
  const aheadMs = Date.now() + 3_600_000;
  await start('1s');
  const answer = await remoteWrite(server!.url, [seriesModel({ __name__: 'ahead' }, [[aheadMs, 7]])]);
  expect(answer.status).toBe(204);
  await untilTrue(async () => (await stored()) > 0);
  await kill();
  await start('1h');
  const time = { time: aheadMs / 1000 + 1 };
  await eventually(() => scalarOf(server!.url, 'ahead', time), 7);
  // Also when the server has found out what it has in memory.
  await remoteWrite(server!.url, [seriesModel({ __name__: 'ahead' }, [[aheadMs + 2000, 8]])]);
  await eventually(() => scalarOf(server!.url, 'sum_over_time(ahead[1m])', { time: time.time + 10 }), 15);
});

test('series that no longer send are known after kill -9 and a quick question', async () => {
  await start('1h');
  const nowMs = Date.now();
  for (let i = 0; i < 3; i++) {
    const series = seriesModel({ __name__: 'last_words', part: String(i) }, [[nowMs, i]]);
    expect((await remoteWrite(server!.url, [series])).status).toBe(204);
    // At once: the series itself may not be in the store yet.
    await kill();
    await start('1h');
    const time = { time: nowMs / 1000 };
    await scalarIfAny(server!.url, 'count(last_words)', time);
    await eventually(() => scalarOf(server!.url, 'count(last_words)', time), i + 1);
  }
});
