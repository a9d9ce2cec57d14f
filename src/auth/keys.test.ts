import { beforeEach, expect, test } from 'vitest';
import { openState, type StateDatabase } from '../state/index.ts';
import { createKeyStore, type KeyStore } from './keys.ts';

let database: StateDatabase;
let keys: KeyStore;
beforeEach(() => {
  database = openState(':memory:');
  keys = createKeyStore(database);
});

test('a key is found by its secret and by nothing else', async () => {
  const { info, secret } = await keys.create('laptop', 'ingest', 5);
  expect(secret).toMatch(/^bw_ingest_[\w-]{43}$/);
  expect(await keys.find(secret)).toEqual(info);
  expect(await keys.find(`${secret}x`)).toBeUndefined();
  expect(await keys.find('')).toBeUndefined();
});

test('the secret is nowhere in the database', async () => {
  const { secret } = await keys.create('laptop', 'admin', 5);
  const rows = await database.selectFrom('keys').selectAll().execute();
  expect(JSON.stringify(rows)).not.toContain(secret.slice('bw_admin_'.length));
});

test('a revoked key and its log-ins stop working at once', async () => {
  const { info, secret } = await keys.create('laptop', 'admin', 5);
  const token = await keys.logIn(info.id, 1000);
  expect(await keys.findLogin(token, 10)).toEqual(info);
  expect(await keys.revoke('laptop', 20)).toBe(true);
  expect(await keys.find(secret)).toBeUndefined();
  expect(await keys.findLogin(token, 30)).toBeUndefined();
  expect(await keys.revoke('laptop', 40)).toBe(false);
  expect(await keys.any()).toBe(false);
});

test('a log-in ends at its time and at log-out', async () => {
  const { info } = await keys.create('me', 'admin', 5);
  const token = await keys.logIn(info.id, 1000);
  expect(await keys.findLogin(token, 1000)).toBeUndefined();
  const other = await keys.logIn(info.id, 1000);
  await keys.logOut(other);
  expect(await keys.findLogin(other, 10)).toBeUndefined();
});

test('names are checked and unique among valid keys', async () => {
  await keys.create('one', 'ingest', 5);
  await expect(keys.create('one', 'ingest', 6)).rejects.toMatchObject({ code: 'key_exists' });
  await expect(keys.create('../x', 'ingest', 6)).rejects.toMatchObject({ code: 'bad_key_name' });
  await keys.revoke('one', 7);
  await keys.create('one', 'admin', 8);
  expect(await keys.any('admin')).toBe(true);
  expect(await keys.any('ingest')).toBe(false);
});
