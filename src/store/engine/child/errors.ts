import { BellwetherError, messageOf } from '../../../lib/errors.ts';

/** An error in ClickHouse's terms: its number, its name and the HTTP status ClickHouse answers with. */
export class EngineError extends BellwetherError {
  /** ClickHouse's error number, as in `X-ClickHouse-Exception-Code`. */
  readonly number: number;
  /** The whole text as a ClickHouse server writes it: `Code: 62. DB::Exception: ... (SYNTAX_ERROR)`. */
  readonly text: string;

  constructor(number: number, text: string, status?: number) {
    super({ code: 'engine_error', message: text, status: status ?? httpStatusOf(number) });
    this.name = 'EngineError';
    this.number = number;
    this.text = text;
  }
}

/** The numbers this process raises itself; the engine knows many more. */
export const NUMBERS = {
  BAD_ARGUMENTS: 36,
  NOT_IMPLEMENTED: 48,
  SYNTAX_ERROR: 62,
  READONLY: 164,
  TOO_MANY_SIMULTANEOUS_QUERIES: 202,
  QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING: 216,
  DATABASE_ACCESS_DENIED: 291,
  INCORRECT_DATA: 117,
  SESSION_NOT_FOUND: 372,
  SESSION_IS_LOCKED: 373,
  QUERY_WAS_CANCELLED: 394,
  LIMIT_EXCEEDED: 290,
  UNKNOWN_QUERY_PARAMETER: 456,
  UNKNOWN_EXCEPTION: 1002,
} as const;

/** An error of our own, worded and numbered as the engine would. */
export function engineError(name: keyof typeof NUMBERS, message: string, status?: number): EngineError {
  const number = NUMBERS[name];
  return new EngineError(number, `Code: ${number}. DB::Exception: ${message} (${name})`, status);
}

const CODE = /Code: (\d+)\. DB::Exception: /;

/**
 * Turns whatever the engine threw into an {@link EngineError}.
 *
 * @param tag comment that was added to the statement; errors that quote the statement show it without.
 */
export function asEngineError(error: unknown, tag = ''): EngineError {
  if (error instanceof EngineError) return error;
  const thrown = messageOf(error);
  const message = tag === '' ? thrown : thrown.replaceAll(tag, '');
  const match = CODE.exec(message);
  if (match === null) return engineError('UNKNOWN_EXCEPTION', message);
  return new EngineError(Number(match[1]), message.slice(match.index));
}

/** As ClickHouse's `exceptionCodeToHTTPStatus`. */
const STATUS: ReadonlyMap<number, number> = new Map([
  // What the query is about does not exist.
  ...[46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 336].map((number) => [number, 404] as const),
  // The query or its data cannot be read.
  ...[6, 26, 27, 33, 38, 41, 43, 53, 62, 72, 117, 128, 131, 190, 290, 441, 456, 467].map(
    (number) => [number, 400] as const,
  ),
  [48, 501],
  [159, 408],
  [164, 403],
  [202, 503],
  [209, 408],
  [291, 403],
  [439, 503],
  [497, 403],
]);

/** The HTTP status for an error number; 500 for the ones that have no better. */
export function httpStatusOf(number: number): number {
  return STATUS.get(number) ?? 500;
}

/**
 * The end of an answer that broke after its first bytes, as ClickHouse writes it since 25.11: clients find the marker
 * through the tag announced in the header, and the connection is then cut, so that no client can take what
 * it got for the whole.
 */
export function exceptionTail(text: string, tag: string): string {
  const message = `${text}\n`;
  return `\r\n__exception__\r\n${tag}\r\n${message}${Buffer.byteLength(message)} ${tag}\r\n__exception__\r\n`;
}
