/**
 * Statements that lead from each version to the next; the list index is the version they start from. Never change a published entry:
 * add one.
 */
export const migrations: readonly (readonly string[])[] = [
  [
    `CREATE TABLE keys (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL,
      role TEXT NOT NULL CHECK (role IN ('admin', 'ingest')),
      hash TEXT NOT NULL UNIQUE,
      created_at INTEGER NOT NULL,
      last_used_at INTEGER,
      revoked_at INTEGER
    ) STRICT`,
    `CREATE TABLE login_sessions (
      hash TEXT PRIMARY KEY,
      key_id TEXT NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
      expires_at INTEGER NOT NULL
    ) STRICT`,
    `CREATE TABLE snapshots (
      name TEXT PRIMARY KEY,
      json TEXT NOT NULL,
      updated_at INTEGER NOT NULL
    ) STRICT`,
  ],
  [
    `CREATE TABLE documents (
      scope TEXT NOT NULL,
      key TEXT NOT NULL,
      json TEXT NOT NULL,
      PRIMARY KEY (scope, key)
    ) STRICT, WITHOUT ROWID`,
  ],
];
