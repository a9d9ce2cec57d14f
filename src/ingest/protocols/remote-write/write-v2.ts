import type { DecodeContext } from '../../types.ts';
import { WIRE_BYTES, WIRE_VARINT, type WireReader } from '../otlp/wire.ts';
import { MAX_EXEMPLAR_LABELS } from './exemplar.ts';
import { HistogramReader, int64 } from './histogram.ts';
import {
  checkedLabels,
  checkedPairs,
  encodeLabels,
  isRefusal,
  type OrRefusal,
  type RawLabels,
  type Refusal,
  refused,
} from './labels.ts';
import { familyFacts, familyOf } from './metadata.ts';
import type { RemoteWriteOutcome } from './outcome.ts';
import { RemoteWriteRun, type RemoteWriteSender } from './run.ts';
import { SampleReader } from './sample-reader.ts';
import type { CachedSeries } from './series-cache.ts';
import type { DecoderState } from './state.ts';
import type { SymbolTable } from './symbols.ts';

const SYMBOLS = 4;
const SERIES = 5;

const LABEL_REFS = 1;
const SAMPLES = 2;
const HISTOGRAMS = 3;
const EXEMPLARS = 4;
const METADATA = 5;
/** Where the release candidates before 2.0-rc.4 had the start of all samples of a series. */
const CREATED_TIMESTAMP = 6;

/** References of one list that are kept: one label more than any rule allows, so that the rule can be seen broken. */
const MAX_KEPT_LABELS = 4096;

const BAD_REFERENCE: Refusal = {
  code: 'bad_symbol_ref',
  message: 'a label refers to a symbol that is not in the table, or a name has no value',
};
const EMPTY_SERIES: Refusal = {
  code: 'empty_series',
  message: 'a series has neither samples nor histograms nor exemplars',
};

/**
 * Decodes `io.prometheus.write.v2.Request { string symbols = 4; TimeSeries timeseries = 5 }`, 2.0-rc.4 and the candidates before it.
 *
 * https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/
 */
export class WriteRequestV2 {
  readonly #reader: WireReader;
  readonly #state: DecoderState;
  readonly #run: RemoteWriteRun;
  readonly #samples: SampleReader;
  readonly #histograms: HistogramReader;
  readonly #symbols: SymbolTable;
  readonly #maxLabels: number;
  /** Symbols of the labels being read: the place in the table of the request, and the number of the symbol. */
  readonly #refs: Uint32Array;
  readonly #key: Uint32Array;
  readonly #keyBytes: Uint8Array;
  readonly #keyView: DataView;
  #refCount = 0;
  #hasBadRef = false;
  #previous: CachedSeries | undefined;
  #refusal: Refusal | undefined;
  /** Of the series being read. */
  readonly #series = { samples: 0, sampleStart: 0, sampleStop: 0, others: 0, createdMs: 0 };
  readonly #metadata = { isThere: false, type: 0, help: 0, unit: 0 };

  constructor(context: DecodeContext, state: DecoderState, sender: RemoteWriteSender) {
    const { reader } = state;
    this.#reader = reader;
    this.#state = state;
    this.#run = new RemoteWriteRun(context, state, sender, reader.view);
    this.#samples = new SampleReader(reader);
    this.#histograms = new HistogramReader(reader);
    this.#symbols = state.symbolTable;
    this.#maxLabels = Math.min(context.limits.attributesPerRecord, MAX_KEPT_LABELS);
    this.#refs = new Uint32Array((this.#maxLabels + 1) * 2);
    this.#key = new Uint32Array(this.#refs.length);
    this.#keyBytes = new Uint8Array(this.#key.buffer);
    this.#keyView = new DataView(this.#key.buffer);
  }

  decode(): RemoteWriteOutcome {
    const reader = this.#reader;
    const bodyEnd = reader.end;
    // Symbols first: the order of fields is up to the sender.
    this.#eachField(SYMBOLS, bodyEnd, (start, stop) => this.#symbols.add(start, stop));
    this.#eachField(SERIES, bodyEnd, (start, stop) => this.#readSeries(start, stop));
    return this.#run.finish();
  }

