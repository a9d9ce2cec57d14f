import type { Column } from './native/columns.ts';
import { type Sql, sql } from './sql.ts';
import type { ColumnDefinition, TableDefinition } from './tables.ts';

/** Where tables are created. */
export interface Layout {
  readonly database: string;
  /** Name of a ClickHouse cluster: tables become replicated and distributed. */
  readonly cluster?: string;
  /**
   * What `Default` means in a column's codec. Absent: whatever the server's configuration says, which for the embedded engine is LZ4
   * in fresh parts and ZSTD(1) in merged ones. A server of somebody else's would say LZ4 for ever, so there it is named.
   */
  readonly defaultCodec?: string;
}

/** The default codec on servers whose configuration is not ours. */
export const SERVER_CODEC = 'ZSTD(1)';

export interface ColumnSchema {
  readonly name: string;
  readonly type: string;
  /** Without the word CODEC. */
  readonly codec: string;
}

/** What `CREATE TABLE` says, as plain data: a table definition without its buffers. */
export interface TableSchema {
  readonly name: string;
  readonly columns: readonly ColumnSchema[];
  readonly orderBy: string;
  readonly partitionBy?: string;
  readonly engine: { readonly kind: 'plain' } | { readonly kind: 'replacing'; readonly version: string };
  readonly shardBy: string;
  readonly extras?: readonly string[];
  readonly settings?: Readonly<Record<string, string | number>>;
}

const DEFAULT_CODEC = 'Default';

/** Inserts whose token is remembered per table. A group is retried long before a thousand others have followed it. */
const DEDUPLICATION_WINDOW = 1000;
const DEDUPLICATION_WINDOW_S = 7 * 86_400;

export function schemaOf(table: TableDefinition<Record<string, ColumnDefinition<Column>>>): TableSchema {
  const columns = Object.entries(table.columns).map(([name, column]) => ({
    name,
    type: column.type,
    codec: column.codec ?? DEFAULT_CODEC,
  }));
  const { name, orderBy, partitionBy, engine, shardBy, extras, settings } = table;
  return { name, columns, orderBy, partitionBy, engine, shardBy, extras, settings };
}

/** Columns from `[name, type, codec]`; keeps the frozen tables of migrations short. */
export function columnSchemas(
  list: readonly (readonly [name: string, type: string, codec: string])[],
): ColumnSchema[] {
  return list.map(([name, type, codec]) => ({ name, type, codec }));
}

/** The table that holds the rows on each node: `x_local` in a cluster, else `x`. */
export function localTable(name: string, layout: Layout): string {
  return layout.cluster === undefined ? name : `${name}_local`;
}

/** ` ON CLUSTER x`, or nothing. */
export function onCluster(layout: Layout): Sql {
  return layout.cluster === undefined ? sql`` : sql` ON CLUSTER ${sql.id(layout.cluster)}`;
}

export function createDatabaseStatement(layout: Layout): Sql {
  return sql`CREATE DATABASE IF NOT EXISTS ${sql.id(layout.database)}${onCluster(layout)}`;
}

/** Statements that create a table if it is not there. Schemas are program text, so they are not escaped. */
export function createTableStatements(table: TableSchema, layout: Layout): Sql[] {
  const local = sql.id(layout.database, localTable(table.name, layout));
  const lines = [...table.columns.map(columnLine), ...(table.extras ?? []).map((line) => sql.raw(line))];
  const create = sql`CREATE TABLE IF NOT EXISTS ${local}${onCluster(layout)} (
  ${sql.join(lines, ',\n  ')}
) ENGINE = ${engineOf(table, layout)}${partitionOf(table)}
ORDER BY (${sql.raw(table.orderBy)})
SETTINGS ${settingsOf(table, layout)}`;
  return layout.cluster === undefined
    ? [create]
    : [create, distributedStatement(table, layout, layout.cluster)];
}

function columnLine(column: ColumnSchema): Sql {
  return sql`${sql.id(column.name)} ${sql.raw(column.type)} CODEC(${sql.raw(column.codec)})`;
}

function engineOf(table: TableSchema, layout: Layout): Sql {
  const family = table.engine.kind === 'replacing' ? 'ReplacingMergeTree' : 'MergeTree';
  const own: Sql[] = table.engine.kind === 'replacing' ? [sql.id(table.engine.version)] : [];
  if (layout.cluster === undefined) return sql`${sql.raw(family)}(${sql.join(own)})`;
  const replicated = [sql`${'/clickhouse/tables/{shard}/{database}/{table}'}`, sql`${'{replica}'}`, ...own];
  return sql`${sql.raw(`Replicated${family}`)}(${sql.join(replicated)})`;
}

function partitionOf(table: TableSchema): Sql {
  return table.partitionBy === undefined ? sql`` : sql`\nPARTITION BY ${sql.raw(table.partitionBy)}`;
}

/**
 * An insert is synced before it counts as stored, because its spool file is deleted then. Whole parts expire where each
 * part is one day; a table without partitions has to drop rows.
 */
function settingsOf(table: TableSchema, layout: Layout): Sql {
  const deduplication =
    layout.cluster === undefined
      ? { non_replicated_deduplication_window: DEDUPLICATION_WINDOW }
      : {
          replicated_deduplication_window: DEDUPLICATION_WINDOW,
          replicated_deduplication_window_seconds: DEDUPLICATION_WINDOW_S,
        };
  const settings = {
    ...deduplication,
    fsync_after_insert: 1,
    fsync_part_directory: 1,
    ttl_only_drop_parts: table.partitionBy === undefined ? 0 : 1,
    ...(layout.defaultCodec === undefined ? {} : { default_compression_codec: layout.defaultCodec }),
    ...table.settings,
  };
  return sql.join(Object.entries(settings).map(([name, value]) => sql`${sql.raw(name)} = ${value}`));
}

function distributedStatement(table: TableSchema, layout: Layout, cluster: string): Sql {
  const { database } = layout;
  const local = localTable(table.name, layout);
  return sql`CREATE TABLE IF NOT EXISTS ${sql.id(database, table.name)}${onCluster(layout)}
AS ${sql.id(database, local)}
ENGINE = Distributed(${cluster}, ${database}, ${local}, ${sql.raw(table.shardBy)})`;
}
