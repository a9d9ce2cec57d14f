import { BellwetherError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { DAY_MS, startOfDay } from '../../lib/time.ts';
import { compareText, Labels, METRIC_NAME } from '../../model/labels.ts';
import {
  type CompiledMatcher,
  compileMatcher,
  type Matcher,
  matchesAll,
  metricOf,
} from '../../promql/index.ts';
import { type Batch, type SeriesRow, type Sql, type Store, seriesRowsOf, sql } from '../../store/index.ts';

/** Series kept in memory; beyond it selections go to the store. */
const MAX_RESIDENT = 1_000_000;
const READY_RETRY_MS = 1000;
/** Metrics with fewer series are searched one by one. */
const INDEXED_FROM_SERIES = 32;

/** A series and where its samples are. */
export interface CatalogSeries {
  readonly id: bigint;
  readonly low: number;
  readonly high: number;
  /** With `__name__`. */
  readonly labels: Labels;
  hasSamples: boolean;
  hasDeltas: boolean;
  hasHistograms: boolean;
  /** First and last day with samples as far as it is known here, starts in epoch milliseconds. */
  firstDayMs: number;
  lastDayMs: number;
}

export interface CatalogOptions {
  readonly store: Pick<Store, 'stream' | 'query' | 'onReadiness' | 'ready'>;
  /** True when other servers write to the same store: what they brought is known only by asking. */
  readonly isShared: boolean;
  /** False while durable rows of an earlier process still wait to be stored: asking the store would miss their series. */
  readonly isStoreComplete: () => boolean;
  readonly clock: () => number;
  readonly log: Log;
}

export interface SeriesSearch {
  readonly matchers: readonly Matcher[];
  /** Both inclusive, epoch milliseconds. Days are the unit: a series of the same day may have no sample between them. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Most series; more throw `too_many_series` (422). */
  readonly limit: number;
  readonly signal?: AbortSignal;
}

/** Which series there are. Those of today and yesterday are held in memory, for older ones the store is asked. */
export interface SeriesCatalog {
  find(search: SeriesSearch): Promise<readonly CatalogSeries[]>;
  /** Takes note of the series of a block that has become durable. */
  note(batch: Batch): void;
  readonly residentCount: number;
  /** Labels of a series in memory by the words of its id. */
  labelsOf(low: number, high: number): Labels | undefined;
  /** Forgets series of which nothing is left. */
  forget(series: Iterable<CatalogSeries>): void;
  /** The series in memory. */
  resident(): Iterable<CatalogSeries>;
}

export function createSeriesCatalog(options: CatalogOptions): SeriesCatalog {
  return new Catalog(options);
}

class Catalog implements SeriesCatalog {
  readonly #options: CatalogOptions;
  readonly #byId = new Map<bigint, CatalogSeries>();
  readonly #byMetric = new Map<string, CatalogSeries[]>();
  /** By metric, label and value. */
  readonly #indexes = new Map<string, Map<string, Map<string, CatalogSeries[]>>>();
  /** From this moment on memory has every series; infinity until it was filled. */
  #residentFromMs = Number.POSITIVE_INFINITY;
  #filling: Promise<void> | undefined;
  #prunedDayMs = 0;

  constructor(options: CatalogOptions) {
    this.#options = options;
  }

  get residentCount(): number {
    return this.#byId.size;
  }

  labelsOf(low: number, high: number): Labels | undefined {
    return this.#byId.get((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0))?.labels;
  }

  forget(series: Iterable<CatalogSeries>): void {
    for (const { id, labels } of series) {
      this.#byId.delete(id);
      const siblings = (this.#byMetric.get(labels.metric) ?? []).filter((sibling) => sibling.id !== id);
      this.#indexes.delete(labels.metric);
      if (siblings.length === 0) this.#byMetric.delete(labels.metric);
      else this.#byMetric.set(labels.metric, siblings);
    }
  }

  resident(): Iterable<CatalogSeries> {
    return this.#byId.values();
  }

  note(batch: Batch): void {
    if (batch.metric_series.metric.length === 0) return;
    for (const row of seriesRowsOf(batch.metric_series)) this.#add(row);
    this.#prune();
  }

  async find(search: SeriesSearch): Promise<readonly CatalogSeries[]> {
    const matchers = search.matchers.map(compileMatcher);
    if (!this.#options.isShared && search.fromMs < this.#residentFromMs) await this.#fill();
    const isResident = search.fromMs >= this.#residentFromMs;
    const found = isResident
      ? this.#findResident(matchers, search)
      : await this.#findStored(matchers, search);
    if (found.length > search.limit) throw tooManySeries(search.limit);
    return found;
  }

  #findResident(matchers: readonly CompiledMatcher[], search: SeriesSearch): CatalogSeries[] {
    const { fromMs, toMs, limit } = search;
    const found: CatalogSeries[] = [];
    for (const series of this.#candidates(matchers)) {
      if (series.lastDayMs + DAY_MS <= fromMs || series.firstDayMs > toMs) continue;
      if (!matchesAll(matchers, series.labels)) continue;
      found.push(series);
      if (found.length > limit) break;
    }
    return found;
  }

  #candidates(matchers: readonly CompiledMatcher[]): Iterable<CatalogSeries> {
    const metric = metricOf(matchers);
    if (metric !== undefined) return this.#candidatesOf(metric, matchers);
    const names = matchers.filter((matcher) => matcher.name === METRIC_NAME);
    const metrics = [...this.#byMetric.keys()].filter((name) => names.every(({ accepts }) => accepts(name)));
    return metrics.flatMap((name) => this.#byMetric.get(name)!);
  }

  /** Of a metric with many series those that one matcher leaves: the smallest of the lists kept per label value. */
  #candidatesOf(metric: string, matchers: readonly CompiledMatcher[]): readonly CatalogSeries[] {
    let smallest: readonly CatalogSeries[] = this.#byMetric.get(metric) ?? [];
    if (smallest.length < INDEXED_FROM_SERIES) return smallest;
    for (const matcher of matchers) {
      const { name, type, accepts } = matcher;
      if (name === METRIC_NAME || accepts('') || (type !== '=' && type !== '=~')) continue;
      const list = this.#withValue(metric, matcher);
      if (list.length < smallest.length) smallest = list;
    }
    return smallest;
  }

  #withValue(metric: string, { name, type, value, accepts }: CompiledMatcher): readonly CatalogSeries[] {
    const index = this.#indexOf(metric, name);
    if (type === '=') return index.get(value) ?? [];
    return [...index].flatMap(([text, list]) => (accepts(text) ? list : []));
  }

  /** Series of a metric by the value of a label, made when a query first wants it. */
  #indexOf(metric: string, label: string): ReadonlyMap<string, readonly CatalogSeries[]> {
    let byLabel = this.#indexes.get(metric);
    if (byLabel === undefined) {
      byLabel = new Map();
      this.#indexes.set(metric, byLabel);
    }
    let index = byLabel.get(label);
    if (index === undefined) {
      index = new Map();
      for (const series of this.#byMetric.get(metric) ?? []) addTo(index, series.labels.get(label), series);
      byLabel.set(label, index);
    }
    return index;
  }

  async #findStored(matchers: readonly CompiledMatcher[], search: SeriesSearch): Promise<CatalogSeries[]> {
    const { store } = this.#options;
    const found = new Map<bigint, CatalogSeries>();
    for await (const rows of store.stream<StoredSeries>(storedSql(matchers, search), {
      signal: search.signal,
    })) {
      for (const row of rows) {
        const series = fromStored(row);
        if (matchesAll(matchers, series.labels)) found.set(series.id, series);
      }
      if (found.size > search.limit) throw tooManySeries(search.limit);
    }
    // What was acknowledged a moment ago may not be in the store yet.
    for (const series of this.#findResident(matchers, search)) found.set(series.id, series);
    return [...found.values()];
  }

  /** Reads the series of yesterday and today once. While it fails the store is asked each time. */
  async #fill(): Promise<void> {
    if (this.#residentFromMs !== Number.POSITIVE_INFINITY || !this.#options.isStoreComplete()) return;
    this.#filling ??= this.#readResident().finally(() => {
      setTimeout(() => {
        this.#filling = undefined;
      }, READY_RETRY_MS).unref();
    });
    await this.#filling;
  }

  async #readResident(): Promise<void> {
    const { store, clock, log } = this.#options;
    const fromMs = startOfDay(clock()) - DAY_MS;
    try {
      const search = { matchers: [], fromMs, toMs: clock() + 366 * DAY_MS, limit: MAX_RESIDENT };
      for await (const rows of store.stream<StoredSeries>(storedSql([], search), { timeoutMs: 120_000 })) {
        for (const row of rows) this.#merge(fromStored(row));
        if (this.#byId.size > MAX_RESIDENT) return;
      }
      this.#residentFromMs = fromMs;
    } catch (error) {
      log.warn({ err: error }, 'the list of series could not be read; the store is asked for each selection');
    }
  }

  #add(row: SeriesRow): void {
    const known = this.#byId.get(row.seriesId);
    if (known !== undefined) {
      mark(known, row.storage, row.dayMs);
      return;
    }
    if (this.#byId.size >= MAX_RESIDENT) {
      this.#residentFromMs = Number.POSITIVE_INFINITY;
      return;
    }
    const series = newSeries(row.seriesId, labelsOf(row.metric, row.labels));
    mark(series, row.storage, row.dayMs);
    this.#merge(series);
  }

  #merge(series: CatalogSeries): void {
    const known = this.#byId.get(series.id);
    if (known !== undefined) {
      known.hasSamples ||= series.hasSamples;
      known.hasDeltas ||= series.hasDeltas;
      known.hasHistograms ||= series.hasHistograms;
      markDay(known, series.firstDayMs);
      markDay(known, series.lastDayMs);
      return;
    }
    this.#byId.set(series.id, series);
    const { metric } = series.labels;
    addTo(this.#byMetric, metric, series);
    for (const [label, index] of this.#indexes.get(metric) ?? [])
      addTo(index, series.labels.get(label), series);
  }

  /** Once a day forgets the series that were last seen before yesterday. */
  #prune(): void {
    const fromMs = startOfDay(this.#options.clock()) - DAY_MS;
    if (fromMs <= this.#prunedDayMs) return;
    this.#prunedDayMs = fromMs;
    if (this.#residentFromMs !== Number.POSITIVE_INFINITY) {
      this.#residentFromMs = Math.max(this.#residentFromMs, fromMs);
    }
    for (const [metric, list] of this.#byMetric) {
      const kept = list.filter((series) => series.lastDayMs >= fromMs);
      for (const series of list) if (series.lastDayMs < fromMs) this.#byId.delete(series.id);
      if (kept.length === 0) this.#byMetric.delete(metric);
      else if (kept.length < list.length) this.#byMetric.set(metric, kept);
      if (kept.length < list.length) this.#indexes.delete(metric);
    }
  }
}

function addTo(lists: Map<string, CatalogSeries[]>, key: string, series: CatalogSeries): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [series]);
  else list.push(series);
}

