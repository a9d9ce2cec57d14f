import { SeriesTable } from './cardinality-table.ts';
import { DistinctSketch, hashText, mixed } from './distinct-sketch.ts';
import { MAX_NAME_LENGTH } from './outcome.ts';
import type { Label } from './series-id.ts';
import { cutText } from './text.ts';

/** How many series there may be. 0: no limit. */
export interface SeriesLimitOptions {
  readonly maxSeriesPerMetric: number;
  readonly maxSeriesPerSource: number;
  readonly maxSeries: number;
  /** A series counts until it was not seen for one to two of these. Choose at least a day: known series are asked for once a day. */
  readonly windowMs: number;
}

/** Why a series was not taken. */
export interface SeriesRefusal {
  readonly code: 'too_many_series';
  readonly message: string;
}

/** What the limits need to know of a series. A `SeriesRef` is one. */
export interface LimitedSeries {
  readonly metric: string;
  /** Without `__name__`. Asked for only when the series is new. */
  readonly labels: readonly Label[];
  /** The halves of the id. */
  readonly low: number;
  readonly high: number;
}

/**
 * Bounds how many series are alive, per metric, per source and in all, and tells which labels make them many.
 *
 * A series that was admitted stays admitted as long as it counts. All memory is bounded by the constants of this file; at the bounds
 * counts become coarser and the report says so.
 */
export interface SeriesLimits {
  /**
   * Whether a series may be stored; undefined means yes. Cheap for series that are known.
   *
   * @param source whom it counts for: a sender, a scrape job.
   */
  admits(source: string, series: LimitedSeries, nowMs: number): SeriesRefusal | undefined;
  /** Marks the start of a request; `rollback` forgets what was admitted as new since. */
  mark(): void;
  rollback(): void;
  /** @param top longest list of each kind. */
  report(nowMs: number, top?: number): SeriesReport;
}

export interface LabelCount {
  readonly label: string;
  /** Different values, estimated: almost exact up to 100, within about 10 percent beyond. */
  readonly values: number;
}

export interface MetricSeriesCount {
  readonly metric: string;
  readonly series: number;
  /** New ones since the window began. */
  readonly added: number;
  /** Labels by number of values among the series that came after the first few, most first. */
  readonly labels: readonly LabelCount[];
}

export interface RefusedMetric {
  readonly metric: string;
  /** Refused series, estimated. */
  readonly series: number;
  /** How often one was refused, which is about the samples lost. */
  readonly refusals: number;
  /** The limit that was met last. */
  readonly limit: 'metric' | 'source' | 'total';
  readonly source: string;
  /** The label with the most values among the metric's newer and refused series; undefined when it has none. */
  readonly label: LabelCount | undefined;
  readonly lastAtMs: number;
}

/** For the cardinality page. */
export interface SeriesReport {
  /** Series alive. After a start of the process the count begins anew. */
  readonly series: number;
  readonly metrics: readonly MetricSeriesCount[];
  /** Over all metrics. */
  readonly labels: readonly LabelCount[];
  readonly sources: readonly { source: string; series: number; refusals: number }[];
  /** Series first seen in each of the last 24 hours, oldest first. */
  readonly newPerHour: readonly { hourMs: number; series: number }[];
  readonly refused: readonly RefusedMetric[];
  /** Refusals of metrics beyond those that are kept apart. */
  readonly otherRefusals: number;
  /** True when some series are not counted because there are more than can be tracked. */
  readonly truncated: boolean;
}

/** Series that are tracked, about 60 bytes each; further ones are admitted and not counted. */
const MAX_TRACKED_SERIES = 2_000_000;
/** Sources that are kept apart; further ones share a count. */
const MAX_SOURCES = 10_000;
const OTHER_SOURCES = '(other sources)';
/** Metrics that are kept although they have no series, because some were refused. */
const MAX_REFUSED_METRICS = 1000;
/** Labels counted over all metrics. */
const MAX_LABELS = 2000;
/** Sketches of labels of single metrics, about 300 bytes each. */
const MAX_SKETCHES = 40_000;
/** So many more for metrics of which series were refused. */
const MAX_REFUSED_SKETCHES = 10_000;
/** A metric's labels are looked at from so many series on; most metrics never have them. */
const SKETCHED_FROM_SERIES = 16;
/** The message for refused series is put together again after so many. */
const REFUSALS_PER_MESSAGE = 1024;
/** Ids of series refused lately, so that a series is sketched once and not with every sample. */
const RECENT_SLOTS = 4096;
const HOUR_MS = 3_600_000;
const HOURS = 24;
const DEFAULT_TOP = 20;
/** Longest metric name or label in a message. */
const MAX_NAMED_LENGTH = 100;

