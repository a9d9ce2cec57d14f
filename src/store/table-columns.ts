import {
  type AttributeMapColumn,
  type Column,
  FixedStringColumn,
  Float64Column,
  Int64Column,
  LowCardinalityColumn,
  MapColumn,
  StringColumn,
  UInt8Column,
} from './native/columns.ts';

/** Which retention setting governs a table. */
export type Signal = 'metrics' | 'logs' | 'traces' | 'sessions' | 'alerts';

/** One column: how it is stored, and the buffer that fills it. */
export interface ColumnDefinition<C extends Column> {
  /** Type in `CREATE TABLE`; the buffer's type is what travels, the store converts between them. */
  readonly type: string;
  /** Compression codec without the word CODEC, `Default` when absent; `Default` is explained below. */
  readonly codec?: string;
  readonly create: () => C;
}

/** One table, as data: DDL, buffers and retention are derived from it. */
export interface TableDefinition<S extends Record<string, ColumnDefinition<Column>>> {
  readonly name: string;
  /**
   * The rows are made durable in the spool and stay there until they have been stored in another form: the engine has no such table.
   */
  readonly isJournal?: boolean;
  readonly signal: Signal;
  /** Further signals whose rows refer to this table: its rows stay as long as the longest of them. */
  readonly alsoKeptFor?: readonly Signal[];
  readonly columns: S;
  readonly orderBy: string;
  /** Expression of the partition key; absent: one partition. */
  readonly partitionBy?: string;
  /** `replacing` keeps the row with the greatest `version` per order key once parts are merged. */
  readonly engine: { readonly kind: 'plain' } | { readonly kind: 'replacing'; readonly version: string };
  /**
   * Expression with the row's time (DateTime); rows older than the signal's retention are dropped. Written as ClickHouse
   * prints it. What is seen once a day stays a day longer than what refers to it.
   */
  readonly timeOf: string;
  /** Sharding expression in a cluster. */
  readonly shardBy: string;
  /** Lines for the end of the column list: indexes, projections. */
  readonly extras?: readonly string[];
  readonly settings?: Readonly<Record<string, string | number>>;
}

/** The open block of a table: one growing buffer per column. */
export type Rows<T> =
  T extends TableDefinition<infer S>
    ? { readonly [K in keyof S]: S[K] extends ColumnDefinition<infer C> ? C : never }
    : never;

export function column<C extends Column>(type: string, create: () => C, codec?: string): ColumnDefinition<C> {
  return codec === undefined ? { type, create } : { type, create, codec };
}

/*
 * Codecs. `Default` is LZ4 in a part as it was inserted and ZSTD(1) in one that was merged, see `defaultCodec` of the layout; it keeps
 * the first write cheap and the disk small. Measured with 200 000 log records of 910 bytes (bodies from 30 templates, 14 attributes):
 * ZSTD(1) 97 bytes a record, LZ4 208, ZSTD(3) 102 with half as much CPU time again; map keys as plain strings take 9 bytes more.
 */
export const timeNs = () =>
  column('DateTime64(9)', () => new Int64Column('DateTime64(9)'), 'Delta(8), Default');
export const timeMs = () =>
  column('DateTime64(3)', () => new Int64Column('DateTime64(3)'), 'DoubleDelta, Default');
export const hash = () => column('UInt64', () => new Int64Column('UInt64'));
export const word = () => column('LowCardinality(String)', () => new LowCardinalityColumn());
export const text = () => column('String', () => new StringColumn());
export const byte = () => column('UInt8', () => new UInt8Column());
export const count = () => column('UInt64', () => new Int64Column('UInt64'), 'T64, Default');
export const integer = () => column('Int64', () => new Int64Column('Int64'), 'T64, Default');
export const float = () => column('Float64', () => new Float64Column());
export const traceId = () => column('FixedString(16)', () => new FixedStringColumn(16));
export const spanId = () => column('FixedString(8)', () => new FixedStringColumn(8));

/**
 * Attributes travel as Map(String, String): keys as sent, values as text. The column `..._types` beside it has one
 * character per entry, in the same order, so that nothing of the type is lost: `s` string, `i` integer (decimal),
 * `d` double (shortest round-trip form), `b` boolean (`true`, `false`), `x` bytes (base64), `a` array and `m`
 * key-value list (JSON with typed leaves as OTLP/JSON writes them), `n` empty value.
 */
export const attributes = () =>
  column('Map(LowCardinality(String), String)', (): AttributeMapColumn => new MapColumn(new StringColumn()));
export const attributeTypes = () => column('LowCardinality(String)', () => new LowCardinalityColumn());

/**
 * Events come in at a high rate and every merge compresses them again, so more parts may gather before they are merged, about 16
 * at once. Measured: 0.9 merged rows per inserted row instead of 1.5; a query has some more parts to open.
 */
export const lazyMerges = { merge_selector_base: 16, merge_selector_blurry_base_scale_factor: 4 };

/** Finds a trace without knowing its time: one of a hundred granules without it is read in vain. */
export const traceIdIndex = 'INDEX trace_id_index trace_id TYPE bloom_filter(0.01) GRANULARITY 1';

export function define<S extends Record<string, ColumnDefinition<Column>>>(
  table: TableDefinition<S>,
): TableDefinition<S> {
  return table;
}
