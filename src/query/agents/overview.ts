import type { Overview } from '../../contract/index.ts';
import { formatTime, parseTimeRange, type TimeRange } from '../../lib/time.ts';
import { type Sql, sql } from '../../store/index.ts';
import { findSessions, sessionsByIds } from './list.ts';
import { CALLS, eventRows, LEDGER_SETTINGS, type LedgerReader, msOf, NOT_ACTIVITY, usdOf } from './reader.ts';
import { IDLE_MS } from './session.ts';
import { figuresOf, USAGE_SUMS, type UsageSums } from './usage.ts';
import { readSourceMix, type SourceMix, usageRows } from './usage-sql.ts';

const MAX_LIVE = 12;
/** Candidates for the live list; some turn out to have ended. */
const MAX_LIVE_CANDIDATES = 24;
const MAX_STEPS = 60;
/** Models drawn by themselves; the rest is one more, called `other`. */
const MAX_MODELS = 12;

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS_MS = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14, 30, 90, 365].map((n) => n * DAY),
];

/** Sums of a period, of one step of it, or of one model in one step. */
interface SpendRow extends UsageSums {
  readonly is_current: number;
  /** Start of the step, epoch milliseconds. */
  readonly step_start_ms: number;
  readonly model: string;
  /** 0: a model in a step, 1: a step, 3: a period. */
  readonly level: number;
  readonly latency_p95_ms: number | null;
}

interface ActRow {
  readonly is_current: number;
  readonly prompts: number;
  readonly tool_calls: number;
  readonly tool_failures: number;
}

/**
 * All that the overview page shows, in a handful of queries, of which those that may run at the same time do.
 *
 * @throws BellwetherError 400 `bad_time`, `bad_range`.
 */
export async function readOverview(
  reader: LedgerReader,
  query: { readonly from: string; readonly to: string },
  nowMs: number,
): Promise<Overview> {
  const range = parseTimeRange(query, nowMs);
  const stepMs = stepOf(range);
  const [mix, live] = await Promise.all([
    readSourceMix(reader, withPrevious(range)),
    liveSessions(reader, nowMs),
  ]);
  const [spend, acts] = await Promise.all([
    reader.query<SpendRow>(spendQuery(range, mix, stepMs), { settings: LEDGER_SETTINGS }),
    reader.query<ActRow>(actsQuery(range, mix), { settings: LEDGER_SETTINGS }),
  ]);
  return {
    from: formatTime(range.fromMs),
    to: formatTime(range.toMs),
    step_ms: stepMs,
    current: periodOf(1, spend, acts),
    previous: periodOf(0, spend, acts),
    live,
    ...chartsOf(spend, timesOf(range, stepMs)),
  };
}

/** The shortest usual step that gives at most 60 points. */
export function stepOf({ fromMs, toMs }: TimeRange): number {
  const spanMs = toMs - fromMs;
  return STEPS_MS.find((step) => spanMs / step <= MAX_STEPS) ?? Math.ceil(spanMs / MAX_STEPS / DAY) * DAY;
}

/** Starts of the steps, at round times in UTC. */
function timesOf(range: TimeRange, stepMs: number): number[] {
  const times: number[] = [];
  for (let ms = Math.floor(range.fromMs / stepMs) * stepMs; ms <= range.toMs; ms += stepMs) times.push(ms);
  return times;
}

/** The range and the one of the same length before it. */
function withPrevious({ fromMs, toMs }: TimeRange): TimeRange {
  return { fromMs: Math.max(0, fromMs - (toMs - fromMs)), toMs };
}

function spendQuery(range: TimeRange, mix: SourceMix, stepMs: number): Sql {
  const stepStart = sql`intDiv(${msOf(sql`ts`)}, ${stepMs}) * ${stepMs}`;
  return sql`
    SELECT is_current, step_start_ms, model, toUInt8(grouping(step_start_ms, model)) AS level, ${USAGE_SUMS},
      if(countIf(latency_ms >= 0) = 0, NULL, quantileTDigestIf(0.95)(latency_ms, latency_ms >= 0)) AS latency_p95_ms
    FROM (
      SELECT *, toUInt8(ts >= ${new Date(range.fromMs)}) AS is_current, if(is_current = 1, ${stepStart}, 0) AS step_start_ms
      FROM (${usageRows(withPrevious(range), mix)})
    )
    GROUP BY GROUPING SETS ((is_current), (is_current, step_start_ms), (is_current, step_start_ms, model))
    HAVING is_current = 1 OR level = 3`;
}

