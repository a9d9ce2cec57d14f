import { messageOf } from '../lib/errors.ts';
import { isWellFormed, METRIC_NAME } from '../model/labels.ts';
import { mergePairs } from './rule-labels.ts';
import type { AlertingRule, LabelPairs, RecordingRule, Rule, RuleGroup, RuleProblem } from './rule-types.ts';
import { ProblemList, readYaml, Section, type YamlValue } from './rule-yaml.ts';

/** Rules that all files together may have. */
export const MAX_RULES = 100_000;

/** What is known of an expression once it was checked. */
export interface CheckedExpr {
  /** As the language prints it. */
  readonly query: string;
  /** Names of the metrics it reads; undefined: it may read any. */
  readonly reads: ReadonlySet<string> | undefined;
}

export interface RuleParseOptions {
  /** Checks an expression of the language. Throws an Error whose message says the place in the expression and the mistake. */
  readonly checkExpr: (expr: string) => CheckedExpr;
  /**
   * What is wrong with a template, undefined when nothing is.
   *
   * @param name of the template in messages: `__alert_<name of the alert>`.
   */
  readonly checkTemplate: (text: string, name: string) => string | undefined;
  /** Of groups that do not name theirs. */
  readonly intervalMs: number;
  readonly queryOffsetMs: number;
  /** Language of the expressions; `promql` when absent. */
  readonly language?: string;
  /** Keys that are not known are no mistakes. */
  readonly ignoresUnknownFields?: boolean;
}

/** What a file came to. */
export interface ParsedRules {
  /** Groups with a mistake are among them as far as they could be read: use none of them while there are problems. */
  readonly groups: readonly RuleGroup[];
  readonly problems: readonly RuleProblem[];
  /** What is left out of account. */
  readonly warnings: readonly RuleProblem[];
}

/**
 * Parses and checks the text of a rule file in Prometheus's format. Never throws: all mistakes are in the result, worded as
 * Prometheus words them.
 *
 * @param file its name in messages and in the groups.
 */
export function parseRules(text: string, file: string, options: RuleParseOptions): ParsedRules {
  const list = new ProblemList(file);
  const root = readYaml(text, list);
  const groups = root === undefined ? [] : parseGroups(root, { file, options });
  const problems = [...list.problems].sort(byPlace);
  return { groups, problems, warnings: list.warnings };
}

/** What has no place stays at the end. */
function byPlace(a: RuleProblem, b: RuleProblem): number {
  const [lineA, lineB] = [a.line ?? Number.MAX_SAFE_INTEGER, b.line ?? Number.MAX_SAFE_INTEGER];
  return lineA - lineB || (a.column ?? 0) - (b.column ?? 0);
}

interface Context {
  readonly file: string;
  readonly options: RuleParseOptions;
}

function parseGroups(root: YamlValue, context: Context): RuleGroup[] {
  const { ignoresUnknownFields } = context.options;
  const section = new Section(root, 'rulefmt.RuleGroups', ['groups'], ignoresUnknownFields);
  const names = new Set<string>();
  const groups: RuleGroup[] = [];
  let rules = 0;
  for (const value of section.list('groups', 'rulefmt.RuleGroup')) {
    if (rules > MAX_RULES) {
      value.problem(`more than ${MAX_RULES} rules in a file`);
      break;
    }
    const group = parseGroup(value, context);
    rules += group.rules.length;
    if (group.name === '') value.problem('Groupname must not be empty');
    else if (names.has(group.name)) value.problem(`groupname: "${group.name}" is repeated in the same file`);
    names.add(group.name);
    groups.push(group);
  }
  return groups;
}

const GROUP_KEYS = ['name', 'interval', 'query_offset', 'limit', 'rules', 'labels'];
const RULE_KEYS = ['record', 'alert', 'expr', 'for', 'keep_firing_for', 'labels', 'annotations'];

function parseGroup(value: YamlValue, context: Context): RuleGroup {
  const { options, file } = context;
  const section = new Section(value, 'rulefmt.RuleGroup', GROUP_KEYS, options.ignoresUnknownFields);
  const name = section.text('name');
  const labels = section.pairs('labels');
  checkLabels(labels, (message) => (section.get('labels') ?? value).problem(message));
  const intervalMs = section.duration('interval');
  return {
    file,
    name,
    // As in Prometheus an interval of 0 means the default.
    intervalMs: intervalMs || options.intervalMs,
    limit: Math.max(0, section.integer('limit')),
    queryOffsetMs: section.duration('query_offset') ?? options.queryOffsetMs,
    labels,
    rules: section
      .list('rules', 'rulefmt.Rule')
      .map((item, i) => parseRule(item, { ...context, group: name, number: i + 1, groupLabels: labels })),
  };
}

