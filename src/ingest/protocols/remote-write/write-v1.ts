import type { DecodeContext } from '../../types.ts';
import { ScratchKey } from '../otlp/metrics-wire-points.ts';
import type { WireReader } from '../otlp/wire.ts';
import { MAX_EXEMPLAR_LABELS } from './exemplar.ts';
import { HistogramReader, int64 } from './histogram.ts';
import { checkedLabels, checkedPairs, isRefusal, type Refusal, rawLabels, rawLabelsOf } from './labels.ts';
import { familyFacts } from './metadata.ts';
import type { RemoteWriteOutcome } from './outcome.ts';
import { RemoteWriteRun, type RemoteWriteSender } from './run.ts';
import { SampleReader } from './sample-reader.ts';
import type { CachedSeries, SeriesKey } from './series-cache.ts';
import type { DecoderState } from './state.ts';

const LABELS = 1;
const SAMPLES = 2;
const EXEMPLARS = 3;
const HISTOGRAMS = 4;
/** Field number and wire type of what a series usually is made of. */
const SAMPLES_TAG = (SAMPLES << 3) | 2;
const VALUE_TAG = (1 << 3) | 1;
const TIMESTAMP_TAG = (2 << 3) | 0;
/** Bytes of a time in milliseconds between 2004 and 2109. */
const TIME_BYTES = 6;
const MORE_BITS = 0x8080_8080 | 0;

const scratch = new ScratchKey();

/**
 * Decodes `prometheus.WriteRequest { TimeSeries timeseries = 1; MetricMetadata metadata = 3 }`.
 *
 * https://prometheus.io/docs/specs/prw/remote_write_spec/
 */
export class WriteRequestV1 {
  readonly #reader: WireReader;
  readonly #state: DecoderState;
  readonly #run: RemoteWriteRun;
  readonly #samples: SampleReader;
  readonly #histograms: HistogramReader;
  readonly #maxLabels: number;
  /** The series before; its `next` is the guess for the one that comes. */
  #previous: CachedSeries | undefined;
  /** Why the series being read is not taken. */
  #refusal: Refusal | undefined;

  constructor(context: DecodeContext, state: DecoderState, sender: RemoteWriteSender) {
    const { reader } = state;
    this.#reader = reader;
    this.#state = state;
    this.#run = new RemoteWriteRun(context, state, sender, reader.view);
    this.#samples = new SampleReader(reader);
    this.#histograms = new HistogramReader(reader);
    this.#maxLabels = context.limits.attributesPerRecord;
  }

  decode(): RemoteWriteOutcome {
    const reader = this.#reader;
    const bodyEnd = reader.end;
    for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
      if (field !== 1 && field !== 3) {
        reader.skip();
        continue;
      }
      reader.range();
      const { start, stop } = reader;
      if (field === 3) this.#metadata(start, stop);
      else if (!this.#predicted(start, stop)) this.#series(start, stop);
      reader.seek(stop, bodyEnd);
    }
    return this.#run.finish();
  }

  /**
   * Reads a series that is the one expected and made of labels and one sample, which is almost always so: then neither its labels
   * need be looked at one by one nor a hash be computed. Anything else: false, and nothing has happened.
   */
  #predicted(start: number, stop: number): boolean {
    const series = this.#previous?.next;
    if (series === undefined) return false;
    const { bytes, view } = this.#reader;
    const keyEnd = start + series.length;
    const sampleBytes = stop - keyEnd - 2;
    if (sampleBytes < TIME_BYTES + 1 || sampleBytes > 0x7f) return false;
    if (bytes[keyEnd] !== SAMPLES_TAG || bytes[keyEnd + 1] !== sampleBytes) return false;
    const timeAt = stop - TIME_BYTES;
    if (bytes[timeAt - 1] !== TIMESTAMP_TAG) return false;
    let valueAt = -1;
    if (timeAt - 1 !== keyEnd + 2) {
      if (bytes[keyEnd + 2] !== VALUE_TAG || timeAt - 1 !== keyEnd + 11) return false;
      valueAt = keyEnd + 3;
    }
    const word = view.getInt32(timeAt, true);
    const fifth = bytes[timeAt + 4]!;
    const sixth = bytes[timeAt + 5]!;
    if ((word & MORE_BITS) !== MORE_BITS || fifth < 0x80 || sixth > 0x7f) return false;
    if (!this.#state.seriesV1.has(series, view, start)) return false;
    const low =
      (word & 0x7f) | ((word >>> 1) & 0x3f80) | ((word >>> 2) & 0x1f_c000) | ((word >>> 3) & 0xfe0_0000);
    this.#previous = series;
    this.#run.sample(series, ((fifth & 0x7f) | (sixth << 7)) * 0x1000_0000 + low, valueAt);
    return true;
  }

