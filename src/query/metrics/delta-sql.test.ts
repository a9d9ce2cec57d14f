import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Session } from 'chdb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { decodeMetricsProtobuf } from '../../ingest/protocols/otlp/metrics-protobuf.ts';
import { createContext, LIMITS } from '../../ingest/protocols/otlp/metrics-test-kit.ts';
import { type Batch, createBatch, nativeBlock, sql, type TableName, tables } from '../../store/index.ts';
import { type DeltaWindow, deltaSamplesSql } from './delta-sql.ts';

/** The query against the engine that runs it in production, in a folder of its own. */

const T0 = Date.UTC(2026, 10, 20, 12);
const USED: readonly TableName[] = ['metric_deltas', 'metric_series', 'metric_samples'];
let folder: string;
let session: Session;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bellwether-delta-'));
  session = new Session(join(folder, 'data'));
  session.query('CREATE DATABASE t ENGINE = Atomic');
  session.query('USE t');
  for (const name of USED) session.query(createTable(name));
});

afterAll(() => {
  session.cleanup();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => {
  for (const name of USED) session.query(`TRUNCATE TABLE t.${name}`);
});

function createTable(name: TableName): string {
  const { columns, orderBy, partitionBy, engine } = tables[name] as {
    columns: Record<string, { type: string }>;
    orderBy: string;
    partitionBy?: string;
    engine: { kind: string; version?: string };
  };
  const lines = Object.entries(columns).map(([column, { type }]) => `${column} ${type}`);
  const family = engine.kind === 'replacing' ? `ReplacingMergeTree(${engine.version})` : 'MergeTree';
  const partition = partitionBy === undefined ? '' : ` PARTITION BY ${partitionBy}`;
  return `CREATE TABLE t.${name} (${lines.join(', ')}) ENGINE = ${family}${partition} ORDER BY (${orderBy})`;
}

let files = 0;
function insert(batch: Batch, name: TableName): void {
  const path = join(folder, `block${files++}.native`);
  writeFileSync(path, Buffer.concat(nativeBlock(batch[name])));
  session.query(`INSERT INTO t.${name} SELECT * FROM file('${path}', 'Native')`);
}

interface Increment {
  readonly series?: number;
  readonly ts: number;
  readonly start?: number;
  readonly value: number;
}

/** Inserts one group of increments, as one export would. Times are milliseconds after T0; no start is 0. */
function send(...increments: Increment[]): void {
  const batch = createBatch();
  for (const { series = 1, ts, start, value } of increments) {
    const rows = batch.metric_deltas;
    rows.metric.append('m_total');
    rows.series_id.append(series);
    rows.ts.append(T0 + ts);
    rows.start_ts.append(start === undefined ? 0 : T0 + start);
    rows.value.append(value);
  }
  insert(batch, 'metric_deltas');
}

interface Sample {
  readonly metric: string;
  readonly series_id: string;
  readonly ms: number;
  readonly value: number;
}

function query(window: DeltaWindow): Sample[] {
  const inner = deltaSamplesSql(window).text;
  const text = `SELECT metric, toString(series_id) AS series_id, toUnixTimestamp64Milli(ts) AS ms, value FROM (${inner})`;
  const lines = session.query(`${text} SETTINGS output_format_json_quote_64bit_integers = 0`, 'JSONEachRow');
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Sample);
}

/** Samples of the window as `[ms after T0, value]`. */
function samples(fromMs: number, toMs: number, series = 1): number[][] {
  const window = { metrics: ['m_total'], series: [BigInt(series)], fromMs: T0 + fromMs, toMs: T0 + toMs };
  return query(window).map(({ ms, value }) => [ms - T0, value]);
}

const MINUTE = 60_000;

