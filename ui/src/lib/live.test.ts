import { cleanup, renderHook } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { onLive, onReconnect, retryLive, startLive, useLiveState } from './live.ts';

/** Stands in for the browser's EventSource; a test plays the server. */
class FakeSource extends EventTarget {
  static all: FakeSource[] = [];
  static get open(): FakeSource[] {
    return FakeSource.all.filter((one) => !one.isClosed);
  }
  isClosed = false;
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  readonly url: string;
  constructor(url: string) {
    super();
    this.url = url;
    FakeSource.all.push(this);
  }
  close(): void {
    this.isClosed = true;
  }
  send(type: string, data: string): void {
    this.dispatchEvent(new MessageEvent(type, { data }));
  }
}

let visibility = 'visible';
let stop = (): void => {};
const stateNow = () => renderHook(() => useLiveState()).result.current;
const only = (): FakeSource => {
  expect(FakeSource.open).toHaveLength(1);
  return FakeSource.open[0]!;
};
const setVisibility = (value: string): void => {
  visibility = value;
  document.dispatchEvent(new Event('visibilitychange'));
};

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0);
  vi.stubGlobal('EventSource', FakeSource);
  visibility = 'visible';
  vi.spyOn(document, 'visibilityState', 'get').mockImplementation(
    () => visibility as DocumentVisibilityState,
  );
  FakeSource.all = [];
  stop = startLive();
});

afterEach(() => {
  stop();
  cleanup();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test('one stream, its events go to those who asked for them', () => {
  const sources = vi.fn();
  const forget = onLive('sources', sources);
  expect(only().url).toBe('/api/live');
  only().onopen?.();
  only().send('sources', '{"at":"2026-11-20T14:00:00.000Z"}');
  only().send('status', '{"ready":true,"message":""}');
  expect(sources.mock.calls).toEqual([[{ type: 'sources', at: '2026-11-20T14:00:00.000Z' }]]);
  forget();
  only().send('sources', '{"at":"2026-11-20T14:00:01.000Z"}');
  expect(sources).toHaveBeenCalledTimes(1);
});

test('an event that is not JSON is told and skipped', () => {
  const told = vi.spyOn(console, 'error').mockImplementation(() => {});
  const sources = vi.fn();
  const forget = onLive('sources', sources);
  only().send('sources', '{');
  expect(sources).not.toHaveBeenCalled();
  expect(told).toHaveBeenCalledTimes(1);
  forget();
});

test('a lost stream is opened again after growing pauses, and those who missed events are told', () => {
  const missed = vi.fn();
  const forget = onReconnect(missed);
  only().onopen?.();
  only().onerror?.();
  expect(FakeSource.open).toHaveLength(0);
  expect(stateNow()).toMatchObject({ phase: 'waiting', failures: 1 });
  vi.advanceTimersByTime(1000);
  only().onerror?.();
  vi.advanceTimersByTime(1999);
  expect(FakeSource.open).toHaveLength(0);
  vi.advanceTimersByTime(1);
  only().onopen?.();
  expect(missed).toHaveBeenCalledTimes(1);
  expect(stateNow()).toMatchObject({ phase: 'open', failures: 0 });
  forget();
});

test('a hidden tab holds no connection and tries none', () => {
  only().onopen?.();
  setVisibility('hidden');
  expect(FakeSource.open).toHaveLength(0);
  vi.advanceTimersByTime(600_000);
  expect(FakeSource.open).toHaveLength(0);
  setVisibility('visible');
  expect(only()).toBeDefined();
});

test('a person can try at once, and never opens a second stream', () => {
  only().onerror?.();
  retryLive();
  expect(only()).toBeDefined();
  retryLive();
  vi.advanceTimersByTime(60_000);
  expect(only()).toBeDefined();
});

test('another version in a later greeting means that this page is old', () => {
  only().send('hello', '{"version":"1.0.0","at":"2026-11-20T14:00:00.000Z"}');
  expect(stateNow().isOutdated).toBe(false);
  only().send('hello', '{"version":"1.1.0","at":"2026-11-20T14:01:00.000Z"}');
  expect(stateNow().isOutdated).toBe(true);
});
