import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import { BellwetherError } from '../lib/errors.ts';
import { migrations } from './migrations.ts';

/** Roles of a key: `ingest` may only write telemetry, `admin` may do everything. */
export type Role = 'admin' | 'ingest';

/** Row types of the state database. Times are epoch milliseconds. */
export interface StateSchema {
  keys: {
    id: string;
    name: string;
    role: Role;
    /** SHA-256 of the key, hex. The key itself is never stored. */
    hash: string;
    created_at: number;
    last_used_at: number | null;
    revoked_at: number | null;
  };
  login_sessions: { hash: string; key_id: string; expires_at: number };
  snapshots: { name: string; json: string; updated_at: number };
  /** Alerts, silences, the notification log and the like: small JSON texts, read whole at the start. */
  documents: { scope: string; key: string; json: string };
}

export type StateDatabase = Kysely<StateSchema>;

/** Longest wait for another process (the CLI beside the server) that holds the write lock. */
const busyTimeoutMs = 5000;

/**
 * Opens the small mutable state (keys, log-ins, snapshots, documents) and brings it up to date. Several processes may have it open: the CLI
 * creates keys while the server runs.
 *
 * @param file path of the SQLite file, or `:memory:`.
 * @throws {BellwetherError} `state_newer` when a newer Bellwether wrote the file.
 */
export function openState(file: string): StateDatabase {
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const sqlite = new SqliteDatabase(file, { timeout: busyTimeoutMs });
  sqlite.pragma('journal_mode = WAL');
  sqlite.pragma('synchronous = FULL');
  sqlite.pragma('foreign_keys = ON');
  migrate(sqlite);
  return new Kysely<StateSchema>({ dialect: new SqliteDialect({ database: sqlite }) });
}

function migrate(sqlite: SqliteDatabase.Database): void {
  const run = sqlite.transaction(() => {
    const found = sqlite.pragma('user_version', { simple: true }) as number;
    if (found > migrations.length) throw newerState(found);
    for (const statement of migrations.slice(found).flat()) sqlite.exec(statement);
    sqlite.pragma(`user_version = ${migrations.length}`);
  });
  run.immediate();
}

function newerState(found: number): BellwetherError {
  return new BellwetherError({
    code: 'state_newer',
    message: `state.db has version ${found}, this Bellwether knows versions up to ${migrations.length}`,
    hint: 'start the newer Bellwether that wrote it, or restore a backup from before the upgrade',
  });
}
