import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Session } from 'chdb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Labels } from '../../../model/labels.ts';
import { parseMetricSelector } from '../../../promql/index.ts';
import {
  type Batch,
  createBatch,
  encodeChunk,
  nativeBlock,
  SampleBuffer,
  SampleMerge,
  type Sql,
  type TableName,
  tables,
} from '../../../store/index.ts';
import type { CatalogSeries } from '../series-catalog.ts';
import { type AdminParts, adminEndpoints } from './admin.ts';
import type { ChunkRow } from './delete-samples.ts';
import type { ApiCall } from './service.ts';

/** The statements against the engine that runs them in production, in a folder of its own. */

const T0 = Date.UTC(2026, 10, 20, 12);
const USED: readonly TableName[] = [
  'metric_chunks',
  'metric_deltas',
  'metric_histograms',
  'metric_exemplars',
  'metric_series',
];
let folder: string;
let session: Session;
let files = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bellwether-admin-'));
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

function insert(batch: Batch, name: TableName): void {
  const path = join(folder, `block${files++}.native`);
  writeFileSync(path, Buffer.concat(nativeBlock(batch[name])));
  session.query(`INSERT INTO t.${name} SELECT * FROM file('${path}', 'Native')`);
}

function rowsOf<T>(query: string): T[] {
  const text = session.query(query, 'JSONEachRow');
  return text
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}

function binaryOf(query: string): Uint8Array {
  const path = join(folder, `answer${files++}`);
  session.query(`INSERT INTO FUNCTION file('${path}', 'RowBinary') ${query}`);
  return readFileSync(path);
}

const series = (id: number, metric: string): CatalogSeries => ({
  id: BigInt(id) + (1n << 40n),
  low: id,
  high: 256,
  labels: Labels.fromObject({ __name__: metric }),
  hasSamples: true,
  hasDeltas: false,
  hasHistograms: false,
  firstDayMs: T0,
  lastDayMs: T0,
});
const A = series(1, 'a');
const B = series(2, 'b');

function insertChunks(rows: readonly ChunkRow[]): void {
  const batch = createBatch();
  for (const row of rows) {
    batch.metric_chunks.metric.append(row.metric);
    batch.metric_chunks.series_id.appendParts(row.low, row.high);
    batch.metric_chunks.min_ts.append(row.minMs);
    batch.metric_chunks.max_ts.append(row.maxMs);
    batch.metric_chunks.count.append(row.count);
    batch.metric_chunks.packed_at.append(row.packedMs);
    batch.metric_chunks.data.appendBytes(row.data, 0, row.data.byteLength);
  }
  insert(batch, 'metric_chunks');
}

/** A chunk with a sample per second after T0, valued as its time. */
function chunk(one: CatalogSeries, ...seconds: number[]): ChunkRow {
  const timesMs = Float64Array.from(seconds, (second) => T0 + second * 1000);
  const data = encodeChunk(timesMs, Float64Array.from(seconds), 0, seconds.length);
  const bounds = {
    minMs: timesMs[0]!,
    maxMs: timesMs.at(-1)!,
    count: seconds.length,
    packedMs: T0 + one.low,
  };
  return { metric: one.labels.metric, low: one.low, high: one.high, ...bounds, data };
}

/** Seconds of all samples that are stored, chunk by chunk. */
function chunksOf(metric: string): number[][] {
  const rows = rowsOf<{ count: number; bytes: string }>(
    `SELECT count, hex(data) AS bytes FROM t.metric_chunks WHERE metric = '${metric}' ORDER BY min_ts, max_ts`,
  );
  return rows.map(({ count, bytes }) => {
    const buffer = new SampleBuffer();
    const merge = new SampleMerge(buffer, { fromMs: 0, toMs: T0 * 2 });
    const data = Buffer.from(bytes, 'hex');
    merge.appendChunk(data, 0, data.length, count);
    const end = merge.finish();
    expect([...buffer.values.subarray(0, end)]).toEqual(
      [...buffer.timesMs.subarray(0, end)].map((timeMs) => (timeMs - T0) / 1000),
    );
    return [...buffer.values.subarray(0, end)];
  });
}

