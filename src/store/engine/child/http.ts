import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { messageOf } from '../../../lib/errors.ts';
import type { EngineOptions } from '../options.ts';
import {
  decodedBody,
  fillHead,
  INSERT_HEAD_BYTES,
  multipartFields,
  type OpenedBody,
  openBody,
  readAll,
} from './body.ts';
import type { Engine, Execution } from './engine.ts';
import { asEngineError, engineError } from './errors.ts';
import { checkFiles, insertFromFiles, ONE_BLOCK_SETTINGS, spoolBody } from './insert.ts';
import { type EngineRequest, readRequest } from './request.ts';
import { type AnswerOptions, sendBytes, sendError, sendRows, setHeaders } from './respond.ts';
import { type InsertStatement, type RowsStatement, readStatement, type Statement } from './statement.ts';

/** The request line and headers together; lists of files travel in a header. */
const HEADER_BYTES_MAX = 512 * 1024;
const KEEP_ALIVE_MS = 30_000;

/** ClickHouse's HTTP interface (https://clickhouse.com/docs/interfaces/http) in front of an engine. */
export function createEngineServer(engine: Engine, options: EngineOptions): Server {
  const server = createServer(
    { maxHeaderSize: HEADER_BYTES_MAX, keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 },
    (message, response) => {
      const exchange = new Exchange(engine, options, message, response);
      exchange.answer().catch((error: unknown) => exchange.fail(error));
    },
  );
  return server;
}

/** One request and its answer. */
class Exchange {
  readonly #engine: Engine;
  readonly #options: EngineOptions;
  readonly #message: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #gone = new AbortController();
  readonly #startedAtMs = performance.now();
  #queryId = '';

  constructor(engine: Engine, options: EngineOptions, message: IncomingMessage, response: ServerResponse) {
    this.#engine = engine;
    this.#options = options;
    this.#message = message;
    this.#response = response;
    response.once('close', () => {
      if (!response.writableFinished) this.#gone.abort();
    });
  }

