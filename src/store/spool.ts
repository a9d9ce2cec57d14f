import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Clock } from './clock.ts';
import { RejectedFolder, type RejectedLimits } from './rejected-folder.ts';
import { type SpoolFs, writeDurably } from './spool-fs.ts';
import { groupFileName, spoolFileName } from './spool-names.ts';
import { type ColumnLists, readSpool } from './spool-replay.ts';

/** One durable Native block of one table. */
export interface SpoolFile {
  readonly name: string;
  readonly table: string;
  readonly columns: readonly string[];
  readonly seq: number;
  readonly rows: number;
  readonly bytes: number;
  readonly crc: number;
  /** Epoch milliseconds; of a leftover file, when it was found. */
  readonly sinceMs: number;
  /** Written by an earlier process, so its contents must be checked before use. */
  readonly isLeftover: boolean;
}

/**
 * Files that are inserted together under one token. The group is fixed on disk before its first insert, so that a crash at any
 * moment is followed by an insert of the same files with the same token.
 */
export interface SpoolGroup {
  /** Deduplication token and name of the manifest without its ending. */
  readonly token: string;
  readonly table: string;
  readonly columns: readonly string[];
  readonly files: readonly SpoolFile[];
}

/** Bounds of one insert, so that the engine's memory for it is bounded. */
const GROUP_LIMITS = { files: 128, bytes: 32 * 1024 ** 2, rows: 500_000 };

/** A table's block on its way to disk. `pieces` may alias column buffers; they are not touched after the write. */
export interface SpoolBlock {
  readonly table: string;
  readonly rows: number;
  readonly pieces: readonly Uint8Array[];
}

export interface SpoolOptions {
  readonly directory: string;
  readonly fs: SpoolFs;
  readonly clock: Clock;
  readonly log: Log;
  /** Columns by table, as this build writes them. */
  readonly columns: ColumnLists;
  readonly rejected: RejectedLimits;
}

export interface Leftovers {
  readonly groups: readonly SpoolGroup[];
  /** Never tried so far. */
  readonly files: readonly SpoolFile[];
}

/**
 * The spool directory: durable blocks that wait for the engine.
 *
 * `<table>-<seq>-<rows>-<bytes>-<crc>-<writer>.native` blocks, `....group` manifests, `....tmp` files under construction,
 * `columns.json` the columns of blocks without a manifest, `rejected/` what could not be stored.
 *
 * Invariants: a block is inserted only as a member of a manifest that is durable. A manifest is removed only after its
 * blocks' removal is durable.
 */
export class Spool {
  readonly rejected: RejectedFolder;
  readonly #options: SpoolOptions;
  readonly #writer = randomBytes(8).toString('hex');
  #seq = 0;
  #bytes = 0;
  #fileCount = 0;
  /** Manifests whose blocks are gone, before and after the directory was synced. */
  #emptied: string[] = [];
  #removable: string[] = [];
  /** Groups that are stored and have files left to be removed. */
  #stored: { readonly group: SpoolGroup; readonly files: SpoolFile[] }[] = [];
  /** Of failed commits: could not be removed yet. Never inserted by this process. */
  #condemned = new Set<string>();

  private constructor(options: SpoolOptions) {
    this.#options = options;
    this.rejected = new RejectedFolder(options);
  }

  /** Opens the directory and finds what an earlier process left. */
  static async open(options: SpoolOptions): Promise<{ spool: Spool; leftovers: Leftovers }> {
    const spool = new Spool(options);
    await options.fs.makeDirectory(options.directory);
    await spool.rejected.open();
    const found = await readSpool(options, spool.rejected);
    spool.#seq = found.lastSeq;
    for (const file of [...found.files, ...found.groups.flatMap((group) => group.files)])
      spool.#count(file, 1);
    const leftovers = found.columnsChanged ? await spool.#fixLeftovers(found) : found;
    return { spool, leftovers };
  }

  /** Bytes of all blocks, waiting or being inserted. */
  get bytes(): number {
    return this.#bytes;
  }

  get fileCount(): number {
    return this.#fileCount;
  }

