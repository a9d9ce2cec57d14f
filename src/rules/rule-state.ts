import { z } from 'zod';
import { Labels } from '../model/labels.ts';
import { type ActiveAlert, RESOLVED_RETENTION_MS } from './alert-state.ts';
import type { RuleRunner } from './rule-runner.ts';
import type { LabelPairs } from './rule-types.ts';

/** Where the state of rules outlives the server. Keys are short, values JSON of at most some kilobytes per alert. */
export interface RuleStateStore {
  /** Everything that was saved. */
  loadState(): Promise<ReadonlyMap<string, string>>;
  /** Durable once it resolves. Without a value the key is removed. */
  saveState(key: string, json: string | undefined): Promise<void>;
}

/** Key under which the moment is saved up to which the server was alive. */
export const SEEN_KEY = 'seen';

const alertSchema = z.object({
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
  /** A text, because it may be NaN. */
  value: z.string(),
  state: z.enum(['pending', 'firing', 'inactive']),
  active_at_ms: z.number(),
  fired_at_ms: z.number().optional(),
  resolved_at_ms: z.number().optional(),
  keep_firing_since_ms: z.number().optional(),
  last_sent_at_ms: z.number().optional(),
  is_unsent: z.boolean(),
});

const ruleSchema = z.object({
  version: z.literal(1),
  saved_at_ms: z.number(),
  file: z.string(),
  group: z.string(),
  interval_ms: z.number(),
  name: z.string(),
  labels: z.array(z.tuple([z.string(), z.string()])),
  expr: z.string(),
  query: z.string(),
  alerts: z.array(alertSchema),
});

/** The saved alerts of one alerting rule. */
export interface SavedRule {
  readonly id: string;
  readonly savedAtMs: number;
  readonly file: string;
  readonly group: string;
  readonly intervalMs: number;
  readonly name: string;
  readonly labels: LabelPairs;
  readonly expr: string;
  readonly query: string;
  readonly active: Map<string, ActiveAlert>;
}

/** The alerts of a rule as JSON; undefined when there are none. */
export function stateOf(runner: RuleRunner, nowMs: number): string | undefined {
  if (runner.active.size === 0) return undefined;
  const { rule, group } = runner;
  const saved: z.input<typeof ruleSchema> = {
    version: 1,
    saved_at_ms: nowMs,
    file: group.file,
    group: group.name,
    interval_ms: group.intervalMs,
    name: rule.name,
    labels: rule.labels.map(([name, value]) => [name, value]),
    expr: rule.expr,
    query: rule.query,
    alerts: [...runner.active.values()].map((alert) => ({
      labels: alert.labels.toObject(),
      annotations: alert.annotations.toObject(),
      value: String(alert.value),
      state: alert.state,
      active_at_ms: alert.activeAtMs,
      fired_at_ms: alert.firedAtMs,
      resolved_at_ms: alert.resolvedAtMs,
      keep_firing_since_ms: alert.keepFiringSinceMs,
      last_sent_at_ms: alert.lastSentAtMs,
      is_unsent: alert.isUnsent,
    })),
  };
  return JSON.stringify(saved);
}

/** Reads a saved rule. @throws Error when it is not what `stateOf` writes. */
export function readState(id: string, json: string, nowMs: number): SavedRule {
  const saved = ruleSchema.parse(JSON.parse(json));
  const active = new Map<string, ActiveAlert>();
  for (const one of saved.alerts) {
    const resolvedAtMs = one.resolved_at_ms;
    if (resolvedAtMs !== undefined && !one.is_unsent && nowMs - resolvedAtMs > RESOLVED_RETENTION_MS)
      continue;
    const labels = Labels.fromObject(one.labels);
    active.set(labels.key, {
      labels,
      annotations: Labels.fromObject(one.annotations),
      value: Number(one.value),
      state: one.state,
      activeAtMs: one.active_at_ms,
      firedAtMs: one.fired_at_ms,
      resolvedAtMs,
      keepFiringSinceMs: one.keep_firing_since_ms,
      lastSentAtMs: one.last_sent_at_ms,
      isUnsent: one.is_unsent,
      isUnconfirmed: true,
    });
  }
  const { name, labels, expr, query, file, group } = saved;
  const { saved_at_ms: savedAtMs, interval_ms: intervalMs } = saved;
  return { id, savedAtMs, file, group, intervalMs, name, labels, expr, query, active };
}

/** Reads the moment saved under `SEEN_KEY`. */
export function readSeen(json: string | undefined): number | undefined {
  if (json === undefined) return undefined;
  const parsed = z.object({ at_ms: z.number() }).safeParse(JSON.parse(json));
  return parsed.success ? parsed.data.at_ms : undefined;
}
