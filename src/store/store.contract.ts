import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Log } from '../lib/log.ts';
import { silentLog } from '../lib/log.ts';
import type { StoreConnection } from './client.ts';
import { type Migration, migrations } from './migrations.ts';
import { createTableStatements, schemaOf } from './schema.ts';
import { type Sql, sql } from './sql.ts';
import { openStore, type Store, type StoreOptions } from './store.ts';
import { insertTests } from './store-inserts.contract.ts';
import { storedTables, type TableName } from './tables.ts';

/** A ClickHouse to test against. */
export interface ContractServer {
  readonly connection: StoreConnection;
  /** Directory from which the server takes files. */
  readonly spoolDir: string;
  readonly cluster?: string;
  close(): Promise<void>;
}

const OFF = { metrics: 'off', logs: 'off', traces: 'off', sessions: 'off', alerts: 'off' } as const;
const DAY_MS = 86_400_000;

/** What every store promises, whatever is behind it. */
export function storeContract(name: string, start: () => Promise<ContractServer>): void {
  describe(name, () => {
    let server: ContractServer;
    let store: Store;

    beforeAll(async () => {
      server = await start();
      store = open();
      await store.whenReady();
    });
    afterAll(async () => {
      await store.command(sql`DROP DATABASE IF EXISTS ${sql.id(store.layout.database)} SYNC`);
      await store.close();
      await server.close();
    });

    function open(options: Partial<StoreOptions> = {}): Store {
      return openStore({
        connection: server.connection,
        cluster: server.cluster,
        database: `bellwether_${randomBytes(4).toString('hex')}`,
        retention: OFF,
        log: silentLog,
        ...options,
      });
    }

    /** A store of its own, dropped at the end of the test. */
    function openOwn(options: Partial<StoreOptions> = {}): Store {
      const own = open(options);
      onTestFinished(async () => {
        await own.close();
        await store.command(sql`DROP DATABASE IF EXISTS ${sql.id(own.layout.database)} SYNC`);
      });
      return own;
    }

    const current = () => store;
    migrationTests(current, openOwn);
    escapingTests(current);
    answerTests(current);
    failureTests(current, openOwn);
    insertTests(current, () => server.spoolDir);
    retentionTests(openOwn);
  });
}

type OpenStore = (options?: Partial<StoreOptions>) => Store;

function migrationTests(store: () => Store, open: OpenStore): void {
  describe('migrations', () => {
    it('create exactly the tables that tables.ts describes; a change there needs a migration', async () => {
      const { layout } = store();
      const direct = { ...layout, database: `${layout.database}_direct` };
      await store().command(sql`CREATE DATABASE ${sql.id(direct.database)}`);
      onTestFinished(() => store().command(sql`DROP DATABASE ${sql.id(direct.database)} SYNC`));
      for (const table of storedTables) {
        const schema = schemaOf(table as unknown as Parameters<typeof schemaOf>[0]);
        for (const statement of createTableStatements(schema, direct)) await store().command(statement);
      }
      const [migrated, described] = [
        await shapeOf(store(), layout.database),
        await shapeOf(store(), direct.database),
      ];
      expect(migrated).toEqual(described);
      expect(Object.keys(migrated)).toEqual(expect.arrayContaining(storedTables.map((table) => table.name)));
    });

    it('run once, in order, and are recorded', async () => {
      const ran: number[] = [];
      const first = traced(1, ran);
      const own = open({ migrations: [first] });
      await own.whenReady();
      await own.close();
      const again = openStoreAs(own, open, [first, traced(2, ran)]);
      await again.whenReady();
      expect(ran).toEqual([1, 2]);
      const rows = await again.query(sql`SELECT number, title FROM migrations ORDER BY number`);
      expect(rows).toEqual([
        { number: 1, title: 'test 1' },
        { number: 2, title: 'test 2' },
      ]);
    });

    it('run again from their first statement after a failure in the middle', async () => {
      let isBroken = true;
      const own = open({
        migrations: [
          {
            number: 1,
            title: 'fails once',
            statements: ({ database }) => {
              const create = sql`CREATE TABLE IF NOT EXISTS ${sql.id(database, 'half')} (x UInt8) ENGINE = Memory`;
              const broken = isBroken ? [sql`SELECT throwIf(1)`] : [];
              isBroken = false;
              return [create, ...broken];
            },
          },
        ],
      });
      await own.whenReady();
      expect(await own.query(sql`SELECT count() AS n FROM migrations`)).toEqual([{ n: 1 }]);
    });

    it('refuse a store that a newer build has migrated, and say what to do', async () => {
      const own = open();
      await own.whenReady();
      await own.command(
        sql`INSERT INTO ${sql.id(own.layout.database, 'migrations')} SELECT 99, 'from the future', now()`,
      );
      await own.close();
      const older = openStoreAs(own, open, migrations);
      const known = migrations.at(-1)!.number;
      await expect(older.whenReady()).rejects.toMatchObject({
        code: 'store_newer',
        message: expect.stringMatching(new RegExp(`99.*${known}`)),
        hint: expect.stringMatching(/newer/),
      });
      expect(older.ready().status).toBe('refused');
      await expect(older.query(sql`SELECT 1`)).rejects.toMatchObject({
        code: 'storage_unavailable',
        status: 503,
      });
    });
  });
}

