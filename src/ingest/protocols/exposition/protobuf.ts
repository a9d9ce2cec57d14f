import { isUtf8 } from 'node:buffer';
import { DecodeError } from '../../../lib/errors.ts';
import { compareText, Labels, METRIC_NAME, quoted } from '../../../model/labels.ts';
import type { MetricType } from '../../series-rows.ts';
import { WIRE_BYTES, WireReader } from '../otlp/wire.ts';
import { NO_EXEMPLARS, tooManySamples } from './line-parser.ts';
import { formatOpenMetricsNumber } from './numbers.ts';
import { HistogramMessage, isNativeHistogram, toNativeHistogram } from './protobuf-histogram.ts';
import {
  CounterMessage,
  numberValueOf,
  readTimestamp,
  SummaryMessage,
  signedMs,
} from './protobuf-messages.ts';
import type { ExpositionExemplar, ExpositionLimits, ExpositionSink, SeriesDetails } from './sink.ts';

/** A family may be this many times as long as a line of text: it holds all series of the metric. */
const LINES_PER_FAMILY = 16;

const TYPES: readonly MetricType[] = [
  'counter',
  'gauge',
  'summary',
  'unknown',
  'histogram',
  'gaugehistogram',
];
/** Field of `Metric` that holds the value, by type. */
const VALUE_FIELDS = [3, 2, 4, 5, 7, 7];

export interface FamilyOptions {
  readonly limits: ExpositionLimits;
  readonly nativeHistograms: 'native' | 'both' | 'classic';
}

/**
 * The delimited protobuf format: messages `io.prometheus.client.MetricFamily`, each behind its length as a varint. Returns the number of
 * samples. The only format with native histograms; it has no field for custom bounds.
 *
 * https://github.com/prometheus/client_model/blob/master/io/prometheus/client/metrics.proto
 *
 * @throws DecodeError
 */
export function parseFamilies(body: Uint8Array, sink: ExpositionSink, options: FamilyOptions): number {
  const reader = new ExpositionReader(body);
  const parser = new FamilyParser(reader, sink, options);
  const { length } = body;
  while (reader.pos < length) {
    reader.end = length;
    reader.packedVarint64();
    const familyBytes = reader.high * 0x1_0000_0000 + reader.low;
    const maxBytes = options.limits.lineBytes * LINES_PER_FAMILY;
    if (familyBytes > maxBytes)
      reader.fail(`a metric family of ${familyBytes} bytes, the limit is ${maxBytes}`);
    const start = reader.pos;
    if (familyBytes > length - start) reader.fail('the last metric family is cut off');
    parser.family(start, start + familyBytes);
    reader.pos = start + familyBytes;
  }
  return parser.samples;
}

/** A reader whose errors speak of expositions. */
class ExpositionReader extends WireReader {
  override fail(what: string): never {
    throw new DecodeError(
      `not a valid protobuf exposition: ${what}, at byte ${this.pos} of ${this.bytes.length}`,
      'the page must be io.prometheus.client.MetricFamily messages, each with its length in front',
    );
  }
}

class FamilyParser {
  samples = 0;
  readonly #reader: WireReader;
  readonly #sink: ExpositionSink;
  readonly #options: FamilyOptions;
  readonly #series: MetricSeries;
  readonly #counter = new CounterMessage();
  readonly #summary = new SummaryMessage();
  readonly #histogram = new HistogramMessage();
  #type = 0;
  #timeMs: number | undefined;
  #valueStart = -1;
  #valueStop = -1;

  constructor(reader: WireReader, sink: ExpositionSink, options: FamilyOptions) {
    this.#reader = reader;
    this.#sink = sink;
    this.#options = options;
    this.#series = new MetricSeries(reader, options.limits);
  }

