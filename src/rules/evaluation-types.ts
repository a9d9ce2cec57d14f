import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Labels } from '../model/labels.ts';
import type { NativeHistogram } from '../model/native-histogram.ts';
import type { VectorSample } from '../promql/index.ts';
import type { AlertState } from './alert-state.ts';
import type { RuleEvaluator } from './languages.ts';
import type { Rule, RuleSample } from './rule-types.ts';

/** An alert on its way to whoever routes it. */
export interface RuleAlert {
  /** The alert's labels, and external labels it does not have itself. */
  readonly labels: Labels;
  readonly annotations: Labels;
  /** When it fired. */
  readonly startsAtMs: number;
  /** When it was resolved; of a firing alert the moment from which it counts as resolved unless it is told again. */
  readonly endsAtMs: number;
  readonly isResolved: boolean;
  readonly value: number;
  /** Where the expression can be looked at. */
  readonly generatorUrl: string;
  readonly ruleId: string;
  readonly file: string;
  readonly group: string;
}

/** A change of state of one alert, for its history. */
export interface RuleChange {
  readonly ruleId: string;
  readonly file: string;
  readonly group: string;
  readonly rule: string;
  readonly labels: Labels;
  readonly from: AlertState;
  readonly to: AlertState;
  readonly value: number;
  readonly timeMs: number;
  /** When it fired; before that, when it became active. */
  readonly startsAtMs: number;
}

/** What a template of a rule can see. */
export interface TemplateData {
  /** Name of the template in messages: `__alert_<name of the alert>`. */
  readonly name: string;
  /** Labels of the series, `__name__` among them if it has one. */
  readonly labels: Labels;
  readonly externalLabels: Labels;
  readonly externalUrl: string;
  readonly value: number;
  /** The value, where it is a native histogram. */
  readonly histogram: NativeHistogram | undefined;
  /** The tick, epoch milliseconds. */
  readonly timeMs: number;
  /** A PromQL instant query at the tick, for the function `query`. */
  readonly query: (text: string) => Promise<readonly VectorSample[]>;
}

/** Expands a template. What it throws becomes visible text in the alert. */
export type ExpandTemplate = (text: string, data: TemplateData) => string | Promise<string>;

export type RuleHealth = 'unknown' | 'ok' | 'err';

/** One series in a rule's result. */
export interface EvaluatedSeries {
  readonly labels: Labels;
  readonly value: number;
  /** Of alerting rules: what the alert was after the evaluation, and since when it has been active. */
  readonly state: AlertState | undefined;
  readonly activeAtMs: number | undefined;
}

/** One evaluation of a rule, kept for "why did this (not) fire". */
export interface RuleEvaluation {
  /** The tick. */
  readonly timeMs: number;
  readonly durationMs: number;
  readonly error: string | undefined;
  /** The error is that the store could not be asked. */
  readonly isStoreAway: boolean;
  readonly warnings: readonly string[];
  /** Series in the result. */
  readonly seriesCount: number;
  /** The first of them. */
  readonly series: readonly EvaluatedSeries[];
}

/** Counts since the start, for the server's own metrics. */
export interface RuleCounters {
  evaluations: number;
  failures: number;
  /** Ticks that were left out because the one before took too long. */
  missedTicks: number;
  samplesWritten: number;
  writeFailures: number;
  notificationsSent: number;
  notifyFailures: number;
  /** States that could not be saved or loaded. */
  stateFailures: number;
}

/** What evaluations need of the world. */
export interface EvaluationParts {
  /** By language. */
  readonly evaluators: ReadonlyMap<string, RuleEvaluator>;
  /** Stores samples; once it resolves, queries see them. */
  readonly write: (samples: readonly RuleSample[]) => Promise<void>;
  /** Takes alerts over. They come again until resolved, so a rejection only delays them. */
  readonly notify: (alerts: readonly RuleAlert[]) => void | Promise<void>;
  /** Saves the alerts of a rule before anybody is told of them. */
  readonly save: (runner: SavedRunner) => Promise<void>;
  readonly expandTemplate: ExpandTemplate;
  readonly onChange: (changes: readonly RuleChange[]) => void;
  readonly clock: Clock;
  readonly externalLabels: Labels;
  readonly externalUrl: string;
  readonly resendDelayMs: number;
  /** How long alerts that were not seen again are kept after a start, or after the store came back. */
  readonly settleMs: number;
  readonly resolvedRetentionMs: number;
  readonly maxSeriesPerRule: number;
  readonly isStoreAway: (error: unknown) => boolean;
  readonly counters: RuleCounters;
  readonly log: Log;
}

/** As much of a rule's runner as saving needs. */
export interface SavedRunner {
  readonly id: string;
  readonly rule: Rule;
  /** Cleared by saving. */
  isDirty: boolean;
}