function openStoreAs(other: Store, open: OpenStore, list: readonly Migration[]): Store {
  return open({ database: other.layout.database, migrations: list });
}

function traced(number: number, ran: number[]): Migration {
  return {
    number,
    title: `test ${number}`,
    statements: () => {
      ran.push(number);
      return [];
    },
  };
}

/** Everything that ClickHouse knows of a database's tables, by table. */
async function shapeOf(store: Store, database: string): Promise<Record<string, unknown>> {
  const columns = await store.query<{ table: string }>(sql`
    SELECT table, position, name, type, compression_codec FROM system.columns
    WHERE database = ${database} AND table != 'migrations' ORDER BY table, position`);
  const made = await store.query<{ name: string; create_table_query: string }>(sql`
    SELECT name, create_table_query FROM system.tables WHERE database = ${database} AND name != 'migrations'`);
  return Object.fromEntries(
    made.map(({ name, create_table_query }) => [
      name,
      {
        columns: columns.filter((column) => column.table === name),
        create: create_table_query.replaceAll(database, 'db').replace(/UUID '[^']*'/, ''),
      },
    ]),
  );
}

const anyText = fc.string({ unit: 'binary', maxLength: 40 });

function escapingTests(store: () => Store): void {
  describe('values in SQL', () => {
    it('strings come back as they went in', async () => {
      const nasty = [
        "'",
        '\\',
        "\\'",
        '`',
        '\0',
        '\n\r\t\b\f',
        '--',
        '/*',
        '{x:String}',
        '💡',
        '%_',
        '?',
        '$$',
      ];
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.oneof(anyText, fc.constantFrom(...nasty)), { maxLength: 30 }),
          async (texts) => {
            const [row] = await store().query<{ texts: string[] }>(
              sql`SELECT arrayMap(x -> hex(x), ${sql.array(texts)}::Array(String)) AS texts`,
            );
            expect(row!.texts.map((hex) => Buffer.from(hex, 'hex').toString())).toEqual(texts);
          },
        ),
        { numRuns: 60 },
      );
    });

    it('a lone surrogate becomes the replacement character', async () => {
      expect(await store().query(sql`SELECT ${'a\ud800b'} AS x`)).toEqual([{ x: 'a\ufffdb' }]);
    });

    it('identifiers name what they say', async () => {
      await fc.assert(
        fc.asyncProperty(fc.string({ minLength: 1, maxLength: 20 }), async (name) => {
          expect(await store().query(sql`SELECT 1 AS ${sql.id(name)}`)).toEqual([{ [name]: 1 }]);
        }),
        { numRuns: 60 },
      );
    });

    it('numbers, 64-bit integers and bytes keep their value', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.double(),
          fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
          fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
          fc.uint8Array({ maxLength: 20 }),
          async (float, unsigned, signed, bytes) => {
            const [row] = await store().query<Record<string, string>>(sql`SELECT
              hex(reinterpretAsUInt64(${float}::Float64)) AS float,
              toString(${unsigned}::UInt64) AS unsigned, toString(${signed}::Int64) AS signed,
              hex(${bytes}) AS bytes, 1 - ${-1} AS difference`);
            expect(bitsOf(float)).toContain(row!.float!.padStart(16, '0'));
            expect(row).toMatchObject({
              unsigned: String(unsigned),
              signed: String(signed),
              bytes: Buffer.from(bytes).toString('hex').toUpperCase(),
              difference: 2,
            });
          },
        ),
        { numRuns: 60 },
      );
    });

    it('times, ids, lists and fragments', async () => {
      const traceId = '0af7651916cd43dd8448eb211c80319c';
      const [row] = await store().query(sql`SELECT
        toUnixTimestamp64Milli(${new Date(1_735_787_045_678)}) AS date,
        toString(toUnixTimestamp64Nano(${sql.timeNs(1_735_787_045_678_901_234n)})) AS nanos,
        ${sql.hexId(traceId.toUpperCase(), 16)} AS trace_id,
        toTypeName(trace_id) AS type, ${sql.hexOf('trace_id')} AS trace_hex,
        2 IN ${[1, 2]} AS found, 2 IN ${[]} AS in_none, 2 NOT IN ${[]} AS not_in_none,
        ${sql.and([sql`1 = 1`, sql`2 = ${2}`])} AS both, ${sql.and([])} AS none, ${null} IS NULL AS is_null`);
      expect(row).toMatchObject({
        date: 1_735_787_045_678,
        nanos: '1735787045678901234',
        type: 'FixedString(16)',
        trace_hex: traceId,
        found: 1,
        in_none: 0,
        not_in_none: 1,
        both: 1,
        none: true,
        is_null: 1,
      });
      expect(() => sql.hexId('xyz', 16)).toThrow(expect.objectContaining({ code: 'bad_id', status: 400 }));
    });
  });
}

