import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { engineError } from './errors.ts';
import type { Scope } from './sessions.ts';

/** What the URL and the headers of a request say. The statement itself may be in the body. */
export interface EngineRequest {
  readonly queryId: string;
  /** SQL of the `query` parameter, empty without one. */
  readonly query: string;
  readonly scope: Scope;
  readonly defaultFormat: string | undefined;
  readonly sessionId: string | undefined;
  readonly sessionTimeoutS: number | undefined;
  readonly sessionMustExist: boolean;
  /** Nothing is sent before the statement has ended, so that every error has its proper status. */
  readonly waitsForEnd: boolean;
  /** GET may only read. */
  readonly isReadOnly: boolean;
  readonly acceptsGzip: boolean;
  /** `X-Bellwether-Files`: files on this machine to insert instead of a body. */
  readonly files: readonly string[] | undefined;
}

/** Parameters of ClickHouse's HTTP interface that are not settings and mean nothing to an engine without users. */
const IGNORED = new Set([
  'user',
  'password',
  'quota_key',
  'stacktrace',
  'buffer_size',
  'role',
  'close_session',
]);
/** Settings that concern the HTTP exchange alone; setting them in the session would only cost time. */
const TRANSPORT = new Set([
  'enable_http_compression',
  'http_zlib_compression_level',
  'http_response_buffer_size',
  'http_headers_progress_interval_ms',
  'send_progress_in_http_headers',
  'cancel_http_readonly_queries_on_client_close',
  'add_http_cors_header',
]);
const FILES_MAX = 1000;

/** @throws EngineError when something in it cannot be understood. */
export function readRequest(message: IncomingMessage): EngineRequest {
  const url = new URL(message.url ?? '/', 'http://engine');
  const settings = new Map<string, string>();
  const parameters = new Map<string, string>();
  for (const [name, value] of url.searchParams) {
    if (name.startsWith('param_')) parameters.set(name.slice('param_'.length), value);
    else if (!RESERVED.has(name) && !IGNORED.has(name) && !TRANSPORT.has(name)) settings.set(name, value);
  }
  const text = (name: string): string | undefined => url.searchParams.get(name) || undefined;
  rejectUnsupported(url.searchParams);
  return {
    queryId: safeId(text('query_id')),
    query: text('query') ?? '',
    scope: { database: text('database') ?? headerOf(message, 'x-clickhouse-database'), settings, parameters },
    defaultFormat: text('default_format') ?? headerOf(message, 'x-clickhouse-format'),
    sessionId: text('session_id'),
    sessionTimeoutS: numberOf(text('session_timeout')),
    sessionMustExist: text('session_check') === '1',
    waitsForEnd: text('wait_end_of_query') === '1',
    isReadOnly: message.method === 'GET' || message.method === 'HEAD',
    acceptsGzip:
      url.searchParams.get('enable_http_compression') === '1' &&
      /\bgzip\b/.test(headerOf(message, 'accept-encoding') ?? ''),
    files: filesOf(headerOf(message, 'x-bellwether-files')),
  };
}

const RESERVED = new Set([
  'query',
  'query_id',
  'database',
  'default_format',
  'session_id',
  'session_timeout',
  'session_check',
  'wait_end_of_query',
  'compress',
  'decompress',
]);

function rejectUnsupported(search: URLSearchParams): void {
  for (const name of ['compress', 'decompress']) {
    if (search.get(name) === '1') {
      throw engineError(
        'NOT_IMPLEMENTED',
        `${name}=1 (ClickHouse's own block compression) is not supported; use Accept-Encoding and Content-Encoding.`,
      );
    }
  }
}

/** The id goes into a header and into a comment of the statement, so only plain characters may be in it. */
function safeId(id: string | undefined): string {
  return id === undefined ? randomUUID() : id.slice(0, 200).replace(/[^A-Za-z0-9_.:-]/g, '_');
}

function numberOf(text: string | undefined): number | undefined {
  const value = Number(text);
  return text !== undefined && Number.isFinite(value) && value > 0 ? value : undefined;
}

function headerOf(message: IncomingMessage, name: string): string | undefined {
  const value = message.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function filesOf(header: string | undefined): string[] | undefined {
  if (header === undefined) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(header);
  } catch {
    throw engineError('BAD_ARGUMENTS', 'X-Bellwether-Files is not JSON.', 400);
  }
  const isList = Array.isArray(parsed) && parsed.length > 0 && parsed.length <= FILES_MAX;
  if (!isList || !(parsed as unknown[]).every((path) => typeof path === 'string')) {
    throw engineError('BAD_ARGUMENTS', `X-Bellwether-Files must be a list of 1 to ${FILES_MAX} paths.`, 400);
  }
  return parsed as string[];
}
