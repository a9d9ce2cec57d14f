import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { BellwetherError } from '../../lib/errors.ts';
import type { InboundWebhook, SecretSource } from './config.ts';

const MAX_SHOWN_LENGTH = 4096;
/** As our own webhook channel signs: the time is part of what is signed, so that nobody can send it again later. */
const TIMED_SIGNATURE = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/;
const MAX_SIGNATURE_AGE_MS = 300_000;

/** What a delivery shows of its sender. */
export interface ShownSender {
  readonly headers: IncomingHttpHeaders;
  readonly params: URLSearchParams;
}

/**
 * Checks the token of a webhook that has one. Comes before the body is read.
 *
 * @throws BellwetherError `bad_token` (401), `secret_unreadable` (503).
 */
export async function checkToken(webhook: InboundWebhook, shown: ShownSender): Promise<void> {
  if (webhook.token === undefined) return;
  const expected = await secretOf(webhook.token);
  const given = tokensOf(shown);
  if (given.some((token) => isSame(token, expected))) return;
  throw new BellwetherError({
    code: 'bad_token',
    status: 401,
    message: given.length === 0 ? 'the token of the webhook is missing' : 'the token of the webhook is wrong',
    hint: 'send it as `Authorization: Bearer <token>`, `X-Bellwether-Token: <token>` or `?token=<token>`',
  });
}

/**
 * Checks the signature of a webhook that has a secret.
 *
 * @throws BellwetherError `bad_signature` (401), `secret_unreadable` (503).
 */
export async function checkSignature(
  webhook: InboundWebhook,
  { headers, nowMs }: ShownSender & { readonly nowMs: number },
  body: Uint8Array,
): Promise<void> {
  if (webhook.secret === undefined) return;
  const name = webhook.kind.signatureHeader;
  const given = headerOf(headers, name).trim();
  const secret = await secretOf(webhook.secret);
  const timed = TIMED_SIGNATURE.exec(given);
  const isRight =
    timed === null
      ? isSame(
          given.replace(/^sha256=/i, '').toLowerCase(),
          createHmac('sha256', secret).update(body).digest('hex'),
        )
      : isSame(timed[2]!, createHmac('sha256', secret).update(`${timed[1]}.`).update(body).digest('hex'));
  const isOld = timed !== null && Math.abs(nowMs - Number(timed[1]) * 1000) > MAX_SIGNATURE_AGE_MS;
  if (isRight && !isOld) return;
  const what = given === '' ? 'is missing' : isRight ? 'is too old' : 'is wrong';
  throw new BellwetherError({
    code: 'bad_signature',
    status: 401,
    message: `the signature in the header ${name} ${what}`,
    hint: isOld
      ? 'compare the clocks of both machines'
      : 'the sender must sign the body with the same secret: HMAC-SHA-256, hexadecimal',
  });
}

/** The value of a header, the first one when it came more than once; '' when it is absent. */
export function headerOf(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name.toLowerCase()];
  return (Array.isArray(value) ? value[0] : value) ?? '';
}

function tokensOf({ headers, params }: ShownSender): string[] {
  const authorization = headerOf(headers, 'authorization');
  const bearer = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
  const basic = /^Basic +(\S+) *$/i.exec(authorization)?.[1];
  const login = basic === undefined ? undefined : Buffer.from(basic, 'base64').toString('utf8');
  return [
    bearer,
    login?.slice(login.indexOf(':') + 1),
    headerOf(headers, 'x-bellwether-token'),
    params.get('token'),
  ].filter(
    (token) => token !== undefined && token !== null && token !== '' && token.length <= MAX_SHOWN_LENGTH,
  ) as string[];
}

/** Takes the same time wherever the texts differ, and whatever their lengths. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

async function secretOf(source: SecretSource): Promise<string> {
  if ('text' in source) return source.text;
  let text: string;
  try {
    text = (await readFile(source.file, 'utf8')).trim();
  } catch (error) {
    throw unreadable('cannot be read', error);
  }
  // An empty secret would be one that everybody knows.
  if (text === '') throw unreadable('is empty');
  return text;
}

/** The file's name is for the log: this may be told to anybody. */
function unreadable(why: string, cause?: unknown): BellwetherError {
  return new BellwetherError({
    code: 'secret_unreadable',
    status: 503,
    retryAfterS: 60,
    message: `the file with the secret of this webhook ${why}`,
    hint: 'the server’s log names it',
    cause,
  });
}
