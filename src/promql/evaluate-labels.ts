import { Labels, METRIC_NAME } from '../model/labels.ts';
import { executionError } from './evaluate-budget.ts';
import type { GridSeries } from './evaluate-types.ts';

/** Labels that say what a metric is; an operation that changes its meaning drops all of them. */
const METADATA: ReadonlySet<string> = new Set([METRIC_NAME, '__type__', '__unit__']);
const NAME_ONLY: ReadonlySet<string> = new Set([METRIC_NAME]);

/** Sources give a series the same labels in every query, so what is left of them, with its key, is worth remembering. */
const bare = new WeakMap<Labels, Labels>();

/** Without `__name__`, `__type__` and `__unit__`. */
export function withoutMetadata(labels: Labels): Labels {
  let left = bare.get(labels);
  if (left === undefined) {
    left = labels.without(METADATA);
    bare.set(labels, left);
  }
  return left;
}

export function isMetadata(name: string): boolean {
  return METADATA.has(name);
}

/** Only the labels of these names. */
export function keeping(labels: Labels, wanted: ReadonlySet<string>): Labels {
  const names: string[] = [];
  const values: string[] = [];
  for (let i = 0; i < labels.size; i++) {
    const name = labels.names[i]!;
    if (!wanted.has(name)) continue;
    names.push(name);
    values.push(labels.values[i]!);
  }
  return names.length === labels.size ? labels : Labels.fromSorted(names, values);
}

/** Whether the series have the same name, type and unit, so that dropping them keeps label sets different. */
export function sharesMetadata(series: readonly { readonly labels: Labels }[]): boolean {
  const first = series[0];
  if (first === undefined) return true;
  for (const name of METADATA) {
    const value = first.labels.get(name);
    for (const { labels } of series) if (labels.get(name) !== value) return false;
  }
  return true;
}

/** Part of a label set, by names. `on`: only these names; otherwise all but these and the metric's name. */
export function matchingPart(labels: Labels, names: ReadonlySet<string>, isOn: boolean): Labels {
  return isOn ? keeping(labels, names) : labels.without(names).without(NAME_ONLY);
}

/** Gives every series the labels it has without its metadata; a series for which names go away only at the end keeps them and is marked. */
export function droppingNames(
  series: readonly GridSeries[],
  isDelayed: boolean,
): { readonly series: GridSeries[]; readonly mayCollide: boolean } {
  if (isDelayed) return { series: series.map((one) => ({ ...one, dropsName: true })), mayCollide: false };
  const mayCollide = !sharesMetadata(series);
  return {
    series: series.map((one) => ({ ...one, labels: withoutMetadata(one.labels), dropsName: true })),
    mayCollide,
  };
}

export const SAME_LABELSET = 'vector cannot contain metrics with the same labelset';

function hasSameLabels(series: readonly { readonly labels: Labels }[]): boolean {
  if (series.length < 2) return false;
  const seen = new Set<string>();
  for (const { labels } of series) {
    if (seen.has(labels.key)) return true;
    seen.add(labels.key);
  }
  return false;
}

/**
 * Makes one series of those that have equal labels and never a sample at the same moment.
 *
 * @throws BellwetherError `execution` when they do have samples at the same moment.
 */
export function mergeSameLabels(series: readonly GridSeries[]): readonly GridSeries[] {
  if (!hasSameLabels(series)) return series;
  const merged = new Map<string, GridSeries>();
  const own = new Set<GridSeries>();
  for (const one of series) {
    const key = one.labels.key;
    const other = merged.get(key);
    if (other === undefined) {
      merged.set(key, one);
      continue;
    }
    const target = own.has(other) ? other : copyOf(other);
    own.add(target);
    const joined = join(target, one);
    own.add(joined);
    merged.set(key, joined);
  }
  return [...merged.values()];
}

function copyOf(series: GridSeries): GridSeries {
  return {
    ...series,
    values: series.values.slice(),
    present: series.present.slice(),
    histograms: series.histograms?.slice(),
  };
}

/** Writes the samples of `from` into `target`, which the caller owns. */
function join(target: GridSeries, from: GridSeries): GridSeries {
  const histograms =
    target.histograms ??
    (from.histograms === undefined ? undefined : new Array<undefined>(target.values.length).fill(undefined));
  for (let i = 0; i < from.values.length; i++) {
    if (from.present[i] === 0) continue;
    if (target.present[i] !== 0) throw executionError(SAME_LABELSET);
    target.present[i] = 1;
    target.values[i] = from.values[i]!;
    if (histograms !== undefined) histograms[i] = from.histograms?.[i];
  }
  return { ...target, histograms, dropsName: target.dropsName || from.dropsName };
}

/** For each series a text that is the same for series of one match group. */
export function signatures(
  series: readonly { readonly labels: Labels }[],
  matching: { readonly labels: readonly string[]; readonly isOn: boolean },
): string[] {
  const names = new Set(matching.labels);
  return series.map(({ labels }) => matchingPart(labels, names, matching.isOn).key);
}
