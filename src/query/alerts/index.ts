import type { AlertStatisticsJson, HistoryEventJson, HistoryJson } from '../../contract/index.ts';
import type { AlertHistoryReader } from './event-rows.ts';
import { exportHistory, type HistoryExportFormat } from './export.ts';
import { type HistoryFilter, type HistoryQuery, readHistory, readTimeline } from './history.ts';
import { readStatistics, type StatisticsQuery } from './statistics.ts';

export type { AlertHistoryReader } from './event-rows.ts';
export type { HistoryExportFormat } from './export.ts';
export type { HistoryFilter, HistoryQuery } from './history.ts';
export type { StatisticsQuery } from './statistics.ts';

/**
 * The history of alerts, read from the store. Times in queries are as in the contract; every method throws the store's errors, and
 * BellwetherError 400 (`bad_time`, `bad_range`, `bad_cursor`, `bad_kind`, `bad_time_zone`) for parameters it cannot use.
 */
export interface AlertHistoryQueries {
  /** A page of events, newest first. */
  history(query: HistoryQuery, nowMs: number): Promise<HistoryJson>;
  /** The newest events of one alert, newest first. */
  timeline(fingerprint: string, limit: number): Promise<HistoryEventJson[]>;
  /** All events of a range as text, piece by piece. */
  export(filter: HistoryFilter, format: HistoryExportFormat, nowMs: number): AsyncIterable<string>;
  statistics(query: StatisticsQuery, nowMs: number): Promise<AlertStatisticsJson>;
}

export function createAlertHistoryQueries(reader: AlertHistoryReader): AlertHistoryQueries {
  return {
    history: (query, nowMs) => readHistory(reader, query, nowMs),
    timeline: (fingerprint, limit) => readTimeline(reader, fingerprint, limit),
    export: (filter, format, nowMs) => exportHistory(reader, { filter, format, nowMs }),
    statistics: (query, nowMs) => readStatistics(reader, query, nowMs),
  };
}
