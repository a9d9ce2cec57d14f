import type { IncomingHttpHeaders } from 'node:http';
import { BellwetherError } from '../lib/errors.ts';

export const sessionCookie = 'bellwether_session';

/** Who is behind a request. `loopback`: nobody showed a credential and none is needed. */
export interface Principal {
  readonly kind: 'key' | 'session' | 'loopback';
  /** `ingest` may only write telemetry. */
  readonly role: 'admin' | 'ingest';
  /** Name of the key, empty for loopback. */
  readonly name: string;
}

/** What a request shows of itself. Headers that claim a role or a name do not exist. */
export interface Credentials {
  /** From `Authorization: Bearer`, the password of `Authorization: Basic`, or `X-Api-Key`. */
  readonly key: string | undefined;
  /** From the session cookie. */
  readonly session: string | undefined;
}

/** Resolves to who is behind the credentials, or null: a wrong key, or none where one is needed. */
export type Authenticate = (credentials: Credentials) => Promise<Principal | null>;

export interface Login {
  readonly principal: Principal;
  /** For the session cookie. */
  readonly token: string;
  readonly expiresAtMs: number;
}

export interface Access {
  readonly authenticate: Authenticate;
  /** Starts a browser session; undefined when the key is not valid. An ingest key starts none: its principal comes alone. */
  logIn(key: string): Promise<Login | { readonly principal: Principal } | undefined>;
  logOut(token: string): Promise<void>;
  /** Whether requests without a credential are turned away. */
  isKeyRequired(): boolean;
}

/** What is needed of the key store. */
export interface KeyLookup {
  find(secret: string): Promise<KeyRecord | undefined>;
  findLogin(token: string, nowMs: number): Promise<KeyRecord | undefined>;
  logIn(keyId: string, expiresAtMs: number): Promise<string>;
  logOut(token: string): Promise<void>;
}

export interface KeyRecord {
  readonly id: string;
  readonly name: string;
  readonly role: 'admin' | 'ingest';
}

export interface AccessOptions {
  readonly keys: KeyLookup;
  /** False only when every listener is on loopback and the configuration does not ask for keys. */
  readonly isKeyRequired: () => boolean;
  readonly clock: () => number;
  /** How long a browser stays logged in. */
  readonly sessionMs?: number;
  /** Told about each key that was used, for "last used". */
  readonly onUse?: (keyId: string) => void;
}

const DEFAULT_SESSION_MS = 30 * 86_400_000;

/** Longest key that is looked at; longer ones cannot be ours. */
const MAX_SECRET_LENGTH = 256;

export function createAccess(options: AccessOptions): Access {
  const { keys, clock } = options;
  const loopback: Principal = { kind: 'loopback', role: 'admin', name: '' };

  return {
    isKeyRequired: options.isKeyRequired,
    async authenticate({ key, session }) {
      if (key !== undefined) {
        const record = key.length > MAX_SECRET_LENGTH ? undefined : await keys.find(key);
        if (record === undefined) return null;
        options.onUse?.(record.id);
        return { kind: 'key', role: record.role, name: record.name };
      }
      if (session !== undefined && session.length <= MAX_SECRET_LENGTH) {
        const record = await keys.findLogin(session, clock());
        if (record !== undefined) return { kind: 'session', role: record.role, name: record.name };
      }
      // A cookie that has expired is not a wrong key: on loopback one goes on without it.
      return options.isKeyRequired() ? null : loopback;
    },
    async logIn(key) {
      const record = key.length > MAX_SECRET_LENGTH ? undefined : await keys.find(key);
      if (record === undefined) return undefined;
      const principal: Principal = { kind: 'session', role: record.role, name: record.name };
      if (record.role !== 'admin') return { principal };
      const expiresAtMs = clock() + (options.sessionMs ?? DEFAULT_SESSION_MS);
      return { principal, token: await keys.logIn(record.id, expiresAtMs), expiresAtMs };
    },
    logOut: (token) => keys.logOut(token),
  };
}

/** The credentials in the headers of a request, on HTTP/1 and HTTP/2 alike. */
export function credentialsOf(headers: Readonly<Record<string, unknown>>): Credentials {
  return { key: keyOf(headers), session: cookieOf(headers.cookie, sessionCookie) };
}

function keyOf(headers: Readonly<Record<string, unknown>>): string | undefined {
  const { authorization } = headers;
  const bearer = typeof authorization === 'string' ? /^Bearer +(\S+) *$/i.exec(authorization) : null;
  if (bearer !== null) return bearer[1];
  const basic = typeof authorization === 'string' ? /^Basic +(\S+) *$/i.exec(authorization) : null;
  if (basic !== null) return passwordOf(basic[1]!);
  const apiKey = headers['x-api-key'];
  return typeof apiKey === 'string' && apiKey !== '' ? apiKey : undefined;
}

/** Clients that know only user and password send the key as the password; the user's name does not matter. */
function passwordOf(encoded: string): string | undefined {
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  return text.slice(text.indexOf(':') + 1) || undefined;
}

function cookieOf(header: unknown, name: string): string | undefined {
  if (typeof header !== 'string') return undefined;
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim() || undefined;
  }
  return undefined;
}

/** The `Set-Cookie` value that starts (or, with an empty token, ends) a browser session. */
export function sessionCookieHeader(token: string, maxAgeS: number, headers: IncomingHttpHeaders): string {
  // Only the browser's own request can set this header here, and only for itself, so it need not be trusted.
  const isHttps = headers['x-forwarded-proto'] === 'https';
  const flags = `Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeS}${isHttps ? '; Secure' : ''}`;
  return `${sessionCookie}=${token}; ${flags}`;
}

/** What a request without (or with a wrong) credential is told. */
export function unauthorized(credentials: Credentials): BellwetherError {
  return new BellwetherError({
    code: 'unauthorized',
    status: 401,
    message: credentials.key === undefined ? 'a key is needed' : 'the key is not valid',
    hint: 'send it as `Authorization: Bearer <key>` or `X-Api-Key: <key>`; `bellwether keys create` makes one',
  });
}
