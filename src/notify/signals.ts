/** A signal that depends on others. */
export interface LinkedSignal {
  readonly signal: AbortSignal;
  /** Ends the dependency; otherwise signals that live long collect listeners. */
  unlink(): void;
}

/** Aborts as soon as one of them does. */
export function abortWithAny(...signals: readonly AbortSignal[]): LinkedSignal {
  return link(signals, (aborted) => aborted > 0);
}

/** Aborts as soon as all of them have. */
export function abortWithAll(signals: readonly AbortSignal[]): LinkedSignal {
  return link(signals, (aborted) => aborted === signals.length);
}

function link(signals: readonly AbortSignal[], isEnough: (aborted: number) => boolean): LinkedSignal {
  const abort = new AbortController();
  const check = () => {
    if (isEnough(signals.filter(({ aborted }) => aborted).length)) abort.abort();
  };
  for (const signal of signals) signal.addEventListener('abort', check, { once: true });
  check();
  return {
    signal: abort.signal,
    unlink: () => {
      for (const signal of signals) signal.removeEventListener('abort', check);
    },
  };
}
