import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSnapshotStore, openState } from './index.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bellwether-state-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a snapshot survives closing and opening', async () => {
  const file = join(folder, 'deep', 'state.db');
  const first = openState(file);
  await createSnapshotStore(first).save('sources', { a: 1 }, 1);
  await createSnapshotStore(first).save('sources', { a: 2 }, 2);
  await first.destroy();
  const second = openState(file);
  expect(await createSnapshotStore(second).load('sources')).toEqual({ a: 2 });
  expect(await createSnapshotStore(second).load('other')).toBeUndefined();
  await second.destroy();
});

test('a file of a newer version is refused and left alone', () => {
  const file = join(folder, 'state.db');
  const sqlite = new SqliteDatabase(file);
  sqlite.pragma('user_version = 99');
  sqlite.close();
  expect(() => openState(file)).toThrow(/version 99/);
  expect(new SqliteDatabase(file).pragma('user_version', { simple: true })).toBe(99);
});
