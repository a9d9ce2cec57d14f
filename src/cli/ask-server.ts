import { fetch } from 'undici';
import { BellwetherError, messageOf } from '../lib/errors.ts';

/** How a command reaches a running server. */
export interface ServerFlags {
  readonly url: string;
  readonly key?: string;
}

/** Long enough for a slow query, and for a test notification over a slow channel. */
const REQUEST_TIMEOUT_MS = 300_000;

interface PlainRequest {
  readonly method: 'GET' | 'POST';
  readonly contentType?: string;
  readonly body?: string;
}

/** One request with the key of the flags or the environment. @throws BellwetherError `no_answer`. */
export async function fetchText(
  address: string,
  { method, contentType, body }: PlainRequest,
  key = process.env.BELLWETHER_KEY,
): Promise<{ readonly status: number; readonly text: string }> {
  const headers = {
    ...(contentType !== undefined && { 'Content-Type': contentType }),
    ...(key !== undefined && { Authorization: `Bearer ${key}` }),
  };
  try {
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    const response = await fetch(address, { method, headers, body, signal });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    throw new BellwetherError({
      code: 'no_answer',
      message: `${address} does not answer: ${messageOf((error as { cause?: unknown }).cause ?? error)}`,
      hint: 'is the server running? --url says where',
      cause: error,
    });
  }
}

/**
 * Asks a running server's own API.
 *
 * @throws BellwetherError `no_answer`, or the server's own code and message.
 */
export async function askServer(
  method: 'GET' | 'POST',
  path: string,
  { url, key }: ServerFlags,
  body?: object,
): Promise<unknown> {
  const json = body === undefined ? {} : { contentType: 'application/json', body: JSON.stringify(body) };
  const { status, text } = await fetchText(`${url.replace(/\/+$/, '')}${path}`, { method, ...json }, key);
  if (status >= 400) throw refusal(status, text);
  return JSON.parse(text);
}

function refusal(status: number, text: string): BellwetherError {
  let told: { code?: string; message?: string; hint?: string } = {};
  try {
    told = (JSON.parse(text) as { error: typeof told }).error;
  } catch (error) {
    told = { message: `${text.slice(0, 200)} (${messageOf(error)})` };
  }
  return new BellwetherError({
    code: told.code ?? 'refused',
    status,
    message: told.message ?? `the server answered ${status}`,
    hint: told.hint,
  });
}