describe('the cumulative form of increments', () => {
  test('begins with a zero at the start time', () => {
    send({ ts: MINUTE, start: 1000, value: 3 });
    expect(samples(0, 10 * MINUTE)).toEqual([
      [1000, 0],
      [MINUTE, 3],
    ]);
  });

  test('without a start, or one at the point, the zero is a millisecond earlier', () => {
    send({ series: 1, ts: MINUTE, value: 3 }, { series: 2, ts: MINUTE, start: MINUTE, value: 4 });
    expect(samples(0, 10 * MINUTE, 1)).toEqual([
      [MINUTE - 1, 0],
      [MINUTE, 3],
    ]);
    expect(samples(0, 10 * MINUTE, 2)).toEqual([
      [MINUTE - 1, 0],
      [MINUTE, 4],
    ]);
  });

  test('adds up intervals that follow each other, without doubling their borders', () => {
    send({ ts: MINUTE, start: 0, value: 1 });
    send({ ts: 2 * MINUTE, start: MINUTE, value: 2 });
    send({ ts: 3 * MINUTE, value: 4 });
    expect(samples(-1, 10 * MINUTE)).toEqual([
      [0, 0],
      [MINUTE, 1],
      [2 * MINUTE, 3],
      [3 * MINUTE, 7],
    ]);
  });

  test('keeps its value over a gap, up to the start of the next interval', () => {
    send({ ts: MINUTE, start: 0, value: 1 }, { ts: 60 * MINUTE, start: 59 * MINUTE, value: 2 });
    expect(samples(-1, 100 * MINUTE)).toEqual([
      [0, 0],
      [MINUTE, 1],
      [59 * MINUTE, 1],
      [60 * MINUTE, 3],
    ]);
    // A window that sees only the later interval still has two samples, so its increase is known.
    expect(samples(30 * MINUTE, 100 * MINUTE)).toEqual([
      [59 * MINUTE, 1],
      [60 * MINUTE, 3],
    ]);
  });

  test('a repeated export adds nothing, merged or not', () => {
    for (let i = 0; i < 3; i++) send({ ts: MINUTE, start: 0, value: 5 });
    const once = [
      [0, 0],
      [MINUTE, 5],
    ];
    expect(samples(-1, 10 * MINUTE)).toEqual(once);
    session.query('OPTIMIZE TABLE t.metric_deltas FINAL');
    expect(samples(-1, 10 * MINUTE)).toEqual(once);
  });

  test('the order of arrival does not matter', () => {
    send({ ts: 3 * MINUTE, start: 2 * MINUTE, value: 4 });
    expect(samples(-1, 10 * MINUTE)).toEqual([
      [2 * MINUTE, 0],
      [3 * MINUTE, 4],
    ]);
    send({ ts: MINUTE, start: 0, value: 1 });
    send({ ts: 2 * MINUTE, start: MINUTE, value: 2 });
    expect(samples(-1, 10 * MINUTE)).toEqual([
      [0, 0],
      [MINUTE, 1],
      [2 * MINUTE, 3],
      [3 * MINUTE, 7],
    ]);
  });

  test('a sender that starts again continues the series', () => {
    send({ ts: MINUTE, start: 0, value: 10 });
    send({ ts: 20 * MINUTE, start: 19 * MINUTE, value: 1 });
    const values = samples(-1, 30 * MINUTE).map(([, value]) => value);
    expect(values).toEqual([0, 10, 10, 11]);
  });

  test('two senders with the same labels: overlapping intervals, and even the same time', () => {
    send({ ts: 2 * MINUTE, start: 0, value: 1 }, { ts: 3 * MINUTE, start: MINUTE, value: 10 });
    send({ ts: 3 * MINUTE, start: 2 * MINUTE, value: 100 });
    expect(samples(-1, 10 * MINUTE)).toEqual([
      [0, 0],
      [2 * MINUTE, 1],
      [3 * MINUTE, 111],
    ]);
  });

  test('sums that go down, and series that are kept apart', () => {
    send({ series: 1, ts: 1, start: 0, value: 5 }, { series: 1, ts: 2, start: 1, value: -3 });
    send({ series: 2, ts: 1, start: 0, value: 7 });
    expect(samples(-1, 10, 1).map(([, value]) => value)).toEqual([0, 5, 2]);
    expect(samples(-1, 10, 2).map(([, value]) => value)).toEqual([0, 7]);
  });

  test('many small increments stay exact', () => {
    send(...Array.from({ length: 1000 }, (_, i) => ({ ts: (i + 1) * 1000, start: i * 1000, value: 0.1 })));
    expect(samples(999_999, 1_000_000)).toEqual([[1_000_000, 100]]);
  });
});

describe('windows', () => {
  test('are open on the left and closed on the right, and any of them is a part of the whole', () => {
    const increments = Array.from({ length: 20 }, (_, i) => ({
      ts: (i + 1) * MINUTE - (i % 3) * 7000,
      start: i % 4 === 0 ? undefined : i * MINUTE + 5000,
      value: i,
    }));
    for (const increment of increments) send(increment);
    const whole = samples(-MINUTE, 30 * MINUTE);
    for (const [from, to] of [
      [0, 5 * MINUTE],
      [5 * MINUTE, 12 * MINUTE + 5000],
      [MINUTE, MINUTE + 5000],
      [19 * MINUTE, 19 * MINUTE + 5000],
    ] as const) {
      expect(samples(from, to)).toEqual(whole.filter(([ms]) => ms! > from && ms! <= to));
    }
  });

  test('across days', () => {
    const day = 86_400_000;
    send({ ts: -3 * day, start: -3 * day - MINUTE, value: 1 }, { ts: 0, start: -MINUTE, value: 2 });
    expect(samples(-day, 1)).toEqual([
      [-MINUTE, 1],
      [0, 3],
    ]);
  });

  test('all series, series from a query, no series', () => {
    send({ series: 1, ts: 1, start: 0, value: 5 }, { series: 2, ts: 1, start: 0, value: 7 });
    const window = { metrics: ['m_total', "it's \\ gone"], fromMs: T0 - 1, toMs: T0 + 10 };
    expect(query(window)).toHaveLength(4);
    expect(query({ ...window, series: sql`SELECT toUInt64(2)` }).map(({ value }) => value)).toEqual([0, 7]);
    expect(query({ ...window, series: [] })).toEqual([]);
    expect(query({ ...window, metrics: ['other'] })).toEqual([]);
  });

  test('no metric is a mistake of the caller', () => {
    expect(() => deltaSamplesSql({ metrics: [], fromMs: 0, toMs: 1 })).toThrow('at least one metric');
  });
});

