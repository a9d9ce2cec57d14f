import type { Log } from '../lib/log.ts';
import type { StoreClient } from './client.ts';
import { type Layout, localTable, onCluster } from './schema.ts';
import { type Sql, sql } from './sql.ts';
import { type Signal, storedTables, type TableDefinition } from './tables.ts';

/** How long rows of each signal are kept, milliseconds; `off` keeps them for ever. */
export type Retention = Readonly<Record<Signal, number | 'off'>>;

type AnyTable = Pick<TableDefinition<never>, 'name' | 'signal' | 'alsoKeptFor' | 'timeOf'>;

/** Seconds a table's rows are kept: the longest of the signals that refer to it. */
export function retentionSeconds(table: AnyTable, retention: Retention): number | 'off' {
  let longest = 0;
  for (const signal of [table.signal, ...(table.alsoKeptFor ?? [])]) {
    const keptMs = retention[signal];
    if (keptMs === 'off') return 'off';
    longest = Math.max(longest, Math.ceil(keptMs / 1000));
  }
  return longest;
}

/**
 * Makes each table's TTL what the configuration says. Tables whose TTL is right already are left alone, and existing parts are
 * not rewritten: merges and the part's own times take care of them.
 */
export async function applyRetention(
  client: StoreClient,
  layout: Layout,
  retention: Retention,
  log: Log,
): Promise<void> {
  const current = await currentTtls(client, layout);
  for (const table of storedTables) {
    const local = localTable(table.name, layout);
    const seconds = retentionSeconds(table, retention);
    const wanted = seconds === 'off' ? '' : `${table.timeOf} + toIntervalSecond(${seconds})`;
    if ((current.get(local) ?? wanted) === wanted) continue;
    log.info({ table: local, ttl: wanted || 'off' }, 'changing retention');
    await client.command(retentionStatement(local, wanted, layout), {
      settings: { materialize_ttl_after_modify: 0 },
      timeoutMs: 120_000,
    });
  }
}

function retentionStatement(local: string, ttl: string, layout: Layout): Sql {
  const target = sql`ALTER TABLE ${sql.id(layout.database, local)}${onCluster(layout)}`;
  return ttl === '' ? sql`${target} REMOVE TTL` : sql`${target} MODIFY TTL ${sql.raw(ttl)}`;
}

/** TTL expression by table, '' where there is none. */
async function currentTtls(client: StoreClient, layout: Layout): Promise<Map<string, string>> {
  const rows = await client.query<{ name: string; engine_full: string }>(
    sql`SELECT name, engine_full FROM system.tables WHERE database = ${layout.database}`,
  );
  return new Map(rows.map(({ name, engine_full }) => [name, ttlIn(engine_full)]));
}

/** The TTL in what `system.tables.engine_full` shows: it stands between ORDER BY and SETTINGS. */
export function ttlIn(engineFull: string): string {
  return / TTL (.+?)(?: SETTINGS |$)/.exec(engineFull)?.[1] ?? '';
}
