import { BellwetherError } from '../../../lib/errors.ts';
import { compareText, METRIC_NAME } from '../../../model/labels.ts';
import type { Matcher } from '../../../promql/index.ts';
import { labelsJson } from '../result-json.ts';
import type { CatalogSeries, SeriesCatalog } from '../series-catalog.ts';
import { badParameter, limitParam, matcherParams, type ParseSelector, rangeParams } from './params.ts';
import type { ApiAnswer, ApiCall } from './service.ts';

interface SeriesParts {
  readonly catalog: SeriesCatalog;
  readonly parseSelector: ParseSelector;
  readonly maxSeries: number;
}

const CUT = 'results truncated due to limit';

/** `/api/v1/series`. */
export async function seriesList(parts: SeriesParts, call: ApiCall): Promise<ApiAnswer> {
  if (call.params.getAll('match[]').length === 0) throw noMatcher();
  const limit = limitParam(call.params);
  const found = await findSeries(parts, call);
  const sorted = found.map(({ labels }) => labels).sort((a, b) => a.compare(b));
  const shown = limit === 0 ? sorted : sorted.slice(0, limit);
  return {
    data: { pieces: jsonList(shown.map(labelsJson)) },
    warnings: shown.length < sorted.length ? [CUT] : [],
  };
}

/** In the words of Prometheus, which names the parameter only once here. */
function noMatcher(): BellwetherError {
  return new BellwetherError({ code: 'bad_data', status: 400, message: 'no match[] parameter provided' });
}

function* jsonList(items: readonly string[]): Generator<string> {
  yield '[';
  for (let i = 0; i < items.length; i++) yield (i === 0 ? '' : ',') + items[i]!;
  yield ']';
}

/** `/api/v1/labels`. */
export async function labelNames(parts: SeriesParts, call: ApiCall): Promise<ApiAnswer> {
  const names = new Set<string>();
  for (const { labels } of await findSeries(parts, call)) for (const name of labels.names) names.add(name);
  return textList(names, call);
}

/** `/api/v1/label/<name>/values`. */
export async function labelValues(parts: SeriesParts, call: ApiCall): Promise<ApiAnswer> {
  const name = unescapeName(call.path.name ?? '');
  if (name === '') throw badParameter('name', 'invalid label name: ""');
  const values = new Set<string>();
  for (const { labels } of await findSeries(parts, call, name)) {
    const value = labels.get(name);
    if (value !== '') values.add(value);
  }
  return textList(values, call);
}

/** Names with other characters travel as `U__` and hexadecimal code points between underscores. */
function unescapeName(name: string): string {
  if (!name.startsWith('U__')) return name;
  return name.slice(3).replace(/__|_([0-9A-Fa-f]{1,6})_/g, (whole, hex?: string) => {
    if (hex === undefined) return '_';
    const point = Number.parseInt(hex, 16);
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });
}

function textList(texts: Iterable<string>, { params }: ApiCall): ApiAnswer {
  const limit = limitParam(params);
  const sorted = [...texts].sort(compareText);
  const isCut = limit > 0 && sorted.length > limit;
  return { data: { json: isCut ? sorted.slice(0, limit) : sorted }, warnings: isCut ? [CUT] : [] };
}

/** Series that any of the selectors matches; all series when there is none. */
async function findSeries(
  parts: SeriesParts,
  { params, signal }: ApiCall,
  label?: string,
): Promise<CatalogSeries[]> {
  const range = rangeParams(params);
  const selectors = matcherParams(params, parts.parseSelector);
  const withLabel: Matcher[] =
    label === undefined || label === METRIC_NAME ? [] : [{ name: label, type: '!=', value: '' }];
  const found = new Map<bigint, CatalogSeries>();
  for (const matchers of selectors.length === 0 ? [[]] : selectors) {
    const search = { ...range, matchers: [...matchers, ...withLabel], limit: parts.maxSeries, signal };
    for (const series of await parts.catalog.find(search)) found.set(series.id, series);
  }
  return [...found.values()];
}
