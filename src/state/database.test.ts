import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDocuments, createSnapshotStore, openState } from './index.ts';

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

test('documents are written together, each scope for itself, also when there are many', async () => {
  const state = openState(':memory:');
  const alerts = createDocuments(state, 'alerts');
  const silences = createDocuments(state, 'silences');
  await alerts.apply(new Map(Array.from({ length: 1200 }, (_, i) => [`k${i}`, `{"n":${i}}`])));
  await silences.apply(new Map([['k1', '{}']]));
  const changes = new Map<string, string | undefined>([['k1', '{"n":-1}']]);
  for (let i = 2; i < 1100; i++) changes.set(`k${i}`, undefined);
  await alerts.apply(changes);
  const left = await alerts.load();
  expect(left.size).toBe(102);
  expect(left.get('k1')).toBe('{"n":-1}');
  expect([...(await silences.load())]).toEqual([['k1', '{}']]);
  await state.destroy();
});
