export {
  type Authenticator,
  type Credentials,
  createAuthenticator,
  type Principal,
} from './authenticator.ts';
export { createKeyStore, type KeyInfo, type KeyStore } from './keys.ts';
