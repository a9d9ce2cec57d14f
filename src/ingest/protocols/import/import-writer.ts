import { Labels, METRIC_NAME } from '../../../model/labels.ts';
import type { NativeHistogram } from '../../../model/native-histogram.ts';
import { accept, createOutcome, MAX_NAME_LENGTH, reject } from '../../outcome.ts';
import { type MetricFacts, SeriesRows } from '../../series-rows.ts';
import { cutText, cutToBytes } from '../../text.ts';
import { refusalOfTime, timeRefusalMessage } from '../../time.ts';
import type { DecodeContext, DecodeOutcome, ServiceTally } from '../../types.ts';
import { isTooLong, toExemplarFacts } from '../exposition/exemplar.ts';
import type { ExpositionExemplar, ExpositionMetadata } from '../exposition/sink.ts';
import type { ImportedSeries, SeriesCache } from './series-cache.ts';

/** Labels every series of a request gets; they win over labels of the same name. */
export type ExtraLabels = readonly (readonly [name: string, value: string])[];

/**
 * Writes the samples of one request as rows and counts what became of them. `job` and `instance` of a series say whose it is.
 */
export class ImportWriter {
  readonly outcome: DecodeOutcome = createOutcome();
  readonly #context: DecodeContext;
  readonly #rows: SeriesRows;
  readonly #facts = new Map<string, OpenFacts>();
  readonly #cache: SeriesCache;
  readonly #maxRecords: number;
  #records = 0;
  #tally: ServiceTally | undefined;
  #tallyJob = '';
  #tallyInstance = '';

  /** @param maxRecords beyond it samples are refused. */
  constructor(context: DecodeContext, cache: SeriesCache, maxRecords = context.limits.recordsPerRequest) {
    this.#context = context;
    this.#cache = cache;
    this.#maxRecords = maxRecords;
    this.#rows = new SeriesRows(context);
  }

  /** Returns whether the sample was taken. */
  sample(series: ImportedSeries, timeMs: number, value: number): boolean {
    return this.#isDue(series, timeMs) && this.#count(series, this.#rows.sample(series.ref, timeMs, value));
  }

  histogram(series: ImportedSeries, timeMs: number, startMs: number, histogram: NativeHistogram): boolean {
    if (!this.#isDue(series, timeMs)) return false;
    return this.#count(series, this.#rows.histogram(series.ref, timeMs, startMs, histogram));
  }

  /** A staleness marker. Returns whether it was taken. */
  stale(series: ImportedSeries, timeMs: number, isHistogram: boolean): boolean {
    if (!this.#isDue(series, timeMs)) return false;
    const { ref } = series;
    return this.#count(
      series,
      isHistogram ? this.#rows.staleHistogram(ref, timeMs) : this.#rows.stale(ref, timeMs),
    );
  }

  /** Exemplars of a sample that was taken; those with too long labels are left out, as in Prometheus. @param timeMs of the sample, for those without a time of their own. */
  exemplars(series: ImportedSeries, exemplars: readonly ExpositionExemplar[], timeMs: number): void {
    for (const exemplar of exemplars) {
      if (isTooLong(exemplar)) continue;
      this.#rows.exemplar(series.ref, exemplar.timeMs ?? timeMs, toExemplarFacts(exemplar));
    }
  }

  /** Facts of a metric, which may come one by one; written by `finish`. */
  metadata(metric: string, facts: ExpositionMetadata): void {
    let known = this.#facts.get(metric);
    if (known === undefined) {
      if (this.#facts.size >= this.#maxRecords) return;
      known = { metric, type: '', unit: '', help: '' };
      this.#facts.set(metric, known);
    }
    if (facts.type !== undefined) known.type = facts.type;
    if (facts.unit !== undefined) known.unit = facts.unit;
    if (facts.help !== undefined) known.help = cutToBytes(facts.help, this.#context.limits.valueBytes);
  }

  /** Counts a record that is not one. */
  refuse(code: string, message: string): void {
    reject(this.outcome, this.#tallyOf('', ''), code, message);
  }

  finish(): DecodeOutcome {
    for (const facts of this.#facts.values()) {
      this.#rows.metadata(facts, this.#cache.metadataKey(facts), this.#context.nowMs);
    }
    return this.outcome;
  }

  /** Whether a record is within the bounds of number and time; counts it as refused when not. */
  #isDue(series: ImportedSeries, timeMs: number): boolean {
    const { limits, nowMs } = this.#context;
    if (++this.#records > this.#maxRecords) {
      const message = `more than the limit of ${this.#maxRecords} samples per request`;
      reject(this.outcome, this.#tallyFor(series), 'too_many_records', message);
      return false;
    }
    const refusal = timeMs < 0 ? 'too_old' : refusalOfTime(timeMs, nowMs, limits);
    if (refusal === undefined) return true;
    const times = () => (timeMs < 0 ? 'before 1970' : timeRefusalMessage(refusal, timeMs, nowMs, limits));
    reject(this.outcome, this.#tallyFor(series), refusal, () => `${series.ref.metric}: ${times()}`);
    return false;
  }

  /** Counts a record that was handed to the rows. */
  #count(series: ImportedSeries, isTaken: boolean): boolean {
    const tally = this.#tallyFor(series);
    if (isTaken) accept(this.outcome, tally);
    else {
      const { code, message } = this.#rows.refusal!;
      reject(this.outcome, tally, code, message);
    }
    return isTaken;
  }

  #tallyFor({ job, instance }: ImportedSeries): ServiceTally {
    return this.#tallyOf(job, instance);
  }

  /** Samples of one sender follow each other, so the last tally is nearly always the one. */
  #tallyOf(job: string, instance: string): ServiceTally {
    if (this.#tally !== undefined && this.#tallyJob === job && this.#tallyInstance === instance) {
      return this.#tally;
    }
    const service = cutText(job, MAX_NAME_LENGTH) || 'unknown_service';
    const cutInstance = cutText(instance, MAX_NAME_LENGTH);
    const key = JSON.stringify([service, cutInstance, '']);
    let tally = this.outcome.services.get(key);
    if (tally === undefined) {
      tally = { service, instance: cutInstance, version: '', accepted: 0, rejected: 0 };
      this.outcome.services.set(key, tally);
    }
    this.#tally = tally;
    this.#tallyJob = job;
    this.#tallyInstance = instance;
    return tally;
  }
}

type OpenFacts = { -readonly [K in keyof MetricFacts]: MetricFacts[K] };

/** The labels with the extra ones. `__name__` cannot be set that way. */
export function withExtraLabels(labels: Labels, extra: ExtraLabels): Labels {
  if (extra.length === 0) return labels;
  return Labels.from([...labels.entries(), ...extra.filter(([name]) => name !== METRIC_NAME)]);
}
