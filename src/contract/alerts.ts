import { z } from 'zod';
import { moment, range, tally, timeParam } from './common.ts';

/** Alerts, silences, history, on-call and runbooks as the UI and scripts see them. */

export const priority = z.enum(['P0', 'P1', 'P2', 'P3']).describe('P0 is the most urgent');
const labels = z.record(z.string(), z.string());
const optionalMoment = moment.nullable();

export const alertMatcher = z.object({
  name: z.string().min(1).max(1024),
  type: z.enum(['=', '!=', '=~', '!~']),
  value: z.string().max(16_384),
});
export type AlertMatcherJson = z.infer<typeof alertMatcher>;

export const acknowledgement = z.object({
  by: z.string(),
  at: moment,
  until: optionalMoment.describe('null: until it is resolved'),
  note: z.string(),
});
export type AcknowledgementJson = z.infer<typeof acknowledgement>;

/** Where an escalation stands. */
export const escalationStatus = z.object({
  policy: z.string(),
  step: tally.describe('steps that were carried out'),
  steps: tally,
  next_at: optionalMoment.describe('when the next step is due; null: no further one, or stopped'),
  next_receivers: z.array(z.string()),
  state: z.enum(['running', 'acknowledged', 'exhausted', 'resolved']),
});
export type EscalationStatusJson = z.infer<typeof escalationStatus>;

export const activeAlert = z.object({
  fingerprint: z.string(),
  name: z.string().describe('label alertname'),
  service: z.string().describe('label service, else job, else empty'),
  severity: z.string().describe('label severity as it is, maybe empty'),
  priority,
  state: z.enum(['pending', 'firing', 'resolved']),
  suppressed_by: z.array(
    z.object({
      kind: z.enum(['silenced', 'inhibited', 'muted']),
      by: z.array(z.string()).describe('ids of silences, fingerprints of alerts, or names of time intervals'),
    }),
  ),
  labels,
  annotations: labels,
  value: z.number().nullable(),
  starts_at: moment.describe('when it fired; of pending alerts when it became active'),
  ends_at: optionalMoment,
  source: z.string().describe('rule:<id>, api, webhook:<name>'),
  rule_id: z.string().nullable(),
  generator_url: z.string(),
  receivers: z.array(z.string()),
  last_notified_at: optionalMoment,
  notify_error: z.string().describe('why the last notification failed; empty when none did'),
  acknowledged: acknowledgement.nullable(),
  escalation: escalationStatus.nullable(),
  response: z
    .object({
      due_at: moment,
      is_missed: z.boolean(),
    })
    .nullable()
    .describe('by when somebody has to acknowledge it, from its priority; null once that was done'),
  runbook: z.object({ slug: z.string(), title: z.string() }).nullable(),
  runbook_url: z.string().describe('from the annotation; empty without one'),
});
export type ActiveAlertJson = z.infer<typeof activeAlert>;

export const alertList = z.object({
  alerts: z.array(activeAlert).describe('by priority, then newest first'),
  total: tally.describe('before the limit'),
  counts: z.object({
    firing: tally,
    pending: tally,
    suppressed: tally,
    acknowledged: tally,
    by_priority: z.object({ P0: tally, P1: tally, P2: tally, P3: tally }),
  }),
  rules: z.object({
    total: tally,
    failing: tally,
    last_evaluation_at: optionalMoment,
    store_away: z.boolean().describe('rules cannot be evaluated now because the store cannot be asked'),
  }),
  told: z
    .object({ receivers: tally, integrations: tally, failing: z.array(z.string()) })
    .describe('integrations whose last delivery failed; 0 integrations: nobody is told of anything'),
});
export type AlertListJson = z.infer<typeof alertList>;

export const alertListQuery = z.object({
  state: z.enum(['all', 'firing', 'pending', 'resolved']).default('all'),
  q: z.string().max(1000).optional().describe('words, or matchers such as severity="critical"'),
  limit: z.coerce.number().int().min(1).max(10_000).default(500),
});

