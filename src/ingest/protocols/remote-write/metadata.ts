import { MAX_NAME_LENGTH } from '../../outcome.ts';
import type { MetricFacts, MetricType } from '../../series-rows.ts';
import { cutText, cutToBytes } from '../../text.ts';
import { type OrRefusal, refused } from './labels.ts';

/** `MetricMetadata.MetricType` of 1.0 and `Metadata.MetricType` of 2.0. */
const METRIC_TYPES: readonly MetricType[] = [
  ...(['unknown', 'counter', 'gauge', 'histogram', 'gaugehistogram', 'summary', 'info', 'stateset'] as const),
];
/** Longest help text, bytes; longer ones are cut. */
const MAX_HELP_BYTES = 16_384;
/** Longest name of a family, bytes. */
const MAX_FAMILY_BYTES = 4096;

/** What a request says of a family, within the bounds of the columns. */
export function familyFacts(name: string, type: number, unit: string, help: string): OrRefusal<MetricFacts> {
  if (name === '' || name.includes('\ufffd') || Buffer.byteLength(name) > MAX_FAMILY_BYTES) {
    return refused('bad_metadata', 'the name of a metric family is empty, too long or not UTF-8');
  }
  return {
    metric: name,
    type: METRIC_TYPES[type] ?? 'unknown',
    unit: cutText(unit, MAX_NAME_LENGTH),
    help: cutToBytes(help, MAX_HELP_BYTES),
  };
}

const PARTS: Partial<Record<MetricType, RegExp>> = {
  histogram: /_(?:bucket|count|sum)$/,
  gaugehistogram: /_(?:bucket|gcount|gsum|count|sum)$/,
  summary: /_(?:count|sum)$/,
};

/** The family that a series with this name and type belongs to: 2.0 describes each series, and metadata is kept by family. */
export function familyOf(metric: string, type: number): string {
  const pattern = PARTS[METRIC_TYPES[type] ?? 'unknown'];
  return pattern === undefined ? metric : metric.replace(pattern, '') || metric;
}