interface SourceCount {
  readonly source: string;
  series: number;
  refusals: number;
}

interface MetricCount {
  readonly metric: string;
  series: number;
  added: number;
  sketches: Map<string, DistinctSketch> | undefined;
  refused: RefusedCount | undefined;
}

interface RefusedCount {
  count: number;
  readonly ids: DistinctSketch;
  limit: RefusedMetric['limit'];
  source: string;
  lastAtMs: number;
  refusal: SeriesRefusal | undefined;
}

interface Owner {
  readonly metric: MetricCount;
  readonly source: SourceCount;
}

export function createSeriesLimits(options: SeriesLimitOptions): SeriesLimits {
  return new SeriesTracker(options);
}

class SeriesTracker implements SeriesLimits {
  readonly #options: SeriesLimitOptions;
  readonly #table = new SeriesTable<Owner>();
  readonly #metrics = new Map<string, MetricCount>();
  readonly #sources = new Map<string, SourceCount>();
  readonly #labels = new Map<string, DistinctSketch>();
  readonly #newPerHour = new Map<number, number>();
  readonly #recent = new Uint32Array(RECENT_SLOTS * 2);
  #sketches = 0;
  #refusedMetrics = 0;
  #otherRefusals = 0;
  #untracked = 0;
  #window = 0;
  #markedSize = 0;
  /** Number of the hour in which a series was added last. */
  #hour = 0;

  constructor(options: SeriesLimitOptions) {
    this.#options = options;
  }

  admits(source: string, series: LimitedSeries, nowMs: number): SeriesRefusal | undefined {
    this.#turnTo(Math.floor(nowMs / this.#options.windowMs));
    if (this.#table.touch(series.low, series.high, this.#window)) return undefined;
    const from = this.#sourceOf(source);
    const metric = this.#metrics.get(series.metric) ?? newMetric(series.metric);
    const limit = this.#limitMet(from, metric);
    if (limit !== undefined) return this.#refuse(limit, from, metric, series, nowMs);
    if (this.#table.size >= MAX_TRACKED_SERIES) {
      this.#untracked++;
      return undefined;
    }
    this.#add(from, metric, series, nowMs);
    return undefined;
  }

  #limitMet(source: SourceCount, metric: MetricCount): RefusedMetric['limit'] | undefined {
    const { maxSeries, maxSeriesPerSource, maxSeriesPerMetric } = this.#options;
    if (maxSeriesPerMetric > 0 && metric.series >= maxSeriesPerMetric) return 'metric';
    if (maxSeriesPerSource > 0 && source.series >= maxSeriesPerSource) return 'source';
    if (maxSeries > 0 && this.#table.size >= maxSeries) return 'total';
    return undefined;
  }

  #add(source: SourceCount, metric: MetricCount, series: LimitedSeries, nowMs: number): void {
    this.#metrics.set(metric.metric, metric);
    this.#table.add(series.low, series.high, this.#window, { metric, source });
    metric.series++;
    metric.added++;
    source.series++;
    this.#hour = Math.floor(nowMs / HOUR_MS);
    this.#countNew(1);
    if (this.#newPerHour.size > HOURS) this.#newPerHour.delete(Math.min(...this.#newPerHour.keys()));
    this.#sketch(metric, series.labels);
  }

  #countNew(series: number): void {
    this.#newPerHour.set(this.#hour, (this.#newPerHour.get(this.#hour) ?? 0) + series);
  }

