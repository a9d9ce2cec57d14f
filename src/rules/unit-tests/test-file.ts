import { compareText } from '../../model/labels.ts';
import type { LabelPairs } from '../rule-types.ts';
import { type ProblemList, readYaml, Section, type YamlValue } from '../rule-yaml.ts';

/** A file of rule unit tests in promtool's format. Times and durations are milliseconds. */
export interface RuleTestFile {
  /** Patterns, relative to the file. */
  readonly ruleFiles: readonly string[];
  readonly evaluationIntervalMs: number;
  /** Names of groups in the order in which they are evaluated; others come first. */
  readonly groupOrder: readonly string[];
  /** Values may differ in their last bit. */
  readonly isFuzzy: boolean;
  readonly tests: readonly RuleTest[];
}

export interface RuleTest {
  readonly name: string;
  /** Step of the input series. */
  readonly intervalMs: number;
  readonly inputSeries: readonly { readonly series: string; readonly values: string }[];
  readonly externalLabels: LabelPairs;
  readonly externalUrl: string;
  /** Time of the first evaluation and of the first input sample; others count from it. */
  readonly startMs: number;
  readonly alertTests: readonly AlertTest[];
  readonly exprTests: readonly ExprTest[];
}

export interface AlertTest {
  readonly evalTimeMs: number;
  readonly alertName: string;
  readonly expected: readonly { readonly labels: LabelPairs; readonly annotations: LabelPairs }[];
}

export interface ExprTest {
  readonly expr: string;
  readonly evalTimeMs: number;
  readonly expected: readonly ExpectedSample[];
}

export interface ExpectedSample {
  /** A series in PromQL's notation; empty: no labels. */
  readonly labels: string;
  readonly value: number;
  /** A native histogram in the notation of input series; empty: a float is expected. */
  readonly histogram: string;
}

const FILE_KEYS = ['rule_files', 'evaluation_interval', 'group_eval_order', 'tests', 'fuzzy_compare'];
const TEST_KEYS = [
  'interval',
  'input_series',
  'alert_rule_test',
  'promql_expr_test',
  'external_labels',
  'external_url',
  'name',
  'start_timestamp',
];

/** Parses a file of tests; mistakes go to the list. Undefined: it is empty or no YAML. */
export function parseTestFile(text: string, list: ProblemList): RuleTestFile | undefined {
  const root = readYaml(text, list);
  if (root === undefined) return undefined;
  const section = new Section(root, 'main.unitTestFile', FILE_KEYS);
  const evaluationIntervalMs = section.duration('evaluation_interval') || 60_000;
  const groupOrder = section.list('group_eval_order', 'string').map(({ text: name }) => name);
  const repeated = groupOrder.find((name, i) => groupOrder.indexOf(name) !== i);
  if (repeated !== undefined)
    section.get('group_eval_order')!.problem(`group name repeated in evaluation order: ${repeated}`);
  return {
    ruleFiles: section.list('rule_files', 'string').map((value) => value.text),
    evaluationIntervalMs,
    groupOrder,
    isFuzzy: section.bool('fuzzy_compare'),
    tests: section.list('tests', 'main.testGroup').map((value) => parseTest(value, evaluationIntervalMs)),
  };
}

function parseTest(value: YamlValue, defaultIntervalMs: number): RuleTest {
  const section = new Section(value, 'main.testGroup', TEST_KEYS);
  const name = section.text('name');
  return {
    name,
    intervalMs: section.duration('interval') || defaultIntervalMs,
    inputSeries: section.list('input_series', 'main.series').map((item) => {
      const series = new Section(item, 'main.series', ['series', 'values']);
      return { series: series.text('series'), values: series.text('values') };
    }),
    externalLabels: section.pairs('external_labels'),
    externalUrl: section.text('external_url'),
    startMs: startOf(section),
    alertTests: section
      .list('alert_rule_test', 'main.alertTestCase')
      .map((item) => parseAlertTest(item, name)),
    exprTests: section.list('promql_expr_test', 'main.promqlTestCase').map(parseExprTest),
  };
}

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

/** Epoch seconds or RFC 3339. */
function startOf(section: Section): number {
  const value = section.get('start_timestamp');
  if (value === undefined || value.kind === 'nothing') return 0;
  const { text } = value;
  const ms = RFC_3339.test(text)
    ? Date.parse(text)
    : text === ''
      ? Number.NaN
      : Math.round(Number(text) * 1000);
  if (Number.isFinite(ms)) return ms;
  value.problem(`cannot parse ${JSON.stringify(text)} to a valid timestamp`);
  return 0;
}

function parseAlertTest(value: YamlValue, testName: string): AlertTest {
  const section = new Section(value, 'main.alertTestCase', ['eval_time', 'alertname', 'exp_alerts']);
  const alertName = section.text('alertname');
  if (alertName === '') {
    const inTest = testName === '' ? '' : ` (in TestGroup ${testName})`;
    const time = section.text('eval_time') || '0s';
    value.problem(
      `an item under alert_rule_test misses required attribute alertname at eval_time ${time}${inTest}`,
    );
  }
  return {
    evalTimeMs: section.duration('eval_time') ?? 0,
    alertName,
    expected: section.list('exp_alerts', 'main.alert').map((item) => {
      const alert = new Section(item, 'main.alert', ['exp_labels', 'exp_annotations']);
      const labels = alert.pairs('exp_labels').filter(([name]) => name !== 'alertname');
      return {
        labels: [...labels, ['alertname', alertName] as const].sort((a, b) => compareText(a[0], b[0])),
        annotations: alert.pairs('exp_annotations'),
      };
    }),
  };
}

function parseExprTest(value: YamlValue): ExprTest {
  const section = new Section(value, 'main.promqlTestCase', ['expr', 'eval_time', 'exp_samples']);
  return {
    expr: section.text('expr'),
    evalTimeMs: section.duration('eval_time') ?? 0,
    expected: section.list('exp_samples', 'main.sample').map((item) => {
      const sample = new Section(item, 'main.sample', ['labels', 'value', 'histogram']);
      const labels = sample.text('labels');
      return { labels, value: floatOf(sample), histogram: sample.text('histogram') };
    }),
  };
}

/** A float as Go's YAML library takes it: digits may be grouped by `_`, specials have a dot. */
function floatOf(section: Section): number {
  const text = section.text('value').replaceAll('_', '');
  if (text === '') return 0;
  const special = /^([+-]?)\.(inf|nan)$/i.exec(text);
  if (special?.[2]?.toLowerCase() === 'nan') return Number.NaN;
  if (special !== null) return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const number = /^[+-]?inf|nan/i.test(text) ? Number.NaN : Number(text);
  if (Number.isNaN(number)) section.get('value')!.mismatch('float64');
  return Number.isNaN(number) ? 0 : number;
}
