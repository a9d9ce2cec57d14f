import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { initialTables } from './migrations/001-initial.ts';
import { migrations } from './migrations.ts';
import { createTableStatements, SERVER_CODEC, schemaOf, type TableSchema } from './schema.ts';
import { storedTables } from './tables.ts';

const described = storedTables.map((table) => schemaOf(table as unknown as Parameters<typeof schemaOf>[0]));

/** The text of 001-initial.ts. Only for as long as no version has been released: afterwards a change is a new migration. */
function snapshot(): string {
  const tables = described.map(({ columns, ...rest }) => {
    const list = columns.map(({ name, type, codec }) => JSON.stringify([name, type, codec])).join(',\n');
    return `{ ...${JSON.stringify(rest)}, columns: columnSchemas([${list}]) }`
      .replace('{ ...{', '{')
      .replace('}, columns', ', columns');
  });
  return `import { columnSchemas, type TableSchema } from '../schema.ts';

/** The tables of the first release. Frozen: a later change of tables.ts gets a migration of its own. */
export const initialTables: readonly TableSchema[] = [${tables.join(',\n')}];
`;
}

if (process.env.BELLWETHER_WRITE_MIGRATION === '1') {
  const path = fileURLToPath(new URL('./migrations/001-initial.ts', import.meta.url));
  writeFileSync(path, snapshot());
  execFileSync('npx', ['biome', 'check', '--write', path]);
}

it('are numbered from 1 without gaps', () => {
  expect(migrations.map((migration) => migration.number)).toEqual(migrations.map((_, i) => i + 1));
});

// While there is one migration this is quicker than the contract suite, which compares what the server makes of both.
it.runIf(migrations.length === 1)(
  'the first one creates what tables.ts describes (before the first release: BELLWETHER_WRITE_MIGRATION=1 writes it anew)',
  () => {
    expect(plain(initialTables)).toEqual(plain(described));
  },
);

function plain(schemas: readonly TableSchema[]): unknown {
  return JSON.parse(JSON.stringify(schemas));
}

const example: TableSchema = {
  name: 'things',
  columns: [
    { name: 'id', type: 'UInt64', codec: 'ZSTD(1)' },
    { name: 'ts', type: 'DateTime', codec: 'Delta(4), ZSTD(1)' },
  ],
  orderBy: 'id, ts',
  partitionBy: 'toDate(ts)',
  engine: { kind: 'replacing', version: 'ts' },
  shardBy: 'cityHash64(id)',
  extras: ['INDEX i id TYPE minmax'],
  settings: { index_granularity: 1024 },
};

it('creates a plain table on one server', () => {
  const statements = createTableStatements(example, { database: 'db' }).map((statement) => statement.text);
  expect(statements).toEqual([
    `CREATE TABLE IF NOT EXISTS \`db\`.\`things\` (
  \`id\` UInt64 CODEC(ZSTD(1)),
  \`ts\` DateTime CODEC(Delta(4), ZSTD(1)),
  INDEX i id TYPE minmax
) ENGINE = ReplacingMergeTree(\`ts\`)
PARTITION BY toDate(ts)
ORDER BY (id, ts)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1, index_granularity = 1024`,
  ]);
});

it('creates a replicated and a distributed table in a cluster', () => {
  const layout = { database: 'db', cluster: 'main', defaultCodec: SERVER_CODEC };
  const statements = createTableStatements(example, layout).map((statement) => statement.text);
  expect(statements).toEqual([
    `CREATE TABLE IF NOT EXISTS \`db\`.\`things_local\` ON CLUSTER \`main\` (
  \`id\` UInt64 CODEC(ZSTD(1)),
  \`ts\` DateTime CODEC(Delta(4), ZSTD(1)),
  INDEX i id TYPE minmax
) ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', \`ts\`)
PARTITION BY toDate(ts)
ORDER BY (id, ts)
SETTINGS replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1, default_compression_codec = 'ZSTD(1)', index_granularity = 1024`,
    `CREATE TABLE IF NOT EXISTS \`db\`.\`things\` ON CLUSTER \`main\`
AS \`db\`.\`things_local\`
ENGINE = Distributed('main', 'db', 'things_local', cityHash64(id))`,
  ]);
});
