import type { Labels } from '../model/labels.ts';
import type { SampleColumns } from '../model/samples.ts';
import type { Matcher } from './ast.ts';

/** What a selector needs. */
export interface SelectRequest {
  readonly matchers: readonly Matcher[];
  /** Both inclusive, epoch milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Of each series only the newest sample is needed. A source may give more. */
  readonly newestOnly?: boolean;
}

export interface SelectContext {
  readonly signal: AbortSignal;
  /** Most series one selector may give; more is an error with status 422. */
  readonly maxSeries: number;
  /** Counts samples that are about to be decoded; throws when the query has used up its share. */
  readonly chargeSamples: (count: number) => void;
  /** Registers what is to be called when nothing of the selection is read any more. */
  readonly onDone?: (release: () => void) => void;
}

/** One selected series, its samples still packed. */
export interface SelectedSeries {
  readonly labels: Labels;
  /** Upper bound of the samples `read` will give. */
  readonly maxSamples: number;
  /**
   * Unpacks the samples within the request's bounds. The columns may be memory that the next `read` of any series of the same
   * selection overwrites: copy what must stay.
   */
  read(): SampleColumns;
}

/** Facts about a selection, for `explain` and statistics. */
export interface SelectStats {
  readonly rowsRead: number;
  readonly bytesRead: number;
  /** Where it came from: `memory`, `store`, or both. */
  readonly origin: string;
}

export interface Selection {
  /** No two with equal labels; in no particular order. */
  readonly series: readonly SelectedSeries[];
  readonly stats: SelectStats;
}

/** Where PromQL's samples come from. */
export interface SampleSource {
  select(request: SelectRequest, context: SelectContext): Promise<Selection>;
}