  /** Reads the family twice: its facts may stand behind its metrics. */
  family(start: number, stop: number): void {
    const reader = this.#reader;
    let name = '';
    let help = '';
    let unit = '';
    let hasMetrics = false;
    this.#type = 0;
    reader.seek(start, stop);
    for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
      if (field === 3) this.#type = reader.varint();
      else if (field <= 5) {
        reader.range();
        if (field === 1) name = textOf(reader, 'metric name');
        else if (field === 2) help = textOf(reader, 'help');
        else if (field === 5) unit = textOf(reader, 'unit');
        else hasMetrics = true;
      } else reader.skip();
    }
    // Prometheus passes over families without metrics, whatever else is wrong with them.
    if (!hasMetrics) return;
    this.#describe(name, help, unit);
    reader.seek(start, stop);
    for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
      reader.skip();
      if (field !== 4) continue;
      const next = reader.pos;
      this.#metric(name, reader.start, reader.stop);
      reader.seek(next, stop);
    }
  }

  #describe(name: string, help: string, unit: string): void {
    const type = TYPES[this.#type];
    if (name === '') this.#reader.fail('a metric family without a name');
    if (type === undefined)
      this.#reader.fail(`the metric ${quoted(name)} has the unknown type ${this.#type}`);
    const base = type === 'counter' && name.endsWith('_total') ? name.slice(0, -'_total'.length) : name;
    if (unit !== '' && !base.endsWith(`_${unit}`)) {
      this.#reader.fail(`the unit ${quoted(unit)} is not a suffix of the metric ${quoted(name)}`);
    }
    this.#sink.metadata(name, unit === '' ? { type, help } : { type, help, unit });
  }

  #metric(name: string, start: number, stop: number): void {
    const reader = this.#reader;
    const valueField = VALUE_FIELDS[this.#type];
    const labels: number[] = [];
    this.#timeMs = undefined;
    this.#valueStart = -1;
    reader.seek(start, stop);
    for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
      if (field === 1) {
        reader.range();
        labels.push(reader.start, reader.stop);
      } else if (field === 6) {
        reader.varint64();
        this.#timeMs = signedMs(reader);
      } else if (field === valueField && reader.wireType === WIRE_BYTES) {
        reader.range();
        this.#valueStart = reader.start;
        this.#valueStop = reader.stop;
      } else reader.skip();
    }
    if (this.#valueStart < 0) reader.fail(`a metric of ${quoted(name)} has no value of the family's type`);
    this.#series.begin(name, labels);
    reader.seek(this.#valueStart, this.#valueStop);
    this.#value();
  }

  #value(): void {
    const type = TYPES[this.#type]!;
    if (type === 'counter') {
      const counter = this.#counter;
      counter.read(this.#reader);
      this.#series.startMs = counter.startMs;
      this.#sample('', '', counter.value, exemplarsAt(this.#reader, counter.exemplars, this.#options.limits));
    } else if (type === 'summary') this.#summarySamples();
    else if (type === 'histogram' || type === 'gaugehistogram')
      this.#histogramSamples(type === 'gaugehistogram');
    else this.#sample('', '', numberValueOf(this.#reader), NO_EXEMPLARS);
  }

  #summarySamples(): void {
    const summary = this.#summary;
    summary.read(this.#reader);
    this.#series.startMs = summary.startMs;
    this.#sample('_count', '', summary.count, NO_EXEMPLARS);
    this.#sample('_sum', '', summary.sum, NO_EXEMPLARS);
    for (let i = 0; i < summary.quantiles.length; i++) {
      const quantile = formatOpenMetricsNumber(summary.quantiles[i]!);
      this.#series.extra('quantile', quantile);
      this.#sample('', quantile, summary.values[i]!, NO_EXEMPLARS);
    }
  }

  #histogramSamples(isGauge: boolean): void {
    const message = this.#histogram;
    message.read(this.#reader);
    this.#series.startMs = message.startMs;
    const { nativeHistograms, limits } = this.#options;
    const isNative = nativeHistograms !== 'classic' && isNativeHistogram(message);
    if (isNative) {
      this.#countSample();
      this.#series.name('', 'h');
      this.#series.exemplars = nativeExemplars(this.#reader, message, limits);
      const histogram = toNativeHistogram(message, isGauge, this.#reader);
      this.#sink.histogram(this.#series.text(''), histogram, this.#timeMs, this.#series);
    }
    if (!isNative || (nativeHistograms === 'both' && message.bounds.length > 0)) this.#classic(message);
  }

  #classic(message: HistogramMessage): void {
    const count = message.countFloat > 0 ? message.countFloat : message.count;
    this.#sample('_count', '', count, NO_EXEMPLARS);
    this.#sample('_sum', '', message.sum, NO_EXEMPLARS);
    let hasInfinity = false;
    for (let i = 0; i < message.bounds.length && !hasInfinity; i++) {
      const bound = message.bounds[i]!;
      hasInfinity = bound === Number.POSITIVE_INFINITY;
      const at = message.bucketExemplars[i]!;
      const exemplars = at < 0 ? NO_EXEMPLARS : this.#bucketExemplar(message, i);
      this.#bucket(formatOpenMetricsNumber(bound), message.cumulativeCounts[i]!, exemplars);
    }
    if (!hasInfinity) this.#bucket('+Inf', count, NO_EXEMPLARS);
  }

  #bucketExemplar(message: HistogramMessage, i: number): readonly ExpositionExemplar[] {
    const bounds = [message.bucketExemplars[i]!, message.bucketExemplarStops[i]!];
    return exemplarsAt(this.#reader, bounds, this.#options.limits);
  }

  #bucket(le: string, count: number, exemplars: readonly ExpositionExemplar[]): void {
    this.#series.extra('le', le);
    this.#sample('_bucket', le, count, exemplars);
  }

  #sample(suffix: string, extra: string, value: number, exemplars: readonly ExpositionExemplar[]): void {
    this.#countSample();
    this.#series.name(suffix, 's');
    if (extra === '') this.#series.extra('', '');
    this.#series.exemplars = exemplars;
    // A staleness marker has no place in a page; the ordinary NaN takes its place.
    const number = Number.isNaN(value) ? Number.NaN : value;
    this.#sink.sample(this.#series.text(extra), number, this.#timeMs, this.#series);
  }

  #countSample(): void {
    const { samples } = this.#options.limits;
    if (++this.samples > samples) throw tooManySamples(samples);
  }
}