/** Hex of the bits that may stand for a number: any NaN is as good as another. */
function bitsOf(float: number): string[] {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, float);
  const bits = view.getBigUint64(0).toString(16).toUpperCase().padStart(16, '0');
  return Number.isNaN(float) ? ['7FF8000000000000', 'FFF8000000000000'] : [bits];
}

function answerTests(store: () => Store): void {
  describe('answers', () => {
    it('have JavaScript values of the columns’ types', async () => {
      const [row] = await store().query(sql`SELECT
        toUInt64(5) AS small, toUInt64('18446744073709551615') AS large, [toInt64(-1), 2] AS list,
        map('a', toUInt64(1)) AS counts, toNullable(toInt64(3)) AS some, CAST(NULL AS Nullable(Int64)) AS absent,
        toLowCardinality('word') AS word, nan AS nan, [inf, -inf, 0.5] AS floats, 'text' AS text, true AS yes,
        (1, 'x') AS pair`);
      expect(row).toEqual({
        small: 5,
        large: 18_446_744_073_709_551_615n,
        list: [-1, 2],
        counts: { a: 1 },
        some: 3,
        absent: null,
        word: 'word',
        nan: Number.NaN,
        floats: [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.5],
        text: 'text',
        yes: true,
        pair: [1, 'x'],
      });
    });

    it('can be streamed, and the stream can be left early', async () => {
      let rows = 0;
      let sum = 0;
      for await (const batch of store().stream<{ n: number }>(sql`SELECT number AS n FROM numbers(100000)`)) {
        rows += batch.length;
        for (const row of batch) sum += row.n;
      }
      expect([rows, sum]).toEqual([100_000, 4_999_950_000]);
      for await (const batch of store().stream(sql`SELECT number FROM numbers(100000)`)) {
        expect(batch.length).toBeGreaterThan(0);
        break;
      }
      expect(await store().query(sql`SELECT 1 AS x`)).toEqual([{ x: 1 }]);
    });

    it('an empty answer is an empty list', async () => {
      expect(await store().query(sql`SELECT 1 WHERE 0`)).toEqual([]);
      const batches = [];
      for await (const batch of store().stream(sql`SELECT 1 WHERE 0`)) batches.push(batch);
      expect(batches).toEqual([]);
    });
  });
}

