import type {
  ActiveAlertJson,
  AlertDetailJson,
  AlertListJson,
  AlertStatisticsJson,
  BacktestJson,
  HistoryEventJson,
  OnCallJson,
  ReceiverListJson,
  RuleInfoJson,
  RulePreviewJson,
  RuleWhyJson,
  RunbookJson,
  SilenceJson,
} from '@contract';

/** Answers about alerts for tests and for looking at pages; `ago` in seconds counts back from now. */
export const ago = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString();
export const ahead = (seconds: number): string => ago(-seconds);

export function alertWith(fields: Partial<ActiveAlertJson> = {}): ActiveAlertJson {
  const name = fields.name ?? 'HighErrorRate';
  const service = fields.service ?? 'checkout';
  const severity = fields.severity ?? 'critical';
  return {
    fingerprint: 'a1b2c3d4e5f60718',
    name,
    service,
    severity,
    priority: 'P0',
    state: 'firing',
    suppressed_by: [],
    labels: { alertname: name, severity, service, instance: 'web-1:8080', team: 'payments' },
    annotations: {
      summary: '12% of requests to checkout fail',
      description: 'More than 5% of requests have answered 5xx for ten minutes.\nCustomers cannot pay.',
      dashboard: 'https://grafana.example.com/d/checkout',
    },
    value: 0.1234,
    starts_at: ago(780),
    ends_at: null,
    source: 'rule:service/http/HighErrorRate',
    rule_id: 'service/http/HighErrorRate',
    generator_url: 'https://bellwether.example.com/explore/metrics?q=up',
    receivers: ['team-payments'],
    last_notified_at: ago(760),
    notify_error: '',
    acknowledged: null,
    escalation: {
      ...{ policy: 'payments', step: 1, steps: 3, state: 'running' },
      next_at: ahead(190),
      next_receivers: ['lead-sms'],
    },
    response: { due_at: ahead(120), is_missed: false },
    runbook: { slug: 'high-error-rate', title: 'High error rate' },
    runbook_url: '',
    ...fields,
  };
}

export function sampleAlerts(): ActiveAlertJson[] {
  return [alertWith(), ...answeredAlerts(), ...quietAlerts()];
}

/** One that somebody has, one that nobody answered. */
function answeredAlerts(): ActiveAlertJson[] {
  return [
    alertWith({
      fingerprint: 'b2c3d4e5f6071829',
      name: 'DatabaseDown',
      service: 'orders',
      annotations: { summary: 'PostgreSQL on db-1 does not answer' },
      value: 0,
      starts_at: ago(5400),
      acknowledged: { by: 'ada', at: ago(5000), until: ahead(1800), note: 'failing over' },
      escalation: {
        ...{ policy: 'default', step: 1, steps: 2, state: 'acknowledged' },
        ...{ next_at: null, next_receivers: [] },
      },
      response: null,
      receivers: ['team-orders', 'pagerduty'],
      runbook: null,
      runbook_url: 'https://wiki.example.com/db-down',
    }),
    alertWith({
      fingerprint: 'c3d4e5f60718293a',
      name: 'LatencyHigh',
      severity: 'warning',
      priority: 'P2',
      annotations: { summary: 'p99 of checkout is 2.4 s, 1 s is allowed' },
      value: 2.41,
      starts_at: ago(3000),
      notify_error: 'slack answered 500: internal_error',
      escalation: {
        ...{ policy: 'payments', step: 3, steps: 3, state: 'exhausted' },
        ...{ next_at: null, next_receivers: [] },
      },
      response: { due_at: ago(600), is_missed: true },
      runbook: null,
    }),
  ];
}