  #refuse(
    limit: RefusedMetric['limit'],
    source: SourceCount,
    metric: MetricCount,
    series: LimitedSeries,
    nowMs: number,
  ): SeriesRefusal {
    source.refusals++;
    const refused = this.#refusedOf(metric);
    if (refused === undefined) {
      this.#otherRefusals++;
      return tooMany(limit, source, metric, undefined);
    }
    if (this.#isFirstLately(series)) {
      refused.ids.add(mixed(series.low));
      this.#sketch(metric, series.labels);
    }
    refused.lastAtMs = nowMs;
    const isSame = refused.limit === limit && refused.source === source.source;
    if (refused.refusal === undefined || !isSame || refused.count % REFUSALS_PER_MESSAGE === 0) {
      refused.refusal = tooMany(limit, source, metric, widestLabel(metric));
      refused.limit = limit;
      refused.source = source.source;
    }
    refused.count++;
    return refused.refusal;
  }

  /** Undefined when no more metrics can be kept for being refused. */
  #refusedOf(metric: MetricCount): RefusedCount | undefined {
    if (metric.refused !== undefined) return metric.refused;
    if (this.#refusedMetrics >= MAX_REFUSED_METRICS) return undefined;
    this.#refusedMetrics++;
    this.#metrics.set(metric.metric, metric);
    metric.refused = {
      ...{ count: 0, ids: new DistinctSketch(), limit: 'total', source: '' },
      ...{ lastAtMs: 0, refusal: undefined },
    };
    return metric.refused;
  }

  #isFirstLately({ low, high }: LimitedSeries): boolean {
    const at = (low & (RECENT_SLOTS - 1)) * 2;
    if (this.#recent[at] === low && this.#recent[at + 1] === high) return false;
    this.#recent[at] = low;
    this.#recent[at + 1] = high;
    return true;
  }

  #sketch(metric: MetricCount, labels: readonly Label[]): void {
    const isMany = metric.series >= SKETCHED_FROM_SERIES || metric.refused !== undefined;
    if (isMany) metric.sketches ??= new Map();
    for (const [name, value] of labels) {
      const hash = hashText(value);
      this.#labelSketch(name)?.add(hash);
      if (isMany) this.#metricSketch(metric, name)?.add(hash);
    }
  }

  #labelSketch(name: string): DistinctSketch | undefined {
    let sketch = this.#labels.get(name);
    if (sketch !== undefined || this.#labels.size >= MAX_LABELS) return sketch;
    sketch = new DistinctSketch();
    this.#labels.set(name, sketch);
    return sketch;
  }

  #metricSketch(metric: MetricCount, name: string): DistinctSketch | undefined {
    const known = metric.sketches?.get(name);
    const most = metric.refused === undefined ? MAX_SKETCHES : MAX_SKETCHES + MAX_REFUSED_SKETCHES;
    if (known !== undefined || this.#sketches >= most) return known;
    const sketch = new DistinctSketch();
    this.#sketches++;
    metric.sketches?.set(name, sketch);
    return sketch;
  }

  #sourceOf(fullName: string): SourceCount {
    const source = cutText(fullName, MAX_NAME_LENGTH);
    const known = this.#sources.get(source);
    if (known !== undefined) return known;
    const name = this.#sources.size < MAX_SOURCES ? source : OTHER_SOURCES;
    const made = this.#sources.get(name) ?? { source: name, series: 0, refusals: 0 };
    this.#sources.set(name, made);
    return made;
  }

  /** Forgets what was not seen in this window and the one before. A clock that goes back changes nothing. */
  #turnTo(window: number): void {
    if (window <= this.#window) return;
    this.#window = window;
    this.#table.dropBefore(window - 1, ({ metric, source }) => {
      metric.series--;
      source.series--;
    });
    // What was admitted before can no longer be taken back.
    this.#markedSize = this.#table.size;
    this.#untracked = 0;
    for (const metric of this.#metrics.values()) this.#turn(metric);
    for (const source of this.#sources.values()) {
      source.refusals = 0;
      if (source.series === 0) this.#sources.delete(source.source);
    }
    this.#otherRefusals = 0;
    this.#labels.clear();
  }

  /** Sketches cannot forget single values, so they start over with the window. */
  #turn(metric: MetricCount): void {
    metric.added = 0;
    this.#sketches -= metric.sketches?.size ?? 0;
    metric.sketches = undefined;
    if (metric.refused !== undefined) this.#refusedMetrics--;
    metric.refused = undefined;
    if (metric.series === 0) this.#metrics.delete(metric.metric);
  }

  mark(): void {
    this.#markedSize = this.#table.size;
  }

  rollback(): void {
    while (this.#table.size > this.#markedSize) {
      const owner = this.#table.removeLast();
      if (owner === undefined) return;
      owner.source.series--;
      owner.metric.series--;
      owner.metric.added--;
      this.#countNew(-1);
      if (owner.metric.series === 0 && owner.metric.refused === undefined) this.#turn(owner.metric);
    }
  }

  report(nowMs: number, top = DEFAULT_TOP): SeriesReport {
    this.#turnTo(Math.floor(nowMs / this.#options.windowMs));
    const metrics = [...this.#metrics.values()];
    const hour = Math.floor(nowMs / HOUR_MS);
    return {
      series: this.#table.size,
      metrics: mostFirst(metrics, (metric) => metric.series, top)
        .filter(({ series }) => series > 0)
        .map((metric) => ({
          ...{ metric: metric.metric, series: metric.series, added: metric.added },
          labels: labelCounts(metric.sketches, top),
        })),
      labels: labelCounts(this.#labels, top),
      sources: mostFirst([...this.#sources.values()], ({ series }) => series, top).map((source) => ({
        ...source,
      })),
      newPerHour: Array.from({ length: HOURS }, (_, i) => hour - HOURS + 1 + i).map((number) => ({
        hourMs: number * HOUR_MS,
        series: this.#newPerHour.get(number) ?? 0,
      })),
      refused: mostFirst(
        metrics.filter(({ refused }) => refused !== undefined),
        ({ refused }) => refused!.count,
        top,
      ).map((metric) => refusedMetric(metric, metric.refused!)),
      otherRefusals: this.#otherRefusals,
      truncated: this.#untracked > 0,
    };
  }
}