  #eachField(wanted: number, bodyEnd: number, read: (start: number, stop: number) => void): void {
    const reader = this.#reader;
    reader.seek(0, bodyEnd);
    for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
      if (field !== wanted) {
        reader.skip();
        continue;
      }
      reader.range();
      const { start, stop } = reader;
      read(start, stop);
      reader.seek(stop, bodyEnd);
    }
  }

  /**
   *     TimeSeries { uint32 labels_refs = 1; Sample samples = 2; Histogram histograms = 3; Exemplar exemplars = 4;
   *                  Metadata metadata = 5 }
   */
  #readSeries(start: number, stop: number): void {
    this.#scan(start, stop);
    const { samples, sampleStart, sampleStop, others } = this.#series;
    const series = this.#lookUp();
    if (samples + others === 0) this.#run.refuse('samples', series?.owner, this.#refusal ?? EMPTY_SERIES);
    else if (series !== undefined && samples === 1 && others === 0) {
      this.#samples.read(sampleStart, sampleStop);
      this.#run.sample(series, this.#samples.timeMs, this.#samples.valueAt);
    } else this.#records(series, start, stop);
    if (series !== undefined && this.#metadata.isThere) this.#describe(series);
  }

  #scan(start: number, stop: number): void {
    const reader = this.#reader;
    const found = this.#series;
    found.samples = found.others = found.createdMs = 0;
    this.#metadata.isThere = false;
    this.#beginRefs();
    reader.seek(start, stop);
    for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
      if (field === LABEL_REFS) this.#readRefs();
      else if (field === SAMPLES) {
        reader.range();
        found.samples++;
        found.sampleStart = reader.start;
        found.sampleStop = reader.stop;
      } else if (field === METADATA) this.#readMetadata();
      else if (field === CREATED_TIMESTAMP) found.createdMs = int64(reader);
      else {
        if (field === HISTOGRAMS || field === EXEMPLARS) found.others++;
        reader.skip();
      }
    }
  }

  #beginRefs(): void {
    this.#refCount = 0;
    this.#hasBadRef = false;
  }

  /** A repeated uint32, packed or not. */
  #readRefs(): void {
    const reader = this.#reader;
    if (reader.wireType === WIRE_VARINT) {
      this.#ref(reader.varint());
      return;
    }
    if (reader.wireType !== WIRE_BYTES) reader.fail(`wire type ${reader.wireType} in a repeated number`);
    const outer = reader.enter();
    this.#readShortRefs();
    while (reader.pos < reader.end) {
      reader.packedVarint64();
      this.#ref(reader.high * 0x1_0000_0000 + reader.low);
    }
    reader.leave(outer);
  }

  /** References of one or two bytes to symbols that are known, up to the first that is something else. The hottest loop of 2.0. */
  #readShortRefs(): void {
    const reader = this.#reader;
    const { bytes, end } = reader;
    const refs = this.#refs;
    const key = this.#key;
    const { numbers, count } = this.#symbols;
    // A reference takes at least one byte, and the last two bytes are left to the general way.
    const last = Math.min(end - 1, reader.pos + refs.length - this.#refCount);
    let at = reader.pos;
    let to = this.#refCount;
    while (at < last) {
      let ref = bytes[at]!;
      let width = 1;
      if (ref >= 0x80) {
        const second = bytes[at + 1]!;
        if (second >= 0x80) break;
        ref = (ref & 0x7f) | (second << 7);
        width = 2;
      }
      if (ref >= count) break;
      const number = numbers[ref]!;
      if (number === 0) {
        this.#symbols.learn(ref);
        continue;
      }
      refs[to] = ref;
      key[to++] = number;
      at += width;
    }
    this.#refCount = to;
    reader.pos = at;
  }

  #ref(ref: number): void {
    const symbols = this.#symbols;
    if (ref >= symbols.count) {
      this.#hasBadRef = true;
      return;
    }
    const at = this.#refCount;
    if (at >= this.#refs.length) return;
    this.#refs[at] = ref;
    this.#key[at] = symbols.numbers[ref]! || symbols.learn(ref);
    this.#refCount = at + 1;
  }

  /** `Metadata { MetricType type = 1; uint32 help_ref = 3; uint32 unit_ref = 4 }` */
  #readMetadata(): void {
    const reader = this.#reader;
    const metadata = this.#metadata;
    metadata.isThere = true;
    metadata.type = metadata.help = metadata.unit = 0;
    const outer = reader.enter();
    for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
      if (field === 1) metadata.type = reader.varint();
      else if (field === 3) metadata.help = reader.varint();
      else if (field === 4) metadata.unit = reader.varint();
      else reader.skip();
    }
    reader.leave(outer);
  }

  /** The series with the labels just read; undefined when they break a rule, and then `#refusal` tells which. */
  #lookUp(): CachedSeries | undefined {
    this.#refusal = undefined;
    if (this.#hasBadRef || this.#refCount % 2 === 1) {
      this.#refusal = BAD_REFERENCE;
      return undefined;
    }
    const cache = this.#state.seriesV2;
    const keyEnd = this.#refCount * 4;
    const expected = this.#previous?.next;
    let series: CachedSeries | undefined;
    if (expected?.length === keyEnd && cache.has(expected, this.#keyView, 0)) series = expected;
    else series = cache.get(this.#keyBytes, this.#keyView, 0, keyEnd) ?? this.#translate(keyEnd);
    if (series === undefined) return undefined;
    if (this.#previous !== undefined) this.#previous.next = series;
    this.#previous = series;
    return series;
  }

  #translate(keyEnd: number): CachedSeries | undefined {
    const raw = this.#labels(this.#maxLabels + 1);
    const checked = this.#run.admitNew(checkedLabels(raw, this.#run.context.limits));
    if (isRefusal(checked)) {
      this.#refusal = checked;
      return undefined;
    }
    const key = { bytes: this.#keyBytes, view: this.#keyView, start: 0, end: keyEnd };
    const series = this.#state.seriesV2.add(this.#state.factsOf(checked), key, encodeLabels(raw));
    return this.#run.fresh(series, checked);
  }

  /** The labels that the references just read stand for. */
  #labels(most: number): RawLabels {
    const places: number[] = [];
    const symbols = this.#symbols;
    for (let i = 0; i < this.#refCount && places.length < most * 4; i++) {
      const ref = this.#refs[i]!;
      places.push(symbols.startOf(ref), symbols.endOf(ref));
    }
    return { reader: this.#reader, places };
  }

  /** The records of a series of any form. Exemplars last, because one without a time takes that of the sample. */
  #records(series: CachedSeries | undefined, start: number, stop: number): void {
    for (const isExemplarsTurn of [false, true]) {
      this.#reader.seek(start, stop);
      for (let field = this.#reader.nextField(); field !== 0; field = this.#reader.nextField()) {
        if (field < SAMPLES || field > EXEMPLARS || (field === EXEMPLARS) !== isExemplarsTurn) {
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
      else this.#run.histogram(series, timeMs, startMs || this.#series.createdMs, histogram);
    } else this.#exemplar(series, start, stop);
  }

  /** `Exemplar { uint32 labels_refs = 1; double value = 2; int64 timestamp = 3 }` */
  #exemplar(series: CachedSeries | undefined, start: number, stop: number): void {
    const reader = this.#reader;
    let [value, timeMs] = [0, 0];
    this.#beginRefs();
    reader.seek(start, stop);
    for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
      if (field === LABEL_REFS) this.#readRefs();
      else if (field === 2) value = reader.double();
      else if (field === 3) timeMs = int64(reader);
      else reader.skip();
    }
    const isBad = this.#hasBadRef || this.#refCount % 2 === 1;
    const labels: OrRefusal<ReturnType<typeof checkedPairs>> = isBad
      ? BAD_REFERENCE
      : checkedPairs(this.#labels(MAX_EXEMPLAR_LABELS));
    if (series === undefined) this.#run.refuse('exemplars', undefined, this.#refusal!);
    else this.#run.exemplar(series, timeMs, value, labels);
  }

  /** Writes what the request says of the series' family, unless the same was written today. */
  #describe(series: CachedSeries): void {
    const { type, help, unit } = this.#metadata;
    const symbols = this.#symbols;
    if (help >= symbols.count || unit >= symbols.count) {
      this.#run.refuse(
        'metadata',
        series.owner,
        refused('bad_symbol_ref', 'metadata refers to a symbol that is not in the table'),
      );
      return;
    }
    if (type === 0 && symbols.isEmpty(help) && symbols.isEmpty(unit)) return;
    const { described } = series;
    const helpNumber = symbols.learn(help);
    const unitNumber = symbols.learn(unit);
    const isKnown =
      described?.type === type && described.help === helpNumber && described.unit === unitNumber;
    if (isKnown && this.#run.isWrittenToday(described)) return;
    const facts = familyFacts(
      familyOf(series.metric, type),
      type,
      symbols.textOf(unit),
      symbols.textOf(help),
    );
    if (isRefusal(facts)) return;
    series.described = { type, help: helpNumber, unit: unitNumber, ...this.#run.describe(facts) };
  }
}
