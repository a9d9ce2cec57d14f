import { type ChildProcess, fork } from 'node:child_process';
import { Agent } from 'node:http';
import { availableParallelism } from 'node:os';
import { messageOf } from '../../lib/errors.ts';
import { Backoff } from './backoff.ts';
import { defaultEngineMemoryBytes } from './memory.ts';
import {
  type EngineHealth,
  type EngineLimits,
  type EngineMessage,
  type EngineOptions,
  limitsFor,
  threadPoolSize,
} from './options.ts';
import { engineEntry, placesIn } from './places.ts';
import { fetchHealth } from './probe.ts';

/** The part of pino's logger that is used here. */
export interface EngineLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Time, injected by tests. */
export interface Clock {
  now(): number;
  /** Calls back once after `delayMs`; the returned function takes it back. */
  after(delayMs: number, callback: () => void): () => void;
}

export interface StartEngineOptions {
  readonly dataDir: string;
  /** `<dataDir>/spool` when absent. The only place `X-Bellwether-Files` may name. */
  readonly spoolDir?: string;
  /** Memory of the engine; by default 40 % of the machine's or container's, at least 512 MiB. */
  readonly memoryBytes?: number;
  /** Overrides single limits. */
  readonly limits?: Partial<EngineLimits>;
  readonly log: EngineLog;
  readonly clock?: Clock;
  /** Starts the process; replaced in tests. */
  readonly spawn?: (options: EngineOptions) => ChildProcess;
  /** Asks a running process whether the engine answers; replaced in tests. */
  readonly probe?: (socketPath: string, timeoutMs: number) => Promise<EngineHealth>;
}

export interface EngineState {
  readonly status: 'starting' | 'ready' | 'down';
  /** Of the running process. */
  readonly pid: number | undefined;
  /** How often the process was started again since `startEngine`. */
  readonly restarts: number;
  /** Why it was last not there; kept after it is back. */
  readonly lastError: string | undefined;
  /** When `status` last changed, in epoch milliseconds. */
  readonly since: number;
  /** ClickHouse's version, known from the first `ready` on. */
  readonly version: string | undefined;
}

export interface EngineHandle {
  readonly socketPath: string;
  /** Where files must be that an insert names in `X-Bellwether-Files`. */
  readonly spoolDir: string;
  /** For `createClient({ url: 'http://engine', http_agent: agent })`. It stays the same across restarts. */
  readonly agent: Agent;
  readonly limits: EngineLimits;
  state(): EngineState;
  /** What the last health query told; undefined before the first. */
  health(): EngineHealth | undefined;
  /** Calls back at every change of status. Returns the function that ends it. */
  onStateChange(listener: (state: EngineState) => void): () => void;
  /** Resolves when the engine is ready, rejects when it is stopped or the time is over. */
  whenReady(timeoutMs: number): Promise<void>;
  /** Lets running statements end and stops the process; at most about 4 s. Idempotent. */
  stop(): Promise<void>;
}

const HEALTH_EVERY_MS = 3_000;
const HEALTH_TIMEOUT_MS = 5_000;
/** Health queries without an answer in a row after which the process counts as hung. */
const HEALTH_FAILURES_MAX = 3;
/** Loading the tables of a large directory takes seconds; this long and it hangs. */
const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 4_000;
const AGENT_SOCKETS_MAX = 64;
const LOG_LINE_MAX = 2_000;

