import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { MemoryStreamRegistry, type Write } from '../ingest/index.ts';
import { ProtoWriter } from '../ingest/protocols/exposition/testing/proto-writer.ts';
import type { Clock } from '../lib/clock.ts';
import { BellwetherError } from '../lib/errors.ts';
import type { OutboundRequest, OutboundResponse } from '../lib/outbound.ts';
import { OutboundError } from '../lib/outbound.ts';
import { unknownPlace } from '../prom-config/index.ts';
import { createBatch } from '../store/index.ts';
import { nativeBlock } from '../store/native/block.ts';
import { FakeClock, settle } from '../store/testing/fake-clock.ts';
import { type Row, rowsOf } from '../store/testing/native-rows.ts';
import { parseScrapeConfigs, type ScrapeConfig } from './config/index.ts';
import { createScraper, type Scraper, type ScraperParts } from './scraper.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

class TestClock extends FakeClock implements Clock {
  elapsed(): number {
    return this.now();
  }
}

const limits = {
  bodyBytes: 1e9,
  recordsPerRequest: 1e9,
  attributesPerRecord: 1e9,
  valueBytes: 1e9,
  valueDepth: 9,
  maxAgeMs: 86_400_000,
  maxFutureMs: 0,
};

interface StoredSample {
  readonly series: string;
  readonly atMs: number;
  /** The text `stale` for a staleness marker. */
  readonly value: number | 'stale';
}

