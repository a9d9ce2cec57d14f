import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { filesHeader } from '../../src/store/engine/index.ts';
import {
  Int64Column,
  LowCardinalityColumn,
  MapColumn,
  nativeBlock,
  StringColumn,
} from '../../src/store/index.ts';
import { startTestEngine, type TestEngine } from './engine-support.ts';

const TABLE = `CREATE TABLE events (
  ts DateTime64(3), service LowCardinality(String), id UInt64, body String DEFAULT 'none',
  attributes Map(LowCardinality(String), String), twice UInt64 MATERIALIZED id * 2
) ENGINE = MergeTree PARTITION BY toDate(ts) ORDER BY (service, ts) SETTINGS non_replicated_deduplication_window = 100`;
const DAY_MS = 86_400_000;

let test: TestEngine;
let counter = 0;
beforeAll(async () => {
  test = await startTestEngine({ limits: { bodyBytes: 50_000_000 } });
});
afterAll(() => test.remove());
beforeEach(() => test.command(`DROP TABLE IF EXISTS events; `).then(() => test.command(TABLE)));

/** A Native block as the spool writes it: other order than the table, other types, and one column left out. */
function block(firstId: number, rows: number, days = 3): Uint8Array {
  const attributes = new MapColumn(new StringColumn());
  const service = new LowCardinalityColumn();
  const ts = new Int64Column('DateTime64(3)');
  const id = new Int64Column('UInt64');
  for (let i = 0; i < rows; i++) {
    attributes.keys.append('k');
    attributes.values.append(`v${firstId + i}`);
    attributes.close();
    service.append(`s${i % 5}`);
    id.append(firstId + i);
    ts.append(1_700_000_000_000 + (i % days) * DAY_MS);
  }
  return Buffer.concat(nativeBlock({ attributes, service, id, ts }));
}

function spool(bytes: Uint8Array): string {
  const path = join(test.engine.spoolDir, `events-${counter++}.native`);
  writeFileSync(path, bytes);
  return path;
}

async function insertFiles(
  paths: readonly string[],
  token: string,
  target = 'events',
): Promise<{ status: number; body: string }> {
  const answer = await test.send({
    query: { query: `INSERT INTO ${target} FORMAT Native`, insert_deduplication_token: token },
    headers: filesHeader(paths),
  });
  return { status: answer.status, body: answer.body.toString() };
}

async function total(): Promise<unknown> {
  const rows = await test.rows(
    "SELECT toUInt32(count()) AS c, toUInt32(uniqExact(id)) AS u, countIf(attributes['k'] != concat('v', toString(id))) AS bad, min(body) AS b, min(twice = id * 2) AS m FROM events",
  );
  return rows[0];
}
const whole = (count: number) => ({ c: count, u: count, bad: expect.toBeOneOf([0, '0']), b: 'none', m: 1 });

describe('a body', () => {
  it('in Native goes in by column name, streamed and compressed or not', async () => {
    const rows = Buffer.concat([block(0, 1000), block(1000, 70_000)]);
    await test.client.exec({
      query: 'INSERT INTO events FORMAT Native',
      values: Readable.from([rows.subarray(0, 777), rows.subarray(777)], { objectMode: false }),
    });
    expect(await total()).toEqual(whole(71_000));
  });

  it('may hold the statement as well, in text and in binary', async () => {
    const sql = Buffer.from(
      '-- a comment; with a semicolon\nINSERT INTO events (attributes, service, id, ts) FORMAT Native\n',
    );
    await test.send({ body: Buffer.concat([sql, block(0, 10)]) });
    await test.command(
      "INSERT INTO events (id, attributes) VALUES (10, map('k', 'v1' || '0')), (11, map('k', 'v11'));",
    );
    await test.send({
      body: 'INSERT INTO events FORMAT JSONEachRow {"id":12,"attributes":{"k":"v12"}}\n{"id":13,"attributes":{"k":"v13"}}',
    });
    await test.send({
      query: { query: "INSERT INTO events (id, attributes) FORMAT CSV\n14,{'k':'v14'}" },
      body: "15,{'k':'v15'}\n",
    });
    await test.command("INSERT INTO events (id, attributes) SELECT 16, map('k', 'v16')");
    expect(await total()).toEqual(whole(17));
  });

  it('with the same token goes in once', async () => {
    const insert = (): Promise<unknown> =>
      test.send({
        query: { query: 'INSERT INTO events FORMAT Native', insert_deduplication_token: 'one' },
        body: block(0, 100),
      });
    await insert();
    await insert();
    expect(await total()).toEqual(whole(100));
  });

  it.each([
    ['cut short', (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 5)],
    ['garbled', (bytes: Uint8Array) => bytes.map((byte, i) => (i > 40 ? byte ^ 0x5a : byte))],
    ['random', () => Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 251))],
  ])('that is %s leaves nothing behind', async (_how, damage) => {
    const answer = await test.send({
      query: { query: 'INSERT INTO events FORMAT Native' },
      body: damage(block(0, 100)),
    });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.headers['x-clickhouse-exception-code']).toMatch(/^\d+$/);
    expect(await test.rows('SELECT count() = 0 AS empty FROM events')).toEqual([{ empty: 1 }]);
    expect(readdirSync(join(test.dataDir, 'bodies'))).toEqual([]);
  });

  it('that is empty, too long, or for no table, is answered', async () => {
    expect((await test.send({ query: { query: 'INSERT INTO events FORMAT Native' } })).status).toBe(200);
    const nowhere = await test.send({
      query: { query: 'INSERT INTO nowhere FORMAT Native' },
      body: block(0, 1),
    });
    expect([nowhere.status, nowhere.headers['x-clickhouse-exception-code']]).toEqual([404, '60']);
    const long = test.send({
      query: { query: 'INSERT INTO events FORMAT TSV' },
      body: Buffer.alloc(50_000_001),
    });
    expect((await long).status).toBe(413);
    expect(readdirSync(join(test.dataDir, 'bodies'))).toEqual([]);
  });
});

