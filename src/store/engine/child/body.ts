import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { asEngineError, type EngineError, engineError } from './errors.ts';

/** Bytes of a statement; ClickHouse's `max_query_size` is checked by the engine within it. */
export const STATEMENT_BYTES_MAX = 16 * 1024 * 1024;
/** Bytes in which the head of an INSERT with its data in the same body must fit. */
export const INSERT_HEAD_BYTES = 256 * 1024;

/**
 * The body without its content encoding, cut off with an error beyond `bytesMax` bytes.
 *
 * @throws EngineError for an unknown encoding. Errors of reading come out of the stream.
 */
export function decodedBody(message: IncomingMessage, bytesMax: number): Readable {
  const encoding = message.headers['content-encoding'] ?? 'identity';
  const limited = limitBytes(bytesMax);
  const decoder = decoderOf(encoding);
  const source: Readable = decoder === undefined ? message : message.pipe(decoder);
  const fail = (error: Error): void => {
    limited.destroy(error);
  };
  message.once('error', fail);
  message.once('aborted', () => fail(new Error('the sender went away in the middle of the body')));
  if (source !== message) source.once('error', (error: Error) => fail(asIncorrectData(error, encoding)));
  return source.pipe(limited);
}

function decoderOf(encoding: string): Transform | undefined {
  if (encoding === 'identity' || encoding === '') return undefined;
  if (encoding === 'gzip' || encoding === 'x-gzip') return createGunzip();
  if (encoding === 'deflate') return createInflate();
  if (encoding === 'br') return createBrotliDecompress();
  throw engineError('NOT_IMPLEMENTED', `Content-Encoding ${encoding} is not supported.`, 415);
}

function asIncorrectData(error: Error, encoding: string): EngineError {
  return engineError('INCORRECT_DATA', `The body is not ${encoding}: ${error.message}.`);
}

function limitBytes(bytesMax: number): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen > bytesMax)
        done(engineError('LIMIT_EXCEEDED', `The body has more than ${bytesMax} bytes.`, 413));
      else done(null, chunk);
    },
  });
}

/** A body whose first bytes were looked at. `rest` continues where `head` ends, until `isComplete`. */
export interface OpenedBody {
  head: Buffer;
  isComplete: boolean;
  readonly rest: AsyncIterator<Buffer>;
}

export function openBody(stream: Readable): OpenedBody {
  return {
    head: Buffer.alloc(0),
    isComplete: false,
    rest: stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>,
  };
}

/** Reads until the head has `bytes` bytes or the body ends. */
export async function fillHead(body: OpenedBody, bytes: number): Promise<void> {
  const chunks = [body.head];
  let length = body.head.length;
  while (!body.isComplete && length < bytes) {
    const { value, done } = await body.rest.next();
    if (done) {
      body.isComplete = true;
    } else {
      chunks.push(value);
      length += value.length;
    }
  }
  body.head = Buffer.concat(chunks, length);
}

/** Reads a whole statement. */
export async function readAll(body: OpenedBody): Promise<string> {
  await fillHead(body, STATEMENT_BYTES_MAX + 1);
  if (body.head.length > STATEMENT_BYTES_MAX) {
    throw engineError('SYNTAX_ERROR', `The query has more than ${STATEMENT_BYTES_MAX} bytes.`, 413);
  }
  return body.head.toString('utf8');
}

/** Writes head and rest to a new file. The file is gone when that fails. */
export async function writeBody(path: string, body: OpenedBody): Promise<void> {
  const chunks = async function* (): AsyncGenerator<Buffer> {
    if (body.head.length > 0) yield body.head;
    while (!body.isComplete) {
      const { value, done } = await body.rest.next();
      if (done) body.isComplete = true;
      else yield value;
    }
  };
  try {
    await pipeline(
      Readable.from(chunks(), { objectMode: false }),
      createWriteStream(path, { flags: 'wx', mode: 0o600 }),
    );
  } catch (error) {
    await rm(path, { force: true });
    throw asEngineError(error);
  }
}

/** The parts of a `multipart/form-data` body: how clients send parameters that are too long for a URL. */
export function multipartFields(contentType: string, body: string): Map<string, string> | undefined {
  const boundary = /^multipart\/form-data;.*boundary="?([^";]+)"?/i.exec(contentType)?.[1];
  if (boundary === undefined) return undefined;
  const fields = new Map<string, string>();
  const delimiter = `\r\n--${boundary}`;
  for (const part of `\r\n${body}`.split(delimiter).slice(1)) {
    if (part.startsWith('--')) break;
    const split = part.indexOf('\r\n\r\n');
    const name = /\bname="([^"]*)"/.exec(part.slice(0, Math.max(split, 0)))?.[1];
    if (split < 0 || name === undefined)
      throw engineError('INCORRECT_DATA', 'A part of the form has no name.');
    fields.set(name, part.slice(split + 4));
  }
  return fields;
}
