import { useCallback, useSyncExternalStore } from 'react';

/** One timer per step, however many components show an age; no timer runs in a hidden tab. */
interface Ticker {
  nowMs: number;
  listeners: Set<() => void>;
  timer: ReturnType<typeof setInterval> | null;
}

const tickers = new Map<number, Ticker>();

function tickerFor(stepMs: number): Ticker {
  let ticker = tickers.get(stepMs);
  if (ticker === undefined) {
    ticker = { nowMs: Date.now(), listeners: new Set(), timer: null };
    tickers.set(stepMs, ticker);
  }
  return ticker;
}

function advance(ticker: Ticker): void {
  ticker.nowMs = Date.now();
  for (const listener of [...ticker.listeners]) listener();
}

function arrange(ticker: Ticker, stepMs: number): void {
  const shouldRun = ticker.listeners.size > 0 && document.visibilityState !== 'hidden';
  if (shouldRun && ticker.timer === null) ticker.timer = setInterval(() => advance(ticker), stepMs);
  if (!shouldRun && ticker.timer !== null) {
    clearInterval(ticker.timer);
    ticker.timer = null;
  }
}

if (typeof document !== 'undefined') {
  document.addEventListener('visibilitychange', () => {
    for (const [stepMs, ticker] of tickers) {
      arrange(ticker, stepMs);
      if (document.visibilityState === 'visible' && ticker.listeners.size > 0) advance(ticker);
    }
  });
}

/** Moves every clock to the present at once: after "refresh", ages and ranges are those of the new data. */
export function bumpClocks(): void {
  for (const ticker of tickers.values()) advance(ticker);
}

/** The present in epoch milliseconds, renewed every `stepMs`. */
export function useNow(stepMs = 1000): number {
  // The same function at every render: a new one would make React subscribe anew, and each time with another present.
  const subscribe = useCallback((listener: () => void) => follow(stepMs, listener), [stepMs]);
  return useSyncExternalStore(subscribe, () => tickerFor(stepMs).nowMs);
}

function follow(stepMs: number, listener: () => void): () => void {
  const ticker = tickerFor(stepMs);
  // The first follower after a pause finds a clock that stood still.
  if (ticker.listeners.size === 0 && Date.now() - ticker.nowMs >= stepMs) ticker.nowMs = Date.now();
  ticker.listeners.add(listener);
  arrange(ticker, stepMs);
  return () => {
    ticker.listeners.delete(listener);
    arrange(ticker, stepMs);
  };
}
