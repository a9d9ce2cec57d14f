import type { LiveEvent } from '@contract';
import { useCallback } from 'react';
import { retryDelayMs } from './backoff.ts';
import { createStore, useStore } from './external-store.ts';
import { followsNow } from './time.ts';
import { useRangeText, useSearchParams, useUrlUpdate } from './url-state.ts';

/**
 * The one stream of server-sent events of this tab. It is closed while the tab is hidden, comes back by itself with growing pauses,
 * and says when it is gone for long enough that a person should know.
 */

export type LiveType = LiveEvent['type'];
export type LiveEventOf<T extends LiveType> = Extract<LiveEvent, { type: T }>;

export interface LiveState {
  /** `idle` before the start and in a hidden tab. */
  phase: 'idle' | 'connecting' | 'open' | 'waiting';
  /** Failed attempts since the stream was last open. */
  failures: number;
  /** When the next attempt starts (epoch ms), while waiting. */
  retryAtMs: number | null;
  /** When the last event arrived (epoch ms). */
  lastEventAt: number | null;
  /** Version in the server's first greeting, and whether a later one differed: the page is then older than the server. */
  version: string | null;
  isOutdated: boolean;
  /** Connections opened so far; a second one means that events may have been missed in between. */
  opened: number;
}

const types: readonly LiveType[] = ['hello', 'sessions', 'sources', 'alerts', 'status'];

const state = createStore<LiveState>({
  phase: 'idle',
  failures: 0,
  retryAtMs: null,
  lastEventAt: null,
  version: null,
  isOutdated: false,
  opened: 0,
});

function patch(change: Partial<LiveState>): void {
  state.set({ ...state.get(), ...change });
}

type Listener = (event: LiveEvent) => void;
const listeners = new Map<LiveType, Set<Listener>>();
const reconnectListeners = new Set<() => void>();

/** Calls `listener` for every event of the type. Returns the way to stop. */
export function onLive<T extends LiveType>(type: T, listener: (event: LiveEventOf<T>) => void): () => void {
  const set = listeners.get(type) ?? new Set();
  listeners.set(type, set);
  set.add(listener as Listener);
  return () => set.delete(listener as Listener);
}

/** Calls `listener` when the stream is back after a gap, in which events were missed. */
export function onReconnect(listener: () => void): () => void {
  reconnectListeners.add(listener);
  return () => reconnectListeners.delete(listener);
}

let source: EventSource | null = null;
let retryTimer: ReturnType<typeof setTimeout> | null = null;
let isStarted = false;

function receive(type: LiveType, message: MessageEvent<string>): void {
  let event: LiveEvent;
  try {
    event = { ...(JSON.parse(message.data) as LiveEvent), type } as LiveEvent;
  } catch (error) {
    console.error('live: an event is not JSON and was skipped', error);
    return;
  }
  patch({ lastEventAt: Date.now() });
  if (event.type === 'hello') greet(event.version);
  for (const listener of [...(listeners.get(type) ?? [])]) listener(event);
}

function greet(version: string): void {
  const known = state.get().version;
  patch({ version: known ?? version, isOutdated: known !== null && known !== version });
}

function connect(): void {
  if (source !== null || !isStarted || document.visibilityState === 'hidden') return;
  clearRetry();
  patch({ phase: 'connecting', retryAtMs: null });
  const stream = new EventSource('/api/live');
  source = stream;
  for (const type of types)
    stream.addEventListener(type, (message) => receive(type, message as MessageEvent<string>));
  stream.onopen = () => {
    const isReturn = state.get().opened > 0;
    patch({ phase: 'open', failures: 0, retryAtMs: null, opened: state.get().opened + 1 });
    if (isReturn) for (const listener of [...reconnectListeners]) listener();
  };
  stream.onerror = () => {
    // EventSource gives up for good on some answers and retries too eagerly on others, so the pauses are ours.
    close();
    wait();
  };
}

function wait(): void {
  const failures = state.get().failures + 1;
  const delayMs = retryDelayMs(failures, Math.random());
  patch({ phase: 'waiting', failures, retryAtMs: Date.now() + delayMs });
  retryTimer = setTimeout(connect, delayMs);
}

function close(): void {
  source?.close();
  source = null;
}

function clearRetry(): void {
  if (retryTimer !== null) clearTimeout(retryTimer);
  retryTimer = null;
}

function onVisibility(): void {
  if (document.visibilityState !== 'hidden') {
    connect();
    return;
  }
  close();
  clearRetry();
  patch({ phase: 'idle', retryAtMs: null });
}

/** Opens the stream. Returns the way to close it. Once, in the shell. */
export function startLive(): () => void {
  isStarted = true;
  document.addEventListener('visibilitychange', onVisibility);
  connect();
  return () => {
    isStarted = false;
    document.removeEventListener('visibilitychange', onVisibility);
    close();
    clearRetry();
    patch({ phase: 'idle', failures: 0, retryAtMs: null, opened: 0 });
  };
}

/** Tries again at once; for the button of the banner. */
export function retryLive(): void {
  if (source === null) connect();
}

/** One failure is a hiccup (a restart, a laptop waking up); from the second on a person should know. */
const failuresToTell = 2;

export interface Live extends LiveState {
  connected: boolean;
  /** Lost for long enough to say so. */
  isLost: boolean;
  /** Are updates merged into what is on screen? Off by the switch, or because the range ends in the past. */
  enabled: boolean;
  /** Why not: the switch, or the range. */
  pausedBy: 'switch' | 'range' | null;
  setEnabled: (enabled: boolean) => void;
}

export function useLiveState(): LiveState {
  return useStore(state);
}

/** The switch without the stream's state: cheap for components that need not be drawn again at every event. */
export function useLiveEnabled(): Pick<Live, 'enabled' | 'pausedBy' | 'setEnabled'> {
  const { live } = useSearchParams();
  const range = useRangeText();
  const update = useUrlUpdate();
  const setEnabled = useCallback(
    (next: boolean) => update({ live: next ? null : 'off' }, { replace: true }),
    [update],
  );
  const pausedBy = live === 'off' ? 'switch' : followsNow(range) ? null : 'range';
  return { enabled: pausedBy === null, pausedBy, setEnabled };
}

export function useLive(): Live {
  const current = useStore(state);
  const live = useLiveEnabled();
  return {
    ...current,
    ...live,
    connected: current.phase === 'open',
    isLost: current.failures >= failuresToTell,
  };
}