/** The series the sink is being told of: the labels of a metric, with a suffix of the name and one label more. */
class MetricSeries implements SeriesDetails {
  startMs: number | undefined = undefined;
  exemplars: readonly ExpositionExemplar[] = NO_EXEMPLARS;
  readonly #reader: WireReader;
  readonly #limits: ExpositionLimits;
  #family = '';
  /** Bounds of the label messages. */
  #bounds: readonly number[] = [];
  #suffix = '';
  #kind = 's';
  #extraName = '';
  #extraValue = '';
  #rawLabels = '';
  #ownPairs: [string, string][] | undefined;

  constructor(reader: WireReader, limits: ExpositionLimits) {
    this.#reader = reader;
    this.#limits = limits;
  }

  begin(family: string, labelBounds: readonly number[]): void {
    this.#family = family;
    this.#bounds = labelBounds;
    this.#ownPairs = undefined;
    this.#extraName = '';
    this.#extraValue = '';
    this.startMs = undefined;
    this.#rawLabels = rawLabels(this.#reader, labelBounds);
  }

  name(suffix: string, kind: 's' | 'h'): void {
    this.#suffix = suffix;
    this.#kind = kind;
  }

  extra(name: string, value: string): void {
    this.#extraName = name;
    this.#extraValue = value;
  }

  /** Starts with a NUL, which no line of text does, so keys of the formats do not collide. */
  text(extra: string): string {
    return `\0${this.#kind}${this.#suffix},${extra},${this.#family.length}:${this.#family}${this.#rawLabels}`;
  }

  labels(): Labels {
    const pairs = this.#allPairs().filter(([, value]) => value !== '');
    return Labels.fromSorted(
      pairs.map(([name]) => name),
      pairs.map(([, value]) => value),
    );
  }

  emptyLabels(): readonly string[] {
    return this.#allPairs()
      .filter(([, value]) => value === '')
      .map(([name]) => name);
  }

