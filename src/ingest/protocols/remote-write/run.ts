import { startOfDay } from '../../../lib/time.ts';
import type { NativeHistogram } from '../../../model/native-histogram.ts';
import { MAX_NAME_LENGTH, reject } from '../../outcome.ts';
import type { Label } from '../../series-id.ts';
import { type ExemplarFacts, type MetricFacts, metadataKey, SeriesRows } from '../../series-rows.ts';
import { cutText } from '../../text.ts';
import { refusalOfTime, timeRefusalMessage } from '../../time.ts';
import type { DecodeContext, ServiceTally } from '../../types.ts';
import { MAX_NEW_LABEL_BYTES } from '../otlp/metrics-rows.ts';
import { exemplarFacts } from './exemplar.ts';
import { type CheckedLabels, isRefusal, type OrRefusal, type Refusal, refused } from './labels.ts';
import { createRemoteWriteOutcome, type RecordKind, type RemoteWriteOutcome } from './outcome.ts';
import type { CachedSeries, SeriesOwner } from './series-cache.ts';
import type { DecoderState } from './state.ts';

/** Who sends, as far as the records do not say. */
export interface RemoteWriteSender {
  /** Stands for the service where a series has no `job`. */
  readonly userAgent: string;
}

/** When a row was last written, as the registry of streams knows it. */
interface Written {
  readonly dayMs: number;
  readonly epoch: number;
}

/** Whom records count for that belong to no series: refused labels, metadata of 1.0. */
const NOBODY: Pick<SeriesOwner, 'job' | 'instance'> = { job: '', instance: '' };

/** One request: checks records, appends them and counts what became of them. Both versions of the protocol end here. */
export class RemoteWriteRun {
  readonly context: DecodeContext;
  readonly outcome: RemoteWriteOutcome = createRemoteWriteOutcome();
  readonly #rows: SeriesRows;
  readonly #serial: number;
  readonly #sender: RemoteWriteSender;
  /** Over the body. */
  readonly #view: DataView;
  /** Times outside have to be looked at more closely. */
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #maxRecords: number;
  readonly #todayMs: number;
  #newLabelBytes = 0;
  #nobody: ServiceTally | undefined;
  /** The series made last. */
  #fresh: CachedSeries | undefined;

  constructor(
    context: DecodeContext,
    state: Pick<DecoderState, 'serial'>,
    sender: RemoteWriteSender,
    view: DataView,
  ) {
    this.context = context;
    this.#rows = new SeriesRows(context);
    this.#serial = state.serial;
    this.#sender = sender;
    this.#view = view;
    const { maxAgeMs, maxFutureMs, recordsPerRequest } = context.limits;
    // A time before 1970 has no day that a table could be divided by.
    this.#minMs = maxAgeMs > 0 ? Math.max(0, context.nowMs - maxAgeMs) : 0;
    this.#maxMs = context.nowMs + maxFutureMs;
    this.#maxRecords = recordsPerRequest;
    this.#todayMs = startOfDay(context.nowMs);
  }

