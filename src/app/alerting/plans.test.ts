import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/index.ts';
import type { RuleInput } from '../../http/index.ts';
import { createPlans, type PlansParts } from './plans.ts';
import { createRuleLanguage } from './rule-language.ts';
import { openUserRules } from './user-rules.ts';

const ACT = { actor: 'ann', nowMs: 0 };
const GOOD = 'groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]';
const BAD = 'groups: [{name: g, rules: [{alert: A, expr: "sum("}]}]';

let folder: string;
let ruleFile: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bellwether-plans-'));
  mkdirSync(join(folder, 'rules'));
  ruleFile = join(folder, 'rules', 'r.yml');
  writeFileSync(ruleFile, GOOD);
  writeFileSync(join(folder, 'bellwether.yml'), 'rule_files: [rules/*.yml]\nalerting: {packs: []}\n');
});
afterEach(() => rmSync(folder, { recursive: true }));

async function setUp(given: Partial<PlansParts> = {}) {
  const kept = new Map<string, string>();
  const userRules = await openUserRules({
    load: async () => kept,
    apply: async (changes) => {
      for (const [key, json] of changes) if (json !== undefined) kept.set(key, json);
      for (const [key, json] of changes) if (json === undefined) kept.delete(key);
    },
  });
  const read = () => loadConfig({ file: join(folder, 'bellwether.yml'), env: {} });
  const applied: string[][] = [];
  const whole: string[][] = [];
  const names = (plan: { rules: { groups: readonly { rules: readonly { name: string }[] }[] } }) =>
    plan.rules.groups.flatMap(({ rules }) => rules.map(({ name }) => name)).sort();
  const plans = createPlans({
    config: read(),
    readConfig: read,
    language: createRuleLanguage([]),
    userRules,
    apply: async (plan) => void whole.push(names(plan)),
    applyRules: async (plan) => void applied.push(names(plan)),
    onRuleChanged: () => undefined,
    ...given,
  });
  return { plans, kept, applied, whole };
}

function rule(name: string, query = 'up == 0', id?: string): RuleInput {
  const fields = { for: '0s', keep_firing_for: '0s', labels: {}, annotations: {} };
  return { ...fields, name, query, ...(id === undefined ? {} : { id }) };
}

describe('a rule of a user', () => {
  it('is saved, changed and deleted although a rule file on the disk is broken meanwhile', async () => {
    const { plans, kept, applied, whole } = await setUp();
    writeFileSync(ruleFile, BAD);
    const id = await plans.saveRule(rule('Mine'), ACT);
    await plans.saveRule(rule('Changed', 'up == 1', id), ACT);
    expect([...kept.keys()]).toEqual([id]);
    await plans.removeRule(id, ACT);
    expect(applied).toEqual([['A', 'Mine'], ['A', 'Changed'], ['A']]);
    expect(whole).toEqual([]);
    await expect(plans.reload()).rejects.toMatchObject({ code: 'bad_config', status: 422 });
  });

  it('does not bring a file into force that somebody is still writing', async () => {
    const { plans, applied } = await setUp();
    writeFileSync(ruleFile, GOOD.replace('alert: A', 'alert: Unfinished'));
    await plans.saveRule(rule('Mine'), ACT);
    expect(applied).toEqual([['A', 'Mine']]);
  });

  it('with a mistake is refused whole: nothing is kept', async () => {
    const { plans, kept, applied } = await setUp();
    await expect(plans.saveRule(rule('Mine', 'sum('), ACT)).rejects.toMatchObject({ status: 422 });
    expect(kept.size).toBe(0);
    expect(applied).toEqual([]);
    await expect(plans.removeRule('none', ACT)).rejects.toMatchObject({ status: 404 });
  });
});

it('a rule of a user that is no longer right is left out and told, and others can be saved', async () => {
  const { plans, applied } = await setUp({
    userRules: await openUserRules({
      load: async () =>
        new Map([['0123456789abcdef', JSON.stringify({ name: 'Old', query: 'mad_over_time(up[5m])' })]]),
      apply: async () => undefined,
    }),
  });
  expect(plans.current().warnings.join()).toContain('your rule "Old"');
  await plans.saveRule(rule('New'), ACT);
  expect(applied).toEqual([['A', 'New']]);
});

/** A promise that is resolved from outside. */
function signal(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve: () => resolve() };
}

describe('a stop', () => {
  it('waits for the reload that goes on and refuses those that come late, which would start again what was stopped', async () => {
    const gate = signal();
    const begin = signal();
    const log: string[] = [];
    const apply = async () => {
      log.push('begun');
      begin.resolve();
      await gate.promise;
      log.push('applied');
    };
    const { plans, kept } = await setUp({ apply });
    const first = plans.reload();
    const late = [plans.reload(), plans.saveRule(rule('Mine'), ACT)];
    await begin.promise;
    const stop = plans.stop().then(() => log.push('stopped'));
    gate.resolve();
    await Promise.all([first, stop]);
    for (const one of await Promise.allSettled(late))
      expect(one).toMatchObject({ status: 'rejected', reason: { code: 'stopping', status: 503 } });
    expect(log).toEqual(['begun', 'applied', 'stopped']);
    expect(kept.size).toBe(0);
  });
});
