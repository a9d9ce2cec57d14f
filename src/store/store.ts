import { BellwetherError, messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import {
  createStoreClient,
  type FileInsert,
  type QueryLimits,
  type QueryOptions,
  type Row,
  type StoreClient,
  type StoreConnection,
} from './client.ts';
import { type Clock, systemClock } from './clock.ts';
import { createDeferred } from './deferred.ts';
import { type Migration, migrate } from './migrations.ts';
import { applyRetention, type Retention } from './retention.ts';
import { type Layout, SERVER_CODEC } from './schema.ts';
import { type Sql, sql } from './sql.ts';
import { storageUnavailable } from './storage-error.ts';
import type { TableName } from './tables.ts';

export interface StoreOptions {
  readonly connection: StoreConnection;
  /** `bellwether` when absent. */
  readonly database?: string;
  /** Name of a ClickHouse cluster; absent: one server or the embedded engine. */
  readonly cluster?: string;
  readonly retention: Retention;
  readonly limits?: Partial<QueryLimits>;
  readonly log: Log;
  readonly clock?: Clock;
  /** For tests. */
  readonly migrations?: readonly Migration[];
}

/**
 * `starting`: not migrated yet; `ok`; `down`: was ready and does not answer now; `refused`: will never be ready, the message
 * says why.
 */
export interface StoreReadiness {
  readonly status: 'starting' | 'ok' | 'down' | 'refused';
  readonly message: string;
  /** Since when, epoch milliseconds. */
  readonly sinceMs: number;
}

/** The store as the rest of the server sees it. While it is not ready every call throws `storage_unavailable`. */
export interface Store {
  readonly layout: Layout;
  query<T = Row>(query: Sql, options?: QueryOptions): Promise<T[]>;
  stream<T = Row>(query: Sql, options?: QueryOptions): AsyncIterable<T[]>;
  /** Rows in RowBinary format; see the client. */
  binary(query: Sql, options?: QueryOptions): Promise<Uint8Array>;
  command(statement: Sql, options?: QueryOptions): Promise<void>;
  /** Inserts spool files into a table; see {@link FileInsert}. */
  insertFiles(insert: Omit<FileInsert, 'database'>): Promise<void>;
  /** A table's qualified name. Unqualified names work too. */
  table(name: TableName): Sql;
  ready(): StoreReadiness;
  /** Resolves once the tables are there. Rejects when they never will be: `store_newer`. */
  whenReady(): Promise<void>;
  /** Called at every change of status; the answer unsubscribes. */
  onReadiness(listener: (readiness: StoreReadiness) => void): () => void;
  close(): Promise<void>;
}

const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 2_000;
const CHECK_INTERVAL_MS = 2_000;
const PING_TIMEOUT_MS = 5_000;

/**
 * Opens the store and returns at once. In the background it waits for the server to answer, migrates the tables, applies
 * retention, and from then on watches whether the server answers.
 */
export function openStore(options: StoreOptions): Store {
  const store = new ClickHouseStore(options);
  store.start();
  return store;
}

class ClickHouseStore implements Store {
  readonly layout: Layout;
  readonly #options: StoreOptions;
  readonly #clock: Clock;
  readonly #client: StoreClient;
  /** Its default database exists before the store's own does. */
  readonly #setupClient: StoreClient;
  readonly #listeners = new Set<(readiness: StoreReadiness) => void>();
  readonly #opened = createDeferred<void>();
  #readiness: StoreReadiness;
  #isMigrated = false;
  #isClosed = false;
  #cancelTimer: () => void = () => {};
  #step: Promise<void> = Promise.resolve();
  #retryMs = FIRST_RETRY_MS;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.layout = {
      database: options.database ?? 'bellwether',
      cluster: options.cluster,
      defaultCodec: options.connection.kind === 'engine' ? undefined : SERVER_CODEC,
    };
    const connection = { connection: options.connection, defaults: options.limits };
    this.#client = createStoreClient({ ...connection, database: this.layout.database });
    this.#setupClient = createStoreClient({ ...connection, database: 'default', maxConnections: 1 });
    this.#readiness = {
      status: 'starting',
      message: 'the storage engine is starting',
      sinceMs: this.#clock.now(),
    };
    // Whoever cares calls whenReady(); nobody caring is no reason to end the process.
    this.#opened.promise.catch((error: unknown) => this.#set('refused', messageOf(error)));
  }

  start(): void {
    this.#schedule(0);
  }

  async query<T>(query: Sql, options?: QueryOptions): Promise<T[]> {
    return await this.#guarded(() => this.#client.query<T>(query, options));
  }

  async *stream<T>(query: Sql, options?: QueryOptions): AsyncIterable<T[]> {
    this.#mustBeMigrated();
    try {
      yield* this.#client.stream<T>(query, options);
    } catch (error) {
      throw this.#noticed(error);
    }
  }

  async binary(query: Sql, options?: QueryOptions): Promise<Uint8Array> {
    return await this.#guarded(() => this.#client.binary(query, options));
  }

  async command(statement: Sql, options?: QueryOptions): Promise<void> {
    await this.#guarded(() => this.#client.command(statement, options));
  }

  async insertFiles(insert: Omit<FileInsert, 'database'>): Promise<void> {
    const settings = this.layout.cluster === undefined ? undefined : { distributed_foreground_insert: 1 };
    await this.#guarded(() =>
      this.#client.insertFiles({ ...insert, settings, database: this.layout.database }),
    );
  }

  table(name: TableName): Sql {
    return sql.id(this.layout.database, name);
  }

  ready(): StoreReadiness {
    return this.#readiness;
  }

  whenReady(): Promise<void> {
    return this.#opened.promise;
  }

  onReadiness(listener: (readiness: StoreReadiness) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelTimer();
    await this.#step;
    this.#opened.reject(storageUnavailable('the store was closed before it was ready'));
    await Promise.all([this.#client.close(), this.#setupClient.close()]);
  }

  async #guarded<T>(run: () => Promise<T>): Promise<T> {
    this.#mustBeMigrated();
    try {
      return await run();
    } catch (error) {
      throw this.#noticed(error);
    }
  }

  #mustBeMigrated(): void {
    if (this.#isMigrated && !this.#isClosed) return;
    throw storageUnavailable(this.#isClosed ? 'the store is closed' : this.#readiness.message);
  }

  /** A failed call is the quickest news that the engine is gone. */
  #noticed(error: unknown): unknown {
    if (
      error instanceof BellwetherError &&
      error.code === 'storage_unavailable' &&
      this.#readiness.status === 'ok'
    ) {
      this.#set('down', error.message);
      this.#retryMs = FIRST_RETRY_MS;
      this.#schedule(FIRST_RETRY_MS);
    }
    return error;
  }

  #schedule(delayMs: number): void {
    if (this.#isClosed) return;
    this.#cancelTimer();
    this.#cancelTimer = this.#clock.after(delayMs, () => {
      this.#step = this.#isMigrated ? this.#check() : this.#prepare();
    });
  }

  async #prepare(): Promise<void> {
    const { log, retention } = this.#options;
    try {
      await migrate({
        client: this.#setupClient,
        layout: this.layout,
        log,
        migrations: this.#options.migrations,
      });
      await applyRetention(this.#setupClient, this.layout, retention, log);
      this.#isMigrated = true;
      this.#set('ok', '');
      this.#opened.resolve();
      this.#schedule(CHECK_INTERVAL_MS);
    } catch (error) {
      this.#prepareFailed(error);
    }
  }

  #prepareFailed(error: unknown): void {
    if (error instanceof BellwetherError && error.code === 'store_newer') {
      this.#opened.reject(error);
      return;
    }
    const isUnavailable = error instanceof BellwetherError && error.code === 'storage_unavailable';
    if (!isUnavailable && this.#readiness.message !== messageOf(error)) {
      this.#options.log.error({ err: error }, 'preparing the store failed; trying again');
    }
    this.#set('starting', isUnavailable ? 'the storage engine is starting' : messageOf(error));
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
    this.#schedule(this.#retryMs);
  }

  async #check(): Promise<void> {
    if (await this.#client.ping(PING_TIMEOUT_MS)) {
      this.#set('ok', '');
      this.#schedule(CHECK_INTERVAL_MS);
      return;
    }
    this.#set('down', 'the storage engine does not answer; it is being restarted');
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
    this.#schedule(this.#retryMs);
  }

  #set(status: StoreReadiness['status'], message: string): void {
    const before = this.#readiness;
    if (before.status === status && before.message === message) return;
    const sinceMs = before.status === status ? before.sinceMs : this.#clock.now();
    this.#readiness = { status, message, sinceMs };
    if (before.status === status) return;
    if (status === 'ok') this.#retryMs = FIRST_RETRY_MS;
    this.#options.log.info({ status, reason: message }, 'store status changed');
    for (const listener of this.#listeners) listener(this.#readiness);
  }
}
