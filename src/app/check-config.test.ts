import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ConfigError, type ConfigProblem, loadConfig } from '../config/index.ts';
import { readWhole } from './check-config.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bellwether-check-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function problemsOf(text: string): readonly ConfigProblem[] {
  const file = join(folder, 'bellwether.yml');
  writeFileSync(file, text);
  try {
    readWhole(() => loadConfig({ file, env: {} }));
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

test('a mistake in a key does not hide those in the files that other keys name', () => {
  writeFileSync(join(folder, 'rules.yml'), 'groups: [{name: g, rules: [{alert: A, expr: "sum("}]}]');
  writeFileSync(join(folder, 'am.yml'), 'route: {receiver: nobody}\nreceivers: []\n');
  const problems = problemsOf(`serverr: {}
alerting: { evaluation_interval: 15x, packs: [nothing] }
rule_files: [rules.yml]
alertmanager_config_file: am.yml
scrape_configs: [{ job_name: a, scrape_interval: soon }]
`);
  const places = problems.map(
    ({ source, line, path }) => `${source.slice(folder.length + 1)}:${line} ${path}`,
  );
  expect(places.sort()).toEqual([
    'am.yml:1 route.receiver',
    'bellwether.yml:1 serverr',
    'bellwether.yml:2 alerting.evaluation_interval',
    'bellwether.yml:2 alerting.packs.0',
    'bellwether.yml:5 scrape_configs.0.scrape_interval',
    'rules.yml:1 groups.0.rules.0.expr',
  ]);
});

test('a list with a mistake in one entry is left out of the rest', () => {
  expect(problemsOf('rule_files: [1, missing.yml]\nqueryy: {}\n').map(({ path }) => path)).toEqual([
    'rule_files.0',
    'queryy',
  ]);
});