export const historyEvent = z.object({
  id: z.string(),
  at: moment,
  kind: z.enum([
    'pending',
    'firing',
    'resolved',
    'inactive',
    'notified',
    'notify_failed',
    'suppressed',
    'acknowledged',
    'unacknowledged',
    'escalated',
    'response_missed',
    'silence_created',
    'silence_updated',
    'silence_expired',
    'override_changed',
    'rule_changed',
  ]),
  fingerprint: z.string(),
  name: z.string(),
  severity: z.string(),
  priority: priority.nullable(),
  labels,
  rule_id: z.string(),
  receiver: z.string(),
  integration: z.string(),
  channel: z.string(),
  reason: z.string(),
  actor: z.string(),
  detail: z.string(),
  value: z.number().nullable(),
  latency_ms: z.number().nullable(),
  attempts: tally,
});
export type HistoryEventJson = z.infer<typeof historyEvent>;

export const historyQuery = range.extend({
  kinds: z.string().max(500).optional().describe('comma-separated; all when absent'),
  fingerprint: z.string().max(32).optional(),
  rule_id: z.string().max(200).optional(),
  q: z.string().max(1000).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(200),
  cursor: z.string().max(200).optional(),
});
export const history = z.object({
  events: z.array(historyEvent).describe('newest first'),
  next_cursor: z.string().nullable(),
});
export type HistoryJson = z.infer<typeof history>;

/** How alerts went in a range. */
export const alertStatistics = z.object({
  from: moment,
  to: moment,
  fired: tally,
  resolved: tally,
  acknowledged: tally,
  notified: tally,
  notify_failed: tally,
  response_missed: tally,
  mtta_s: z.number().nullable().describe('mean time from firing to acknowledgement'),
  mttr_s: z.number().nullable().describe('mean time from firing to the end'),
  notify_p50_ms: z.number().nullable(),
  notify_p99_ms: z.number().nullable(),
  rules: z
    .array(
      z.object({
        rule_id: z.string(),
        name: z.string(),
        severity: z.string(),
        fired: tally,
        fired_at_night: tally,
        notified: tally,
        acknowledged: tally,
        only_self_resolved: tally.describe('ended within five minutes and nobody acknowledged: noise'),
        mtta_s: z.number().nullable(),
        mttr_s: z.number().nullable(),
        firing_s: z.number(),
      }),
    )
    .describe('the noisiest first'),
});
export type AlertStatisticsJson = z.infer<typeof alertStatistics>;

export const whyEvaluation = z.object({
  at: moment,
  duration_ms: z.number(),
  error: z.string(),
  store_away: z.boolean(),
  series_count: tally,
  warnings: z.array(z.string()),
  series: z.array(
    z.object({
      labels,
      value: z.number().nullable().describe('null: not a number'),
      state: z.string(),
      active_at: optionalMoment,
    }),
  ),
});

export const ruleInfo = z.object({
  id: z.string(),
  kind: z.enum(['alerting', 'recording']),
  name: z.string(),
  group: z.string(),
  file: z.string().describe('file, pack:<name>, or user for those edited here'),
  line: tally,
  is_editable: z.boolean(),
  query: z.string(),
  for_s: z.number(),
  keep_firing_for_s: z.number(),
  interval_s: z.number(),
  labels,
  annotations: labels,
  state: z.enum(['inactive', 'pending', 'firing', 'unknown']),
  health: z.enum(['ok', 'err', 'unknown']),
  last_error: z.string(),
  store_away: z.boolean(),
  last_evaluation_at: optionalMoment,
  evaluation_ms: z.number(),
  series_count: tally,
  alerts: tally,
});
export type RuleInfoJson = z.infer<typeof ruleInfo>;
export const ruleList = z.object({
  rules: z.array(ruleInfo),
  warnings: z.array(z.string()),
});
export type RuleListJson = z.infer<typeof ruleList>;

