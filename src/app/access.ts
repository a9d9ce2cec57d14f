import type { KeyStore } from '../auth/index.ts';
import { cachedFind } from '../auth/index.ts';
import type { Config } from '../config/index.ts';
import { type Access, createAccess } from '../http/index.ts';
import { BellwetherError } from '../lib/errors.ts';
import { isLoopback, parseListen } from '../lib/listen.ts';
import type { Log } from '../lib/log.ts';

/** A key's last use is written at most this often. */
const noteUseMs = 60_000;

/** The addresses that are opened. */
export function listenAddresses(config: Config): string[] {
  const { http_listen, grpc_listen } = config.otlp;
  return [config.server.listen, http_listen, grpc_listen].filter((address) => address !== 'off');
}

/**
 * Whether requests need a key, after checking that there is one where it is needed.
 *
 * @throws {BellwetherError} `no_credential`: an address beyond loopback, and nobody could log in or everybody could.
 */
export async function checkExposure(config: Config, keys: KeyStore): Promise<boolean> {
  const exposed = listenAddresses(config).filter((address) => !isLoopback(parseListen(address).host));
  if (exposed.length === 0 && !config.auth.required) return false;
  if (await keys.any()) return true;
  const why =
    exposed.length > 0 ? `listening on ${exposed.join(', ')} lets other machines in` : 'auth.required is set';
  throw new BellwetherError({
    code: 'no_credential',
    message: `${why}, and there is no key yet`,
    hint: 'create one first: `bellwether keys create NAME --role admin` (and one with --role ingest for senders), or listen on 127.0.0.1',
  });
}

/** Access by the keys of the state database. */
export function createServerAccess(options: {
  keys: KeyStore;
  isKeyRequired: boolean;
  clock: () => number;
  log: Log;
}): Access {
  const { keys, clock, log } = options;
  const notedAtMs = new Map<string, number>();
  return createAccess({
    keys: {
      find: cachedFind(keys, clock),
      findLogin: (token, nowMs) => keys.findLogin(token, nowMs),
      logIn: (keyId, expiresAtMs) => keys.logIn(keyId, expiresAtMs),
      logOut: (token) => keys.logOut(token),
    },
    isKeyRequired: () => options.isKeyRequired,
    clock,
    onUse(keyId) {
      const nowMs = clock();
      if (nowMs - (notedAtMs.get(keyId) ?? 0) < noteUseMs) return;
      notedAtMs.set(keyId, nowMs);
      keys
        .touch(keyId, nowMs)
        .catch((error: unknown) => log.warn({ error }, 'the last use of a key could not be noted'));
    },
  });
}
