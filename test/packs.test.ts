import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { createRuleLanguage } from '../src/app/alerting/rule-language.ts';
import { silentLog } from '../src/lib/log.ts';
import { createRunbooks, loadPacks, type Pack, runbookSlug } from '../src/packs/index.ts';
import { type AlertingRule, loadRuleFiles, type Rule, runRuleTests } from '../src/rules/index.ts';

/** What every pack that comes with the product promises. */
const folder = fileURLToPath(new URL('../packs/', import.meta.url));
const { packs, problems } = loadPacks(folder, ['service', 'self']);
const language = createRuleLanguage([]);
const options = language.parseOptions(15_000, 0);
const SEVERITIES = ['critical', 'high', 'medium', 'low', 'none'];
const HEADINGS = ['What it means', 'Impact', 'First checks', 'Likely causes', 'Mitigation', 'Escalate'];

test('the packs can be read', () => {
  expect(problems).toEqual([]);
  expect(packs.map((pack) => pack.name)).toEqual(['service', 'self']);
});

function rulesOf(pack: Pack): readonly Rule[] {
  const { groups, problems: found, warnings } = loadRuleFiles(pack.ruleFiles, folder, options);
  expect([...found, ...warnings]).toEqual([]);
  return groups.flatMap((group) => group.rules);
}

function alertsOf(pack: Pack): readonly AlertingRule[] {
  return rulesOf(pack).filter((rule): rule is AlertingRule => rule.kind === 'alerting');
}

describe.each(packs)('the pack $name', (pack) => {
  test('its alerts say what people need', () => {
    for (const alert of alertsOf(pack)) {
      const [labels, annotations] = [new Map(alert.labels), new Map(alert.annotations)];
      expect(SEVERITIES, alert.name).toContain(labels.get('severity'));
      expect([...annotations.keys()].sort(), alert.name).toEqual([
        'description',
        'impact',
        'runbook_url',
        'summary',
      ]);
      for (const text of annotations.values()) expect(text.length, alert.name).toBeGreaterThan(5);
    }
  });

  test('every alert leads to a runbook, and every runbook is led to', async () => {
    const runbooks = createRunbooks({ packs: [pack], log: silentLog });
    const slugs = (await runbooks.list()).map((one) => one.slug).sort();
    const linked = alertsOf(pack).map((alert) => {
      const url = new Map(alert.annotations).get('runbook_url')!;
      return runbookSlug(url, '') ?? `no address of a runbook: ${url}`;
    });
    expect(slugs).toEqual([...new Set(linked)].sort());
  });

  test('its runbooks have the same parts in the same order and are short', async () => {
    const runbooks = createRunbooks({ packs: [pack], log: silentLog });
    for (const { slug } of await runbooks.list()) {
      const { markdown } = (await runbooks.get(slug))!;
      const headings = [...markdown.matchAll(/^## (.*)$/gm)].map((match) => match[1]);
      expect(headings, slug).toEqual(HEADINGS);
      expect(markdown.split('\n').length, slug).toBeLessThan(80);
    }
  });

  test('PromQL in its runbooks can be asked', async () => {
    const runbooks = createRunbooks({ packs: [pack], log: silentLog });
    for (const { slug } of await runbooks.list()) {
      const { markdown } = (await runbooks.get(slug))!;
      const queries = [...markdown.matchAll(/^```promql\n(.*?)^```/gms)].map((match) => match[1]!);
      expect(queries.length, slug).toBeGreaterThan(0);
      for (const query of queries.flatMap((block) => block.trim().split(/\n(?=\S)/)))
        expect(() => options.checkExpr(query), `${slug}: ${query}`).not.toThrow();
    }
  });

  test('its catalogue has every metric that its rules read, as far as it is not somebody else’s', () => {
    const known = new Set(pack.metrics.flatMap(({ name, type }) => seriesOf(name, type)));
    const rules = rulesOf(pack);
    const recorded = new Set(rules.filter((rule) => rule.kind === 'recording').map((rule) => rule.name));
    const read = new Set(rules.flatMap((rule) => [...(rule.reads ?? [])]));
    expect([...read].filter((name) => !known.has(name) && !recorded.has(name)).sort()).toEqual([]);
  });

  test('every alert has a test in which it fires and one in which it does not', () => {
    const text = pack.testFiles.map((file) => readFileSync(file, 'utf8')).join('\n');
    for (const { name } of alertsOf(pack)) {
      const tests = text.split(/(?=- eval_time:)/).filter((part) => part.includes(`alertname: ${name}\n`));
      expect(
        tests.some((part) => part.includes('exp_labels')),
        `${name} fires`,
      ).toBe(true);
      if (name !== 'Watchdog')
        expect(
          tests.some((part) => part.includes('exp_alerts: []')),
          `${name} does not fire`,
        ).toBe(true);
    }
  });

  test.each(pack.testFiles.map((file) => basename(file)))('the rule tests of %s pass', async (name) => {
    const report = await runRuleTests(join(folder, pack.name, 'tests', name), {
      parse: options,
      expandTemplate: language.expandTemplate,
      engine: language.engine,
    });
    expect(report.failures).toEqual([]);
    expect(report.tests).toBeGreaterThan(0);
  });
});

function seriesOf(name: string, type: string): string[] {
  return type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
}
