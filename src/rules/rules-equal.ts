import { createHash } from 'node:crypto';
import type { LabelPairs, Rule, RuleGroup } from './rule-types.ts';

/** Whether two groups do the same; where they stand in their files does not matter. */
export function groupsEqual(a: RuleGroup, b: RuleGroup): boolean {
  return (
    a.file === b.file &&
    a.name === b.name &&
    a.intervalMs === b.intervalMs &&
    a.limit === b.limit &&
    a.queryOffsetMs === b.queryOffsetMs &&
    pairsKey(a.labels) === pairsKey(b.labels) &&
    a.rules.length === b.rules.length &&
    a.rules.every((rule, i) => ruleKey(rule) === ruleKey(b.rules[i]!))
  );
}

/** Whether a reload from one list of groups to another would change nothing. */
export function rulesEqual(a: readonly RuleGroup[], b: readonly RuleGroup[]): boolean {
  return a.length === b.length && a.every((group, i) => groupsEqual(group, b[i]!));
}

/** Equal for rules that do the same. */
function ruleKey(rule: Rule): string {
  const parts = [rule.kind, rule.name, rule.expr, rule.language, pairsKey(rule.labels)];
  if (rule.kind === 'alerting')
    parts.push(String(rule.forMs), String(rule.keepFiringForMs), pairsKey(rule.annotations));
  return JSON.stringify(parts);
}

function pairsKey(pairs: LabelPairs): string {
  return JSON.stringify(pairs);
}

/** Equal for rules whose alerts are the same alerts: same kind, name and labels. Expression and texts may differ. */
export function identityOf(rule: Pick<Rule, 'kind' | 'name' | 'labels'>): string {
  return JSON.stringify([rule.kind, rule.name, rule.labels]);
}

/**
 * A stable name for each rule of a group, for addresses and saved state: it stays when the expression, the texts or other rules
 * change. 16 hexadecimal digits.
 */
export function ruleIds(group: RuleGroup): string[] {
  const seen = new Map<string, number>();
  return group.rules.map((rule) => {
    const identity = identityOf(rule);
    const nth = seen.get(identity) ?? 0;
    seen.set(identity, nth + 1);
    const text = JSON.stringify([group.file, group.name, identity, nth]);
    return createHash('sha256').update(text).digest('hex').slice(0, 16);
  });
}
