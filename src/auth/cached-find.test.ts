import { expect, test } from 'vitest';
import { openState } from '../state/index.ts';
import { cachedFind, createKeyStore } from './index.ts';

test('a revoked key works no longer than the cache lives', async () => {
  let nowMs = 1_000_000;
  const keys = createKeyStore(openState(':memory:'));
  const find = cachedFind(keys, () => nowMs);
  const { info, secret } = await keys.create('ci', 'ingest', nowMs);
  expect(await find(secret)).toEqual(info);
  await keys.revoke('ci', nowMs);
  nowMs += 4999;
  expect(await find(secret)).toEqual(info);
  nowMs += 1;
  expect(await find(secret)).toBeUndefined();
});

test('a key that is made later is found at once, though it was asked for before', async () => {
  const keys = createKeyStore(openState(':memory:'));
  let secret = 'unknown';
  const find = cachedFind({ find: (asked) => keys.find(asked === 'later' ? secret : asked) }, () => 0);
  expect(await find('later')).toBeUndefined();
  secret = (await keys.create('ci', 'ingest', 0)).secret;
  expect(await find('later')).toMatchObject({ name: 'ci' });
});
