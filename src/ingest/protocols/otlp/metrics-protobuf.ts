import type { Attributes } from '../../../model/telemetry.ts';
import { createOutcome } from '../../outcome.ts';
import type { DecodeContext, DecodeOutcome, Decoder } from '../../types.ts';
import { forEachRecord, forEachScope, type ScopeRanges } from './export-request.ts';
import { type LabelLimits, labelLimits, type OrRefusal } from './metrics-labels.ts';
import { MetricRows } from './metrics-rows.ts';
import {
  createPointSeries,
  type MetricHeader,
  type PointSeries,
  TEMPORALITY_CUMULATIVE,
  TEMPORALITY_DELTA,
} from './metrics-series.ts';
import {
  type FamilyContext,
  PROTOBUF_SPACE,
  type Translations,
  translationsFor,
} from './metrics-translations.ts';
import {
  EXPONENTIAL_ATTRIBUTES,
  HISTOGRAM_ATTRIBUTES,
  NUMBER_ATTRIBUTES,
  ScratchKey,
  SUMMARY_ATTRIBUTES,
  WirePoints,
} from './metrics-wire-points.ts';
import { MetricWriter } from './metrics-write.ts';
import type { MetricKind } from './prometheus-names.ts';
import { ScopeRun } from './scope-run.ts';
import { streamResolver } from './streams.ts';
import { WireReader } from './wire.ts';

/** Decodes `opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest`. */
export const decodeMetricsProtobuf: Decoder = (body, context) => {
  reader.reset(body);
  try {
    return new MetricsRequest(context).decode();
  } finally {
    reader.reset();
  }
};

/** One reader for all requests: decoding is synchronous, and its tables are warm. */
const reader = new WireReader();
const points = new WirePoints(reader);
const headerKey = new ScratchKey();

/** Fields of Metric that hold its data. */
const GAUGE = 5;
const SUM = 7;
const HISTOGRAM = 9;
const EXPONENTIAL = 10;
const SUMMARY = 11;
const KINDS: readonly MetricKind[] = [
  'gauge',
  'counter',
  'up_down_counter',
  'histogram',
  'exponential_histogram',
  'summary',
];
/** Any temporality that is neither delta nor cumulative. */
const OTHER_TEMPORALITY = 0;

/** Where the parts of a Metric message lie. One object, used again for each. */
const metric = {
  nameStart: 0,
  nameEnd: 0,
  unitStart: 0,
  unitEnd: 0,
  helpStart: 0,
  helpEnd: 0,
  /** Field number of the data, 0 when there is none. */
  data: 0,
  dataStart: 0,
  dataEnd: 0,
  temporality: OTHER_TEMPORALITY,
  isMonotonic: false,
};

class MetricsRequest {
  readonly #context: DecodeContext;
  readonly #outcome: DecodeOutcome = createOutcome();
  readonly #rows: MetricRows;
  readonly #translations: Translations;
  readonly #limits: LabelLimits;
  /** Of the scope being read. */
  #run!: ScopeRun;
  #writer!: MetricWriter;

  constructor(context: DecodeContext) {
    this.#context = context;
    this.#rows = new MetricRows(context);
    this.#translations = translationsFor(context);
    this.#limits = labelLimits(context.limits);
  }

  decode(): DecodeOutcome {
    forEachScope(reader, (ranges) => this.#scope(ranges));
    this.#rows.finish();
    return this.#outcome;
  }

  #scope(ranges: ScopeRanges): void {
    const { start, end, resourceStart, resourceEnd, scopeStart, scopeEnd } = ranges;
    const stream = streamResolver.fromWire(reader, ranges, this.#context);
    const resourceKey = { source: reader, start: resourceStart, end: resourceEnd };
    const resource = this.#translations.resource(PROTOBUF_SPACE, resourceKey, stream);
    const scopeKey = { source: reader, start: scopeStart, end: scopeEnd };
    const scope = this.#translations.scope(resource, scopeKey, stream);
    this.#run = new ScopeRun(this.#context, this.#outcome, stream, 'metrics');
    this.#writer = new MetricWriter(this.#run, this.#rows);
    forEachRecord(reader, { start, end }, (metricStart, metricStop) => {
      scanMetric(metricStart, metricStop);
      if (metric.data !== 0) this.#metric(this.#translations.family(resource, metricKey(), header));
    });
    this.#writer.tell(resource, scope);
  }

  #metric(family: FamilyContext): void {
    const { data, dataStart, dataEnd } = metric;
    reader.seek(dataStart, dataEnd);
    for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
      if (field !== 1) {
        reader.skip();
        continue;
      }
      reader.range();
      if (this.#run.refusesNext()) continue;
      const { start, stop } = reader;
      if (data === GAUGE || data === SUM) this.#number(family, start, stop);
      else if (data === HISTOGRAM) this.#histogram(family, start, stop);
      else if (data === EXPONENTIAL) this.#exponential(family, start, stop);
      else this.#summary(family, start, stop);
      reader.seek(stop, dataEnd);
    }
  }