interface World {
  readonly endpoints: ReturnType<typeof adminEndpoints>;
  readonly events: string[];
  readonly empty: bigint[];
}

function world(changes: Partial<AdminParts> = {}): World {
  const events: string[] = [];
  const empty: bigint[] = [];
  const parts: AdminParts = {
    isEnabled: () => true,
    store: {
      layout: { database: 't' },
      query: async <T>({ text }: Sql) => rowsOf<T>(text),
      binary: async ({ text }: Sql) => binaryOf(text),
      command: async ({ text }: Sql) => {
        events.push(text.slice(0, text.indexOf(' WHERE')));
        session.query(text);
      },
    },
    catalog: {
      find: async ({ matchers }) => [A, B].filter(({ labels }) => labels.metric === matchers[0]!.value),
    },
    parseSelector: parseMetricSelector,
    maxSeries: 10,
    flush: async () => {
      events.push('flush');
    },
    forget: ({ labels }) => {
      events.push(`forget ${labels.metric}`);
      return false;
    },
    insertChunks: async (rows) => {
      events.push('insert');
      insertChunks(rows);
    },
    onEmpty: (gone) => {
      empty.push(...gone.map(({ id }) => id));
    },
    ...changes,
  };
  return { endpoints: adminEndpoints(parts), events, empty };
}

function call(query: Record<string, string>): ApiCall {
  const signal = new AbortController().signal;
  const endpoint = 'admin/tsdb/delete_series';
  return { endpoint, params: new URLSearchParams(query), path: {}, signal, nowMs: T0 };
}

async function remove({ endpoints }: World, metric: string, fromS?: number, toS?: number): Promise<void> {
  const query: Record<string, string> = { 'match[]': metric };
  if (fromS !== undefined) query.start = String(T0 / 1000 + fromS);
  if (toS !== undefined) query.end = String(T0 / 1000 + toS);
  expect(await endpoints['admin/tsdb/delete_series']!(call(query))).toEqual({ data: undefined });
}