/** Takes writes like the real pipeline: all of one or nothing. */
class FakePipeline {
  readonly #clock: Clock;
  readonly #registry = new MemoryStreamRegistry();
  readonly #names = new Map<unknown, string>();
  #waiting: (() => void)[] = [];
  readonly samples: StoredSample[] = [];
  readonly metadata: Row[] = [];
  readonly exemplars: Row[] = [];
  readonly histograms: Row[] = [];
  readonly rejections = new Map<string, number>();
  writes = 0;
  refusal: BellwetherError | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  readonly write = async ({ decode }: Write): Promise<void> => {
    if (this.refusal !== undefined) throw this.refusal;
    const batch = createBatch();
    this.#registry.mark();
    try {
      const outcome = decode({
        batch,
        nowMs: this.#clock.now(),
        limits,
        streams: this.#registry,
        observer: undefined,
      });
      for (const { code, count } of outcome.rejections.values())
        this.rejections.set(code, (this.rejections.get(code) ?? 0) + count);
    } catch (error) {
      this.#registry.rollback();
      throw error;
    }
    for (const row of rowsOf(batch.metric_series)) this.#names.set(row.series_id, seriesText(row));
    const values = nativeBlock({ value: batch.metric_samples.value });
    const rows = rowsOf(batch.metric_samples);
    const bits = Buffer.concat(values).subarray(-8 * rows.length);
    for (const [i, row] of rows.entries()) this.samples.push(this.#sample(row, bits.readBigUInt64LE(8 * i)));
    this.metadata.push(...rowsOf(batch.metric_metadata));
    this.exemplars.push(...rowsOf(batch.metric_exemplars));
    this.histograms.push(...rowsOf(batch.metric_histograms));
    this.writes++;
    for (const resolve of this.#waiting.splice(0)) resolve();
  };

  /** @param bits of the value: a number does not keep those of a staleness marker. */
  #sample(row: Row, bits: bigint): StoredSample {
    return {
      series: this.#names.get(row.series_id) ?? `unknown ${String(row.series_id)}`,
      atMs: Number(row.ts),
      value: bits === 0x7ff0_0000_0000_0002n ? 'stale' : (row.value as number),
    };
  }

  /** Resolves at the next write. */
  next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Samples of one series, by its text or the start of it. */
  of(series: string): (number | 'stale')[] {
    return this.samples.filter((sample) => sample.series.startsWith(series)).map(({ value }) => value);
  }

  /** Samples without those about scrapes. */
  own(): string[] {
    return this.samples
      .filter(({ series }) => !/^(up|scrape_)/.test(series))
      .map(({ series, value }) => `${series} ${value}`);
  }
}

function seriesText(row: Row): string {
  const labels = (row.labels as [string, string][]).map(([name, value]) => `${name}="${value}"`);
  return `${row.metric as string}{${labels.join(',')}}`;
}

type Answer = string | Partial<OutboundResponse> | Error;

interface Setup {
  readonly clock: TestClock;
  readonly pipeline: FakePipeline;
  readonly scraper: Scraper;
  readonly requests: OutboundRequest[];
  /** Answers by URL. */
  readonly pages: Map<string, Answer>;
}

function setUp({
  clock = new TestClock(),
  ...parts
}: Partial<ScraperParts> & { clock?: TestClock } = {}): Setup {
  const pipeline = new FakePipeline(clock);
  const requests: OutboundRequest[] = [];
  const pages = new Map<string, Answer>();
  const createClient: ScraperParts['createClient'] = () => ({
    async request(request) {
      requests.push(request);
      const answer = pages.get(request.url) ?? new OutboundError('outbound_failed', 'connection refused');
      if (answer instanceof Error) throw answer;
      const given = typeof answer === 'string' ? { body: Buffer.from(answer) } : answer;
      const body = given.body ?? new Uint8Array();
      const headers = { 'content-type': 'text/plain; version=0.0.4' };
      return {
        status: 200,
        statusText: 'OK',
        headers,
        receivedBytes: body.byteLength,
        url: request.url,
        ...given,
        body,
      };
    },
    close: async () => {},
  });
  const scraper = createScraper({
    write: pipeline.write,
    clock,
    createClient,
    seed: 's',
    globalHost: 'me',
    ...parts,
  });
  cleanups.push(() => scraper.close());
  return { clock, pipeline, scraper, requests, pages };
}

function jobsOf(...scrapeConfigs: Record<string, unknown>[]): readonly ScrapeConfig[] {
  const sections = {
    global: { scrape_interval: '10s', scrape_timeout: '5s' },
    scrape_configs: scrapeConfigs,
  };
  const { jobs, problems } = parseScrapeConfigs(sections, { place: unknownPlace('test'), directory: '/' });
  expect(problems).toEqual([]);
  return jobs;
}

const oneTarget = (more: Record<string, unknown> = {}) =>
  jobsOf({ job_name: 'j', static_configs: [{ targets: ['h:1'] }], ...more });
const URL_1 = 'http://h:1/metrics';
const own = 'instance="h:1",job="j"';

describe('a target', () => {
  test('is scraped once per interval, at even times, with its report', async () => {
    const { clock, pipeline, scraper, pages } = setUp();
    pages.set(URL_1, '# TYPE a counter\n# HELP a Help.\na{x="1"} 5\nb 6 \n');
    scraper.reload(oneTarget());
    await clock.pass(30_000);
    expect(pipeline.of(`a{${own},x="1"}`)).toEqual([5, 5, 5]);
    expect(pipeline.of('up{')).toEqual([1, 1, 1]);
    expect(pipeline.of('scrape_samples_scraped')).toEqual([2, 2, 2]);
    expect(pipeline.of('scrape_samples_post_metric_relabeling')).toEqual([2, 2, 2]);
    expect(pipeline.of('scrape_series_added')).toEqual([2, 0, 0]);
    expect(pipeline.of('scrape_duration_seconds')).toEqual([0, 0, 0]);
    const times = pipeline.samples.filter(({ series }) => series.startsWith('up{')).map(({ atMs }) => atMs);
    expect(new Set(times.map((atMs) => atMs % 10_000)).size).toBe(1);
    expect(times[1]! - times[0]!).toBe(10_000);
    expect(pipeline.metadata).toEqual([
      expect.objectContaining({ metric: 'a', type: 'counter', help: 'Help.' }),
    ]);
  });

  test('is asked as Prometheus asks', async () => {
    const { clock, scraper, requests } = setUp({ userAgent: 'Bellwether/9' });
    scraper.reload(oneTarget({ params: { 'x y': ['1', '2'] }, metrics_path: '/m/a' }));
    await clock.pass(10_000);
    expect(requests[0]).toMatchObject({
      url: 'http://h:1/m/a?x+y=1&x+y=2',
      timeoutMs: 5000,
      headers: {
        accept:
          'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
        'accept-encoding': 'gzip',
        'user-agent': 'Bellwether/9',
        'x-prometheus-scrape-timeout-seconds': '5',
      },
    });
  });

  test('targets are spread over the interval, the same way each time', async () => {
    const targets = Array.from({ length: 50 }, (_, i) => `h:${i}`);
    const moments = async () => {
      const { clock, pipeline, scraper } = setUp();
      scraper.reload(jobsOf({ job_name: 'j', static_configs: [{ targets }] }));
      await clock.pass(10_000);
      return pipeline.samples
        .filter(({ series }) => series.startsWith('up{'))
        .map(({ series, atMs }) => `${series} ${atMs}`);
    };
    const first = await moments();
    expect(await moments()).toEqual(first);
    expect(new Set(first.map((text) => text.split(' ')[1])).size).toBeGreaterThan(40);
  });

  test('a timer that fires early makes no extra scrape', async () => {
    class EarlyClock extends TestClock {
      override after(delayMs: number, run: () => void): () => void {
        return super.after(delayMs > 1000 ? delayMs - 1 : delayMs, run);
      }
    }
    const { clock, pipeline, scraper, pages } = setUp({ clock: new EarlyClock() });
    pages.set(URL_1, 'a 1\n');
    scraper.reload(oneTarget());
    await clock.pass(30_000);
    const times = pipeline.samples.filter(({ series }) => series.startsWith('a{')).map(({ atMs }) => atMs);
    expect(times.map((atMs) => atMs - times[0]!)).toEqual([0, 10_000, 20_000]);
  });

  test('a clock that is set back or forward does not stop the scraping', async () => {
    class SetClock extends TestClock {
      shiftMs = 0;
      override now(): number {
        return super.now() + this.shiftMs;
      }
    }
    const clock = new SetClock();
    const { pipeline, scraper, pages } = setUp({ clock });
    pages.set(URL_1, 'a 1\n');
    scraper.reload(oneTarget());
    for (const shiftMs of [0, -3_600_000, 7_200_000]) {
      const before = pipeline.of('a{').length;
      clock.shiftMs = shiftMs;
      await clock.pass(30_000);
      expect(pipeline.of('a{').length - before).toBeGreaterThanOrEqual(2);
    }
  });

  test('never overlaps itself; what it misses is counted', async () => {
    const clock = new TestClock();
    let finish: ((response: OutboundResponse) => void) | undefined;
    let requests = 0;
    let skipped = 0;
    const { scraper, pipeline } = setUp({
      clock,
      createClient: () => ({
        request: () => {
          requests++;
          return new Promise((resolve) => {
            finish = resolve;
          });
        },
        close: async () => {},
      }),
      meter: { scraped() {}, skipped: () => void skipped++ },
    });
    scraper.reload(oneTarget());
    await clock.pass(35_000);
    expect(requests).toBe(1);
    finish?.({
      status: 200,
      statusText: '',
      headers: { 'content-type': 'text/plain' },
      body: Buffer.from('a 1\n'),
      receivedBytes: 4,
      url: '',
    });
    await settle();
    expect(skipped).toBeGreaterThanOrEqual(2);
    expect(pipeline.of('up{')).toEqual([1]);
    await clock.pass(10_000);
    expect(requests).toBe(2);
  });
});

describe('labels', () => {
  const page = 'a{job="theirs",instance="i",exported_job="e",x="1"} 1\n';

  test('those of the target win; the exposed ones are kept aside', async () => {
    const { clock, pipeline, scraper, pages } = setUp();
    pages.set(URL_1, page);
    scraper.reload(oneTarget());
    await clock.pass(10_000);
    expect(pipeline.own()).toEqual([
      `a{exported_exported_job="theirs",exported_instance="i",exported_job="e",${own},x="1"} 1`,
    ]);
  });

  test('honor_labels', async () => {
    const { clock, pipeline, scraper, pages } = setUp();
    pages.set(URL_1, `${page}b 2\n`);
    scraper.reload(oneTarget({ honor_labels: true }));
    await clock.pass(10_000);
    expect(pipeline.own()).toEqual(['a{exported_job="e",instance="i",job="theirs",x="1"} 1', `b{${own}} 2`]);
  });

  test('metric relabelling renames and drops, and costs no work the second time', async () => {
    const { clock, pipeline, scraper, pages } = setUp();
    pages.set(URL_1, 'a{x="1"} 1\nb 2\nc 3\n');
    scraper.reload(
      oneTarget({
        metric_relabel_configs: [
          { source_labels: ['__name__'], regex: 'b', action: 'drop' },
          { source_labels: ['x'], regex: '(.+)', target_label: 'y' },
          { regex: 'x', action: 'labeldrop' },
        ],
      }),
    );
    await clock.pass(20_000);
    const once = [`a{${own},y="1"} 1`, `c{${own}} 3`];
    expect(pipeline.own()).toEqual([...once, ...once]);
    expect(pipeline.of('scrape_samples_scraped')).toEqual([3, 3]);
    expect(pipeline.of('scrape_samples_post_metric_relabeling')).toEqual([2, 2]);
  });

  test('target relabelling sets address, path, scheme, parameters, interval', async () => {
    const { clock, scraper, requests } = setUp();
    scraper.reload(
      jobsOf({
        job_name: 'j',
        params: { module: ['a'] },
        static_configs: [{ targets: ['probe.example'], labels: { team: 'x' } }],
        relabel_configs: [
          { source_labels: ['__address__'], target_label: '__param_target' },
          { target_label: '__param_module', replacement: 'b' },
          { target_label: '__address__', replacement: 'exporter:9115' },
          { target_label: '__metrics_path__', replacement: '/probe' },
          { target_label: '__scheme__', replacement: 'https' },
          { target_label: '__scrape_interval__', replacement: '5s' },
          { target_label: '__tmp', replacement: 'gone' },
        ],
      }),
    );
    await clock.pass(5000);
    expect(requests[0]?.url).toBe('https://exporter:9115/probe?module=b&target=probe.example');
    const [target] = scraper.targets().activeTargets;
    expect(target).toMatchObject({
      labels: { instance: 'exporter:9115', job: 'j', team: 'x' },
      scrapeInterval: '5s',
      scrapeTimeout: '5s',
    });
    expect(Object.keys(target!.labels)).toHaveLength(3);
  });
});

describe('what disappears', () => {
  test('gets a marker, once, and may come back', async () => {
    const { clock, pipeline, scraper, pages } = setUp();
    scraper.reload(oneTarget());
    for (const page of ['a 1\nb 1\n', 'a 2\n', 'a 3\n', 'a 4\nb 4\n']) {
      pages.set(URL_1, page);
      await clock.pass(10_000);
    }
    expect(pipeline.of('b{')).toEqual([1, 'stale', 4]);
    expect(pipeline.of('a{')).toEqual([1, 2, 3, 4]);
    expect(pipeline.of('scrape_series_added')).toEqual([2, 0, 0, 1]);
  });

  test.each<[string, Answer, string]>([
    [
      'a refused connection',
      new OutboundError('outbound_failed', 'connection refused'),
      'connection refused',
    ],
    ['a status', { status: 503, statusText: 'Down' }, 'server returned HTTP status 503 Down'],
    [
      'HTML',
      { headers: { 'content-type': 'text/html' }, body: Buffer.from('<html>') },
      'the target answered text/html, which is no exposition format, and no fallback_scrape_protocol is set',
    ],
    ['a broken page', 'a 2\nb {\n', ''],
    [
      'a body that is too large',
      new OutboundError('outbound_body_too_large', 'x'),
      'body size limit exceeded',
    ],
  ])('everything at %s', async (_, answer, error) => {
    const { clock, pipeline, scraper, pages } = setUp();
    scraper.reload(oneTarget());
    pages.set(URL_1, 'a 1\nb 1\n');
    await clock.pass(10_000);
    pages.set(URL_1, answer);
    await clock.pass(20_000);
    pages.set(URL_1, 'a 3\n');
    await clock.pass(10_000);
    expect(pipeline.of('a{')).toEqual([1, 'stale', 3]);
    expect(pipeline.of('b{')).toEqual([1, 'stale']);
    expect(pipeline.of('up{')).toEqual([1, 0, 0, 1]);
    pages.set(URL_1, answer);
    await clock.pass(10_000);
    const [target] = scraper.targets().activeTargets;
    expect(target).toMatchObject({ health: 'down' });
    expect(target?.lastError).toContain(error);
    expect(target?.lastError).not.toBe('');
  });

  test('series with times of their own are left alone, unless asked for', async () => {
    for (const isTracked of [false, true]) {
      const { clock, pipeline, scraper, pages } = setUp();
      scraper.reload(oneTarget({ track_timestamps_staleness: isTracked }));
      pages.set(URL_1, `a 1 ${clock.now()}\n`);
      await clock.pass(10_000);
      pages.set(URL_1, '');
      await clock.pass(10_000);
      expect(pipeline.of('a{')).toEqual(isTracked ? [1, 'stale'] : [1]);
      await scraper.close();
    }
  });

  test('a target that goes away ends after two intervals', async () => {
    const { clock, pipeline, scraper, pages } = setUp();
    pages.set(URL_1, 'a 1\n');
    scraper.reload(oneTarget());
    await clock.pass(10_000);
    const goneMs = clock.now();
    scraper.reload(jobsOf());
    await clock.pass(10_000);
    expect(pipeline.of('a{')).toEqual([1]);
    await clock.pass(20_000);
    expect(pipeline.of('a{')).toEqual([1, 'stale']);
    expect(pipeline.of('up{')).toEqual([1, 'stale']);
    expect(pipeline.samples.at(-1)?.atMs).toBe(goneMs);
  });

  test('one that comes back in time goes on', async () => {
    const { clock, pipeline, scraper, pages } = setUp();
    pages.set(URL_1, 'a 1\nb 1\n');
    scraper.reload(oneTarget());
    await clock.pass(10_000);
    scraper.reload(jobsOf());
    await clock.pass(5000);
    pages.set(URL_1, 'a 2\n');
    scraper.reload(oneTarget());
    await clock.pass(30_000);
    expect(pipeline.of('a{')).not.toContain('stale');
    expect(pipeline.of('up{')).not.toContain('stale');
    expect(pipeline.of('b{')).toEqual([1, 'stale']);
  });

  test('closing ends nothing', async () => {
    const { clock, pipeline, scraper, pages } = setUp();
    pages.set(URL_1, 'a 1\n');
    scraper.reload(oneTarget());
    await clock.pass(10_000);
    const before = pipeline.samples.length;
    await scraper.close();
    await clock.pass(100_000);
    expect(pipeline.samples).toHaveLength(before);
  });
});

describe('times on the page', () => {
  test('are honoured, or not', async () => {
    const { clock, pipeline, scraper, pages } = setUp();
    const atMs = clock.now() - 5000;
    pages.set(URL_1, `a 1 ${atMs}\n`);
    pages.set('http://h:2/metrics', `a 1 ${atMs}\n`);
    scraper.reload(
      jobsOf(
        { job_name: 'yes', static_configs: [{ targets: ['h:1'] }] },
        { job_name: 'no', honor_timestamps: false, static_configs: [{ targets: ['h:2'] }] },
      ),
    );
    await clock.pass(10_000);
    const times = new Map(pipeline.samples.map((sample) => [sample.series, sample.atMs]));
    expect(times.get('a{instance="h:1",job="yes"}')).toBe(atMs);
    expect(times.get('a{instance="h:2",job="no"}')).toBeGreaterThan(atMs);
  });

  test('out of bounds are left out and counted', async () => {
    const { clock, pipeline, scraper, pages } = setUp();
    const nowMs = clock.now();
    pages.set(URL_1, `a 1 ${nowMs + 700_000}\nb 1 ${nowMs - 2 * 86_400_000}\nc 1 ${nowMs}\n`);
    scraper.reload(oneTarget());
    await clock.pass(10_000);
    expect(pipeline.own()).toEqual([`c{${own}} 1`]);
    expect([...pipeline.rejections]).toEqual([
      ['too_far_in_future', 1],
      ['too_old', 1],
    ]);
  });

  test('the first of two samples of a series counts', async () => {
    const { clock, pipeline, scraper, pages } = setUp();
    pages.set(URL_1, 'a{x="1",y="2"} 1\na{y="2",x="1"} 2\na{x="1",y="2"} 3\n');
    scraper.reload(oneTarget());
    await clock.pass(20_000);
    expect(pipeline.of('a{')).toEqual([1, 1]);
    expect(pipeline.rejections.get('duplicate_sample')).toBe(4);
    expect(pipeline.of('up{')).toEqual([1, 1]);
  });
});

describe('limits', () => {
  test.each<[Record<string, unknown>, string]>([
    [{ sample_limit: 1 }, 'sample limit exceeded'],
    [{ label_limit: 3 }, 'label_limit exceeded (metric: a, number of labels: 4, limit: 3)'],
    [
      { label_name_length_limit: 7 },
      'label_name_length_limit exceeded (metric: a, label name: __name__, length: 8, limit: 7)',
    ],
    [
      { label_value_length_limit: 4 },
      'label_value_length_limit exceeded (metric: a, label name: x, value: "12345", length: 5, limit: 4)',
    ],
  ])('%j', async (config, message) => {
    const { clock, pipeline, scraper, pages } = setUp();
    pages.set(URL_1, 'a{x="12345"} 1\nb 2\n');
    scraper.reload(oneTarget(config));
    await clock.pass(10_000);
    expect(pipeline.own()).toEqual([]);
    expect(pipeline.of('up{')).toEqual([0]);
    expect(scraper.targets().activeTargets[0]?.lastError).toBe(message);
    if ('sample_limit' in config) expect(pipeline.of('scrape_samples_scraped')).toEqual([2]);
  });

  test('target_limit fails all targets without asking them', async () => {
    const { clock, pipeline, scraper, requests } = setUp();
    scraper.reload(jobsOf({ job_name: 'j', target_limit: 1, static_configs: [{ targets: ['h:1', 'h:2'] }] }));
    await clock.pass(10_000);
    expect(requests).toEqual([]);
    expect(pipeline.of('up{')).toEqual([0, 0]);
    expect(scraper.targets().activeTargets[0]?.lastError).toBe(
      'target_limit exceeded (number of targets: 2, limit: 1)',
    );
  });

  test('extra_scrape_metrics', async () => {
    const { clock, pipeline, scraper, pages } = setUp();
    pages.set(URL_1, 'a 1\n');
    scraper.reload(oneTarget({ extra_scrape_metrics: true, sample_limit: 5 }));
    await clock.pass(10_000);
    expect(pipeline.of('scrape_timeout_seconds')).toEqual([5]);
    expect(pipeline.of('scrape_sample_limit')).toEqual([5]);
    expect(pipeline.of('scrape_body_size_bytes')).toEqual([4]);
  });
});

test('a page whose metrics change their type', async () => {
  const { clock, pipeline, scraper, pages } = setUp();
  scraper.reload(oneTarget());
  for (const type of ['counter', 'gauge', 'gauge']) {
    pages.set(URL_1, `# TYPE a ${type}\na 1\n`);
    await clock.pass(10_000);
  }
  expect(pipeline.metadata.map(({ type }) => type)).toEqual(['counter', 'gauge']);
  expect(scraper.targetMetadata({ metric: 'a' })).toEqual([
    { target: { instance: 'h:1', job: 'j' }, type: 'gauge', help: '', unit: '' },
  ]);
  expect(scraper.targetMetadata({ matches: (labels) => labels.get('job') === 'x' })).toEqual([]);
});

test('an exemplar that stays on the page is stored once', async () => {
  const { clock, pipeline, scraper, pages } = setUp();
  const headers = { 'content-type': 'application/openmetrics-text; version=1.0.0' };
  scraper.reload(oneTarget());
  for (const exemplar of [
    '{trace_id="0123456789abcdef0123456789abcdef"} 0.5',
    '{trace_id="0123456789abcdef0123456789abcdef"} 0.5',
    '{x="y"} 0.7',
  ]) {
    pages.set(URL_1, { headers, body: Buffer.from(`# TYPE a counter\na_total 1 # ${exemplar}\n# EOF\n`) });
    await clock.pass(10_000);
  }
  expect(pipeline.exemplars.map(({ value, trace_id: id }) => [value, id])).toEqual([
    [0.5, '0123456789abcdef0123456789abcdef'],
    [0.7, '0'.repeat(32)],
  ]);
});

describe('native histograms', () => {
  /** One histogram with classic buckets and four native ones. */
  const body = new ProtoWriter()
    .message(undefined, (family) =>
      family
        .text(1, 'h')
        .varint(3, 4)
        .message(4, (metric) =>
          metric.message(7, (histogram) =>
            histogram
              .varint(1, 4)
              .double(2, 9)
              .message(3, (bucket) => bucket.varint(1, 4).double(2, 8))
              .zigzag(5, 3)
              .double(6, 1e-9)
              .message(12, (span) => span.zigzag(1, 1).varint(2, 4))
              .packedZigzag(13, [1, 0, 0, 0]),
          ),
        ),
    )
    .bytes();
  const page = {
    headers: {
      'content-type':
        'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited',
    },
    body,
  };

  async function scraped(config: Record<string, unknown>) {
    const setup = setUp();
    setup.pages.set(URL_1, page);
    setup.scraper.reload(oneTarget(config));
    await setup.clock.pass(10_000);
    return setup;
  }

  test('are stored when asked for, and end with a marker of their own', async () => {
    const { clock, pages, pipeline, requests } = await scraped({ scrape_native_histograms: true });
    expect(requests[0]?.headers?.accept).toMatch(/^application\/vnd\.google\.protobuf/);
    expect(pipeline.histograms).toMatchObject([
      { metric: 'h', schema: 3, positive_index: [1n, 2n, 3n, 4n], count: 4 },
    ]);
    expect(pipeline.own()).toEqual([]);
    pages.set(URL_1, '');
    await clock.pass(10_000);
    expect(pipeline.histograms[1]).toMatchObject({ metric: 'h', sum: Number.NaN });
    expect(pipeline.own()).toEqual([]);
  });

  test('are left out by default, and beside the classic form when asked for', async () => {
    const plain = await scraped({});
    expect(plain.pipeline.histograms).toEqual([]);
    expect(plain.pipeline.of('h_bucket')).toEqual([4, 4]);
    const both = await scraped({ scrape_native_histograms: true, always_scrape_classic_histograms: true });
    expect(both.pipeline.histograms).toHaveLength(1);
    expect(both.pipeline.of('h_count')).toEqual([4]);
  });

  test('have at most so many buckets', async () => {
    const few = await scraped({ scrape_native_histograms: true, native_histogram_bucket_limit: 2 });
    expect(few.pipeline.histograms).toMatchObject([{ schema: 2, positive_index: [1n, 2n] }]);
    const none = await scraped({
      scrape_native_histograms: true,
      native_histogram_bucket_limit: 1,
      native_histogram_min_bucket_factor: 1.1,
    });
    expect(none.pipeline.histograms).toMatchObject([{ schema: 1, positive_index: [1n] }]);
  });
});

describe('storage that fails', () => {
  test('does not end the scraping', async () => {
    const { clock, pipeline, scraper, pages } = setUp();
    pages.set(URL_1, 'a 1\n');
    scraper.reload(oneTarget());
    await clock.pass(10_000);
    pipeline.refusal = new BellwetherError({ code: 'storage_unavailable', message: 'no disk', status: 503 });
    await clock.pass(20_000);
    expect(scraper.targets().activeTargets[0]).toMatchObject({ health: 'up', lastError: 'no disk' });
    pipeline.refusal = undefined;
    await clock.pass(10_000);
    expect(pipeline.of('a{')).toEqual([1, 1]);
    expect(scraper.targets().activeTargets[0]).toMatchObject({ health: 'up', lastError: '' });
  });
});

describe('reload', () => {
  test('leaves unchanged jobs alone and keeps what is known of changed ones', async () => {
    const { clock, pipeline, scraper, pages } = setUp();
    const job = (name: string, more = {}) => ({
      job_name: name,
      static_configs: [{ targets: [`${name}:1`] }],
      ...more,
    });
    pages.set('http://a:1/metrics', 'x 1\ny 1\n');
    pages.set('http://b:1/metrics', 'x 1\n');
    scraper.reload(jobsOf(job('a'), job('b')));
    await clock.pass(10_000);
    const before = scraper.targets().activeTargets;
    pages.set('http://a:1/metrics', 'x 2\n');
    scraper.reload(jobsOf(job('a', { sample_limit: 100 }), job('b'), job('c')));
    expect(scraper.targets().activeTargets.slice(0, 2)).toEqual(before);
    expect(scraper.scrapePools()).toEqual(['a', 'b', 'c']);
    await clock.pass(40_000);
    expect(pipeline.of('x{instance="a:1"')).not.toContain('stale');
    expect(pipeline.of('y{')).toEqual([1, 'stale']);
    expect(pipeline.of('scrape_series_added{instance="b:1"')).toEqual([1, 0, 0, 0, 0]);
  });

  test('a job whose targets get other labels ends the old series', async () => {
    const { clock, pipeline, scraper, pages } = setUp();
    pages.set(URL_1, 'x 1\n');
    scraper.reload(oneTarget());
    await clock.pass(10_000);
    scraper.reload(oneTarget({ static_configs: [{ targets: ['h:1'], labels: { new: 'l' } }] }));
    await clock.pass(30_000);
    expect(pipeline.of(`x{${own}}`)).toEqual([1, 'stale']);
    expect(pipeline.of(`x{${own},new="l"}`)).toEqual([1, 1, 1]);
  });
});

describe('status', () => {
  test('is what Prometheus answers', async () => {
    const { clock, scraper, pages } = setUp();
    pages.set('http://localhost:1/metrics', 'a 1\n');
    scraper.reload(
      jobsOf({
        job_name: 'j',
        static_configs: [{ targets: ['localhost:1', 'dropme', 'bad/address'] }],
        relabel_configs: [{ source_labels: ['__address__'], regex: 'dropme', action: 'drop' }],
      }),
    );
    const discovered = {
      __metrics_path__: '/metrics',
      __scheme__: 'http',
      __scrape_interval__: '10s',
      __scrape_timeout__: '5s',
      job: 'j',
    };
    expect(scraper.targets()).toEqual({
      activeTargets: [
        {
          discoveredLabels: { ...discovered, __address__: 'localhost:1' },
          labels: { instance: 'localhost:1', job: 'j' },
          scrapePool: 'j',
          scrapeUrl: 'http://localhost:1/metrics',
          globalUrl: 'http://me:1/metrics',
          lastError: '',
          lastScrape: '0001-01-01T00:00:00Z',
          lastScrapeDuration: 0,
          health: 'unknown',
          scrapeInterval: '10s',
          scrapeTimeout: '5s',
        },
      ],
      droppedTargets: [{ discoveredLabels: { ...discovered, __address__: 'dropme' }, scrapePool: 'j' }],
      droppedTargetCounts: { j: 1 },
    });
    await clock.pass(10_000);
    expect(scraper.targets({ state: 'active' })).toMatchObject({
      activeTargets: [{ health: 'up', lastScrape: expect.stringMatching(/^20.*Z$/) }],
      droppedTargets: [],
    });
    expect(scraper.targets({ scrapePool: 'other' }).activeTargets).toEqual([]);
    expect(scraper.pools()).toEqual([
      {
        name: 'j',
        active: 1,
        up: 1,
        dropped: 1,
        problems: ['instance 2 in group 0: "bad/address" is not a valid hostname'],
      },
    ]);
  });
});

describe('real targets', () => {
  /** A scraper with real sockets; time passes only when told to, so each round is one scrape. */
  async function scrapeOnce(port: number, more: Record<string, unknown> = {}) {
    const clock = new TestClock();
    const pipeline = new FakePipeline(clock);
    const scraper = createScraper({ write: pipeline.write, clock, maxBodyBytes: 1_000_000 });
    cleanups.push(() => scraper.close());
    scraper.reload(
      jobsOf({
        job_name: 'j',
        scrape_timeout: '8s',
        static_configs: [{ targets: [`127.0.0.1:${port}`] }],
        ...more,
      }),
    );
    const written = pipeline.next();
    await clock.pass(10_000);
    await written;
    await settle();
    return { pipeline, target: scraper.targets().activeTargets[0]!, scraper, clock };
  }

  async function listen(
    server: ReturnType<typeof createServer> | ReturnType<typeof createTcpServer>,
  ): Promise<number> {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    cleanups.push(() => {
      if ('closeAllConnections' in server) server.closeAllConnections();
      server.close();
    });
    return (server.address() as AddressInfo).port;
  }

  const serve = (listener: RequestListener) => listen(createServer(listener));

  test('a good one, compressed', async () => {
    const port = await serve((_, response) =>
      response
        .writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' })
        .end(gzipSync('a 1\n')),
    );
    const { pipeline, target } = await scrapeOnce(port);
    expect(pipeline.of('a{')).toEqual([1]);
    expect(target).toMatchObject({ health: 'up', lastError: '' });
  });

  const plain = { 'content-type': 'text/plain' };
  const bomb = gzipSync(Buffer.alloc(20_000_000));
  const bad: [string, RequestListener, string][] = [
    ['hangs', () => {}, 'context deadline exceeded'],
    [
      'sends headers for ever',
      (_, response) => void response.socket?.write('HTTP/1.1 200 OK\r\nX: '),
      'context deadline exceeded',
    ],
    [
      'sends a body for ever',
      (_, response) => {
        response.writeHead(200, plain);
        const more = () => {
          while (response.write('a 1\n'.repeat(1000)));
        };
        response.on('drain', more);
        more();
      },
      'body size limit exceeded',
    ],
    [
      'redirects in circles',
      (_, response) => void response.writeHead(302, { location: '/metrics' }).end(),
      'stopped after 10 redirects',
    ],
    [
      'answers with a web page',
      (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>'),
      'text/html',
    ],
    [
      'answers with a web page and lies',
      (_, response) => void response.writeHead(200, plain).end('<!doctype html>\n<p>hi\n'),
      'line 1',
    ],
    [
      'sends a gzip bomb',
      (_, response) => void response.writeHead(200, { ...plain, 'content-encoding': 'gzip' }).end(bomb),
      'body size limit exceeded',
    ],
    [
      'breaks off',
      (_, response) =>
        void response
          .writeHead(200, { ...plain, 'content-length': '100' })
          .write('a 1\n', () => response.destroy()),
      'terminated',
    ],
    [
      'says it failed',
      (_, response) => void response.writeHead(500).end('a 1\n'),
      'server returned HTTP status 500 Internal Server Error',
    ],
  ];
  test.each(bad)('one that %s is down', async (_, listener, error) => {
    const hangs = error === 'context deadline exceeded';
    const { pipeline, target } = await scrapeOnce(
      await serve(listener),
      hangs ? { scrape_timeout: '100ms' } : {},
    );
    expect(pipeline.of('up{')).toEqual([0]);
    expect(pipeline.own()).toEqual([]);
    expect(target.health).toBe('down');
    expect(target.lastError).toMatch(error === 'terminated' ? /./ : new RegExp(error));
  });

  test('something that does not speak HTTP', async () => {
    const port = await listen(createTcpServer((socket) => socket.end('SSH-2.0-x\r\n')));
    const { target } = await scrapeOnce(port);
    expect(target.health).toBe('down');
  });

  const nodeExporter = '/usr/bin/prometheus-node-exporter';
  test.skipIf(!existsSync(nodeExporter))('the real node exporter', async () => {
    // A port that was free a moment ago: the exporter cannot be asked which one it took.
    const probe = createTcpServer();
    const port = await listen(probe);
    await new Promise((resolve) => probe.close(resolve));
    const child: ChildProcess = spawn(nodeExporter, [`--web.listen-address=127.0.0.1:${port}`], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    cleanups.push(() => child.kill());
    await new Promise<void>((resolve) => {
      child.stderr!.on('data', (chunk) => /Listening on|TLS is disabled/.test(String(chunk)) && resolve());
    });
    const { pipeline, target, clock } = await scrapeOnce(port);
    expect(target).toMatchObject({ health: 'up', lastError: '' });
    expect(pipeline.of('node_cpu_seconds_total').length).toBeGreaterThan(4);
    expect(pipeline.of('node_load1{')).toHaveLength(1);
    expect(pipeline.of('scrape_samples_scraped')[0]).toBe(pipeline.own().length);
    const written = pipeline.next();
    await clock.pass(10_000);
    await written;
    expect(pipeline.of('node_load1{')).toHaveLength(2);
    expect(pipeline.of('scrape_series_added')[1]).toBeLessThan(20);
    expect(pipeline.metadata.find(({ metric }) => metric === 'node_cpu_seconds_total')).toMatchObject({
      type: 'counter',
    });
  });
});
