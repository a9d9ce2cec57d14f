import { BellwetherError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { StoreClient } from './client.ts';
import { initialTables } from './migrations/001-initial.ts';
import { dropSampleRows, metricChunksTable } from './migrations/002-metric-chunks.ts';
import { alertEventsTable } from './migrations/003-alert-events.ts';
import { createDatabaseStatement, createTableStatements, type Layout, onCluster } from './schema.ts';
import { type Sql, sql } from './sql.ts';

/** A numbered change of the store's tables. Once released it is never edited; later changes get the next number. */
export interface Migration {
  /** 1, 2, 3, ... without gaps. */
  readonly number: number;
  readonly title: string;
  /** Statements that do no harm when run again, because a crash in the middle runs them again from the first. */
  statements(layout: Layout): readonly Sql[];
}

export const migrations: readonly Migration[] = [
  {
    number: 1,
    title: 'logs, spans, metrics and the agent ledger',
    statements: (layout) => initialTables.flatMap((table) => createTableStatements(table, layout)),
  },
  {
    number: 2,
    title: 'metric samples in chunks',
    statements: (layout) => [...createTableStatements(metricChunksTable, layout), ...dropSampleRows(layout)],
  },
  {
    number: 3,
    title: 'history of alerts',
    statements: (layout) => createTableStatements(alertEventsTable, layout),
  },
];

export interface MigrateOptions {
  /** A client whose default database exists, such as `default`. */
  readonly client: StoreClient;
  readonly layout: Layout;
  readonly log: Log;
  readonly migrations?: readonly Migration[];
}

const STATEMENT_TIMEOUT_MS = 300_000;

/**
 * Brings the store's tables to this build's state. Running it on a store that is up to date only reads.
 *
 * @throws BellwetherError `store_newer` when a newer build has migrated the store further than this one knows.
 * @throws StorageError when the store is not reachable or refuses a statement.
 */
export async function migrate(options: MigrateOptions): Promise<void> {
  const { client, layout, log } = options;
  const all = options.migrations ?? migrations;
  const run = (statement: Sql) => client.command(statement, { timeoutMs: STATEMENT_TIMEOUT_MS });
  await run(createDatabaseStatement(layout));
  await run(recordTableStatement(layout));
  const done = await lastMigration(client, layout);
  const known = all.at(-1)?.number ?? 0;
  if (done > known) throw storeNewer(done, known);
  for (const migration of all.filter((candidate) => candidate.number > done)) {
    log.info({ migration: migration.number }, `migrating the store: ${migration.title}`);
    for (const statement of migration.statements(layout)) await run(statement);
    await run(recordStatement(migration, layout));
  }
}

function recordTable(layout: Layout): Sql {
  return sql.id(layout.database, 'migrations');
}

/** In a cluster every node is a replica of the one table, whatever its shard. */
function recordTableStatement(layout: Layout): Sql {
  const engine =
    layout.cluster === undefined
      ? sql`MergeTree`
      : sql`ReplicatedMergeTree(${'/clickhouse/tables/all/{database}/{table}'}, ${'{shard}-{replica}'})`;
  return sql`CREATE TABLE IF NOT EXISTS ${recordTable(layout)}${onCluster(layout)} (
  number UInt32, title String, applied_at DateTime
) ENGINE = ${engine} ORDER BY number SETTINGS fsync_after_insert = 1, fsync_part_directory = 1`;
}

function recordStatement(migration: Migration, layout: Layout): Sql {
  return sql`INSERT INTO ${recordTable(layout)} SELECT ${migration.number}, ${migration.title}, now()`;
}

async function lastMigration(client: StoreClient, layout: Layout): Promise<number> {
  const rows = await client.query<{ last: number }>(
    sql`SELECT max(number) AS last FROM ${recordTable(layout)}`,
  );
  return rows[0]?.last ?? 0;
}

function storeNewer(done: number, known: number): BellwetherError {
  return new BellwetherError({
    code: 'store_newer',
    message: `the store is at migration ${done}, this build of Bellwether knows only ${known}`,
    hint: 'Start the newer Bellwether that wrote this store, or restore a backup made before the upgrade into an empty data directory.',
  });
}
