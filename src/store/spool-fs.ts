import {
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  stat,
  statfs,
  unlink,
} from 'node:fs/promises';

/** A file being written. */
export interface SpoolHandle {
  /** Writes what it can and gives the number of bytes, which may be less than asked. */
  writev(pieces: readonly Uint8Array[]): Promise<number>;
  datasync(): Promise<void>;
  close(): Promise<void>;
}

/** What the spool asks of the file system. Tests put failures and crashes here. */
export interface SpoolFs {
  /** With parents; an existing one is fine. */
  makeDirectory(path: string): Promise<void>;
  /** Names of the files in a directory. */
  list(path: string): Promise<string[]>;
  sizeOf(path: string): Promise<number>;
  read(path: string): Promise<Uint8Array>;
  /** Creates a file that must not exist yet. */
  create(path: string): Promise<SpoolHandle>;
  /** Replaces what is at `to`. */
  rename(from: string, to: string): Promise<void>;
  /** A file that is not there is fine. */
  remove(path: string): Promise<void>;
  /** Makes creations, renames and removals in a directory durable. */
  syncDirectory(path: string): Promise<void>;
  /** Bytes that an unprivileged process may still use on the disk. */
  freeBytes(path: string): Promise<number>;
}

class NodeSpoolHandle implements SpoolHandle {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async writev(pieces: readonly Uint8Array[]): Promise<number> {
    const { bytesWritten } = await this.#handle.writev(pieces as Uint8Array[]);
    return bytesWritten;
  }

  datasync(): Promise<void> {
    return this.#handle.datasync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

export const nodeSpoolFs: SpoolFs = {
  async makeDirectory(path) {
    await mkdir(path, { recursive: true });
  },
  async list(path) {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
  },
  async sizeOf(path) {
    return (await stat(path)).size;
  },
  read: (path) => readFile(path),
  async create(path) {
    return new NodeSpoolHandle(await open(path, 'wx', 0o600));
  },
  rename,
  async remove(path) {
    try {
      await unlink(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  },
  async syncDirectory(path) {
    const directory = await open(path, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  },
  async freeBytes(path) {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  },
};

/** Writes all pieces, however short the single writes are, syncs and closes. */
export async function writeDurably(fs: SpoolFs, path: string, pieces: readonly Uint8Array[]): Promise<void> {
  const handle = await fs.create(path);
  try {
    let rest = pieces.filter((piece) => piece.byteLength > 0);
    while (rest.length > 0) {
      const written = await handle.writev(rest);
      if (written <= 0) throw new Error(`the file system wrote nothing to ${path}`);
      rest = after(rest, written);
    }
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

/** What is left of the pieces after their first `count` bytes. */
function after(pieces: readonly Uint8Array[], count: number): Uint8Array[] {
  let skip = count;
  let first = 0;
  while (first < pieces.length && skip >= pieces[first]!.byteLength) skip -= pieces[first++]!.byteLength;
  const rest = pieces.slice(first);
  if (skip > 0) rest[0] = rest[0]!.subarray(skip);
  return rest;
}
