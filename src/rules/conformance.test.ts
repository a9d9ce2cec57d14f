import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { checkRuleFiles } from './check-files.ts';
import { expandSimple, parseOptions } from './rules-test-kit.ts';
import { runRuleTests } from './unit-tests/index.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const folder = join(dirname(root), 'shared', 'conformance', 'rules');
const hasFiles = existsSync(folder);
const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
const scratch = mkdtempSync(join(tmpdir(), 'bellwether-rules-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const options = { parse: parseOptions, expandTemplate: expandSimple };

describe.skipIf(!hasFiles)('conformance files (../shared/conformance/rules beside the project)', () => {
  test.each(['unittest.yml', 'long-period.yml', 'at-modifier-test.yml'])('%s passes', async (name) => {
    const report = await runRuleTests(join(folder, name), options);
    expect(report.failures).toEqual([]);
    expect(report.isOk).toBe(true);
  });

  test.each([
    ['rules.yml', 5],
    ['at-modifier.yml', 1],
    ['rulefmt-test.yaml', 6],
    ['rulefmt-test_aliases.yaml', 8],
    ['fixture-alert_rule.yaml', 1],
    ['fixture-rules_multiple.yaml', 6],
    ['fixture-rules_multiple_groups.yaml', 10],
  ])('%s has %i rules', (name, rules) => {
    const checked = checkRuleFiles([join(folder, name)], parseOptions);
    expect(checked.files[0]?.problems).toEqual([]);
    expect(checked.files[0]?.rules).toBe(rules);
  });
});

const rule = (text: string) => `groups:\n  - name: g\n    rules:\n${text}`;

/** Rule files with the verdict of both. */
const ruleFiles: readonly (readonly [name: string, text: string])[] = [
  ['empty file', ''],
  ['comment only', '# nothing\n'],
  ['no groups', 'groups: []\n'],
  ['null groups', 'groups:\n'],
  ['group without rules', 'groups:\n  - name: g\n'],
  ['group without name', 'groups:\n  - rules: []\n'],
  ['group twice', 'groups:\n  - name: g\n  - name: g\n'],
  ['unknown top key', 'grups: []\n'],
  ['unknown group key', 'groups:\n  - name: g\n    every: 5m\n'],
  ['unknown rule key', rule('      - alert: A\n        expr: up\n        four: 5m\n')],
  ['groups is a map', 'groups: {a: b}\n'],
  ['root is a list', '- a\n'],
  ['bad yaml', 'groups: [\n'],
  ['tab indentation', 'groups:\n\t- name: g\n'],
  ['key twice', 'groups: []\ngroups: []\n'],
  ['record and alert', rule('      - alert: A\n        record: b\n        expr: up\n')],
  ['neither', rule('      - expr: up\n')],
  ['no expr', rule('      - alert: A\n')],
  ['bad expr', rule('      - alert: A\n        expr: sum(\n')],
  ['number expr', rule('      - record: a\n        expr: 1\n')],
  ['bool expr', rule('      - record: a\n        expr: true\n')],
  ['for in recording', rule('      - record: a\n        expr: up\n        for: 5m\n')],
  ['for 0 in recording', rule('      - record: a\n        expr: up\n        for: 0s\n')],
  ['annotations in recording', rule('      - record: a\n        expr: up\n        annotations: {a: b}\n')],
  [
    'keep_firing_for in recording',
    rule('      - record: a\n        expr: up\n        keep_firing_for: 5m\n'),
  ],
  ['bad duration', rule('      - alert: A\n        expr: up\n        for: 5\n')],
  ['duration with space', rule('      - alert: A\n        expr: up\n        for: 5 m\n')],
  ['duration 0', rule('      - alert: A\n        expr: up\n        for: 0\n')],
  ['empty duration', rule('      - alert: A\n        expr: up\n        for: ""\n')],
  ['null duration', rule('      - alert: A\n        expr: up\n        for:\n')],
  ['duration with wrong order', rule('      - alert: A\n        expr: up\n        for: 5s1m\n')],
  ['limit text', 'groups:\n  - name: g\n    limit: many\n'],
  ['limit fraction', 'groups:\n  - name: g\n    limit: 1.5\n'],
  ['label __name__', rule('      - record: a\n        expr: up\n        labels: {__name__: b}\n')],
  [
    'label values of other types',
    rule('      - record: a\n        expr: up\n        labels: {a: 1, b: true, c: 1.10, d: null}\n'),
  ],
  ['labels is a list', rule('      - record: a\n        expr: up\n        labels: [a]\n')],
  ['label value is a map', rule('      - record: a\n        expr: up\n        labels: {a: {b: c}}\n')],
  ['unknown anchor', rule('      - record: a\n        expr: *nothing\n')],
  ['merge', rule('      - &a\n        alert: A\n        expr: up\n      - <<: *a\n        alert: B\n')],
  ['braces in record', rule("      - record: 'a{b}'\n        expr: up\n")],
  [
    'unclosed template',
    rule("      - alert: A\n        expr: up\n        annotations: {a: '{{ $labels.x '}\n"),
  ],
  [
    'template in recording label',
    rule("      - record: a\n        expr: up\n        labels: {a: '{{ $x '}\n"),
  ],
  ['same rule twice', rule('      - record: a\n        expr: up\n      - record: a\n        expr: up\n')],
];

describe.skipIf(!hasPromtool)('verdicts of promtool', () => {
  test.each(ruleFiles)('check rules: %s', (_, text) => {
    const file = join(scratch, 'checked.yml');
    writeFileSync(file, text);
    const theirs = spawnSync('promtool', ['check', 'rules', file], { encoding: 'utf8' });
    const ours = checkRuleFiles([file], parseOptions);
    expect({ isOk: ours.isOk, text: ours.text }).toMatchObject({ isOk: theirs.status === 0 });
    const found = /SUCCESS: \d+ rules found/.exec(theirs.stdout)?.[0];
    if (found !== undefined) expect(ours.text).toContain(found);
  });

  test.each(testFiles())('test rules: %s', async (_, text) => {
    const file = join(scratch, 'tests.yml');
    writeFileSync(join(scratch, 'rules.yml'), TESTED_RULES);
    writeFileSync(file, text);
    const theirs = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' });
    const ours = await runRuleTests(file, options);
    expect({ isOk: ours.isOk, text: ours.text, theirs: theirs.stdout + theirs.stderr }).toMatchObject({
      isOk: theirs.status === 0,
    });
    // Their output without the texts that Go and YAML word differently.
    if (/exp:|rule:/.test(theirs.stderr)) expect(words(ours.text)).toBe(words(theirs.stdout + theirs.stderr));
  });
});

/** Both write to two streams in an order of their own. */
function words(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .sort()
    .join('\n');
}

const TESTED_RULES = `
groups:
  - name: one
    rules:
      - record: job:up:sum
        expr: sum by (job) (up)
        labels: {team: a}
      - alert: Down
        expr: up == 0
        for: 5m
        labels: {severity: page}
        annotations: {summary: "{{ $labels.instance }} is down"}
  - name: two
    limit: 2
    rules:
      - alert: Few
        expr: job:up:sum < 2
        keep_firing_for: 3m
      - alert: Limited
        expr: limited > 0
      - record: same
        expr: same_input
        labels: {a: ""}
`;

function testFiles(): [name: string, text: string][] {
  // Without an order promtool evaluates the groups in any.
  const unordered = 'rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n';
  const head = `group_eval_order: [one, two]\n${unordered}`;
  const input = (values: string) =>
    `  - interval: 1m\n    input_series:\n      - series: 'up{job="a", instance="x"}'\n        values: '${values}'\n`;
  const alert = (time: string, name: string, expected: string) =>
    `    alert_rule_test:\n      - eval_time: ${time}\n        alertname: ${name}\n        exp_alerts: ${expected}\n`;
  const expr = (text: string, time: string, expected: string) =>
    `    promql_expr_test:\n      - expr: '${text}'\n        eval_time: ${time}\n        exp_samples: ${expected}\n`;
  const down = '[{exp_labels: {severity: page, instance: x, job: a}, exp_annotations: {summary: x is down}}]';
  return [
    ['fires', head + input('0x20') + alert('5m', 'Down', down)],
    ['fires a minute early', head + input('0x20') + alert('4m', 'Down', down)],
    ['between evaluations', head + input('0x20') + alert('5m30s', 'Down', down)],
    ['wrong annotation', head + input('0x20') + alert('5m', 'Down', down.replace('is down', 'is up'))],
    ['nothing expected', head + input('0x20') + alert('6m', 'Down', '[]')],
    ['everything expected', head + input('1x20') + alert('6m', 'Down', down)],
    ['keeps firing', head + input('1x4 2x10') + alert('7m', 'Few', '[{exp_labels: {job: a, team: a}}]')],
    ['kept long enough', head + input('1x4 2x10') + alert('8m', 'Few', '[{exp_labels: {job: a, team: a}}]')],
    ['keeps no more', head + input('1x4 2x10') + alert('9m', 'Few', '[]')],
    [
      'alert without a name',
      `${head}${input('1x4')}    alert_rule_test:\n      - eval_time: 1m\n        exp_alerts: []\n`,
    ],
    [
      'recorded',
      head + input('1x4') + expr('job:up:sum', '2m', `[{labels: 'job:up:sum{job="a", team="a"}', value: 1}]`),
    ],
    [
      'recorded wrongly',
      head + input('1x4') + expr('job:up:sum', '2m', `[{labels: 'job:up:sum{job="a"}', value: 1}]`),
    ],
    ['scalar', head + input('1x4') + expr('1 + 1', '2m', '[{value: 2}]')],
    ['scalar with another value', head + input('1x4') + expr('1 + 1', '2m', '[{value: 2.5}]')],
    ['range vector', head + input('1x4') + expr('up[5m]', '2m', '[]')],
    ['bad expression', head + input('1x4') + expr('up[', '2m', '[]')],
    ['bad series', `${head}  - input_series: [{series: 'up{', values: '1'}]\n`],
    ['bad values', head + input('one') + expr('up', '2m', '[]')],
    ['infinity', head + input('1x4') + expr('1 / 0', '2m', '[{value: +Inf}]')],
    ['infinity in YAML', head + input('1x4') + expr('1 / 0', '2m', '[{value: .inf}]')],
    ['vanished series', head + input('1 1 stale') + expr('job:up:sum', '2m', '[]')],
    [
      'after the last evaluation',
      head +
        input('1x10').replace('interval: 1m', 'interval: 10s') +
        expr('timestamp(up)', '1m50s', `[{labels: '{job="a", instance="x"}', value: 60}]`),
    ],
    [
      'limit exceeded',
      `${head}  - interval: 1m\n    input_series:\n${['a', 'b', 'c'].map((one) => `      - {series: 'limited{l="${one}"}', values: '1x5'}\n`).join('')}${alert('2m', 'Limited', '[]')}`,
    ],
    [
      'equal series',
      `${head}  - interval: 1m\n    input_series:\n${['a', 'b'].map((one) => `      - {series: 'same_input{a="${one}"}', values: '1x5'}\n`).join('')}${alert('2m', 'Limited', '[]')}`,
    ],
    ['unknown key', `${head}  - intervall: 1m\n`],
    ['group order with a name twice', `group_eval_order: [one, one]\n${unordered}${input('1x4')}`],
    [
      'group order',
      `${head}${input('1x4')}${expr('ALERTS{alertname="Few"}', '0m', `[{labels: 'ALERTS{alertname="Few", alertstate="firing", job="a", team="a"}', value: 1}]`)}`,
    ],
    ['no such rule file', 'rule_files: [nothing.yml]\ntests: []\n'],
    [
      'external labels',
      `${head}${input('1x4')}    external_labels: {region: eu}\n    external_url: http://x\n${expr('up', '1m', `[{labels: 'up{job="a", instance="x"}', value: 1}]`)}`,
    ],
    ['NaN', head + input('NaN') + expr('up > 1', '1m', '[]')],
  ];
}