interface StoredSeries {
  readonly series_id: number | bigint;
  readonly metric: string;
  readonly names: string[];
  readonly label_values: string[];
  readonly storages: string[];
  readonly first_day: number;
  readonly last_day: number;
}

/** Regular expressions are left to the caller, so that there is one engine for them. */
function storedSql(
  matchers: readonly Matcher[],
  { fromMs, toMs }: Pick<SeriesSearch, 'fromMs' | 'toMs'>,
): Sql {
  const conditions = matchers
    .filter(({ type }) => type === '=' || type === '!=')
    .map(({ name, type, value }) => {
      const label = name === METRIC_NAME ? sql`series.metric` : sql`series.labels[${name}]`;
      return type === '=' ? sql` AND ${label} = ${value}` : sql` AND ${label} != ${value}`;
    });
  const fromS = Math.max(0, Math.floor(startOfDay(fromMs) / 1000));
  const toS = Math.max(0, Math.min(Math.floor(toMs / 1000), 2 ** 32 - 1));
  return sql`
SELECT series.series_id AS series_id, any(series.metric) AS metric, mapKeys(any(series.labels)) AS names,
  mapValues(any(series.labels)) AS label_values, groupUniqArray(series.storage) AS storages,
  toUnixTimestamp(min(series.seen_at)) AS first_day, toUnixTimestamp(max(series.seen_at)) AS last_day
FROM metric_series AS series
WHERE series.seen_at >= toDateTime(${fromS}) AND series.seen_at <= toDateTime(${toS})${sql.join(conditions, '')}
GROUP BY series.series_id`;
}