/** Silenced, pending and over; the last with labels and annotations as an attacker would write them. */
function quietAlerts(): ActiveAlertJson[] {
  return [
    alertWith({
      fingerprint: 'd4e5f60718293a4b',
      name: 'QueueGrowing',
      service: 'mail',
      severity: 'warning',
      priority: 'P2',
      suppressed_by: [{ kind: 'silenced', by: ['3f2a'] }],
      annotations: { summary: 'mail queue holds 12,400 messages' },
      value: 12_400,
      starts_at: ago(86_400),
      escalation: null,
      response: null,
      runbook: null,
    }),
    alertWith({
      fingerprint: 'e5f60718293a4b5c',
      name: 'DiskWillFill',
      service: 'node',
      severity: 'warning',
      priority: 'P2',
      state: 'pending',
      annotations: { summary: 'Disk of db-1 will be full in 20 hours' },
      value: 20.3,
      starts_at: ago(45),
      ...{ receivers: [], last_notified_at: null, escalation: null, response: null, runbook: null },
    }),
    alertWith({
      fingerprint: 'f60718293a4b5c6d',
      name: 'DeployFailed',
      service: '',
      severity: '',
      priority: 'P3',
      state: 'resolved',
      labels: { alertname: 'DeployFailed', app: '<script>alert(1)</script>' },
      annotations: { summary: '<img src=x onerror=alert(1)>', link: 'javascript:alert(1)' },
      value: null,
      starts_at: ago(9000),
      ends_at: ago(300),
      source: 'webhook:coolify',
      rule_id: null,
      ...{ escalation: null, response: null, runbook: null },
    }),
  ];
}

/** The dead man's switch: it always fires, and asks nobody. */
export function watchdog(fields: Partial<ActiveAlertJson> = {}): ActiveAlertJson {
  return alertWith({
    ...{ fingerprint: '7777777777777777', name: 'Watchdog', service: '', severity: 'none', priority: 'P3' },
    annotations: { summary: 'Alerting works' },
    ...{ rule_id: 'pack:self/alerting/Watchdog', value: 1, starts_at: ago(7200) },
    ...{ escalation: null, response: null, runbook: null },
    ...fields,
  });
}

export function alertListWith(
  alerts: ActiveAlertJson[] = sampleAlerts(),
  fields: Partial<AlertListJson> = {},
): AlertListJson {
  const firing = alerts.filter(({ state }) => state === 'firing');
  const count = (priority: string) => firing.filter((one) => one.priority === priority).length;
  return {
    alerts,
    total: alerts.length,
    counts: {
      firing: firing.length,
      pending: alerts.filter(({ state }) => state === 'pending').length,
      suppressed: alerts.filter((one) => one.suppressed_by.length > 0).length,
      acknowledged: alerts.filter((one) => one.acknowledged !== null).length,
      by_priority: { P0: count('P0'), P1: count('P1'), P2: count('P2'), P3: count('P3') },
    },
    rules: { total: 12, failing: 0, last_evaluation_at: ago(8), store_away: false },
    told: { receivers: 3, integrations: 4, failing: [] },
    ...fields,
  };
}

let eventCount = 0;
export function eventWith(fields: Partial<HistoryEventJson> = {}): HistoryEventJson {
  eventCount += 1;
  return {
    id: `event-${eventCount}`,
    at: ago(760),
    kind: 'firing',
    ...{ fingerprint: 'a1b2c3d4e5f60718', name: 'HighErrorRate', severity: 'critical', priority: 'P0' },
    labels: { alertname: 'HighErrorRate', service: 'checkout', instance: 'web-1:8080' },
    rule_id: 'service/http/HighErrorRate',
    ...{ receiver: '', integration: '', channel: '', reason: '', actor: '', detail: '' },
    ...{ value: null, latency_ms: null, attempts: 0 },
    ...fields,
  };
}