  async answer(): Promise<void> {
    const { method } = this.#message;
    const path = (this.#message.url ?? '/').split('?', 1)[0];
    if (path === '/ping') {
      this.#response.end('Ok.\n');
    } else if (path === '/health') {
      this.#response.setHeader('Content-Type', 'application/json');
      this.#response.end(JSON.stringify(await this.#engine.health()));
    } else if (path !== '/') {
      this.#response.statusCode = 404;
      this.#response.end(`There is no handle ${path}\n`);
    } else if (method === 'POST' || method === 'GET') {
      await this.#query();
    } else {
      this.#response.statusCode = 405;
      this.#response.end();
    }
  }

  /** The last resort for everything that was thrown on the way. */
  fail(error: unknown): void {
    // What is left of the body would be taken for the next request.
    if (!this.#message.complete && !this.#response.headersSent)
      this.#response.setHeader('Connection', 'close');
    sendError(this.#response, asEngineError(error), {
      queryId: this.#queryId,
      version: this.#engine.version,
    });
    this.#message.resume();
  }

  async #query(): Promise<void> {
    let request = readRequest(this.#message);
    this.#queryId = request.queryId;
    const body = openBody(decodedBody(this.#message, this.#options.limits.bodyBytes));
    const contentType = this.#message.headers['content-type'] ?? '';
    if (contentType.startsWith('multipart/form-data')) {
      request = withFields(request, contentType, await readAll(body));
      body.head = Buffer.alloc(0);
    } else if (request.query === '') {
      await fillHead(body, INSERT_HEAD_BYTES);
    }
    const statement = await statementOf(request, body);
    if (request.isReadOnly && statement.kind !== 'rows') {
      throw engineError('READONLY', 'Cannot execute query in readonly mode: GET may only read.');
    }
    if (statement.kind === 'insert') await this.#insert(request, statement, body);
    else if (statement.kind === 'rows') await this.#rows(request, statement);
    else await this.#command(request, statement);
  }

  async #command(
    request: EngineRequest,
    statement: Exclude<Statement, RowsStatement | InsertStatement>,
  ): Promise<void> {
    const execution = await this.#engine.begin(request, statement, this.#gone.signal);
    try {
      const bytes = await this.#engine.run(execution, statement.text);
      setHeaders(this.#response, this.#answerOptions(request, 'TabSeparated'), this.#startedAtMs);
      sendBytes(this.#response, bytes, request.acceptsGzip);
    } finally {
      await execution.end();
    }
  }

  async #rows(request: EngineRequest, statement: RowsStatement): Promise<void> {
    const format = statement.format ?? request.defaultFormat ?? 'TabSeparated';
    if (!/^[A-Za-z0-9_]+$/.test(format)) throw engineError('SYNTAX_ERROR', `Bad format name ${format}.`);
    const execution = await this.#engine.begin(request, statement, this.#gone.signal);
    const stopCancelling = this.#cancelWhenGone(execution);
    try {
      const { source, done } = request.waitsForEnd
        ? await this.#engine.rowsInFile(execution, statement, format)
        : this.#engine.rows(execution, statement, format);
      try {
        await sendRows(this.#response, source.chunks, done, this.#answerOptions(request, format));
      } finally {
        // The session serves nobody else before the statement is over.
        await source.close();
        await done;
      }
    } finally {
      stopCancelling();
      await execution.end();
    }
  }

  async #insert(request: EngineRequest, statement: InsertStatement, body: OpenedBody): Promise<void> {
    const { limits, spoolDir, bodiesDir } = this.#options;
    if (request.files !== undefined) {
      await checkFiles(request.files, { directory: spoolDir, bytesMax: limits.filesBytes });
      await this.#insertFiles(request, statement, request.files, ONE_BLOCK_SETTINGS);
      return;
    }
    const spooled = await spoolBody(bodiesDir, body);
    try {
      await this.#insertFiles(request, statement, [spooled.path]);
    } finally {
      await spooled.remove();
    }
  }

  /** An insert that has begun is finished, even if nobody waits for the answer: as ClickHouse does. */
  async #insertFiles(
    request: EngineRequest,
    statement: InsertStatement,
    paths: readonly string[],
    settings?: ReadonlyMap<string, string>,
  ): Promise<void> {
    const execution = await this.#engine.begin(request, statement, this.#gone.signal, settings);
    try {
      await this.#engine.run(execution, insertFromFiles(statement, paths));
      setHeaders(this.#response, this.#answerOptions(request, 'TabSeparated'), this.#startedAtMs);
      sendBytes(this.#response, new Uint8Array(0), false);
    } finally {
      await execution.end();
    }
  }

  #cancelWhenGone(execution: Execution): () => void {
    const cancel = (): void => {
      this.#engine.cancel(execution).catch((error: unknown) => {
        process.stderr.write(`cancelling ${execution.tag} failed: ${messageOf(error)}\n`);
      });
    };
    const { signal } = this.#gone;
    if (signal.aborted) cancel();
    signal.addEventListener('abort', cancel, { once: true });
    return () => signal.removeEventListener('abort', cancel);
  }

  #answerOptions(request: EngineRequest, format: string): AnswerOptions {
    return {
      queryId: request.queryId,
      format,
      acceptsGzip: request.acceptsGzip,
      version: this.#engine.version,
      sendTimeoutMs: this.#options.limits.sendTimeoutMs,
    };
  }
}

/**
 * Reads the statement from the URL and the body, which belong together in this order. The body of an INSERT is
 * read no further than its head; what remains in `body` afterwards is the data.
 */
async function statementOf(request: EngineRequest, body: OpenedBody): Promise<Statement> {
  if (request.query !== '') {
    const statement = readStatement(`${request.query}\n`);
    if (statement.kind === 'insert') {
      const inline = request.query.slice(statement.dataStart);
      if (inline.trim() !== '') body.head = Buffer.concat([Buffer.from(`${inline}\n`), body.head]);
      return statement;
    }
    const rest = await readAll(body);
    return rest === '' ? statement : readStatement(`${request.query}\n${rest}`);
  }
  const head = body.head.toString('utf8');
  const opened = /^\s*(--|#|\/\*|insert\b)/i.test(head) ? tryReadInsert(head) : undefined;
  if (opened !== undefined) {
    body.head = body.head.subarray(Buffer.byteLength(head.slice(0, opened.dataStart)));
    return opened;
  }
  return readStatement(await readAll(body));
}

function tryReadInsert(head: string): InsertStatement | undefined {
  const statement = readStatement(head);
  return statement.kind === 'insert' ? statement : undefined;
}

/** Adds what came as a form: parameters, and the query itself. */
function withFields(request: EngineRequest, contentType: string, body: string): EngineRequest {
  const fields = multipartFields(contentType, body);
  if (fields === undefined) throw engineError('INCORRECT_DATA', 'The form has no boundary.');
  const parameters = new Map(request.scope.parameters);
  for (const [name, value] of fields) {
    if (name.startsWith('param_')) parameters.set(name.slice('param_'.length), value);
  }
  return { ...request, query: fields.get('query') ?? request.query, scope: { ...request.scope, parameters } };
}
