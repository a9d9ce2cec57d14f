import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  answersOk,
  apiData,
  eventually,
  freePort,
  instant,
  labelText,
  missingPeers,
  type Peer,
  remoteWrite,
  remoteWrite2,
  type StartedPrometheus,
  scalarOf,
  seriesModel,
  startPeer,
  startPrometheus,
} from './metrics-support.ts';
import {
  childrenOf,
  type SpawnedServer,
  spawnServer,
  startTestServer,
  type TestServer,
  temporaryFolder,
  untilTrue,
} from './server-support.ts';

const missing = missingPeers('prometheus', 'prometheus-node-exporter');

describe.skipIf(missing !== '')(`a real Prometheus as the sender${missing}`, () => {
  let folder: string;
  let ourPort: number;
  let theirPort: number;
  let exporter: Peer;
  let theirs: StartedPrometheus;
  let ours: SpawnedServer;
  beforeEach(async () => {
    folder = temporaryFolder();
    [ourPort, theirPort] = [await freePort(), await freePort()];
    const exporterPort = await freePort();
    exporter = startPeer('prometheus-node-exporter', [
      `--web.listen-address=127.0.0.1:${exporterPort}`,
      '--collector.disable-defaults',
      '--collector.loadavg',
      '--collector.meminfo',
      '--collector.cpu',
    ]);
    await untilTrue(() => answersOk(`http://127.0.0.1:${exporterPort}/metrics`));
    writeFileSync(join(folder, 'prometheus.yml'), configuration(ourPort, theirPort, exporterPort));
    ours = await startOurs();
    theirs = await startTheirs();
  });
  afterEach(async () => {
    await theirs.end('SIGKILL');
    await exporter.end('SIGKILL');
    if (ours.process.exitCode === null && ours.process.signalCode === null) await ours.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  function startOurs(): Promise<SpawnedServer> {
    const configFile = join(folder, 'bellwether.yml');
    // Only what the sender sends.
    writeFileSync(configFile, 'host: { enabled: false }\nalerting: { packs: [] }\n');
    // The same port again and again: the sender knows no other.
    return spawnServer(join(folder, 'ours'), ['--config', configFile, '--listen', `127.0.0.1:${ourPort}`]);
  }

  function startTheirs(): Promise<StartedPrometheus> {
    const options = { configFile: join(folder, 'prometheus.yml'), folder: join(folder, 'theirs') };
    return startPrometheus({ ...options, port: theirPort });
  }

  /** Up to when a server has samples of both jobs, epoch milliseconds, at the earliest after a moment. */
  async function hasUpTo(url: string, afterMs = 0): Promise<number> {
    let times: number[] = [];
    await untilTrue(async () => {
      const found = await instant(url, 'timestamp(up{job=~"exporter|prometheus"})');
      times = [...found.values()].map((seconds) => Math.round(Number(seconds) * 1000));
      return times.length === 2 && Math.min(...times) > afterMs;
    });
    return Math.min(...times);
  }

  /** All samples of both jobs in `(fromMs, toMs]`, series by series. */
  async function samples(url: string, fromMs: number, toMs: number): Promise<Map<string, string[]>> {
    // Prometheus 2 takes the left end of a range in, and 3 does not: a millisecond settles it.
    const query = `{job=~"exporter|prometheus"}[${Math.round(toMs - fromMs - 1)}ms]`;
    const { result } = await apiData(url, 'query', { query, time: toMs / 1000 });
    const seriesOf = (one: { metric: Record<string, string>; values: [number, string][] }) =>
      [labelText(one.metric), one.values.map(([time, value]) => `${value} @${time}`)] as const;
    return new Map(result.map(seriesOf).sort(([a]: [string], [b]: [string]) => (a < b ? -1 : 1)));
  }

  /** Both have the same series with the same samples. */
  async function expectEqualSamples(fromMs: number, toMs: number): Promise<void> {
    const expected = await samples(theirs.url, fromMs, toMs);
    expect(expected.size).toBeGreaterThan(300);
    await eventually(() => samples(ours.url, fromMs, toMs), expected);
  }

  test('series, samples, answers and metadata are its own', async () => {
    // What is scraped before forwarding has begun is not forwarded.
    const startMs = await hasUpTo(ours.url);
    const toMs = await hasUpTo(theirs.url, startMs + 6000);
    await expectEqualSamples(startMs, toMs);
    // Between two scrapes of both jobs, so that no sample lies on the edge of a range.
    const time = (toMs + 1) / 1000;
    for (const query of peerQueries) {
      const [mine, reference] = [
        await instant(ours.url, query, { time }),
        await instant(theirs.url, query, { time }),
      ];
      expect([query, [...mine.keys()].sort()]).toEqual([query, [...reference.keys()].sort()]);
      for (const [labels, value] of reference) {
        const own = Number(mine.get(labels));
        const other = Number(value);
        const isSame = Object.is(own, other) || Math.abs(own - other) <= 1e-9 * Math.abs(other);
        expect(isSame, `${query} ${labels}: ${own} instead of ${other}`).toBe(true);
      }
    }
    const range = { query: 'sum by (job) (up)', start: toMs / 1000 - 4, end: toMs / 1000, step: 1 };
    expect(await apiData(ours.url, 'query_range', range)).toEqual(
      await apiData(theirs.url, 'query_range', range),
    );
    for (const metric of ['prometheus_http_requests_total', 'node_load1', 'go_gc_duration_seconds']) {
      await eventually(
        () => apiData(ours.url, 'metadata', { metric }),
        await apiData(theirs.url, 'metadata', { metric }),
      );
    }
  });

  test('our server and our engine killed, Prometheus killed: nothing is lost or doubled', async () => {
    const startMs = await hasUpTo(ours.url);
    const scrapeFor = async (ms: number) => hasUpTo(theirs.url, (await hasUpTo(theirs.url)) + ms);
    await scrapeFor(2000);
    await ours.end('SIGKILL');
    await scrapeFor(2000);
    ours = await startOurs();
    await scrapeFor(2000);
    process.kill(childrenOf(ours.pid)[0]!, 'SIGKILL');
    await expectEqualSamples(startMs, await scrapeFor(2000));

    // A Prometheus that is killed does not send later what it had not sent, so nothing must be on its way.
    const beforeMs = await hasUpTo(theirs.url);
    await expectEqualSamples(startMs, beforeMs);
    await theirs.end('SIGKILL');
    const killedMs = Date.now();
    theirs = await startTheirs();
    const againMs = await hasUpTo(ours.url, killedMs);
    const endMs = await hasUpTo(theirs.url, againMs + 3000);
    await expectEqualSamples(startMs, beforeMs);
    await expectEqualSamples(againMs, endMs);
    const [mine, reference] = [
      await samples(ours.url, startMs, endMs),
      await samples(theirs.url, startMs, endMs),
    ];
    for (const [labels, list] of mine) {
      expect(new Set(list).size, labels).toBe(list.length);
      expect(reference.get(labels), labels).toEqual(expect.arrayContaining(list));
    }
  });
});

/** Scrapes itself and the exporter once a second, and forwards without delay. */
function configuration(ourPort: number, theirPort: number, exporterPort: number): string {
  return `
global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs:
  - job_name: prometheus
    static_configs: [{ targets: ['127.0.0.1:${theirPort}'] }]
  - job_name: exporter
    static_configs: [{ targets: ['127.0.0.1:${exporterPort}'], labels: { place: "Zürich \\"1\\"" } }]
remote_write:
  - url: http://127.0.0.1:${ourPort}/api/v1/write
    queue_config: { batch_send_deadline: 100ms, min_backoff: 50ms, max_backoff: 300ms }
    metadata_config: { send: true, send_interval: 1s }
`;
}

const peerQueries = [
  'up',
  'prometheus_http_requests_total',
  'node_memory_MemFree_bytes{place=~"Z.*"}',
  'sum by (mode) (rate(node_cpu_seconds_total[4500ms]))',
  'rate(prometheus_tsdb_head_samples_appended_total[4500ms])',
  'histogram_quantile(0.9, sum by (le) (rate(prometheus_http_request_duration_seconds_bucket[5s])))',
  'max_over_time(scrape_samples_scraped[5s])',
  'topk(3, go_memstats_alloc_bytes)',
  'count by (job) ({job=~"exporter|prometheus"})',
  'deriv(process_resident_memory_bytes[5s]) * 0 + on (job) group_left up',
  'label_replace(node_load1, "short", "$1", "instance", "(.*):.*")',
];

describe('remote write', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ 'host.enabled': false });
  });
  afterAll(() => server.remove());
  const nowMs = Date.now();

  async function values(selector: string, seconds = 7200): Promise<[number, string][]> {
    const { result } = await apiData(server.url, 'query', {
      query: `${selector}[${seconds}s]`,
      time: nowMs / 1000,
    });
    return (
      result[0]?.values.map(([time, value]: [number, string]) => [Math.round(time * 1000 - nowMs), value]) ??
      []
    );
  }

  test('two senders of the same series: one series, what both sent counts once', async () => {
    const labels = { __name__: 'twice', instance: 'a' };
    const both = [-30_000, -20_000, -10_000].map((at) => [nowMs + at, at] as const);
    const answers = await Promise.all([
      remoteWrite(server.url, [seriesModel(labels, both)]),
      remoteWrite2(server.url, [seriesModel(labels, [...both, [nowMs - 5000, 5]])]),
      remoteWrite(server.url, [seriesModel(labels, [...both, [nowMs - 4000, 4]])]),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204]);
    expect(await values('twice')).toEqual([
      [-30_000, '-30000'],
      [-20_000, '-20000'],
      [-10_000, '-10000'],
      [-5000, '5'],
      [-4000, '4'],
    ]);
  });

  test('samples out of order are taken and read in order', async () => {
    for (const at of [-10_000, -40_000, -20_000, -50_000, -30_000]) {
      const answer = await remoteWrite(server.url, [
        seriesModel({ __name__: 'shuffled' }, [[nowMs + at, at]]),
      ]);
      expect(answer.status).toBe(204);
    }
    const mixed = [-15_000, -45_000, -5000].map((at) => [nowMs + at, at] as const);
    expect((await remoteWrite(server.url, [seriesModel({ __name__: 'shuffled' }, mixed)])).status).toBe(204);
    expect((await values('shuffled')).map(([at]) => at)).toEqual([
      -50_000, -45_000, -40_000, -30_000, -20_000, -15_000, -10_000, -5000,
    ]);
  });

  test('samples of days ago, after newer ones, join their series', async () => {
    const day = 86_400_000;
    const labels = { __name__: 'backfilled', instance: 'b' };
    await remoteWrite(server.url, [seriesModel(labels, [[nowMs - 1000, 9]])]);
    const days = Array.from({ length: 10 }, (_, i) => [nowMs - (i + 1) * day, 10 - i] as const);
    expect((await remoteWrite(server.url, [seriesModel(labels, days)])).status).toBe(204);
    await eventually(
      () => scalarOf(server.url, 'count_over_time(backfilled[30d])', { time: nowMs / 1000 }),
      11,
    );
    expect(await scalarOf(server.url, 'backfilled', { time: (nowMs - 3 * day + 60_000) / 1000 })).toBe(8);
  });

  test('another value at a known time: the first stays; within one request the sender is told', async () => {
    const labels = { __name__: 'contested' };
    const [first, second] = [[[nowMs - 5000, 1]], [[nowMs - 5000, 2]]] as const;
    expect((await remoteWrite(server.url, [seriesModel(labels, first)])).status).toBe(204);
    expect((await remoteWrite(server.url, [seriesModel(labels, second)])).status).toBe(204);
    expect(await values('contested')).toEqual([[-5000, '1']]);
    const answer = await remoteWrite(server.url, [seriesModel({ __name__: 'torn' }, [...first, ...second])]);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toMatch(/^1 of 2 rejected: 1 duplicate_sample \(torn has two values at \d+/);
    expect(await values('torn')).toEqual([[-5000, '1']]);
  });

  test('a request that is partly wrong: what is right is kept, and both are counted', async () => {
    const answer = await remoteWrite2(server.url, [
      {
        ...seriesModel({ __name__: 'good', job: 'x' }, [
          [nowMs - 2000, 1],
          [nowMs - 1000, 2],
        ]),
        exemplars: [
          { labels: [['trace_id', '0123456789abcdef0123456789abcdef']], value: 1, timeMs: nowMs - 1500 },
        ],
        metadata: { type: 1, help: 'Good things.', unit: 'things' },
      },
      seriesModel({ __name__: 'ahead' }, [[nowMs + 10 * 86_400_000, 1]]),
      { labels: [['job', 'nameless']], samples: [{ timeMs: nowMs, value: 1 }] },
    ]);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toMatch(/^2 of \d rejected: /);
    expect(answer.headers.get('x-prometheus-remote-write-samples-written')).toBe('2');
    expect(answer.headers.get('x-prometheus-remote-write-histograms-written')).toBe('0');
    expect(answer.headers.get('x-prometheus-remote-write-exemplars-written')).toBe('1');
    expect(await values('good')).toEqual([
      [-2000, '1'],
      [-1000, '2'],
    ]);
    await eventually(() => apiData(server.url, 'metadata', { metric: 'good' }), {
      good: [{ type: 'counter', help: 'Good things.', unit: 'things' }],
    });
    const exemplars = { query: 'good', start: nowMs / 1000 - 60, end: nowMs / 1000 };
    await eventually(
      () => apiData(server.url, 'query_exemplars', exemplars),
      [
        {
          seriesLabels: { __name__: 'good', job: 'x' },
          exemplars: [
            {
              labels: { trace_id: '0123456789abcdef0123456789abcdef' },
              value: '1',
              timestamp: (nowMs - 1500) / 1000,
            },
          ],
        },
      ],
    );
  });

  test('a native histogram and its end', async () => {
    const histogram = (timeMs: number) => ({
      timeMs,
      count: { int: 6 },
      sum: 12.5,
      schema: 0,
      zeroThreshold: 0.001,
      zeroCount: { int: 1 },
      positiveSpans: [[0, 2]] as [number, number][],
      positiveDeltas: [2, 1],
    });
    const answer = await remoteWrite2(server.url, [
      { labels: [['__name__', 'latency']], histograms: [histogram(nowMs - 4000)], metadata: { type: 3 } },
    ]);
    expect([answer.status, answer.headers.get('x-prometheus-remote-write-histograms-written')]).toEqual([
      204,
      '1',
    ]);
    const time = { time: nowMs / 1000 };
    await eventually(() => scalarOf(server.url, 'histogram_count(latency)', time), 6);
    const { result } = await apiData(server.url, 'query', { query: 'latency', ...time });
    expect(result[0].histogram[1]).toEqual({
      count: '6',
      sum: '12.5',
      buckets: [
        [3, '-0.001', '0.001', '1'],
        [0, '0.5', '1', '2'],
        [0, '1', '2', '3'],
      ],
    });
  });

  test('special values keep their bits, and a staleness marker ends the series', async () => {
    const stale = Uint8Array.of(2, 0, 0, 0, 0, 0, 0xf0, 0x7f);
    const samples = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 5e-324, stale];
    const answer = await remoteWrite(server.url, [
      {
        labels: [['__name__', 'special']],
        samples: samples.map((value, i) => ({ value, timeMs: nowMs - 9000 + i * 1000 })),
      },
    ]);
    expect(answer.status).toBe(204);
    expect((await values('special')).map(([, value]) => value)).toEqual([
      'NaN',
      '+Inf',
      '-Inf',
      '-0',
      '5e-324',
    ]);
    expect(await scalarOf(server.url, 'special', { time: nowMs / 1000 - 5 })).toBe(5e-324);
    expect(await scalarOf(server.url, 'special', { time: nowMs / 1000 })).toBeUndefined();
  });

  test('what is no remote write says so, and a sender does not send it again', async () => {
    const send = (body: Uint8Array, headers: Record<string, string>) =>
      fetch(`${server.url}/api/v1/write`, { method: 'POST', body: new Uint8Array(body), headers });
    const snappy = { 'content-encoding': 'snappy', 'content-type': 'application/x-protobuf' };
    // Announces 4 GiB.
    const huge = await send(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f, 0), snappy);
    expect(huge.status).toBeGreaterThanOrEqual(400);
    expect(huge.status).toBeLessThan(500);
    expect((await send(Buffer.from('hello'), snappy)).status).toBe(400);
    expect((await send(Buffer.from('{}'), { ...snappy, 'content-type': 'application/json' })).status).toBe(
      415,
    );
    expect((await fetch(`${server.url}/api/v1/write`)).status).toBe(405);
  });
});

test('older than the retention: 400 with the reason, the rest is kept', async () => {
  const server = await startTestServer({ 'host.enabled': false, 'retention.metrics': '1h' });
  try {
    const nowMs = Date.now();
    const samples = [
      [nowMs - 7_200_000, 1],
      [nowMs - 1000, 2],
    ] as const;
    for (const send of [remoteWrite, remoteWrite2]) {
      const answer = await send(server.url, [seriesModel({ __name__: 'aged' }, samples)]);
      expect(answer.status).toBe(400);
      expect(await answer.text()).toMatch(/^1 of 2 rejected: 1 too_old \(.*older than the limit of 1 h/);
      expect(answer.headers.get('x-prometheus-remote-write-samples-written')).toBe('1');
    }
    expect(await scalarOf(server.url, 'count_over_time(aged[1d])', { time: nowMs / 1000 })).toBe(1);
  } finally {
    await server.remove();
  }
});
