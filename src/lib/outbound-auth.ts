import { readFile } from 'node:fs/promises';
import { BellwetherError, messageOf } from './errors.ts';
import type {
  OutboundClient,
  OutboundCredentials,
  OutboundOauth2,
  OutboundOptions,
} from './outbound-types.ts';

const TOKEN_TIMEOUT_MS = 30_000;
const MAX_TOKEN_BYTES = 1024 * 1024;
/** A token is renewed this long before it expires. */
const EXPIRY_MARGIN_MS = 10_000;
/** Lifetime of a token that does not say. */
const DEFAULT_TOKEN_MS = 300_000;

/** Makes the value of `Authorization`. */
export interface Authorizer {
  /** Undefined when there is nothing to send. Rejects with a BellwetherError when a secret cannot be read or no token is given. */
  header(): Promise<string | undefined>;
  close(): Promise<void>;
}

const NOTHING: Authorizer = { header: async () => undefined, close: async () => {} };

/** @param createClient makes the client that fetches tokens. */
export function createAuthorizer(
  options: OutboundOptions,
  createClient: (options: OutboundOptions) => OutboundClient,
): Authorizer {
  const { credentials } = options;
  if (credentials === undefined) return NOTHING;
  if (credentials.kind === 'oauth2') return oauth2Authorizer(credentials, options, createClient);
  return { header: () => staticHeader(credentials), close: async () => {} };
}

async function staticHeader(
  credentials: Exclude<OutboundCredentials, OutboundOauth2>,
): Promise<string | undefined> {
  if (credentials.kind === 'basic') {
    const username = await readSecret(credentials.username, credentials.usernameFile);
    const password = await readSecret(credentials.password, credentials.passwordFile);
    return basicHeader(username ?? '', password ?? '');
  }
  const secret = await readSecret(credentials.credentials, credentials.credentialsFile);
  return secret === undefined || secret === '' ? undefined : `${credentials.type} ${secret}`;
}

export function basicHeader(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** The text, or the trimmed content of the file. */
export async function readSecret(
  text: string | undefined,
  file: string | undefined,
): Promise<string | undefined> {
  if (file === undefined) return text;
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new BellwetherError({
      code: 'secret_unreadable',
      message: `the file ${file} with a secret cannot be read: ${messageOf(error)}`,
      cause: error,
    });
  }
}

function oauth2Authorizer(
  credentials: OutboundOauth2,
  options: OutboundOptions,
  createClient: (options: OutboundOptions) => OutboundClient,
): Authorizer {
  const now = options.now ?? Date.now;
  const client = createClient({
    policy: options.policy,
    tls: credentials.tls,
    proxy: credentials.proxy,
    lookup: options.lookup,
    env: options.env,
  });
  let token: { header: string; expiresAtMs: number } | undefined;
  let pending: Promise<string> | undefined;
  const fetchToken = async (): Promise<string> => {
    token = await requestToken(credentials, client, now());
    return token.header;
  };
  return {
    header() {
      if (token !== undefined && token.expiresAtMs > now()) return Promise.resolve(token.header);
      pending ??= fetchToken().finally(() => {
        pending = undefined;
      });
      return pending;
    },
    close: () => client.close(),
  };
}

async function requestToken(
  credentials: OutboundOauth2,
  client: OutboundClient,
  nowMs: number,
): Promise<{ header: string; expiresAtMs: number }> {
  const secret = (await readSecret(credentials.clientSecret, credentials.clientSecretFile)) ?? '';
  const form = new URLSearchParams({ grant_type: 'client_credentials', ...credentials.endpointParams });
  if (credentials.scopes.length > 0) form.set('scope', credentials.scopes.join(' '));
  const response = await client.request({
    url: credentials.tokenUrl,
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      // RFC 6749, 2.3.1: both parts are form-encoded first.
      authorization: basicHeader(encodeURIComponent(credentials.clientId), encodeURIComponent(secret)),
    },
    body: form.toString(),
    timeoutMs: TOKEN_TIMEOUT_MS,
    maxBodyBytes: MAX_TOKEN_BYTES,
  });
  const answer = tokenOf(response.status, Buffer.from(response.body).toString('utf8'));
  const lifetimeMs = answer.expiresInS === undefined ? DEFAULT_TOKEN_MS : answer.expiresInS * 1000;
  return {
    header: `${answer.type} ${answer.token}`,
    expiresAtMs: nowMs + Math.max(0, lifetimeMs - EXPIRY_MARGIN_MS),
  };
}

function tokenOf(status: number, text: string): { token: string; type: string; expiresInS?: number } {
  let answer: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (parsed !== null && typeof parsed === 'object') answer = parsed as Record<string, unknown>;
  } catch (error) {
    throw noToken(`the answer (status ${status}) is not JSON`, error);
  }
  const { access_token: token, token_type: type, expires_in: expiresIn, error: reason } = answer;
  if (status < 200 || status >= 300)
    throw noToken(`status ${status}${typeof reason === 'string' ? `, ${reason}` : ''}`);
  if (typeof token !== 'string' || token === '') throw noToken('the answer has no access_token');
  const isBearer = typeof type !== 'string' || type === '' || type.toLowerCase() === 'bearer';
  const lifetimeS = Number(expiresIn);
  return {
    token,
    type: isBearer ? 'Bearer' : String(type),
    ...(expiresIn !== undefined && lifetimeS > 0 && { expiresInS: lifetimeS }),
  };
}

function noToken(reason: string, cause?: unknown): BellwetherError {
  return new BellwetherError({
    code: 'oauth2_no_token',
    message: `oauth2: cannot fetch token: ${reason}`,
    cause,
  });
}
