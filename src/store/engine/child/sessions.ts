import { asEngineError, engineError } from './errors.ts';
import { sqlIdentifier, sqlString } from './lexer.ts';

/** One connection to the engine: its own settings, database and parameters; one statement at a time. */
export interface Connection {
  /** Runs one statement, or several without output between semicolons. Text output is tab separated by default. */
  run(sql: string): Promise<Uint8Array>;
  close(): void;
}

export interface Connector {
  open(): Connection;
  /** Settles when every operation that is under way now has ended; connections closed before are gone by then. */
  drained(): Promise<void>;
}

/** What one request asks of its session. */
export interface Scope {
  readonly database: string | undefined;
  readonly settings: ReadonlyMap<string, string>;
  readonly parameters: ReadonlyMap<string, string>;
}

type Baseline = readonly (readonly [name: string, value: string])[];

/** Settings that change others or that cannot be taken back: a session that had one of them is not used again. */
const IRREVERSIBLE = new Set(['compatibility', 'profile', 'readonly', 'allow_ddl']);
/** Closed connections live on until all running queries end; so many may be in that state before opening waits. */
const CLOSING_MAX = 32;
const CHANGED =
  'SELECT name, value FROM system.settings WHERE changed ORDER BY name FORMAT JSONCompactEachRow';

/** The database of a connection and its settings that differ from their built-in default. */
interface SessionState {
  readonly database: string;
  readonly baseline: Baseline;
}

async function stateOf(connection: Connection): Promise<SessionState> {
  const settings = Buffer.from(await connection.run(CHANGED)).toString('utf8');
  const database = Buffer.from(await connection.run('SELECT currentDatabase() FORMAT JSONCompactEachRow'));
  return {
    database: (JSON.parse(database.toString('utf8')) as [string])[0],
    baseline: settings
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as [string, string]),
  };
}

/** `SET a = 'x', b = 'y'`. The engine refuses unknown names and bad values with its own errors. */
export function setStatement(settings: Iterable<readonly [string, string]>): string {
  const parts = [...settings].map(([name, value]) => `${sqlIdentifier(name)} = ${sqlString(value)}`);
  return `SET ${parts.join(', ')}`;
}

/** The statements that give a session back its baseline after `names` were set, and its database if it was left. */
export function resetStatements(names: Iterable<string>, baseline: Baseline, database?: string): string[] {
  const statements: string[] = [];
  const defaults = [...names].map((name) => `${sqlIdentifier(name)} = DEFAULT`);
  if (defaults.length > 0) {
    statements.push(`SET ${defaults.join(', ')}`);
    // Aliases and settings of the server's profile: whatever the default took away comes back.
    if (baseline.length > 0) statements.push(setStatement(baseline));
  }
  if (database !== undefined) statements.push(`USE ${sqlIdentifier(database)}`);
  return statements;
}

/**
 * A connection for the time of one request. `release` takes back everything `apply` set; when that is not certain,
 * the connection is thrown away.
 */
export class Lease {
  readonly connection: Connection;
  readonly #baseline: Baseline;
  readonly #giveBack: (reusable: boolean) => void;
  readonly #names = new Set<string>();
  readonly #home: string;
  #leftHome = false;
  #tainted = false;

  /** @param state what `release` restores. */
  constructor(connection: Connection, state: SessionState, giveBack: (reusable: boolean) => void) {
    this.connection = connection;
    this.#baseline = state.baseline;
    this.#home = state.database;
    this.#giveBack = giveBack;
  }

  /** Runs the request's settings into the session. Failing taints it, for some of them may have taken effect. */
  async apply(scope: Scope): Promise<void> {
    const parameters = [...scope.parameters].map(([name, value]) => [`param_${name}`, value] as const);
    if (scope.database !== undefined && scope.database !== this.#home) {
      this.#leftHome = true;
      await this.#run(`USE ${sqlIdentifier(scope.database)}`);
    }
    for (const name of scope.settings.keys()) {
      this.#names.add(name);
      if (IRREVERSIBLE.has(name)) this.#tainted = true;
    }
    const assignments = [...scope.settings, ...parameters];
    if (assignments.length > 0) await this.#run(setStatement(assignments));
  }

  /** Marks the session as changed in a way that `release` cannot undo. */
  taint(): void {
    this.#tainted = true;
  }

  /**
   * A statement failed or was cancelled. The connection keeps what it held, its entry among the processes
   * included, until its next statement: so `release` runs one.
   */
  noteFailure(): void {
    this.#leftHome = true;
  }

  /** Settles when the session is free again; undefined as long as the lease is in use. */
  releasing: Promise<void> | undefined;

  release(): Promise<void> {
    this.releasing ??= this.#release();
    return this.releasing;
  }

