import { z } from 'zod';
import { moment, range, tally, usd } from './common.ts';

/**
 * running: an event in the last 2 minutes. waiting: the last thing was a permission request without an answer. idle: quiet for
 * 2 to 30 minutes. ended: quiet for longer. error: the last API request failed for good and no prompt or
 * request followed, however long ago.
 */
export const sessionState = z.enum(['running', 'waiting', 'idle', 'ended', 'error']);
export type SessionState = z.infer<typeof sessionState>;

export const session = z.object({
  session_id: z.string(),
  client: z.string().describe('service.name of the client, for example claude-code'),
  client_version: z.string(),
  user: z.string().describe('user.email, else a name from resource attributes, else user.id'),
  models: z.array(z.string()),
  started_at: moment,
  last_event_at: moment,
  state: sessionState,
  cost_usd: usd,
  cost_complete: z
    .boolean()
    .describe('false when a request used a model whose price is not known: the cost is then a lower bound'),
  input_tokens: tally.describe('neither read from nor written to the cache'),
  output_tokens: tally,
  cache_read_tokens: tally,
  cache_creation_tokens: tally,
  prompts: tally,
  api_requests: tally,
  api_errors: tally,
  tool_calls: tally,
  tool_failures: tally,
  edits_accepted: tally,
  edits_rejected: tally,
  lines_added: tally,
  lines_removed: tally,
  commits: tally,
  pull_requests: tally,
  active_time_s: z.number().nonnegative(),
  demo: z.boolean().describe('true for data replayed by `bellwether demo`'),
});
export type Session = z.infer<typeof session>;

export const sessionListQuery = range.extend({
  limit: z.coerce.number().int().min(1).max(500).default(50),
  cursor: z.string().max(256).optional(),
  q: z.string().max(200).optional().describe('matches session id, user, model, client; case does not matter'),
});
export type SessionListQuery = z.infer<typeof sessionListQuery>;

export const sessionList = z.object({ sessions: z.array(session), next_cursor: z.string().nullable() });
export type SessionList = z.infer<typeof sessionList>;

export const timelineKind = z.enum([
  'prompt',
  'api_request',
  'api_error',
  'tool_call',
  'tool_decision',
  'subagent',
  'compaction',
  'refusal',
  'error',
  'other',
]);
export type TimelineKind = z.infer<typeof timelineKind>;

export const attributeValue = z.union([
  z.string(),
  z.number(),
  z.boolean(),
  z.null(),
  z.array(z.unknown()),
  z.record(z.string(), z.unknown()),
]);

export const timelineEntry = z.object({
  id: z.string(),
  kind: timelineKind,
  name: z.string().describe('tool name, model, agent type or event name'),
  start: moment,
  duration_ms: z.number().nonnegative(),
  cost_usd: usd,
  input_tokens: tally,
  output_tokens: tally,
  cache_read_tokens: tally,
  cache_creation_tokens: tally,
  model: z.string(),
  attempts: tally.describe('HTTP attempts of a model request, 0 when not told'),
  failed: z.boolean(),
  error: z.string(),
  decision: z.string(),
  decision_source: z.string(),
  prompt_id: z.string(),
  agent_id: z.string().describe('empty in the main thread'),
  agent_name: z.string(),
  query_source: z.string(),
  trace_id: z.string().describe('hex, empty when not traced'),
  span_id: z.string(),
  attributes: z.record(z.string(), attributeValue),
});
export type TimelineEntry = z.infer<typeof timelineEntry>;

export const sessionDetail = session.extend({
  timeline: z.array(timelineEntry).describe('ascending by start'),
  timeline_truncated: z.boolean().describe('true when the session has more entries than are sent (20 000)'),
});
export type SessionDetail = z.infer<typeof sessionDetail>;

export const usageGroupBy = z.enum(['model', 'session', 'user', 'agent', 'day', 'source']);
export type UsageGroupBy = z.infer<typeof usageGroupBy>;
export const usageQuery = range.extend({ group_by: usageGroupBy.default('model') });

export const usageFigures = z.object({
  cost_usd: usd,
  cost_complete: z.boolean(),
  input_tokens: tally,
  output_tokens: tally,
  cache_read_tokens: tally,
  cache_creation_tokens: tally,
  api_requests: tally,
  api_errors: tally,
  sessions: tally,
});
export type UsageFigures = z.infer<typeof usageFigures>;

export const usage = z.object({
  total: usageFigures,
  groups: z
    .array(usageFigures.extend({ key: z.string() }))
    .describe('descending by cost; `day` ascending by day (UTC)'),
  truncated: z.boolean().describe('true when there are more groups than are sent (1 000)'),
});
export type Usage = z.infer<typeof usage>;

/** All the overview page needs, in one answer. */
export const overviewFigures = usageFigures.extend({
  tool_calls: tally,
  tool_failures: tally,
  prompts: tally,
  latency_p95_ms: z.number().nullable().describe('of model requests; null when there were none'),
});
export const overview = z.object({
  from: moment,
  to: moment,
  step_ms: z.number().int().positive(),
  current: overviewFigures,
  previous: overviewFigures.describe('the range of the same length before'),
  live: z.array(session).describe('running, waiting, idle or failed sessions, newest first, at most 12'),
  spend: z.object({
    times: z.array(z.number()).describe('start of each step, epoch milliseconds'),
    models: z.array(z.object({ model: z.string(), cost_usd: z.array(z.number()) })),
  }),
  series: z.object({
    times: z.array(z.number()),
    tokens: z.array(z.number()),
    sessions: z.array(z.number()),
    errors: z.array(z.number()),
    requests: z.array(z.number()),
    cache_hit: z.array(z.number().nullable()),
    latency_p95_ms: z.array(z.number().nullable()),
  }),
});
export type Overview = z.infer<typeof overview>;
