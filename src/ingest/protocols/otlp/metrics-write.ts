import { startOfDay } from '../../../lib/time.ts';
import type { Attributes } from '../../../model/telemetry.ts';
import { DEFAULT_ZERO_THRESHOLD, MAX_SCHEMA, MIN_SCHEMA, toSparseBuckets } from './metrics-exponential.ts';
import { isRefusal, type OrRefusal, type Refusal } from './metrics-labels.ts';
import {
  type Exemplar,
  type ExponentialPoint,
  FLAG_NO_RECORDED_VALUE,
  type HistogramPoint,
  type NumberPoint,
  type SummaryPoint,
} from './metrics-points.ts';
import type { MetricRows } from './metrics-rows.ts';
import { labelsOf, type MetricFamily, type PointSeries, type Series } from './metrics-series.ts';
import type { ResourceContext, ScopeContext } from './metrics-translations.ts';
import type { ScopeRun } from './scope-run.ts';

/** Buckets of one histogram; of an exponential one, per side. */
export const MAX_BUCKETS = 1000;
/** Quantiles of one summary. */
export const MAX_QUANTILES = 1000;
/**
 * A cumulative point within this time after its start has a zero written at the start, so that `increase()` counts what
 * the series already had at its first export. PromQL looks back as far by default; further back the zero
 * would not join up with the point.
 */
export const ZERO_WITHIN_MS = 300_000;

/**
 * Turns checked points into rows. Every point is checked completely before its first row is appended, so a refused
 * point leaves nothing behind.
 *
 * One writer per scope of a request.
 */
export class MetricWriter {
  readonly rows: MetricRows;
  #run: ScopeRun;
  #described: MetricFamily | undefined;
  #describedDay = -1;
  /** Latest time of an accepted point of the scope, 0 when there was none. */
  latestMs = 0;

  constructor(run: ScopeRun, rows: MetricRows) {
    this.#run = run;
    this.rows = rows;
  }