  #allPairs(): [string, string][] {
    this.#ownPairs ??= this.#readPairs();
    const pairs: [string, string][] = [...this.#ownPairs, [METRIC_NAME, this.#family + this.#suffix]];
    if (this.#extraName !== '') pairs.push([this.#extraName, this.#extraValue]);
    pairs.sort((a, b) => compareText(a[0], b[0]));
    for (let i = 1; i < pairs.length; i++) {
      if (pairs[i]![0] === pairs[i - 1]![0]) {
        this.#reader.fail(`a metric of ${quoted(this.#family)} has the label ${quoted(pairs[i]![0])} twice`);
      }
    }
    return pairs;
  }

  #readPairs(): [string, string][] {
    const { labels } = this.#limits;
    if (this.#bounds.length / 2 >= labels) {
      this.#reader.fail(`a metric of ${quoted(this.#family)} has more than the limit of ${labels} labels`);
    }
    return readLabels(this.#reader, this.#bounds, this.#limits);
  }
}

/** The bytes of label messages, with their lengths in front; in one piece when they follow each other, as they nearly always do. */
function rawLabels(reader: WireReader, bounds: readonly number[]): string {
  if (bounds.length === 0) return '';
  let isOnePiece = true;
  let pieces = '';
  for (let i = 2; i < bounds.length; i += 2) {
    const length = bounds[i + 1]! - bounds[i]!;
    isOnePiece &&= length < 128 && bounds[i]! - bounds[i - 1]! === 2;
  }
  const first = bounds[1]! - bounds[0]!;
  if (isOnePiece) return `${first}:${reader.binaryText(bounds[0]!, bounds.at(-1)!)}`;
  for (let i = 0; i < bounds.length; i += 2) {
    const raw = reader.binaryText(bounds[i]!, bounds[i + 1]!);
    pieces += `${raw.length}:${raw}`;
  }
  return pieces;
}

/** Label pairs at the bounds. Leaves the reader where it was. */
function readLabels(
  reader: WireReader,
  bounds: readonly number[],
  limits: ExpositionLimits,
): [string, string][] {
  const { pos, end } = reader;
  const pairs: [string, string][] = [];
  for (let i = 0; i < bounds.length; i += 2) {
    let name = '';
    let value = '';
    reader.seek(bounds[i]!, bounds[i + 1]!);
    for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
      if (field === 1) {
        reader.range();
        name = boundedText(reader, 'label name', limits.labelNameBytes);
      } else if (field === 2) {
        reader.range();
        value = boundedText(reader, 'label value', limits.labelValueBytes);
      } else reader.skip();
    }
    if (name === '') reader.fail('a label without a name');
    pairs.push([name, value]);
  }
  reader.seek(pos, end);
  return pairs;
}

function boundedText(reader: WireReader, what: string, maxBytes: number): string {
  if (reader.stop - reader.start > maxBytes) {
    reader.fail(`a ${what} is longer than the limit of ${maxBytes} bytes`);
  }
  return textOf(reader, what);
}

/** The text at `start` and `stop` of the reader. */
function textOf(reader: WireReader, what: string): string {
  const { start, stop } = reader;
  if (!isUtf8(reader.bytes.subarray(start, stop))) reader.fail(`the ${what} is not valid UTF-8`);
  return reader.text(start, stop);
}

/** Exemplars at the bounds. Leaves the reader where it was. */
function exemplarsAt(
  reader: WireReader,
  bounds: readonly number[],
  limits: ExpositionLimits,
): readonly ExpositionExemplar[] {
  if (bounds.length === 0) return NO_EXEMPLARS;
  const { pos, end } = reader;
  const exemplars: ExpositionExemplar[] = [];
  for (let i = 0; i < bounds.length; i += 2) {
    reader.seek(bounds[i]!, bounds[i + 1]!);
    exemplars.push(readExemplar(reader, limits));
  }
  reader.seek(pos, end);
  return exemplars;
}

function readExemplar(reader: WireReader, limits: ExpositionLimits): ExpositionExemplar {
  const labels: number[] = [];
  let value = 0;
  let timeMs: number | undefined;
  for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
    if (field === 1) {
      reader.range();
      labels.push(reader.start, reader.stop);
    } else if (field === 2) value = reader.double();
    else if (field === 3) timeMs = readTimestamp(reader);
    else reader.skip();
  }
  return { labels: Labels.from(readLabels(reader, labels, limits)), value, timeMs };
}

/**
 * Those of a native histogram: its own, else those of its classic buckets; only such that have a time, without which one could not tell
 * which of them are new.
 */
function nativeExemplars(
  reader: WireReader,
  message: HistogramMessage,
  limits: ExpositionLimits,
): readonly ExpositionExemplar[] {
  let bounds: readonly number[] = message.exemplars;
  if (bounds.length === 0) {
    bounds = message.bucketExemplars.flatMap((start, i) =>
      start < 0 ? [] : [start, message.bucketExemplarStops[i]!],
    );
  }
  return exemplarsAt(reader, bounds, limits).filter(({ timeMs }) => timeMs !== undefined);
}
