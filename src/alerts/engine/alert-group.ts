import { isPlainLabelName, type Labels } from '../../model/labels.ts';
import { quoteGo } from '../../templates/index.ts';
import type { Route } from '../types.ts';
import type { AlertRecord } from './alert-record.ts';

/** Alerts of one route that have the same values of the labels it groups by. */
export class AlertGroup {
  readonly route: Route;
  readonly labels: Labels;
  /** As Alertmanager writes it: `{}/{severity="critical"}:{alertname="X"}`. */
  readonly key: string;
  readonly records = new Set<AlertRecord>();
  hasFlushed = false;
  /** Of the clock's `elapsed`. */
  nextFlushMs: number;
  cancelTimer: (() => void) | undefined;
  /** Why alerts were left out at the last flush, by fingerprint. */
  suppressed = new Map<string, string>();

  constructor(route: Route, labels: Labels, nextFlushMs: number) {
    this.route = route;
    this.labels = labels;
    this.key = groupKeyOf(route, labels);
    this.nextFlushMs = nextFlushMs;
  }
}

const groupByNames = new WeakMap<Route, ReadonlySet<string>>();

export function groupLabelsOf(route: Route, labels: Labels): Labels {
  if (route.groupBy === 'all') return labels;
  const names = groupByNames.get(route) ?? new Set(route.groupBy);
  groupByNames.set(route, names);
  return labels.pick(names);
}

export function groupKeyOf(route: Route, labels: Labels): string {
  const pairs = [...labels.entries()].map(
    ([name, value]) => `${isPlainLabelName(name) ? name : quoteGo(name)}=${quoteGo(value)}`,
  );
  return `${route.key}:{${pairs.join(', ')}}`;
}

/** Equal for routes whose groups can go on as they are after a change of the configuration. */
export function routeIdentity(route: Route): string {
  const { key, receiver, groupBy, groupWaitMs, groupIntervalMs, repeatIntervalMs } = route;
  const { muteTimeIntervals, activeTimeIntervals } = route;
  return JSON.stringify([
    key,
    receiver,
    groupBy,
    groupWaitMs,
    groupIntervalMs,
    repeatIntervalMs,
    muteTimeIntervals,
    activeTimeIntervals,
  ]);
}