  /** @param attributes for the scope's observer, if it has one. */
  number(
    family: MetricFamily,
    series: OrRefusal<PointSeries>,
    point: NumberPoint,
    attributes: Attributes | undefined,
  ): void {
    if (this.#refuses(family, series, point, refusalOfNumber(family, point))) return;
    const { main } = series;
    const { timeMs } = point;
    const isGone = (point.flags & FLAG_NO_RECORDED_VALUE) !== 0;
    const isNew = this.#announce(family, main, timeMs);
    if (family.isDelta) {
      // No value means no increment; the running sum simply stays where it is.
      if (!isGone) this.rows.delta(main, timeMs, startOf(point), point.value);
    } else {
      if (family.kind === 'counter') this.#zeroAtStart(family, series, point, isNew);
      if (isGone) this.rows.staleSample(main, timeMs);
      else this.rows.sample(main, timeMs, point.value);
    }
    if (family.kind !== 'gauge') this.#exemplars(main, point.exemplars, timeMs);
    if (attributes !== undefined && !isGone) this.#observe(family, main, point, attributes);
    this.#accept(timeMs);
  }

  histogram(family: MetricFamily, series: OrRefusal<PointSeries>, point: HistogramPoint): void {
    if (this.#refuses(family, series, point, refusalOfHistogram(family, point))) return;
    const { timeMs } = point;
    const bounds = boundsOf(point);
    const buckets = series.buckets(bounds);
    const isNew = this.#announce(family, series.count, timeMs);
    if (!family.isDelta) this.#zeroAtStart(family, series, point, isNew);
    this.#part(family, series.count, point, point.count);
    let below = 0;
    for (let i = 0; i < buckets.length - 1; i++) {
      below += point.counts[i]!;
      this.#part(family, buckets[i]!, point, below);
    }
    this.#part(family, buckets.at(-1)!, point, point.count);
    if (point.sum !== undefined) this.#part(family, series.sum, point, point.sum);
    for (const exemplar of point.exemplars) {
      const at = bounds.findIndex((bound) => exemplar.value <= bound);
      this.#exemplars(buckets[at] ?? buckets.at(-1)!, [exemplar], timeMs);
    }
    this.#accept(timeMs);
  }

  exponential(family: MetricFamily, series: OrRefusal<PointSeries>, point: ExponentialPoint): void {
    if (this.#refuses(family, series, point, refusalOfExponential(family, point))) return;
    const { main } = series;
    const { timeMs } = point;
    this.#announce(family, main, timeMs);
    const schema = Math.min(point.scale, MAX_SCHEMA);
    const mergeLevels = point.scale - schema;
    const isGone = (point.flags & FLAG_NO_RECORDED_VALUE) !== 0;
    this.rows.nativeHistogram(main, {
      timeMs,
      startMs: startOf(point),
      isDelta: family.isDelta,
      isGone,
      schema,
      zeroThreshold: point.zeroThreshold > 0 ? point.zeroThreshold : DEFAULT_ZERO_THRESHOLD,
      zeroCount: point.zeroCount,
      count: point.count,
      sum: point.sum ?? 0,
      positive: toSparseBuckets(point.positive, mergeLevels),
      negative: toSparseBuckets(point.negative, mergeLevels),
    });
    this.#exemplars(main, point.exemplars, timeMs);
    this.#accept(timeMs);
  }

  summary(family: MetricFamily, series: OrRefusal<PointSeries>, point: SummaryPoint): void {
    if (this.#refuses(family, series, point, refusalOfSummary(point))) return;
    const isNew = this.#announce(family, series.count, point.timeMs);
    this.#zeroAtStart(family, series, point, isNew);
    this.#part(family, series.count, point, point.count);
    this.#part(family, series.sum, point, point.sum);
    for (const { quantile, value } of point.quantiles) {
      this.#part(family, series.quantile(quantile), point, value);
    }
    this.#accept(point.timeMs);
  }

  /** Counts the point as refused when anything speaks against it; `own` is what its own kind found. */
  #refuses(
    family: MetricFamily,
    series: OrRefusal<PointSeries>,
    point: { readonly timeMs: number },
    own: Refusal | undefined,
  ): series is Refusal {
    const run = this.#run;
    const refusal =
      family.refusal ??
      (isRefusal(series) ? series : undefined) ??
      (point.timeMs === 0 ? NO_TIME : undefined);
    if (refusal === undefined && run.refusesTime(point.timeMs)) return true;
    const found =
      refusal ?? own ?? (this.rows.isOverBudget ? TOO_MUCH_NEW : this.#limitRefusal(family, series, point));
    if (found === undefined) return false;
    run.reject(found.code, found.message);
    return true;
  }

  /** A histogram or summary is refused as a whole or not at all, so one of its series is asked for. */
  #limitRefusal(
    family: MetricFamily,
    series: OrRefusal<PointSeries>,
    { timeMs }: { readonly timeMs: number },
  ): Refusal | undefined {
    const dayMs = startOfDay(timeMs);
    if (isRefusal(series) || series.admittedDayMs === dayMs) return undefined;
    const hasParts = family.kind === 'histogram' || family.kind === 'summary';
    const refusal = this.#admits(hasParts ? series.count : series.main);
    if (refusal === undefined) series.admittedDayMs = dayMs;
    return refusal;
  }

  #admits(series: Series): Refusal | undefined {
    const { seriesLimits, nowMs } = this.#run.context;
    if (seriesLimits === undefined) return undefined;
    const { metric, low, high } = series;
    return seriesLimits.admits(this.#run.service, { metric, low, high, labels: labelsOf(series) }, nowMs);
  }

  /** Writes the rows that tell of the family and the series where they are due; whether the series' row was. */
  #announce(family: MetricFamily, series: Series, timeMs: number): boolean {
    const dayMs = startOfDay(timeMs);
    if (this.#described !== family || this.#describedDay !== dayMs) {
      this.rows.metadata(family, dayMs);
      this.#described = family;
      this.#describedDay = dayMs;
    }
    const isNew = this.rows.series(family, series, dayMs);
    // Counts the series that come along with an admitted one; they are not refused.
    if (isNew) this.#admits(series);
    return isNew;
  }

  /** One of the series of a histogram or summary, with its value. */
  #part(
    family: MetricFamily,
    series: Series,
    point: { readonly timeMs: number; readonly startMs: number; readonly flags: number },
    value: number,
  ): void {
    const { timeMs } = point;
    this.#announce(family, series, timeMs);
    const isGone = (point.flags & FLAG_NO_RECORDED_VALUE) !== 0;
    if (family.isDelta) {
      if (!isGone) this.rows.delta(series, timeMs, startOf(point), value);
    } else if (isGone) this.rows.staleSample(series, timeMs);
    else this.rows.sample(series, timeMs, value);
  }

  /**
   * The zero at the start of a cumulative series. Written when the process first meets the series or its start has
   * moved, which is a restart of the sender; writing it twice does no harm.
   */
  #zeroAtStart(
    family: MetricFamily,
    series: PointSeries,
    point: NumberPoint | HistogramPoint | SummaryPoint,
    isNew: boolean,
  ): void {
    const startMs = startOf(point);
    if (startMs === 0 || startMs === point.timeMs || (!isNew && startMs === series.startMs)) return;
    if (startMs !== series.startMs) this.rows.startOnFinish(series, startMs);
    if (point.timeMs - startMs > ZERO_WITHIN_MS) return;
    for (const part of countingParts(family, series, point)) {
      this.rows.series(family, part, startOfDay(startMs));
      this.rows.sample(part, startMs, 0);
    }
  }

