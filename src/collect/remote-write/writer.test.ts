import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  createRemoteWriteState,
  type DecodeContext,
  decodeRemoteWriteV1,
  decodeRemoteWriteV2,
  MemoryStreamRegistry,
  type RemoteWriteOutcome,
} from '../../ingest/index.ts';
import { rowsOf } from '../../ingest/protocols/otlp/metrics-test-kit.ts';
import type { Log } from '../../lib/log.ts';
import type { OutboundClient, OutboundRequest, OutboundResponse } from '../../lib/outbound.ts';
import { snappyUncompress } from '../../lib/snappy.ts';
import { Labels } from '../../model/labels.ts';
import { STALE_HIGH, STALE_LOW } from '../../model/samples.ts';
import { unknownPlace } from '../../prom-config/index.ts';
import { createBatch } from '../../store/index.ts';
import {
  createRemoteWriter,
  parseRemoteWriteConfigs,
  type RemoteWriter,
  type RemoteWriterOptions,
} from './index.ts';
import {
  bitsOf,
  labelsOf,
  ManualClock,
  type SentSample,
  samplesOf,
  settle,
  T0,
  until,
} from './testing/kit.ts';

/** How the receiver treats a request: keeps it or not, then answers with a status, or breaks the connection with 0. */
interface Treatment {
  readonly isKept: boolean;
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly text?: string;
}

const OK: Treatment = { isKept: true, status: 204 };
const DOWN: Treatment = { isKept: false, status: 0 };

interface ReceivedSample {
  readonly series: Record<string, string>;
  readonly timeMs: number;
  /** As `bitsOf`. */
  readonly bits: string;
}

/** A receiver that reads requests with the decoders of our own intake. */
class Receiver implements OutboundClient {
  readonly requests: OutboundRequest[] = [];
  readonly outcomes: RemoteWriteOutcome[] = [];
  readonly samples: ReceivedSample[] = [];
  readonly rows: Record<string, Record<string, unknown>[]> = {};
  treat: (request: OutboundRequest) => Treatment | Promise<Treatment> = () => OK;
  readonly #state = createRemoteWriteState();
  readonly #streams = new MemoryStreamRegistry();
  readonly #labels = new Map<unknown, Record<string, string>>();

  async request(request: OutboundRequest): Promise<OutboundResponse> {
    this.requests.push(request);
    const { isKept, status, headers = {}, text = '' } = await this.treat(request);
    const isV2 = request.headers?.['Content-Type']?.includes('v2') === true;
    if (isKept) this.#keep(request.body as Uint8Array, isV2);
    if (request.signal?.aborted === true || status === 0) throw new Error('the connection broke');
    const statistics: Record<string, string> = isV2
      ? { 'x-prometheus-remote-write-samples-written': '1' }
      : {};
    const answer = { status, statusText: 'Text', headers: { ...statistics, ...headers }, url: request.url };
    return { ...answer, body: Buffer.from(text), receivedBytes: text.length };
  }

  async close(): Promise<void> {}

  #keep(body: Uint8Array, isV2: boolean): void {
    const batch = createBatch();
    const limits = {
      ...{ bodyBytes: 1e7, recordsPerRequest: 100_000, attributesPerRecord: 64, valueBytes: 65_536 },
      ...{ valueDepth: 8, maxAgeMs: 0, maxFutureMs: 1e12 },
    };
    const context: DecodeContext = { batch, nowMs: T0, limits, streams: this.#streams, observer: undefined };
    const decode = isV2 ? decodeRemoteWriteV2 : decodeRemoteWriteV1;
    this.outcomes.push(decode(snappyUncompress(body, 1e8), context, this.#state));
    for (const { series_id, metric, labels } of rowsOf(batch, 'metric_series')) {
      this.#labels.set(series_id, { __name__: String(metric), ...(labels as Record<string, string>) });
    }
    const bits = Buffer.from(batch.metric_samples.value.written());
    for (const [i, row] of rowsOf(batch, 'metric_samples').entries()) {
      const series = this.#labels.get(row.series_id)!;
      const hex = bits
        .readBigUInt64LE(i * 8)
        .toString(16)
        .padStart(16, '0');
      this.samples.push({ series, timeMs: row.ts as number, bits: hex });
    }
    for (const table of ['metric_metadata', 'metric_histograms', 'metric_exemplars'] as const) {
      this.rows[table] = [...(this.rows[table] ?? []), ...rowsOf(batch, table)];
    }
  }
}

let directory: string;
let clock: ManualClock;
let receiver: Receiver;
let warnings: string[];
const writers: RemoteWriter[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'bellwether-remote-write-'));
  clock = new ManualClock();
  receiver = new Receiver();
  warnings = [];
});

