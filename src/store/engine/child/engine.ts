import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineHealth, EngineOptions } from '../options.ts';
import { asEngineError, type EngineError, engineError } from './errors.ts';
import { INSERT_SETTINGS } from './insert.ts';
import { sqlString } from './lexer.ts';
import { openResultPipe, type ResultSource } from './pipes.ts';
import type { EngineRequest } from './request.ts';
import {
  type Connection,
  type Connector,
  type Lease,
  NamedSessions,
  type Scope,
  SessionPool,
} from './sessions.ts';
import { Slots } from './slots.ts';
import type { RowsStatement, Statement } from './statement.ts';

/** A statement with a session of its own, from `begin` to `end`. */
export interface Execution {
  readonly lease: Lease;
  /** Comment at the end of the statement by which it is found to be cancelled. */
  readonly tag: string;
  readonly slot: number;
  end(): Promise<void>;
}

/** A result on its way, and how its statement ended: with an error or without. */
export interface RunningRows {
  readonly source: ResultSource;
  readonly done: Promise<EngineError | undefined>;
}

/** Statements that run, and where; knows nothing of HTTP. */
export class Engine {
  readonly version: string;
  readonly #options: EngineOptions;
  readonly #pipes: readonly string[];
  readonly #control: Connection;
  readonly #pool: SessionPool;
  readonly #named: NamedSessions;
  readonly #queries: Slots;
  readonly #inserts: Slots;
  readonly #running = new Set<string>();
  #counter = 0;

  private constructor(
    options: EngineOptions,
    connector: Connector,
    pipes: readonly string[],
    version: string,
  ) {
    const { queries, inserts, waiting } = options.limits;
    this.version = version;
    this.#options = options;
    this.#pipes = pipes;
    this.#control = connector.open();
    this.#pool = new SessionPool(connector, queries + inserts);
    this.#named = new NamedSessions(this.#pool);
    this.#queries = new Slots(queries, waiting);
    this.#inserts = new Slots(inserts, waiting);
  }

  /** @param pipes at least as many as `limits.queries`. */
  static async start(
    options: EngineOptions,
    connector: Connector,
    pipes: readonly string[],
  ): Promise<Engine> {
    const probe = connector.open();
    const version = Buffer.from(await probe.run('SELECT version()'))
      .toString('utf8')
      .trim();
    probe.close();
    const engine = new Engine(options, connector, pipes, version);
    await engine.#pool.start();
    return engine;
  }

