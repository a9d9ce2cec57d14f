const HIDDEN = '<secret>';
const SECRET_KEY = /password|secret|token|credentials|bearer|^authorization$/i;
/** A name and a password in a URL. */
const USER_INFO = /(:\/\/[^/@\s:]*):[^/@\s]+@/g;

/**
 * A configuration to be shown: everything whose key sounds like a secret is hidden, also in the parts that are written in Prometheus's
 * language, and so are passwords in URLs. Names of files with secrets stay.
 */
export function withoutSecrets(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(USER_INFO, `$1:${HIDDEN}@`);
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const isSecret = SECRET_KEY.test(key) && !key.endsWith('_file') && typeof inner === 'string';
      return [key, isSecret ? HIDDEN : withoutSecrets(inner)];
    }),
  );
}
