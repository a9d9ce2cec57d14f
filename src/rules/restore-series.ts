import { type Labels, METRIC_NAME, quoted } from '../model/labels.ts';
import type { RuleEvaluator } from './languages.ts';
import { ALERTS_FOR_STATE } from './rule-labels.ts';
import type { RuleRunner } from './rule-runner.ts';
import type { AlertingRule } from './rule-types.ts';

/** Pending times from before that are not taken up again. */
const OUTAGE_TOLERANCE_MS = 3_600_000;
/** Of rules with a shorter `for` the pending time begins again; others wait at least this long after a restart. As in Prometheus. */
export const FOR_GRACE_PERIOD_MS = 600_000;
/** Below the look-back of instant queries. */
const MAX_CHECK_DELAY_MS = 240_000;

/**
 * Takes the pending times of a rule's alerts from the series `ALERTS_FOR_STATE`, as Prometheus does after a restart. For when there is
 * no saved state.
 *
 * @throws what the query throws.
 */
export async function restoreFromSeries(
  runner: RuleRunner,
  nowMs: number,
  query: RuleEvaluator,
  signal: AbortSignal,
): Promise<void> {
  const rule = runner.rule as AlertingRule;
  const waiting = runner.live().filter(({ state }) => state === 'pending');
  if (waiting.length === 0) return;
  const selector = `${ALERTS_FOR_STATE}{alertname=${quoted(rule.name)}}`;
  const seconds = OUTAGE_TOLERANCE_MS / 1000;
  const lastSeen = await valuesOf(
    query,
    `max_over_time(timestamp(${selector})[${seconds}s:15s])`,
    nowMs,
    signal,
  );
  if (lastSeen.size === 0) return;
  const since = await valuesOf(query, `last_over_time(${selector}[${seconds}s])`, nowMs, signal);
  const downAtMs = Math.max(...lastSeen.values()) * 1000;
  // A series that ended while the server was up has a marker by then.
  const delayMs = Math.min(2 * runner.group.intervalMs, MAX_CHECK_DELAY_MS);
  const alive = await valuesOf(query, selector, Math.min(nowMs, downAtMs + delayMs), signal);
  for (const alert of waiting) {
    const { key } = alert.labels;
    const activeS = since.get(key);
    const seenS = lastSeen.get(key);
    if (activeS === undefined || seenS === undefined || !alive.has(key)) continue;
    alert.activeAtMs = restoredActiveAt(
      { activeAtMs: activeS * 1000, downAtMs: seenS * 1000, nowMs },
      rule.forMs,
    );
  }
}

/** What was pending before counts, the outage does not; and nothing fires sooner than the grace period after the restart. */
function restoredActiveAt(
  times: { readonly activeAtMs: number; readonly downAtMs: number; readonly nowMs: number },
  forMs: number,
): number {
  const { activeAtMs, downAtMs, nowMs } = times;
  const remainingMs = forMs - (downAtMs - activeAtMs);
  // It was firing: it fires again with the next evaluation.
  if (remainingMs <= 0) return activeAtMs;
  if (remainingMs < FOR_GRACE_PERIOD_MS) return nowMs + FOR_GRACE_PERIOD_MS - forMs;
  return activeAtMs + (nowMs - downAtMs);
}

/** Values by the key of the labels without the metric's name. */
async function valuesOf(
  query: RuleEvaluator,
  text: string,
  timeMs: number,
  signal: AbortSignal,
): Promise<Map<string, number>> {
  const { samples } = await query(text, timeMs, { signal });
  const names = new Set([METRIC_NAME]);
  return new Map(samples.map(({ labels, value }) => [labels.without(names).key, value]));
}

/** The state that was saved last tells how long nobody looked; pending times go on from there. */
export function continuePending(
  active: Map<string, { labels: Labels; state: string; activeAtMs: number }>,
  unobservedMs: number,
  toleratedMs: number,
): void {
  if (unobservedMs <= toleratedMs) return;
  for (const [key, alert] of active) {
    if (alert.state !== 'pending') continue;
    if (unobservedMs > OUTAGE_TOLERANCE_MS) active.delete(key);
    else alert.activeAtMs += unobservedMs;
  }
}
