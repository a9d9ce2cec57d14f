import { compareText, Labels, METRIC_NAME } from '../model/labels.ts';
import type { LabelPairs } from './rule-types.ts';

export const ALERT_NAME = 'alertname';
const ALERT_STATE = 'alertstate';
/** Series that is 1 while an alert is pending or firing. */
export const ALERTS = 'ALERTS';
/** Series whose value is the moment since when an alert has been active, epoch seconds. */
export const ALERTS_FOR_STATE = 'ALERTS_FOR_STATE';

/** Pairs of both lists, ascending; of a name in both the second counts. */
export function mergePairs(first: LabelPairs, second: LabelPairs): LabelPairs {
  const merged = new Map([...first, ...second]);
  return [...merged].sort((a, b) => compareText(a[0], b[0]));
}

/** Sets labels; an empty value removes one. @param overrides ascending by name. */
export function overrideLabels(base: Labels, overrides: LabelPairs): Labels {
  const names: string[] = [];
  const values: string[] = [];
  let at = 0;
  const take = () => {
    names.push(base.names[at]!);
    values.push(base.values[at]!);
    at++;
  };
  for (const [name, value] of overrides) {
    while (at < base.size && compareText(base.names[at]!, name) < 0) take();
    if (base.names[at] === name) at++;
    if (value === '') continue;
    names.push(name);
    values.push(value);
  }
  while (at < base.size) take();
  return Labels.fromSorted(names, values);
}

/** Labels of the `ALERTS` series of an alert. */
export function alertSeries(alert: Labels, state: string): Labels {
  return overrideLabels(alert, [
    [METRIC_NAME, ALERTS],
    [ALERT_STATE, state],
  ]);
}

/** Labels of the `ALERTS_FOR_STATE` series of an alert. */
export function forStateSeries(alert: Labels): Labels {
  return overrideLabels(alert, [[METRIC_NAME, ALERTS_FOR_STATE]]);
}

/** Adds labels that are not there yet. */
export function addMissing(base: Labels, more: Labels): Labels {
  const missing = [...more.entries()].filter(([name]) => !base.has(name));
  return missing.length === 0 ? base : overrideLabels(base, missing);
}
