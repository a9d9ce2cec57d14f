import { createSeriesRef, type SeriesRef, type SeriesRows } from '../../ingest/index.ts';
import { type Labels, METRIC_NAME } from '../../model/labels.ts';

/** The numbers of one scrape that are stored as series of the target. */
export interface ScrapeReport {
  readonly isUp: boolean;
  readonly durationS: number;
  readonly total: number;
  readonly kept: number;
  readonly added: number;
  /** Set where the job asks for `extra_scrape_metrics`. */
  readonly extra:
    | { readonly timeoutS: number; readonly sampleLimit: number; readonly bodyBytes: number }
    | undefined;
}

const NAMES = [
  'up',
  'scrape_duration_seconds',
  'scrape_samples_scraped',
  'scrape_samples_post_metric_relabeling',
  'scrape_series_added',
] as const;
const EXTRA_NAMES = ['scrape_timeout_seconds', 'scrape_sample_limit', 'scrape_body_size_bytes'] as const;

/** The series about its scrapes that every target has. */
export class ReportSeries {
  readonly #refs: readonly SeriesRef[];

  constructor(target: Labels, hasExtra: boolean) {
    const names: readonly string[] = hasExtra ? [...NAMES, ...EXTRA_NAMES] : NAMES;
    this.#refs = names.map((name) => createSeriesRef(target.with(METRIC_NAME, name)));
  }

  get count(): number {
    return this.#refs.length;
  }

  append(rows: SeriesRows, timeMs: number, report: ScrapeReport): void {
    const { isUp, durationS, total, kept, added, extra } = report;
    const values = [isUp ? 1 : 0, durationS, total, kept, added];
    if (extra !== undefined) values.push(extra.timeoutS, extra.sampleLimit, extra.bodyBytes);
    for (const [i, ref] of this.#refs.entries()) rows.sample(ref, timeMs, values[i] ?? 0);
  }

  stale(rows: SeriesRows, timeMs: number): void {
    for (const ref of this.#refs) rows.stale(ref, timeMs);
  }

  get ids(): readonly bigint[] {
    return this.#refs.map(({ id }) => id);
  }
}