export function sampleEvents(): HistoryEventJson[] {
  const slack = { receiver: 'team-payments', integration: 'team-payments/slack/0', channel: 'slack' };
  const mail = { receiver: 'team-payments', integration: 'team-payments/email/0', channel: 'email' };
  return [
    eventWith({ at: ago(60), kind: 'response_missed', detail: 'nobody acknowledged within 5 minutes' }),
    eventWith({ at: ago(300), kind: 'escalated', detail: 'step 1 of 3', receiver: 'payments-on-call' }),
    eventWith({
      ...{ at: ago(758), kind: 'notify_failed', ...mail, attempts: 3, latency_ms: 30_012 },
      detail: 'connect ECONNREFUSED 127.0.0.1:25',
    }),
    eventWith({ at: ago(759), kind: 'notified', ...slack, attempts: 1, latency_ms: 212, reason: 'group' }),
    eventWith({ at: ago(770), kind: 'firing', value: 0.1234 }),
    eventWith({ at: ago(1370), kind: 'pending', value: 0.081 }),
    eventWith({
      ...{ at: ago(4000), kind: 'silence_created', actor: 'ada', name: '', fingerprint: '', rule_id: '' },
      ...{ priority: null, severity: '', labels: {}, detail: 'service="mail" until 18:00: maintenance' },
    }),
    eventWith({ at: ago(5000), kind: 'acknowledged', actor: 'ada', detail: 'failing over' }),
  ];
}

export function ruleWith(fields: Partial<RuleInfoJson> = {}): RuleInfoJson {
  return {
    id: 'service/http/HighErrorRate',
    kind: 'alerting',
    name: 'HighErrorRate',
    group: 'http',
    file: 'pack:service',
    line: 12,
    is_editable: false,
    query: 'sum by (service) (rate(http_requests_total{code=~"5.."}[5m])) > 0.05',
    for_s: 600,
    keep_firing_for_s: 0,
    interval_s: 15,
    labels: { severity: 'critical' },
    annotations: { summary: '{{ $value | humanizePercentage }} of requests to {{ $labels.service }} fail' },
    state: 'firing',
    health: 'ok',
    last_error: '',
    store_away: false,
    last_evaluation_at: ago(8),
    evaluation_ms: 3.4,
    series_count: 2,
    alerts: 1,
    ...fields,
  };
}

export function sampleRules(): RuleInfoJson[] {
  return [
    ruleWith(),
    ruleWith({
      ...{ id: 'user/QueueGrowing', name: 'QueueGrowing', group: 'yours', file: 'user', line: 0 },
      ...{ is_editable: true, state: 'pending', query: 'mail_queue_length > 1000', for_s: 300 },
      labels: { severity: 'warning' },
    }),
    ruleWith({
      ...{ id: 'node.yml/disk/DiskWillFill', name: 'DiskWillFill', file: '/etc/bellwether/rules/node.yml' },
      ...{ line: 48, state: 'unknown', health: 'err', alerts: 0 },
      last_error: 'found duplicate series for the match group {instance="db-1"} on the right side',
    }),
    ruleWith({
      ...{ id: 'node.yml/rec/instance:cpu:rate5m', name: 'instance:cpu:rate5m', kind: 'recording' },
      ...{ file: '/etc/bellwether/rules/node.yml', line: 7, for_s: 0, state: 'inactive', alerts: 0 },
      ...{ labels: {}, annotations: {}, query: 'sum by (instance) (rate(node_cpu_seconds_total[5m]))' },
    }),
  ];
}

export function whyWith(rule: RuleInfoJson = ruleWith(), alert: ActiveAlertJson = alertWith()): RuleWhyJson {
  const labels = { service: 'checkout' };
  return {
    rule,
    evaluations: [8, 23, 38].map((seconds, at) => ({
      ...{ at: ago(seconds), duration_ms: 3.4 + at, error: '', store_away: false },
      ...{ series_count: 1, warnings: [] },
      series: [{ labels, value: 0.1234 - at / 100, state: 'firing', active_at: ago(1380) }],
    })),
    alerts: [alertWhy(alert)],
  };
}

