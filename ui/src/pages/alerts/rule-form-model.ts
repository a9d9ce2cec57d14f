import type { RuleBodyJson, RuleInfoJson } from '@contract';
import { parseStep, stepText } from '../explore/steps.ts';

/** What is typed into the form of a rule, before it is checked. */
export interface RuleDraft {
  id: string | undefined;
  name: string;
  query: string;
  for: string;
  keepFiringFor: string;
  /** Not shown, only kept: empty for the server's own. */
  interval: string;
  severity: string;
  summary: string;
  description: string;
  runbook: string;
  /** Further labels and annotations, as pairs. */
  labels: readonly Pair[];
  annotations: readonly Pair[];
}

export interface Pair {
  name: string;
  value: string;
}

export const severities = ['critical', 'error', 'warning', 'info'] as const;

export const emptyDraft: RuleDraft = {
  ...{
    id: undefined,
    name: '',
    query: '',
    for: '5m',
    keepFiringFor: '0s',
    interval: '',
    severity: 'warning',
  },
  ...{ summary: '', description: '', runbook: '', labels: [], annotations: [] },
};

/** A rule as the server takes it, from what it told of it. */
export function ruleBodyOf(rule: RuleInfoJson): RuleBodyJson {
  return {
    name: rule.name,
    query: rule.query,
    for: stepText(rule.for_s * 1000),
    keep_firing_for: stepText(rule.keep_firing_for_s * 1000),
    labels: rule.labels,
    annotations: rule.annotations,
  };
}

export function draftOf(rule: RuleInfoJson): RuleDraft {
  const { severity = '', ...labels } = rule.labels;
  const { summary = '', description = '', runbook_url: runbook = '', ...annotations } = rule.annotations;
  return {
    ...{ id: rule.id, name: rule.name, query: rule.query },
    for: stepText(rule.for_s * 1000),
    keepFiringFor: stepText(rule.keep_firing_for_s * 1000),
    interval: stepText(rule.interval_s * 1000),
    ...{ severity, summary, description, runbook },
    labels: pairsOf(labels),
    annotations: pairsOf(annotations),
  };
}

function pairsOf(record: Readonly<Record<string, string>>): Pair[] {
  return Object.entries(record).map(([name, value]) => ({ name, value }));
}

export function bodyOf(draft: RuleDraft): RuleBodyJson {
  return {
    ...(draft.id !== undefined && { id: draft.id }),
    name: draft.name.trim(),
    query: draft.query.trim(),
    for: draft.for.trim() || '0s',
    keep_firing_for: draft.keepFiringFor.trim() || '0s',
    ...(draft.interval !== '' && { interval: draft.interval }),
    labels: recordOf([{ name: 'severity', value: draft.severity }, ...draft.labels]),
    annotations: recordOf([
      { name: 'summary', value: draft.summary },
      { name: 'description', value: draft.description },
      { name: 'runbook_url', value: draft.runbook },
      ...draft.annotations,
    ]),
  };
}

function recordOf(pairs: readonly Pair[]): Record<string, string> {
  return Object.fromEntries(
    pairs
      .filter(({ name, value }) => name.trim() !== '' && value !== '')
      .map(({ name, value }) => [name.trim(), value]),
  );
}

/** What is missing before the server need be asked; empty when nothing is. */
export function draftProblems(draft: RuleDraft): readonly string[] {
  const isLength = (text: string) =>
    /^0+(ms|s|m|h|d|w)?$/.test(text.trim() || '0') || parseStep(text.trim()) !== null;
  return [
    draft.name.trim() === '' && 'The rule needs a name.',
    draft.query.trim() === '' && 'The rule needs an expression.',
    !isLength(draft.for) && '“For” is a length such as 5m, 1h30m or 0s.',
    !isLength(draft.keepFiringFor) && '“Keep firing for” is a length such as 5m or 0s.',
  ].filter((one) => one !== false);
}