  /** `TimeSeries { Label labels = 1; Sample samples = 2; Exemplar exemplars = 3; Histogram histograms = 4 }` */
  #series(start: number, stop: number): void {
    const reader = this.#reader;
    let [keyStart, keyEnd] = [start, start];
    let isScattered = false;
    let [samples, sampleStart, sampleStop, others] = [0, 0, 0, 0];
    reader.seek(start, stop);
    for (
      let at = start, field = reader.nextField();
      field !== 0;
      at = reader.pos, field = reader.nextField()
    ) {
      if (field > HISTOGRAMS) {
        reader.skip();
        continue;
      }
      reader.range();
      if (field === LABELS) {
        if (keyEnd === start) keyStart = at;
        else if (at !== keyEnd) isScattered = true;
        keyEnd = reader.stop;
      } else if (field === SAMPLES) {
        samples++;
        sampleStart = reader.start;
        sampleStop = reader.stop;
      } else others++;
    }
    const key = isScattered
      ? this.#gathered(start, stop)
      : { bytes: reader.bytes, view: reader.view, start: keyStart, end: keyEnd };
    const series = this.#lookUp(key);
    if (series !== undefined && samples === 1 && others === 0) {
      this.#samples.read(sampleStart, sampleStop);
      this.#run.sample(series, this.#samples.timeMs, this.#samples.valueAt);
    } else this.#records(series, start, stop);
  }

  /** The label fields of a series that has other fields in between. */
  #gathered(start: number, stop: number): SeriesKey {
    const reader = this.#reader;
    scratch.end = 0;
    reader.seek(start, stop);
    for (
      let at = start, field = reader.nextField();
      field !== 0;
      at = reader.pos, field = reader.nextField()
    ) {
      reader.skip();
      if (field === LABELS) scratch.append(reader.bytes, at, reader.pos);
    }
    return { bytes: scratch.bytes, view: scratch.view, start: 0, end: scratch.end };
  }

  /** The series with these label fields; undefined when they break a rule, and then `#refusal` tells which. */
  #lookUp(key: SeriesKey): CachedSeries | undefined {
    const cache = this.#state.seriesV1;
    let series = cache.get(key.bytes, key.view, key.start, key.end);
    if (series === undefined) {
      series = this.#translate(key);
      if (series === undefined) return undefined;
    }
    if (this.#previous !== undefined) this.#previous.next = series;
    this.#previous = series;
    return series;
  }

  #translate(key: SeriesKey): CachedSeries | undefined {
    const { bytes, start, end } = key;
    const most = this.#maxLabels + 1;
    const raw =
      bytes === this.#reader.bytes
        ? rawLabels(this.#reader, start, end, most)
        : rawLabelsOf(bytes, start, end, most);
    const checked = this.#run.admitNew(checkedLabels(raw, this.#run.context.limits));
    if (isRefusal(checked)) {
      this.#refusal = checked;
      return undefined;
    }
    return this.#run.fresh(this.#state.seriesV1.add(this.#state.factsOf(checked), key, undefined), checked);
  }

  /** The records of a series of any form. Exemplars last, because one without a time takes that of the sample. */
  #records(series: CachedSeries | undefined, start: number, stop: number): void {
    for (const isExemplarsTurn of [false, true]) {
      this.#reader.seek(start, stop);
      for (let field = this.#reader.nextField(); field !== 0; field = this.#reader.nextField()) {
        if (field === LABELS || field > HISTOGRAMS || (field === EXEMPLARS) !== isExemplarsTurn) {
          this.#reader.skip();
          continue;
        }
        this.#reader.range();
        const { start: from, stop: to } = this.#reader;
        this.#record(series, field, from, to);
        this.#reader.seek(to, stop);
      }
    }
  }

  #record(series: CachedSeries | undefined, field: number, start: number, stop: number): void {
    if (field === SAMPLES) {
      this.#samples.read(start, stop);
      if (series === undefined) this.#run.refuse('samples', undefined, this.#refusal!);
      else this.#run.sample(series, this.#samples.timeMs, this.#samples.valueAt);
    } else if (field === HISTOGRAMS) {
      this.#histograms.read(start, stop);
      const { timeMs, startMs, histogram } = this.#histograms;
      if (series === undefined) this.#run.refuse('histograms', undefined, this.#refusal!);
      else this.#run.histogram(series, timeMs, startMs, histogram);
    } else this.#exemplar(series, start, stop);
  }

  /** `Exemplar { Label labels = 1; double value = 2; int64 timestamp = 3 }` */
  #exemplar(series: CachedSeries | undefined, start: number, stop: number): void {
    const reader = this.#reader;
    let [value, timeMs] = [0, 0];
    reader.seek(start, stop);
    for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
      if (field === 2) value = reader.double();
      else if (field === 3) timeMs = int64(reader);
      else reader.skip();
    }
    const raw = rawLabels(reader, start, stop, MAX_EXEMPLAR_LABELS);
    if (series === undefined) this.#run.refuse('exemplars', undefined, this.#refusal!);
    else this.#run.exemplar(series, timeMs, value, checkedPairs(raw));
  }

  /** `MetricMetadata { MetricType type = 1; string metric_family_name = 2; string help = 4; string unit = 5 }` */
  #metadata(start: number, stop: number): void {
    const reader = this.#reader;
    let type = 0;
    let [name, help, unit] = ['', '', ''];
    reader.seek(start, stop);
    for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
      if (field === 1) type = reader.varint();
      else if (field === 2) name = this.#text();
      else if (field === 4) help = this.#text();
      else if (field === 5) unit = this.#text();
      else reader.skip();
    }
    this.#run.metadata(familyFacts(name, type, unit, help));
  }

  #text(): string {
    this.#reader.range();
    return this.#reader.text(this.#reader.start, this.#reader.stop);
  }
}
