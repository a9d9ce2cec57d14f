import { createReadStream } from 'node:fs';
import http from 'node:http';
import { Readable } from 'node:stream';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { BellwetherError } from '../lib/errors.ts';
import { filesHeader } from './engine/index.ts';
import { createRowDecoder } from './row-decoder.ts';
import { type Sql, sql } from './sql.ts';
import { type StorageError, toStorageError } from './storage-error.ts';

/** Where the store is: the embedded engine's unix socket, or a ClickHouse server's URL. */
export type StoreConnection =
  | { readonly kind: 'engine'; readonly socketPath: string }
  | {
      readonly kind: 'server';
      /** `http(s)://user:password@host:8123`; user and password percent-encoded. */
      readonly url: string;
    };

export interface ClientOptions {
  readonly connection: StoreConnection;
  /** Database that unqualified table names refer to. */
  readonly database: string;
  /** Limits of a query that names none. */
  readonly defaults?: Partial<QueryLimits>;
  /** Most requests at a time; further ones wait. */
  readonly maxConnections?: number;
}

export interface QueryLimits {
  /** Wall time of a query, milliseconds; 30 000. */
  readonly timeoutMs: number;
  /** Memory of a query, bytes; 1 GiB. */
  readonly memoryBytes: number;
}

export type Settings = Readonly<Record<string, string | number>>;

export interface QueryOptions extends Partial<QueryLimits> {
  readonly settings?: Settings;
  /** Stops waiting; the engine stops at the next block it can. */
  readonly signal?: AbortSignal;
}

/** One insert of complete Native blocks that lie in files. */
export interface FileInsert {
  readonly database: string;
  readonly table: string;
  /** Columns of the blocks, in the blocks' order. */
  readonly columns: readonly string[];
  /** Absolute paths. All of them become one engine block. */
  readonly paths: readonly string[];
  /** Of all files together. */
  readonly bytes: number;
  /** Inserting again with the same token stores nothing. */
  readonly token: string;
  readonly timeoutMs?: number;
  readonly settings?: Settings;
}

/** Values of a row by column name, as {@link createRowDecoder} makes them. */
export type Row = Record<string, unknown>;

/** A connection to ClickHouse, embedded or not. Every method throws {@link StorageError} and nothing else. */
export interface StoreClient {
  /** Runs a read-only query and gives its rows. 64-bit integers: numbers when safe, else bigint. */
  query<T = Row>(query: Sql, options?: QueryOptions): Promise<T[]>;
  /** As `query`, in batches as they arrive. Break off to cancel. */
  stream<T = Row>(query: Sql, options?: QueryOptions): AsyncIterable<T[]>;
  /** Runs a read-only query and gives its rows in ClickHouse's RowBinary format: for what JSON cannot carry, or too slowly. */
  binary(query: Sql, options?: QueryOptions): Promise<Uint8Array>;
  /** Runs a statement without result. */
  command(statement: Sql, options?: QueryOptions): Promise<void>;
  insertFiles(insert: FileInsert): Promise<void>;
  /** True when the server answers. Never throws. */
  ping(timeoutMs: number): Promise<boolean>;
  close(): Promise<void>;
}

const DEFAULT_LIMITS: QueryLimits = { timeoutMs: 30_000, memoryBytes: 1024 ** 3 };
/** How much longer than the engine the client waits, so that the engine's own message wins. */
const TIMEOUT_GRACE_MS = 2_000;
const INSERT_TIMEOUT_MS = 120_000;
/** Longer than any query; the real limits are per request. */
const SOCKET_IDLE_LIMIT_MS = 3_600_000;

const READ_SETTINGS: Settings = {
  output_format_json_quote_64bit_integers: 1,
  output_format_json_quote_denormals: 1,
};

/** The embedded engine has no users to protect, and a session that was read-only could not be used again. */
const SERVER_READ_SETTINGS: Settings = {
  ...READ_SETTINGS,
  readonly: 2,
  cancel_http_readonly_queries_on_client_close: 1,
};

