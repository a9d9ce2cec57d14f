import type { Labels } from '../../model/labels.ts';
import type { InhibitRule, Suppression } from '../types.ts';
import type { AlertRecord } from './alert-record.ts';
import { getOrAdd } from './get-or-add.ts';
import { MatcherIndex } from './matcher-index.ts';

/** Alerts named as the reason of one inhibition. */
const MAX_NAMED = 5;

/** Combinations of rules that are remembered to be shared. */
const MAX_COMBINATIONS = 10_000;
const NO_RULES: ReadonlySet<InhibitRule> = new Set();

/** Firing alerts that can inhibit by one rule, with the same values of the labels that must be equal. */
interface Sources {
  /** Those that the rule cannot inhibit itself. */
  readonly plain: Set<AlertRecord>;
  /** Those that match both sides: they do not inhibit others that do. */
  readonly twoSided: Set<AlertRecord>;
}

/** All rules that ask for the same labels to be equal. */
interface Space {
  readonly equal: readonly string[];
  /** By the values of these labels. */
  readonly sources: Map<string, Map<InhibitRule, Sources>>;
}

/** Where an alert is in a space. */
export interface SpaceKey {
  readonly space: Space;
  readonly key: string;
}

/** Which alerts keep others from being told. Indexed, so that neither side is searched. */
export class Inhibitor {
  readonly #order = new Map<InhibitRule, number>();
  readonly #sourceRules = new MatcherIndex<InhibitRule>();
  readonly #targetRules = new MatcherIndex<InhibitRule>();
  readonly #spaces = new Map<InhibitRule, Space>();
  readonly #combinations = new Map<string, ReadonlySet<InhibitRule>>();

  constructor(rules: readonly InhibitRule[]) {
    const spaces = new Map<string, Space>();
    for (const rule of rules) {
      this.#order.set(rule, this.#order.size);
      this.#sourceRules.add(rule, rule.sourceMatchers);
      this.#targetRules.add(rule, rule.targetMatchers);
      const { equal } = rule;
      const space = getOrAdd(spaces, JSON.stringify(equal), () => ({ equal, sources: new Map() }));
      this.#spaces.set(rule, space);
    }
  }

  /** Which rules are about an alert; for its record. */
  sidesOf(labels: Labels): AlertRecord['inhibition'] {
    const targetOf = this.#shared(this.#targetRules.matching(labels));
    const sourceOf = this.#shared(this.#sourceRules.matching(labels));
    const spaces = new Set<Space>();
    for (const rules of [targetOf, sourceOf]) for (const rule of rules) spaces.add(this.#spaces.get(rule)!);
    return {
      targetOf,
      sourceOf,
      keys: [...spaces].map((space) => ({ space, key: equalKey(space.equal, labels) })),
    };
  }

  /** Many alerts match the same rules. */
  #shared(rules: readonly InhibitRule[]): ReadonlySet<InhibitRule> {
    if (rules.length === 0) return NO_RULES;
    const key = rules
      .map((rule) => this.#order.get(rule)!)
      .sort((a, b) => a - b)
      .join(' ');
    return getOrAdd(this.#combinations, key, () => {
      if (this.#combinations.size >= MAX_COMBINATIONS) this.#combinations.clear();
      return new Set(rules);
    });
  }

  /** To be called when an alert began to fire, or was resolved. */
  update(record: AlertRecord): void {
    const { sourceOf, targetOf, keys } = record.inhibition;
    for (const rule of sourceOf) {
      const space = this.#spaces.get(rule)!;
      const { key } = keys.find((one) => one.space === space)!;
      const rules = getOrAdd(space.sources, key, () => new Map<InhibitRule, Sources>());
      const sources = getOrAdd(rules, rule, () => ({ plain: new Set(), twoSided: new Set() }));
      const side = targetOf.has(rule) ? sources.twoSided : sources.plain;
      if (!record.isResolved) side.add(record);
      else side.delete(record);
      if (sources.plain.size + sources.twoSided.size === 0) rules.delete(rule);
      if (rules.size === 0) space.sources.delete(key);
    }
  }

  /** By the first rule of the file that holds. */
  suppressionOf(record: AlertRecord): Extract<Suppression, { kind: 'inhibited' }> | undefined {
    const { targetOf, sourceOf, keys } = record.inhibition;
    if (targetOf.size === 0) return undefined;
    let first: InhibitRule | undefined;
    let by: ReadonlySet<AlertRecord> | undefined;
    for (const { space, key } of keys) {
      const rules = space.sources.get(key);
      if (rules === undefined) continue;
      for (const [rule, { plain, twoSided }] of rules) {
        const isLater = first !== undefined && this.#order.get(rule)! > this.#order.get(first)!;
        if (isLater || !targetOf.has(rule)) continue;
        const found = plain.size > 0 || sourceOf.has(rule) ? plain : twoSided;
        if (found.size === 0) continue;
        first = rule;
        by = found;
      }
    }
    if (first === undefined || by === undefined) return undefined;
    return { kind: 'inhibited', fingerprints: firstOf(by, MAX_NAMED), rule: first.name };
  }
}

/** Absent labels are empty, as in Alertmanager: two alerts without the label are equal. */
function equalKey(equal: readonly string[], labels: Labels): string {
  return JSON.stringify(equal.map((name) => labels.get(name)));
}

function firstOf(records: ReadonlySet<AlertRecord>, count: number): string[] {
  const fingerprints: string[] = [];
  for (const { fingerprint } of records) {
    if (fingerprints.length === count) break;
    fingerprints.push(fingerprint);
  }
  return fingerprints;
}