function alertWhy(alert: ActiveAlertJson): AlertDetailJson['why'] {
  const at = { last_notified_at: ago(760), decided_at: ago(20) };
  return {
    alert,
    routes: [
      {
        ...{ route: 'route', receiver: 'default', matchers: '' },
        ...{ matched: true, taken: false },
      },
      {
        ...{ route: 'route.routes[0]', receiver: 'team-orders', matchers: 'service="orders"' },
        ...{ matched: false, taken: false },
      },
      {
        ...{ route: 'route.routes[1]', receiver: 'team-payments', matchers: 'team="payments"' },
        ...{ matched: true, taken: true },
      },
    ],
    groups: [
      {
        group_key: '{}/{team="payments"}:{alertname="HighErrorRate"}',
        receiver: 'team-payments',
        next_flush_at: ahead(40),
        integrations: [
          {
            ...{ integration: 'team-payments/slack/0', channel: 'slack', last_status: 'firing', ...at },
            decision: 'not sent again: nothing changed and repeat_interval (4h) has not passed',
          },
          {
            ...{ integration: 'team-payments/email/0', channel: 'email', last_status: null, ...at },
            ...{ last_notified_at: null, decision: 'failed, will be tried again in 40 s' },
          },
        ],
      },
    ],
  };
}

export function alertDetailWith(alert: ActiveAlertJson = alertWith()): AlertDetailJson {
  return {
    alert,
    why: alertWhy(alert),
    query: ruleWith().query,
    timeline: sampleEvents(),
  };
}

export function silenceWith(fields: Partial<SilenceJson> = {}): SilenceJson {
  return {
    id: '3f2a8c1e-9a51-4a62-8f0e-5c3a2c9d1b77',
    state: 'active',
    matchers: [{ name: 'service', type: '=', value: 'mail' }],
    starts_at: ago(3600),
    ends_at: ahead(7200),
    updated_at: ago(3600),
    created_by: 'ada',
    comment: 'Mail server is being moved',
    alerts: 1,
    ...fields,
  };
}

export function sampleStatistics(): AlertStatisticsJson {
  const rule = (name: string, fired: number): AlertStatisticsJson['rules'][number] => ({
    ...{ rule_id: `service/http/${name}`, name, severity: 'warning', fired, fired_at_night: 2 },
    ...{ notified: fired * 2, acknowledged: 3, only_self_resolved: Math.floor(fired / 2) },
    ...{ mtta_s: 210, mttr_s: 1500, firing_s: 7200 },
  });
  return {
    ...{ from: ago(86_400), to: ago(0), fired: 25, resolved: 21, acknowledged: 9, notified: 48 },
    ...{ notify_failed: 3, response_missed: 1, mtta_s: 184, mttr_s: 1432 },
    ...{ notify_p50_ms: 180, notify_p99_ms: 2300 },
    rules: [rule('LatencyHigh', 14), rule('HighErrorRate', 8), rule('DiskWillFill', 3)],
  };
}

export function sampleReceivers(): ReceiverListJson {
  return {
    receivers: [
      {
        name: 'team-payments',
        integrations: [
          {
            ...{ id: 'team-payments/slack/0', channel: 'slack', title: 'Slack #payments' },
            ...{ sends_resolved: true, last_success_at: ago(760), last_failure_at: null },
            ...{ last_error: '', delivered: 42, failed: 0 },
          },
          {
            ...{ id: 'team-payments/email/0', channel: 'email', title: 'E-mail to payments@example.com' },
            ...{ sends_resolved: false, last_success_at: ago(90_000), last_failure_at: ago(758) },
            ...{ last_error: 'connect ECONNREFUSED 127.0.0.1:25', delivered: 7, failed: 3 },
          },
        ],
        routes: 2,
        policies: ['payments'],
      },
      { name: 'nobody', integrations: [], routes: 1, policies: [] },
    ],
    config_file: '/etc/bellwether/alertmanager.yml',
    warnings: ['receiver "old-team" is used by no route'],
  };
}

