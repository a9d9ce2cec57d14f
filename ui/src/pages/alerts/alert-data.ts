import type {
  AlertDetailJson,
  AlertListJson,
  AlertStatisticsJson,
  HistoryEventJson,
  HistoryJson,
  OnCallJson,
  ReceiverListJson,
  RuleListJson,
  RuleWhyJson,
  SilenceListJson,
} from '@contract';
import { keepPreviousData, type UseQueryResult, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import { type ApiParams, apiGet } from '../../lib/api.ts';
import { keys } from '../../lib/queries.ts';
import { toApiTime } from '../../lib/time.ts';
import { useRangeText, useRefreshInterval, useZone } from '../../lib/url-state.ts';

/** What the server knows of alerts, as hooks. Live events renew the answers; the intervals catch what has no event. */

/** The list also shows when rules were last evaluated, which no event tells. */
export const alertsEveryMs = 15_000;
const slowEveryMs = 60_000;

/** Alerts in one answer; the list says when there are more. */
export const mostAlerts = 500;

export const alertStates = ['all', 'firing', 'pending', 'resolved'] as const;
export type AlertStateFilter = (typeof alertStates)[number];

export function useAlerts(filter: { state: AlertStateFilter; q: string }): UseQueryResult<AlertListJson> {
  const { state, q } = filter;
  return useQuery({
    queryKey: [keys.alerts, 'list', state, q],
    queryFn: ({ signal }) =>
      apiGet<AlertListJson>('/api/alerts', { state, q, limit: mostAlerts }, { signal }),
    placeholderData: keepPreviousData,
    refetchInterval: alertsEveryMs,
  });
}

export function useAlertDetail(fingerprint: string): UseQueryResult<AlertDetailJson> {
  return useQuery({
    queryKey: [keys.alerts, 'detail', fingerprint],
    queryFn: ({ signal }) =>
      apiGet<AlertDetailJson>(`/api/alerts/${encodeURIComponent(fingerprint)}`, {}, { signal }),
    enabled: fingerprint !== '',
    refetchInterval: alertsEveryMs,
  });
}

export function useRules(): UseQueryResult<RuleListJson> {
  return useQuery({
    queryKey: [keys.alerts, 'rules'],
    queryFn: ({ signal }) => apiGet<RuleListJson>('/api/rules', {}, { signal }),
    refetchInterval: alertsEveryMs,
  });
}

export function useRuleWhy(ruleId: string): UseQueryResult<RuleWhyJson> {
  return useQuery({
    queryKey: [keys.alerts, 'rule', ruleId],
    queryFn: ({ signal }) =>
      apiGet<RuleWhyJson>(`/api/rules/${encodeURIComponent(ruleId)}/why`, {}, { signal }),
    enabled: ruleId !== '',
    refetchInterval: alertsEveryMs,
  });
}

export function useSilences(): UseQueryResult<SilenceListJson> {
  return useQuery({
    queryKey: [keys.alerts, 'silences'],
    queryFn: ({ signal }) => apiGet<SilenceListJson>('/api/silences', {}, { signal }),
    refetchInterval: slowEveryMs,
  });
}

export function useReceivers(): UseQueryResult<ReceiverListJson> {
  return useQuery({
    queryKey: [keys.alerts, 'receivers'],
    queryFn: ({ signal }) => apiGet<ReceiverListJson>('/api/receivers', {}, { signal }),
    refetchInterval: slowEveryMs,
  });
}

/** Shifts are shown this far ahead. */
export const onCallDays = 14;

/** From the beginning of this day of the zone, two weeks. */
export function useOnCall(fromMs: number): UseQueryResult<OnCallJson> {
  const from = new Date(fromMs).toISOString();
  const to = new Date(fromMs + onCallDays * 86_400_000).toISOString();
  return useQuery({
    queryKey: [keys.alerts, 'on-call', from],
    queryFn: ({ signal }) => apiGet<OnCallJson>('/api/on-call', { from, to }, { signal }),
    placeholderData: keepPreviousData,
    refetchInterval: slowEveryMs,
  });
}

export interface HistoryFilter {
  /** Comma-separated; empty for all. */
  kinds?: string;
  q?: string;
  fingerprint?: string;
  rule_id?: string;
}

/** The page's range and a filter as the server reads them. */
export function useHistoryParams(filter: HistoryFilter): ApiParams {
  const { from, to } = useRangeText();
  const zone = useZone();
  const { kinds, q, fingerprint, rule_id } = filter;
  return useMemo(() => {
    const now = Date.now();
    return {
      ...{ from: toApiTime(from, now, zone), to: toApiTime(to, now, zone) },
      ...{ kinds, q, fingerprint, rule_id },
    };
  }, [from, to, zone, kinds, q, fingerprint, rule_id]);
}

const historyPage = 200;

export interface HistoryRows {
  events: readonly HistoryEventJson[];
  isPending: boolean;
  isPlaceholder: boolean;
  error: Error | null;
  refetch: () => void;
  hasMore: boolean;
  isLoadingMore: boolean;
  loadMore: () => void;
}

export function useHistory(params: ApiParams): HistoryRows {
  const { everyMs } = useRefreshInterval();
  const query = useInfiniteQuery({
    queryKey: [keys.alertHistory, 'events', params],
    queryFn: ({ signal, pageParam }) =>
      apiGet<HistoryJson>(
        '/api/alert-history',
        { ...params, limit: historyPage, cursor: pageParam },
        { signal },
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
    refetchInterval: everyMs,
  });
  const events = useMemo(
    () => distinct(query.data?.pages.flatMap((page) => page.events) ?? []),
    [query.data],
  );
  const { fetchNextPage, refetch } = query;
  return {
    events,
    isPending: query.isPending,
    isPlaceholder: query.isPlaceholderData,
    error: query.error,
    refetch: useCallback(() => void refetch(), [refetch]),
    hasMore: query.hasNextPage,
    isLoadingMore: query.isFetchingNextPage,
    loadMore: useCallback(() => void fetchNextPage({ cancelRefetch: false }), [fetchNextPage]),
  };
}

/** Pages can overlap when something happens between two requests; each event is shown once. */
function distinct(events: readonly HistoryEventJson[]): readonly HistoryEventJson[] {
  return [...new Map(events.map((event) => [event.id, event])).values()];
}

export function useStatistics(): UseQueryResult<AlertStatisticsJson> {
  const { from, to } = useHistoryParams({});
  const { everyMs } = useRefreshInterval();
  return useQuery({
    queryKey: [keys.alertHistory, 'statistics', from, to],
    queryFn: ({ signal }) => apiGet<AlertStatisticsJson>('/api/alert-statistics', { from, to }, { signal }),
    placeholderData: keepPreviousData,
    refetchInterval: everyMs,
  });
}