/** Why an alert was, or was not, told. */
export const alertWhy = z.object({
  alert: activeAlert.nullable(),
  routes: z.array(
    z.object({
      route: z.string(),
      receiver: z.string(),
      matchers: z.string(),
      matched: z.boolean(),
      taken: z.boolean(),
    }),
  ),
  groups: z.array(
    z.object({
      group_key: z.string(),
      receiver: z.string(),
      next_flush_at: optionalMoment,
      integrations: z.array(
        z.object({
          integration: z.string(),
          channel: z.string(),
          last_status: z.enum(['firing', 'resolved']).nullable(),
          last_notified_at: optionalMoment,
          decision: z.string(),
          decided_at: optionalMoment,
        }),
      ),
    }),
  ),
});

/** Why a rule did, or did not, fire and tell. */
export const ruleWhy = z.object({
  rule: ruleInfo,
  evaluations: z.array(whyEvaluation).describe('newest first'),
  alerts: z.array(alertWhy),
});

export type AlertWhyJson = z.infer<typeof alertWhy>;
export type RuleWhyJson = z.infer<typeof ruleWhy>;

export const alertDetail = z.object({
  alert: activeAlert,
  why: alertWhy,
  query: z.string().describe("the rule's expression, to draw it; empty for alerts from outside"),
  timeline: z.array(historyEvent).describe('newest first, the last 200'),
});
export type AlertDetailJson = z.infer<typeof alertDetail>;

export const acknowledgeBody = z.object({
  until: timeParam.optional().describe('absent: until it is resolved'),
  for_s: z.number().positive().max(31_536_000).optional(),
  note: z.string().max(1000).default(''),
  by: z.string().max(200).optional().describe('who; the name of the key unless given'),
});

const ruleText = z.string().max(65_536);
/** A rule of the user's own; kept in the state. */
export const ruleBody = z.object({
  id: z.string().max(200).optional().describe('of the rule to replace'),
  name: z.string().min(1).max(200),
  query: ruleText.min(1),
  for: z.string().max(32).default('0s'),
  keep_firing_for: z.string().max(32).default('0s'),
  interval: z.string().max(32).optional(),
  labels: z.record(z.string(), z.string().max(4096)).default({}),
  annotations: z.record(z.string(), ruleText).default({}),
});
export type RuleBodyJson = z.input<typeof ruleBody>;

export const ruleProblem = z.object({
  path: z.string(),
  message: z.string(),
  line: tally.nullable(),
  column: tally.nullable(),
});
/** What a rule gives now. */
export const rulePreview = z.object({
  problems: z.array(ruleProblem),
  warnings: z.array(z.string()),
  series_count: tally,
  series: z.array(z.object({ labels, value: z.number().nullable() })).describe('the first 100'),
  annotations: z
    .array(z.object({ name: z.string(), text: z.string() }))
    .describe('rendered for the first series'),
});
export type RulePreviewJson = z.infer<typeof rulePreview>;

export const backtestBody = range.extend({
  rule: ruleBody,
  time_zone: z.string().max(100).default('UTC'),
});
export const backtestResult = z.object({
  problems: z.array(ruleProblem),
  from: moment,
  to: moment,
  step_s: z.number(),
  fired: tally,
  fired_at_night: tally,
  only_pending: tally,
  firing_s: z.number(),
  longest_s: z.number(),
  warnings: z.array(z.string()),
  are_intervals_cut: z.boolean(),
  intervals: z.array(
    z.object({
      labels,
      pending_from: moment,
      fired_at: moment,
      resolved_at: optionalMoment,
      value: z.number().nullable(),
      at_night: z.boolean(),
    }),
  ),
});
export type BacktestJson = z.infer<typeof backtestResult>;

