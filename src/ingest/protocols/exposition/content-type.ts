import { DecodeError } from '../../../lib/errors.ts';
import { quoted } from '../../../model/labels.ts';

export type ExpositionFormat = 'text' | 'openmetrics' | 'protobuf';

/** Names of `scrape_protocols` and `fallback_scrape_protocol` in Prometheus's configuration, with what they mean here. */
export const SCRAPE_PROTOCOLS = {
  PrometheusProto: 'protobuf',
  'OpenMetricsText0.0.1': 'openmetrics',
  'OpenMetricsText1.0.0': 'openmetrics',
  'PrometheusText0.0.4': 'text',
  'PrometheusText1.0.0': 'text',
} as const satisfies Record<string, ExpositionFormat>;

const FORMATS: ReadonlyMap<string, ExpositionFormat> = new Map([
  ['text/plain', 'text'],
  ['application/openmetrics-text', 'openmetrics'],
  ['application/vnd.google.protobuf', 'protobuf'],
]);
const MEDIA_TYPE = /^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+$/;

/**
 * The format of a page by its content type, as Prometheus 3 decides it: only the media type counts; without one, or with one that is
 * no exposition, the fallback is taken, and without a fallback the page is refused.
 *
 * @throws DecodeError
 */
export function formatOf(
  contentType: string | undefined,
  fallback: ExpositionFormat | undefined,
): ExpositionFormat {
  const header = contentType?.trim() ?? '';
  const mediaType = header.split(';', 1)[0]!.trim().toLowerCase();
  const format = FORMATS.get(mediaType);
  if (format === 'protobuf') refuseOtherEncodings(header);
  if (format !== undefined) return format;
  if (fallback !== undefined) return fallback;
  throw new DecodeError(refusalOf(header, mediaType), hintFor(mediaType));
}

function refusalOf(header: string, mediaType: string): string {
  if (header === '')
    return 'the target answered without a content type and no fallback_scrape_protocol is set';
  if (!MEDIA_TYPE.test(mediaType)) {
    return `the target answered with the malformed content type ${quoted(header)} and no fallback_scrape_protocol is set`;
  }
  return `the target answered ${mediaType}, which is no exposition format, and no fallback_scrape_protocol is set`;
}

function hintFor(mediaType: string): string {
  return mediaType === 'text/html'
    ? 'a web page and not metrics, often a login or a start page: check metrics_path, the port and the credentials'
    : 'make the target send text/plain; version=0.0.4, or set fallback_scrape_protocol: PrometheusText0.0.4';
}

/** Protobuf has text forms that nobody scrapes. */
function refuseOtherEncodings(header: string): void {
  const encoding = /;\s*encoding\s*=\s*"?([^";\s]+)/i.exec(header)?.[1];
  if (encoding === undefined || encoding.toLowerCase() === 'delimited') return;
  throw new DecodeError(
    `the target answered protobuf with encoding=${encoding}; only delimited is understood`,
    'ask for encoding=delimited in the Accept header',
  );
}
