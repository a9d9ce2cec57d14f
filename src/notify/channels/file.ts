import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import type { z } from 'zod';
import { messageOf } from '../../lib/errors.ts';
import type { Notification } from '../../model/notification.ts';
import { count, section, size, text } from '../../prom-config/index.ts';
import {
  type ChannelDefinition,
  DeliveryError,
  defineChannel,
  type SendContext,
  type SendResult,
} from '../channel.ts';
import { recordLine } from './record.ts';

const MIN_FILE_BYTES = 4096;
const MAX_FILES = 1000;

const schema = section({
  /** Absolute, or below the server's folder for notifications. */
  path: text,
  /** A file that would become larger is renamed to `<path>.1`, that one to `<path>.2`, and so on. */
  max_size: size.default(64 * 1024 * 1024),
  /** Files that are kept besides the one that is written. */
  max_files: count.default(5),
});

export type FileSettings = z.output<typeof schema>;
type Context = SendContext<FileSettings>;

/**
 * One line of JSON (https://github.com/ndjson/ndjson-spec) per notification, on the disk before it counts as delivered.
 *
 * @param options.directory for relative paths; without it those are refused.
 */
export function createFileChannel(options: { directory?: string }): ChannelDefinition<FileSettings> {
  return defineChannel({
    name: 'file',
    title: 'File',
    configKey: 'file_configs',
    isInAlertmanager: false,
    schema,
    globals: {},
    secretKeys: [],
    templateKeys: [],
    sendsResolved: true,
    maxAlerts: undefined,
    messagesPerMinute: 6000,
    check: checkFile,
    send: (notification, context) => sendToFile(notification, context, options.directory),
  });
}

function checkFile(settings: FileSettings) {
  const problems: { path: string[]; message: string }[] = [];
  const add = (key: string, message: string) => problems.push({ path: [key], message });
  if (settings.path.trim() === '' || settings.path.includes('\0')) add('path', 'must be the path of a file');
  else if (!isAbsolute(settings.path) && leavesFolder(settings.path))
    add('path', 'a relative path must stay below the folder for notifications; write an absolute one');
  if (settings.max_size < MIN_FILE_BYTES) add('max_size', `must be at least ${MIN_FILE_BYTES} bytes`);
  if (settings.max_files > MAX_FILES) add('max_files', `must be at most ${MAX_FILES}`);
  return problems;
}

function leavesFolder(path: string): boolean {
  return /^\.\.(?:[/\\]|$)/.test(normalize(path));
}

async function sendToFile(
  notification: Notification,
  context: Context,
  directory: string | undefined,
): Promise<SendResult> {
  const { settings } = context;
  const path = await pathOf(settings.path, directory);
  const line = Buffer.from(recordLine(notification, context.nowMs));
  await oneAfterTheOther(path, async () => {
    if (context.signal.aborted) throw new DeliveryError({ message: 'given up', isRetryable: true });
    try {
      await rotate(path, line.byteLength, settings);
      await append(path, line);
    } catch (error) {
      throw failureOf(error);
    }
  });
  return { detail: `${line.byteLength} bytes written` };
}

async function pathOf(path: string, directory: string | undefined): Promise<string> {
  if (isAbsolute(path)) return path;
  if (directory === undefined || leavesFolder(path))
    throw new DeliveryError({ message: 'there is no folder for a relative path', isRetryable: false });
  const full = join(directory, path);
  await mkdir(dirname(full), { recursive: true });
  return full;
}

/** Tasks by path, of which each waits for the one before: two integrations may write to the same file. */
const tasks = new Map<string, Promise<void>>();

async function oneAfterTheOther(path: string, task: () => Promise<void>): Promise<void> {
  const before = tasks.get(path) ?? Promise.resolve();
  const own = before.then(task);
  // The next one begins whether or not this one failed.
  const settled = own.catch(() => undefined);
  tasks.set(path, settled);
  try {
    await own;
  } finally {
    if (tasks.get(path) === settled) tasks.delete(path);
  }
}

async function rotate(path: string, moreBytes: number, settings: FileSettings): Promise<void> {
  const bytes = await sizeOf(path);
  if (bytes === 0 || bytes + moreBytes <= settings.max_size) return;
  if (settings.max_files === 0) return await rm(path);
  for (let i = settings.max_files - 1; i >= 1; i--) await renameIfThere(`${path}.${i}`, `${path}.${i + 1}`);
  await rename(path, `${path}.1`);
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

async function append(path: string, line: Buffer): Promise<void> {
  // Readable for its owner only: what is in alerts is not for everybody on the machine.
  const file = await open(path, 'a+', 0o600);
  try {
    const { size: bytes } = await file.stat();
    // A line that a crash cut in half must not take the next one with it.
    const isTorn = bytes > 0 && (await lastByte(file, bytes)) !== 0x0a;
    await file.appendFile(isTorn ? Buffer.concat([Buffer.from('\n'), line]) : line);
    await file.datasync();
  } finally {
    await file.close();
  }
}

async function lastByte(file: Awaited<ReturnType<typeof open>>, bytes: number): Promise<number | undefined> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, bytes - 1);
  return bytesRead === 1 ? buffer[0] : undefined;
}

/** Mistakes that stay until somebody does something. A full disk may have room again. */
const PERMANENT = new Set([
  'EACCES',
  'EPERM',
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
  'EROFS',
  'ENAMETOOLONG',
  'ELOOP',
]);

function failureOf(error: unknown): DeliveryError {
  if (error instanceof DeliveryError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return new DeliveryError({ message: messageOf(error), isRetryable: !PERMANENT.has(code), cause: error });
}