  /** A sample whose value lies at `valueAt` of the body, -1 for a zero that was left out. */
  sample(series: CachedSeries, timeMs: number, valueAt: number): void {
    const { outcome } = this;
    if (timeMs < this.#minMs || timeMs > this.#maxMs || this.#isFull()) {
      this.refuse('samples', series.owner, this.#refusalOfRecord(timeMs));
      return;
    }
    if (series.serial === this.#serial && series.lastMs === timeMs) {
      this.#repeat(series, timeMs, valueAt);
      return;
    }
    const isTaken =
      valueAt < 0
        ? this.#rows.sample(series, timeMs, 0)
        : this.#rows.sampleWords(series, timeMs, this.#view, valueAt);
    if (!isTaken) {
      this.refuse('samples', series.owner, this.#rows.refusal!);
      return;
    }
    series.serial = this.#serial;
    series.lastMs = timeMs;
    series.lastAt = valueAt;
    outcome.accepted++;
    outcome.written.samples++;
    this.#tallyOf(series.owner).accepted++;
  }

  /** The same series and time once more: with the same value it says nothing new, with another one the first stays. */
  #repeat(series: CachedSeries, timeMs: number, valueAt: number): void {
    if (this.#isSameValue(series.lastAt, valueAt)) this.#accept('samples', series.owner);
    else {
      const message = `${cutText(series.metric, 100)} has two values at ${timeMs}; the first was kept`;
      this.refuse('samples', series.owner, refused('duplicate_sample', message));
    }
  }

  #isSameValue(atA: number, atB: number): boolean {
    const view = this.#view;
    for (const half of [0, 4]) {
      const a = atA < 0 ? 0 : view.getInt32(atA + half, true);
      const b = atB < 0 ? 0 : view.getInt32(atB + half, true);
      if (a !== b) return false;
    }
    return true;
  }

  /**
   * A native histogram.
   *
   * @param histogram `stale`: it marks the end of the series.
   * @param startMs when counting began, 0 when not known.
   */
  histogram(
    series: CachedSeries,
    timeMs: number,
    startMs: number,
    histogram: OrRefusal<NativeHistogram> | 'stale',
  ): void {
    let refusal: Refusal | undefined;
    if (timeMs < this.#minMs || timeMs > this.#maxMs || this.#isFull()) {
      refusal = this.#refusalOfRecord(timeMs);
    } else if (histogram === 'stale') {
      if (!this.#rows.staleHistogram(series, timeMs)) refusal = this.#rows.refusal;
    } else if (isRefusal(histogram)) refusal = histogram;
    else {
      // A start after the sample is nonsense and counts as not known.
      const start = startMs > 0 && startMs <= timeMs ? startMs : 0;
      if (!this.#rows.histogram(series, timeMs, start, histogram)) refusal = this.#rows.refusal;
    }
    if (refusal === undefined) this.#accept('histograms', series.owner);
    else this.refuse('histograms', series.owner, refusal);
  }

  /** @param timeMs 0: not known, it is then taken for that of the series' sample or of the request. */
  exemplar(series: CachedSeries, timeMs: number, value: number, labels: OrRefusal<readonly Label[]>): void {
    const known = timeMs !== 0 ? timeMs : series.serial === this.#serial ? series.lastMs : this.context.nowMs;
    let facts: OrRefusal<ExemplarFacts> | undefined;
    if (known < this.#minMs || known > this.#maxMs || this.#isFull()) facts = this.#refusalOfRecord(known);
    else facts = isRefusal(labels) ? labels : exemplarFacts(value, labels);
    if (isRefusal(facts)) {
      this.refuse('exemplars', series.owner, facts);
      return;
    }
    this.#rows.exemplar(series, known, facts);
    this.#accept('exemplars', series.owner);
  }

  /** What a family is; `owner` absent: nobody in particular. */
  metadata(facts: OrRefusal<MetricFacts>, owner?: SeriesOwner): void {
    if (this.#isFull()) this.refuse('metadata', owner, this.#refusalOfRecord(this.context.nowMs));
    else if (isRefusal(facts)) this.refuse('metadata', owner, facts);
    else {
      this.#rows.metadata(facts, metadataKey(facts), this.context.nowMs);
      this.#accept('metadata', owner);
    }
  }

  /** Writes what a family is, which is counted for no series; returns what {@link isWrittenToday} needs. */
  describe(facts: MetricFacts): Written {
    this.#rows.metadata(facts, metadataKey(facts), this.context.nowMs);
    return { dayMs: this.#todayMs, epoch: this.context.streams.epoch };
  }

  isWrittenToday({ dayMs, epoch }: Written): boolean {
    return dayMs === this.#todayMs && epoch === this.context.streams.epoch;
  }

  /** Whether a series that was not known may be translated; counts its labels. */
  admitNew(checked: OrRefusal<CheckedLabels>): OrRefusal<CheckedLabels> {
    if (isRefusal(checked)) return checked;
    if (this.#newLabelBytes > MAX_NEW_LABEL_BYTES) return TOO_MUCH_NEW;
    this.#newLabelBytes += checked.bytes;
    return checked;
  }

  /** Lends a new series its labels, for the row that is about to be written. */
  fresh(series: CachedSeries, { labels }: CheckedLabels): CachedSeries {
    if (this.#fresh !== undefined) this.#fresh.freshLabels = undefined;
    this.#fresh = series;
    series.freshLabels = labels;
    return series;
  }

  finish(): RemoteWriteOutcome {
    if (this.#fresh !== undefined) this.#fresh.freshLabels = undefined;
    return this.outcome;
  }

  /** Counts records that are not taken. */
  refuse(kind: RecordKind, owner: SeriesOwner | undefined, { code, message }: Refusal, count = 1): void {
    if (count === 0) return;
    this.outcome.refused[kind] += count;
    reject(this.outcome, this.#tallyOf(owner), code, message, count);
  }

  #accept(kind: RecordKind, owner: SeriesOwner | undefined): void {
    this.outcome.accepted++;
    this.outcome.written[kind]++;
    this.#tallyOf(owner).accepted++;
  }

  #isFull(): boolean {
    return this.outcome.accepted + this.outcome.rejected >= this.#maxRecords;
  }

  #refusalOfRecord(timeMs: number): Refusal {
    const { nowMs, limits } = this.context;
    if (this.#isFull()) {
      return refused('too_many_records', `more than ${limits.recordsPerRequest} records in one request`);
    }
    const code = refusalOfTime(timeMs, nowMs, limits);
    if (code === undefined) return refused('too_old', `times before 1970 cannot be kept (time ${timeMs} ms)`);
    return refused(code, timeRefusalMessage(code, timeMs, nowMs, limits));
  }

  #tallyOf(owner: SeriesOwner | undefined): ServiceTally {
    if (owner === undefined) {
      this.#nobody ??= this.#newTally(NOBODY);
      return this.#nobody;
    }
    if (owner.serial === this.#serial && owner.tally !== undefined) return owner.tally;
    owner.serial = this.#serial;
    owner.tally = this.#newTally(owner);
    return owner.tally;
  }

  #newTally({ job, instance }: Pick<SeriesOwner, 'job' | 'instance'>): ServiceTally {
    const service = cutText(job || this.#sender.userAgent, MAX_NAME_LENGTH);
    const place = cutText(instance, MAX_NAME_LENGTH);
    const key = JSON.stringify([service, place, '']);
    let tally = this.outcome.services.get(key);
    if (tally === undefined) {
      tally = { service, instance: place, version: '', accepted: 0, rejected: 0 };
      this.outcome.services.set(key, tally);
    }
    return tally;
  }
}

const TOO_MUCH_NEW: Refusal = {
  code: 'too_many_new_series',
  message: 'the request brings more labels of new series than one request may',
};
