import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { BellwetherError } from '../../lib/errors.ts';

/** A directory that belongs to this process until `release`, or until the process ends in whatever way. */
export interface DataDirLock {
  release(): void;
}

interface Holder {
  readonly pid: number;
  /** Start time of the process in clock ticks since boot, empty where the system does not tell. */
  readonly start_time: string;
}

/**
 * Takes a data directory for this process.
 *
 * The lock is the operating system's (a byte range lock, taken through SQLite): it ends with the process, so nothing
 * stale is ever left behind, and two processes that come at the same time cannot both get it. The file beside it
 * only tells who holds it.
 *
 * @param name which of the directory's locks; the server and the engine's process have one each.
 * @throws BellwetherError `data_dir_in_use` naming the pid of the holder; `data_dir_unusable` when the directory
 *   cannot be created or written.
 */
export function lockDataDir(dataDir: string, name: 'server' | 'engine' = 'server'): DataDirLock {
  const lockPath = join(dataDir, `${name}.lock`);
  const holderPath = join(dataDir, `${name}.pid`);
  const database = openLockFile(dataDir, lockPath);
  try {
    database.pragma('locking_mode = EXCLUSIVE');
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (!isBusy(error)) throw unusable(dataDir, error);
    throw inUse(dataDir, readHolder(holderPath));
  }
  try {
    writeHolder(holderPath);
  } catch (error) {
    database.close();
    throw unusable(dataDir, error);
  }
  return { release: () => database.close() };
}

function openLockFile(dataDir: string, lockPath: string): Database.Database {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    return new Database(lockPath, { timeout: 0 });
  } catch (error) {
    throw unusable(dataDir, error);
  }
}

function isBusy(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' && (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED'));
}

function writeHolder(path: string): void {
  const holder: Holder = { pid: process.pid, start_time: startTimeOf(process.pid) };
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(holder)}\n`, { mode: 0o600 });
  renameSync(temporary, path);
}

/** Who holds the lock; undefined in the moment before a new holder has written its name. */
function readHolder(path: string): Holder | undefined {
  try {
    const holder = JSON.parse(readFileSync(path, 'utf8')) as Holder;
    return holder.start_time === startTimeOf(holder.pid) ? holder : undefined;
  } catch {
    // Absent or half written: the error then says that it does not know.
    return undefined;
  }
}

/** Field 22 of /proc/<pid>/stat, which tells a process from a later one with the same pid. */
function startTimeOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function inUse(dataDir: string, holder: Holder | undefined): BellwetherError {
  const who = holder === undefined ? 'another process' : `the process with pid ${holder.pid}`;
  return new BellwetherError({
    code: 'data_dir_in_use',
    message: `The data directory ${dataDir} is in use by ${who}.`,
    hint: 'Stop that process, or give this one a directory of its own with --data-dir.',
    status: 503,
  });
}

function unusable(dataDir: string, cause: unknown): BellwetherError {
  return new BellwetherError({
    code: 'data_dir_unusable',
    message: `The data directory ${dataDir} cannot be locked.`,
    hint: 'It must be a writable directory on a file system with locks.',
    cause,
  });
}