describe('recordings of real sessions', () => {
  const fixtures = new URL('../../../test/fixtures/claude-code/', import.meta.url);
  const index = JSON.parse(readFileSync(new URL('index.json', fixtures), 'utf8')) as {
    file: string;
    signal: string;
    scenario: string;
    contentEncoding: string;
    transport: string;
  }[];

  /** Each request is decoded by a process of its own and inserted; `repeats` of every request arrive. */
  function ingest(scenario: string, repeats: number, reversed: boolean): void {
    const found = index.filter((entry) => entry.scenario === scenario && entry.signal === 'metrics');
    expect(found.length).toBeGreaterThan(0);
    for (const { file, contentEncoding, transport } of reversed ? found.toReversed() : found) {
      for (let i = 0; i < repeats; i++) {
        const context = createContext({ limits: { ...LIMITS, maxAgeMs: 0, maxFutureMs: 1e13 } });
        const bytes = readFileSync(new URL(file, fixtures));
        decodeMetricsProtobuf(
          contentEncoding === 'gzip' && transport === 'http' ? gunzipSync(bytes) : bytes,
          context,
        );
        for (const name of USED) insert(context.batch, name);
      }
    }
  }

  /** What `sum(increase(metric[everything]))` is: last minus first value of each series, summed by a label. */
  function increases(metric: string, label: string): Record<string, number> {
    const window = { metrics: [metric], fromMs: 0, toMs: Date.UTC(2100, 0, 1) };
    const delta = query(window);
    const cumulative = session
      .query(
        `SELECT toString(series_id) AS series_id, toUnixTimestamp64Milli(ts) AS ms, any(value) AS value
         FROM t.metric_samples WHERE metric = '${metric}' GROUP BY series_id, ts ORDER BY series_id, ts`,
        'JSONEachRow',
      )
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Sample);
    const labels = new Map(
      session
        .query(
          `SELECT DISTINCT toString(series_id), labels['${label}'] FROM t.metric_series`,
          'JSONCompactEachRow',
        )
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as [string, string]),
    );
    const sums: Record<string, number> = {};
    const ends = new Map<string, { first: number; last: number }>();
    for (const { series_id, value } of [...delta, ...cumulative]) {
      const known = ends.get(series_id);
      if (known === undefined) ends.set(series_id, { first: value, last: value });
      else known.last = value;
    }
    for (const [id, { first, last }] of ends) {
      const key = labels.get(id)!;
      sums[key] = (sums[key] ?? 0) + last - first;
    }
    return Object.fromEntries(Object.entries(sums).map(([key, sum]) => [key, Number(sum.toFixed(9))]));
  }

  const COST = 'claude_code_cost_usage_USD_total';
  const TOKENS = 'claude_code_token_usage_tokens_total';

  test.each([
    ['simple', 0.034414],
    ['tools', 0.048074],
    ['tools-cumulative', 0.048074],
    ['multi-turn', 0.050474],
    ['multi-turn-cumulative', 0.050474],
    ['multi-turn-v2.1.197', undefined],
  ] as const)('%s costs %f by increase alone, repeated and in reverse order as well', (scenario, cost) => {
    ingest(scenario, 1, false);
    const once = increases(COST, 'service_name')['claude-code']!;
    if (cost !== undefined) expect(once).toBe(cost);
    const tokens = increases(TOKENS, 'type');
    if (scenario === 'simple') expect(tokens).toMatchObject({ input: 12, output: 64, cacheCreation: 13_500 });
    for (const name of USED) session.query(`TRUNCATE TABLE t.${name}`);
    ingest(scenario, 2, true);
    expect(increases(COST, 'service_name')['claude-code']).toBe(once);
    expect(increases(TOKENS, 'type')).toEqual(tokens);
  });

  test('a resumed session is one series over two processes', () => {
    ingest('compact', 1, false);
    const cost = increases(COST, 'session_id');
    expect(Object.keys(cost)).toHaveLength(1);
    const sent = session.query(`SELECT sum(value) FROM t.metric_deltas WHERE metric = '${COST}'`, 'CSV');
    expect(Object.values(cost)[0]).toBeCloseTo(Number(sent), 9);
  });

  test('the tokens of delta and cumulative recordings of the same work are the same', () => {
    ingest('multi-turn', 1, false);
    const delta = increases(TOKENS, 'type');
    for (const name of USED) session.query(`TRUNCATE TABLE t.${name}`);
    ingest('multi-turn-cumulative', 1, false);
    expect(increases(TOKENS, 'type')).toEqual(delta);
  });
});
