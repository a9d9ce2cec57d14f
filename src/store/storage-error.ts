import { ClickHouseError } from '@clickhouse/client';
import { BellwetherError, type ErrorFields, messageOf } from '../lib/errors.ts';

/**
 * What became of an insert that failed:
 * `retry`: nothing is wrong with the data, try again;
 * `lost`: the connection broke after the request was sent, so it may have been stored;
 * `unsure`: not known to be either;
 * `permanent`: the data itself is refused and will be refused again.
 */
export type InsertVerdict = 'retry' | 'lost' | 'unsure' | 'permanent';

/** An error of the engine or server behind the store. */
export class StorageError extends BellwetherError {
  /** ClickHouse's error number, undefined when the failure was not ClickHouse's answer. */
  readonly clickhouseCode: number | undefined;
  readonly insertVerdict: InsertVerdict;

  constructor(fields: ErrorFields & { clickhouseCode?: number; insertVerdict: InsertVerdict }) {
    super(fields);
    this.name = 'StorageError';
    this.clickhouseCode = fields.clickhouseCode;
    this.insertVerdict = fields.insertVerdict;
  }
}

/** The store cannot be reached now; status 503. */
export function storageUnavailable(
  message: string,
  cause?: unknown,
  verdict: InsertVerdict = 'retry',
): StorageError {
  return new StorageError({
    code: 'storage_unavailable',
    status: 503,
    retryAfterS: 2,
    message,
    hint: 'The storage engine restarts by itself; /health/ready says how it is.',
    cause,
    insertVerdict: verdict,
  });
}

/**
 * Errors that say the rows cannot be read or do not fit the table. All of them arise while the block is being read, before
 * anything is stored: an insert has one block (see client.ts).
 */
const DATA_REFUSED = new Set([
  6, 7, 8, 9, 10, 15, 16, 20, 26, 27, 32, 33, 38, 41, 43, 44, 47, 50, 53, 69, 70, 72, 122, 128, 130, 131, 117,
  190, 270, 271, 349, 443,
]);

/** Errors that pass: memory, too many parts, timeouts, disk, network, Keeper, read-only, access, missing table. */
const PASSING = new Set([
  60, 74, 75, 76, 81, 159, 164, 192, 193, 194, 201, 202, 203, 209, 210, 225, 236, 239, 241, 242, 243, 252,
  279, 285, 286, 289, 290, 298, 319, 341, 359, 394, 439, 473, 497, 499, 516, 571, 735, 999,
]);

const TIMEOUTS = new Set([159, 160, 209]);
const LIMITS = new Set([158, 191, 241, 307, 396]);

function insertVerdictOf(clickhouseCode: number): InsertVerdict {
  if (DATA_REFUSED.has(clickhouseCode)) return 'permanent';
  return PASSING.has(clickhouseCode) ? 'retry' : 'unsure';
}

function fromClickHouse(error: ClickHouseError): StorageError {
  const number = Number(error.code);
  const said = `${error.message.trim()} (ClickHouse error ${error.code}${error.type ? ` ${error.type}` : ''})`;
  const common = { clickhouseCode: number, insertVerdict: insertVerdictOf(number), cause: error };
  if (TIMEOUTS.has(number)) return queryTimeout(said, common);
  if (LIMITS.has(number)) {
    return new StorageError({
      ...common,
      code: 'query_memory',
      status: 422,
      message: `the query needs more memory or rows than it may use: ${said}`,
      hint: 'Ask for a shorter time range or fewer groups.',
    });
  }
  return new StorageError({ ...common, code: 'storage_error', message: said });
}

function queryTimeout(
  message: string,
  rest: { clickhouseCode?: number; insertVerdict: InsertVerdict; cause: unknown },
) {
  return new StorageError({
    ...rest,
    code: 'query_timeout',
    status: 504,
    message: `the query took too long: ${message}`,
    hint: 'Ask for a shorter time range, or raise the query timeout.',
  });
}

/** The connection could not be made, so nothing was asked. */
const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EACCES',
]);

/**
 * Turns whatever the client threw into an error with a stable code: `storage_unavailable`, `query_timeout`,
 * `query_memory`, `query_cancelled` or `storage_error`.
 */
export function toStorageError(error: unknown, cancelled = false): StorageError {
  if (error instanceof StorageError) return error;
  if (cancelled) {
    return new StorageError({
      code: 'query_cancelled',
      status: 499,
      message: 'the query was cancelled by its caller',
      cause: error,
      insertVerdict: 'lost',
    });
  }
  if (error instanceof ClickHouseError) return fromClickHouse(error);
  const message = messageOf(error);
  const errno = (error as { code?: unknown } | undefined)?.code;
  if (typeof errno === 'string' && NOT_CONNECTED.has(errno)) {
    return storageUnavailable(`the storage engine is not reachable: ${message}`, error);
  }
  if (/timeout error|timed out/i.test(message)) {
    return queryTimeout(message, { insertVerdict: 'retry', cause: error });
  }
  return storageUnavailable(`the connection to the storage engine broke: ${message}`, error, 'lost');
}
