/** What a {@link BellwetherError} is made of. */
export interface ErrorFields {
  /** Stable, machine readable, snake_case: `storage_unavailable`. */
  code: string;
  /** One sentence: what failed and why. */
  message: string;
  /** What the reader can do about it. */
  hint?: string;
  /** HTTP status a handler answers with; 500 when absent. */
  status?: number;
  /** Seconds after which a retry makes sense; becomes `Retry-After`. */
  retryAfterS?: number;
  cause?: unknown;
}

/** Every error that may reach a user. Anything else that is thrown is a bug and is reported as `internal`. */
export class BellwetherError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly status: number;
  readonly retryAfterS: number | undefined;

  constructor(fields: ErrorFields) {
    super(fields.message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.name = 'BellwetherError';
    this.code = fields.code;
    this.hint = fields.hint;
    this.status = fields.status ?? 500;
    this.retryAfterS = fields.retryAfterS;
  }
}

/** Input that a decoder cannot read. The only error a decoder throws; permanent, so senders must not retry. */
export class DecodeError extends BellwetherError {
  constructor(message: string, hint?: string, cause?: unknown) {
    super({ code: 'bad_input', status: 400, message, hint, cause });
    this.name = 'DecodeError';
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