function failureTests(store: () => Store, open: OpenStore): void {
  describe('failures', () => {
    it('a query that is wrong: storage_error with the number of ClickHouse’s error', async () => {
      await expect(store().query(sql`SELECT * FROM no_such_table`)).rejects.toMatchObject({
        code: 'storage_error',
        status: 500,
        clickhouseCode: 60,
        message: expect.stringMatching(/no_such_table.*60/s),
      });
    });

    it('a query that takes too long: query_timeout', async () => {
      const slow = sql`SELECT sum(sleepEachRow(0.1)) FROM numbers(100) SETTINGS max_block_size = 1`;
      const failure = { code: 'query_timeout', status: 504, hint: expect.stringMatching(/shorter/) };
      await expect(store().query(slow, { timeoutMs: 300 })).rejects.toMatchObject(failure);
    });

    it('a query that needs too much memory: query_memory', async () => {
      const large = sql`SELECT length(groupArray(toString(number))) FROM numbers(20000000)`;
      const failure = { code: 'query_memory', status: 422 };
      await expect(store().query(large, { memoryBytes: 20_000_000 })).rejects.toMatchObject(failure);
    });

    it('a query that its caller gave up: query_cancelled', async () => {
      const controller = new AbortController();
      const query = store().query(sql`SELECT sleep(1)`, { signal: controller.signal });
      controller.abort();
      await expect(query).rejects.toMatchObject({ code: 'query_cancelled' });
      await expect(store().query(sql`SELECT 1`, { signal: controller.signal })).rejects.toMatchObject({
        code: 'query_cancelled',
      });
    });

    it('an error in the middle of a stream reaches the reader', async () => {
      const query = sql`SELECT throwIf(number = 90000) AS x FROM numbers(100000) SETTINGS max_block_size = 1000`;
      const read = async () => {
        for await (const _ of store().stream(query));
      };
      await expect(read()).rejects.toMatchObject({ name: 'StorageError' });
    });

    it('no server: storage_unavailable, and not ready', async () => {
      const absent = open({ connection: { kind: 'server', url: 'http://127.0.0.1:9' } });
      await expect(absent.query(sql`SELECT 1`)).rejects.toMatchObject({
        code: 'storage_unavailable',
        status: 503,
        retryAfterS: expect.any(Number),
      });
      expect(absent.ready().status).toBe('starting');
    });
  });
}

function retentionTests(open: OpenStore): void {
  /** A log that keeps the names of tables whose retention was changed. */
  function changesIn(changed: unknown[]): Log {
    return {
      ...silentLog,
      info: (fields, message) => {
        if (message === 'changing retention') changed.push(fields.table);
      },
    };
  }

  async function ttlOf(store: Store, table: TableName): Promise<string> {
    const local = store.layout.cluster === undefined ? table : `${table}_local`;
    const [row] = await store.query<{ engine_full: string }>(sql`SELECT engine_full FROM system.tables
      WHERE database = ${store.layout.database} AND name = ${local}`);
    return row!.engine_full;
  }

  describe('retention', () => {
    it('becomes the tables’ TTL, is changed when the configuration is, and only then', async () => {
      const changed: unknown[] = [];
      const log = changesIn(changed);
      const retention = { ...OFF, metrics: 10 * DAY_MS, logs: DAY_MS, traces: 3 * DAY_MS } as const;
      const first = open({ retention, log });
      await first.whenReady();
      expect(await ttlOf(first, 'logs')).toContain('TTL toDateTime(ts) + toIntervalSecond(86400) ');
      expect(await ttlOf(first, 'metric_chunks')).toContain('toIntervalSecond(864000)');
      expect(await ttlOf(first, 'agent_events')).not.toContain('TTL toDateTime');
      // Streams serve logs, traces and sessions; sessions are kept for ever here.
      expect(await ttlOf(first, 'streams')).not.toContain('TTL (');
      await first.close();

      const { database } = first.layout;
      changed.length = 0;
      const same = open({ database, retention, log });
      await same.whenReady();
      expect(changed).toEqual([]);
      await same.close();

      const shorter = { ...retention, logs: 'off', sessions: 2 * DAY_MS } as const;
      const other = open({ database, retention: shorter, log });
      await other.whenReady();
      expect([...changed].sort().map((table) => String(table).replace('_local', ''))).toEqual([
        'agent_events',
        'agent_points',
        'logs',
      ]);
      expect(await ttlOf(other, 'logs')).not.toContain('TTL toDateTime');
    });
  });
}

// `Sql` is what the store takes: plain text is a type error.
export type OnlySql = Parameters<Store['query']>[0] extends Sql ? true : never;