interface RuleContext extends Context {
  readonly group: string;
  /** From 1. */
  readonly number: number;
  readonly groupLabels: LabelPairs;
}

function parseRule(value: YamlValue, context: RuleContext): Rule {
  const { options, group, number, groupLabels } = context;
  const section = new Section(value, 'rulefmt.Rule', RULE_KEYS, options.ignoresUnknownFields);
  const record = section.text('record');
  const alert = section.text('alert');
  const name = alert === '' ? record : alert;
  const report = (message: string, key: string) =>
    (section.get(key) ?? value).problem(
      `group ${JSON.stringify(group)}, rule ${number}, ${JSON.stringify(name)}: ${message}`,
    );
  if (record !== '' && alert !== '') report("only one of 'record' and 'alert' must be set", 'record');
  if (name === '') report("one of 'record' or 'alert' must be set", 'record');
  const labels = section.pairs('labels');
  const annotations = section.pairs('annotations');
  const base = {
    name,
    expr: section.text('expr'),
    ...checkedExpr(section, options, report),
    language: options.language ?? 'promql',
    labels: mergePairs(groupLabels, labels),
    line: value.line,
  };
  const alerting: AlertingRule = {
    ...base,
    kind: 'alerting',
    forMs: section.duration('for') ?? 0,
    keepFiringForMs: section.duration('keep_firing_for') ?? 0,
    annotations,
  };
  if (record !== '') checkRecording({ ...alerting, name: record }, report);
  checkLabels(labels, (message) => report(message, 'labels'));
  for (const [annotation] of annotations)
    if (!isName(annotation)) report(`invalid annotation name: ${annotation}`, 'annotations');
  if (alert === '') return { ...base, kind: 'recording' } satisfies RecordingRule;
  checkTemplates(labels, annotations, (text) => options.checkTemplate(text, `__alert_${alert}`), report);
  return alerting;
}

type Report = (message: string, key: string) => void;

function checkedExpr(section: Section, options: RuleParseOptions, report: Report): CheckedExpr {
  const expr = section.text('expr');
  if (expr === '') {
    report("field 'expr' must be set in rule", 'expr');
    return { query: '', reads: undefined };
  }
  try {
    return options.checkExpr(expr);
  } catch (error) {
    report(`could not parse expression: ${messageOf(error)}`, 'expr');
    return { query: expr, reads: undefined };
  }
}

/** @param rule read as if it were an alerting rule, with the name it records. */
function checkRecording(rule: AlertingRule, report: Report): void {
  if (rule.annotations.length > 0) report("invalid field 'annotations' in recording rule", 'annotations');
  if (rule.forMs !== 0) report("invalid field 'for' in recording rule", 'for');
  if (rule.keepFiringForMs !== 0)
    report("invalid field 'keep_firing_for' in recording rule", 'keep_firing_for');
  if (!isName(rule.name)) report(`invalid recording rule name: ${rule.name}`, 'record');
  if (/[{}]/.test(rule.name))
    report(`braces present in the recording rule name; should it be in expr?: ${rule.name}`, 'record');
}

function checkLabels(labels: LabelPairs, report: (message: string) => void): void {
  for (const [name, value] of labels) {
    if (!isName(name) || name === METRIC_NAME) report(`invalid label name: ${name}`);
    if (!isWellFormed(value)) report(`invalid label value: ${value}`);
  }
}

/** Any text in UTF-8, as in Prometheus 3. */
function isName(text: string): boolean {
  return text !== '' && isWellFormed(text);
}

function checkTemplates(
  labels: LabelPairs,
  annotations: LabelPairs,
  check: (text: string) => string | undefined,
  report: Report,
): void {
  for (const [kind, key, pairs] of [
    ['label', 'labels', labels],
    ['annotation', 'annotations', annotations],
  ] as const) {
    for (const [name, text] of pairs) {
      const mistake = check(text);
      if (mistake !== undefined) report(`${kind} ${JSON.stringify(name)}: ${mistake}`, key);
    }
  }
}