  pathOf(file: { readonly name: string }): string {
    return join(this.#options.directory, file.name);
  }

  /**
   * Writes one file per block and syncs them. All or nothing: when anything fails the files are removed and the error
   * is thrown.
   */
  async write(blocks: readonly SpoolBlock[]): Promise<SpoolFile[]> {
    const { fs, directory } = this.#options;
    await this.#removeCondemned();
    const files = blocks.map((block) => this.#describe(block));
    const done = [...this.#emptied];
    try {
      const writes = files.map((file, i) => writeDurably(fs, this.#temporary(file), blocks[i]!.pieces));
      throwFirst(await Promise.allSettled(writes));
      const renames = files.map((file) => fs.rename(this.#temporary(file), this.pathOf(file)));
      throwFirst(await Promise.allSettled(renames));
      await fs.syncDirectory(directory);
    } catch (error) {
      for (const file of files) this.#condemned.add(this.#temporary(file)).add(this.pathOf(file));
      await this.#removeCondemned();
      throw error;
    }
    this.#manifestsSynced(done);
    for (const file of files) this.#count(file, 1);
    return files;
  }

  /** Fixes durably which files are inserted together. */
  async group(files: readonly SpoolFile[]): Promise<SpoolGroup> {
    const { fs, directory } = this.#options;
    const { table, columns } = files[0]!;
    const name = groupFileName(table, ++this.#seq, this.#writer);
    const token = name.slice(0, -'.group'.length);
    const temporary = join(directory, `${token}.tmp`);
    const manifest = JSON.stringify({ token, table, columns, files: files.map((file) => file.name) });
    const done = [...this.#emptied];
    try {
      await writeDurably(fs, temporary, [Buffer.from(`${manifest}\n`)]);
      await fs.rename(temporary, join(directory, name));
      await fs.syncDirectory(directory);
    } catch (error) {
      this.#condemned.add(temporary).add(join(directory, name));
      await this.#removeCondemned();
      throw error;
    }
    this.#manifestsSynced(done);
    return { token, table, columns, files };
  }

  /**
   * Removes a group that is stored. Never throws: what cannot be removed now is tried again by later calls, and must be, because
   * the store does not remember a token for ever.
   */
  async finish(group: SpoolGroup): Promise<void> {
    this.#stored.push({ group, files: [...group.files] });
    await this.#removeStored();
    await this.#removeManifests();
  }

  /**
   * Ends a group that was never stored, keeping its files. The manifest's removal is durable before this returns: found with
   * files missing it would be taken for an insert that was interrupted.
   */
  async dissolve(group: SpoolGroup): Promise<void> {
    await this.#options.fs.remove(this.#manifestPath(group));
    await this.#options.fs.syncDirectory(this.#options.directory);
  }

  /** Why a file cannot be used, or undefined when it is as it was written. */
  async check(file: SpoolFile): Promise<string | undefined> {
    try {
      const size = await this.#options.fs.sizeOf(this.pathOf(file));
      if (size !== file.bytes) return `it has ${size} bytes, ${file.bytes} were written`;
      const contents = await this.#options.fs.read(this.pathOf(file));
      return crc32(contents) === file.crc ? undefined : 'its checksum is wrong: the contents changed on disk';
    } catch (error) {
      return `it cannot be read: ${messageOf(error)}`;
    }
  }

  /** What a file holds. */
  async contents(file: SpoolFile): Promise<Uint8Array> {
    return await this.#options.fs.read(this.pathOf(file));
  }

  /** Removes files that no group has. Never throws: what cannot be removed now is tried again by later writes. */
  async drop(files: readonly SpoolFile[]): Promise<void> {
    for (const file of files) {
      this.#condemned.add(this.pathOf(file));
      this.#count(file, -1);
    }
    await this.#removeCondemned();
  }

  /** Moves a file out of the way for good. */
  async reject(file: SpoolFile, reason: string): Promise<void> {
    await this.rejected.take(file.name, file.rows, reason);
    this.#count(file, -1);
  }

  /** Removes everything that is done, for a stop. Never throws: what stays is dealt with by the next start. */
  async tidy(): Promise<void> {
    await this.#removeStored();
    await this.#removeCondemned();
    const done = [...this.#emptied];
    try {
      await this.#options.fs.syncDirectory(this.#options.directory);
    } catch (error) {
      this.#options.log.warn({ err: error }, 'the spool directory could not be synced');
      return;
    }
    this.#manifestsSynced(done);
    await this.#removeManifests();
  }

  /** Leftovers of a build with other columns get manifests, which name their columns; then this build's list is written. */
  async #fixLeftovers(found: Leftovers): Promise<Leftovers> {
    const { fs, directory, columns } = this.#options;
    const groups = [...found.groups];
    for (const table of new Set(found.files.map((file) => file.table))) {
      const files = found.files.filter((file) => file.table === table);
      while (files.length > 0) groups.push(await this.group(takeGroup(files)));
    }
    const temporary = join(directory, 'columns.tmp');
    await fs.remove(temporary);
    await writeDurably(fs, temporary, [Buffer.from(`${JSON.stringify(columns)}\n`)]);
    await fs.rename(temporary, join(directory, 'columns.json'));
    await fs.syncDirectory(directory);
    return { groups, files: [] };
  }

  #describe(block: SpoolBlock): SpoolFile {
    const { table, rows } = block;
    let crc = 0;
    let bytes = 0;
    for (const piece of block.pieces) {
      crc = crc32(piece, crc);
      bytes += piece.byteLength;
    }
    const facts = { table, seq: ++this.#seq, rows, bytes, crc };
    const name = spoolFileName({ ...facts, writer: this.#writer });
    const columns = this.#options.columns[table]!;
    return { ...facts, name, columns, sinceMs: this.#options.clock.now(), isLeftover: false };
  }

  #temporary(file: SpoolFile): string {
    return this.pathOf({ name: `${file.name.slice(0, -'.native'.length)}.tmp` });
  }

  #manifestPath(group: SpoolGroup): string {
    return this.pathOf({ name: `${group.token}.group` });
  }

  #count(file: SpoolFile, sign: 1 | -1): void {
    this.#bytes += sign * file.bytes;
    this.#fileCount += sign;
  }

  /** `done` were empty before a sync of the directory that has now succeeded. */
  #manifestsSynced(done: readonly string[]): void {
    this.#removable.push(...done);
    this.#emptied = this.#emptied.filter((path) => !done.includes(path));
  }

  async #removeStored(): Promise<void> {
    const stored = this.#stored;
    this.#stored = [];
    for (const { group, files } of stored) {
      const removed = await Promise.all(files.map((file) => this.#tryRemove(this.pathOf(file))));
      const left = files.filter((_, i) => !removed[i]);
      for (const file of files) if (!left.includes(file)) this.#count(file, -1);
      if (left.length > 0) this.#stored.push({ group, files: left });
      else this.#emptied.push(this.#manifestPath(group));
    }
  }

  async #removeManifests(): Promise<void> {
    const paths = this.#removable;
    this.#removable = [];
    for (const path of paths) if (!(await this.#tryRemove(path))) this.#removable.push(path);
  }

  async #removeCondemned(): Promise<void> {
    for (const path of this.#condemned) if (await this.#tryRemove(path)) this.#condemned.delete(path);
  }

  async #tryRemove(path: string): Promise<boolean> {
    try {
      await this.#options.fs.remove(path);
      return true;
    } catch (error) {
      this.#options.log.warn({ path, err: error }, 'a spool file could not be removed yet');
      return false;
    }
  }
}

/** Removes from the front of `files` what fits into one insert: at least one file, all with the same columns. */
export function takeGroup(files: SpoolFile[]): SpoolFile[] {
  let bytes = 0;
  let rows = 0;
  let count = 0;
  for (const file of files) {
    bytes += file.bytes;
    rows += file.rows;
    const isFull = count === GROUP_LIMITS.files || bytes > GROUP_LIMITS.bytes || rows > GROUP_LIMITS.rows;
    if (count > 0 && (isFull || file.columns !== files[0]!.columns)) break;
    count++;
  }
  return files.splice(0, count);
}

function throwFirst(results: readonly PromiseSettledResult<unknown>[]): void {
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
