import { statSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { ClickHouseError, createClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anonymousBytes, startTestEngine, type TestEngine, until } from './engine-support.ts';

let test: TestEngine;
beforeAll(async () => {
  test = await startTestEngine();
});
afterAll(() => test.remove());

const running = async (part: string): Promise<number> =>
  (
    await test.rows(
      `SELECT 1 FROM system.processes WHERE position(query, '${part}') > 0 AND position(query, 'system.processes') = 0`,
    )
  ).length;

describe('the engine behind its socket', () => {
  it('answers pings and health, and keeps its socket private', async () => {
    expect(await test.client.ping()).toEqual({ success: true });
    expect(await test.client.ping({ select: true })).toEqual({ success: true });
    const health = await test.send({ path: '/health', method: 'GET' });
    expect(JSON.parse(health.body.toString())).toMatchObject({
      queries: { running: 0 },
      inserts: { waiting: 0 },
    });
    expect(statSync(test.engine.socketPath).mode & 0o777).toBe(0o600);
  });

  it('has no log tables of its own', async () => {
    await test.command('SYSTEM FLUSH LOGS');
    expect(
      await test.rows("SELECT name FROM system.tables WHERE database = 'system' AND name LIKE '%\\_log'"),
    ).toEqual([]);
  });
});

describe('results', () => {
  it.each([
    'JSON',
    'JSONEachRow',
    'JSONCompactEachRowWithNames',
    'CSVWithNames',
    'Native',
    'RowBinaryWithNamesAndTypes',
    'Parquet',
    'ArrowStream',
    'XML',
  ])('of many blocks read back whole as %s', async (format) => {
    const sql = `SELECT number AS n, toString(number) AS s FROM numbers(200000) FORMAT ${format}`;
    const answer = await test.send({ body: sql, query: { query_id: `of-${format}` } });
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      'x-clickhouse-format': format,
      'x-clickhouse-query-id': `of-${format}`,
    });
    if (format === 'JSON') expect(JSON.parse(answer.body.toString()).rows).toBe(200_000);
    if (format === 'XML') return;
    await test.command('DROP TABLE IF EXISTS back');
    await test.command('CREATE TABLE back (n UInt64, s String) ENGINE = MergeTree ORDER BY n');
    const inserted = await test.send({
      query: { query: `INSERT INTO back FORMAT ${format}` },
      body: answer.body,
    });
    expect([inserted.status, inserted.body.toString()]).toEqual([200, '']);
    expect(
      await test.rows('SELECT count() AS c, toString(sum(n)) AS n, uniqExact(s) AS s FROM back'),
    ).toEqual(
      [{ c: 200_000, n: '19999900000', s: 200_000 }].map(({ c, n, s }) => ({
        c: expect.toBeOneOf([c, String(c)]),
        n,
        s: expect.toBeOneOf([s, String(s)]),
      })),
    );
  });

  it('stream at the pace of the reader, without gathering in memory', async () => {
    const { pid } = test.engine.state();
    const before = anonymousBytes(pid!);
    const answer = await test.open({
      body: "SELECT number, repeat('x', 100) FROM numbers(4000000) FORMAT RowBinary",
    });
    let bytes = 0;
    let most = 0;
    for await (const chunk of answer) {
      // While the reader dawdles, others are served.
      if (bytes === 0) for (let i = 0; i < 50; i++) await test.rows('SELECT 1');
      bytes += (chunk as Buffer).length;
      most = Math.max(most, anonymousBytes(pid!) - before);
    }
    expect(bytes).toBe(4_000_000 * 109);
    expect(most).toBeLessThan(150_000_000);
  });

  it('do not hold up anybody while a scalar subquery is computed', async () => {
    const order: string[] = [];
    const slow = test
      .rows('WITH (SELECT sum(sipHash64(number)) FROM numbers(30000000)) AS x SELECT x > 0')
      .then(() => order.push('slow'));
    await until(async () => (await running('numbers(30000000)')) > 0);
    await test.client.ping();
    order.push('ping');
    await slow;
    expect(order).toEqual(['ping', 'slow']);
  });
});

