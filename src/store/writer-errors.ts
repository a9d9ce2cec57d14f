import { BellwetherError, messageOf } from '../lib/errors.ts';

const NO_SPACE = new Set(['ENOSPC', 'EDQUOT']);

/** The disk of the spool has no room; status 503. */
export function diskFull(cause?: unknown): BellwetherError {
  return new BellwetherError({
    code: 'disk_full',
    status: 503,
    retryAfterS: 10,
    message: 'the disk of the data directory is full, so nothing can be made durable',
    hint: 'Free some space or shorten the retention; the server goes on by itself as soon as there is room.',
    cause,
  });
}

/** Why a group commit failed, in words for its senders. */
export function commitError(error: unknown): BellwetherError {
  if (error instanceof BellwetherError) return error;
  const errno = (error as NodeJS.ErrnoException | undefined)?.code;
  if (typeof errno === 'string' && NO_SPACE.has(errno)) return diskFull(error);
  if (typeof errno === 'string') {
    return new BellwetherError({
      code: 'spool_write_failed',
      status: 503,
      retryAfterS: 5,
      message: `the data could not be written to disk: ${messageOf(error)}`,
      hint: 'Look at the disk of the data directory and the log of the kernel; then send the data again.',
      cause: error,
    });
  }
  return new BellwetherError({
    code: 'internal',
    message: `the data could not be made durable: ${messageOf(error)}`,
    hint: 'This is a bug in Bellwether; its log has the details.',
    cause: error,
  });
}