/** Up to this size the engine takes files as they are; larger sets are streamed to it, which has a larger bound. */
const LOCAL_FILES_BYTES = 32 * 1024 ** 2;

/** One block per insert whatever its size: the deduplication token then stands for the insert as a whole. */
const INSERT_SETTINGS: Settings = {
  async_insert: 0,
  insert_deduplicate: 1,
  max_insert_threads: 1,
  max_partitions_per_insert_block: 0,
  min_insert_block_size_rows: 1_000_000_000,
  min_insert_block_size_bytes: 10_000_000_000,
};

/** Connects lazily: making a client never fails for a server that is not there. */
export function createStoreClient(options: ClientOptions): StoreClient {
  const client = createClient({
    ...connectionOptions(options),
    database: options.database,
    request_timeout: SOCKET_IDLE_LIMIT_MS,
    application: 'bellwether',
    log: { level: ClickHouseLogLevel.OFF },
  });
  return new ClickHouseStoreClient(client, options);
}

function connectionOptions(options: ClientOptions) {
  const maxSockets = options.maxConnections ?? 16;
  const { connection } = options;
  if (connection.kind === 'engine') {
    const agent = new http.Agent({
      keepAlive: true,
      maxSockets,
      socketPath: connection.socketPath,
    } as http.AgentOptions);
    return { url: 'http://engine', http_agent: agent, set_basic_auth_header: false };
  }
  const url = serverUrl(connection.url);
  const account = {
    username: decodeURIComponent(url.username) || 'default',
    password: decodeURIComponent(url.password),
  };
  return { url: url.origin, pathname: url.pathname, max_open_connections: maxSockets, ...account };
}

function serverUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new BellwetherError({
    code: 'bad_config',
    status: 400,
    message: 'storage.url is not an http or https URL',
    hint: 'Write it as http://user:password@host:8123, with special characters percent-encoded.',
  });
}

class ClickHouseStoreClient implements StoreClient {
  readonly #client: ClickHouseClient;
  readonly #limits: QueryLimits;
  readonly #isLocal: boolean;
  readonly #readSettings: Settings;

  constructor(client: ClickHouseClient, options: ClientOptions) {
    this.#client = client;
    this.#limits = { ...DEFAULT_LIMITS, ...options.defaults };
    this.#isLocal = options.connection.kind === 'engine';
    this.#readSettings = this.#isLocal ? READ_SETTINGS : SERVER_READ_SETTINGS;
  }