describe('settings and parameters', () => {
  it('hold for one request, also when many run at once', async () => {
    const threads = async (value?: number): Promise<unknown> => {
      const settings = value === undefined ? {} : { max_threads: value, log_comment: `c${value}` };
      const result = await test.client.query({
        query: "SELECT toUInt32(getSetting('max_threads')) AS t, getSetting('log_comment') AS c",
        format: 'JSONEachRow',
        clickhouse_settings: settings,
      });
      return (await result.json<{ t: number; c: string }>())[0];
    };
    const normal = await threads();
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) => threads(i % 3 === 0 ? undefined : 10 + i)),
    );
    expect(answers).toEqual(answers.map((_, i) => (i % 3 === 0 ? normal : { t: 10 + i, c: `c${10 + i}` })));
  });

  it('that change others, or come by SET, do not leak either', async () => {
    const changed = 'SELECT name, value FROM system.settings WHERE changed ORDER BY name';
    const before = await test.rows(changed);
    await test.send({ query: { compatibility: '22.3' }, body: 'SELECT 1' });
    await test.send({ query: { readonly: '1' }, body: 'SELECT 1' });
    await test.command('SET max_block_size = 7');
    await test.command('USE system');
    await test.send({ query: { database: 'system', max_threads: '1' }, body: 'SELECT count() FROM one' });
    for (let i = 0; i < 12; i++) expect(await test.rows(changed)).toEqual(before);
    expect(await test.rows('SELECT currentDatabase() AS d')).toEqual([{ d: 'default' }]);
  });

  it('that are unknown are refused in the words of ClickHouse', async () => {
    const answer = await test.send({ query: { foo: '1' }, body: 'SELECT 1' });
    expect(answer.status).toBe(404);
    expect(answer.headers['x-clickhouse-exception-code']).toBe('115');
    expect(answer.body.toString()).toMatch(
      /^Code: 115\. DB::Exception: Unknown setting 'foo'\. \(UNKNOWN_SETTING\) \(version /,
    );
  });

  it('bind values of any content, at once and without leaking', async () => {
    const values = ["it's", 'a\tb\\c\nd', '', '{x:String}', 'x'.repeat(100_000)];
    const ask = async (value: string, multipart: boolean): Promise<unknown> => {
      const result = await test.client.query({
        query: 'SELECT {v:String} AS v, {l:Array(UInt8)} AS l LIMIT {n:UInt8}',
        query_params: { v: value, l: [1, 2], n: 1 },
        format: 'JSONEachRow',
        use_multipart_params: multipart,
      });
      return await result.json();
    };
    const jobs = values.flatMap((value) => [ask(value, value.length > 10_000), ask(value, true)]);
    expect(await Promise.all(jobs)).toEqual(values.flatMap((v) => [[{ v, l: [1, 2] }], [{ v, l: [1, 2] }]]));
    for (let i = 0; i < 12; i++)
      await expect(test.rows('SELECT {v:String}')).rejects.toMatchObject({ code: '456' });
  });

  it('live on in a named session, as temporary tables do', async () => {
    const session = { session_id: 'one' };
    await test.client.command({ query: 'SET max_block_size = 77', ...session });
    await test.client.command({ query: 'CREATE TEMPORARY TABLE temp (a UInt8)', ...session });
    await test.client.insert({ table: 'temp', values: [{ a: 5 }], format: 'JSONEachRow', ...session });
    const result = await test.client.query({
      query: "SELECT toUInt32(getSetting('max_block_size')) AS b, (SELECT max(a) FROM temp) AS a",
      format: 'JSONEachRow',
      clickhouse_settings: { max_threads: 1 },
      ...session,
    });
    expect(await result.json()).toEqual([{ b: 77, a: 5 }]);
    await expect(test.rows('SELECT * FROM temp')).rejects.toMatchObject({ type: 'UNKNOWN_TABLE' });
  });
});

