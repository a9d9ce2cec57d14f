import { hash64, type Label, seriesId } from '../../series-id.ts';
import { cutText } from '../../text.ts';
import {
  boundText,
  isRefusal,
  MAX_LABEL_BYTES,
  type OrRefusal,
  type Refusal,
  withLabel,
} from './metrics-labels.ts';
import { type MetricKind, prometheusMetricName, prometheusUnit } from './prometheus-names.ts';

/** Metric types as Prometheus names them, as far as OTLP has them. */
export type PrometheusType = 'counter' | 'gauge' | 'histogram' | 'summary';

/** `storage` of a series: which table has its samples. */
export type Storage = 'cumulative' | 'delta' | 'native';

/** Longest description that is kept, in UTF-16 units. */
const MAX_HELP_LENGTH = 1024;

/** OTLP AggregationTemporality. */
export const TEMPORALITY_DELTA = 1;
export const TEMPORALITY_CUMULATIVE = 2;

/** One metric: everything that its points have in common. */
export interface MetricFamily {
  /** The OpenTelemetry name. */
  readonly otelName: string;
  readonly kind: MetricKind;
  readonly isDelta: boolean;
  /** The Prometheus name, without `_bucket` and the like. */
  readonly name: string;
  readonly type: PrometheusType;
  readonly unit: string;
  readonly help: string;
  readonly storage: Storage;
  /** Key of the metadata row. */
  readonly metadataId: bigint;
  /** Set when none of the metric's points can be kept. */
  readonly refusal: Refusal | undefined;
}

export interface MetricHeader {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  readonly kind: MetricKind;
  /** OTLP AggregationTemporality; ignored for gauges and summaries, which have none. */
  readonly temporality: number;
}

const TYPES: Readonly<Record<MetricKind, PrometheusType>> = {
  gauge: 'gauge',
  counter: 'counter',
  up_down_counter: 'gauge',
  histogram: 'histogram',
  exponential_histogram: 'histogram',
  summary: 'summary',
};

export function createFamily(header: MetricHeader): MetricFamily {
  const { kind } = header;
  const hasTemporality = kind !== 'gauge' && kind !== 'summary';
  const isDelta = hasTemporality && header.temporality === TEMPORALITY_DELTA;
  const name = prometheusMetricName(header.name, header.unit, kind) ?? '';
  const type = TYPES[kind];
  const unit = cutText(prometheusUnit(header.unit), MAX_HELP_LENGTH);
  const help = cutText(header.description, MAX_HELP_LENGTH);
  return {
    otelName: header.name,
    kind,
    isDelta,
    name,
    type,
    unit,
    help,
    storage: kind === 'exponential_histogram' ? 'native' : isDelta ? 'delta' : 'cumulative',
    metadataId: hash64(JSON.stringify([name, type, unit, help])),
    refusal: refusalOfFamily(header, name, hasTemporality),
  };
}

function refusalOfFamily(header: MetricHeader, name: string, hasTemporality: boolean): Refusal | undefined {
  const shown = JSON.stringify(cutText(header.name, 100));
  if (name === '') return { code: 'bad_metric_name', message: `${shown} leaves no metric name` };
  if (name.length > MAX_LABEL_BYTES) {
    return {
      code: 'name_too_long',
      message: `${shown}... has ${name.length} bytes, at most ${MAX_LABEL_BYTES} are allowed`,
    };
  }
  const { temporality } = header;
  if (!hasTemporality || temporality === TEMPORALITY_DELTA || temporality === TEMPORALITY_CUMULATIVE) {
    return undefined;
  }
  return {
    code: 'no_temporality',
    message: `${shown} says neither delta nor cumulative in its aggregation temporality`,
  };
}

/** One Prometheus series. `own` is the label that it has beyond those it shares with its siblings: `le`, `quantile`. */
export interface Series {
  readonly metric: string;
  readonly shared: readonly Label[];
  readonly own: Label | undefined;
  readonly id: bigint;
  /** The id's halves, for columns. */
  readonly low: number;
  readonly high: number;
  /** What the registry knows the series row by: the same series in another storage has another row. */
  readonly key: bigint;
}

