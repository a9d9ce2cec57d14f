import { setImmediate } from 'node:timers/promises';
import { BellwetherError } from '../lib/errors.ts';
import { Labels, METRIC_NAME } from '../model/labels.ts';
import type { QueryResult } from '../promql/index.ts';
import { type ActiveAlert, type PresentAlert, stepAlerts } from './alert-state.ts';
import { ALERT_NAME, mergePairs, overrideLabels } from './rule-labels.ts';
import type { AlertingRule } from './rule-types.ts';

/** Steps of one back-test. */
export const MAX_BACKTEST_STEPS = 100_000;
/** Steps that one query covers. */
const STEPS_PER_QUERY = 2000;
/** Alerts followed at once. */
const MAX_ALERTS = 10_000;
/** Values the rule may give over the whole range. */
const MAX_VALUES = 20_000_000;
/** Steps before others get their turn. */
const STEPS_PER_TURN = 100;
/** Intervals that are listed; more are only counted. */
const MAX_INTERVALS = 5000;
const NIGHT_FROM_HOUR = 22;
const NIGHT_TO_HOUR = 6;

/** A PromQL range query. */
export type RangeQueryFunction = (query: {
  readonly text: string;
  readonly startMs: number;
  /** Inclusive. */
  readonly endMs: number;
  readonly stepMs: number;
  readonly signal: AbortSignal | undefined;
}) => Promise<QueryResult>;

export interface BacktestOptions {
  readonly fromMs: number;
  /** Inclusive. */
  readonly toMs: number;
  /** The interval the rule would be evaluated at. */
  readonly stepMs: number;
  readonly queryRange: RangeQueryFunction;
  /** IANA name, for what is night; UTC unless given. */
  readonly timeZone?: string;
  readonly signal?: AbortSignal;
}

/** A time in which one alert would have fired. */
export interface FiringInterval {
  readonly labels: Labels;
  readonly pendingFromMs: number;
  readonly firedAtMs: number;
  /** Undefined: it would still fire at the end. */
  readonly resolvedAtMs: number | undefined;
  /** The expression's value when it fired. */
  readonly value: number;
  /** It fired between 22 and 6 o'clock. */
  readonly isAtNight: boolean;
}

export interface Backtest {
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
  /** Times an alert would have fired. */
  readonly fired: number;
  readonly firedAtNight: number;
  /** Times an alert would have become pending and gone away before it fired. */
  readonly onlyPending: number;
  /** Sum over all alerts. */
  readonly firingMs: number;
  readonly longestMs: number;
  /** In the order in which they fired, the first 5000. */
  readonly intervals: readonly FiringInterval[];
  readonly areIntervalsCut: boolean;
  /** Annotations of the queries, each once. */
  readonly warnings: readonly string[];
}

/**
 * What an alerting rule would have done over stored data, by the same state machine that evaluates rules. Templates in labels are taken as
 * they are.
 *
 * @throws BellwetherError `bad_range` (400) for more than 100 000 steps, `too_many_alerts` (422) for more than 10 000 alerts at once; and what
 * the query throws.
 */
export async function backtest(rule: TestedRule, options: BacktestOptions): Promise<Backtest> {
  const { fromMs, toMs, stepMs } = options;
  const steps = Math.floor((toMs - fromMs) / stepMs) + 1;
  if (!(stepMs >= 1) || !(steps >= 1) || steps > MAX_BACKTEST_STEPS)
    throw new BellwetherError({
      code: 'bad_range',
      status: 400,
      message: `a back-test has 1 to ${MAX_BACKTEST_STEPS} steps`,
      hint: 'take a shorter range or a longer interval',
    });
  const journal = new Journal(options.timeZone ?? 'UTC');
  const active = new Map<string, ActiveAlert>();
  const warnings = new Set<string>();
  let values = 0;
  for (let first = 0; first < steps; first += STEPS_PER_QUERY) {
    const count = Math.min(STEPS_PER_QUERY, steps - first);
    const startMs = fromMs + first * stepMs;
    const endMs = startMs + (count - 1) * stepMs;
    options.signal?.throwIfAborted();
    const result = await options.queryRange({
      text: rule.query,
      startMs,
      endMs,
      stepMs,
      signal: options.signal,
    });
    for (const text of [...result.warnings, ...result.infos]) warnings.add(text);
    values += valuesIn(result);
    if (values > MAX_VALUES) throw tooMuch(`more than ${MAX_VALUES} values in the whole range`);
    let step = 0;
    for (const present of presentBySteps(rule, result, { startMs, stepMs, count })) {
      if (step % STEPS_PER_TURN === 0) await setImmediate();
      moveOn(active, present, { timeMs: startMs + step++ * stepMs, rule, journal });
    }
  }
  return { fromMs, toMs, stepMs, ...journal.result(toMs), warnings: [...warnings] };
}

type TestedRule = Pick<AlertingRule, 'name' | 'query' | 'labels' | 'forMs' | 'keepFiringForMs'>;

