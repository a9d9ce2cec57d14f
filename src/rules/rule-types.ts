import type { Labels } from '../model/labels.ts';
import type { NativeHistogram } from '../model/native-histogram.ts';

/** Names and values, ascending by name, no name twice. Unlike labels they keep empty values: in a rule those remove a label. */
export type LabelPairs = readonly (readonly [name: string, value: string])[];

interface RuleBase {
  /** Name of the alert or of the recorded metric. */
  readonly name: string;
  /** The expression as it was written. */
  readonly expr: string;
  /** The expression as its language prints it; this is what is evaluated and shown. */
  readonly query: string;
  /** Which evaluator takes the expression; `promql` unless the file was read for another one. */
  readonly language: string;
  /** The group's labels and the rule's, which count more. Of alerting rules these are templates. */
  readonly labels: LabelPairs;
  /** Names of the metrics the expression reads; undefined: it may read any. */
  readonly reads: ReadonlySet<string> | undefined;
  /** Where the rule stands in its file, from 1. */
  readonly line: number;
}

export interface RecordingRule extends RuleBase {
  readonly kind: 'recording';
}

export interface AlertingRule extends RuleBase {
  readonly kind: 'alerting';
  readonly forMs: number;
  readonly keepFiringForMs: number;
  /** Templates. */
  readonly annotations: LabelPairs;
}

export type Rule = RecordingRule | AlertingRule;

/** A group of a rule file. `file` and `name` together are unique. */
export interface RuleGroup {
  readonly file: string;
  readonly name: string;
  /** At least 1. */
  readonly intervalMs: number;
  /** Most series or alerts a rule may give; 0: no limit. */
  readonly limit: number;
  /** How far before the tick the queries look, for data that arrives late. */
  readonly queryOffsetMs: number;
  readonly labels: LabelPairs;
  readonly rules: readonly Rule[];
}

/** A mistake in a file of rules or of rule tests. */
export interface RuleProblem {
  /** Dotted, list positions as numbers: `groups.0.rules.2.expr`. */
  readonly path: string;
  /** In Prometheus's words, without the place. */
  readonly message: string;
  /** 1-based. */
  readonly line?: number;
  readonly column?: number;
  /** The file. */
  readonly source: string;
}

/** As Prometheus prints a mistake: `file: line:column: message`. */
export function formatRuleProblem({ source, line, column, message }: RuleProblem): string {
  return line === undefined ? `${source}: ${message}` : `${source}: ${line}:${column ?? 1}: ${message}`;
}

/** A sample that a rule produced. */
export interface RuleSample {
  readonly labels: Labels;
  readonly timeMs: number;
  /** NaN when there is a histogram or the sample is a staleness marker. */
  readonly value: number;
  readonly histogram: NativeHistogram | undefined;
  /** The series has ended: to be written as a staleness marker. */
  readonly isStale: boolean;
}

/** Names a group, as Prometheus does. */
export function groupKey(group: Pick<RuleGroup, 'file' | 'name'>): string {
  return `${group.file};${group.name}`;
}
