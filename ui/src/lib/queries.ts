import type {
  Onboarding,
  Overview,
  Session,
  SessionDetail,
  SessionList,
  SourceList,
  Status,
  Usage,
  UsageGroupBy,
} from '@contract';
import {
  type InfiniteData,
  keepPreviousData,
  QueryClient,
  type UseQueryResult,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { ApiError, apiGet } from './api.ts';
import { bumpClocks, useNow } from './clock.ts';
import { onLive, useLiveEnabled } from './live.ts';
import { type RangeText, toApiTime, type Zone } from './time.ts';
import { useRangeText, useRefreshInterval, useZone } from './url-state.ts';

/**
 * What the server knows, as hooks. Every hook keeps the previous answer on screen while a new one loads, cancels a request that
 * nobody waits for any more, and never asks from a hidden tab. Ranges come from the URL unless they are given.
 */

/** Expected refusals are not worth repeating; a server that is starting or restarting is. */
function shouldRetry(failures: number, error: unknown): boolean {
  const status = error instanceof ApiError ? error.status : 0;
  return failures < 2 && (status === 0 || status === 502 || status === 503 || status === 504);
}

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        gcTime: 5 * 60_000,
        retry: shouldRetry,
        retryDelay: (attempt) => Math.min(500 * 2 ** attempt, 4000),
        refetchOnWindowFocus: true,
        // Without it a query would wait for an "online" event that a server on loopback never causes.
        networkMode: 'always',
      },
    },
  });
}

/** First parts of the query keys; live updates find the cached answers by them. */
export const keys = {
  status: 'status',
  overview: 'overview',
  sessions: 'sessions',
  session: 'session',
  usage: 'usage',
  sources: 'sources',
  onboarding: 'onboarding',
  health: 'health',
  alerts: 'alerts',
  alertHistory: 'alert-history',
} as const;

function apiRange(range: RangeText, zone: Zone): RangeText {
  const now = Date.now();
  return { from: toApiTime(range.from, now, zone), to: toApiTime(range.to, now, zone) };
}

/** What the shell needs first. Asked again soon while the server is not ready. */
export function useStatus(): UseQueryResult<Status> {
  return useQuery({
    queryKey: [keys.status],
    queryFn: ({ signal }) => apiGet<Status>('/api/status', {}, { signal }),
    staleTime: 30_000,
    refetchInterval: (query) =>
      query.state.data?.ready === false || query.state.status === 'error' ? 2000 : 60_000,
  });
}

export function useOverview(range?: RangeText): UseQueryResult<Overview> {
  const { text, zone, everyMs } = useRangeOf(range);
  return useQuery({
    queryKey: [keys.overview, text.from, text.to, zone],
    queryFn: ({ signal }) => apiGet<Overview>('/api/overview', { ...apiRange(text, zone) }, { signal }),
    placeholderData: keepPreviousData,
    refetchInterval: everyMs,
  });
}

export interface UsageParams {
  group_by?: UsageGroupBy;
  range?: RangeText;
}

export function useUsage(params: UsageParams = {}): UseQueryResult<Usage> {
  const { text, zone, everyMs } = useRangeOf(params.range);
  const groupBy = params.group_by ?? 'model';
  return useQuery({
    queryKey: [keys.usage, groupBy, text.from, text.to, zone],
    queryFn: ({ signal }) =>
      apiGet<Usage>('/api/usage', { ...apiRange(text, zone), group_by: groupBy }, { signal }),
    placeholderData: keepPreviousData,
    refetchInterval: everyMs,
  });
}

/** One session with its timeline. Live updates patch its figures at once and fetch the timeline anew. */
export function useSession(sessionId: string): UseQueryResult<SessionDetail> {
  return useQuery({
    queryKey: [keys.session, sessionId],
    queryFn: ({ signal }) =>
      apiGet<SessionDetail>(`/api/agents/sessions/${encodeURIComponent(sessionId)}`, {}, { signal }),
    enabled: sessionId !== '',
  });
}

