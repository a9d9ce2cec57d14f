import { readdir, readFile, statfs } from 'node:fs/promises';
import type { HostFiles } from './types.ts';

/** A network file system whose server is gone does not answer at all. */
const SPACE_TIMEOUT_MS = 2000;
/** Mount points that have not answered; they are not asked again until they do, since each question holds a thread. */
const hanging = new Set<string>();

/** The files of this machine. */
export const nodeHostFiles: HostFiles = {
  async text(path) {
    try {
      return await readFile(path, 'utf8');
    } catch {
      // Which files there are depends on the kernel; what cannot be read is left out.
      return undefined;
    }
  },
  async list(path) {
    try {
      return await readdir(path);
    } catch {
      // As above.
      return [];
    }
  },
  async space(mountpoint) {
    if (hanging.has(mountpoint)) return undefined;
    hanging.add(mountpoint);
    const asked = statfs(mountpoint).finally(() => hanging.delete(mountpoint));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, SPACE_TIMEOUT_MS, undefined);
    });
    try {
      const stats = await Promise.race([asked, late]);
      if (stats === undefined) {
        // Whenever it ends, nobody waits for it any more.
        void Promise.allSettled([asked]);
        return undefined;
      }
      const { bsize, blocks, bfree, bavail, files, ffree } = stats;
      return {
        sizeBytes: blocks * bsize,
        freeBytes: bfree * bsize,
        availableBytes: bavail * bsize,
        files,
        filesFree: ffree,
      };
    } catch {
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  },
};
