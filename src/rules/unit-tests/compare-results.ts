import { BellwetherError, messageOf } from '../../lib/errors.ts';
import { Labels } from '../../model/labels.ts';
import type { NativeHistogram } from '../../model/native-histogram.ts';
import type { QueryEngine } from '../../promql/index.ts';
import { histogramLiteral, parseScript } from '../../promql/testing/index.ts';
import { prometheusDuration, scientific } from '../go-text.ts';
import type { GroupRunner } from '../group-runner.ts';
import { histogramText } from './histogram-text.ts';
import type { AlertTest, ExpectedSample, ExprTest } from './test-file.ts';

interface ShownAlert {
  readonly labels: Labels;
  readonly annotations: Labels;
}

/** What is wrong with the alerts that fire now, in promtool's layout; undefined: nothing. */
export function checkAlerts(
  test: AlertTest,
  groups: readonly GroupRunner[],
  testName: string,
): string | undefined {
  const got = groups
    .flatMap(({ rules }) => rules)
    .filter(({ rule }) => rule.kind === 'alerting' && rule.name === test.alertName)
    .flatMap((runner) => runner.live().filter(({ state }) => state === 'firing'))
    .sort(compareAlerts);
  const expected = test.expected
    .map(({ labels, annotations }) => ({
      labels: Labels.from(labels),
      annotations: Labels.from(annotations),
    }))
    .sort(compareAlerts);
  const isSame =
    got.length === expected.length && got.every((alert, i) => compareAlerts(alert, expected[i]!) === 0);
  if (isSame) return undefined;
  const name = testName === '' ? '' : `    name: ${testName},\n`;
  const time = prometheusDuration(test.evalTimeMs);
  return `${name}    alertname: ${test.alertName}, time: ${time}, \n        exp:${showAlerts(expected)}, \n        got:${showAlerts(got)}`;
}

function compareAlerts(a: ShownAlert, b: ShownAlert): number {
  return a.labels.compare(b.labels) || a.annotations.compare(b.annotations);
}

function showAlerts(alerts: readonly ShownAlert[]): string {
  if (alerts.length === 0) return '[]';
  const pad = ' '.repeat(12);
  const list = alerts.map(
    ({ labels, annotations }, i) =>
      `${pad}${i}:\n${pad}  Labels:${labels}\n${pad}  Annotations:${annotations}`,
  );
  return `[\n${list.join(',\n')}\n${pad}]`;
}

interface ShownSample {
  readonly labels: Labels;
  readonly value: number;
  readonly histogram: NativeHistogram | undefined;
}

/** What is wrong with an expression's result, in promtool's layout; undefined: nothing. */
export async function checkExpr(
  test: ExprTest,
  { engine, startMs, isFuzzy }: { engine: QueryEngine; startMs: number; isFuzzy: boolean },
): Promise<string | undefined> {
  const head = `    expr: ${JSON.stringify(test.expr)}, time: ${prometheusDuration(test.evalTimeMs)},`;
  let got: ShownSample[];
  let expected: ShownSample[];
  try {
    got = await evaluate(test.expr, startMs + test.evalTimeMs, engine);
    expected = test.expected.map(expectedSample);
  } catch (error) {
    return `${head} err: ${messageOf(error)}`;
  }
  got.sort((a, b) => a.labels.compare(b.labels));
  expected.sort((a, b) => a.labels.compare(b.labels));
  const isSame = got.length === expected.length && got.every((one, i) => isEqual(one, expected[i]!, isFuzzy));
  return isSame
    ? undefined
    : `${head}\n        exp: ${showSamples(expected)}\n        got: ${showSamples(got)}`;
}

async function evaluate(text: string, timeMs: number, engine: QueryEngine): Promise<ShownSample[]> {
  const { value } = await engine.instant({ text, timeMs });
  if (value.type === 'vector') return [...value.samples];
  if (value.type === 'scalar') return [{ labels: Labels.EMPTY, value: value.value, histogram: undefined }];
  throw new BellwetherError({ code: 'bad_rule_result', message: 'rule result is not a vector or scalar' });
}

function expectedSample({ labels, value, histogram }: ExpectedSample): ShownSample {
  const inner = /^\s*\{\{([\s\S]*)\}\}\s*$/.exec(histogram);
  if (histogram !== '' && inner === null)
    throw new Error(`labels ${JSON.stringify(labels)}: expected histogram, got ${histogram}`);
  return {
    labels: seriesLabels(labels),
    value,
    histogram: inner === null ? undefined : histogramLiteral(inner[1]!),
  };
}

function seriesLabels(text: string): Labels {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  if (line === '') return Labels.EMPTY;
  try {
    const [command] = parseScript(`load 1s\n${line} 0`);
    if (command?.kind === 'load' && command.series.length === 1) return command.series[0]!.labels;
  } catch (error) {
    throw new Error(`labels ${JSON.stringify(text)}: ${messageOf(error)}`);
  }
  throw new Error(`labels ${JSON.stringify(text)}: not a series`);
}

function isEqual(a: ShownSample, b: ShownSample, isFuzzy: boolean): boolean {
  if (!a.labels.equals(b.labels)) return false;
  if (a.histogram !== undefined || b.histogram !== undefined) return showValue(a) === showValue(b);
  if (Number.isNaN(a.value) && Number.isNaN(b.value)) return true;
  return a.value === b.value || (isFuzzy && areNeighbours(a.value, b.value));
}

/** Whether no other number lies between two. */
function areNeighbours(a: number, b: number): boolean {
  if (!Number.isFinite(a) || !Number.isFinite(b)) return false;
  const distance = bitsOf(a) - bitsOf(b);
  return distance === 1n || distance === -1n;
}

/** Numbers in their order as integers without gaps. */
function bitsOf(value: number): bigint {
  const bits = new BigInt64Array(Float64Array.of(value).buffer)[0]!;
  return bits < 0n ? -(bits & 0x7fff_ffff_ffff_ffffn) : bits;
}

function showSamples(samples: readonly ShownSample[]): string {
  return samples.length === 0 ? 'nil' : samples.map((one) => `${one.labels} ${showValue(one)}`).join(', ');
}

function showValue({ value, histogram }: ShownSample): string {
  return histogram === undefined ? scientific(value).replace('e', 'E') : histogramText(histogram);
}
