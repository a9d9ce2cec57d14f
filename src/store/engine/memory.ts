import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';

const MIB = 1024 * 1024;
/** Part of the machine's memory the engine may use. */
const SHARE = 0.4;
const ENGINE_MIN_BYTES = 512 * MIB;

/** The memory limits of this process's control groups, version 2 and 1; a path that does not exist sets no limit. */
const CGROUP_FILES = ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes'];

/**
 * Memory this process may use: the machine's, or less inside a container with a limit.
 *
 * @param read reads a file and throws when there is none.
 */
export function availableMemoryBytes(
  machineBytes: number = totalmem(),
  read: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): number {
  let bytes = machineBytes;
  for (const path of CGROUP_FILES) {
    const limit = limitIn(path, read);
    if (limit > 0 && limit < bytes) bytes = limit;
  }
  return bytes;
}

function limitIn(path: string, read: (path: string) => string): number {
  try {
    // Version 2 writes `max` for no limit, which is not a number.
    return Number(read(path).trim()) || 0;
  } catch {
    return 0;
  }
}

/** The engine's memory when the configuration names none: 40 % of what there is, at least 512 MiB. */
export function defaultEngineMemoryBytes(availableBytes: number = availableMemoryBytes()): number {
  return Math.max(ENGINE_MIN_BYTES, Math.floor(availableBytes * SHARE));
}
