import type { Rule } from './rule-types.ts';
import { identityOf } from './rules-equal.ts';

/** Something that can be told to be the same rule. */
export interface Matchable {
  readonly id: string;
  readonly rule: Pick<Rule, 'kind' | 'name' | 'labels' | 'expr'>;
  readonly group: { readonly file: string; readonly name: string };
}

export interface Matches<New, Old> {
  readonly pairs: readonly (readonly [New, Old])[];
  /** What no new rule takes over. */
  readonly leftOver: readonly Old[];
}

/** How surely two rules are the same, surest first. The last finds rules whose group or file got another name. */
const WAYS: readonly ((one: Matchable) => string)[] = [
  ({ id, rule }) => JSON.stringify([id, rule.expr]),
  ({ rule, group }) => JSON.stringify([group.file, group.name, identityOf(rule), rule.expr]),
  ({ id }) => id,
  ({ rule }) => JSON.stringify([identityOf(rule), rule.expr]),
];

/** Finds for each new rule the old one whose alerts it takes over; each old one is taken once. */
export function matchRules<New extends Matchable, Old extends Matchable>(
  fresh: readonly New[],
  old: readonly Old[],
): Matches<New, Old> {
  const pairs: (readonly [New, Old])[] = [];
  let waiting = [...fresh];
  let left = [...old];
  for (const way of WAYS) {
    const byKey = new Map<string, Old[]>();
    for (const one of left) {
      const list = byKey.get(way(one)) ?? [];
      byKey.set(way(one), list);
      list.push(one);
    }
    const taken = new Set<Old>();
    waiting = waiting.filter((one) => {
      const match = byKey.get(way(one))?.shift();
      if (match === undefined) return true;
      taken.add(match);
      pairs.push([one, match]);
      return false;
    });
    left = left.filter((one) => !taken.has(one));
  }
  return { pairs, leftOver: left };
}
