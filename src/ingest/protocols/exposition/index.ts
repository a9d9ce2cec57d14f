import { DecodeError } from '../../../lib/errors.ts';
import { type ExpositionFormat, formatOf } from './content-type.ts';
import { OpenMetricsParser } from './openmetrics-parser.ts';
import { parseFamilies } from './protobuf.ts';
import { DEFAULT_EXPOSITION_LIMITS, type ExpositionLimits, type ExpositionSink } from './sink.ts';
import { TextParser } from './text-parser.ts';

export { type ExpositionFormat, formatOf, SCRAPE_PROTOCOLS } from './content-type.ts';
export { isTooLong, toExemplarFacts } from './exemplar.ts';
export { formatOpenMetricsNumber, parseNumber } from './numbers.ts';
export * from './sink.ts';

export interface ExpositionOptions {
  readonly limits?: ExpositionLimits;
  /** Taken when the content type is missing or no exposition; without it such a page is refused. See `SCRAPE_PROTOCOLS`. */
  readonly fallback?: ExpositionFormat | undefined;
  /**
   * What becomes of OpenMetrics's `_created` lines: `start` (default): only the start times of their series; `series`: series of their
   * own, as in Prometheus without `created-timestamp-zero-ingestion`, besides that.
   */
  readonly createdLines?: 'start' | 'series';
  /**
   * Which form of a native histogram in protobuf is told: `native` (default) also leaves its classic buckets out, `both` is
   * `always_scrape_classic_histograms`, `classic` ignores the native part.
   */
  readonly nativeHistograms?: 'native' | 'both' | 'classic';
  /** For text formats: a bad line is told here and passed over (at most 10 000 of them). Without it the first one throws. */
  readonly onBadLine?: (error: DecodeError) => void;
}

export interface ExpositionSummary {
  readonly format: ExpositionFormat;
  /** Samples and native histograms told. */
  readonly samples: number;
}

/**
 * Parses one page of metrics, decompressed, and tells the sink what it contains.
 *
 * Text 0.0.4 and 1.0.0, OpenMetrics 0.0.1 and 1.0.0, and delimited protobuf of `io.prometheus.client.MetricFamily`. Neither series given
 * twice nor times are checked here.
 *
 * @param body only read during the call.
 * @throws DecodeError with the line's number and what was expected there; what the sink was told must then be dropped.
 */
export function parseExposition(
  body: Uint8Array,
  contentType: string | undefined,
  sink: ExpositionSink,
  options: ExpositionOptions = {},
): ExpositionSummary {
  const { limits = DEFAULT_EXPOSITION_LIMITS, fallback, nativeHistograms = 'native' } = options;
  const format = formatOf(contentType, fallback);
  if (body.byteLength > limits.bodyBytes) {
    throw new DecodeError(
      `the page has ${body.byteLength} bytes, more than the limit of ${limits.bodyBytes}`,
    );
  }
  if (format === 'protobuf') {
    return { format, samples: parseFamilies(body, sink, { limits, nativeHistograms }) };
  }
  const parser = textParserFor(format, body, sink, { ...options, limits });
  parser.run();
  return { format, samples: parser.samples };
}

function textParserFor(
  format: 'text' | 'openmetrics',
  body: Uint8Array,
  sink: ExpositionSink,
  { limits, onBadLine, createdLines }: ExpositionOptions & { readonly limits: ExpositionLimits },
): TextParser | OpenMetricsParser {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1');
  if (format === 'text') return new TextParser(text, sink, { limits, onBadLine, isStrict: false });
  const keepsCreated = createdLines === 'series';
  return new OpenMetricsParser(text, sink, { limits, onBadLine, isStrict: true, keepsCreated });
}