export function sampleOnCall(): OnCallJson {
  const day = 86_400;
  const start = new Date().setUTCHours(0, 0, 0, 0) / 1000 - Date.now() / 1000;
  const shift = (person: string, from: number, to: number, is_override = false) => ({
    ...{ person, from: ahead(start + from * day), to: ahead(start + to * day), is_override },
  });
  return {
    schedules: [
      {
        ...{ name: 'payments-primary', time_zone: 'Europe/Berlin', now: ['ada'] },
        next: shift('grace', 5, 12),
        shifts: [
          shift('ada', 0, 2),
          shift('linus', 2, 3, true),
          shift('ada', 3, 5),
          shift('grace', 5, 12),
          shift('linus', 12, 14),
        ],
        overrides: [
          {
            ...{ id: 'o1', person: 'linus', created_by: 'ada' },
            ...{ from: ahead(start + 2 * day), to: ahead(start + 3 * day) },
          },
        ],
      },
      {
        ...{ name: 'weekend', time_zone: 'UTC', now: [], next: shift('grace', 4, 6) },
        ...{ shifts: [shift('grace', 4, 6), shift('ada', 11, 13)], overrides: [] },
      },
    ],
    people: [
      { name: 'ada', receivers: ['ada-phone'] },
      { name: 'grace', receivers: ['grace-phone'] },
      { name: 'linus', receivers: [] },
    ],
    policies: [
      {
        ...{ name: 'payments', matchers: 'team="payments"', repeats: 1, running: 1 },
        steps: [
          {
            ...{ after_s: 0, receivers: ['team-payments'], schedules: ['payments-primary'] },
            now: ['team-payments', 'ada-phone'],
          },
          { after_s: 300, receivers: ['lead-sms'], schedules: [], now: ['lead-sms'] },
          { after_s: 900, receivers: [], schedules: ['weekend'], now: [] },
        ],
      },
    ],
    response_times: [
      { priority: 'P0', within_s: 300, severities: ['critical', 'page'] },
      { priority: 'P1', within_s: 900, severities: ['error'] },
      { priority: 'P2', within_s: 14_400, severities: ['warning'] },
      { priority: 'P3', within_s: null, severities: ['info', ''] },
    ],
  };
}

export const samplePreview: RulePreviewJson = {
  problems: [],
  warnings: [],
  series_count: 1,
  series: [{ labels: { service: 'checkout' }, value: 0.1234 }],
  annotations: [{ name: 'summary', text: '12.34% of requests to checkout fail' }],
};

export function sampleBacktest(): BacktestJson {
  const interval = (hoursAgo: number, minutes: number, at_night: boolean) => ({
    labels: { service: 'checkout' },
    pending_from: ago(hoursAgo * 3600 + 600),
    fired_at: ago(hoursAgo * 3600),
    resolved_at: ago(hoursAgo * 3600 - minutes * 60),
    value: 0.09,
    at_night,
  });
  return {
    problems: [],
    from: ago(7 * 86_400),
    to: ago(0),
    step_s: 60,
    ...{ fired: 4, fired_at_night: 2, only_pending: 1, firing_s: 6000, longest_s: 3600 },
    warnings: [],
    are_intervals_cut: false,
    intervals: [
      interval(150, 60, true),
      interval(101, 12, false),
      interval(56, 20, true),
      interval(9, 8, false),
    ],
  };
}

export const sampleRunbook: RunbookJson = {
  slug: 'high-error-rate',
  title: 'High error rate',
  source: 'pack:service',
  alerts: ['HighErrorRate'],
  markdown: `# High error rate

Requests fail. **Impact:** customers cannot pay.

1. Look at the [graph](/explore/metrics?q=up) and the [status page](https://status.example.com).
2. Which version was deployed last?

\`\`\`sh
kubectl rollout undo deployment/checkout
\`\`\`

| code | meaning |
| --- | --- |
| 502 | the backend is away |
| 503 | too many requests |

<script>alert(1)</script> <a href="javascript:alert(1)">bad</a> <img src="https://evil.example.com/x.png">
`,
};