  #number(family: FamilyContext, start: number, end: number): void {
    points.readNumber(start, end, this.#limits);
    const series = this.#series(family, NUMBER_ATTRIBUTES, start, end);
    let attributes: Attributes | undefined;
    if (this.#run.observer !== undefined) {
      attributes = points.attributes(NUMBER_ATTRIBUTES, start, end, this.#limits);
    }
    this.#writer.number(family.family, series, points.number, attributes);
  }

  #histogram(family: FamilyContext, start: number, end: number): void {
    points.readHistogram(start, end, this.#limits);
    const series = this.#series(family, HISTOGRAM_ATTRIBUTES, start, end);
    this.#writer.histogram(family.family, series, points.histogram);
  }

  #exponential(family: FamilyContext, start: number, end: number): void {
    points.readExponential(start, end, this.#limits);
    const series = this.#series(family, EXPONENTIAL_ATTRIBUTES, start, end);
    this.#writer.exponential(family.family, series, points.exponential);
  }

  #summary(family: FamilyContext, start: number, end: number): void {
    points.readSummary(start, end, this.#limits);
    const series = this.#series(family, SUMMARY_ATTRIBUTES, start, end);
    this.#writer.summary(family.family, series, points.summary);
  }

  /** The series of the point just read. */
  #series(
    family: FamilyContext,
    attributesField: number,
    start: number,
    end: number,
  ): OrRefusal<PointSeries> {
    const cache = this.#translations.points;
    const { keySource, keyStart, keyEnd } = points;
    const known = cache.get(family.space, keySource, keyStart, keyEnd);
    if (known !== undefined) return known;
    const labels = points.labels(family.resource.labels, { attributesField, start, end }, this.#limits);
    const made = createPointSeries(family.family, labels);
    cache.set(family.space, keySource, keyStart, keyEnd, made);
    return made;
  }
}

/**
 *     Metric { string name = 1; string description = 2; string unit = 3;
 *              oneof { Gauge = 5; Sum = 7; Histogram = 9; ExponentialHistogram = 10; Summary = 11 } }
 */
function scanMetric(start: number, end: number): void {
  metric.nameStart = metric.nameEnd = metric.unitStart = metric.unitEnd = 0;
  metric.helpStart = metric.helpEnd = metric.data = 0;
  reader.seek(start, end);
  for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
    if (field === 1) {
      reader.range();
      metric.nameStart = reader.start;
      metric.nameEnd = reader.stop;
    } else if (field === 2) {
      reader.range();
      metric.helpStart = reader.start;
      metric.helpEnd = reader.stop;
    } else if (field === 3) {
      reader.range();
      metric.unitStart = reader.start;
      metric.unitEnd = reader.stop;
    } else if (
      field === GAUGE ||
      field === SUM ||
      field === HISTOGRAM ||
      field === EXPONENTIAL ||
      field === SUMMARY
    ) {
      reader.range();
      metric.data = field;
      metric.dataStart = reader.start;
      metric.dataEnd = reader.stop;
    } else reader.skip();
  }
  metric.temporality = OTHER_TEMPORALITY;
  metric.isMonotonic = false;
  if (metric.data === SUM || metric.data === HISTOGRAM || metric.data === EXPONENTIAL) scanData();
}

/**
 * What stands behind the points: `AggregationTemporality aggregation_temporality = 2` and, of a Sum,
 * `bool is_monotonic = 3`.
 */
function scanData(): void {
  reader.seek(metric.dataStart, metric.dataEnd);
  for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
    if (field === 2) {
      const value = reader.varint();
      const isKnown = value === TEMPORALITY_DELTA || value === TEMPORALITY_CUMULATIVE;
      metric.temporality = isKnown ? value : OTHER_TEMPORALITY;
    } else if (field === 3 && metric.data === SUM) metric.isMonotonic = reader.varint() !== 0;
    else reader.skip();
  }
}

/** What makes a family: everything of the metric but its points. */
function metricKey(): { source: ScratchKey; start: number; end: number } {
  headerKey.end = 0;
  headerKey.appendNumber(KINDS.indexOf(kind()) * 4 + metric.temporality);
  headerKey.appendNumber(metric.nameEnd - metric.nameStart);
  headerKey.appendNumber(metric.unitEnd - metric.unitStart);
  headerKey.append(reader.bytes, metric.nameStart, metric.nameEnd);
  headerKey.append(reader.bytes, metric.unitStart, metric.unitEnd);
  headerKey.append(reader.bytes, metric.helpStart, metric.helpEnd);
  return { source: headerKey, start: 0, end: headerKey.end };
}

function header(): MetricHeader {
  return {
    name: reader.text(metric.nameStart, metric.nameEnd),
    unit: reader.text(metric.unitStart, metric.unitEnd),
    description: reader.text(metric.helpStart, metric.helpEnd),
    kind: kind(),
    temporality: metric.temporality,
  };
}

function kind(): MetricKind {
  if (metric.data === SUM) return metric.isMonotonic ? 'counter' : 'up_down_counter';
  if (metric.data === HISTOGRAM) return 'histogram';
  if (metric.data === EXPONENTIAL) return 'exponential_histogram';
  return metric.data === SUMMARY ? 'summary' : 'gauge';
}