export function useSources(): UseQueryResult<SourceList> {
  return useQuery({
    queryKey: [keys.sources],
    queryFn: ({ signal }) => apiGet<SourceList>('/api/sources', {}, { signal }),
    refetchInterval: 15_000,
  });
}

export function useOnboarding(): UseQueryResult<Onboarding> {
  return useQuery({
    queryKey: [keys.onboarding],
    queryFn: ({ signal }) => apiGet<Onboarding>('/api/onboarding', {}, { signal }),
    staleTime: 5 * 60_000,
  });
}

export interface SessionsParams {
  q?: string;
  /** Page size; the server allows 1 to 500. */
  limit?: number;
  range?: RangeText;
}

export interface Sessions {
  /** Every page fetched so far, newest first. Rows keep their place while live updates change their figures. */
  sessions: readonly Session[];
  hasMore: boolean;
  loadMore: () => void;
  isLoadingMore: boolean;
  /** Nothing to show yet. */
  isPending: boolean;
  isFetching: boolean;
  /** The rows shown belong to the filters before; new ones are on their way. */
  isPlaceholder: boolean;
  error: Error | null;
  /** When the rows were fetched (epoch ms), 0 before. */
  updatedAt: number;
  refetch: () => void;
  /** Sessions that began since and match the filter, not yet in the rows: for a "3 new" pill. */
  newCount: number;
  /** Fetches them in. */
  showNew: () => void;
}

const defaultPageSize = 100;

