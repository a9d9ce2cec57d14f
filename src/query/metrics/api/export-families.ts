import { compareText } from '../../../model/labels.ts';
import type { MetricMetadata } from './metadata.ts';

/** Metrics that OpenMetrics has under one name. */
export interface ExportFamily {
  readonly name: string;
  /** Of OpenMetrics. */
  readonly type: string;
  /** '' unless the name ends with it. */
  readonly unit: string;
  readonly help: string;
  /** Sorted. */
  readonly metrics: readonly string[];
}

/** How the metrics of a type are called besides the family's name; '' is the name itself. */
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: ['_total'],
  gauge: [''],
  unknown: [''],
  stateset: [''],
  histogram: ['_bucket', '_count', '_sum'],
  gaugehistogram: ['_bucket', '_gcount', '_gsum'],
  summary: ['', '_count', '_sum'],
  info: ['_info'],
};
const ENDINGS = [...new Set(Object.values(SUFFIXES).flat())];

/**
 * Puts metrics together to families, sorted by name. Metadata lies under the family's name when it came as OpenMetrics, and under that
 * of the metric (`x_total`) when it came as text; either is found. A metric that does not fit what is known is a family of its own
 * with unknown type: no name is given to two families.
 */
export function familiesOf(
  metrics: Iterable<string>,
  known: ReadonlyMap<string, MetricMetadata>,
): ExportFamily[] {
  const families = new Map<string, { facts: MetricMetadata; metrics: string[] }>();
  for (const metric of [...metrics].sort(compareText)) {
    const found = familyOf(metric, known);
    const family = families.get(found.name);
    if (family === undefined) families.set(found.name, { facts: found.facts, metrics: [metric] });
    else if (family.facts.type === found.facts.type) family.metrics.push(metric);
    else families.set(metric, { facts: { ...found.facts, type: 'unknown' }, metrics: [metric] });
  }
  return [...families]
    .map(([name, { facts, metrics: own }]) => ({
      name,
      type: facts.type,
      unit: facts.unit !== '' && name.endsWith(`_${facts.unit}`) ? facts.unit : '',
      help: facts.help,
      metrics: own,
    }))
    .sort((a, b) => compareText(a.name, b.name));
}

const NOTHING: MetricMetadata = { type: 'unknown', help: '', unit: '' };

function familyOf(
  metric: string,
  known: ReadonlyMap<string, MetricMetadata>,
): { name: string; facts: MetricMetadata } {
  for (const ending of ENDINGS) {
    const name = metric.slice(0, metric.length - ending.length);
    if (name === '' || name + ending !== metric) continue;
    // What is known of `x_total` says the same of the family `x`.
    const facts = known.get(name) ?? known.get(metric);
    if (facts !== undefined && SUFFIXES[facts.type]?.includes(ending) === true) return { name, facts };
  }
  const facts = known.get(metric);
  return { name: metric, facts: facts === undefined ? NOTHING : { ...facts, type: 'unknown' } };
}
