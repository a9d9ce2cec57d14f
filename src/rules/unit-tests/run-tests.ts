import { dirname } from 'node:path';
import { messageOf } from '../../lib/errors.ts';
import { silentLog } from '../../lib/log.ts';
import { Labels } from '../../model/labels.ts';
import { createEngine, type EngineOptions, type QueryEngine } from '../../promql/index.ts';
import { RESOLVED_RETENTION_MS } from '../alert-state.ts';
import type { EvaluationParts, ExpandTemplate } from '../evaluation-types.ts';
import { goDuration } from '../go-text.ts';
import { GroupRunner } from '../group-runner.ts';
import { promqlEvaluator } from '../languages.ts';
import { filesOf, readRuleFile, readText } from '../load-rules.ts';
import type { RuleParseOptions } from '../parse-rules.ts';
import { formatRuleProblem, type RuleGroup, type RuleProblem } from '../rule-types.ts';
import { ProblemList } from '../rule-yaml.ts';
import { checkAlerts, checkExpr } from './compare-results.ts';
import { type AlertTest, parseTestFile, type RuleTest, type RuleTestFile } from './test-file.ts';
import { TestStorage } from './test-storage.ts';

/** Evaluations of one test; more are a slip in a time. */
const MAX_EVALUATIONS = 1_000_000;

export interface RuleTestOptions {
  readonly parse: Omit<RuleParseOptions, 'intervalMs' | 'queryOffsetMs'>;
  readonly expandTemplate: ExpandTemplate;
  /** Feature flags of PromQL. */
  readonly engine?: Partial<EngineOptions>;
  /** Runs only tests whose name one of them matches. */
  readonly only?: RegExp;
}

/** What came of a file of tests. */
export interface RuleTestReport {
  readonly file: string;
  readonly isOk: boolean;
  /** Tests that ran. */
  readonly tests: number;
  readonly failures: readonly string[];
  readonly warnings: readonly string[];
  /** What `promtool test rules` prints for the file. */
  readonly text: string;
}

/** Runs the unit tests in a file in promtool's format. Never rejects: what is wrong is among the failures. */
export async function runRuleTests(file: string, options: RuleTestOptions): Promise<RuleTestReport> {
  const failures: string[] = [];
  const warnings: string[] = [];
  let tests = 0;
  const parsed = readTestFile(file, failures);
  if (parsed !== undefined) {
    const ruleFiles = ruleFilesOf(parsed, file, { failures, warnings });
    for (const test of failures.length > 0 ? [] : parsed.tests) {
      if (options.only?.test(test.name) === false) continue;
      tests++;
      failures.push(...(await runTest(test, { file: parsed, ruleFiles, options })));
    }
  }
  return {
    file,
    isOk: failures.length === 0,
    tests,
    failures,
    warnings,
    text: describe(file, failures, warnings),
  };
}

function describe(file: string, failures: readonly string[], warnings: readonly string[]): string {
  const head = `Unit Testing:  ${file}\n${warnings.map((text) => `  WARNING: ${text}\n`).join('')}`;
  return failures.length === 0
    ? `${head}  SUCCESS\n`
    : `${head}  FAILED:\n${failures.map((text) => `${text}\n`).join('\n')}`;
}

function readTestFile(file: string, failures: string[]): RuleTestFile | undefined {
  const read = readText(file);
  if (read.text === undefined) {
    failures.push(`${file}: ${read.mistake}`);
    return undefined;
  }
  const list = new ProblemList(file);
  const parsed = parseTestFile(read.text, list);
  failures.push(...list.problems.map(formatRuleProblem));
  return list.problems.length > 0 ? undefined : parsed;
}

function ruleFilesOf(
  parsed: RuleTestFile,
  file: string,
  { failures, warnings }: { failures: string[]; warnings: string[] },
): string[] {
  const findings = { problems: [] as RuleProblem[], warnings: [] as RuleProblem[] };
  const files = filesOf(parsed.ruleFiles, dirname(file), findings);
  warnings.push(...findings.warnings.map(({ source }) => `no file match pattern ${source}`));
  failures.push(...findings.problems.map(formatRuleProblem));
  return files;
}

interface TestContext {
  readonly file: RuleTestFile;
  readonly ruleFiles: readonly string[];
  readonly options: RuleTestOptions;
}

async function runTest(test: RuleTest, context: TestContext): Promise<string[]> {
  const storage = new TestStorage();
  try {
    for (const series of test.inputSeries) storage.load(series, test.startMs, test.intervalMs);
  } catch (error) {
    return [messageOf(error)];
  }
  const loaded = loadGroups(test, context);
  if (loaded.failures.length > 0) return loaded.failures;
  const engine = createEngine({
    source: storage,
    options: {
      ...ENGINE_OPTIONS,
      subqueryStepMs: context.file.evaluationIntervalMs,
      ...context.options.engine,
    },
  });
  const parts = testParts(test, { storage, engine, options: context.options });
  const groups = loaded.groups.map((group) => new GroupRunner(group, parts));
  const evaluated = await evaluateAll(test, { storage, groups, stepMs: context.file.evaluationIntervalMs });
  if (evaluated.isBroken) return evaluated.failures;
  const failures = [...evaluated.failures];
  for (const expected of test.exprTests) {
    const failure = await checkExpr(expected, {
      engine,
      startMs: test.startMs,
      isFuzzy: context.file.isFuzzy,
    });
    if (failure !== undefined) failures.push(failure);
  }
  return failures;
}

