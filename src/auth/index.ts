export { cachedFind } from './cached-find.ts';
export { createKeyStore, type KeyInfo, type KeyStore } from './keys.ts';