describe('files of the spool', () => {
  it('become one part per partition, once for every token', async () => {
    // More rows than the engine would gather into one block by itself.
    const files = Array.from({ length: 4 }, (_, i) => spool(block(i * 300_000, 300_000)));
    const paths = [...files, spool(block(1_200_000, 10))];
    await test.command('SYSTEM STOP MERGES events');
    for (let i = 0; i < 3; i++) expect(await insertFiles(paths, 'set')).toEqual({ status: 200, body: '' });
    expect(await total()).toEqual(whole(1_200_010));
    expect(
      await test.rows("SELECT partition FROM system.parts WHERE table = 'events' AND active"),
    ).toHaveLength(3);
    await insertFiles([spool(block(1_200_010, 5))], 'other');
    expect(await total()).toEqual(whole(1_200_015));
  });

  it('touch any number of partitions at once', async () => {
    expect(await insertFiles([spool(block(0, 500, 250))], 'wide')).toEqual({ status: 200, body: '' });
    expect(await total()).toEqual(whole(500));
  });

  it('are taken from the spool only', async () => {
    const outside = join(test.dataDir, 'outside.native');
    writeFileSync(outside, block(0, 1));
    for (const path of [outside, join(test.engine.spoolDir, '..', 'outside.native'), '/etc/passwd']) {
      expect(await insertFiles([path], 'x')).toMatchObject({
        status: 403,
        body: expect.stringContaining('X-Bellwether-Files'),
      });
    }
    expect(
      (
        await test.send({
          query: { query: 'INSERT INTO events FORMAT Native' },
          headers: { 'x-bellwether-files': '{}' },
        })
      ).status,
    ).toBe(400);
  });
});

describe('a crash', () => {
  it('between the note of a token and the rows themselves loses nothing, and a repetition adds nothing', async () => {
    const paths = [spool(block(0, 300))];
    await insertFiles(paths, 'crash');
    const [part] = await test.rows<{ path: string }>(
      "SELECT path FROM system.parts WHERE table = 'events' AND active ORDER BY partition LIMIT 1",
    );
    process.kill(test.engine.state().pid!, 'SIGKILL');
    // What a kill leaves that comes after the token was noted and before the part got its name.
    rmSync(part!.path, { recursive: true });
    mkdirSync(join(test.dataDir, 'bodies', 'left-over'));
    await new Promise<void>((resolve) =>
      test.engine.onStateChange((state) => state.status === 'down' && resolve()),
    );
    await test.engine.whenReady(60_000);
    expect(await test.rows('SELECT toUInt32(count()) AS c FROM events')).toEqual([{ c: 200 }]);
    for (let i = 0; i < 2; i++) await insertFiles(paths, 'crash');
    expect(await total()).toEqual(whole(300));
    expect(test.logged.some((line) => line.includes('1 unfinished inserts'))).toBe(true);
    expect(readdirSync(join(test.dataDir, 'bodies'))).toEqual([]);
  });
});

describe('parts', () => {
  it('are LZ4 as inserted and ZSTD once merged, where a column says Default', async () => {
    await test.command('SYSTEM STOP MERGES events');
    for (const token of ['one', 'two']) await insertFiles([spool(block(0, 5_000, 1))], token);
    const codecs = () =>
      test.rows(
        "SELECT default_compression_codec AS codec, toUInt32(count()) AS parts FROM system.parts WHERE table = 'events' AND active GROUP BY codec",
      );
    expect(await codecs()).toEqual([{ codec: 'LZ4', parts: 2 }]);
    await test.command('SYSTEM START MERGES events');
    await test.command('OPTIMIZE TABLE events FINAL');
    expect(await codecs()).toEqual([{ codec: 'ZSTD(1)', parts: 1 }]);
  });
});