/** Prompts and tools, from events where a session has any, else from spans. */
function actsQuery(range: TimeRange, mix: SourceMix): Sql {
  const { fromMs, toMs } = withPrevious(range);
  const within = sql`ts >= ${new Date(fromMs)} AND ts < ${new Date(toMs)}`;
  const isChosen =
    mix.hasSpans || mix.hasServerSpans
      ? sql`(origin = 'event' OR session_id GLOBAL NOT IN (
          SELECT session_id FROM agent_events WHERE ${within} AND origin = 'event' AND kind NOT IN ${NOT_ACTIVITY}
        ))`
      : sql`origin = 'event'`;
  return sql`
    SELECT toUInt8(ts >= ${new Date(range.fromMs)}) AS is_current,
      countIf(kind = 'prompt') AS prompts,
      countIf(kind = 'tool_call') AS tool_calls,
      countIf(kind = 'tool_call' AND failed = 1) AS tool_failures
    FROM ${eventRows(sql`${within} AND kind IN ('prompt', 'tool_call') AND ${isChosen}`)}
    GROUP BY is_current`;
}

async function liveSessions(reader: LedgerReader, nowMs: number): Promise<Overview['live']> {
  const range = { fromMs: Math.max(0, nowMs - IDLE_MS), toMs: Number.MAX_SAFE_INTEGER };
  const found = await findSessions(reader, { range: clampRange(range), limit: MAX_LIVE_CANDIDATES });
  const sessions = await sessionsByIds(
    reader,
    found.map((row) => row.session_id),
    nowMs,
  );
  return sessions.filter((session) => session.state !== 'ended').slice(0, MAX_LIVE);
}

/** The end of what the engine's times can hold: clocks of senders may run ahead. */
function clampRange(range: TimeRange): TimeRange {
  return { fromMs: range.fromMs, toMs: Math.min(range.toMs, Date.UTC(2299, 0, 1)) };
}

function periodOf(
  isCurrent: 0 | 1,
  spend: readonly SpendRow[],
  acts: readonly ActRow[],
): Overview['current'] {
  const sums = spend.find((row) => row.level === 3 && row.is_current === isCurrent);
  const act = acts.find((row) => row.is_current === isCurrent);
  return {
    ...figuresOf(sums),
    tool_calls: act?.tool_calls ?? 0,
    tool_failures: act?.tool_failures ?? 0,
    prompts: act?.prompts ?? 0,
    latency_p95_ms: sums?.latency_p95_ms ?? null,
  };
}

function chartsOf(spend: readonly SpendRow[], times: number[]): Pick<Overview, 'spend' | 'series'> {
  const steps = new Map(spend.filter((row) => row.level === 1).map((row) => [row.step_start_ms, row]));
  const perStep = <T>(of: (row: SpendRow) => T, nothing: T): T[] =>
    times.map((ms) => {
      const row = steps.get(ms);
      return row === undefined ? nothing : of(row);
    });
  return {
    spend: { times, models: spendByModel(spend, times) },
    series: {
      times,
      tokens: perStep((row) => row.input + row.output + row.cache_read + row.cache_creation, 0),
      sessions: perStep((row) => row.sessions, 0),
      errors: perStep((row) => row.errors, 0),
      requests: perStep((row) => row.requests, 0),
      cache_hit: perStep(cacheHitOf, null),
      latency_p95_ms: perStep((row) => row.latency_p95_ms, null),
    },
  };
}

/** Share of the prompt tokens that came from the cache; null when there were none. */
function cacheHitOf(row: SpendRow): number | null {
  const prompt = row.input + row.cache_read + row.cache_creation;
  return prompt === 0 ? null : row.cache_read / prompt;
}

function spendByModel(spend: readonly SpendRow[], times: readonly number[]): Overview['spend']['models'] {
  const index = new Map(times.map((ms, i) => [ms, i]));
  const byModel = new Map<string, number[]>();
  for (const row of spend) {
    const at = index.get(row.step_start_ms);
    if (row.level !== 0 || at === undefined || row.cost_micros === 0) continue;
    const micros = byModel.get(row.model) ?? times.map(() => 0);
    micros[at]! += row.cost_micros;
    byModel.set(row.model, micros);
  }
  const sorted = [...byModel].sort((a, b) => totalOf(b[1]) - totalOf(a[1]) || (a[0] < b[0] ? -1 : 1));
  const shown = sorted.slice(0, MAX_MODELS);
  const rest = sorted.slice(MAX_MODELS);
  if (rest.length > 0)
    shown.push(['other', times.map((_, i) => rest.reduce((sum, [, m]) => sum + m[i]!, 0))]);
  return shown.map(([model, micros]) => ({ model, cost_usd: micros.map(usdOf) }));
}

function totalOf(micros: readonly number[]): number {
  return micros.reduce((sum, value) => sum + value, 0);
}

/** Whether the ledger holds any session at all. */
export async function hasSessions(reader: LedgerReader): Promise<boolean> {
  const rows = await reader.query<{ found: number }>(
    sql`
      SELECT 1 AS found FROM agent_events WHERE kind IN ${CALLS} OR kind = 'prompt' LIMIT 1
      UNION ALL
      SELECT 1 AS found FROM agent_points WHERE measure IN ('cost', 'tokens') LIMIT 1`,
  );
  return rows.length > 0;
}
