import type { Labels } from '../../model/labels.ts';
import { matchesLabels } from '../matchers.ts';
import type { AlertMatcher } from '../types.ts';
import { getOrAdd } from './get-or-add.ts';

interface Item<T> {
  readonly value: T;
  readonly matchers: readonly AlertMatcher[];
}

/** Finds, for labels, whose matchers all match: those that ask a label to be equal to a value are only looked at where it is. */
export class MatcherIndex<T> {
  /** By label name, then value. */
  readonly #byValue = new Map<string, Map<string, Set<Item<T>>>>();
  readonly #others = new Set<Item<T>>();
  readonly #items = new Map<T, Item<T>>();

  add(value: T, matchers: readonly AlertMatcher[]): void {
    const item = { value, matchers };
    this.#items.set(value, item);
    const key = matchers.find((matcher) => matcher.type === '=' && matcher.value !== '');
    if (key === undefined) {
      this.#others.add(item);
      return;
    }
    const values = getOrAdd(this.#byValue, key.name, () => new Map<string, Set<Item<T>>>());
    getOrAdd(values, key.value, () => new Set<Item<T>>()).add(item);
  }

  remove(value: T): void {
    const item = this.#items.get(value);
    if (item === undefined) return;
    this.#items.delete(value);
    this.#others.delete(item);
    for (const { type, name, value } of item.matchers) {
      if (type !== '=') continue;
      const values = this.#byValue.get(name);
      const items = values?.get(value);
      if (values === undefined || items?.delete(item) !== true) continue;
      if (items.size === 0) values.delete(value);
      if (values.size === 0) this.#byValue.delete(name);
    }
  }

  matching(labels: Labels): T[] {
    const found: T[] = [];
    for (const item of this.#others) if (matchesLabels(item.matchers, labels)) found.push(item.value);
    for (const [name, values] of this.#byValue) {
      const items = values.get(labels.get(name));
      if (items === undefined) continue;
      for (const item of items) if (matchesLabels(item.matchers, labels)) found.push(item.value);
    }
    return found;
  }
}