export const silence = z.object({
  id: z.string(),
  state: z.enum(['active', 'pending', 'expired']),
  matchers: z.array(alertMatcher),
  starts_at: moment,
  ends_at: moment,
  updated_at: moment,
  created_by: z.string(),
  comment: z.string(),
  alerts: tally.describe('active alerts it silences now'),
});
export type SilenceJson = z.infer<typeof silence>;
export const silenceList = z.object({ silences: z.array(silence) });
export type SilenceListJson = z.infer<typeof silenceList>;
export const silenceBody = z.object({
  id: z.string().max(64).optional(),
  matchers: z.array(alertMatcher).min(1).max(100),
  starts_at: timeParam.optional(),
  ends_at: timeParam.optional(),
  for_s: z
    .number()
    .positive()
    .max(31_536_000 * 10)
    .optional(),
  created_by: z.string().max(200).optional(),
  comment: z.string().min(1).max(4096),
});
export type SilenceBodyJson = z.input<typeof silenceBody>;
export const silencePreviewBody = z.object({ matchers: z.array(alertMatcher).min(1).max(100) });
export const silencePreview = z.object({
  total: tally,
  alerts: z.array(activeAlert).describe('the first 100'),
});
export type SilencePreviewJson = z.infer<typeof silencePreview>;
export const idAnswer = z.object({ id: z.string() });

export const receiverInfo = z.object({
  name: z.string(),
  integrations: z.array(
    z.object({
      id: z.string(),
      channel: z.string(),
      title: z.string(),
      sends_resolved: z.boolean(),
      last_success_at: optionalMoment,
      last_failure_at: optionalMoment,
      last_error: z.string(),
      delivered: tally.describe('since the start'),
      failed: tally,
    }),
  ),
  routes: tally.describe('routes that lead here'),
  policies: z.array(z.string()).describe('escalation policies that use it'),
});
export const receiverList = z.object({
  receivers: z.array(receiverInfo),
  config_file: z.string().describe('empty: none is configured'),
  warnings: z.array(z.string()),
});
export type ReceiverListJson = z.infer<typeof receiverList>;
export const testBody = z.object({ integration: z.string().max(500).optional() });
export const testAnswer = z.object({
  results: z.array(
    z.object({
      integration: z.string(),
      channel: z.string(),
      delivered: z.boolean(),
      detail: z.string(),
      latency_ms: z.number(),
      attempts: tally,
    }),
  ),
});
export type TestAnswerJson = z.infer<typeof testAnswer>;

export const onCallShift = z.object({
  person: z.string(),
  from: moment,
  to: moment,
  is_override: z.boolean(),
});
export const onCall = z.object({
  schedules: z.array(
    z.object({
      name: z.string(),
      time_zone: z.string(),
      now: z.array(z.string()).describe('who is on call; empty: nobody'),
      next: onCallShift.nullable(),
      shifts: z.array(onCallShift).describe('of the asked range, gaps left out'),
      overrides: z.array(
        z.object({ id: z.string(), person: z.string(), from: moment, to: moment, created_by: z.string() }),
      ),
    }),
  ),
  people: z.array(z.object({ name: z.string(), receivers: z.array(z.string()) })),
  policies: z.array(
    z.object({
      name: z.string(),
      matchers: z.string(),
      repeats: tally.describe('further rounds after the first; 0: none'),
      steps: z.array(
        z.object({
          after_s: z.number().describe('since the step before, or since the alert fired'),
          receivers: z.array(z.string()),
          schedules: z.array(z.string()),
          now: z.array(z.string()).describe('receivers that would be told now'),
        }),
      ),
      running: tally,
    }),
  ),
  response_times: z.array(
    z.object({ priority, within_s: z.number().nullable(), severities: z.array(z.string()) }),
  ),
});
export type OnCallJson = z.infer<typeof onCall>;
export const onCallQuery = z.object({ from: timeParam.default('now'), to: timeParam.optional() });
export const overrideBody = z.object({
  schedule: z.string().min(1).max(200),
  person: z.string().min(1).max(200),
  from: timeParam,
  to: timeParam,
});
export type OverrideBodyJson = z.input<typeof overrideBody>;

export const runbookSummary = z.object({
  slug: z.string(),
  title: z.string(),
  source: z.string().describe('pack:<name> or the file'),
  alerts: z.array(z.string()).describe('names of alert rules that link to it'),
});
export const runbookList = z.object({ runbooks: z.array(runbookSummary) });
export type RunbookListJson = z.infer<typeof runbookList>;
export const runbook = runbookSummary.extend({ markdown: z.string() });
export type RunbookJson = z.infer<typeof runbook>;

export const done = z.object({ ok: z.literal(true) });
