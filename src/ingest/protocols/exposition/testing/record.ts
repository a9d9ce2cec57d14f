import { type ExpositionOptions, parseExposition } from '../index.ts';
import type { ExpositionSink } from '../sink.ts';

/** What a sink was told, one entry per call, readable in a test. */
export type Told = readonly unknown[];

export interface Recorded {
  readonly told: Told[];
  /** Texts of the series in order. */
  readonly texts: string[];
}

export const TEXT = 'text/plain; version=0.0.4';
export const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
export const PROTOBUF =
  'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited';

/** Parses a page and writes down everything the sink is told. */
export function record(
  body: string | Uint8Array,
  contentType: string | undefined,
  options?: ExpositionOptions,
): Recorded {
  const told: Told[] = [];
  const texts: string[] = [];
  const sink: ExpositionSink = {
    metadata: (metric, facts) => told.push(['metadata', metric, facts]),
    sample: (text, value, timeMs, details) => {
      texts.push(text);
      told.push(['sample', details.labels().toString(), value, ...rest(timeMs, details)]);
    },
    histogram: (text, histogram, timeMs, details) => {
      texts.push(text);
      told.push(['histogram', details.labels().toString(), histogram, ...rest(timeMs, details)]);
    },
  };
  parseExposition(typeof body === 'string' ? Buffer.from(body) : body, contentType, sink, options);
  return { told, texts };
}

type Details = Parameters<ExpositionSink['sample']>[3];

/** Only what is there: the time, then start, exemplars and empty labels as one object. */
function rest(timeMs: number | undefined, details: Details): unknown[] {
  const extra: Record<string, unknown> = {};
  if (details.startMs !== undefined) extra.startMs = details.startMs;
  if (details.emptyLabels().length > 0) extra.empty = details.emptyLabels();
  if (details.exemplars.length > 0) {
    extra.exemplars = details.exemplars.map(({ labels, value, timeMs }) => [
      labels.toString(),
      value,
      timeMs,
    ]);
  }
  const hasExtra = Object.keys(extra).length > 0;
  if (timeMs === undefined) return hasExtra ? [extra] : [];
  return hasExtra ? [timeMs, extra] : [timeMs];
}

/** Only the samples, as `labels value [time]`. */
export function samplesOf({ told }: Recorded): string[] {
  return told.filter(([kind]) => kind === 'sample').map(([, ...parts]) => parts.join(' '));
}