function newMetric(metric: string): MetricCount {
  return { metric, series: 0, added: 0, sketches: undefined, refused: undefined };
}

function refusedMetric(metric: MetricCount, refused: RefusedCount): RefusedMetric {
  const { count, ids, limit, source, lastAtMs } = refused;
  const series = Math.min(ids.count, count);
  return {
    ...{ metric: metric.metric, series, refusals: count, limit, source, lastAtMs },
    label: widestLabel(metric),
  };
}

function widestLabel(metric: MetricCount): LabelCount | undefined {
  return labelCounts(metric.sketches, 1)[0];
}

function labelCounts(
  sketches: ReadonlyMap<string, DistinctSketch> | undefined,
  top: number,
): readonly LabelCount[] {
  const counts = [...(sketches ?? [])].map(([label, sketch]) => ({ label, values: sketch.count }));
  return mostFirst(counts, ({ values }) => values, top);
}

function mostFirst<T>(list: readonly T[], countOf: (item: T) => number, top: number): T[] {
  return [...list].sort((a, b) => countOf(b) - countOf(a)).slice(0, top);
}

function tooMany(
  limit: RefusedMetric['limit'],
  source: SourceCount,
  metric: MetricCount,
  widest: LabelCount | undefined,
): SeriesRefusal {
  const name = cutText(metric.metric, MAX_NAMED_LENGTH);
  const what = {
    metric: `the metric ${name} has ${metric.series} series, as many as one metric may have`,
    source: `${cutText(source.source, MAX_NAMED_LENGTH) || 'the sender'} has ${source.series} series, as many as one source may have`,
    total: 'there are as many series as the server may have',
  }[limit];
  const why =
    widest === undefined
      ? ''
      : `; of ${name} the label ${cutText(widest.label, MAX_NAMED_LENGTH)} has the most values, about ${widest.values}`;
  return { code: 'too_many_series', message: what + why };
}
