import type { KeyInfo, KeyStore } from './keys.ts';

/** How long a looked-up key is believed; a revoked key stops working after this at the latest. */
const cacheTtlMs = 5000;
/** Secrets remembered at once; the oldest goes first. */
const cacheEntries = 1000;

/**
 * `find` of a key store with a short memory, for ingest, which asks with the same secret hundreds of times a second. Wrong secrets are
 * not remembered, so they cannot push out right ones.
 */
export function cachedFind(keys: Pick<KeyStore, 'find'>, now: () => number): KeyStore['find'] {
  const cache = new Map<string, { readonly info: KeyInfo; readonly untilMs: number }>();
  return async (secret) => {
    const known = cache.get(secret);
    if (known !== undefined && known.untilMs > now()) return known.info;
    cache.delete(secret);
    const info = await keys.find(secret);
    if (info === undefined) return undefined;
    if (cache.size >= cacheEntries) cache.delete(cache.keys().next().value!);
    cache.set(secret, { info, untilMs: now() + cacheTtlMs });
    return info;
  };
}
