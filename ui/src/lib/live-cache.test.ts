import type { Session, SessionList } from '@contract';
import type { InfiniteData } from '@tanstack/react-query';
import { QueryClient } from '@tanstack/react-query';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { retryDelayMs } from './backoff.ts';
import { mergeSessions, throttle } from './live-cache.ts';
import { countNew, keys, matchesText } from './queries.ts';

const session = (id: string, fields: Partial<Session> = {}): Session =>
  ({
    session_id: id,
    client: 'claude-code',
    user: 'ada@example.com',
    models: ['claude-opus-4-6'],
    started_at: '2026-11-20T10:00:00.000Z',
    cost_usd: 1,
    ...fields,
  }) as Session;

describe('merging live sessions', () => {
  test('patches a row in its place and touches nothing else', () => {
    const client = new QueryClient();
    const data: InfiniteData<SessionList> = {
      pages: [
        { sessions: [session('a'), session('b')], next_cursor: 'x' },
        { sessions: [session('c')], next_cursor: null },
      ],
      pageParams: [null, 'x'],
    };
    const key = [keys.sessions, '', 100, 'now-24h', 'now', 'UTC'];
    client.setQueryData(key, data, { updatedAt: 1000 });
    mergeSessions(client, [session('b', { cost_usd: 2 }), session('new')]);
    const after = client.getQueryData<InfiniteData<SessionList>>(key);
    expect(after?.pages[0]?.sessions.map((one) => [one.session_id, one.cost_usd])).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect(after?.pages[1]).toBe(data.pages[1]);
    expect(client.getQueryState(key)?.dataUpdatedAt).toBe(1000);
  });

  test('patches the figures of an open session and keeps its timeline', () => {
    const client = new QueryClient();
    client.setQueryData([keys.session, 'a'], { ...session('a'), timeline: [{ id: 'e1' }] });
    mergeSessions(client, [session('a', { cost_usd: 9 }), session('z')]);
    expect(client.getQueryData([keys.session, 'a'])).toMatchObject({ cost_usd: 9, timeline: [{ id: 'e1' }] });
    expect(client.getQueryData([keys.session, 'z'])).toBeUndefined();
  });
});

describe('the pill of new sessions', () => {
  const rows = [
    session('a', { started_at: '2026-11-20T10:00:00.000Z' }),
    session('b', { started_at: '2026-11-20T09:00:00.000Z' }),
  ];
  const starts = new Map([
    ['a', '2026-11-20T10:00:00.000Z'],
    ['old', '2026-11-20T08:00:00.000Z'],
    ['new', '2026-11-20T10:00:01.000Z'],
  ]);

  test('does not count what is only further down', () => expect(countNew(rows, true, starts)).toBe(1));
  test('counts everything missing in a complete list', () => expect(countNew(rows, false, starts)).toBe(2));

  test('knows the filter of the server', () => {
    const one = session('ABC-1');
    expect(['abc', 'ADA@', 'opus', 'claude-code', ' '].every((q) => matchesText(one, q))).toBe(true);
    expect(matchesText(one, 'sonnet')).toBe(false);
  });
});

describe('throttle', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('runs at once, then once per interval however often it is called, and the last call is not lost', () => {
    const run = vi.fn();
    const { call } = throttle(run, 1000);
    call();
    expect(run).toHaveBeenCalledTimes(1);
    for (let index = 0; index < 50; index += 1) call();
    expect(run).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(1000);
    expect(run).toHaveBeenCalledTimes(2);
    vi.advanceTimersByTime(5000);
    expect(run).toHaveBeenCalledTimes(2);
    call();
    expect(run).toHaveBeenCalledTimes(3);
  });

  test('a cancelled one runs no more', () => {
    const run = vi.fn();
    const { call, cancel } = throttle(run, 1000);
    call();
    call();
    cancel();
    vi.advanceTimersByTime(5000);
    expect(run).toHaveBeenCalledTimes(1);
  });
});

test('pauses between attempts grow to a bound and are spread', () => {
  expect([1, 2, 3, 4, 5, 6, 50].map((attempt) => retryDelayMs(attempt, 0))).toEqual([
    1000, 2000, 4000, 8000, 16_000, 30_000, 30_000,
  ]);
  expect(retryDelayMs(6, 0.999)).toBeGreaterThanOrEqual(15_000);
});