const systemClock: Clock = {
  now: () => Date.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/**
 * Starts the embedded engine's process and keeps it running: a process that ends or hangs is replaced, with growing
 * pauses. Does not wait for it to be ready, see `whenReady`.
 *
 * @throws BellwetherError `data_dir_unusable`, `engine_not_built`. Everything later shows in `state()`.
 */
export async function startEngine(options: StartEngineOptions): Promise<EngineHandle> {
  const spawn = options.spawn ?? forkEngine(engineEntry());
  const { remove, ...places } = placesIn(options.dataDir, options.spoolDir);
  const memoryBytes = options.memoryBytes ?? defaultEngineMemoryBytes();
  const limits = { ...limitsFor(memoryBytes, availableParallelism()), ...options.limits };
  const supervisor = new Supervisor({ ...places, limits }, spawn, options, remove);
  supervisor.start();
  return supervisor;
}

function forkEngine(entry: string): (options: EngineOptions) => ChildProcess {
  return (options) =>
    fork(entry, [JSON.stringify(options)], {
      env: { ...process.env, UV_THREADPOOL_SIZE: String(threadPoolSize(options.limits)) },
      // Flags of the parent (inspector, loaders of a test runner) are not for this program.
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
}

class Supervisor implements EngineHandle {
  readonly socketPath: string;
  readonly spoolDir: string;
  readonly agent: Agent;
  readonly limits: EngineLimits;
  readonly #options: EngineOptions;
  readonly #spawn: (options: EngineOptions) => ChildProcess;
  readonly #log: EngineLog;
  readonly #clock: Clock;
  readonly #probe: (socketPath: string, timeoutMs: number) => Promise<EngineHealth>;
  readonly #remove: () => void;
  readonly #backoff = new Backoff();
  readonly #listeners = new Set<(state: EngineState) => void>();
  #state: EngineState;
  #health: EngineHealth | undefined;
  #child: ChildProcess | undefined;
  #readyAt: number | undefined;
  #cancelTimer: () => void = () => {};
  #stopping: Promise<void> | undefined;

  constructor(
    options: EngineOptions,
    spawn: (options: EngineOptions) => ChildProcess,
    injected: StartEngineOptions,
    remove: () => void,
  ) {
    this.#options = options;
    this.#spawn = spawn;
    this.#log = injected.log;
    this.#clock = injected.clock ?? systemClock;
    this.#probe = injected.probe ?? fetchHealth;
    this.#remove = remove;
    this.limits = options.limits;
    this.socketPath = options.socketPath;
    this.spoolDir = options.spoolDir;
    this.agent = new Agent({
      socketPath: options.socketPath,
      keepAlive: true,
      maxSockets: AGENT_SOCKETS_MAX,
    } as ConstructorParameters<typeof Agent>[0]);
    this.#state = {
      status: 'starting',
      pid: undefined,
      restarts: 0,
      lastError: undefined,
      since: this.#clock.now(),
      version: undefined,
    };
  }

  state(): EngineState {
    return this.#state;
  }

  health(): EngineHealth | undefined {
    return this.#health;
  }

  onStateChange(listener: (state: EngineState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async whenReady(timeoutMs: number): Promise<void> {
    if (this.#state.status === 'ready') return;
    await new Promise<void>((resolve, reject) => {
      const end = (settle: () => void): void => {
        cancel();
        unsubscribe();
        settle();
      };
      const explain = (): Error =>
        new Error(`the engine is not ready: ${this.#state.lastError ?? 'it is still starting'}`);
      const cancel = this.#clock.after(timeoutMs, () => end(() => reject(explain())));
      const unsubscribe = this.onStateChange((state) => {
        if (state.status === 'ready') end(resolve);
        else if (this.#stopping !== undefined) end(() => reject(explain()));
      });
    });
  }

  start(): void {
    this.#change({ status: 'starting' });
    let child: ChildProcess;
    try {
      child = this.#spawn(this.#options);
    } catch (error) {
      this.#ended(undefined, `it could not be started: ${messageOf(error)}`);
      return;
    }
    this.#child = child;
    this.#readyAt = undefined;
    this.#change({ pid: child.pid });
    let reason: string | undefined;
    child.on('message', (message: EngineMessage) => {
      if (child !== this.#child) return;
      if (message.type === 'failed') reason = message.message;
      else this.#becameReady(child, message.version);
    });
    child.once('error', (error) => this.#ended(child, `it could not be started: ${error.message}`));
    child.once('exit', (code, signal) =>
      this.#ended(
        child,
        reason ?? (signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`),
      ),
    );
    this.#readLog(child);
    this.#later(START_TIMEOUT_MS, () => this.#kill(child, 'it did not get ready in time'));
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#cancelTimer();
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      child.kill('SIGTERM');
      const cancel = this.#clock.after(STOP_TIMEOUT_MS, () => child.kill('SIGKILL'));
      await exited;
      cancel();
    }
    this.agent.destroy();
    this.#remove();
    if (this.#state.status !== 'down')
      this.#change({ status: 'down', pid: undefined, lastError: 'it was stopped' });
    this.#listeners.clear();
  }

  #becameReady(child: ChildProcess, version: string): void {
    this.#readyAt = this.#clock.now();
    this.#change({ status: 'ready', version });
    this.#log.info({ pid: child.pid, version, restarts: this.#state.restarts }, 'engine ready');
    this.#watch(child, 0);
  }

  /** Asks for health again and again; a process that does not answer is killed, which leads to its restart. */
  #watch(child: ChildProcess, failures: number): void {
    this.#later(HEALTH_EVERY_MS, () => {
      this.#probe(this.socketPath, HEALTH_TIMEOUT_MS).then(
        (health) => {
          if (child !== this.#child) return;
          this.#health = health;
          this.#watch(child, 0);
        },
        (error: unknown) => {
          if (child !== this.#child) return;
          this.#log.warn(
            { pid: child.pid, failures: failures + 1 },
            `engine health query failed: ${messageOf(error)}`,
          );
          if (failures + 1 < HEALTH_FAILURES_MAX) this.#watch(child, failures + 1);
          else this.#kill(child, 'it did not answer health queries');
        },
      );
    });
  }

  #kill(child: ChildProcess, reason: string): void {
    if (this.#stopping !== undefined) return;
    this.#change({ lastError: reason });
    child.removeAllListeners('exit');
    child.once('exit', () => this.#ended(child, reason));
    child.kill('SIGKILL');
  }

  /** The process is gone: says so, and starts the next one after a pause. */
  #ended(child: ChildProcess | undefined, reason: string): void {
    if (child !== this.#child && child !== undefined) return;
    this.#child = undefined;
    this.#cancelTimer();
    const livedMs = this.#readyAt === undefined ? 0 : this.#clock.now() - this.#readyAt;
    this.#change({ status: 'down', pid: undefined, lastError: reason });
    if (this.#stopping !== undefined) return;
    const delayMs = this.#backoff.next(livedMs);
    this.#log.error(
      { restart_in_ms: delayMs, restarts: this.#state.restarts },
      `engine process gone: ${reason}`,
    );
    this.#later(delayMs, () => {
      this.#state = { ...this.#state, restarts: this.#state.restarts + 1 };
      this.start();
    });
  }

  /** One timer at a time: what the next state waits for. */
  #later(delayMs: number, callback: () => void): void {
    this.#cancelTimer();
    if (this.#stopping !== undefined) return;
    this.#cancelTimer = this.#clock.after(delayMs, callback);
  }

  #change(change: Partial<EngineState>): void {
    const before = this.#state.status;
    this.#state = { ...this.#state, ...change };
    if (this.#state.status === before) return;
    this.#state = { ...this.#state, since: this.#clock.now() };
    for (const listener of [...this.#listeners]) {
      try {
        listener(this.#state);
      } catch (error) {
        this.#log.error({}, `a listener of the engine's state failed: ${messageOf(error)}`);
      }
    }
  }

  /** Lines the process writes to its standard error, bounded in length. */
  #readLog(child: ChildProcess): void {
    let line = '';
    child.stderr?.setEncoding('utf8');
    child.stderr?.on('data', (text: string) => {
      const lines = (line + text).split('\n');
      line = lines.pop()!.slice(0, LOG_LINE_MAX);
      for (const complete of lines) {
        if (complete !== '') this.#log.warn({ pid: child.pid }, `engine: ${complete.slice(0, LOG_LINE_MAX)}`);
      }
    });
  }
}
