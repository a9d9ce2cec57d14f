import type { AlertEngine } from '../../alerts/index.ts';
import { CHANNELS, type Notifier, type NotifyMeter } from '../../notify/index.ts';
import type { RuleManager } from '../../rules/index.ts';
import type { ServerMetrics } from '../../self/index.ts';
import type { AlertHistory } from '../alert-history.ts';

type Registry = ServerMetrics['registry'];
type Group = ReturnType<RuleManager['groups']>[number];

const LATENCY_BUCKETS_S = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** Counts notifications for the server's own metrics. */
export function notifyMeter(registry: Registry): NotifyMeter {
  const labels = ['channel', 'result'];
  const notifications = registry.counter({
    name: 'bellwether_notifications',
    help: 'Notifications that came to their end, by result: delivered, failed.',
    labels,
  });
  const latency = registry.histogram({
    name: 'bellwether_notification_latency_seconds',
    help: 'Time from the first attempt to the end of a delivery.',
    unit: 'seconds',
    labels: ['channel'],
    buckets: LATENCY_BUCKETS_S,
  });
  const attempts = registry.counter({
    name: 'bellwether_notification_attempts',
    help: 'Attempts at a delivery, by result: delivered, retryable, permanent.',
    labels,
  });
  const digested = registry.counter({
    name: 'bellwether_notifications_digested',
    help: 'Notifications that became part of a digest because of the rate limit.',
    labels: ['channel'],
  });
  // From zero on, so that the first failure is an increase.
  for (const { name: channel } of CHANNELS) {
    notifications.add({ channel, result: 'delivered' }, 0);
    notifications.add({ channel, result: 'failed' }, 0);
  }
  return {
    notified(channel, result, latencyMs) {
      notifications.add({ channel, result });
      latency.observe({ channel }, latencyMs / 1000);
    },
    attempted: (channel, result) => attempts.add({ channel, result }),
    retried() {
      // Attempts that may be repeated say it already.
    },
    digested: (channel, count) => digested.add({ channel }, count),
  };
}

export interface AlertingFigures {
  readonly engine: AlertEngine;
  readonly rules: RuleManager;
  readonly history: AlertHistory;
  readonly notifier: Notifier;
  /** Whether the last reload was taken. */
  readonly isReloadGood: () => boolean;
}

/** Figures of rules, alerts and their history, read when the metrics are asked for. */
export function observeAlerting(
  registry: Registry,
  { engine, rules, history, notifier, isReloadGood }: AlertingFigures,
): void {
  const gauge = (name: string, help: string, read: () => number) =>
    registry.observed({ name: `bellwether_${name}`, help, type: 'gauge' }, read);
  const counter = (name: string, help: string, read: () => number) =>
    registry.observed({ name: `bellwether_${name}`, help, type: 'counter' }, read);
  counter('rule_samples', 'Samples that rules have written.', () => rules.counters.samplesWritten);
  counter('rule_write_failures', 'Writes of rules that failed.', () => rules.counters.writeFailures);
  counter(
    'rule_state_failures',
    'States of rules that could not be kept.',
    () => rules.counters.stateFailures,
  );
  observeGroups(registry, rules);
  gauge('config_last_reload_successful', '1 when the last reload of the configuration was taken.', () =>
    isReloadGood() ? 1 : 0,
  );
  counter('alerts_received', 'Alerts taken, repetitions too.', () => engine.counters.received);
  counter('alerts_refused', 'Alerts refused: bad labels, or too many.', () => engine.counters.refused);
  counter(
    'alerts_suppressed',
    'Notifications left out: silenced, inhibited, muted, acknowledged.',
    () => engine.counters.suppressed,
  );
  counter(
    'alert_state_failures',
    'Alerts or notifications that could not be kept.',
    () => engine.counters.stateFailures,
  );
  counter('alert_history_dropped', 'Events of the history that were lost.', () => history.counters().dropped);
  gauge(
    'alert_history_waiting',
    'Events of the history that are not durable yet.',
    () => history.counters().waiting,
  );
  gauge('alert_deliveries_waiting', 'Deliveries that have not come to their end.', () =>
    notifier.status().reduce((sum, { pending }) => sum + pending, 0),
  );
  registry.observed(
    { name: 'bellwether_alerts', help: 'Active alerts by state.', type: 'gauge', labels: ['state'] },
    () => alertCounts(engine),
  );
}

function observeGroups(registry: Registry, rules: RuleManager): void {
  const counted = (name: string, help: string, read: (group: Group) => number) =>
    registry.observed({ name: `bellwether_${name}`, help, type: 'counter', labels: ['group'] }, () =>
      rules.groups().map((group) => ({ labels: { group: group.key }, value: read(group) })),
    );
  counted('rule_evaluations', 'Evaluations of rules.', ({ evaluations }) => evaluations);
  counted('rule_evaluation_failures', 'Evaluations of rules that failed.', ({ failures }) => failures);
  counted(
    'rule_missed_ticks',
    'Evaluations of the group left out because the one before took too long.',
    ({ missedTicks }) => missedTicks,
  );
  const perGroup = (name: string, help: string, read: (group: Group) => number) =>
    registry.observed(
      { name: `bellwether_${name}`, help, type: 'gauge', labels: ['group'], unit: 'seconds' },
      () => rules.groups().map((group) => ({ labels: { group: group.key }, value: read(group) })),
    );
  perGroup(
    'rule_group_last_duration_seconds',
    'How long the last evaluation of the group took.',
    ({ durationMs }) => durationMs / 1000,
  );
  perGroup(
    'rule_group_interval_seconds',
    'How often the group is evaluated.',
    ({ group }) => group.intervalMs / 1000,
  );
}

function alertCounts(engine: AlertEngine) {
  const counts = { firing: 0, suppressed: 0, resolved: 0 };
  for (const { isResolved, suppressions } of engine.alerts()) {
    if (isResolved) counts.resolved += 1;
    else if (suppressions.length > 0) counts.suppressed += 1;
    else counts.firing += 1;
  }
  return Object.entries(counts).map(([state, value]) => ({ labels: { state }, value }));
}
