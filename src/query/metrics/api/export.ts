import { METRIC_NAME } from '../../../model/labels.ts';
import { isStale, type SampleColumns, wordsOf } from '../../../model/samples.ts';
import { goNumber, type Matcher, type SampleSource } from '../../../promql/index.ts';
import { timeJson } from '../result-json.ts';
import type { SeriesCatalog } from '../series-catalog.ts';
import { type ExportFamily, familiesOf } from './export-families.ts';
import type { MetadataReader } from './metadata.ts';
import { badParameter, matcherParams, type ParseSelector, timeParam } from './params.ts';
import { type RawAnswer, type RawCall, type RawLimits, SelectBudget } from './raw-answer.ts';
import { escapeValue, metricText, seriesText } from './text-format.ts';

export interface ExportParts {
  readonly source: SampleSource;
  readonly catalog: Pick<SeriesCatalog, 'find'>;
  readonly metadata: Pick<MetadataReader, 'read'>;
  readonly parseSelector: ParseSelector;
  /** `maxSeries` holds for the whole export, `maxSamples` for one metric, which is what is in memory at a time. */
  readonly limits: RawLimits;
}

/** `/api/v1/export`: `match[]`, `start` and `end`, both inclusive. */
export type ExportRange = (params: URLSearchParams, call: RawCall) => Promise<RawAnswer>;

const MAX_METADATA = 100_000;
/** Text that is handed over at once. */
const PIECE_LENGTH = 64 * 1024;
/** Without `start` everything is exported. */
const FIRST_MS = 0;

/**
 * OpenMetrics of a range of time: each family with type, unit and help, then its series one after the other, each with all its samples
 * in order and their times. The form is what `promtool tsdb create-blocks-from openmetrics` and our own import read; within a family
 * with several series per point (histograms) it is laxer than the specification, which wants the points together.
 *
 * Left out, because the format has no form for them: staleness markers and native histograms. When something fails on the way the
 * answer breaks off without `# EOF`, so that nobody takes a part for the whole.
 */
export function createExportRange(parts: ExportParts): ExportRange {
  return async (params, { nowMs, signal }) => {
    const selectors = matcherParams(params, parts.parseSelector);
    if (selectors.length === 0) throw badParameter('match[]', 'no match[] parameter provided');
    const fromMs = timeParam(params, 'start', FIRST_MS);
    const toMs = timeParam(params, 'end', nowMs);
    if (toMs < fromMs) throw badParameter('end', 'end timestamp must not be before start time');
    const range = { fromMs, toMs, signal };
    const families = familiesOf(await metricsOf(parts, selectors, range), await typesOf(parts));
    return {
      status: 200,
      headers: {
        'Content-Type': 'application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8',
      },
      pieces: pagesOf(parts, { families, selectors, ...range }),
    };
  };
}

interface Range {
  readonly fromMs: number;
  readonly toMs: number;
  readonly signal: AbortSignal;
}

async function metricsOf(
  { catalog, limits }: ExportParts,
  selectors: readonly (readonly Matcher[])[],
  range: Range,
): Promise<Set<string>> {
  const metrics = new Set<string>();
  for (const matchers of selectors) {
    const found = await catalog.find({ matchers, ...range, limit: limits.maxSeries });
    for (const { labels } of found) if (labels.metric !== '') metrics.add(labels.metric);
  }
  return metrics;
}

async function typesOf({ metadata }: ExportParts) {
  const known = await metadata.read({ metric: undefined, limit: MAX_METADATA, perMetric: 1 });
  return new Map(
    [...known].flatMap(([metric, [facts]]) => (facts === undefined ? [] : [[metric, facts] as const])),
  );
}

interface Pages extends Range {
  readonly families: readonly ExportFamily[];
  readonly selectors: readonly (readonly Matcher[])[];
}

async function* pagesOf(
  parts: ExportParts,
  { families, selectors, ...range }: Pages,
): AsyncGenerator<string> {
  for (const family of families) {
    let head = headOf(family);
    for (const metric of family.metrics) {
      for await (const piece of samplesOf(parts, metric, selectors, range)) {
        yield head + piece;
        head = '';
      }
    }
  }
  yield '# EOF\n';
}

function headOf({ name, type, unit, help }: ExportFamily): string {
  const metric = metricText(name, 'allow-utf-8');
  const lines = [`# TYPE ${metric} ${type}`];
  if (unit !== '') lines.push(`# UNIT ${metric} ${unit}`);
  if (help !== '') lines.push(`# HELP ${metric} ${escapeValue(help)}`);
  return `${lines.join('\n')}\n`;
}

/** The samples of one metric; a series that several selectors match comes once. */
async function* samplesOf(
  { source, limits }: ExportParts,
  metric: string,
  selectors: readonly (readonly Matcher[])[],
  { fromMs, toMs, signal }: Range,
): AsyncGenerator<string> {
  const named: Matcher = { name: METRIC_NAME, type: '=', value: metric };
  const budget = new SelectBudget(limits, signal);
  const seen = new Set<string>();
  try {
    for (const matchers of selectors) {
      const request = { matchers: [...matchers, named], fromMs, toMs };
      const { series } = await source.select(request, budget.context);
      const fresh = series.filter(({ labels }) => !seen.has(labels.key));
      fresh.sort((a, b) => a.labels.compare(b.labels));
      for (const { labels } of fresh) seen.add(labels.key);
      for (const one of fresh) yield* linesOf(seriesText(one.labels, 'allow-utf-8'), one.read());
    }
  } finally {
    budget.release();
  }
}

/** All text is made before any is handed over: the columns' memory is used again. */
function linesOf(series: string, { timesMs, values, histograms }: SampleColumns): string[] {
  const words = wordsOf(values);
  const pieces: string[] = [];
  let text = '';
  for (let i = 0; i < timesMs.length; i++) {
    if (histograms?.[i] !== undefined || isStale(words, i)) continue;
    text += `${series} ${goNumber(values[i]!)} ${timeJson(timesMs[i]!)}\n`;
    if (text.length < PIECE_LENGTH) continue;
    pieces.push(text);
    text = '';
  }
  if (text !== '') pieces.push(text);
  return pieces;
}
