import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { fakeNowMs, fakeSession } from './fakes.ts';
import { createLiveHub, type LiveBounds } from './live.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** As much of a response as the hub uses. */
class FakeResponse {
  text = '';
  writableLength = 0;
  isEnded = false;
  isDestroyed = false;
  #onClose = () => {};

  writeHead(): void {}
  write(text: string): void {
    this.text += text;
  }
  end(text: string): void {
    this.text += text;
    this.isEnded = true;
  }
  destroy(): void {
    this.isDestroyed = true;
    this.#onClose();
  }
  once(_event: 'close', listener: () => void): void {
    this.#onClose = listener;
  }
  events(): string[] {
    return [...this.text.matchAll(/^event: (\w+)$/gm)].map((match) => match[1]!);
  }
}

function hubWith(bounds: Partial<LiveBounds> = {}) {
  const loadSessions = vi.fn(async (ids: readonly string[]) => ids.map(fakeSession));
  const hub = createLiveHub({ version: '1.0.0', clock: () => fakeNowMs, loadSessions, bounds });
  const enter = () => {
    const response = new FakeResponse();
    hub.attach(response as unknown as ServerResponse);
    return response;
  };
  return { hub, loadSessions, enter };
}

test('touches are gathered and loaded in one query', async () => {
  const { hub, loadSessions, enter } = hubWith();
  const [first, second] = [enter(), enter()];
  hub.touch(['a', 'b']);
  await vi.advanceTimersByTimeAsync(200);
  hub.touch(['a', 'c']);
  await vi.advanceTimersByTimeAsync(100);
  expect(loadSessions.mock.calls).toEqual([[['a', 'b', 'c']]]);
  expect(first.events()).toEqual(['hello', 'status', 'sessions']);
  expect(second.text).toBe(first.text);
});

test('nobody listens: nothing is asked', async () => {
  const { hub, loadSessions, enter } = hubWith();
  hub.touch(['a']);
  await vi.advanceTimersByTimeAsync(5_000);
  const response = enter();
  hub.touch(['b']);
  response.destroy();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(loadSessions).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});

test('many touches become several queries, one after the other, and too many are counted', async () => {
  const { hub, loadSessions, enter } = hubWith({ maxPerLoad: 2, maxPending: 3 });
  enter();
  hub.touch(['a', 'b', 'c', 'd']);
  expect(hub.droppedTouches).toBe(1);
  await vi.advanceTimersByTimeAsync(300);
  expect(loadSessions.mock.calls).toEqual([[['a', 'b']]]);
  await vi.advanceTimersByTimeAsync(300);
  expect(loadSessions.mock.calls[1]).toEqual([['c']]);
});

test('a query that fails is tried again', async () => {
  const { hub, loadSessions, enter } = hubWith();
  const response = enter();
  loadSessions.mockRejectedValueOnce(new Error('engine restarts'));
  hub.touch(['a']);
  await vi.advanceTimersByTimeAsync(300);
  expect(response.events()).not.toContain('sessions');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(response.events()).toContain('sessions');
});

test('a client that reads too slowly is cut off and told to come back later', async () => {
  const { hub, enter } = hubWith({ maxQueueBytes: 1000 });
  const [slow, quick] = [enter(), enter()];
  slow.writableLength = 1001;
  hub.setStatus({ ready: false, message: 'engine restarts' });
  expect(slow.isEnded).toBe(true);
  expect(slow.text).toMatch(/retry: 10000\n\n$/);
  expect(quick.events()).toEqual(['hello', 'status', 'status']);
  expect(hub.clients).toBe(1);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(slow.isDestroyed).toBe(true);
});

test('a heartbeat keeps the connection alive, and ends with the last client', async () => {
  const { enter } = hubWith();
  const response = enter();
  await vi.advanceTimersByTimeAsync(15_000);
  expect(response.text).toMatch(/: still here\n\n$/);
  response.destroy();
  expect(vi.getTimerCount()).toBe(0);
});

test('a stream ends after its time, so that revoked access ends too', async () => {
  const { hub, enter } = hubWith({ maxAgeMs: 1_000 });
  const response = enter();
  await vi.advanceTimersByTimeAsync(1_000);
  expect([response.isEnded, hub.clients]).toEqual([true, 0]);
});

test('there is a bound on streams', () => {
  const { hub, enter } = hubWith({ maxClients: 1 });
  hub.checkRoom();
  enter();
  expect(() => hub.checkRoom()).toThrow(expect.objectContaining({ status: 503, code: 'too_many_streams' }));
});

test('changed sources are told once in a while, the same status not twice', async () => {
  const { hub, enter } = hubWith();
  const response = enter();
  for (let i = 0; i < 10; i++) hub.sourcesChanged();
  hub.setStatus({ ready: true, message: '' });
  await vi.advanceTimersByTimeAsync(300);
  expect(response.events()).toEqual(['hello', 'status', 'sources']);
});
