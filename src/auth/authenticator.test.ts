import { beforeEach, expect, test } from 'vitest';
import { openState } from '../state/index.ts';
import { createAuthenticator, createKeyStore, type KeyStore } from './index.ts';

let keys: KeyStore;
let nowMs: number;
beforeEach(() => {
  keys = createKeyStore(openState(':memory:'));
  nowMs = 1_000_000;
});

function authenticator(isRequired: boolean) {
  const onError = (error: unknown) => {
    throw error;
  };
  return createAuthenticator({ keys, isRequired, now: () => nowMs, onError });
}

test('without a credential: admin where none is asked for, refused elsewhere', async () => {
  expect(await authenticator(false).authenticate({})).toEqual({ kind: 'open', role: 'admin', name: '' });
  await expect(authenticator(true).authenticate({})).rejects.toMatchObject({
    code: 'key_required',
    status: 401,
  });
});

test('a wrong key is refused even where none is asked for', async () => {
  await expect(authenticator(false).authenticate({ secret: 'x' })).rejects.toMatchObject({
    code: 'key_invalid',
  });
});

test('the role comes from the key', async () => {
  const { secret } = await keys.create('ci', 'ingest', nowMs);
  expect(await authenticator(true).authenticate({ secret })).toEqual({
    kind: 'key',
    role: 'ingest',
    name: 'ci',
  });
});

test('a revoked key works no longer than the cache lives', async () => {
  const auth = authenticator(true);
  const { secret } = await keys.create('ci', 'ingest', nowMs);
  await auth.authenticate({ secret });
  await keys.revoke('ci', nowMs);
  nowMs += 5000;
  await expect(auth.authenticate({ secret })).rejects.toMatchObject({ code: 'key_invalid' });
});

test('only admin keys log in, and a log-in can be used and ended', async () => {
  const auth = authenticator(true);
  const ingest = await keys.create('ci', 'ingest', nowMs);
  await expect(auth.logIn(ingest.secret)).rejects.toMatchObject({ status: 403 });
  const admin = await keys.create('me', 'admin', nowMs);
  const { token } = await auth.logIn(admin.secret);
  expect(await auth.authenticate({ loginToken: token })).toEqual({
    kind: 'session',
    role: 'admin',
    name: 'me',
  });
  await auth.logOut(token);
  await expect(auth.authenticate({ loginToken: token })).rejects.toMatchObject({ code: 'key_required' });
});
