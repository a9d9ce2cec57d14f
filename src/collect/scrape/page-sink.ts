import {
  accept,
  createSeriesRef,
  type DecodeContext,
  type DecodeOutcome,
  type ExpositionExemplar,
  type ExpositionMetadata,
  type ExpositionSink,
  reject,
  type SeriesDetails,
  type SeriesRows,
  type ServiceTally,
  toExemplarFacts,
} from '../../ingest/index.ts';
import { DecodeError } from '../../lib/errors.ts';
import type { Labels } from '../../model/labels.ts';
import type { NativeHistogram } from '../../model/native-histogram.ts';
import type { ScrapeConfig } from '../config/index.ts';
import { limitResolution, maxSchemaFor } from './histogram-limit.ts';
import { sampleLabels } from './sample-labels.ts';
import { type SeriesCache, type SeriesState, setFact } from './series-cache.ts';

/** Samples further ahead of the clock than this are not taken. */
const MAX_AHEAD_MS = 600_000;

export interface PageSinkParts {
  readonly cache: SeriesCache;
  readonly rows: SeriesRows;
  readonly outcome: DecodeOutcome;
  readonly tally: ServiceTally;
  readonly context: Pick<DecodeContext, 'nowMs' | 'limits'>;
  readonly job: ScrapeConfig;
  readonly targetLabels: Labels;
  /** Time of samples without one, epoch milliseconds. */
  readonly timeMs: number;
}

/** Appends the samples of one page. Whatever it throws, the page is dropped as a whole. */
export class PageSink implements ExpositionSink {
  readonly #parts: PageSinkParts;
  readonly #maxSchema: number;
  readonly #oldestMs: number;
  readonly #newestMs: number;
  /** Samples on the page. */
  total = 0;
  /** Those left after relabelling. */
  kept = 0;
  /** Series that were not there before. */
  added = 0;

  constructor(parts: PageSinkParts) {
    this.#parts = parts;
    const { nowMs, limits } = parts.context;
    this.#maxSchema = maxSchemaFor(parts.job.limits.minBucketFactor);
    this.#oldestMs = limits.maxAgeMs > 0 ? nowMs - limits.maxAgeMs : Number.NEGATIVE_INFINITY;
    this.#newestMs = nowMs + MAX_AHEAD_MS;
  }

  metadata(metric: string, facts: ExpositionMetadata): void {
    setFact(this.#parts.cache.family(metric), facts);
  }

  sample(seriesText: string, value: number, timeMs: number | undefined, details: SeriesDetails): void {
    const state = this.#admit(seriesText, timeMs, details);
    if (state === undefined) return;
    const atMs = this.#timeOf(timeMs);
    if (!this.#parts.rows.sample(state.ref!, atMs, value)) {
      this.#refuse();
      return;
    }
    state.isHistogram = false;
    this.#taken(state, timeMs);
    if (details.exemplars.length > 0) this.#exemplars(state, atMs, details.exemplars);
  }

  histogram(
    seriesText: string,
    histogram: NativeHistogram,
    timeMs: number | undefined,
    details: SeriesDetails,
  ): void {
    const state = this.#admit(seriesText, timeMs, details);
    if (state === undefined) return;
    const atMs = this.#timeOf(timeMs);
    const limited = limitResolution(histogram, this.#parts.job.limits.histogramBuckets, this.#maxSchema);
    if (limited === undefined) throw new DecodeError('histogram bucket limit exceeded');
    if (!this.#parts.rows.histogram(state.ref!, atMs, details.startMs ?? 0, limited)) {
      this.#refuse();
      return;
    }
    state.isHistogram = true;
    this.#taken(state, timeMs);
    // Without a time of its own a repeated exemplar cannot be told from a new one.
    const timed = details.exemplars.filter((exemplar) => exemplar.timeMs !== undefined);
    if (timed.length > 0) this.#exemplars(state, atMs, timed);
  }

  /** @throws DecodeError the page had more samples than the job allows. Call it after the last sample. */
  checkSampleLimit(): void {
    const limit = this.#parts.job.limits.samples;
    if (limit > 0 && this.kept > limit) throw new DecodeError('sample limit exceeded');
  }

  #timeOf(timeMs: number | undefined): number {
    const { job, timeMs: defaultMs } = this.#parts;
    return timeMs === undefined || !job.honorTimestamps ? defaultMs : timeMs;
  }

  /** The series when its sample is to be appended. */
  #admit(seriesText: string, timeMs: number | undefined, details: SeriesDetails): SeriesState | undefined {
    const { cache, job } = this.#parts;
    this.total++;
    const state = cache.lookup(seriesText) ?? this.#resolve(seriesText, details);
    if (state.ref === undefined) {
      state.seenIn = cache.scrape;
      return undefined;
    }
    this.kept++;
    if (job.limits.samples > 0 && this.kept > job.limits.samples) return undefined;
    const explicitMs = job.honorTimestamps ? timeMs : undefined;
    if (state.seenIn === cache.scrape && (explicitMs === undefined || explicitMs === state.explicitMs))
      return this.#drop('duplicate_sample', () => `${details.labels()} comes more than once`);
    if (explicitMs === undefined) return state;
    if (explicitMs > this.#newestMs)
      return this.#drop(
        'too_far_in_future',
        () => `${details.labels()} has a time more than 10 minutes ahead`,
      );
    if (explicitMs < this.#oldestMs)
      return this.#drop('too_old', () => `${details.labels()} has a time before the end of retention`);
    return state;
  }

  #resolve(seriesText: string, details: SeriesDetails): SeriesState {
    const { cache, job, targetLabels } = this.#parts;
    const labels = sampleLabels(details.labels(), targetLabels, job);
    return cache.add(seriesText, labels === undefined ? undefined : createSeriesRef(labels));
  }

  #taken(state: SeriesState, timeMs: number | undefined): void {
    const { cache, job, outcome, tally } = this.#parts;
    const explicitMs = job.honorTimestamps ? timeMs : undefined;
    const isFirst = state.seenIn !== cache.scrape;
    state.seenIn = cache.scrape;
    state.explicitMs = explicitMs ?? Number.NaN;
    if (!state.isKnown) this.added++;
    state.isKnown = true;
    if (isFirst && (explicitMs === undefined || job.trackTimestampsStaleness)) cache.track(state);
    accept(outcome, tally);
  }

  #drop(code: string, message: () => string): undefined {
    reject(this.#parts.outcome, this.#parts.tally, code, message);
    return undefined;
  }

  #refuse(): void {
    const { outcome, tally, rows } = this.#parts;
    reject(
      outcome,
      tally,
      rows.refusal?.code ?? 'too_many_series',
      rows.refusal?.message ?? 'too many series',
    );
  }

  #exemplars(state: SeriesState, atMs: number, exemplars: readonly ExpositionExemplar[]): void {
    const keys = exemplars.map(({ labels, value, timeMs }) => `${value} ${timeMs ?? ''} ${labels.key}`);
    for (const [i, exemplar] of exemplars.entries()) {
      if (state.exemplars.includes(keys[i]!)) continue;
      this.#parts.rows.exemplar(state.ref!, exemplar.timeMs ?? atMs, toExemplarFacts(exemplar));
    }
    state.exemplars = keys;
  }
}