  async #release(): Promise<void> {
    if (!this.#tainted) {
      try {
        const database = this.#leftHome ? this.#home : undefined;
        for (const sql of resetStatements(this.#names, this.#baseline, database)) {
          await this.connection.run(sql);
        }
      } catch {
        // Not an error of anybody's request: the session is replaced, which resets it as well.
        this.#tainted = true;
      }
    }
    this.#giveBack(!this.#tainted);
  }

  async #run(sql: string): Promise<void> {
    try {
      await this.connection.run(sql);
    } catch (error) {
      this.#tainted = true;
      throw asEngineError(error);
    }
  }
}

/** Connections without a name, interchangeable, kept open for the next request. */
export class SessionPool {
  readonly #connector: Connector;
  readonly #idle: Connection[] = [];
  readonly #idleMax: number;
  #state: SessionState = { database: 'default', baseline: [] };
  #closing = 0;
  /** Connections thrown away because their state was uncertain. */
  discarded = 0;

  /** @param idleMax connections kept open when nobody needs them. */
  constructor(connector: Connector, idleMax: number) {
    this.#connector = connector;
    this.#idleMax = idleMax;
  }

  /** Opens one connection ahead and learns the baseline. */
  async start(): Promise<void> {
    const connection = this.#connector.open();
    this.#state = await stateOf(connection);
    this.#idle.push(connection);
  }

  async lease(): Promise<Lease> {
    const connection = this.#idle.pop() ?? (await this.open());
    return new Lease(connection, this.#state, (reusable) => {
      if (reusable && this.#idle.length < this.#idleMax) this.#idle.push(connection);
      else this.discard(connection);
      if (!reusable) this.discarded++;
    });
  }

  async open(): Promise<Connection> {
    if (this.#closing >= CLOSING_MAX) await this.#connector.drained();
    return this.#connector.open();
  }

  discard(connection: Connection): void {
    connection.close();
    if (this.#closing++ === 0) {
      void this.#connector.drained().then(() => {
        this.#closing = 0;
      });
    }
  }

  close(): void {
    for (const connection of this.#idle.splice(0)) connection.close();
  }
}

interface NamedSession {
  readonly connection: Connection;
  isBusy: boolean;
  lease: Lease | undefined;
  expiresAtMs: number;
}

/** Seconds a named session lives after its last request, unless the request says otherwise; ClickHouse's default. */
const NAMED_TIMEOUT_S = 60;
const NAMED_TIMEOUT_MAX_S = 3600;
const NAMED_MAX = 32;

/**
 * Sessions by `session_id`: what SET, USE and temporary tables did stays until the session expires. Settings in the
 * URL apply to one request only, as in ClickHouse.
 */
export class NamedSessions {
  readonly #pool: SessionPool;
  readonly #now: () => number;
  readonly #sessions = new Map<string, NamedSession>();

  constructor(pool: SessionPool, now: () => number = Date.now) {
    this.#pool = pool;
    this.#now = now;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /**
   * @param mustExist `session_check=1`: refuse instead of beginning a session.
   * @throws EngineError 373 while another request uses the session, 372 when it must exist and does not.
   */
  async lease(id: string, timeoutS: number | undefined, mustExist: boolean): Promise<Lease> {
    // The answer leaves before the session is tidied up; who asks again at once waits for that.
    await this.#sessions.get(id)?.lease?.releasing;
    this.#expire();
    let session = this.#sessions.get(id);
    if (session === undefined) {
      if (mustExist) throw engineError('SESSION_NOT_FOUND', 'Session not found.');
      if (this.#sessions.size >= NAMED_MAX) {
        throw engineError('LIMIT_EXCEEDED', `Too many sessions: ${NAMED_MAX} are open.`, 503);
      }
      session = { connection: await this.#pool.open(), isBusy: false, lease: undefined, expiresAtMs: 0 };
      this.#sessions.set(id, session);
    }
    if (session.isBusy) throw engineError('SESSION_IS_LOCKED', 'Session is locked by a concurrent client.');
    const held = session;
    held.isBusy = true;
    const lifeMs = Math.min(timeoutS ?? NAMED_TIMEOUT_S, NAMED_TIMEOUT_MAX_S) * 1000;
    try {
      const state = await stateOf(held.connection);
      held.lease = new Lease(held.connection, state, (reusable) => {
        held.isBusy = false;
        held.lease = undefined;
        held.expiresAtMs = this.#now() + lifeMs;
        if (!reusable) this.#drop(id);
      });
      return held.lease;
    } catch (error) {
      this.#drop(id);
      throw error;
    }
  }

  close(): void {
    for (const id of [...this.#sessions.keys()]) this.#drop(id);
  }

  #expire(): void {
    const nowMs = this.#now();
    for (const [id, session] of [...this.#sessions]) {
      if (!session.isBusy && session.expiresAtMs <= nowMs) this.#drop(id);
    }
  }

  #drop(id: string): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    this.#sessions.delete(id);
    this.#pool.discard(session.connection);
  }
}
