import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import { createGzip, type Gzip, gzipSync } from 'node:zlib';
import { type EngineError, exceptionTail } from './errors.ts';

/** Bytes held back before an answer begins: an error within them still gets its own status. */
const HELD_BYTES = 64 * 1024;
/** How long a reader may take to find the marker of an error before the connection is cut. */
const MARKER_GRACE_MS = 500;
/** Fastest level: the bytes go no further than another process on this machine. */
const GZIP_LEVEL = 1;

export interface AnswerOptions {
  readonly queryId: string;
  readonly format: string;
  readonly acceptsGzip: boolean;
  /** What ClickHouse appends to error texts: `26.7.2.1`. */
  readonly version: string;
  /** A reader that takes nothing for so long is given up, for it holds one of the few places. */
  readonly sendTimeoutMs: number;
}

/** The headers of every answer. */
export function setHeaders(response: ServerResponse, options: AnswerOptions, startedAtMs: number): void {
  response.setHeader('X-ClickHouse-Query-Id', options.queryId);
  response.setHeader('X-ClickHouse-Format', options.format);
  response.setHeader('X-ClickHouse-Timezone', 'UTC');
  response.setHeader('X-ClickHouse-Server-Display-Name', 'bellwether-engine');
  response.setHeader('Content-Type', contentTypeOf(options.format));
  const elapsedNs = Math.round((performance.now() - startedAtMs) * 1e6);
  response.setHeader(
    'X-ClickHouse-Summary',
    JSON.stringify({ ...EMPTY_SUMMARY, elapsed_ns: String(elapsedNs) }),
  );
}

/** The library tells no counts for statements without rows, so clients find zeros as in ClickHouse's early headers. */
const EMPTY_SUMMARY = {
  read_rows: '0',
  read_bytes: '0',
  written_rows: '0',
  written_bytes: '0',
  total_rows_to_read: '0',
  result_rows: '0',
  result_bytes: '0',
};

/** Answers with an error, before anything else was sent. */
export function sendError(
  response: ServerResponse,
  error: EngineError,
  options: Pick<AnswerOptions, 'queryId' | 'version'>,
): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  response.statusCode = error.status;
  response.removeHeader('Content-Encoding');
  response.setHeader('X-ClickHouse-Query-Id', options.queryId);
  response.setHeader('X-ClickHouse-Exception-Code', String(error.number));
  response.setHeader('Content-Type', 'text/plain; charset=UTF-8');
  response.end(`${withVersion(error.text, options.version)}\n`);
}

function withVersion(text: string, version: string): string {
  return `${text} (version ${version})`;
}

/** Answers with a short text or nothing. */
export function sendBytes(response: ServerResponse, bytes: Uint8Array, acceptsGzip: boolean): void {
  if (!acceptsGzip) {
    response.end(bytes);
    return;
  }
  response.setHeader('Content-Encoding', 'gzip');
  response.end(gzipSync(bytes, { level: GZIP_LEVEL }));
}

/**
 * Sends a result while it is produced, at the pace of whoever reads it.
 *
 * @param chunks what the statement writes.
 * @param done settles when the statement has ended, with its error if it failed. It never rejects.
 */
export async function sendRows(
  response: ServerResponse,
  chunks: AsyncIterator<Buffer>,
  done: Promise<EngineError | undefined>,
  options: AnswerOptions,
): Promise<void> {
  const startedAtMs = performance.now();
  const held: Buffer[] = [];
  let heldBytes = 0;
  while (heldBytes < HELD_BYTES) {
    const { value, done: isOver } = await chunks.next();
    if (isOver) {
      const error = await done;
      if (error !== undefined) return sendError(response, error, options);
      setHeaders(response, options, startedAtMs);
      return sendBytes(response, Buffer.concat(held, heldBytes), options.acceptsGzip);
    }
    held.push(value);
    heldBytes += value.length;
  }
  setHeaders(response, options, startedAtMs);
  const sender = new Sender(response, options);
  await sender.write(Buffer.concat(held, heldBytes));
  for (;;) {
    const { value, done: isOver } = await chunks.next();
    if (isOver) break;
    await sender.write(value);
  }
  const error = await done;
  if (error === undefined) await sender.end();
  else await sender.breakOff(withVersion(error.text, options.version));
}

