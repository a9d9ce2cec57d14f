import { lstat, realpath, rm, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { type OpenedBody, writeBody } from './body.ts';
import { engineError } from './errors.ts';
import { sqlString } from './lexer.ts';
import type { InsertStatement } from './statement.ts';

/** Characters that the engine's `file` function would expand instead of taking them as they are. */
const GLOB = /[*?{}]/;

/**
 * Settings of every insert unless the request names them: the file's columns go to the table's columns of the same
 * name, absent ones get their default, and blocks form the same way each time, which deduplication relies on.
 */
export const INSERT_SETTINGS: ReadonlyMap<string, string> = new Map([
  ['use_structure_from_insertion_table_in_table_functions', '1'],
  ['max_insert_threads', '1'],
  ['max_threads', '1'],
]);

/**
 * On top of those for sets of files: the whole set becomes one block, hence one part per partition. The same token
 * then always stands for the same rows, whatever part of the set an interrupted attempt had committed.
 */
export const ONE_BLOCK_SETTINGS: ReadonlyMap<string, string> = new Map([
  ['min_insert_block_size_rows', '1000000000'],
  ['min_insert_block_size_bytes', '100000000000'],
  ['max_partitions_per_insert_block', '0'],
]);

/** `INSERT INTO t ... SELECT * FROM file(...)` for files of one format. */
export function insertFromFiles(statement: InsertStatement, paths: readonly string[]): string {
  if (!/^[A-Za-z0-9_]+$/.test(statement.format)) {
    throw engineError('SYNTAX_ERROR', `Bad format name ${statement.format}.`);
  }
  const format = sqlString(statement.format);
  return `${statement.head} SELECT * FROM file(${sqlString(oneGlob(paths))}, ${format})`;
}

/** `/spool/{a.native,b.native}`; all paths are in one directory, which the caller has checked. */
function oneGlob(paths: readonly string[]): string {
  if (paths.length === 1) return paths[0]!;
  return `${dirname(paths[0]!)}/{${paths.map((path) => basename(path)).join(',')}}`;
}

export interface FileRules {
  /** The only directory from which files are taken. */
  readonly directory: string | undefined;
  /** Bytes of a whole set: it must fit into memory as one block. */
  readonly bytesMax: number;
}

/**
 * Checks that files may be inserted: regular files directly in the allowed directory, together within the bound.
 *
 * @throws EngineError 291 for a path that is not allowed, 290 (413) for a set that is too large.
 */
export async function checkFiles(paths: readonly string[], rules: FileRules): Promise<void> {
  const { directory, bytesMax } = rules;
  if (directory === undefined) throw denied('inserting files is not configured');
  const root = await realpath(directory);
  let bytes = 0;
  for (const path of paths) {
    if (!isAbsolute(path) || resolve(path) !== path || GLOB.test(path) || basename(path).includes(',')) {
      throw denied(`${path} is not a plain absolute path`);
    }
    if (dirname(path) !== dirname(paths[0]!)) throw denied('the files are in several directories');
    const parent = await realpath(dirname(path));
    if (parent !== root && !parent.startsWith(root + sep)) throw denied(`${path} is outside of the spool`);
    const found = await lstat(path);
    if (!found.isFile()) throw denied(`${path} is not a regular file`);
    bytes += found.size;
  }
  if (new Set(paths).size !== paths.length) throw denied('a file is named twice');
  if (bytes > bytesMax) {
    throw engineError('LIMIT_EXCEEDED', `The files have ${bytes} bytes, one insert takes ${bytesMax}.`, 413);
  }
}

function denied(reason: string): Error {
  return engineError('DATABASE_ACCESS_DENIED', `X-Bellwether-Files: ${reason}.`);
}

/** A body as a file for as long as it is inserted. */
export interface SpooledBody {
  readonly path: string;
  readonly bytes: number;
  remove(): Promise<void>;
}

let counter = 0;

/** Streams a body to a new file in `directory`; nothing of it stays in memory. */
export async function spoolBody(directory: string, body: OpenedBody): Promise<SpooledBody> {
  const path = join(directory, `body-${counter++}.data`);
  await writeBody(path, body);
  const { size } = await stat(path);
  return { path, bytes: size, remove: () => rm(path, { force: true }) };
}
