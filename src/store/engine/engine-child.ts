/**
 * Entry of the engine's process. Started by the supervisor with an IPC channel; see `child/` for what it does.
 *
 * It lives as long as its parent: when the channel closes it ends at once, so that no orphan keeps the data
 * directory after the server was killed. That is as safe as any other crash, because nothing is acknowledged to a
 * sender before it is in the spool.
 */
import { chmodSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { BellwetherError, messageOf } from '../../lib/errors.ts';
import { openChdb } from './child/chdb.ts';
import { writeConfigFiles } from './child/config-files.ts';
import { repairDeduplicationLogs } from './child/deduplication-log.ts';
import { Engine } from './child/engine.ts';
import { createEngineServer } from './child/http.ts';
import { createPipes } from './child/pipes.ts';
import { type DataDirLock, lockDataDir } from './lock.ts';
import type { EngineMessage, EngineOptions } from './options.ts';

/** How long a predecessor that is just ending may keep its lock. */
const LOCK_WAIT_MS = 10_000;
const LOCK_RETRY_MS = 50;
/** Time for running statements at the end; what is not done by then is done again from the spool. */
const STOP_GRACE_MS = 2_500;
const STOP_RETRY_MS = 20;

interface Running {
  readonly engine: Engine;
  readonly server: Server;
  readonly closeLibrary: () => void;
  readonly lock: DataDirLock;
}

function dieNow(): void {
  process.kill(process.pid, 'SIGKILL');
}

/**
 * Lets a crash be a crash. The library's handlers hold a faulting thread for 20 s to write a report that nobody reads;
 * taking a listener away again makes Node put the system's default in their place, which ends the process at once.
 */
function crashAtOnce(): void {
  for (const signal of ['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGABRT', 'SIGTRAP'] as const) {
    const listener = (): void => {};
    process.on(signal, listener);
    process.removeListener(signal, listener);
  }
}

async function pause(milliseconds: number): Promise<void> {
  await new Promise<void>((resolve) => setTimeout(resolve, milliseconds));
}

async function lockPatiently(dataDir: string): Promise<DataDirLock> {
  for (let waitedMs = 0; ; waitedMs += LOCK_RETRY_MS) {
    try {
      return lockDataDir(dataDir, 'engine');
    } catch (error) {
      const isHeld = error instanceof BellwetherError && error.code === 'data_dir_in_use';
      if (!isHeld || waitedMs >= LOCK_WAIT_MS) throw error;
      await pause(LOCK_RETRY_MS);
    }
  }
}

/** Directories of our own, and nothing left in them from a process that was killed. */
function prepareDirectories(options: EngineOptions): void {
  for (const directory of [options.engineDir, options.bodiesDir, options.runDir]) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }
  for (const name of readdirSync(options.bodiesDir)) {
    rmSync(join(options.bodiesDir, name), { force: true, recursive: true });
  }
  rmSync(options.socketPath, { force: true });
}

async function listen(server: Server, socketPath: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, () => resolve());
  });
  chmodSync(socketPath, 0o600);
}

async function start(options: EngineOptions): Promise<Running> {
  process.umask(0o077);
  const lock = await lockPatiently(options.dataDir);
  prepareDirectories(options);
  const repair = repairDeduplicationLogs(options.engineDir);
  if (repair.forgotten + repair.torn > 0) {
    process.stderr.write(
      `deduplication log repaired: ${repair.forgotten} unfinished inserts, ${repair.torn} torn logs\n`,
    );
  }
  const pipes = await createPipes(options.runDir, options.limits.queries);
  const library = openChdb(options.engineDir, writeConfigFiles(options.runDir, options.limits));
  const engine = await Engine.start(options, library, pipes);
  crashAtOnce();
  const server = createEngineServer(engine, options);
  await listen(server, options.socketPath);
  return { engine, server, closeLibrary: () => library.close(), lock };
}

/** Lets running statements end, closes the engine and gives the directory back. */
async function stop({ engine, server, closeLibrary, lock }: Running): Promise<void> {
  server.close();
  server.closeIdleConnections();
  const deadline = performance.now() + STOP_GRACE_MS;
  while (engine.isBusy && performance.now() < deadline) {
    if (performance.now() > deadline - STOP_GRACE_MS / 2) await engine.cancelAll();
    await pause(STOP_RETRY_MS);
  }
  // The library cannot be closed under a running statement; ending without is a crash, which is safe.
  if (engine.isBusy) dieNow();
  server.closeAllConnections();
  engine.close();
  closeLibrary();
  lock.release();
}

async function main(): Promise<void> {
  process.on('disconnect', dieNow);
  // Ctrl-C reaches the whole group; the server decides when its engine stops.
  process.on('SIGINT', () => {});
  if (!process.connected) throw new Error('this program is started by the server');
  const running = await start(JSON.parse(process.argv[2] ?? '{}') as EngineOptions);
  process.once('SIGTERM', () => {
    stop(running).then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`stopping failed: ${messageOf(error)}\n`);
        dieNow();
      },
    );
  });
  const ready: EngineMessage = { type: 'ready', version: running.engine.version };
  process.send?.(ready);
}

main().catch((error: unknown) => {
  const code = error instanceof BellwetherError ? error.code : 'engine_start_failed';
  const message: EngineMessage = { type: 'failed', code, message: messageOf(error) };
  process.stderr.write(`${message.message}\n`);
  if (process.send === undefined) process.exit(1);
  process.send(message, () => process.exit(1));
});
