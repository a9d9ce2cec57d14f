import type { Session, SessionState } from '../../contract/index.ts';
import { formatTime } from '../../lib/time.ts';
import { usdOf } from './reader.ts';
import type { EventFacts, PointFacts, SessionFacts } from './session-facts.ts';

/** Up to this long after its last event a session counts as running. */
export const RUNNING_MS = 2 * 60_000;
/** Up to this long it counts as idle, and as waiting when somebody was asked; then it has ended. */
export const IDLE_MS = 30 * 60_000;
/** An automatic decision arrives with the next export; only what takes longer is a person. */
const DECISION_GRACE_MS = 10_000;

/** Money and tokens of a session, from the one source that is taken for them. */
interface Spend {
  readonly costMicros: number;
  readonly isComplete: boolean;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheCreationTokens: number;
  readonly models: readonly string[];
}

/**
 * The session as the API shows it, or undefined when nothing makes it one: a session needs a prompt, a request, an error, a tool or
 * counted work, not only start-up records.
 *
 * The same spend is told by up to four sources, so one is chosen per session: events when they tell of model requests, else counters,
 * else the client's spans, else the API's own spans. Counts of prompts, requests and tools come from events, else from spans; lines,
 * commits, pull requests and active time are told by counters only.
 */
export function sessionOf(sessionId: string, facts: SessionFacts, nowMs: number): Session | undefined {
  const { events, points } = facts;
  const measures = totalsOf(points);
  if (!events.some((row) => row.activity > 0) && !hasCountedWork(measures)) return undefined;
  const calls = callSource(events);
  const acts = actSource(events);
  const spend = spendOf(calls, points, measures);
  const firstMs = Math.min(...[...events, ...points].map((row) => row.first_ms));
  const lastMs = lastActivityMs(facts);
  const edits = editsOf(events, measures);
  return {
    session_id: sessionId,
    ...identityOf(facts),
    models: [...spend.models].sort(),
    started_at: formatTime(Math.max(0, Math.min(firstMs, lastMs))),
    last_event_at: formatTime(lastMs),
    state: stateOf(events, lastMs, nowMs),
    cost_usd: usdOf(spend.costMicros),
    cost_complete: spend.isComplete,
    input_tokens: spend.inputTokens,
    output_tokens: spend.outputTokens,
    cache_read_tokens: spend.cacheReadTokens,
    cache_creation_tokens: spend.cacheCreationTokens,
    prompts: acts?.prompts ?? 0,
    api_requests: calls?.api_requests ?? 0,
    api_errors: calls?.api_errors ?? 0,
    tool_calls: acts?.tool_calls ?? 0,
    tool_failures: acts?.tool_failures ?? 0,
    edits_accepted: edits.accepted,
    edits_rejected: edits.rejected,
    lines_added: measures.get('lines added') ?? 0,
    lines_removed: measures.get('lines removed') ?? 0,
    commits: measures.get('commits') ?? 0,
    pull_requests: measures.get('pull_requests') ?? 0,
    active_time_s: measureTotal(measures, 'active_time') / 1000,
    demo: [...events, ...points].some((row) => row.demo === 1),
  };
}

/** The session's newest event, epoch milliseconds; repeated totals of a counter are none. */
export function lastActivityMs({ events, points }: SessionFacts): number {
  return Math.max(0, ...[...events, ...points].map((row) => row.last_ms));
}

/** The source of model requests: events, else spans, else the API's own spans. */
export function callSource(events: readonly EventFacts[]): EventFacts | undefined {
  return bySource(events, (row) => row.api_requests + row.api_errors > 0);
}

/** The source of prompts and tools: as soon as events tell anything, their silence counts too. */
function actSource(events: readonly EventFacts[]): EventFacts | undefined {
  return bySource(events, (row) => row.activity > 0);
}

function bySource(
  events: readonly EventFacts[],
  tells: (row: EventFacts) => boolean,
): EventFacts | undefined {
  for (const origin of ['event', 'span', 'server']) {
    const row = events.find((candidate) => candidate.origin === origin);
    if (row !== undefined && tells(row)) return row;
  }
  return undefined;
}

function spendOf(
  calls: EventFacts | undefined,
  points: readonly PointFacts[],
  measures: ReadonlyMap<string, number>,
): Spend {
  const isCounted = measures.has('cost') || points.some((row) => row.measure === 'tokens');
  if (calls?.origin === 'event' || !isCounted) return spendOfCalls(calls);
  return {
    costMicros: measures.get('cost') ?? 0,
    isComplete: true,
    inputTokens: measures.get('tokens input') ?? 0,
    outputTokens: measures.get('tokens output') ?? 0,
    cacheReadTokens: measures.get('tokens cacheRead') ?? 0,
    cacheCreationTokens: measures.get('tokens cacheCreation') ?? 0,
    models: [...new Set(points.filter(isSpend).flatMap((row) => row.models))],
  };
}

