import { DeliveryError, type SendContext } from '../channel.ts';
import { cleanLine, cutText } from '../text.ts';

/** Of an answer; services answer with a few hundred bytes. */
const MAX_ANSWER_BYTES = 262_144;
/** Of an answer's body that a message quotes. */
const MAX_QUOTED_LENGTH = 200;

/** What a request needs of a {@link SendContext}. */
export type HttpContext = Pick<SendContext<unknown>, 'http' | 'timeoutMs' | 'signal' | 'nowMs' | 'redact'>;

export interface ChannelRequest {
  readonly url: string;
  /** Default POST. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** An answer of any status. */
export interface ChannelAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** For people: `200 OK`. */
  readonly detail: string;
  /** The body read as JSON; undefined when it is not JSON. */
  json(): unknown;
}

/**
 * Sends a JSON body and takes only success for an answer.
 *
 * @throws DeliveryError for any status but 2xx, see {@link failureOf}; OutboundError when there is no answer.
 */
export async function postJson(
  context: HttpContext,
  request: { url: string; body: unknown; headers?: Readonly<Record<string, string>>; method?: string },
): Promise<ChannelAnswer> {
  const headers = { 'content-type': 'application/json', ...request.headers };
  const body = toJson(request.body);
  return sendSuccessfully(context, { url: request.url, method: request.method, headers, body });
}

/**
 * Sends a form as browsers do.
 *
 * @throws as {@link postJson}.
 */
export async function postForm(
  context: HttpContext,
  request: {
    url: string;
    fields: Iterable<readonly [name: string, value: string]>;
    headers?: Readonly<Record<string, string>>;
  },
): Promise<ChannelAnswer> {
  const pairs = [...request.fields].map(([name, value]): [string, string] => [name, value.toWellFormed()]);
  const headers = { 'content-type': 'application/x-www-form-urlencoded', ...request.headers };
  return sendSuccessfully(context, {
    url: request.url,
    headers,
    body: new URLSearchParams(pairs).toString(),
  });
}

/** @throws as {@link postJson}. */
export async function sendSuccessfully(
  context: HttpContext,
  request: ChannelRequest,
): Promise<ChannelAnswer> {
  const answer = await send(context, request);
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw failureOf(context, answer);
}

/**
 * Sends; any status is an answer.
 *
 * @throws OutboundError no answer.
 */
export async function send(context: HttpContext, request: ChannelRequest): Promise<ChannelAnswer> {
  const response = await context.http.request({
    url: request.url,
    method: request.method ?? 'POST',
    headers: { 'user-agent': 'Bellwether', ...request.headers },
    body: request.body,
    timeoutMs: context.timeoutMs,
    maxBodyBytes: MAX_ANSWER_BYTES,
    signal: context.signal,
  });
  const text = Buffer.from(response.body).toString('utf8');
  return {
    status: response.status,
    headers: response.headers,
    text,
    detail: `${response.status} ${response.statusText}`.trim(),
    json: () => parseJson(text),
  };
}

/** JSON of well-formed Unicode: half a surrogate pair, which strict readers refuse, becomes U+FFFD. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'string' ? inner.toWellFormed() : inner,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Undefined says that it is not JSON.
    return undefined;
  }
}

/**
 * What an answer other than success means. 429, 408, 5xx: it may be tried again, no sooner than `Retry-After` says. Everything else is
 * permanent. The message has the status and the beginning of the body.
 *
 * @param reason of the failure in place of the body, for services whose answers say it in a field.
 */
export function failureOf(context: HttpContext, answer: ChannelAnswer, reason?: string): DeliveryError {
  const quoted = quote(context, reason ?? answer.text);
  const isRetryable = answer.status === 429 || answer.status === 408 || answer.status >= 500;
  return new DeliveryError({
    message: quoted === '' ? answer.detail : `${answer.detail}: ${quoted}`,
    isRetryable,
    retryAfterMs: isRetryable ? parseRetryAfterMs(answer.headers['retry-after'], context.nowMs) : undefined,
  });
}

/** The beginning of a text of another server, fit for a message: on one line, without secrets, at most 200 characters. */
export function quote(context: Pick<HttpContext, 'redact'>, text: string): string {
  return cutText(cleanLine(context.redact(text)), MAX_QUOTED_LENGTH);
}

/** Milliseconds to wait, of a `Retry-After` in seconds or as an HTTP date (RFC 9110, 10.2.3). Undefined when it is neither. */
export function parseRetryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  const text = value?.trim() ?? '';
  // Some services answer with fractions of a second.
  if (/^\d{1,9}(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000);
  if (!/^[A-Za-z]{3}.* GMT$/.test(text)) return undefined;
  const dateMs = Date.parse(text);
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}
