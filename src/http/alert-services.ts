import type { z } from 'zod';
import type {
  AcknowledgementJson,
  ActiveAlertJson,
  AlertDetailJson,
  AlertListJson,
  AlertMatcherJson,
  AlertStatisticsJson,
  acknowledgeBody,
  alertListQuery,
  BacktestJson,
  HistoryJson,
  historyQuery,
  OnCallJson,
  ReceiverListJson,
  RuleListJson,
  RulePreviewJson,
  RuleWhyJson,
  RunbookJson,
  RunbookListJson,
  ruleBody,
  SilenceListJson,
  SilencePreviewJson,
  TestAnswerJson,
} from '../contract/index.ts';
import type { TimeRange } from '../lib/time.ts';

/** Who does something, and when. */
export interface Act {
  /** Name for history: the key's, or what the user gave. */
  readonly actor: string;
  readonly nowMs: number;
}

export type HistorySearch = Omit<z.output<typeof historyQuery>, 'from' | 'to'> & TimeRange;
export type RuleInput = z.output<typeof ruleBody>;

export interface SilenceRequest {
  readonly id: string | undefined;
  readonly matchers: readonly AlertMatcherJson[];
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  readonly comment: string;
}

/** What the API about alerts answers from. Errors are BellwetherErrors with their status. */
export interface AlertServices {
  list(query: z.output<typeof alertListQuery>, nowMs: number): Promise<AlertListJson>;
  /** Undefined when there is no such alert now. */
  detail(fingerprint: string, nowMs: number): Promise<AlertDetailJson | undefined>;
  acknowledge(
    fingerprint: string,
    input: Pick<z.output<typeof acknowledgeBody>, 'note'> & { readonly untilMs: number | undefined },
    act: Act,
  ): Promise<AcknowledgementJson>;
  unacknowledge(fingerprint: string, act: Act): Promise<void>;
  history(search: HistorySearch): Promise<HistoryJson>;
  /** Pieces of text. */
  exportHistory(search: HistorySearch, format: 'ndjson' | 'csv'): AsyncIterable<string>;
  statistics(range: TimeRange): Promise<AlertStatisticsJson>;
  rules(nowMs: number): Promise<RuleListJson>;
  ruleWhy(id: string, nowMs: number): Promise<RuleWhyJson>;
  /** Its id, or what is wrong with it. */
  saveRule(rule: RuleInput, act: Act): Promise<string>;
  removeRule(id: string, act: Act): Promise<void>;
  previewRule(rule: RuleInput, nowMs: number): Promise<RulePreviewJson>;
  backtest(rule: RuleInput, range: TimeRange & { readonly timeZone: string }): Promise<BacktestJson>;
  silences(nowMs: number): SilenceListJson;
  saveSilence(request: SilenceRequest, act: Act): Promise<string>;
  expireSilence(id: string, act: Act): Promise<void>;
  previewSilence(matchers: readonly AlertMatcherJson[], nowMs: number): SilencePreviewJson;
  receivers(): ReceiverListJson;
  testReceiver(name: string, integration: string | undefined, act: Act): Promise<TestAnswerJson>;
  onCall(range: TimeRange, nowMs: number): OnCallJson;
  override(
    input: TimeRange & { readonly schedule: string; readonly person: string },
    act: Act,
  ): Promise<string>;
  removeOverride(id: string, act: Act): Promise<void>;
  runbooks(): Promise<RunbookListJson>;
  /** Undefined when there is none. */
  runbook(slug: string): Promise<RunbookJson | undefined>;
  /** Reads the configuration again and changes over to it, or refuses it whole. */
  reload(): Promise<void>;
}

export type { ActiveAlertJson };
