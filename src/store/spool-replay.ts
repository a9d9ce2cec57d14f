import { join } from 'node:path';
import { messageOf } from '../lib/errors.ts';
import type { RejectedFolder } from './rejected-folder.ts';
import type { Leftovers, SpoolFile, SpoolGroup, SpoolOptions } from './spool.ts';
import { parseGroupFileName, parseSpoolFileName } from './spool-names.ts';

/** Column names by table, in the order of the blocks. */
export type ColumnLists = Readonly<Record<string, readonly string[]>>;

interface Manifest {
  readonly token: string;
  readonly table: string;
  readonly columns: readonly string[];
  readonly files: readonly string[];
}

/** What is in the directory of a spool that nobody uses. */
export interface FoundSpool extends Leftovers {
  readonly lastSeq: number;
  /** True when the blocks without a manifest may have other columns than this build's. */
  readonly columnsChanged: boolean;
}

/**
 * Reads a spool directory after a stop or a crash. Half-written files are deleted: they were never acknowledged. Manifests that
 * cannot be read and files with strange names are set aside.
 */
export async function readSpool(options: SpoolOptions, rejected: RejectedFolder): Promise<FoundSpool> {
  const { fs, directory } = options;
  const names = (await fs.list(directory)).sort();
  const known = await readColumns(options, names);
  const files = new Map<string, SpoolFile>();
  const groups: SpoolGroup[] = [];
  let lastSeq = 0;
  for (const name of names) {
    if (name.endsWith('.tmp')) await fs.remove(join(directory, name));
    const facts = parseSpoolFileName(name);
    lastSeq = Math.max(lastSeq, facts?.seq ?? 0, parseGroupFileName(name)?.seq ?? 0);
    if (facts === undefined) continue;
    const columns = known[facts.table] ?? options.columns[facts.table];
    if (columns === undefined) await rejected.take(name, facts.rows, `there is no table ${facts.table}`);
    else files.set(name, { ...facts, name, columns, sinceMs: options.clock.now(), isLeftover: true });
  }
  for (const name of names.filter((candidate) => candidate.endsWith('.group'))) {
    const manifest = await readManifest(options, rejected, name);
    if (manifest === undefined) continue;
    const members = claim(manifest, files);
    if (members.length > 0) groups.push({ ...manifest, files: members });
    else await fs.remove(join(directory, name));
  }
  const columnsChanged = JSON.stringify(known) !== JSON.stringify(options.columns);
  return { groups, files: [...files.values()], lastSeq, columnsChanged };
}

/** Takes a group's files out of those found. Missing ones are stored already or were set aside. */
function claim(manifest: Manifest, files: Map<string, SpoolFile>): SpoolFile[] {
  const members: SpoolFile[] = [];
  for (const name of manifest.files) {
    const file = files.get(name);
    if (file === undefined) continue;
    files.delete(name);
    members.push({ ...file, columns: manifest.columns });
  }
  return members;
}

async function readColumns(options: SpoolOptions, names: readonly string[]): Promise<ColumnLists> {
  if (!names.includes('columns.json')) return {};
  try {
    const text = Buffer.from(await options.fs.read(join(options.directory, 'columns.json'))).toString('utf8');
    return JSON.parse(text) as ColumnLists;
  } catch (error) {
    options.log.warn({ err: error }, "the spool's list of columns cannot be read; assuming this version's");
    return {};
  }
}

async function readManifest(
  options: SpoolOptions,
  rejected: RejectedFolder,
  name: string,
): Promise<Manifest | undefined> {
  try {
    const text = Buffer.from(await options.fs.read(join(options.directory, name))).toString('utf8');
    const value: unknown = JSON.parse(text);
    if (isManifest(value) && `${value.token}.group` === name) return value;
    throw new Error('it does not have the expected fields');
  } catch (error) {
    await rejected.take(name, 0, `the list of files cannot be read: ${messageOf(error)}`);
    return undefined;
  }
}

function isManifest(value: unknown): value is Manifest {
  if (typeof value !== 'object' || value === null) return false;
  const { token, table, columns, files } = value as Record<string, unknown>;
  return typeof token === 'string' && typeof table === 'string' && isNames(columns) && isNames(files);
}

function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