/** Writes an answer's body, compressed or not, never faster than the socket takes it. */
class Sender {
  readonly #response: ServerResponse;
  readonly #target: Writable;
  readonly #gzip: Gzip | undefined;
  readonly #tag = randomBytes(8).toString('hex');
  readonly #timeoutMs: number;

  constructor(response: ServerResponse, options: AnswerOptions) {
    this.#response = response;
    this.#timeoutMs = options.sendTimeoutMs;
    response.setHeader('X-ClickHouse-Exception-Tag', this.#tag);
    if (options.acceptsGzip) {
      response.setHeader('Content-Encoding', 'gzip');
      this.#gzip = createGzip({ level: GZIP_LEVEL });
      // `end` is decided below: an answer that broke must not be closed as if it were whole.
      this.#gzip.pipe(response, { end: false });
    }
    this.#target = this.#gzip ?? response;
  }

  async write(chunk: Buffer): Promise<void> {
    if (this.#response.destroyed) throw new Error('the reader went away');
    if (this.#target.write(chunk)) return;
    await this.#within(once(this.#target, 'drain'));
  }

  async end(): Promise<void> {
    await this.#flush();
    this.#response.end();
  }

  /**
   * Ends with ClickHouse's exception marker and then cuts the connection without the closing chunk. Readers that know
   * the marker hang up when they see it; cutting at once would take the last bytes, and so the reason, from them.
   */
  async breakOff(text: string): Promise<void> {
    this.#target.write(exceptionTail(text, this.#tag));
    await this.#flush();
    await this.#untilClosed(MARKER_GRACE_MS);
    const socket = this.#response.socket;
    if (socket === null) this.#response.destroy();
    else socket.destroySoon();
  }

  async #untilClosed(timeoutMs: number): Promise<void> {
    if (this.#response.destroyed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#response.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  async #flush(): Promise<void> {
    if (this.#gzip === undefined) return;
    const ended = once(this.#gzip, 'end');
    this.#gzip.end();
    await this.#within(ended);
  }

  /** Waits for the socket, but neither longer than the timeout nor for a reader that is gone. */
  async #within(event: Promise<unknown>): Promise<void> {
    let onClose: (() => void) | undefined;
    let timer: NodeJS.Timeout | undefined;
    const givenUp = new Promise<never>((_, reject) => {
      onClose = () => reject(new Error('the reader went away'));
      this.#response.once('close', onClose);
      timer = setTimeout(() => {
        this.#response.destroy();
        reject(new Error('the reader took nothing for too long'));
      }, this.#timeoutMs);
    });
    try {
      await Promise.race([event, givenUp]);
    } finally {
      clearTimeout(timer);
      if (onClose !== undefined) this.#response.removeListener('close', onClose);
      event.catch(() => {
        // The race is over; a late error of the event has nobody left to tell.
      });
    }
  }
}

function contentTypeOf(format: string): string {
  if (/^JSON\w*EachRow/.test(format)) return 'application/x-ndjson; charset=UTF-8';
  if (format.startsWith('JSON')) return 'application/json; charset=UTF-8';
  if (format.startsWith('CSV')) return 'text/csv; charset=UTF-8';
  if (/^(TabSeparated|TSV)/.test(format)) return 'text/tab-separated-values; charset=UTF-8';
  if (/^(Native|RowBinary|Parquet|Arrow|ORC|Avro|MsgPack)/.test(format)) return 'application/octet-stream';
  return 'text/plain; charset=UTF-8';
}