afterEach(async () => {
  await Promise.all(writers.splice(0).map((writer) => writer.stop(0)));
  rmSync(directory, { recursive: true, force: true });
});

const log: Log = {
  debug() {},
  info() {},
  error() {},
  warn: (_, message) => warnings.push(message),
};

async function open(
  config: Record<string, unknown> = {},
  changes: Partial<RemoteWriterOptions> = {},
): Promise<RemoteWriter> {
  const { configs, problems } = parseRemoteWriteConfigs([{ url: 'http://there/api/v1/write', ...config }], {
    place: unknownPlace('test'),
    directory,
  });
  expect(problems).toEqual([]);
  const writer = await createRemoteWriter({
    configs,
    externalLabels: {},
    directory,
    labelsOf,
    createClient: () => receiver,
    userAgent: 'Bellwether/test',
    clock,
    log,
    ...changes,
  });
  writers.push(writer);
  return writer;
}

const isDone = (writer: RemoteWriter) => () => writer.status()[0]!.pendingItems === 0;
const seconds = (low: number, ...list: number[]): SentSample[] =>
  list.map((second) => ({ low, timeMs: T0 + second * 1000, value: second }));
const received = () => receiver.samples.map(({ series, timeMs }) => [series.n, (timeMs - T0) / 1000]);