  /** Proves with a query of its own that the engine answers; it needs no place among the others. */
  async health(): Promise<EngineHealth> {
    await this.#control.run('SELECT 1');
    return {
      version: this.version,
      queries: { running: this.#queries.used, waiting: this.#queries.waiting },
      inserts: { running: this.#inserts.used, waiting: this.#inserts.waiting },
      sessions: this.#named.size,
      discarded_sessions: this.#pool.discarded,
      rss_bytes: process.memoryUsage.rss(),
    };
  }

  get isBusy(): boolean {
    return this.#queries.used + this.#inserts.used > 0;
  }

  /**
   * Waits for a place and prepares a session as the request wants it. The caller must `end` what it began.
   *
   * @param defaults settings under those of the request.
   */
  async begin(
    request: EngineRequest,
    statement: Statement,
    signal: AbortSignal,
    defaults?: ReadonlyMap<string, string>,
  ): Promise<Execution> {
    checkParameters(statement, request.scope);
    if (this.#running.has(request.queryId)) {
      throw engineError(
        'QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING',
        `Query with id = ${request.queryId} is already running.`,
      );
    }
    this.#running.add(request.queryId);
    const slots = statement.kind === 'insert' ? this.#inserts : this.#queries;
    let slot: number | undefined;
    let lease: Lease | undefined;
    const end = async (): Promise<void> => {
      this.#running.delete(request.queryId);
      await lease?.release();
      if (slot !== undefined) slots.put(slot);
    };
    try {
      slot = await slots.take(signal);
      lease = await this.#lease(request);
      await lease.apply(scopeOf(request, statement, defaults));
      if (statement.kind === 'session' && request.sessionId === undefined) lease.taint();
      return { lease, slot, tag: `/* ${this.#counter++}:${request.queryId} */`, end };
    } catch (error) {
      await end();
      throw error;
    }
  }

  /** Runs a statement that has no rows, or few. */
  async run(execution: Execution, sql: string): Promise<Uint8Array> {
    try {
      return await execution.lease.connection.run(`${sql}\n${execution.tag}`);
    } catch (error) {
      execution.lease.noteFailure();
      throw asEngineError(error, execution.tag);
    }
  }

  /** Starts a statement whose rows come out of `source`; `done` never rejects. */
  rows(execution: Execution, statement: RowsStatement, format: string): RunningRows {
    const path = this.#pipes[execution.slot]!;
    const source = openResultPipe(path);
    const done = this.run(execution, rowsInto(statement, path, format)).then(
      () => undefined,
      (error: unknown) => asEngineError(error),
    );
    return { source, done: done.finally(() => source.finish()) };
  }

  /** The same through a file, for answers that must not begin before the statement has ended. */
  async rowsInFile(execution: Execution, statement: RowsStatement, format: string): Promise<RunningRows> {
    const path = join(this.#options.bodiesDir, `result-${randomUUID()}`);
    try {
      await this.run(execution, rowsInto(statement, path, format));
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
    const stream = createReadStream(path);
    const close = async (): Promise<void> => {
      stream.destroy();
      await rm(path, { force: true });
    };
    const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    return { source: { chunks, finish: () => {}, close }, done: Promise.resolve(undefined) };
  }

  /** Stops a running statement as soon as the engine looks up from its work; bounded by `max_execution_time`. */
  async cancel(execution: Execution): Promise<void> {
    await this.#control.run(`KILL QUERY WHERE endsWith(query, ${sqlString(execution.tag)}) ASYNC`);
  }

  /** Stops everything that only reads or changes tables by query; what inserts from files may finish. */
  async cancelAll(): Promise<void> {
    await this.#control.run(
      "KILL QUERY WHERE query NOT ILIKE 'KILL QUERY%' AND query NOT ILIKE 'INSERT%' ASYNC",
    );
  }

  close(): void {
    this.#named.close();
    this.#pool.close();
    this.#control.close();
  }

  async #lease(request: EngineRequest): Promise<Lease> {
    if (request.sessionId === undefined) return await this.#pool.lease();
    return await this.#named.lease(request.sessionId, request.sessionTimeoutS, request.sessionMustExist);
  }
}

function scopeOf(
  request: EngineRequest,
  statement: Statement,
  defaults: ReadonlyMap<string, string> | undefined,
): Scope {
  // What SET and USE do in a named session stays, so nothing may be restored after them.
  if (statement.kind === 'session') return { ...request.scope, database: undefined, settings: new Map() };
  const base = statement.kind === 'insert' ? INSERT_SETTINGS : undefined;
  if (base === undefined && defaults === undefined) return request.scope;
  return {
    ...request.scope,
    settings: new Map([...(base ?? []), ...(defaults ?? []), ...request.scope.settings]),
  };
}

/**
 * Parameters stay in a session, so a query must not find one that its own request did not send. Refused here with
 * the engine's own words.
 */
function checkParameters(statement: Statement, scope: Scope): void {
  for (const name of statement.parameters) {
    if (!scope.parameters.has(name)) {
      throw engineError('UNKNOWN_QUERY_PARAMETER', `Substitution \`${name}\` is not set.`);
    }
  }
}

/** Places `INTO OUTFILE` where the grammar wants it. */
export function rowsInto(statement: RowsStatement, path: string, format: string): string {
  return `${statement.head}\nINTO OUTFILE ${sqlString(path)} TRUNCATE COMPRESSION 'none' FORMAT ${format}${statement.tail}`;
}
