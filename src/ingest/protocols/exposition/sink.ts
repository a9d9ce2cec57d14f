import type { Labels } from '../../../model/labels.ts';
import type { NativeHistogram } from '../../../model/native-histogram.ts';
import type { MetricType } from '../../series-rows.ts';

/**
 * Receives what an exposition contains, in the order of the page, while it is parsed. When the parser throws, the whole page is
 * bad: what was received so far must be dropped.
 */
export interface ExpositionSink {
  /**
   * What a family says about itself. Text formats call this once per HELP, TYPE and UNIT line with one fact each, so facts of one
   * family arrive in several calls.
   *
   * @param metric name of the family as the page has it: for OpenMetrics counters without `_total`. It and the help may be slices that
   * keep the page's memory: keep `ownText` of them.
   */
  metadata(metric: string, facts: ExpositionMetadata): void;
  /**
   * A sample with a number.
   *
   * @param seriesText name and labels as the page writes them: the same for the same series in each scrape, so it serves as the key
   * of a cache. It is a slice of the page (it keeps the page's memory) and may be bytes as Latin-1: keep `ownText(seriesText)`
   * as the key, and show nobody but `details.labels()`. The same series may come under several texts.
   * @param value any number; `NaN` is never a staleness marker.
   * @param timeMs epoch milliseconds when the page gives a time.
   */
  sample(seriesText: string, value: number, timeMs: number | undefined, details: SeriesDetails): void;
  /** A sample with a native histogram; parameters as for `sample`. Keys of samples and of histograms never collide. */
  histogram(
    seriesText: string,
    histogram: NativeHistogram,
    timeMs: number | undefined,
    details: SeriesDetails,
  ): void;
}

export interface ExpositionMetadata {
  readonly type?: MetricType;
  readonly help?: string;
  readonly unit?: string;
}

/** The rest of a sample. The parser reuses the object: it is valid during the call only. */
export interface SeriesDetails {
  /**
   * The labels with `__name__`, parsed when asked for. A series text is only checked here, so ask at least once for each text that
   * is not known to be good.
   *
   * @throws DecodeError the labels are not well-formed, or over the limits; names the line.
   */
  labels(): Labels;
  /**
   * Names the page gives with an empty value, which `labels()` leaves out. Where the page's labels win (`honor_labels`) such a label
   * keeps the target's label of that name away.
   */
  emptyLabels(): readonly string[];
  /** When counting began (epoch milliseconds), from `_created` lines or created timestamps. */
  readonly startMs: number | undefined;
  /** Text formats have at most one per sample; it is checked even if nobody looks. */
  readonly exemplars: readonly ExpositionExemplar[];
}

export interface ExpositionExemplar {
  /** All of them, `trace_id` and `span_id` included. */
  readonly labels: Labels;
  readonly value: number;
  /** Epoch milliseconds, undefined when the page gives no time. */
  readonly timeMs: number | undefined;
}

/** Bounds of one exposition, all inclusive. Beyond them the whole page is refused. */
export interface ExpositionLimits {
  /** Of the decompressed page. */
  readonly bodyBytes: number;
  /** Of one line, comments included; of one metric family in protobuf sixteen times that. */
  readonly lineBytes: number;
  /** Samples and native histograms together. */
  readonly samples: number;
  /** Labels of one series, `__name__` included. Checked when the labels are parsed, as the next two. */
  readonly labels: number;
  readonly labelNameBytes: number;
  readonly labelValueBytes: number;
}

/** Generous: what a real exporter sends stays far below. */
export const DEFAULT_EXPOSITION_LIMITS: ExpositionLimits = {
  bodyBytes: 64 * 1024 * 1024,
  lineBytes: 1024 * 1024,
  samples: 5_000_000,
  labels: 256,
  labelNameBytes: 4096,
  labelValueBytes: 256 * 1024,
};

/** A copy that does not keep the page's memory; for texts that are kept beyond the call. */
export function ownText(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}