  async query<T>(query: Sql, options: QueryOptions = {}): Promise<T[]> {
    return await this.#bounded(options, async (abort_signal) => {
      const result = await this.#client.query({
        query: query.text,
        format: 'JSONCompact',
        clickhouse_settings: this.#settings(options, this.#readSettings),
        abort_signal,
      });
      const { meta, data } = await result.json<unknown[]>();
      const columns = meta ?? [];
      const decode = createRowDecoder(
        columns.map((column) => column.name),
        columns.map((column) => column.type),
      );
      return data.map(decode) as T[];
    });
  }

  async *stream<T>(query: Sql, options: QueryOptions = {}): AsyncIterable<T[]> {
    const { signal, cleanUp } = deadline(options.signal, this.#timeoutMs(options));
    try {
      signal.throwIfAborted();
      const result = await this.#client.query({
        query: query.text,
        format: 'JSONCompactEachRowWithNamesAndTypes',
        clickhouse_settings: this.#settings(options, this.#readSettings),
        abort_signal: signal,
      });
      yield* decodeStream<T>(result.stream<unknown[]>());
    } catch (error) {
      throw this.#explain(error, options.signal, signal);
    } finally {
      cleanUp();
    }
  }

  async binary(query: Sql, options: QueryOptions = {}): Promise<Uint8Array> {
    return await this.#bounded(options, async (abort_signal) => {
      const result = await this.#client.exec({
        query: sql`${query} FORMAT RowBinary`.text,
        clickhouse_settings: this.#settings(options, this.#readSettings),
        abort_signal,
      });
      const pieces: Uint8Array[] = [];
      for await (const piece of result.stream) pieces.push(piece as Uint8Array);
      return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
    });
  }

  async command(statement: Sql, options: QueryOptions = {}): Promise<void> {
    await this.#bounded(options, async (abort_signal) => {
      await this.#client.command({
        query: statement.text,
        clickhouse_settings: this.#settings(options, {}),
        abort_signal,
      });
    });
  }

  async insertFiles(insert: FileInsert): Promise<void> {
    const timeoutMs = insert.timeoutMs ?? INSERT_TIMEOUT_MS;
    const target = sql.id(insert.database, insert.table);
    const columns = sql.join(insert.columns.map((name) => sql.id(name)));
    const takesFiles = this.#isLocal && insert.bytes <= LOCAL_FILES_BYTES;
    await this.#bounded({ timeoutMs }, async (abort_signal) => {
      const result = await this.#client.exec({
        query: sql`INSERT INTO ${target} (${columns}) FORMAT Native`.text,
        clickhouse_settings: {
          ...INSERT_SETTINGS,
          max_execution_time: timeoutMs / 1000,
          insert_deduplication_token: insert.token,
          ...insert.settings,
        },
        http_headers: takesFiles ? filesHeader(insert.paths) : {},
        values: Readable.from(takesFiles ? [] : contentsOf(insert.paths), { objectMode: false }),
        abort_signal,
      });
      result.stream.resume();
      await new Promise((resolve, reject) => {
        result.stream.once('end', resolve).once('error', reject);
      });
    });
  }

  async ping(timeoutMs: number): Promise<boolean> {
    const result = await this.#client.ping({ select: false, abort_signal: AbortSignal.timeout(timeoutMs) });
    return result.success;
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  #timeoutMs(options: QueryOptions): number {
    return options.timeoutMs ?? this.#limits.timeoutMs;
  }

  #settings(options: QueryOptions, base: Settings): Record<string, string | number> {
    return {
      ...base,
      max_execution_time: this.#timeoutMs(options) / 1000,
      max_memory_usage: options.memoryBytes ?? this.#limits.memoryBytes,
      ...options.settings,
    };
  }

  async #bounded<T>(options: QueryOptions, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal, cleanUp } = deadline(options.signal, this.#timeoutMs(options));
    try {
      // The client does not look at a signal that is aborted already.
      signal.throwIfAborted();
      return await run(signal);
    } catch (error) {
      throw this.#explain(error, options.signal, signal);
    } finally {
      cleanUp();
    }
  }

  #explain(error: unknown, asked: AbortSignal | undefined, combined: AbortSignal): StorageError {
    if (asked?.aborted === true) return toStorageError(error, true);
    if (combined.aborted)
      return toStorageError(new Error('timed out waiting for the storage engine', { cause: error }));
    return toStorageError(error);
  }
}

/** The caller's signal and a deadline in one. */
function deadline(asked: AbortSignal | undefined, timeoutMs: number) {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const timer = setTimeout(abort, timeoutMs + TIMEOUT_GRACE_MS);
  timer.unref();
  if (asked?.aborted === true) abort();
  asked?.addEventListener('abort', abort, { once: true });
  const cleanUp = () => {
    clearTimeout(timer);
    asked?.removeEventListener('abort', abort);
  };
  return { signal: controller.signal, cleanUp };
}

async function* contentsOf(paths: readonly string[]): AsyncIterable<Buffer> {
  for (const path of paths) yield* createReadStream(path, { highWaterMark: 256 * 1024 });
}

async function* decodeStream<T>(batches: AsyncIterable<readonly { json(): unknown }[]>): AsyncIterable<T[]> {
  const header: string[][] = [];
  let decode: ReturnType<typeof createRowDecoder> | undefined;
  for await (const batch of batches) {
    const rows: T[] = [];
    for (const line of batch) {
      const values = line.json() as unknown[];
      if (decode !== undefined) rows.push(decode(values) as T);
      else if (header.push(values as string[]) === 2) decode = createRowDecoder(header[0]!, header[1]!);
    }
    if (rows.length > 0) yield rows;
  }
}