describe('remote write', () => {
  test('samples arrive with their bits, labels and times', async () => {
    const writer = await open({}, { externalLabels: { cluster: 'c', job: 'not this' } });
    const stale = [STALE_LOW, STALE_HIGH] as const;
    writer.append(
      samplesOf([
        { low: 1, timeMs: T0, value: 0.1 },
        { low: 2, timeMs: T0 - 1, value: stale },
        { low: 1, timeMs: T0 + 1, value: Number.NEGATIVE_INFINITY },
      ]),
    );
    await until(clock, isDone(writer));
    const series = (n: string) => ({ __name__: 'm', cluster: 'c', job: 'j', n });
    expect(receiver.samples).toEqual([
      { series: series('1'), timeMs: T0, bits: bitsOf(0.1) },
      { series: series('2'), timeMs: T0 - 1, bits: bitsOf(stale) },
      { series: series('1'), timeMs: T0 + 1, bits: bitsOf(Number.NEGATIVE_INFINITY) },
    ]);
    const { method, url, headers } = receiver.requests[0]!;
    expect({ method, url, headers }).toEqual({
      method: 'POST',
      url: 'http://there/api/v1/write',
      headers: {
        'User-Agent': 'Bellwether/test',
        'Content-Encoding': 'snappy',
        'Content-Type': 'application/x-protobuf',
        'X-Prometheus-Remote-Write-Version': '0.1.0',
      },
    });
    expect(writer.status()[0]).toMatchObject({
      url: 'http://there/api/v1/write',
      sentItems: 3,
      sentRequests: 1,
      newestTakenMs: T0 + 1,
      newestSentMs: T0 + 1,
      failingSinceMs: undefined,
      lastError: '',
    });
  });

  test('a request has at most max_samples_per_send, and waits no longer than batch_send_deadline', async () => {
    const queue_config = { max_samples_per_send: 4, batch_send_deadline: '3s' };
    const writer = await open({ queue_config });
    writer.append(samplesOf(seconds(1, ...Array.from({ length: 10 }, (_, i) => i))));
    await until(clock, () => receiver.requests.length === 2, 1);
    const sent = () => receiver.outcomes.map(({ written }) => written.samples);
    expect(sent()).toEqual([4, 4]);
    expect(clock.elapsed()).toBeLessThan(3000);
    await until(clock, isDone(writer));
    expect(sent()).toEqual([4, 4, 2]);
    expect(clock.elapsed()).toBeGreaterThanOrEqual(3000);
  });

  test('write_relabel_configs change and drop series; of unknown ones nothing is sent', async () => {
    const writer = await open(
      {
        write_relabel_configs: [
          { source_labels: ['n'], regex: '2', action: 'drop' },
          { source_labels: ['zone'], regex: 'eu', target_label: 'region', replacement: 'europe' },
          { regex: 'job|zone', action: 'labeldrop' },
        ],
      },
      { externalLabels: { zone: 'eu' } },
    );
    writer.append(samplesOf([...seconds(1, 1), ...seconds(2, 1), ...seconds(13, 1, 2), ...seconds(3, 1)]));
    await until(clock, isDone(writer));
    expect(receiver.samples.map(({ series }) => series)).toEqual([
      { __name__: 'm', n: '1', region: 'europe' },
      { __name__: 'm', n: '3', region: 'europe' },
    ]);
    expect(writer.status()[0]!.droppedItems).toMatchObject({ unknown_series: 2, refused: 0 });
  });

  test('5xx, 429 and broken connections are tried again, for longer and longer or as Retry-After says', async () => {
    const writer = await open({
      queue_config: { min_backoff: '100ms', max_backoff: '300ms', batch_send_deadline: '10ms' },
    });
    const atMs: number[] = [];
    const answers: Treatment[] = [
      DOWN,
      { isKept: false, status: 503, text: 'wait\nplease' },
      { isKept: false, status: 500 },
      { isKept: false, status: 500 },
      { isKept: false, status: 429, headers: { 'retry-after': '20' } },
      OK,
    ];
    receiver.treat = () => {
      atMs.push(clock.elapsed());
      return answers[atMs.length - 1]!;
    };
    writer.append(samplesOf(seconds(1, 1)));
    await until(clock, () => atMs.length === 2, 10);
    expect(writer.status()[0]).toMatchObject({ sentItems: 0, failingSinceMs: T0 + atMs[0]! });
    await until(clock, isDone(writer), 10);
    const waits = atMs.slice(1).map((ms, i) => ms - atMs[i]!);
    for (const [i, least] of [100, 200, 300, 300, 20_000].entries()) {
      expect(waits[i]).toBeGreaterThanOrEqual(least);
      expect(waits[i]).toBeLessThan(least + 100);
    }
    expect(receiver.requests.map(({ headers }) => headers!['Retry-Attempt'])).toEqual([
      undefined,
      '1',
      '2',
      '3',
      '4',
      '5',
    ]);
    expect(received()).toEqual([['1', 1]]);
    expect(writer.status()[0]).toMatchObject({ retriedRequests: 5, failingSinceMs: undefined });
    expect(warnings).toEqual(['remote write: sending fails; trying again']);
  });

  test('what is refused for good is dropped and counted, the rest goes on', async () => {
    const writer = await open({ queue_config: { max_samples_per_send: 2, retry_on_http_429: false } });
    const statuses = [400, 429, 204];
    receiver.treat = () => ({ isKept: true, status: statuses.shift()!, text: 'out of order sample\nmore' });
    writer.append(samplesOf(seconds(1, 1, 2, 3, 4, 5, 6)));
    await until(clock, isDone(writer));
    expect(writer.status()[0]).toMatchObject({
      sentItems: 2,
      droppedItems: { refused: 4 },
      lastError: 'server returned HTTP status 429 Text: out of order sample',
    });
    expect(receiver.requests).toHaveLength(3);
  });

  test('samples older than sample_age_limit are dropped', async () => {
    const writer = await open({ queue_config: { sample_age_limit: '1m' } });
    writer.append(samplesOf(seconds(1, -120, -30)));
    await until(clock, isDone(writer));
    expect(received()).toEqual([['1', -30]]);
    expect(writer.status()[0]!.droppedItems.too_old).toBe(1);
  });

  test('2.0: symbols, metadata with the series, and a receiver that does not know it', async () => {
    const metadata = async () => [{ metric: 'm', type: 'gauge', unit: 'seconds', help: 'Help' }];
    const writer = await open(
      { protobuf_message: 'io.prometheus.write.v2.Request', metadata_config: { send_interval: '10s' } },
      { metadata },
    );
    clock.pass(10_000);
    writer.append(samplesOf([...seconds(1, 1), ...seconds(2, 1), ...seconds(1, 2)]));
    await until(clock, isDone(writer));
    expect(received()).toEqual([
      ['1', 1],
      ['2', 1],
      ['1', 2],
    ]);
    expect(receiver.rows.metric_metadata).toMatchObject([
      { metric: 'm', type: 'gauge', unit: 'seconds', help: 'Help' },
    ]);
    expect(receiver.requests[0]!.headers).toMatchObject({
      'Content-Type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
      'X-Prometheus-Remote-Write-Version': '2.0.0',
    });
    receiver.request = async ({ url }) => ({
      status: 200,
      statusText: '',
      headers: {},
      body: Buffer.alloc(0),
      receivedBytes: 0,
      url,
    });
    writer.append(samplesOf(seconds(1, 3)));
    await until(clock, isDone(writer));
    expect(writer.status()[0]).toMatchObject({
      droppedItems: { refused: 1 },
      lastError: expect.stringContaining('1.0 only'),
    });
  });

  test('1.0: metadata in requests of its own', async () => {
    const metadata = async () =>
      ['a', 'b', 'c'].map((metric) => ({ metric, type: 'counter', unit: '', help: `Help of ${metric}` }));
    const writer = await open(
      { metadata_config: { send_interval: '10s', max_samples_per_send: 2 } },
      { metadata },
    );
    await until(clock, () => writer.status()[0]!.metadataSent === 3);
    expect(receiver.rows.metric_metadata!.map(({ metric, type, help }) => [metric, type, help])).toEqual([
      ['a', 'counter', 'Help of a'],
      ['b', 'counter', 'Help of b'],
      ['c', 'counter', 'Help of c'],
    ]);
    expect(receiver.requests).toHaveLength(2);
  });

  test.each(['prometheus.WriteRequest', 'io.prometheus.write.v2.Request'])(
    'histograms and exemplars in %s',
    async (protobuf_message) => {
      const writer = await open({ protobuf_message, send_exemplars: true, send_native_histograms: true });
      const histogram = {
        ...{
          schema: 1,
          zeroThreshold: 0.001,
          zeroCount: 2,
          count: 9,
          sum: 12.5,
          counterReset: 'unknown' as const,
        },
        ...{
          positiveIndexes: [0, 1, 4],
          positiveCounts: [1, 3, 1],
          negativeIndexes: [-2],
          negativeCounts: [2],
        },
        customBounds: [],
      };
      const custom = {
        ...histogram,
        ...{ schema: -53, zeroThreshold: 0, zeroCount: 0, count: 2.5, customBounds: [1, 5] },
        ...{ positiveIndexes: [0, 2], positiveCounts: [1, 1.5], negativeIndexes: [], negativeCounts: [] },
      };
      const at = (low: number, timeMs: number) => ({ low, high: 7, timeMs, startMs: 0 });
      writer.appendHistograms([
        { ...at(1, T0), histogram },
        { ...at(1, T0 + 1), histogram: undefined },
        { ...at(2, T0), histogram: custom },
      ]);
      const labels = Labels.fromObject({ user: 'ü"', trace_id: 'x' });
      writer.appendExemplars([{ low: 1, high: 7, timeMs: T0, value: 2.5, labels }]);
      await until(clock, isDone(writer));
      const rows = [...receiver.rows.metric_histograms!].sort((a, b) => Number(a.schema) - Number(b.schema));
      expect(rows[0]).toMatchObject({
        schema: -53,
        count: 2.5,
        custom_bounds: [1, 5],
        positive_index: [0, 2],
        positive_count: [1, 1.5],
      });
      expect(rows).toHaveLength(3);
      expect(rows.find(({ count }) => count === 9)).toMatchObject({
        ...{ schema: 1, zero_threshold: 0.001, zero_count: 2, sum: 12.5, ts: T0 },
        ...{
          positive_index: [0, 1, 4],
          positive_count: [1, 3, 1],
          negative_index: [-2],
          negative_count: [2],
        },
      });
      expect(receiver.outcomes.map(({ rejected }) => rejected)).toEqual(receiver.outcomes.map(() => 0));
      expect(receiver.rows.metric_exemplars).toMatchObject([
        { ts: T0, value: 2.5, labels: { user: 'ü"', trace_id: 'x' } },
      ]);
      expect(writer.status()[0]!.sentItems).toBe(4);
    },
  );

  test('what was not sent is sent after a restart, with the labels of then', async () => {
    receiver.treat = () => DOWN;
    const first = await open();
    first.append(samplesOf(seconds(1, 1, 2)));
    await until(clock, () => receiver.requests.length > 0);
    await first.stop(0);
    expect(receiver.samples).toEqual([]);
    receiver.treat = () => OK;
    const second = await open({}, { labelsOf: () => undefined });
    expect(second.status()[0]!.pendingItems).toBe(2);
    await until(clock, isDone(second));
    expect(received()).toEqual([
      ['1', 1],
      ['1', 2],
    ]);
    await second.stop(0);
    const third = await open();
    expect(third.status()[0]!.pendingItems).toBe(0);
  });

  test('stopping sends what is in the queue, for as long as it may take', async () => {
    const writer = await open();
    writer.append(samplesOf(seconds(1, 1, 2)));
    let isStopped = false;
    void writer.stop(10_000).then(() => {
      isStopped = true;
    });
    await until(clock, () => isStopped, 1);
    expect(received()).toEqual([
      ['1', 1],
      ['1', 2],
    ]);
    expect(clock.elapsed()).toBeLessThan(10_000);
  });

  test('a full queue drops its oldest, counts them and warns', async () => {
    receiver.treat = () => DOWN;
    const writer = await open({}, { limits: { queueBytes: 600_000 } });
    const total = 60_000;
    for (let at = 0; at < total; at += 1000) {
      writer.append(samplesOf(seconds(1, ...Array.from({ length: 1000 }, (_, i) => at + i))));
      await settle();
    }
    const { droppedItems, queueBytes } = writer.status()[0]!;
    expect(queueBytes).toBeLessThanOrEqual(600_000);
    expect(droppedItems.queue_full).toBeGreaterThan(0);
    expect(warnings).toContain('remote write: samples were not sent');
    receiver.treat = () => OK;
    await until(clock, isDone(writer));
    const times = new Set(receiver.samples.map(({ timeMs }) => timeMs));
    // Those that were on the way already when their segment was dropped come nevertheless.
    expect(times.size + writer.status()[0]!.droppedItems.queue_full).toBe(total);
    expect(times.has(T0 + (total - 1) * 1000)).toBe(true);
  });

  test('several shards under load, and fewer afterwards, without a series changing its order', async () => {
    const queue_config = {
      max_samples_per_send: 10,
      capacity: 50,
      max_shards: 4,
      batch_send_deadline: '100ms',
    };
    const writer = await open({ queue_config });
    // A receiver that takes a second for each request.
    receiver.treat = () => new Promise((resolve) => clock.after(1000, () => resolve(OK)));
    const counts = new Set<number>();
    const count = () => {
      counts.add(writer.status()[0]!.shards);
      return isDone(writer)();
    };
    const series = Array.from({ length: 12 }, (_, i) => i);
    for (let second = 0; second < 300; second++) {
      writer.append(samplesOf(series.flatMap((low) => seconds(low, second))));
    }
    await until(clock, count, 100);
    expect([...counts]).toEqual([1, 2, 4]);
    for (const low of series) {
      const times = receiver.samples
        .filter(({ series: { n } }) => n === String(low))
        .map(({ timeMs }) => timeMs);
      expect(times).toEqual(Array.from({ length: 300 }, (_, second) => T0 + second * 1000));
    }
    await until(clock, () => writer.status()[0]!.shards === 1, 1000);
  });

  test('the queue of a destination that is gone is removed', async () => {
    receiver.treat = () => DOWN;
    const first = await open({ name: 'gone' });
    first.append(samplesOf(seconds(1, 1)));
    await first.stop(0);
    const folder = join(directory, readdirSync(directory)[0]!);
    await open({ name: 'other' });
    expect(existsSync(folder)).toBe(false);
    expect(warnings).toContain(
      'the queue of a remote write destination that is no longer configured is removed',
    );
  });
});