describe('delete_series', () => {
  test('whole chunks go, overlapping ones are cut at both inclusive bounds', async () => {
    insertChunks([chunk(A, 0, 1, 2), chunk(A, 3, 4, 5), chunk(A, 6, 7, 8), chunk(A, 1, 9), chunk(B, 0, 9)]);
    const here = world();
    await remove(here, 'a', 2, 6);
    expect(chunksOf('a')).toEqual([[0, 1], [1], [7, 8], [9]]);
    expect(chunksOf('b')).toEqual([[0, 9]]);
    expect(here.empty).toEqual([]);
  });

  test('what is left of a chunk is durable before the chunk goes, and memory is emptied last', async () => {
    insertChunks([chunk(A, 0, 1, 2, 3)]);
    const here = world();
    await remove(here, 'a', 1, 2);
    const order = ['flush', 'insert', 'DELETE FROM `t`.`metric_chunks`', 'forget a'];
    expect(order.map((event) => here.events.indexOf(event))).toEqual(
      order.map((event) => here.events.indexOf(event)).sort((a, b) => a - b),
    );
    expect(here.events.slice(0, 3)).toEqual(order.slice(0, 3));
    expect(chunksOf('a')).toEqual([[0], [3]]);
    const packed = rowsOf<{ ms: number }>(
      'SELECT DISTINCT toUInt32(toUnixTimestamp64Milli(packed_at) - toInt64(' +
        T0 +
        ')) AS ms FROM t.metric_chunks',
    );
    expect(packed).toEqual([{ ms: A.low }]);
  });

  test('when what is left cannot be stored, nothing is deleted', async () => {
    insertChunks([chunk(A, 0, 1, 2, 3), chunk(A, 1)]);
    const here = world({ insertChunks: () => Promise.reject(new Error('disk full')) });
    await expect(remove(here, 'a', 1, 2)).rejects.toThrow('disk full');
    expect(chunksOf('a')).toEqual([[0, 1, 2, 3], [1]]);
  });

  test('a chunk that becomes like another that is cut at the same time stays', async () => {
    insertChunks([chunk(A, 0, 1, 9), chunk(A, 0, 9)]);
    await remove(world(), 'a', 1, 1);
    expect(chunksOf('a').flat().sort()).toEqual([0, 0, 9, 9]);
  });

  test('rows of the other tables by time', async () => {
    const batch = createBatch();
    for (const second of [0, 1, 2]) {
      const at = T0 + second * 1000;
      for (const rows of [batch.metric_deltas, batch.metric_exemplars]) {
        rows.metric.append('a');
        rows.series_id.appendParts(A.low, A.high);
        rows.ts.append(at);
        rows.value.append(second);
      }
      batch.metric_deltas.start_ts.append(0);
      batch.metric_exemplars.trace_id.appendBytes(Buffer.alloc(16), 0);
      batch.metric_exemplars.span_id.appendBytes(Buffer.alloc(8), 0);
      batch.metric_exemplars.labels.close();
    }
    insert(batch, 'metric_deltas');
    insert(batch, 'metric_exemplars');
    await remove(world(), 'a', 1, 1);
    for (const name of ['metric_deltas', 'metric_exemplars']) {
      const rows = rowsOf<{ value: number }>(`SELECT value FROM t.${name} ORDER BY ts`);
      expect([name, rows.map(({ value }) => value)]).toEqual([name, [0, 2]]);
    }
  });

  test('a series of which nothing is left is forgotten', async () => {
    insertChunks([chunk(A, 0, 1), chunk(B, 0, 1)]);
    session.query(
      `INSERT INTO t.metric_series (metric, series_id, seen_at) VALUES ('a', ${A.id}, 1), ('b', ${B.id}, 1)`,
    );
    const metrics = () => rowsOf<{ metric: string }>('SELECT metric FROM t.metric_series ORDER BY metric');
    const busy = world({ forget: () => true });
    await remove(busy, 'a');
    expect([busy.empty, metrics()]).toEqual([[], [{ metric: 'a' }, { metric: 'b' }]]);
    const here = world();
    await remove(here, 'a');
    expect([here.empty, metrics()]).toEqual([[A.id], [{ metric: 'b' }]]);
    expect(chunksOf('b')).toEqual([[0, 1]]);
  });

  test('a selector is needed', async () => {
    const { endpoints } = world();
    await expect(endpoints['admin/tsdb/delete_series']!(call({}))).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('no match[] parameter provided'),
    });
  });
});

test('clean_tombstones frees what was deleted', async () => {
  insertChunks([chunk(A, 0, 1), chunk(B, 0, 1)]);
  const here = world();
  await remove(here, 'a');
  const stored = () =>
    rowsOf<{ rows: number }>(
      "SELECT toUInt32(sum(rows)) AS rows FROM system.parts WHERE active AND table = 'metric_chunks' AND database = 't'",
    )[0]!.rows;
  expect(stored()).toBe(2);
  await here.endpoints['admin/tsdb/clean_tombstones']!(call({}));
  // The engine here takes no settings with a statement, so the work may still be on.
  for (let i = 0; i < 100 && stored() !== 1; i++) session.query('SELECT sleep(0.05)');
  expect(stored()).toBe(1);
});

test('nothing of it works unless enabled, and there are no snapshots', async () => {
  const { endpoints, events } = world({ isEnabled: () => false });
  for (const endpoint of Object.values(endpoints)) {
    expect(() => endpoint(call({ 'match[]': 'a' }))).toThrow('admin APIs disabled');
  }
  expect(events).toEqual([]);
  expect(() => world().endpoints['admin/tsdb/snapshot']!(call({}))).toThrow('not supported');
});
