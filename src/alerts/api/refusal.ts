import { BellwetherError } from '../../lib/errors.ts';

/**
 * A request that Alertmanager refuses with a body of its own: a JSON text from its handlers, an object with a code from what
 * checks requests before them.
 */
export class Refusal extends BellwetherError {
  readonly body: unknown;

  private constructor(status: number, message: string, body: unknown) {
    super({ code: 'bad_request', status, message });
    this.body = body;
  }

  /** What a handler found wrong. */
  static text(status: number, message: string): Refusal {
    return new Refusal(status, message, message);
  }

  /** No body at all. */
  static empty(status: number, message: string): Refusal {
    return new Refusal(status, message, undefined);
  }

  /** The body cannot be read. */
  static unreadable(name: string, reason: string): Refusal {
    const message = `parsing ${name} body from "" failed, because ${reason}`;
    return new Refusal(400, message, { code: 400, message });
  }

  /** The value of a field is not allowed. `code` is one of go-openapi's: 601 format, 602 required, 612 too few items. */
  static invalid(code: 601 | 602 | 612, message: string): Refusal {
    return new Refusal(422, message, { code, message });
  }

  static mediaType(given: string): Refusal {
    const message = `unsupported media type ${JSON.stringify(given.slice(0, 100))}, only [application/json] are allowed`;
    return new Refusal(415, message, { code: 415, message });
  }
}
