import { execFile } from 'node:child_process';
import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

/**
 * Named pipes through which the engine hands out results.
 *
 * The library's own stream starts a query on the calling thread (a scalar subquery then stops everything) and repeats
 * headers per chunk in formats that have any. `INTO OUTFILE` on a named pipe has neither fault: every format streams,
 * the query runs on a worker thread, and a full pipe stops it.
 */
export async function createPipes(directory: string, count: number): Promise<string[]> {
  const paths = Array.from({ length: count }, (_, index) => join(directory, `result-${index}`));
  for (const path of paths) rmSync(path, { force: true });
  await promisify(execFile)('mkfifo', ['-m', '600', ...paths]);
  return paths;
}

/** The reading end of one result. */
export interface ResultSource {
  readonly chunks: AsyncIterator<Buffer>;
  /** The engine has written everything: the chunks end once they are read. Call it in any case. */
  finish(): void;
  /** Gives up what is left. Resolves when nothing of the result is open any more, which may take until `finish`. */
  close(): Promise<void>;
}

/** Opens a pipe for one result. A pipe serves one result at a time. */
export function openResultPipe(path: string): ResultSource {
  // Held open for writing as well, so that the stream does not end before the engine has opened the pipe.
  const keeper = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  let isKept = true;
  const finish = (): void => {
    if (isKept) closeSync(keeper);
    isKept = false;
  };
  try {
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stream = new Socket({ fd: reader, readable: true, writable: false });
    const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    return { chunks, finish, close: () => readToEnd(chunks, stream) };
  } catch (error) {
    finish();
    throw error;
  }
}

/**
 * The reading end must stay open until the statement has ended: a cancelled statement may still open the pipe or
 * write to it, and without a reader its thread could block for ever.
 */
async function readToEnd(chunks: AsyncIterator<Buffer>, stream: Socket): Promise<void> {
  while (!(await chunks.next()).done);
  stream.destroy();
}