test('with a receiver that fails in every way and restarts in between, everything arrives, in order by series', async () => {
  const treatment = fc.constantFrom<Treatment>(
    ...[OK, OK, DOWN, { isKept: true, status: 0 }, { isKept: false, status: 500 }],
    ...[
      { isKept: true, status: 502 },
      { isKept: false, status: 429, headers: { 'retry-after': '1' } },
    ],
  );
  const commit = fc.record({
    series: fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 30 }),
    passMs: fc.integer({ min: 0, max: 300 }),
    restarts: fc.constantFrom(false, false, false, true),
  });
  const message = fc.constantFrom('prometheus.WriteRequest', 'io.prometheus.write.v2.Request');
  const run = async (
    commits: { series: number[]; passMs: number; restarts: boolean }[],
    answers: Treatment[],
    protobuf_message: string,
  ) => {
    rmSync(directory, { recursive: true, force: true });
    receiver = new Receiver();
    let answered = 0;
    receiver.treat = () => answers[answered++] ?? OK;
    const queue_config = {
      max_samples_per_send: 7,
      capacity: 20,
      min_shards: 3,
      batch_send_deadline: '200ms',
    };
    let writer = await open({ queue_config, protobuf_message });
    const sent = new Map<string, number[]>();
    for (const [i, { series, passMs, restarts }] of commits.entries()) {
      const samples = series.map((low, k) => ({ low, timeMs: T0 + i * 1000 + k, value: i }));
      for (const { low, timeMs } of samples)
        sent.set(String(low), [...(sent.get(String(low)) ?? []), timeMs]);
      writer.append(samplesOf(samples));
      clock.pass(passMs);
      await new Promise((resolve) => setImmediate(resolve));
      if (!restarts) continue;
      await writer.stop(0);
      writer = await open({ queue_config, protobuf_message });
    }
    await until(clock, isDone(writer));
    await writer.stop(0);
    for (const [series, times] of sent) {
      const arrived = receiver.samples
        .filter(({ series: { n } }) => n === series)
        .map(({ timeMs }) => timeMs);
      // What is sent again after a restart is left out: the first arrivals count.
      expect([...new Set(arrived)]).toEqual(times);
    }
    const { droppedItems } = writer.status()[0]!;
    expect(Object.values(droppedItems).every((count) => count === 0)).toBe(true);
  };
  await fc.assert(
    fc.asyncProperty(
      fc.array(commit, { minLength: 1, maxLength: 15 }),
      fc.array(treatment, { maxLength: 40 }),
      message,
      run,
    ),
    { numRuns: 40 },
  );
});
