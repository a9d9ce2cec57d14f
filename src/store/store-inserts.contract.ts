import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../lib/log.ts';
import { nativeBlock } from './native/block.ts';
import type { Column } from './native/columns.ts';
import { sql } from './sql.ts';
import type { Store } from './store.ts';
import { createBatch, storedTables, type TableName, tables } from './tables.ts';
import { appendAnyRow } from './testing/rows.ts';
import { createWriter } from './writer.ts';

/** 2025-01-02 03:04:05 UTC. */
const SECONDS = 1_735_787_045;

/** Inserts of spool files; `spoolDir` is where the server takes files from. */
export function insertTests(store: () => Store, spoolDir: () => string): void {
  /** A spool file with `rows` rows of a table, on disk. */
  function file(table: TableName, rows: number, first = 0): { path: string; bytes: number } {
    const batch = createBatch();
    for (let i = 0; i < rows; i++) appendAnyRow(batch, table, first + i, SECONDS + i);
    const contents = Buffer.concat(nativeBlock(batch[table] as unknown as Record<string, Column>));
    const path = join(spoolDir(), `${table}-${randomBytes(6).toString('hex')}.native`);
    writeFileSync(path, contents);
    return { path, bytes: contents.length };
  }

  async function insert(
    table: TableName,
    files: { path: string; bytes: number }[],
    token: string,
  ): Promise<void> {
    await store().insertFiles({
      table,
      columns: Object.keys(tables[table].columns),
      paths: files.map(({ path }) => path),
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
      token,
    });
  }

  async function count(table: TableName): Promise<number> {
    const [row] = await store().query<{ n: number }>(sql`SELECT count() AS n FROM ${store().table(table)}`);
    return row!.n;
  }

  describe('inserts of files', () => {
    for (const table of storedTables.map((table) => table.name as TableName)) {
      it(`${table}: every column arrives as it was appended`, async () => {
        await store().command(sql`TRUNCATE TABLE ${store().table(table)}`);
        await insert(table, [file(table, 3)], `first ${table}`);
        const { columns } = tables[table];
        const rows = await store().query<Record<string, unknown>>(
          sql`SELECT * FROM ${store().table(table)} ORDER BY ${sql.id(Object.keys(columns)[0]!)}`,
        );
        const expected = [0, 1, 2].map((n) =>
          Object.fromEntries(
            Object.entries(columns).map(([name, { type }]) => [name, shownValue(type, n, SECONDS + n)]),
          ),
        );
        expect(rows).toHaveLength(expected.length);
        expect(rows).toEqual(expect.arrayContaining(expected));
      });
    }

    it('of several files are one insert, and the same token stores nothing twice', async () => {
      await store().command(sql`TRUNCATE TABLE ${store().table('logs')}`);
      const files = [file('logs', 10), file('logs', 20, 100), file('logs', 5, 1000)];
      await insert('logs', files, 'once');
      await insert('logs', files, 'once');
      expect(await count('logs')).toBe(35);
      await insert('logs', files, 'again');
      expect(await count('logs')).toBe(70);
    });

    it('over more days than ClickHouse takes by default are deduplicated as a whole', async () => {
      await store().command(sql`TRUNCATE TABLE ${store().table('logs')}`);
      const batch = createBatch();
      for (let day = 0; day < 101; day++) appendAnyRow(batch, 'logs', day, SECONDS + day * 86_400);
      const path = join(spoolDir(), `logs-${randomBytes(6).toString('hex')}.native`);
      const contents = Buffer.concat(nativeBlock(batch.logs));
      writeFileSync(path, contents);
      for (let i = 0; i < 2; i++) await insert('logs', [{ path, bytes: contents.length }], 'days');
      expect(await count('logs')).toBe(101);
    });

    it('of a damaged file are refused for good, and store nothing of the set', async () => {
      await store().command(sql`TRUNCATE TABLE ${store().table('logs')}`);
      const [good, bad] = [file('logs', 10), file('logs', 10)];
      writeFileSync(bad.path, readFileSync(bad.path).subarray(0, bad.bytes / 2));
      await expect(insert('logs', [good, bad], 'damaged')).rejects.toMatchObject({
        insertVerdict: 'permanent',
      });
      expect(await count('logs')).toBe(0);
    });

    it('into a table that lacks a column are refused for good', async () => {
      const given = file('logs', 1);
      const refused = store().insertFiles({
        table: 'logs',
        columns: ['ts', 'no_such_column'],
        paths: [given.path],
        bytes: given.bytes,
        token: 'unknown column',
      });
      await expect(refused).rejects.toMatchObject({ insertVerdict: 'permanent' });
    });

    it('by the writer are readable soon after the acknowledgement', async () => {
      await store().command(sql`TRUNCATE TABLE ${store().table('metric_deltas')}`);
      const directory = join(spoolDir(), 'writer');
      const writer = await createWriter({ target: store(), spoolDir: directory, log: silentLog });
      const stored = new Promise((resolve) => writer.onStored(resolve));
      for (let i = 0; i < 1_000; i++) appendAnyRow(writer.batch(), 'metric_deltas', i, SECONDS);
      await writer.committed();
      expect(await stored).toEqual({ table: 'metric_deltas', rows: 1_000 });
      expect(await count('metric_deltas')).toBe(1_000);
      await writer.drain();
    });
  });
}

/** What `appendAnyRow` put into a column of this type, as an answer shows it. */
function shownValue(type: string, n: number, seconds: number): unknown {
  const nested = /^(Array|LowCardinality)\((.*)\)$/.exec(type);
  if (nested?.[1] === 'Array')
    return [shownValue(nested[2]!, n, seconds), shownValue(nested[2]!, n + 1, seconds)];
  if (nested?.[1] === 'LowCardinality') return shownValue(nested[2]!, n, seconds);
  if (type.startsWith('Map(')) return { [`text ${n}`]: `text ${n}`, [`text ${n + 1}`]: `text ${n + 1}` };
  const fixed = /^FixedString\((\d+)\)$/.exec(type);
  if (fixed !== null) return String.fromCharCode(n + 1).repeat(Number(fixed[1]));
  const second = new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
  if (type === 'DateTime') return second;
  if (type === 'DateTime64(3)') return `${second}.${String(n).padStart(3, '0')}`;
  if (type === 'DateTime64(9)') return `${second}.000000000`;
  if (type === 'String') return `text ${n}`;
  if (type === 'UInt8') return n % 2;
  if (type === 'Int16') return 0 - n;
  return type === 'Float64' ? n + 0.5 : n;
}