describe('errors', () => {
  it.each([
    ['SELECT throwIf(1)', 500, '395'],
    ['SELEC 1', 400, '62'],
    ['', 400, '62'],
    ['SELECT * FROM nowhere', 404, '60'],
    ['SELECT 1; SELECT 2', 400, '62'],
    ["SELECT 1 INTO OUTFILE '/nowhere/x'", 501, '48'],
    [
      'SELECT sleepEachRow(0.1) FROM numbers(100) SETTINGS max_execution_time = 0.1, max_block_size = 1',
      408,
      '159',
    ],
    ['SELECT groupArray(number) FROM numbers(1000000000) SETTINGS max_memory_usage = 50000000', 500, '241'],
  ])('of %j have status %i and code %s', async (body, status, code) => {
    const answer = await test.send({ body });
    expect([answer.status, answer.headers['x-clickhouse-exception-code']]).toEqual([status, code]);
    expect(answer.body.toString()).toMatch(
      new RegExp(`^Code: ${code}\\. DB::Exception: .*\\([A-Z_]+\\) \\(version [^)]*\\)\n$`, 's'),
    );
    expect(answer.body.toString()).not.toContain('/* ');
  });

  it('leave nothing behind among the processes, and no session in use', async () => {
    const failing = [
      'SELECT throwIf(1)',
      'SELECT groupArray(number) FROM numbers(1000000000) SETTINGS max_memory_usage = 9000000',
      'SELEC',
    ];
    await Promise.all(Array.from({ length: 9 }, (_, i) => test.send({ body: failing[i % 3]! })));
    await until(async () => (await test.rows('SELECT query FROM system.processes')).length === 1);
    const health = await test.send({ path: '/health', method: 'GET' });
    expect(JSON.parse(health.body.toString())).toMatchObject({ queries: { running: 0, waiting: 0 } });
  });

  it('in the middle of a result reach the client as what they are', async () => {
    const query =
      'SELECT number, throwIf(number = 100000) FROM numbers(200000) SETTINGS max_block_size = 1000';
    for (const compression of [{ response: false }, { response: true }]) {
      const client = createClient({
        url: 'http://engine',
        http_agent: test.engine.agent,
        compression,
        log: { level: 127 },
      });
      const result = await client.query({ query, format: 'JSONEachRow' });
      const reading = result.json();
      await expect(reading).rejects.toBeInstanceOf(ClickHouseError);
      await expect(reading).rejects.toMatchObject({ code: '395' });
    }
  });

  it('in the middle of a result never look like its end', async () => {
    const body =
      'SELECT number, throwIf(number = 100000) FROM numbers(200000) SETTINGS max_block_size = 1000 FORMAT CSV';
    const answer = await test.open({ body });
    expect(answer.statusCode).toBe(200);
    const chunks: Buffer[] = [];
    const reading = (async () => {
      for await (const chunk of answer) chunks.push(chunk as Buffer);
    })();
    await expect(reading).rejects.toThrow('aborted');
    expect(Buffer.concat(chunks).toString()).toContain(
      `__exception__\r\n${answer.headers['x-clickhouse-exception-tag']}`,
    );
  });

  it('have their status even late when the request waits for the end', async () => {
    const body =
      'SELECT number, throwIf(number = 100000) FROM numbers(200000) SETTINGS max_block_size = 1000 FORMAT CSV';
    const failed = await test.send({ body, query: { wait_end_of_query: '1' } });
    expect([failed.status, failed.headers['x-clickhouse-exception-code']]).toEqual([500, '395']);
    const whole = await test.send({
      body: 'SELECT number FROM numbers(200000)',
      query: { wait_end_of_query: '1', default_format: 'RowBinary' },
    });
    expect(whole.body.length).toBe(1_600_000);
  });

  it('of the request itself are clear', async () => {
    const random = Buffer.from(Array.from({ length: 1000 }, (_, i) => (i * 7919) % 251));
    const cases: [Parameters<TestEngine['send']>[0], number][] = [
      [{ body: random, headers: { 'content-encoding': 'gzip' } }, 400],
      [{ body: gzipSync('SELECT 1').subarray(0, 15), headers: { 'content-encoding': 'gzip' } }, 400],
      [{ body: 'SELECT 1', headers: { 'content-encoding': 'snappy' } }, 415],
      [{ body: 'SELECT 1', query: { decompress: '1' } }, 501],
      [{ body: random }, 400],
      [{ method: 'GET', query: { query: 'DROP TABLE t' } }, 403],
      [{ method: 'DELETE' }, 405],
      [{ method: 'GET', path: '/elsewhere' }, 404],
      [{ body: gzipSync(Buffer.alloc(20_000_000, 32)), headers: { 'content-encoding': 'gzip' } }, 413],
    ];
    for (const [request, status] of cases)
      expect((await test.send(request)).status, JSON.stringify(request).slice(0, 99)).toBe(status);
    expect(await test.rows('SELECT 1 AS a')).toEqual([{ a: 1 }]);
  });
});

describe('compression', () => {
  it('works both ways', async () => {
    const answer = await test.send({
      query: { enable_http_compression: '1' },
      headers: { 'accept-encoding': 'gzip', 'content-encoding': 'gzip' },
      body: gzipSync('SELECT number FROM numbers(100000)'),
    });
    expect(answer.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(answer.body).toString().split('\n')).toHaveLength(100_001);
    const plain = await test.send({ headers: { 'accept-encoding': 'gzip' }, body: 'SELECT 1' });
    expect([plain.headers['content-encoding'], plain.body.toString()]).toEqual([undefined, '1\n']);
  });

  it('works with the client', async () => {
    const client = createClient({
      url: 'http://engine',
      http_agent: test.engine.agent,
      compression: { request: true, response: true },
    });
    await client.command({ query: 'CREATE TABLE zipped (a UInt32) ENGINE = MergeTree ORDER BY a' });
    const values = Array.from({ length: 5000 }, (_, a) => ({ a }));
    await client.insert({ table: 'zipped', values, format: 'JSONEachRow' });
    const result = await client.query({ query: 'SELECT a FROM zipped ORDER BY a', format: 'JSONEachRow' });
    expect(await result.json()).toEqual(values);
  });
});

describe('who goes away', () => {
  it.each([
    [
      'before the first row',
      'SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1',
      'sipHash64(number) = 1',
    ],
    [
      'in the middle of the rows',
      'SELECT number FROM numbers(900000000000) FORMAT RowBinary',
      'numbers(900000000000)',
    ],
  ])('%s has the query cancelled', async (_when, query, part) => {
    const controller = new AbortController();
    const asked = test.client.exec({ query, abort_signal: controller.signal }).catch(() => undefined);
    await until(async () => (await running(part)) > 0);
    controller.abort();
    const answer = await asked;
    answer?.stream.once('error', () => {}).destroy();
    await until(async () => (await running(part)) === 0);
  });

  it('does not take a place from others, and the same id cannot run twice', async () => {
    const query = { query_id: 'twice', default_format: 'RowBinary' };
    const first = await test.open({ body: 'SELECT number FROM numbers(1000000000000)', query });
    const second = await test.send({ body: 'SELECT 1', query });
    expect(second.headers['x-clickhouse-exception-code']).toBe('216');
    first.destroy();
    await until(async () => (await test.send({ body: 'SELECT 1', query })).status === 200);
  });
});
