import { BellwetherError } from '../../../lib/errors.ts';
import { compareText, type Labels, METRIC_NAME } from '../../../model/labels.ts';
import { isStale, wordsOf } from '../../../model/samples.ts';
import { goNumber, type SampleSource } from '../../../promql/index.ts';
import type { MetadataReader } from './metadata.ts';
import { matcherParams, type ParseSelector } from './params.ts';
import { type RawAnswer, type RawCall, type RawLimits, SelectBudget } from './raw-answer.ts';
import { ESCAPING_SCHEMES, type EscapingScheme, metricText, seriesText } from './text-format.ts';

export interface FederateParts {
  readonly source: SampleSource;
  readonly metadata: Pick<MetadataReader, 'read'>;
  readonly parseSelector: ParseSelector;
  /** How far back the newest sample may lie, milliseconds. */
  readonly lookbackMs: number;
  /** Added to series that do not have them. */
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly limits: RawLimits;
}

/** `/federate`: parameters `match[]`, each a selector. @throws BellwetherError `bad_data`, and what the source throws. */
export type Federate = (params: URLSearchParams, call: RawCall) => Promise<RawAnswer>;

interface Newest {
  readonly labels: Labels;
  readonly timeMs: number;
  readonly value: number;
}

const MAX_METADATA = 100_000;
/** Types that a metric has alone. Parts of histograms and summaries are untyped: their families may come incomplete. */
const PLAIN_TYPES: ReadonlySet<string> = new Set(['counter', 'gauge']);

/**
 * The newest sample of each selected series that is not stale, as Prometheus's text format with timestamps, so that another Prometheus
 * can scrape it (`honor_labels: true`). Series without `instance` say so with an empty one, which keeps the scraper from adding its own.
 * Native histograms have no form in this format; a comment at the end tells how many there are.
 */
export function createFederate(parts: FederateParts): Federate {
  return async (params, call) => {
    const scheme = schemeOf(call.accept);
    const { newest, histograms } = await readNewest(parts, params, call);
    newest.sort(byMetric);
    const known = newest.length === 0 ? new Map() : await readTypes(parts);
    const version = scheme === 'allow-utf-8' ? '1.0.0' : '0.0.4';
    const type = `text/plain; version=${version}; charset=utf-8; escaping=${scheme}`;
    return {
      status: 200,
      headers: { 'Content-Type': type },
      pieces: textOf(newest, { types: known, histograms, scheme, external: externalOf(parts) }),
    };
  };
}

async function readNewest(
  { source, parseSelector, lookbackMs, limits }: FederateParts,
  params: URLSearchParams,
  { nowMs, signal }: RawCall,
): Promise<{ newest: Newest[]; histograms: number }> {
  const newest: Newest[] = [];
  const seen = new Set<string>();
  let histograms = 0;
  for (const matchers of matcherParams(params, parseSelector)) {
    const budget = new SelectBudget(limits, signal);
    try {
      const request = { matchers, fromMs: nowMs - lookbackMs, toMs: nowMs, newestOnly: true };
      for (const series of (await source.select(request, budget.context)).series) {
        if (seen.has(series.labels.key)) continue;
        seen.add(series.labels.key);
        const { timesMs, values, histograms: natives } = series.read();
        const last = timesMs.length - 1;
        if (last < 0) continue;
        if (natives?.[last] !== undefined) histograms++;
        else if (!isStale(wordsOf(values), last) && series.labels.metric !== '') {
          newest.push({ labels: series.labels, timeMs: timesMs[last]!, value: values[last]! });
        }
      }
    } finally {
      budget.release();
    }
  }
  return { newest, histograms };
}

function byMetric(a: Newest, b: Newest): number {
  return compareText(a.labels.metric, b.labels.metric) || a.labels.compare(b.labels);
}

async function readTypes({ metadata }: FederateParts): Promise<Map<string, string>> {
  try {
    const known = await metadata.read({ metric: undefined, limit: MAX_METADATA, perMetric: 1 });
    return new Map([...known].map(([metric, list]) => [metric, list[0]?.type ?? '']));
  } catch (error) {
    // Samples come from memory, so a store that is down costs the types only.
    if (error instanceof BellwetherError && error.code === 'storage_unavailable') return new Map();
    throw error;
  }
}

function externalOf({ externalLabels }: FederateParts): [string, string][] {
  return Object.entries({ instance: '', ...externalLabels })
    .filter(([name]) => name !== METRIC_NAME)
    .sort(([a], [b]) => compareText(a, b));
}

interface TextParts {
  readonly types: ReadonlyMap<string, string>;
  readonly histograms: number;
  readonly scheme: EscapingScheme;
  readonly external: readonly (readonly [string, string])[];
}

function* textOf(newest: readonly Newest[], parts: TextParts): Generator<string> {
  const { types, histograms, scheme, external } = parts;
  let metric: string | undefined;
  for (const { labels, timeMs, value } of newest) {
    if (labels.metric !== metric) {
      metric = labels.metric;
      const type = types.get(metric) ?? '';
      yield `# TYPE ${metricText(metric, scheme)} ${PLAIN_TYPES.has(type) ? type : 'untyped'}\n`;
    }
    const missing = external.filter(([name]) => !labels.has(name));
    yield `${seriesText(labels, scheme, missing)} ${goNumber(value)} ${timeMs}\n`;
  }
  if (histograms > 0)
    yield `# ${histograms} series with native histograms are left out: this format has no form for them.\n`;
}

/**
 * The escaping scheme of the first range of `Accept` that is the text format and names one it knows. UTF-8 names need version 1.0.0;
 * everybody else gets underscores.
 */
function schemeOf(accept: string | undefined): EscapingScheme {
  const ranges = (accept ?? '')
    .split(',')
    .map((range) => range.split(';').map((part) => part.trim()))
    .filter(([type]) => type === 'text/plain' || type === 'text/*' || type === '*/*');
  for (const range of ranges) {
    const named = ESCAPING_SCHEMES.find((scheme) => range.includes(`escaping=${scheme}`));
    if (named === 'allow-utf-8' && !range.includes('version=1.0.0')) continue;
    if (named !== undefined) return named;
  }
  return 'underscores';
}
