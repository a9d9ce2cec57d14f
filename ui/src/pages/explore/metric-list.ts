/** The names of the metric browser: grouped by their first word, or ranked by what was typed. Pure, for lists of tens of thousands. */

export interface MetricGroup {
  readonly kind: 'group';
  readonly prefix: string;
  readonly count: number;
  readonly isOpen: boolean;
}

export interface MetricName {
  readonly kind: 'metric';
  readonly name: string;
  /** Inside an opened group. */
  readonly isNested: boolean;
}

export type MetricListItem = MetricGroup | MetricName;

/** Groups of fewer names are shown as plain names. */
const smallestGroup = 3;

/** The first word of a name: `node` of `node_load1`, `claude` of `claude_code_cost_usage_total`. */
export function prefixOf(name: string): string {
  return /^[^_.:/-]+/.exec(name)?.[0] ?? name;
}

/** Names under their prefixes. `names` are sorted; so is the list. */
export function groupedMetrics(names: readonly string[], open: ReadonlySet<string>): MetricListItem[] {
  const items: MetricListItem[] = [];
  for (let from = 0; from < names.length; ) {
    const prefix = prefixOf(names[from]!);
    let to = from + 1;
    while (to < names.length && prefixOf(names[to]!) === prefix) to += 1;
    const isGroup = to - from >= smallestGroup;
    const isOpen = !isGroup || open.has(prefix);
    if (isGroup) items.push({ kind: 'group', prefix, count: to - from, isOpen });
    if (isOpen) {
      for (let at = from; at < to; at += 1) {
        items.push({ kind: 'metric', name: names[at]!, isNested: isGroup });
      }
    }
    from = to;
  }
  return items;
}

/** Names that hold every word typed: those that begin with the first word come first. */
export function matchingMetrics(names: readonly string[], q: string): readonly string[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  const [first] = words;
  if (first === undefined) return names;
  const beginning: string[] = [];
  const within: string[] = [];
  for (const name of names) {
    const low = name.toLowerCase();
    if (!words.every((word) => low.includes(word))) continue;
    (low.startsWith(first) ? beginning : within).push(name);
  }
  return [...beginning, ...within];
}