/** Any numbers that differ; keys live in memory only. */
const STORAGE_SALTS: Readonly<Record<Storage, bigint>> = {
  cumulative: 0n,
  delta: 0x9e37_79b9_7f4a_7c15n,
  native: 0xc2b2_ae3d_27d4_eb4fn,
};

export interface SeriesParts {
  readonly metric: string;
  readonly storage: Storage;
  readonly shared: readonly Label[];
  readonly own?: Label;
}

export function createSeries({ metric, storage, shared, own }: SeriesParts): Series {
  const id = seriesId(metric, own === undefined ? shared : withLabel(shared, own));
  return {
    metric,
    shared,
    own,
    id,
    low: Number(id & 0xffff_ffffn),
    high: Number(id >> 32n),
    key: id ^ STORAGE_SALTS[storage],
  };
}

export function labelsOf(series: Series): readonly Label[] {
  return series.own === undefined ? series.shared : withLabel(series.shared, series.own);
}

/**
 * The series of the points of one metric with one set of attributes, made as they are needed and kept for the
 * points that follow.
 */
export class PointSeries {
  readonly labels: readonly Label[];
  /** Start time of the last cumulative point, 0 before the first: tells when a zero at the start is due. */
  startMs = 0;
  /** Day for which the limits on series have let it in, start in epoch milliseconds. */
  admittedDayMs = -1;
  readonly #name: string;
  readonly #storage: Storage;
  #main: Series | undefined;
  #count: Series | undefined;
  #sum: Series | undefined;
  #bounds: readonly number[] = [];
  #buckets: readonly Series[] = [];
  #quantiles = new Map<number, Series>();

  constructor(family: MetricFamily, labels: readonly Label[]) {
    this.labels = labels;
    this.#name = family.name;
    this.#storage = family.storage;
  }

  /** The series named as the family itself. */
  get main(): Series {
    this.#main ??= this.#create('');
    return this.#main;
  }

  get count(): Series {
    this.#count ??= this.#create('_count');
    return this.#count;
  }

  get sum(): Series {
    this.#sum ??= this.#create('_sum');
    return this.#sum;
  }

  /** One series per bound and one for `+Inf` at the end; a bound of infinity is not repeated. */
  buckets(bounds: readonly number[]): readonly Series[] {
    if (this.#buckets.length > 0 && sameNumbers(bounds, this.#bounds)) return this.#buckets;
    const finite = bounds.at(-1) === Number.POSITIVE_INFINITY ? bounds.slice(0, -1) : bounds;
    this.#buckets = [...finite, Number.POSITIVE_INFINITY].map((bound) =>
      this.#create('_bucket', ['le', boundText(bound)]),
    );
    this.#bounds = bounds;
    return this.#buckets;
  }

  quantile(value: number): Series {
    let series = this.#quantiles.get(value);
    if (series === undefined) {
      series = this.#create('', ['quantile', boundText(value)]);
      if (this.#quantiles.size < MAX_KEPT_QUANTILES) this.#quantiles.set(value, series);
    }
    return series;
  }

  #create(suffix: string, own?: Label): Series {
    const metric = this.#name + suffix;
    return createSeries({ metric, storage: this.#storage, shared: this.labels, ...(own && { own }) });
  }
}

/** Summaries have a handful; one that changes its quantiles all the time must not grow in memory. */
const MAX_KEPT_QUANTILES = 100;

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** A usable label set's series, or the reason why there is none. */
export function createPointSeries(
  family: MetricFamily,
  labels: OrRefusal<readonly Label[]>,
): OrRefusal<PointSeries> {
  return isRefusal(labels) ? labels : new PointSeries(family, labels);
}

/** A series whose value is always 1 and whose labels are what it tells. */
export class InfoSeries {
  readonly family: MetricFamily;
  readonly series: Series;
  /** Minute of the last sample, since the epoch. */
  minute = -1;

  constructor(name: string, help: string, labels: readonly Label[]) {
    const type = 'gauge';
    const storage = 'cumulative';
    this.family = {
      otelName: name,
      kind: 'gauge',
      isDelta: false,
      name,
      type,
      unit: '',
      help,
      storage,
      metadataId: hash64(JSON.stringify([name, type, '', help])),
      refusal: undefined,
    };
    this.series = createSeries({ metric: name, storage, shared: labels });
  }
}
