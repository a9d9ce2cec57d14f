import type { ScrapeConfig, ScrapeProtocol } from '../config/index.ts';

const MEDIA_TYPES: Readonly<Record<ScrapeProtocol, string>> = {
  PrometheusProto:
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
  'PrometheusText0.0.4': 'text/plain;version=0.0.4',
  'PrometheusText1.0.0': 'text/plain;version=1.0.0',
  'OpenMetricsText0.0.1': 'application/openmetrics-text;version=0.0.1',
  'OpenMetricsText1.0.0': 'application/openmetrics-text;version=1.0.0',
};
/** Formats that know more than one way to write names. */
const ESCAPING: ReadonlySet<ScrapeProtocol> = new Set(['PrometheusText1.0.0', 'OpenMetricsText1.0.0']);

/** What is asked for, most wanted first, and anything else at last. */
export function acceptHeader({
  protocols,
  nameEscaping,
}: Pick<ScrapeConfig, 'protocols' | 'nameEscaping'>): string {
  let weight = Object.keys(MEDIA_TYPES).length + 1;
  const parts = protocols.map((protocol) => {
    const escaping = ESCAPING.has(protocol) ? `;escaping=${nameEscaping}` : '';
    return `${MEDIA_TYPES[protocol]}${escaping};q=0.${weight--}`;
  });
  return [...parts, `*/*;q=0.${weight}`].join(',');
}
