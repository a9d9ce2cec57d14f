/** Name of the label that holds the metric's name. */
export const METRIC_NAME = '__name__';

let empty: Labels | undefined;

/**
 * The labels of a series, `__name__` among them: sorted by name, no name twice, no empty value (which means the same as an absent
 * label). Immutable.
 */
export class Labels {
  // A static field that refers to its own class is compiled wrongly by TypeScript 7.0.
  static get EMPTY(): Labels {
    empty ??= new Labels([], []);
    return empty;
  }

  readonly names: readonly string[];
  /** `values[i]` belongs to `names[i]`. */
  readonly values: readonly string[];
  #key: string | undefined;

  private constructor(names: readonly string[], values: readonly string[]) {
    this.names = names;
    this.values = values;
  }

  /** From pairs in any order; of a name given twice the last counts, an empty value removes it. */
  static from(pairs: Iterable<readonly [name: string, value: string]>): Labels {
    const byName = new Map<string, string>();
    for (const [name, value] of pairs) byName.set(name, value);
    const names = [...byName.keys()].filter((name) => byName.get(name) !== '').sort(compareText);
    if (names.length === 0) return Labels.EMPTY;
    return new Labels(
      names,
      names.map((name) => byName.get(name)!),
    );
  }

  static fromObject(object: Readonly<Record<string, string>>): Labels {
    return Labels.from(Object.entries(object));
  }

  /** From lists the caller knows to be sorted by `compareText`, without duplicates and empty values. Takes them over. */
  static fromSorted(names: readonly string[], values: readonly string[]): Labels {
    return names.length === 0 ? Labels.EMPTY : new Labels(names, values);
  }

  get size(): number {
    return this.names.length;
  }

  /** The value, or the empty string. */
  get(name: string): string {
    const at = this.names.indexOf(name);
    return at < 0 ? '' : this.values[at]!;
  }

  has(name: string): boolean {
    return this.names.includes(name);
  }

  /** The metric's name, or the empty string. */
  get metric(): string {
    return this.get(METRIC_NAME);
  }

  /** Equal for equal label sets only; for use as a map's key. */
  get key(): string {
    this.#key ??= keyOf(this.names, this.values);
    return this.#key;
  }

  with(name: string, value: string): Labels {
    return Labels.from([...this.entries(), [name, value]]);
  }

  without(names: ReadonlySet<string>): Labels {
    return this.#filter((name) => !names.has(name));
  }

  pick(names: ReadonlySet<string>): Labels {
    return this.#filter((name) => names.has(name));
  }

  #filter(keeps: (name: string) => boolean): Labels {
    if (this.names.every(keeps)) return this;
    const names: string[] = [];
    const values: string[] = [];
    for (let i = 0; i < this.names.length; i++) {
      if (!keeps(this.names[i]!)) continue;
      names.push(this.names[i]!);
      values.push(this.values[i]!);
    }
    return Labels.fromSorted(names, values);
  }

  *entries(): Generator<readonly [name: string, value: string]> {
    for (let i = 0; i < this.names.length; i++) yield [this.names[i]!, this.values[i]!];
  }

  toObject(): Record<string, string> {
    // Without a prototype, because a label may be called `__proto__`.
    const object = Object.create(null) as Record<string, string>;
    for (const [name, value] of this.entries()) object[name] = value;
    return object;
  }

  equals(other: Labels): boolean {
    return this === other || this.key === other.key;
  }

  /** Prometheus's order: name by name, value by value, then the shorter first. */
  compare(other: Labels): number {
    const count = Math.min(this.size, other.size);
    for (let i = 0; i < count; i++) {
      const byName = compareText(this.names[i]!, other.names[i]!);
      if (byName !== 0) return byName;
      const byValue = compareText(this.values[i]!, other.values[i]!);
      if (byValue !== 0) return byValue;
    }
    return this.size - other.size;
  }

  /** As Prometheus prints it: `{__name__="up", job="x"}`, names that are no identifiers in quotes. */
  toString(): string {
    const parts = [...this.entries()].map(
      ([name, value]) => `${isPlainLabelName(name) ? name : quoted(name)}=${quoted(value)}`,
    );
    return `{${parts.join(', ')}}`;
  }
}

const PLAIN_LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const PLAIN_METRIC = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

/** Whether a label name may stand without quotes. */
export function isPlainLabelName(name: string): boolean {
  return PLAIN_LABEL.test(name);
}

/** Whether a metric name may stand outside braces. */
export function isPlainMetricName(name: string): boolean {
  return PLAIN_METRIC.test(name);
}

/** A string in double quotes with Go's escapes, as far as JSON's are the same. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}

/** Order of the UTF-8 bytes. */
export function compareText(a: string, b: string): number {
  const count = Math.min(a.length, b.length);
  for (let i = 0; i < count; i++) {
    const byUnit = rankOf(a.charCodeAt(i)) - rankOf(b.charCodeAt(i));
    if (byUnit !== 0) return byUnit;
  }
  return a.length - b.length;
}

/** Surrogates stand for code points beyond all others, although their numbers are below those of the last plain units. */
function rankOf(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** Lengths in front make the text unambiguous whatever the labels contain. */
function keyOf(names: readonly string[], values: readonly string[]): string {
  let key = '';
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!;
    const value = values[i]!;
    key += `${name.length}:${name}${value.length}:${value}`;
  }
  return key;
}

/** Whether a text can be written as UTF-8: no half of a surrogate pair. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}
