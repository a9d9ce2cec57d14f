import type { Labels } from '../../model/labels.ts';
import type { InhibitRule, Suppression } from '../types.ts';
import type { AlertRecord } from './alert-record.ts';
import { getOrAdd } from './get-or-add.ts';
import { MatcherIndex } from './matcher-index.ts';

/** Alerts named as the reason of one inhibition. */
const MAX_NAMED = 5;

/** Firing alerts that can inhibit by one rule, by the values of the labels that must be equal. */
interface Sources {
  /** Those that the rule cannot inhibit itself. */
  readonly plain: Map<string, Set<AlertRecord>>;
  /** Those that match both sides: they do not inhibit others that do. */
  readonly twoSided: Map<string, Set<AlertRecord>>;
}

/** Which alerts keep others from being told. Indexed, so that neither side is searched. */
export class Inhibitor {
  readonly #rules: readonly InhibitRule[];
  readonly #sourceRules = new MatcherIndex<InhibitRule>();
  readonly #targetRules = new MatcherIndex<InhibitRule>();
  readonly #sources = new Map<InhibitRule, Sources>();

  constructor(rules: readonly InhibitRule[]) {
    this.#rules = rules;
    for (const rule of rules) {
      this.#sourceRules.add(rule, rule.sourceMatchers);
      this.#targetRules.add(rule, rule.targetMatchers);
      this.#sources.set(rule, { plain: new Map(), twoSided: new Map() });
    }
  }

  /** Which rules are about an alert; for its record. */
  sidesOf(labels: Labels): AlertRecord['inhibition'] {
    const targetOf = this.#targetRules.matching(labels);
    // In the order of the file, so that the rule that is named is the first one.
    if (targetOf.length > 1) targetOf.sort((a, b) => this.#rules.indexOf(a) - this.#rules.indexOf(b));
    return { targetOf, sourceOf: new Set(this.#sourceRules.matching(labels)) };
  }

  /** To be called when an alert began to fire, or was resolved. */
  update(record: AlertRecord): void {
    for (const rule of record.inhibition.sourceOf) {
      const sources = this.#sources.get(rule)!;
      const side = record.inhibition.targetOf.includes(rule) ? sources.twoSided : sources.plain;
      const key = equalKey(rule, record.alert.labels);
      const bucket = side.get(key);
      if (!record.isResolved) getOrAdd(side, key, () => new Set<AlertRecord>()).add(record);
      else if (bucket?.delete(record) === true && bucket.size === 0) side.delete(key);
    }
  }

  suppressionOf(record: AlertRecord): Extract<Suppression, { kind: 'inhibited' }> | undefined {
    for (const rule of record.inhibition.targetOf) {
      const sources = this.#sources.get(rule)!;
      const key = equalKey(rule, record.alert.labels);
      const isTwoSided = record.inhibition.sourceOf.has(rule);
      const found = sources.plain.get(key) ?? (isTwoSided ? undefined : sources.twoSided.get(key));
      if (found !== undefined)
        return { kind: 'inhibited', fingerprints: firstOf(found, MAX_NAMED), rule: rule.name };
    }
    return undefined;
  }
}

/** Absent labels are empty, as in Alertmanager: two alerts without the label are equal. */
function equalKey(rule: InhibitRule, labels: Labels): string {
  if (rule.equal.length === 1) return labels.get(rule.equal[0]!);
  return JSON.stringify(rule.equal.map((name) => labels.get(name)));
}

function firstOf(records: ReadonlySet<AlertRecord>, count: number): string[] {
  const fingerprints: string[] = [];
  for (const { fingerprint } of records) {
    if (fingerprints.length === count) break;
    fingerprints.push(fingerprint);
  }
  return fingerprints;
}
