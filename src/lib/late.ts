import { BellwetherError } from './errors.ts';

/** An object that others may hold before it is there. */
export interface Late<T extends object> {
  /** Every method throws `starting` (503) until the object is there. */
  readonly value: T;
  bind(real: T): void;
  readonly isBound: boolean;
}

/**
 * For parts that need each other: whoever is made first gets the other one late. Only methods can be used.
 *
 * @param name what is missing, in messages.
 */
export function late<T extends object>(name: string): Late<T> {
  let real: T | undefined;
  const value = new Proxy({} as T, {
    get(_target, key) {
      // Whoever awaits it must not take it for a promise.
      if (key === 'then') return undefined;
      if (real === undefined) return () => notYet(name);
      const found: unknown = Reflect.get(real, key);
      return typeof found === 'function' ? found.bind(real) : found;
    },
  });
  return {
    value,
    bind(object) {
      real = object;
    },
    get isBound() {
      return real !== undefined;
    },
  };
}

function notYet(name: string): never {
  throw new BellwetherError({
    code: 'starting',
    status: 503,
    retryAfterS: 1,
    message: `${name} is not ready yet: the server is starting`,
  });
}
