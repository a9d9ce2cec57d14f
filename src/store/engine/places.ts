import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BellwetherError } from '../../lib/errors.ts';

/** Longest path of a unix socket that every system accepts (macOS: 103 bytes, Linux: 107). */
const SOCKET_PATH_BYTES_MAX = 103;
/** Characters the engine expands in file names, which makes a directory with them unusable. */
const UNUSABLE = /[*?{},]/;

/** Where the engine's things are, below one data directory. */
export interface EnginePlaces {
  readonly dataDir: string;
  readonly engineDir: string;
  readonly bodiesDir: string;
  readonly runDir: string;
  readonly spoolDir: string;
  readonly socketPath: string;
  /** Removes what was created outside of the data directory. */
  remove(): void;
}

/**
 * Lays out a data directory. The socket is in it, or in a private temporary directory when that path is too long.
 *
 * @throws BellwetherError `data_dir_unusable` for a path the engine cannot work with.
 */
export function placesIn(dataDir: string, spoolDir?: string): EnginePlaces {
  const root = resolve(dataDir);
  const spool = resolve(spoolDir ?? join(root, 'spool'));
  for (const path of [root, spool]) rejectUnusable(path);
  const runDir = join(root, 'run');
  mkdirSync(runDir, { recursive: true, mode: 0o700 });
  mkdirSync(spool, { recursive: true, mode: 0o700 });
  const short = join(runDir, 'engine.sock');
  const isShort = Buffer.byteLength(short) <= SOCKET_PATH_BYTES_MAX;
  const temporary = isShort ? undefined : mkdtempSync(join(tmpdir(), 'bellwether-'));
  return {
    dataDir: root,
    engineDir: join(root, 'engine'),
    bodiesDir: join(root, 'bodies'),
    runDir,
    spoolDir: spool,
    socketPath: temporary === undefined ? short : join(temporary, 'engine.sock'),
    remove: () => {
      if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
    },
  };
}

function rejectUnusable(path: string): void {
  const found = UNUSABLE.exec(path);
  if (found === null) return;
  throw new BellwetherError({
    code: 'data_dir_unusable',
    message: `The path ${path} contains "${found[0]}", which the engine would take for a pattern.`,
    hint: 'Choose a data directory without the characters * ? { } and comma in its path.',
  });
}

/**
 * The compiled program of the engine's process. Node cannot start the TypeScript source, so a server that runs from
 * `src/` (tests) takes the compiled one as well.
 *
 * @throws BellwetherError `engine_not_built` when it is missing.
 */
export function engineEntry(here: string = import.meta.url): string {
  const beside = fileURLToPath(new URL('./engine-child.js', here));
  if (existsSync(beside)) return beside;
  const compiled = fileURLToPath(new URL('../../../dist/store/engine/engine-child.js', here));
  if (existsSync(compiled)) return compiled;
  throw new BellwetherError({
    code: 'engine_not_built',
    message: `The engine's program ${compiled} is missing.`,
    hint: 'Build it with: npx tsc -p tsconfig.build.json',
  });
}
