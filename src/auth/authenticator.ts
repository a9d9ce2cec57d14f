import { BellwetherError } from '../lib/errors.ts';
import type { Role } from '../state/index.ts';
import type { KeyInfo, KeyStore } from './keys.ts';

/** Who makes a request, as proven by its credential. */
export interface Principal {
  /** `open`: no credential, and none is asked for (loopback). */
  readonly kind: 'key' | 'session' | 'open';
  readonly role: Role;
  /** Name of the key; empty for `open`. */
  readonly name: string;
}

/** What a request brought along. */
export interface Credentials {
  /** From `Authorization: Bearer` or `x-api-key`. */
  readonly secret?: string | undefined;
  /** From the log-in cookie. */
  readonly loginToken?: string | undefined;
}

export interface Authenticator {
  /** True when requests without a credential are refused. */
  readonly isRequired: boolean;
  /**
   * The principal of a request.
   *
   * @throws {BellwetherError} 401 `key_required` or `key_invalid`. A wrong key is refused even where none is asked for, because its sender
   * believes it to be right.
   */
  authenticate(credentials: Credentials): Promise<Principal>;
  /** Exchanges an admin key for a browser session. @throws {BellwetherError} 401 or 403. */
  logIn(secret: string): Promise<{ token: string; maxAgeS: number }>;
  logOut(token: string): Promise<void>;
}

/** How long a looked-up key is believed; a revoked key stops working after this at the latest. */
const cacheTtlMs = 5000;
/** Secrets remembered at once; the oldest goes first. */
const cacheEntries = 1000;
const loginLifeS = 30 * 24 * 3600;
const open: Principal = { kind: 'open', role: 'admin', name: '' };

interface Cached {
  readonly info: KeyInfo | undefined;
  readonly untilMs: number;
}

export interface AuthenticatorOptions {
  readonly keys: KeyStore;
  /** Refuse requests without a credential. */
  readonly isRequired: boolean;
  readonly now: () => number;
  /** Told of failures to note the last use of a key; nothing depends on it. */
  readonly onError: (error: unknown) => void;
}

export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { keys, isRequired, now } = options;
  const cache = new Map<string, Cached>();

  async function lookUp(secret: string): Promise<KeyInfo | undefined> {
    const known = cache.get(secret);
    if (known !== undefined && known.untilMs > now()) return known.info;
    const info = await keys.find(secret);
    cache.delete(secret);
    if (cache.size >= cacheEntries) cache.delete(cache.keys().next().value!);
    cache.set(secret, { info, untilMs: now() + cacheTtlMs });
    if (info !== undefined) keys.touch(info.id, now()).catch(options.onError);
    return info;
  }

  return {
    isRequired,
    async authenticate({ secret, loginToken }) {
      if (secret !== undefined) {
        const info = await lookUp(secret);
        if (info === undefined) throw invalidKey();
        return { kind: 'key', role: info.role, name: info.name };
      }
      const login = loginToken === undefined ? undefined : await keys.findLogin(loginToken, now());
      if (login !== undefined) return { kind: 'session', role: login.role, name: login.name };
      if (isRequired) throw keyRequired();
      return open;
    },
    async logIn(secret) {
      const info = await keys.find(secret);
      if (info === undefined) throw invalidKey();
      if (info.role !== 'admin') throw writeOnlyKey();
      const token = await keys.logIn(info.id, now() + loginLifeS * 1000);
      return { token, maxAgeS: loginLifeS };
    },
    logOut: (token) => keys.logOut(token),
  };
}

function keyRequired(): BellwetherError {
  return new BellwetherError({
    code: 'key_required',
    status: 401,
    message: 'this server asks for a key',
    hint: 'send it as "Authorization: Bearer KEY"; `bellwether keys create` makes one',
  });
}

function invalidKey(): BellwetherError {
  return new BellwetherError({
    code: 'key_invalid',
    status: 401,
    message: 'the key is not known here, or was revoked',
    hint: '`bellwether keys list` shows the keys of this server',
  });
}

function writeOnlyKey(): BellwetherError {
  return new BellwetherError({
    code: 'forbidden',
    status: 403,
    message: 'an ingest key may only send telemetry',
    hint: 'log in with an admin key: `bellwether keys create NAME --role admin`',
  });
}