const ENGINE_OPTIONS: EngineOptions = {
  lookbackMs: 300_000,
  maxSamples: 50_000_000,
  maxSeries: 1_000_000,
  timeoutMs: 100_000,
  subqueryStepMs: 60_000,
  hasExperimentalFunctions: false,
  hasDurationExpressions: true,
  hasExtendedRangeSelectors: false,
  hasDelayedNameRemoval: false,
  hasFillModifiers: false,
  hasFusedKernels: true,
};

function loadGroups(test: RuleTest, context: TestContext): { groups: RuleGroup[]; failures: string[] } {
  const options = { ...context.options.parse, intervalMs: test.intervalMs, queryOffsetMs: 0 };
  const files = context.ruleFiles.map((file) => readRuleFile(file, options));
  const order = new Map(context.file.groupOrder.map((name, i) => [name, i]));
  const rank = ({ name }: RuleGroup) => order.get(name) ?? 0;
  return {
    groups: files.flatMap(({ groups }) => groups).sort((a, b) => rank(a) - rank(b)),
    failures: files.flatMap(({ problems }) => problems.map(formatRuleProblem)),
  };
}

function testParts(
  test: RuleTest,
  { storage, engine, options }: { storage: TestStorage; engine: QueryEngine; options: RuleTestOptions },
): EvaluationParts {
  return {
    evaluators: new Map([
      ['promql', promqlEvaluator((text, timeMs, { signal }) => engine.instant({ text, timeMs }, { signal }))],
    ]),
    write: async (samples) => storage.write(samples),
    notify: () => undefined,
    save: async (runner) => {
      runner.isDirty = false;
    },
    expandTemplate: options.expandTemplate,
    onChange: () => undefined,
    clock: {
      now: () => storage.visibleUntilMs,
      elapsed: () => performance.now(),
      after: () => () => undefined,
    },
    externalLabels: Labels.from(test.externalLabels),
    externalUrl: test.externalUrl,
    resendDelayMs: 60_000,
    settleMs: 0,
    resolvedRetentionMs: RESOLVED_RETENTION_MS,
    maxSeriesPerRule: Number.POSITIVE_INFINITY,
    isStoreAway: () => false,
    counters: {
      evaluations: 0,
      failures: 0,
      missedTicks: 0,
      samplesWritten: 0,
      writeFailures: 0,
      notificationsSent: 0,
      notifyFailures: 0,
      stateFailures: 0,
    },
    log: silentLog,
  };
}

/** Evaluates the groups step by step and checks the alerts on the way. `isBroken`: a rule failed, so nothing else was looked at. */
async function evaluateAll(
  test: RuleTest,
  { storage, groups, stepMs }: { storage: TestStorage; groups: readonly GroupRunner[]; stepMs: number },
): Promise<{ failures: string[]; isBroken: boolean }> {
  const failures: string[] = [];
  const lastMs = Math.max(0, ...[...test.alertTests, ...test.exprTests].map(({ evalTimeMs }) => evalTimeMs));
  if (lastMs / stepMs > MAX_EVALUATIONS)
    return { failures: [`    a test has at most ${MAX_EVALUATIONS} evaluations`], isBroken: true };
  const alertTests = [...test.alertTests].sort((a, b) => a.evalTimeMs - b.evalTimeMs);
  const { signal } = new AbortController();
  let next = 0;
  for (let atMs = 0; atMs <= lastMs; atMs += stepMs) {
    const tickMs = test.startMs + atMs;
    storage.visibleUntilMs = tickMs;
    for (const group of groups) await group.evaluate(tickMs, signal);
    const broken = brokenRules(groups, tickMs);
    if (broken.length > 0) return { failures: [...failures, ...broken], isBroken: true };
    const due: AlertTest[] = [];
    while (next < alertTests.length && alertTests[next]!.evalTimeMs < atMs + stepMs)
      due.push(alertTests[next++]!);
    for (const expected of due) {
      const failure = checkAlerts(expected, groups, test.name);
      if (failure !== undefined) failures.push(failure);
    }
  }
  return { failures, isBroken: false };
}

function brokenRules(groups: readonly GroupRunner[], tickMs: number): string[] {
  return groups
    .flatMap(({ rules }) => rules)
    .filter(({ lastError }) => lastError !== undefined)
    .map(({ rule, lastError }) => `    rule: ${rule.name}, time: ${goDuration(tickMs)}, err: ${lastError}`);
}
