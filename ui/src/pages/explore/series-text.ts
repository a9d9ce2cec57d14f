import type { LabelSet } from './prometheus.ts';

/** How series and selectors read as PromQL. Names beyond the classic alphabet are quoted, as Prometheus 3 writes them. */

const metricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const labelName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

export function quoted(text: string): string {
  return JSON.stringify(text);
}

/** A label's name where a matcher or a grouping wants one. */
export function labelText(name: string): string {
  return labelName.test(name) ? name : quoted(name);
}

/** A selector of everything with a metric's name. */
export function selectorOf(metric: string, matchers: readonly string[] = []): string {
  if (metricName.test(metric)) return matchers.length === 0 ? metric : `${metric}{${matchers.join(', ')}}`;
  return `{${[quoted(metric), ...matchers].join(', ')}}`;
}

/** `name{label="value"}`, labels in the order of their names; `{}` when there is nothing to say. */
export function seriesText(labels: LabelSet): string {
  const { __name__: metric = '', ...others } = labels;
  const matchers = Object.keys(others)
    .sort()
    .map((name) => `${labelText(name)}=${quoted(others[name] ?? '')}`);
  if (metric !== '') return selectorOf(metric, matchers);
  return `{${matchers.join(', ')}}`;
}

/** Labels whose values differ between the series, or which only some have. */
export function varyingLabels(all: readonly LabelSet[]): readonly string[] {
  const [first] = all;
  if (first === undefined) return [];
  const names = new Set(all.flatMap((labels) => Object.keys(labels)));
  return [...names].filter((name) => all.some((labels) => labels[name] !== first[name])).sort();
}

/** Names that tell the series of one answer apart and no more: `job=api, code=500`. The full text where nothing differs. */
export function shortNames(all: readonly LabelSet[]): readonly string[] {
  const varying = varyingLabels(all);
  if (varying.length === 0) return all.map((labels) => fullOr(labels, ''));
  return all.map((labels) => {
    const parts = varying
      .filter((name) => labels[name] !== undefined && labels[name] !== '')
      .map((name) => (name === '__name__' ? labels[name]! : `${name}=${labels[name]}`));
    return parts.length === 0 ? fullOr(labels, '(no labels)') : parts.join(', ');
  });
}

function fullOr(labels: LabelSet, other: string): string {
  return Object.keys(labels).length === 0 ? other : seriesText(labels);
}