function moveOn(
  active: Map<string, ActiveAlert>,
  present: ReadonlyMap<string, PresentAlert>,
  { timeMs, rule, journal }: { timeMs: number; rule: TestedRule; journal: Journal },
): void {
  const { forMs, keepFiringForMs } = rule;
  const { changes } = stepAlerts(active, present, { timeMs, forMs, keepFiringForMs, holdsAbsent: false });
  if (active.size > MAX_ALERTS) throw tooMuch(`more than ${MAX_ALERTS} alerts at once`);
  for (const { alert, from, to } of changes) {
    if (to === 'firing') journal.fire(alert);
    if (to === 'inactive') journal.end(alert, from === 'firing');
  }
}

function tooMuch(what: string): BellwetherError {
  return new BellwetherError({
    code: 'too_many_alerts',
    status: 422,
    message: `the rule gives ${what}`,
    hint: 'aggregate in the expression, or take a shorter range',
  });
}

function valuesIn({ value }: QueryResult): number {
  return value.type === 'matrix' ? value.series.reduce((sum, { timesMs }) => sum + timesMs.length, 0) : 0;
}

interface Grid {
  readonly startMs: number;
  readonly stepMs: number;
  readonly count: number;
}

/** The alerts whose expression is true, step by step. */
function* presentBySteps(
  rule: TestedRule,
  { value }: QueryResult,
  { startMs, stepMs, count }: Grid,
): Generator<ReadonlyMap<string, PresentAlert>> {
  const series = value.type === 'matrix' ? value.series : [];
  if (series.length > MAX_ALERTS) throw tooMuch(`more than ${MAX_ALERTS} series`);
  const overrides = mergePairs(rule.labels, [
    [METRIC_NAME, ''],
    [ALERT_NAME, rule.name],
  ]);
  const cursors = series.map((one) => ({ ...one, labels: overrideLabels(one.labels, overrides), at: 0 }));
  for (let step = 0; step < count; step++) {
    const untilMs = startMs + step * stepMs + stepMs / 2;
    const present = new Map<string, PresentAlert>();
    for (const cursor of cursors) {
      if (!(cursor.timesMs[cursor.at]! < untilMs)) continue;
      const { labels } = cursor;
      present.set(labels.key, { labels, annotations: Labels.EMPTY, value: cursor.values[cursor.at++]! });
    }
    yield present;
  }
}

type OpenInterval = Omit<FiringInterval, 'resolvedAtMs'>;

/** Writes down what happens. */
class Journal {
  readonly #hours: Intl.DateTimeFormat;
  readonly #open = new Map<ActiveAlert, OpenInterval>();
  readonly #intervals: FiringInterval[] = [];
  #fired = 0;
  #firedAtNight = 0;
  #onlyPending = 0;
  #firingMs = 0;
  #longestMs = 0;

  /** @throws BellwetherError `bad_time_zone` (400). */
  constructor(timeZone: string) {
    try {
      this.#hours = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', hourCycle: 'h23' });
    } catch (cause) {
      throw new BellwetherError({
        code: 'bad_time_zone',
        status: 400,
        message: `there is no time zone ${JSON.stringify(timeZone)}`,
        cause,
      });
    }
  }

  fire(alert: ActiveAlert): void {
    const firedAtMs = alert.firedAtMs!;
    const hour = Number(this.#hours.format(firedAtMs));
    const isAtNight = hour >= NIGHT_FROM_HOUR || hour < NIGHT_TO_HOUR;
    this.#fired++;
    if (isAtNight) this.#firedAtNight++;
    const { labels, activeAtMs: pendingFromMs, value } = alert;
    this.#open.set(alert, { labels, pendingFromMs, firedAtMs, value, isAtNight });
  }

  end(alert: ActiveAlert, hasFired: boolean): void {
    if (!hasFired) this.#onlyPending++;
    const open = this.#open.get(alert);
    if (open === undefined) return;
    this.#open.delete(alert);
    this.#close(open, alert.resolvedAtMs!, alert.resolvedAtMs!);
  }

  #close(open: OpenInterval, endMs: number, resolvedAtMs: number | undefined): void {
    const lengthMs = endMs - open.firedAtMs;
    this.#firingMs += lengthMs;
    this.#longestMs = Math.max(this.#longestMs, lengthMs);
    if (this.#intervals.length < MAX_INTERVALS) this.#intervals.push({ ...open, resolvedAtMs });
  }

  result(toMs: number) {
    for (const open of this.#open.values()) this.#close(open, toMs, undefined);
    return {
      fired: this.#fired,
      firedAtNight: this.#firedAtNight,
      onlyPending: this.#onlyPending,
      firingMs: this.#firingMs,
      longestMs: this.#longestMs,
      intervals: this.#intervals.sort((a, b) => a.firedAtMs - b.firedAtMs),
      areIntervalsCut: this.#fired > this.#intervals.length,
    };
  }
}
