import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import http, { type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  answersOk,
  apiData,
  eventually,
  freePort,
  instant,
  missingPeers,
  type Peer,
  scalarOf,
  startPeer,
} from './metrics-support.ts';
import {
  runCommand,
  startTestServer,
  type TestServer,
  temporaryFolder,
  untilTrue,
} from './server-support.ts';

/** A target in this process. */
interface Target {
  readonly address: string;
  /** Scrapes it has answered or begun to answer. */
  scrapes(): number;
  stop(): Promise<void>;
}

async function startTarget(handle: RequestListener): Promise<Target> {
  let scrapes = 0;
  const server = http.createServer((request, response) => {
    scrapes++;
    handle(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    scrapes: () => scrapes,
    async stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function page(text: string): RequestListener {
  return (_request, response) => response.setHeader('Content-Type', 'text/plain; version=0.0.4').end(text);
}

const folder = temporaryFolder();
const targets: Target[] = [];
let server: TestServer;
let good: Target;
let ending: Target;
let exporter: Peer | undefined;
const hasExporter = missingPeers('prometheus-node-exporter') === '';

async function add(handle: RequestListener): Promise<Target> {
  const target = await startTarget(handle);
  targets.push(target);
  return target;
}

const job = (job_name: string, address: string, more: object = {}) => ({
  job_name,
  static_configs: [{ targets: [address] }],
  ...more,
});

beforeAll(async () => {
  let served = 0;
  good = await add((request, response) =>
    page(`# HELP good_total Good things.\n# TYPE good_total counter\ngood_total{kind="a b"} ${++served}\n`)(
      request,
      response,
    ),
  );
  ending = await add(page('ending 1\n'));
  const bad = await startBadTargets();
  const ownPort = await freePort();
  const exporterPort = await freePort();
  if (hasExporter) {
    exporter = startPeer('prometheus-node-exporter', [`--web.listen-address=127.0.0.1:${exporterPort}`]);
    await untilTrue(() => answersOk(`http://127.0.0.1:${exporterPort}/metrics`));
  }
  const changing = [await add(page('changing 1\n')), await add(page('changing 2\n'))] as const;
  writeTargets(changing[0].address);
  writeFileSync(
    join(folder, 'prometheus.yml'),
    `
global: { scrape_interval: 1s, scrape_timeout: 900ms, external_labels: { site: test } }
rule_files: []
scrape_configs:
  - job_name: node-exporter
    static_configs: [{ targets: ['127.0.0.1:${exporterPort}'], labels: { env: prod } }]
    metric_relabel_configs:
      - { source_labels: [__name__], regex: 'go_.*', action: drop }
  - job_name: changing
    file_sd_configs: [{ files: ['targets.json'], refresh_interval: 1s }]
  - job_name: relabelled
    static_configs: [{ targets: ['${good.address}', 'dropped.invalid:1'], labels: { host: web } }]
    relabel_configs:
      - { source_labels: [__address__], regex: 'dropped.*', action: drop }
      - { source_labels: [host], target_label: instance, replacement: 'host-$1' }
`,
  );
  server = await startTestServer({
    'host.enabled': false,
    'server.listen': `127.0.0.1:${ownPort}`,
    global: { scrape_interval: '1s', scrape_timeout: '900ms' },
    scrape_configs: [
      job('good', good.address),
      job('ending', ending.address),
      job('own', `127.0.0.1:${ownPort}`),
      ...Object.entries(bad).map(([name, { address }]) =>
        job(name, address, name === 'endless' ? { body_size_limit: '1MB' } : {}),
      ),
    ],
    prometheus_config_file: join(folder, 'prometheus.yml'),
  });
  changeTo = () => writeTargets(changing[1].address);
});
afterAll(async () => {
  await server.remove();
  await exporter?.end('SIGKILL');
  for (const target of targets) await target.stop();
  rmSync(folder, { recursive: true, force: true });
});

let changeTo: () => void;

function writeTargets(address: string): void {
  writeFileSync(
    join(folder, 'targets.json'),
    JSON.stringify([{ targets: [address], labels: { from: 'file' } }]),
  );
}

/** Everything that a target can do wrong. */
async function startBadTargets(): Promise<Record<string, Target>> {
  const html = await add((_request, response) =>
    response.setHeader('Content-Type', 'text/html').end('<!doctype html><html><body>Log in</body></html>'),
  );
  const endless = await add((_request, response) => {
    response.setHeader('Content-Type', 'text/plain; version=0.0.4');
    const piece = `${'endless_total 1\n'.repeat(4096)}`;
    const write = () => {
      while (!response.destroyed && response.write(piece));
    };
    response.on('drain', write);
    write();
  });
  const hanging = await add(() => undefined);
  const slow = await add((_request, response) => {
    response.setHeader('Content-Type', 'text/plain; version=0.0.4');
    response.write('half_of_a_');
  });
  const circling = await add((request, response) =>
    response.writeHead(302, { Location: `http://${request.headers.host}${request.url}` }).end(),
  );
  const broken = await add((_request, response) => response.writeHead(500).end('no'));
  const garbage = await add(page('{{{{ not = metrics \u0000\n'));
  const gone = await startTarget(page(''));
  await gone.stop();
  return { html, endless, hanging, slow, circling, broken, garbage, gone };
}

// biome-ignore lint/suspicious/noExplicitAny: an answer of the API
const activeTargets = async (): Promise<any[]> => (await apiData(server.url, 'targets')).activeTargets;
const targetOf = async (name: string) =>
  (await activeTargets()).find(({ scrapePool }: { scrapePool: string }) => scrapePool === name);

describe('scraping', () => {
  test('a target: its series, up and the facts of the scrape', async () => {
    await untilTrue(async () => ((await scalarOf(server.url, 'good_total{job="good"}')) ?? 0) >= 3);
    const series = await apiData(server.url, 'series', { 'match[]': '{job="good"}' });
    const instance = good.address;
    expect(series).toEqual([
      { __name__: 'good_total', instance, job: 'good', kind: 'a b' },
      { __name__: 'scrape_duration_seconds', instance, job: 'good' },
      { __name__: 'scrape_samples_post_metric_relabeling', instance, job: 'good' },
      { __name__: 'scrape_samples_scraped', instance, job: 'good' },
      { __name__: 'scrape_series_added', instance, job: 'good' },
      { __name__: 'up', instance, job: 'good' },
    ]);
    expect(await scalarOf(server.url, 'scrape_samples_scraped{job="good"}')).toBe(1);
    expect(
      await scalarOf(server.url, 'count_over_time(scrape_series_added{job="good"}[1m]) > 1'),
    ).toBeGreaterThan(1);
    await eventually(() => apiData(server.url, 'metadata', { metric: 'good_total' }), {
      good_total: [{ type: 'counter', help: 'Good things.', unit: '' }],
    });
    expect(await targetOf('good')).toEqual({
      discoveredLabels: expect.objectContaining({ __address__: instance, __scheme__: 'http', job: 'good' }),
      labels: { instance, job: 'good' },
      scrapePool: 'good',
      scrapeUrl: `http://${instance}/metrics`,
      globalUrl: expect.stringMatching(/^http:.*\/metrics$/),
      lastError: '',
      lastScrape: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      lastScrapeDuration: expect.any(Number),
      health: 'up',
      scrapeInterval: '1s',
      scrapeTimeout: '900ms',
    });
    const metadata = await apiData(server.url, 'targets/metadata', { match_target: '{job="good"}' });
    expect(metadata).toEqual([
      {
        target: { instance, job: 'good' },
        metric: 'good_total',
        type: 'counter',
        help: 'Good things.',
        unit: '',
      },
    ]);
  });

  test('our own metrics', async () => {
    await untilTrue(async () => (await scalarOf(server.url, 'bellwether_build_info{job="own"} == 1')) === 1);
    expect(await scalarOf(server.url, 'process_resident_memory_bytes{job="own"}')).toBeGreaterThan(1e7);
  });

  test.skipIf(!hasExporter)(
    `node exporter, by a whole prometheus.yml${missingPeers('prometheus-node-exporter')}`,
    async () => {
      const selector = '{job="node-exporter",env="prod"}';
      await untilTrue(async () => ((await scalarOf(server.url, `count(${selector})`)) ?? 0) > 100);
      expect(await scalarOf(server.url, `up${selector}`)).toBe(1);
      expect(await scalarOf(server.url, `count(node_cpu_seconds_total${selector}) > 0`)).toBeGreaterThan(0);
      expect(await scalarOf(server.url, 'count({__name__=~"go_.*",job="node-exporter"})')).toBeUndefined();
      const [scraped, kept] = await Promise.all([
        scalarOf(server.url, `scrape_samples_scraped${selector}`),
        scalarOf(server.url, `scrape_samples_post_metric_relabeling${selector}`),
      ]);
      expect(kept).toBeLessThan(scraped!);
    },
  );

  test('relabelling: a label made, a target dropped', async () => {
    await untilTrue(
      async () => (await scalarOf(server.url, 'up{job="relabelled",instance="host-web"}')) === 1,
    );
    const { droppedTargets, droppedTargetCounts } = await apiData(server.url, 'targets', {
      state: 'dropped',
    });
    expect(droppedTargets).toEqual([
      {
        scrapePool: 'relabelled',
        discoveredLabels: expect.objectContaining({ __address__: 'dropped.invalid:1' }),
      },
    ]);
    expect(droppedTargetCounts).toMatchObject({ relabelled: 1, good: 0 });
    expect((await apiData(server.url, 'scrape_pools')).scrapePools).toContain('relabelled');
  });

  test('a file of targets that changes: the new one comes, the old one ends', async () => {
    await untilTrue(async () => (await scalarOf(server.url, 'changing{from="file"}')) === 1);
    changeTo();
    await eventually(() => instantValues('changing'), ['2']);
    expect((await activeTargets()).filter(({ scrapePool }) => scrapePool === 'changing')).toHaveLength(1);
    await eventually(() => instantValues('up{job="changing"}'), ['1']);
  });

  test('a target that stops: down, and its series end at once', async () => {
    await untilTrue(async () => (await scalarOf(server.url, 'ending')) === 1);
    await ending.stop();
    await eventually(() => scalarOf(server.url, 'up{job="ending"}'), 0);
    await eventually(() => scalarOf(server.url, 'ending'), undefined);
    // It has not vanished from the past.
    expect(await scalarOf(server.url, 'last_over_time(ending[5m])')).toBe(1);
    expect(await targetOf('ending')).toMatchObject({
      health: 'down',
      lastError: expect.stringMatching(/refused/i),
    });
  });

  test.each([
    ['html', /text\/html|content type/i],
    ['endless', /body size|limit/i],
    ['hanging', /deadline|timed? ?out|timeout/i],
    ['slow', /deadline|timed? ?out|timeout/i],
    ['circling', /redirect/i],
    ['broken', /500/],
    ['garbage', /./],
    ['gone', /refused/i],
  ])('%s: the target is down and says why', async (name, reason) => {
    await untilTrue(async () => (await targetOf(name))?.health === 'down');
    expect((await targetOf(name)).lastError).toMatch(reason);
    await eventually(() => scalarOf(server.url, `up{job="${name}"}`), 0);
    expect(await scalarOf(server.url, `count({job="${name}",__name__!~"up|scrape_.*"})`)).toBeUndefined();
  });

  test('the good target was not disturbed by the bad ones', async () => {
    const before = good.scrapes();
    await untilTrue(() => good.scrapes() >= before + 4);
    expect(await scalarOf(server.url, 'min_over_time(up{job="good"}[10m])')).toBe(1);
    // Each scrape adds one: none is missing among those that were stored.
    expect(await scalarOf(server.url, 'resets(good_total{job="good"}[10m])')).toBe(0);
    expect(await targetOf('good')).toMatchObject({ health: 'up', lastError: '' });
  });
});

async function instantValues(query: string): Promise<string[]> {
  return [...(await instant(server.url, query)).values()];
}

describe('mistakes in scrape jobs', () => {
  const check = async (text: string) => {
    const file = join(folder, 'mistaken.yml');
    writeFileSync(file, text);
    const { code, stderr } = await runCommand(['check', '--config', file]);
    return { code, text: stderr.replaceAll(folder, '') };
  };

  test.each([
    [
      'scrape_configs:\n  - job_name: a\n    scrape_intervall: 5s\n',
      '/mistaken.yml:3:5',
      'did you mean scrape_interval',
    ],
    ['scrape_configs:\n  - job_name: a\n    scrape_interval: soon\n', '/mistaken.yml:3:22', 'duration'],
    [
      'scrape_configs:\n  - job_name: a\n    scrape_interval: 1s\n    scrape_timeout: 5s\n',
      '/mistaken.yml:4:',
      'timeout',
    ],
    ['scrape_configs:\n  - job_name: a\n  - job_name: a\n', '/mistaken.yml:3:', 'a'],
    ['scrape_configs:\n  - static_configs: []\n', '/mistaken.yml:2:5', 'job_name'],
    [
      'scrape_configs:\n  - job_name: a\n    relabel_configs:\n      - { regex: "(", action: keep, source_labels: [a] }\n',
      '/mistaken.yml:4:',
      'regex',
    ],
    ['prometheus_config_file: nowhere.yml\n', '/nowhere.yml', ''],
  ])('%j', async (yaml, place, message) => {
    const { code, text } = await check(yaml);
    expect([code, text]).toEqual([1, expect.stringContaining(place)]);
    expect(text).toContain(message);
  });

  test('all of them at once, in a prometheus.yml as well', async () => {
    writeFileSync(
      join(folder, 'wrong.yml'),
      'global:\n  scrape_interval: 0\nscrape_configs:\n  - job_name: x\n    scheme: gopher\n',
    );
    const { code, text } = await check(
      'prometheus_config_file: wrong.yml\nscrape_configs: [{ job_name: 7, port: 1 }]\n',
    );
    expect(code).toBe(1);
    expect(text).toContain('/wrong.yml:5:');
    expect(text).toContain('/mistaken.yml:2:');
  });

  test('a server does not start with them', async () => {
    const file = join(folder, 'mistaken.yml');
    writeFileSync(file, 'scrape_configs: [{}]\n');
    const { code, stderr } = await runCommand([
      'serve',
      ...['--config', file, '--data-dir', join(folder, 'data'), '--listen', '127.0.0.1:0'],
      ...['--otlp-http-listen', 'off', '--otlp-grpc-listen', 'off'],
    ]);
    expect([code, stderr]).toEqual([1, expect.stringContaining(':1:')]);
  });
});