export function useSessions(params: SessionsParams = {}): Sessions {
  const { text, zone, refreshMs } = useRangeOf(params.range);
  const q = params.q?.trim() ?? '';
  const limit = params.limit ?? defaultPageSize;
  const queryKey = useMemo(() => [keys.sessions, q, limit, text.from, text.to, zone], [q, limit, text, zone]);
  const query = useInfiniteQuery({
    queryKey,
    queryFn: ({ signal, pageParam }) =>
      apiGet<SessionList>(
        '/api/agents/sessions',
        { ...apiRange(text, zone), q, limit, cursor: pageParam },
        { signal },
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
    refetchInterval: refreshMs,
  });
  const sessions = useMemo(() => flatten(query.data), [query.data]);
  const newCount = useNewSessions({
    rows: sessions,
    hasMore: query.hasNextPage,
    q,
    updatedAt: query.dataUpdatedAt,
  });
  const { fetchNextPage, refetch } = query;
  const loadMore = useCallback(() => void fetchNextPage({ cancelRefetch: false }), [fetchNextPage]);
  const again = useCallback(() => void refetch(), [refetch]);
  // A pill keeps rows from moving under the reader's eyes; with no rows there is nothing to move.
  const isEmptyWithNew = query.isSuccess && sessions.length === 0 && newCount > 0;
  useEffect(() => {
    if (isEmptyWithNew) again();
  }, [isEmptyWithNew, again]);
  return {
    sessions,
    hasMore: query.hasNextPage,
    loadMore,
    isLoadingMore: query.isFetchingNextPage,
    isPending: query.isPending,
    isFetching: query.isFetching,
    isPlaceholder: query.isPlaceholderData,
    error: query.error,
    updatedAt: query.dataUpdatedAt,
    refetch: again,
    newCount,
    showNew: again,
  };
}

/** Pages can overlap when a session moves between two requests; each is shown once. */
function flatten(data: InfiniteData<SessionList> | undefined): readonly Session[] {
  const byId = new Map<string, Session>();
  for (const page of data?.pages ?? []) {
    for (const one of page.sessions) if (!byId.has(one.session_id)) byId.set(one.session_id, one);
  }
  return [...byId.values()];
}

/** Counting stops here: the pill then says "500+", and memory stays bounded in a tab left open for weeks. */
export const mostNewSessions = 500;

/** Sessions of live events since a list was fetched: id to start. */
interface Seen {
  updatedAt: number;
  q: string;
  starts: ReadonlyMap<string, string>;
}

const noneSeen: Seen = { updatedAt: 0, q: '', starts: new Map() };

function useNewSessions(list: {
  rows: readonly Session[];
  hasMore: boolean;
  q: string;
  updatedAt: number;
}): number {
  const { rows, hasMore, q, updatedAt } = list;
  const { enabled } = useLiveEnabled();
  const [seen, setSeen] = useState(noneSeen);
  useEffect(() => {
    if (!enabled) return;
    return onLive('sessions', (event) => {
      const matching = event.sessions.filter((one) => matchesText(one, q));
      setSeen((before) => remember(before, { q, updatedAt }, matching));
    });
  }, [enabled, q, updatedAt]);
  return useMemo(() => {
    if (updatedAt === 0 || seen.q !== q || seen.updatedAt !== updatedAt) return 0;
    return countNew(rows, hasMore, seen.starts);
  }, [seen, rows, hasMore, q, updatedAt]);
}

function remember(before: Seen, list: { q: string; updatedAt: number }, sessions: readonly Session[]): Seen {
  const isSameList = before.updatedAt === list.updatedAt && before.q === list.q;
  const starts = new Map(isSameList ? before.starts : []);
  for (const one of sessions) if (starts.size < mostNewSessions) starts.set(one.session_id, one.started_at);
  return { ...list, starts };
}

/**
 * How many of the sessions seen are missing in the rows because they are new. One that is merely further down, on a page not yet
 * fetched, began before the newest row did. Moments are RFC 3339 in UTC with milliseconds, so they compare as text.
 */
export function countNew(
  rows: readonly Session[],
  hasMore: boolean,
  starts: ReadonlyMap<string, string>,
): number {
  const shown = new Set(rows.map((one) => one.session_id));
  // biome-ignore lint/complexity/useMathMinMax: these are texts
  const newest = rows.reduce((latest, one) => (one.started_at > latest ? one.started_at : latest), '');
  let count = 0;
  for (const [id, startedAt] of starts) if (!shown.has(id) && (!hasMore || startedAt > newest)) count += 1;
  return count;
}

/** The server's filter, for rows that did not come through it: part of id, user, model or client; case does not matter. */
export function matchesText(session: Session, q: string): boolean {
  const wanted = q.trim().toLowerCase();
  if (wanted === '') return true;
  const texts = [session.session_id, session.user, session.client, ...session.models];
  return texts.some((text) => text.toLowerCase().includes(wanted));
}

interface RangeOf {
  text: RangeText;
  zone: Zone;
  /** For figures over the whole range. */
  everyMs: number | false;
  /** Only an interval that the user chose: lists are patched by live events and need no other. */
  refreshMs: number | false;
}

function useRangeOf(range: RangeText | undefined): RangeOf {
  const fromUrl = useRangeText();
  const zone = useZone();
  const refresh = useRefreshInterval();
  const { enabled } = useLiveEnabled();
  const isChosen = !enabled || refresh.choice !== '1m';
  return {
    text: range ?? fromUrl,
    zone,
    everyMs: refresh.everyMs,
    refreshMs: isChosen ? refresh.everyMs : false,
  };
}

export interface Freshness {
  /** Since the data on screen was fetched; null before the first answer. */
  ageMs: number | null;
  /** Older than two refreshes: show the age. */
  isOld: boolean;
}

/** The age of what a panel shows. */
export function useFreshness(updatedAt: number): Freshness {
  const now = useNow(5000);
  const { everyMs } = useRefreshInterval();
  if (updatedAt === 0) return { ageMs: null, isOld: false };
  const ageMs = Math.max(0, now - updatedAt);
  return { ageMs, isOld: everyMs !== false && ageMs > 2 * everyMs + 5000 };
}

/** Asks for everything on screen again and moves relative ranges to the present. */
export function useRefresh(): () => void {
  const client = useQueryClient();
  return useCallback(() => {
    bumpClocks();
    void client.invalidateQueries({ refetchType: 'active' });
  }, [client]);
}
