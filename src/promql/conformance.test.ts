import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { createEngine } from './engine.ts';
import type { EngineOptions } from './engine-types.ts';
import { memorySource } from './memory-source.ts';
import { type CreateEngine, type EvalOutcome, parseScript, runScript } from './testing/index.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Beside the project, where Prometheus's own scripts may have been put; they are not part of it. */
const borrowed = join(root, '../shared/conformance/promql');

/** Failures that are known, as `file:line`, each with its reason. One that passes fails the test, so that the list stays true. */
const KNOWN_FAILURES: ReadonlyMap<string, string> = new Map([]);

/** What the scripts expect: everything experimental on, but names dropped at once. */
const options: EngineOptions = {
  lookbackMs: 300_000,
  maxSamples: 10_000,
  maxSeries: 10_000,
  timeoutMs: 60_000,
  subqueryStepMs: 60_000,
  hasExperimentalFunctions: true,
  hasDurationExpressions: true,
  hasExtendedRangeSelectors: true,
  hasDelayedNameRemoval: false,
  hasFillModifiers: true,
  hasFusedKernels: false,
};

function engines(changes: Partial<EngineOptions> = {}): CreateEngine {
  return (series) => createEngine({ source: memorySource(series), options: { ...options, ...changes } });
}

function scriptsIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.test'))
    .map((name) => join(folder, name));
}

function nameOf(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1);
}

async function run(file: string, create: CreateEngine): Promise<EvalOutcome[]> {
  return runScript(parseScript(readFileSync(file, 'utf8')), create);
}

/** Failures that are not in the list, and entries of the list that pass. */
function surprises(file: string, outcomes: readonly EvalOutcome[]): string[] {
  return outcomes.flatMap(({ line, query, failure }) => {
    const place = `${nameOf(file)}:${line}`;
    const isKnown = KNOWN_FAILURES.has(place);
    if (failure === undefined) return isKnown ? [`${place} passes but is listed as failing`] : [];
    return isKnown ? [] : [`${place} ${query}\n    ${failure}`];
  });
}

async function check(file: string, changes: Partial<EngineOptions> = {}): Promise<void> {
  const outcomes = await run(file, engines(changes));
  const found = surprises(file, outcomes);
  const passed = outcomes.filter(({ failure }) => failure === undefined).length;
  expect(found.join('\n'), `${nameOf(file)}: ${passed} of ${outcomes.length} evaluations pass`).toBe('');
  expect(outcomes.length).toBeGreaterThan(0);
}

const evaluators: readonly [string, Partial<EngineOptions>][] = [
  ['the plain evaluator', { hasFusedKernels: false }],
  ['fused kernels', { hasFusedKernels: true }],
];

describe.each(evaluators)('our scripts with %s', (_name, changes) => {
  test.each(scriptsIn(join(root, 'test/promql')).map((file) => [nameOf(file), file] as const))(
    '%s',
    (_file, path) => check(path, changes),
  );
});

describe.skipIf(!existsSync(borrowed))('the scripts of Prometheus beside the project', () => {
  describe.each(evaluators)('with %s', (_name, changes) => {
    test.each(scriptsIn(borrowed).map((file) => [nameOf(file), file] as const))('%s', (_file, path) =>
      check(path, changes),
    );
  });
});
