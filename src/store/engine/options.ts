/** What the engine's process is started with; travels as JSON in its first argument. */
export interface EngineOptions {
  /** The engine's own directory: tables and metadata. */
  readonly engineDir: string;
  /** Bodies on their way into a table. Emptied at start. */
  readonly bodiesDir: string;
  /** Configuration files and result pipes. */
  readonly runDir: string;
  /** Data directory that holds the lock. */
  readonly dataDir: string;
  readonly socketPath: string;
  /** Where files named by `X-Bellwether-Files` must be. */
  readonly spoolDir: string;
  readonly limits: EngineLimits;
}

/** Every bound of the engine's process. */
export interface EngineLimits {
  /** Memory of all queries, merges and caches together; ClickHouse's `max_server_memory_usage`. */
  readonly memoryBytes: number;
  /** Memory of one query. */
  readonly queryMemoryBytes: number;
  /** Seconds after which a query is stopped, unless the request sets its own `max_execution_time`. */
  readonly queryTimeS: number;
  /** Queries that run at the same time. */
  readonly queries: number;
  /** Inserts that run at the same time; they have places of their own, so that slow queries do not hold up ingest. */
  readonly inserts: number;
  /** Requests of each kind that may wait for a place; more get 503. */
  readonly waiting: number;
  /** Threads of background merges; the rest of the machine stays free for ingest and queries. */
  readonly mergeThreads: number;
  /** Body of one insert, after decompression. */
  readonly bodyBytes: number;
  /** Files of one insert by `X-Bellwether-Files`. */
  readonly filesBytes: number;
  /** A reader of a result that takes nothing for so long is disconnected. */
  readonly sendTimeoutMs: number;
}

const MIB = 1024 * 1024;

/**
 * The limits for an amount of memory and processors.
 *
 * @param memoryBytes at least 256 MiB are used.
 */
export function limitsFor(memoryBytes: number, processors: number): EngineLimits {
  const memory = Math.max(memoryBytes, 256 * MIB);
  return {
    memoryBytes: memory,
    queryMemoryBytes: Math.floor(memory * 0.6),
    queryTimeS: 60,
    queries: 8,
    inserts: 2,
    waiting: 256,
    mergeThreads: Math.max(1, Math.floor(processors / 2)),
    bodyBytes: 1024 * MIB,
    // A block is held about four times while it is sorted and written.
    filesBytes: Math.max(32 * MIB, Math.floor(memory / 10)),
    sendTimeoutMs: 60_000,
  };
}

/** Threads of Node's pool in the engine's process: one per running statement, and some for files and compression. */
export function threadPoolSize(limits: EngineLimits): number {
  const control = 2;
  const files = 4;
  return limits.queries + limits.inserts + control + files;
}

/** What the process tells its parent. */
export type EngineMessage =
  | { readonly type: 'ready'; readonly version: string }
  | { readonly type: 'failed'; readonly code: string; readonly message: string };

/** What `GET /health` answers. */
export interface EngineHealth {
  readonly version: string;
  readonly queries: { readonly running: number; readonly waiting: number };
  readonly inserts: { readonly running: number; readonly waiting: number };
  readonly sessions: number;
  readonly discarded_sessions: number;
  readonly rss_bytes: number;
}