function isSpend(row: PointFacts): boolean {
  return row.measure === 'cost' || row.measure === 'tokens';
}

function spendOfCalls(calls: EventFacts | undefined): Spend {
  return {
    costMicros: calls?.cost_micros ?? 0,
    isComplete: (calls?.unpriced ?? 0) === 0,
    inputTokens: calls?.input_tokens ?? 0,
    outputTokens: calls?.output_tokens ?? 0,
    cacheReadTokens: calls?.cache_read_tokens ?? 0,
    cacheCreationTokens: calls?.cache_creation_tokens ?? 0,
    models: calls?.models ?? [],
  };
}

function editsOf(
  events: readonly EventFacts[],
  measures: ReadonlyMap<string, number>,
): { accepted: number; rejected: number } {
  const told = events.find((row) => row.origin === 'event' && row.activity > 0);
  if (told !== undefined) return { accepted: told.edits_accepted, rejected: told.edits_rejected };
  return {
    accepted: measures.get('decisions accept') ?? 0,
    rejected: measures.get('decisions reject') ?? 0,
  };
}

/** Who: from the client's events, else its spans and counters, so that the answer does not depend on which came last. */
function identityOf({ events, points }: SessionFacts): Pick<Session, 'client' | 'client_version' | 'user'> {
  const ranked = ['event', 'span', 'server'].flatMap((origin) =>
    events.filter((row) => row.origin === origin),
  );
  const rows = [...ranked, ...points];
  const first = (of: (row: EventFacts | PointFacts) => string) =>
    rows.map(of).find((text) => text !== '') ?? '';
  return {
    client: first((row) => row.client),
    client_version: first((row) => row.client_version),
    user: first((row) => row.user),
  };
}

/** Totals by `measure` and, for divided measures, `measure part`. */
function totalsOf(points: readonly PointFacts[]): Map<string, number> {
  const totals = new Map<string, number>();
  for (const { measure, part, total } of points) {
    const key = part === '' ? measure : `${measure} ${part}`;
    totals.set(key, (totals.get(key) ?? 0) + total);
  }
  return totals;
}

function measureTotal(totals: ReadonlyMap<string, number>, measure: string): number {
  let sum = 0;
  for (const [key, total] of totals) if (key === measure || key.startsWith(`${measure} `)) sum += total;
  return sum;
}

function hasCountedWork(totals: ReadonlyMap<string, number>): boolean {
  for (const key of totals.keys()) {
    if (!key.startsWith('session') && !key.startsWith('active_time')) return true;
  }
  return false;
}

/**
 * What the session is doing. A failed last request shows until a new prompt or request follows. Somebody is waited for when the last
 * request ended in a wish to use a tool and no decision, result or prompt came since it began; only the client's spans tell that.
 */
export function stateOf(events: readonly EventFacts[], lastMs: number, nowMs: number): SessionState {
  const last = newest(events, (row) => row.last_call_ms);
  const promptMs = Math.max(0, ...events.map((row) => row.last_prompt_ms));
  if (last?.last_call_kind === 'api_error' && promptMs <= last.last_call_ms) return 'error';
  const quietMs = nowMs - lastMs;
  if (quietMs > IDLE_MS) return 'ended';
  if (isAsking(events, nowMs)) return 'waiting';
  return quietMs <= RUNNING_MS ? 'running' : 'idle';
}

function isAsking(events: readonly EventFacts[], nowMs: number): boolean {
  const asked = newest(events, (row) => row.asked_ms);
  if (asked === undefined || asked.asked_ms === 0 || nowMs - asked.asked_ms < DECISION_GRACE_MS) return false;
  const answeredMs = Math.max(...events.map((row) => row.last_answer_ms));
  const calledMs = Math.max(...events.map((row) => row.last_call_ms));
  // The event of the same request is written some milliseconds after the span ends.
  return answeredMs < asked.asked_from_ms && calledMs <= asked.asked_ms + 1000;
}

function newest(events: readonly EventFacts[], timeOf: (row: EventFacts) => number): EventFacts | undefined {
  let found: EventFacts | undefined;
  for (const row of events) if (found === undefined || timeOf(row) > timeOf(found)) found = row;
  return found;
}
