import type { Overview, Session, SessionDetail, SessionList, Status } from '@contract';
import type { InfiniteData, QueryClient } from '@tanstack/react-query';
import { onLive, onReconnect } from './live.ts';
import { keys } from './queries.ts';

/** Sums over a range are asked for again at most this often while events arrive. */
const sumsEveryMs = 2000;
/** The timeline of an open session likewise. */
const timelineEveryMs = 1500;
/** The senders' table and the first-event check of the welcome page. */
const sourcesEveryMs = 1000;
/** Alerts: the first event of a storm shows at once, the rest together. */
const alertsEveryMs = 1000;
/** What happened to them is a longer answer. */
const alertHistoryEveryMs = 5000;

/** Runs at once, then at most once per `everyMs`; a call in between is made up for at its end. */
export function throttle(run: () => void, everyMs: number): { call: () => void; cancel: () => void } {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let isOwed = false;
  const start = (): void => {
    run();
    timer = setTimeout(() => {
      timer = null;
      if (!isOwed) return;
      isOwed = false;
      start();
    }, everyMs);
  };
  return {
    call() {
      if (timer === null) start();
      else isOwed = true;
    },
    cancel() {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      isOwed = false;
    },
  };
}

/** The list with the changed sessions in their old places; the same object when none of them is in it. */
export function patchSessions(
  list: readonly Session[],
  changed: ReadonlyMap<string, Session>,
): readonly Session[] {
  if (!list.some((one) => changed.has(one.session_id))) return list;
  return list.map((one) => changed.get(one.session_id) ?? one);
}

/** Puts changed sessions into every cached answer that shows them. */
export function mergeSessions(client: QueryClient, sessions: readonly Session[]): void {
  const changed = new Map(sessions.map((one) => [one.session_id, one]));
  // The times of the fetch stay as they are: a patched row does not make the rest of the list any newer.
  for (const query of client.getQueryCache().findAll({ queryKey: [keys.sessions] })) {
    const updatedAt = query.state.dataUpdatedAt;
    client.setQueryData<InfiniteData<SessionList>>(query.queryKey, (data) => patchPages(data, changed), {
      updatedAt,
    });
  }
  for (const query of client.getQueryCache().findAll({ queryKey: [keys.overview] })) {
    const updatedAt = query.state.dataUpdatedAt;
    client.setQueryData<Overview>(query.queryKey, (data) => patchOverview(data, changed), { updatedAt });
  }
  for (const session of sessions) {
    const key = [keys.session, session.session_id];
    const updatedAt = client.getQueryState(key)?.dataUpdatedAt;
    client.setQueryData<SessionDetail>(key, (data) => data && { ...data, ...session }, { updatedAt });
  }
}

function patchPages(
  data: InfiniteData<SessionList> | undefined,
  changed: ReadonlyMap<string, Session>,
): InfiniteData<SessionList> | undefined {
  if (data === undefined) return undefined;
  let isChanged = false;
  const pages = data.pages.map((page) => {
    const sessions = patchSessions(page.sessions, changed);
    if (sessions === page.sessions) return page;
    isChanged = true;
    return { ...page, sessions: [...sessions] };
  });
  return isChanged ? { ...data, pages } : data;
}

function patchOverview(
  data: Overview | undefined,
  changed: ReadonlyMap<string, Session>,
): Overview | undefined {
  if (data === undefined) return undefined;
  const live = patchSessions(data.live, changed);
  return live === data.live ? data : { ...data, live: [...live] };
}

/**
 * Connects the live stream with the cache. `isEnabled` says at each event whether the page follows the present; the server's own
 * state and the senders' table are kept up to date either way. Returns the way to stop.
 */
export function followLive(client: QueryClient, isEnabled: () => boolean): () => void {
  const again = (...names: string[]): void => {
    for (const name of names) void client.invalidateQueries({ queryKey: [name] }, { cancelRefetch: false });
  };
  const sums = throttle(() => again(keys.overview, keys.usage), sumsEveryMs);
  const sources = throttle(() => again(keys.sources, keys.status), sourcesEveryMs);
  const alerts = throttle(() => again(keys.alerts), alertsEveryMs);
  const alertHistory = throttle(() => again(keys.alertHistory), alertHistoryEveryMs);
  const touched = new Set<string>();
  const timelines = throttle(() => {
    for (const id of touched) {
      void client.invalidateQueries({ queryKey: [keys.session, id] }, { cancelRefetch: false });
    }
    touched.clear();
  }, timelineEveryMs);

  const stops = [
    onLive('sessions', (event) => {
      const status = client.getQueryData<Status>([keys.status]);
      if (status !== undefined && !status.has_sessions) sources.call();
      if (!isEnabled()) return;
      mergeSessions(client, event.sessions);
      for (const one of event.sessions) {
        if (client.getQueryState([keys.session, one.session_id]) !== undefined) touched.add(one.session_id);
      }
      if (touched.size > 0) timelines.call();
      sums.call();
    }),
    onLive('sources', () => sources.call()),
    onLive('alerts', () => {
      alerts.call();
      if (isEnabled()) alertHistory.call();
    }),
    onLive('status', ({ ready, message }) => {
      client.setQueryData<Status>([keys.status], (status) => status && { ...status, ready, message });
    }),
    onReconnect(() => void client.invalidateQueries()),
  ];
  return () => {
    for (const stop of stops) stop();
    for (const one of [sums, sources, alerts, alertHistory, timelines]) one.cancel();
  };
}
