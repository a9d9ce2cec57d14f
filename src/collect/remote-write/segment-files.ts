import { type FileHandle, mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { RECORD_HEADER_BYTES, SEGMENT_HEADER } from './queue-format.ts';

/** Where sending goes on: everything before is done with. */
export interface QueuePosition {
  readonly segment: number;
  readonly offset: number;
}

/** A segment of an earlier run. */
export interface FoundSegment {
  readonly number: number;
  /** Up to the end of its last whole record. */
  readonly bytes: number;
  /** In records behind the position. */
  readonly items: number;
}

const SEGMENT = /^(\d{8})\.queue$/;
const POSITION = 'position';

export function segmentPath(directory: string, number: number): string {
  return join(directory, `${String(number).padStart(8, '0')}.queue`);
}

/** What an earlier run left, oldest first, and how far it came. Files that are no segments are removed. */
export async function openDirectory(
  directory: string,
): Promise<{ segments: FoundSegment[]; position: QueuePosition; lastNumber: number }> {
  await mkdir(directory, { recursive: true });
  const position = await readPosition(directory);
  const names = (await readdir(directory)).sort();
  const segments: FoundSegment[] = [];
  let lastNumber = position.segment;
  for (const name of names) {
    const number = Number(SEGMENT.exec(name)?.[1] ?? 0);
    if (number === 0) continue;
    lastNumber = Math.max(lastNumber, number);
    if (number < position.segment) {
      await remove(join(directory, name));
      continue;
    }
    const from = number === position.segment ? position.offset : 0;
    const found = await scan(join(directory, name), number, from);
    if (found.bytes <= Math.max(from, SEGMENT_HEADER.length)) await remove(join(directory, name));
    else segments.push(found);
  }
  return { segments, position, lastNumber };
}

/** Goes from header to header; contents are checked when they are read. */
async function scan(path: string, number: number, from: number): Promise<FoundSegment> {
  const { size } = await stat(path);
  const handle = await open(path, 'r');
  try {
    const header = Buffer.alloc(RECORD_HEADER_BYTES);
    await handle.read(header, 0, SEGMENT_HEADER.length, 0);
    if (!header.subarray(0, SEGMENT_HEADER.length).equals(SEGMENT_HEADER))
      return { number, bytes: 0, items: 0 };
    let items = 0;
    let at = SEGMENT_HEADER.length;
    for (;;) {
      const { bytesRead } = await handle.read(header, 0, RECORD_HEADER_BYTES, at);
      const end = at + RECORD_HEADER_BYTES + header.readUInt32LE(0);
      // What is cut off was being written when the process ended.
      if (bytesRead < RECORD_HEADER_BYTES || end > size) return { number, bytes: at, items };
      if (at >= from) items += header.readUInt32LE(8);
      at = end;
    }
  } finally {
    await handle.close();
  }
}

async function readPosition(directory: string): Promise<QueuePosition> {
  try {
    const { segment, offset } = JSON.parse(
      await readFile(join(directory, POSITION), 'utf8'),
    ) as QueuePosition;
    if (Number.isSafeInteger(segment) && Number.isSafeInteger(offset)) return { segment, offset };
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (!isMissing && !(error instanceof SyntaxError)) throw error;
  }
  // Lost: everything that is there is sent once more.
  return { segment: 0, offset: 0 };
}

/** Replaces the position; durable when it resolves. */
export async function writePosition(directory: string, position: QueuePosition): Promise<void> {
  const path = join(directory, POSITION);
  const handle = await open(`${path}.tmp`, 'w', 0o600);
  try {
    await handle.writeFile(JSON.stringify(position));
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await rename(`${path}.tmp`, path);
}

/** Makes created, renamed and removed files durable. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A file that is not there is fine. */
export async function remove(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Writes all bytes at a position, however short the single writes are. */
export async function writeAt(
  handle: FileHandle,
  pieces: readonly Uint8Array[],
  position: number,
): Promise<void> {
  const bytes = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    if (bytesWritten <= 0) throw new Error('the file system wrote nothing');
    done += bytesWritten;
  }
}