function fromStored(row: StoredSeries): CatalogSeries {
  const pairs = row.names.map((name, i) => [name, row.label_values[i]!] as const);
  const series = newSeries(BigInt(row.series_id), labelsOf(row.metric, pairs));
  for (const storage of row.storages) mark(series, storage, row.last_day * 1000);
  markDay(series, row.first_day * 1000);
  return series;
}

/** `__name__` joins the sorted labels. */
function labelsOf(metric: string, pairs: readonly (readonly [string, string])[]): Labels {
  const names: string[] = [];
  const values: string[] = [];
  let isSorted = true;
  let last = '';
  for (const [name, value] of [[METRIC_NAME, metric] as const, ...pairs]) {
    if (names.length > 1 && compareText(last, name) >= 0) isSorted = false;
    last = name;
    names.push(name);
    values.push(value);
  }
  if (names.length > 1 && compareText(METRIC_NAME, names[1]!) >= 0) isSorted = false;
  if (!isSorted) return Labels.from([[METRIC_NAME, metric], ...pairs]);
  return Labels.fromSorted(names, values);
}

function newSeries(id: bigint, labels: Labels): CatalogSeries {
  return {
    id,
    low: Number(id & 0xffff_ffffn),
    high: Number(id >> 32n),
    labels,
    hasSamples: false,
    hasDeltas: false,
    hasHistograms: false,
    firstDayMs: Number.POSITIVE_INFINITY,
    lastDayMs: 0,
  };
}

function mark(series: CatalogSeries, storage: string, dayMs: number): void {
  if (storage === 'delta') series.hasDeltas = true;
  else if (storage === 'native') series.hasHistograms = true;
  else series.hasSamples = true;
  markDay(series, dayMs);
}

function markDay(series: CatalogSeries, dayMs: number): void {
  series.firstDayMs = Math.min(series.firstDayMs, dayMs);
  series.lastDayMs = Math.max(series.lastDayMs, dayMs);
}

function tooManySeries(limit: number): BellwetherError {
  return new BellwetherError({
    code: 'too_many_series',
    status: 422,
    message: `the selection has more than ${limit} series`,
    hint: 'add a label matcher, or raise query.max_series',
  });
}