  #exemplars(series: Series, exemplars: readonly Exemplar[], pointMs: number): void {
    for (const exemplar of exemplars) this.rows.exemplar(series, exemplar, pointMs);
  }

  #observe(family: MetricFamily, series: Series, point: NumberPoint, attributes: Attributes): void {
    const { observer, stream } = this.#run;
    observer?.point(stream.origin, {
      metric: family.otelName,
      tsMs: point.timeMs,
      startMs: startOf(point),
      value: point.value,
      isDelta: family.isDelta,
      isMonotonic: family.kind === 'counter',
      attributes,
      seriesId: series.id,
    });
  }

  /** Writes what is to be told of a resource and scope, once their points have all been written. */
  tell(resource: ResourceContext, scope: ScopeContext): void {
    if (this.latestMs === 0) return;
    if (resource.targetInfo !== undefined) this.rows.info(resource.targetInfo, this.latestMs);
    if (scope.info !== undefined) this.rows.info(scope.info, this.latestMs);
  }

  #accept(timeMs: number): void {
    if (timeMs > this.latestMs) this.latestMs = timeMs;
    this.#run.accept(0, 0);
  }
}

const NO_TIME: Refusal = { code: 'no_time', message: 'the point has no time' };
const TOO_MUCH_NEW: Refusal = {
  code: 'too_many_new_series',
  message: 'the request brings more labels of new series than one request may',
};
const NO_VALUE: Refusal = {
  code: 'no_value',
  message: 'the point has neither an integer nor a double value',
};

/** A start after the point is nonsense and counts as not set. */
function startOf(point: { readonly startMs: number; readonly timeMs: number }): number {
  return point.startMs <= point.timeMs ? point.startMs : 0;
}

/** Bounds without counts say nothing: such a histogram has a count and perhaps a sum. */
function boundsOf(point: HistogramPoint): readonly number[] {
  return point.counts.length === 0 ? [] : point.bounds;
}

function refusalOfNumber(family: MetricFamily, point: NumberPoint): Refusal | undefined {
  if ((point.flags & FLAG_NO_RECORDED_VALUE) !== 0) return undefined;
  if (!point.hasValue) return NO_VALUE;
  return family.isDelta ? refusalOfIncrement(point.value, family.kind === 'counter') : undefined;
}

/** An increment goes into a running sum, where one NaN would spoil everything after it. */
function refusalOfIncrement(value: number, mustGrow: boolean): Refusal | undefined {
  if (!Number.isFinite(value)) {
    return { code: 'not_a_number', message: `a delta of ${value} cannot be added up` };
  }
  if (mustGrow && value < 0) {
    return { code: 'negative_increment', message: `a delta of ${value} in a sum that only grows` };
  }
  return undefined;
}

function refusalOfHistogram(family: MetricFamily, point: HistogramPoint): Refusal | undefined {
  const { bounds, counts } = point;
  if (bounds.length > MAX_BUCKETS || counts.length > MAX_BUCKETS) return tooManyBuckets(bounds.length);
  if (counts.length !== 0 && counts.length !== bounds.length + 1) {
    return {
      code: 'bad_buckets',
      message: `${counts.length} bucket counts do not fit ${bounds.length} bounds`,
    };
  }
  for (let i = 0; i < bounds.length; i++) {
    if (Number.isNaN(bounds[i]) || (i > 0 && bounds[i]! <= bounds[i - 1]!)) {
      return { code: 'bad_buckets', message: 'the bucket bounds do not ascend' };
    }
  }
  return family.isDelta && point.sum !== undefined ? refusalOfIncrement(point.sum, false) : undefined;
}

function refusalOfExponential(family: MetricFamily, point: ExponentialPoint): Refusal | undefined {
  const buckets = Math.max(point.positive.counts.length, point.negative.counts.length);
  if (buckets > MAX_BUCKETS) return tooManyBuckets(buckets);
  if (point.scale < MIN_SCHEMA) {
    return {
      code: 'bad_scale',
      message: `a scale of ${point.scale}; native histograms begin at ${MIN_SCHEMA}`,
    };
  }
  return family.isDelta && point.sum !== undefined ? refusalOfIncrement(point.sum, false) : undefined;
}

function tooManyBuckets(count: number): Refusal {
  return { code: 'too_many_buckets', message: `${count} buckets, at most ${MAX_BUCKETS} are allowed` };
}

function refusalOfSummary(point: SummaryPoint): Refusal | undefined {
  const count = point.quantiles.length;
  if (count <= MAX_QUANTILES) return undefined;
  return { code: 'too_many_quantiles', message: `${count} quantiles, at most ${MAX_QUANTILES} are allowed` };
}

/** The series of a point that count from zero. */
function countingParts(
  family: MetricFamily,
  series: PointSeries,
  point: NumberPoint | HistogramPoint | SummaryPoint,
): readonly Series[] {
  if (family.kind === 'counter') return [series.main];
  if (!('bounds' in point)) return [series.count, series.sum];
  const parts = [series.count, ...series.buckets(boundsOf(point))];
  return point.sum === undefined ? parts : [...parts, series.sum];
}
