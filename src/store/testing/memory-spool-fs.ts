import { basename, dirname, join } from 'node:path';
import type { SpoolFs, SpoolHandle } from '../spool-fs.ts';

interface Inode {
  content: Uint8Array;
  /** Prefix that survives a crash. */
  synced: number;
}

type DirectoryChange =
  | { readonly kind: 'link'; readonly path: string; readonly inode: Inode }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string; readonly inode: Inode }
  | { readonly kind: 'unlink'; readonly path: string };

/** What a step does instead of its work. */
export type Fault = 'ENOSPC' | 'EIO' | 'short' | 'crash';

/** Decides about each step of the file system, in order. */
export type FaultPlan = (operation: string, path: string) => Fault | undefined;

/** Never settles: a process that is gone waits for nothing. */
const never = new Promise<never>(() => {});

/**
 * A disk in memory that forgets like a real one: contents that were not synced and directory changes before the last sync of the
 * directory may be lost in a crash, each on its own.
 */
export class MemoryDisk {
  readonly #files = new Map<string, Inode>();
  #durable = new Map<string, Inode>();
  #pending: DirectoryChange[] = [];
  freeBytes = 10 * 1024 ** 3;

  /** The file system of one process. `plan` may make steps fail; after a crash no step ever returns. */
  mount(plan: FaultPlan = () => undefined): SpoolFs & { readonly hasCrashed: () => boolean } {
    let hasCrashed = false;
    const step = async <T>(
      operation: string,
      path: string,
      run: (fault: Fault | undefined) => T,
    ): Promise<T> => {
      await Promise.resolve();
      if (hasCrashed) return await never;
      const fault = plan(operation, path);
      if (fault === 'crash') {
        hasCrashed = true;
        return await never;
      }
      if (fault === 'ENOSPC' || fault === 'EIO') throw errno(fault);
      return run(fault);
    };
    return {
      hasCrashed: () => hasCrashed,
      makeDirectory: (path) => step('makeDirectory', path, () => undefined),
      list: (path) => step('list', path, () => this.names(path)),
      sizeOf: (path) => step('sizeOf', path, () => this.#inode(path).content.byteLength),
      read: (path) => step('read', path, () => this.#inode(path).content),
      create: (path) => step('create', path, () => this.#create(path, step)),
      rename: (from, to) => step('rename', to, () => this.#rename(from, to)),
      remove: (path) => step('remove', path, () => this.#unlink(path)),
      syncDirectory: (path) => step('syncDirectory', path, () => this.#syncDirectory(path)),
      freeBytes: (path) => step('freeBytes', path, () => this.freeBytes),
    };
  }

  names(directory: string): string[] {
    return [...this.#files.keys()]
      .filter((path) => dirname(path) === directory)
      .map((path) => basename(path));
  }

  /** Contents as the engine would read them now. */
  contentOf(path: string): Uint8Array {
    return this.#inode(path).content;
  }

  /** Puts a file there behind everybody's back, durably. */
  plant(path: string, content: Uint8Array): void {
    const inode = { content, synced: content.byteLength };
    this.#files.set(path, inode);
    this.#durable.set(path, inode);
  }

  /** The machine stops and starts. `survives` decides about each change that was not synced. */
  crash(survives: () => boolean): void {
    for (const change of this.#pending) if (survives()) apply(this.#durable, change);
    this.#pending = [];
    this.#files.clear();
    for (const [path, inode] of this.#durable) {
      const kept = survives() ? inode.content.byteLength : inode.synced;
      const content = inode.content.slice(0, kept);
      this.#files.set(path, { content, synced: kept });
    }
    this.#durable = new Map(this.#files);
  }

  #inode(path: string): Inode {
    const inode = this.#files.get(path);
    if (inode === undefined) throw errno('ENOENT');
    return inode;
  }

  #change(change: DirectoryChange): void {
    apply(this.#files, change);
    this.#pending.push(change);
  }

  #create(
    path: string,
    step: <T>(o: string, p: string, run: (f: Fault | undefined) => T) => Promise<T>,
  ): SpoolHandle {
    if (this.#files.has(path)) throw errno('EEXIST');
    const inode: Inode = { content: new Uint8Array(0), synced: 0 };
    this.#change({ kind: 'link', path, inode });
    return {
      writev: (pieces) => step('writev', path, (fault) => append(inode, pieces, fault === 'short')),
      datasync: () =>
        step('datasync', path, () => {
          inode.synced = inode.content.byteLength;
        }),
      close: () => step('close', path, () => undefined),
    };
  }

  #rename(from: string, to: string): void {
    this.#change({ kind: 'rename', from, to, inode: this.#inode(from) });
  }

  #unlink(path: string): void {
    if (this.#files.has(path)) this.#change({ kind: 'unlink', path });
  }

  #syncDirectory(directory: string): void {
    const isHere = (change: DirectoryChange) =>
      dirname(change.kind === 'rename' ? change.to : change.path) === directory;
    for (const change of this.#pending.filter(isHere)) apply(this.#durable, change);
    this.#pending = this.#pending.filter((change) => !isHere(change));
  }
}

function apply(entries: Map<string, Inode>, change: DirectoryChange): void {
  if (change.kind === 'link') entries.set(change.path, change.inode);
  if (change.kind === 'unlink') entries.delete(change.path);
  if (change.kind !== 'rename') return;
  entries.delete(change.from);
  entries.set(change.to, change.inode);
}

function append(inode: Inode, pieces: readonly Uint8Array[], isShort: boolean): number {
  const all = Buffer.concat(pieces);
  const taken = isShort ? Math.max(1, all.length >> 1) : all.length;
  inode.content = Buffer.concat([inode.content, all.subarray(0, taken)]);
  return taken;
}

function errno(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: simulated`), { code });
}

/** Paths of one kind of file in a spool. */
export function filesEnding(disk: MemoryDisk, directory: string, ending: string): string[] {
  return disk
    .names(directory)
    .filter((name) => name.endsWith(ending))
    .map((name) => join(directory, name));
}
