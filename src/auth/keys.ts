import { createHash, randomBytes } from 'node:crypto';
import { BellwetherError } from '../lib/errors.ts';
import type { Role, StateDatabase } from '../state/index.ts';

/** A key without its secret. Times are epoch milliseconds. */
export interface KeyInfo {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly createdAtMs: number;
  readonly lastUsedAtMs: number | null;
}

export interface KeyStore {
  /** Makes a key. The returned secret exists nowhere else: it is shown once and stored as a hash. */
  create(name: string, role: Role, nowMs: number): Promise<{ info: KeyInfo; secret: string }>;
  list(): Promise<KeyInfo[]>;
  /** True when a key of that name or id was there; its log-ins end too. */
  revoke(nameOrId: string, nowMs: number): Promise<boolean>;
  /** The key behind a secret, or undefined. */
  find(secret: string): Promise<KeyInfo | undefined>;
  /** True when at least one key, of the given role if named, is valid. */
  any(role?: Role): Promise<boolean>;
  /** Starts a browser session for a key and returns its token. */
  logIn(keyId: string, expiresAtMs: number): Promise<string>;
  /** The key behind a browser session that has not expired, or undefined. */
  findLogin(token: string, nowMs: number): Promise<KeyInfo | undefined>;
  logOut(token: string): Promise<void>;
  touch(id: string, nowMs: number): Promise<void>;
}

const namePattern = /^[A-Za-z0-9][A-Za-z0-9 ._@-]{0,63}$/;
const infoColumns = ['keys.id', 'name', 'role', 'created_at', 'last_used_at'] as const;

/**
 * Secrets are 32 random bytes, so a plain SHA-256 is enough at rest: there is nothing to guess, and looking one up stays one indexed read.
 */
function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

interface InfoRow {
  id: string;
  name: string;
  role: Role;
  created_at: number;
  last_used_at: number | null;
}

function toInfo(row: InfoRow): KeyInfo {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    createdAtMs: row.created_at,
    lastUsedAtMs: row.last_used_at,
  };
}

export function createKeyStore(database: StateDatabase): KeyStore {
  const valid = () => database.selectFrom('keys').where('revoked_at', 'is', null);
  return {
    async create(name, role, nowMs) {
      await checkName(database, name);
      const secret = `bw_${role}_${randomBytes(32).toString('base64url')}`;
      const row = {
        id: randomBytes(6).toString('hex'),
        name,
        role,
        hash: hashOf(secret),
        created_at: nowMs,
        last_used_at: null,
        revoked_at: null,
      };
      await database.insertInto('keys').values(row).execute();
      return { info: toInfo(row), secret };
    },
    async list() {
      return (await valid().select(infoColumns).orderBy('created_at').execute()).map(toInfo);
    },
    async revoke(nameOrId, nowMs) {
      const key = await valid()
        .select('id')
        .where((where) => where.or([where('id', '=', nameOrId), where('name', '=', nameOrId)]))
        .executeTakeFirst();
      if (key === undefined) return false;
      await database.updateTable('keys').set({ revoked_at: nowMs }).where('id', '=', key.id).execute();
      await database.deleteFrom('login_sessions').where('key_id', '=', key.id).execute();
      return true;
    },
    async find(secret) {
      const row = await valid().select(infoColumns).where('hash', '=', hashOf(secret)).executeTakeFirst();
      return row === undefined ? undefined : toInfo(row);
    },
    async any(role) {
      const query = role === undefined ? valid() : valid().where('role', '=', role);
      return (await query.select('id').executeTakeFirst()) !== undefined;
    },
    ...loginMethods(database),
    async touch(id, nowMs) {
      await database.updateTable('keys').set({ last_used_at: nowMs }).where('id', '=', id).execute();
    },
  };
}

function loginMethods(database: StateDatabase): Pick<KeyStore, 'logIn' | 'findLogin' | 'logOut'> {
  return {
    async logIn(keyId, expiresAtMs) {
      const token = randomBytes(32).toString('base64url');
      await database
        .insertInto('login_sessions')
        .values({ hash: hashOf(token), key_id: keyId, expires_at: expiresAtMs })
        .execute();
      return token;
    },
    async findLogin(token, nowMs) {
      const row = await database
        .selectFrom('login_sessions')
        .innerJoin('keys', 'keys.id', 'login_sessions.key_id')
        .select(infoColumns)
        .where('login_sessions.hash', '=', hashOf(token))
        .where('expires_at', '>', nowMs)
        .where('revoked_at', 'is', null)
        .executeTakeFirst();
      return row === undefined ? undefined : toInfo(row);
    },
    async logOut(token) {
      await database.deleteFrom('login_sessions').where('hash', '=', hashOf(token)).execute();
    },
  };
}

async function checkName(database: StateDatabase, name: string): Promise<void> {
  if (!namePattern.test(name)) {
    throw new BellwetherError({
      code: 'bad_key_name',
      status: 400,
      message: `${JSON.stringify(name)} cannot be the name of a key`,
      hint: 'use up to 64 letters, digits, spaces and . _ @ -, beginning with a letter or digit',
    });
  }
  const taken = await database
    .selectFrom('keys')
    .select('id')
    .where('name', '=', name)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  if (taken === undefined) return;
  throw new BellwetherError({
    code: 'key_exists',
    status: 409,
    message: `there already is a key named ${JSON.stringify(name)}`,
    hint: 'choose another name, or revoke that key first',
  });
}
