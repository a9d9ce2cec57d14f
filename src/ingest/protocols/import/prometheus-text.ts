import type { NativeHistogram } from '../../../model/native-histogram.ts';
import type { DecodeContext, DecodeOutcome } from '../../types.ts';
import { parseExposition } from '../exposition/index.ts';
import {
  DEFAULT_EXPOSITION_LIMITS,
  type ExpositionLimits,
  type ExpositionMetadata,
  type ExpositionSink,
  type SeriesDetails,
} from '../exposition/sink.ts';
import { type ExtraLabels, ImportWriter, withExtraLabels } from './import-writer.ts';
import { createImportedSeries, type ImportedSeries, SeriesCache } from './series-cache.ts';

/** Bytes of one label value or metric name that comes by an import. */
const MAX_LABEL_VALUE_BYTES = 4096;
const MAX_LABEL_NAME_BYTES = 1024;

export interface PrometheusTextOptions {
  /** For samples without a time, epoch milliseconds; the server's time when absent. `?timestamp=` of the request. */
  readonly timestampMs?: number | undefined;
  /** `?extra_label=name=value` of the request. */
  readonly extraLabels?: ExtraLabels;
  /** Kept between requests; without one every request parses its labels anew. */
  readonly cache?: SeriesCache;
}

/**
 * Decodes the body of `POST /api/v1/import/prometheus`: the Prometheus text format unless the content type says OpenMetrics or
 * protobuf.
 *
 * Bad lines of text and samples that break a rule are refused alone, counted with the line's number; the rest is kept.
 *
 * @throws DecodeError bytes that are no exposition as a whole: OpenMetrics without `# EOF`, broken protobuf, too many bad lines.
 */
export function decodePrometheusText(
  body: Uint8Array,
  contentType: string | undefined,
  context: DecodeContext,
  options: PrometheusTextOptions = {},
): DecodeOutcome {
  const cache = options.cache ?? new SeriesCache();
  const writer = new ImportWriter(context, cache);
  const sink = new ImportSink(writer, context, { ...options, cache });
  parseExposition(body, contentType, sink, {
    limits: importLimits(context),
    fallback: 'text',
    createdLines: 'series',
    onBadLine: (error) => writer.refuse('bad_line', error.message),
  });
  return writer.finish();
}

/** Bounds of what somebody pushes, by the limits of requests. */
export function importLimits({ limits }: Pick<DecodeContext, 'limits'>): ExpositionLimits {
  return {
    ...DEFAULT_EXPOSITION_LIMITS,
    bodyBytes: limits.bodyBytes,
    labels: limits.attributesPerRecord,
    labelNameBytes: MAX_LABEL_NAME_BYTES,
    labelValueBytes: MAX_LABEL_VALUE_BYTES,
  };
}

class ImportSink implements ExpositionSink {
  readonly #writer: ImportWriter;
  readonly #cache: SeriesCache;
  readonly #extra: ExtraLabels;
  readonly #timeMs: number;
  readonly #prefix: string;
  /** In front of cache keys: labels depend on the extra ones, and on the type where buckets and quantiles are normalised. */
  #keyPrefix: string;

  constructor(
    writer: ImportWriter,
    context: DecodeContext,
    options: PrometheusTextOptions & { readonly cache: SeriesCache },
  ) {
    this.#writer = writer;
    this.#cache = options.cache;
    this.#extra = options.extraLabels ?? [];
    this.#timeMs = options.timestampMs ?? context.nowMs;
    this.#prefix = this.#extra.length === 0 ? '' : JSON.stringify(this.#extra);
    this.#keyPrefix = this.#prefix;
  }

  metadata(metric: string, facts: ExpositionMetadata): void {
    const { type } = facts;
    if (type !== undefined) {
      this.#keyPrefix = type === 'histogram' || type === 'summary' ? `${this.#prefix}${type} ` : this.#prefix;
    }
    this.#writer.metadata(metric, facts);
  }

  sample(text: string, value: number, timeMs: number | undefined, details: SeriesDetails): void {
    const series = this.#series(text, details);
    const atMs = timeMs ?? this.#timeMs;
    if (!this.#writer.sample(series, atMs, value)) return;
    if (details.exemplars.length > 0) this.#writer.exemplars(series, details.exemplars, atMs);
  }

  histogram(
    text: string,
    histogram: NativeHistogram,
    timeMs: number | undefined,
    details: SeriesDetails,
  ): void {
    const series = this.#series(text, details);
    const atMs = timeMs ?? this.#timeMs;
    if (!this.#writer.histogram(series, atMs, details.startMs ?? 0, histogram)) return;
    this.#writer.exemplars(series, details.exemplars, atMs);
  }

  #series(text: string, details: SeriesDetails): ImportedSeries {
    const key = this.#keyPrefix === '' ? text : this.#keyPrefix + text;
    const known = this.#cache.get(key);
    if (known !== undefined) return known;
    const series = createImportedSeries(withExtraLabels(details.labels(), this.#extra));
    this.#cache.set(key, series);
    return series;
  }
}
