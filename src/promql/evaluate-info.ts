import { Labels, METRIC_NAME } from '../model/labels.ts';
import type { SampleColumns } from '../model/samples.ts';
import { unwrapParens } from './analyze.ts';
import type { Call, Expr, Matcher, VectorSelector } from './ast.ts';
import { executionError } from './evaluate-budget.ts';
import { streamSelected } from './evaluate-instants.ts';

import { keeping } from './evaluate-labels.ts';
import { collector } from './evaluate-rows.ts';
import { atMs, durationMs, inOrder, lastMs } from './evaluate-select.ts';
import type { EvalScope, GridSeries } from './evaluate-types.ts';
import { VectorBuilder } from './evaluate-vectors.ts';
import { type CompiledMatcher, compileMatcher } from './matchers.ts';
import type { SelectedSeries, SelectRequest } from './source.ts';

/** The labels by which a series finds its info series. */
const IDENTIFYING: readonly string[] = ['instance', 'job'];
const IDENTIFYING_SET: ReadonlySet<string> = new Set(IDENTIFYING);
const DEFAULT_INFO_METRIC: Matcher = { name: METRIC_NAME, type: '=', value: 'target_info' };

/** What the second argument of `info` asks for. */
interface InfoWish {
  /** On the metric's name: which info metrics. */
  readonly names: readonly CompiledMatcher[];
  /** On other labels: which of them are added, and what they must be. */
  readonly data: ReadonlyMap<string, readonly CompiledMatcher[]>;
}

function wishOf(selector: VectorSelector | undefined): InfoWish {
  const names: CompiledMatcher[] = [];
  const data = new Map<string, CompiledMatcher[]>();
  for (const matcher of selector?.matchers ?? []) {
    const compiled = compileMatcher(matcher);
    if (matcher.name === METRIC_NAME) names.push(compiled);
    else data.set(matcher.name, [...(data.get(matcher.name) ?? []), compiled]);
  }
  return { names, data };
}

/** Evaluates `info(v, selector)`: adds the data labels of info series that have the same instance and job. */
export async function evaluateInfo(call: Call, scope: EvalScope): Promise<readonly GridSeries[]> {
  const { env, grid, plan } = scope;
  const value = await env.evaluate(unwrapParens(call.args[0]!), grid, plan);
  if (value.kind !== 'vector') throw new Error(`info of a ${value.kind}`);
  const selector = call.args[1] === undefined ? undefined : unwrapParens(call.args[1]);
  const wish = wishOf(selector?.kind === 'vector_selector' ? selector : undefined);
  const infoNames = selector === undefined ? [compileMatcher(DEFAULT_INFO_METRIC)] : wish.names;
  const isInfo = ({ labels }: GridSeries) =>
    infoNames.length > 0 && infoNames.every((matcher) => matcher.accepts(labels.metric));
  const plain = new Set(value.series.filter(isInfo));
  const enriched = value.series.filter((series) => !plain.has(series));
  const info = await selectInfo(call.args[0]!, { wish, enriched }, scope);
  return combine(value.series, { plain, info, wish }, scope);
}

async function selectInfo(
  base: Expr,
  { wish, enriched }: { readonly wish: InfoWish; readonly enriched: readonly GridSeries[] },
  scope: EvalScope,
): Promise<readonly GridSeries[]> {
  const { env } = scope;
  const identity: Matcher[] = [];
  for (const name of IDENTIFYING) {
    const values = new Set(enriched.map(({ labels }) => labels.get(name)).filter((text) => text !== ''));
    if (values.size > 0) identity.push({ name, type: '=~', value: [...values].map(quoteMeta).join('|') });
  }
  if (identity.length === 0) return [];
  const names: readonly Matcher[] = wish.names.length > 0 ? wish.names : [DEFAULT_INFO_METRIC];
  const request: SelectRequest = {
    ...infoTimes(base, scope),
    matchers: [...names, ...identity, ...[...wish.data.values()].flat()].map(({ name, type, value }) => ({
      name,
      type,
      value,
    })),
  };
  const { series, consume } = collector(scope);
  const selection = inOrder(await env.source.select(request, env.selectContext));
  const checked = selection.series.map((one) => ({ labels: one.labels, read: () => floatsOf(one) }));
  await streamSelected(checked, scope, consume, 'times');
  return series;
}

function floatsOf(series: SelectedSeries): SampleColumns {
  const columns = series.read();
  if (columns.histograms?.some((histogram) => histogram !== undefined) === true)
    throw executionError(`this should be an info metric, with float samples: ${series.labels}`);
  return columns;
}

/** The time in which info series are looked for is that of the first selector in the argument. */
function infoTimes(base: Expr, { env, grid }: EvalScope): Pick<SelectRequest, 'fromMs' | 'toMs'> {
  const selector = firstSelector(base);
  const offsetMs = durationMs(selector?.offset);
  const fixedMs = selector?.at === undefined ? undefined : atMs(selector.at, env.query);
  return {
    fromMs: (fixedMs ?? grid.startMs) - env.options.lookbackMs + 1 - offsetMs,
    toMs: (fixedMs ?? lastMs(grid)) - offsetMs,
  };
}

function firstSelector(node: Expr): VectorSelector | undefined {
  switch (node.kind) {
    case 'vector_selector':
      return node;
    case 'matrix_selector':
      return node.vector;
    case 'number':
    case 'string':
      return undefined;
    case 'binary':
      return firstSelector(node.left) ?? firstSelector(node.right);
    case 'call':
      for (const arg of node.args) {
        const found = firstSelector(arg);
        if (found !== undefined) return found;
      }
      return undefined;
    case 'aggregate':
      return firstSelector(node.expr) ?? (node.param === undefined ? undefined : firstSelector(node.param));
    default:
      return firstSelector(node.expr);
  }
}

function quoteMeta(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
}

function identityOf(labels: Labels): string {
  return keeping(labels, IDENTIFYING_SET).key;
}

interface InfoParts {
  /** Series that are info series themselves and stay as they are. */
  readonly plain: ReadonlySet<GridSeries>;
  /** Info series; their values are the samples' own times. */
  readonly info: readonly GridSeries[];
  readonly wish: InfoWish;
}

async function combine(
  base: readonly GridSeries[],
  parts: InfoParts,
  scope: EvalScope,
): Promise<readonly GridSeries[]> {
  const { env, grid } = scope;
  const builder = new VectorBuilder(scope);
  const names = [...new Set(parts.info.map(({ labels }) => labels.metric))];
  const identities = new Map([...base, ...parts.info].map((series) => [series, identityOf(series.labels)]));
  for (let i = 0; i < grid.steps; i++) {
    const newest = newestInfo(parts.info, identities, i);
    for (const series of base) {
      if (series.present[i] === 0) continue;
      const labels = parts.plain.has(series)
        ? series.labels
        : enrichedLabels(series.labels, found(names, newest, identities.get(series)!), parts.wish);
      if (labels === undefined) continue;
      const histogram = series.histograms?.[i];
      builder.put(i, { labels, dropsName: false, value: series.values[i]!, histogram });
    }
    if (env.budget.spend((base.length + parts.info.length) * 16)) await env.budget.pause();
  }
  return builder.finish();
}

/** For each info metric and identity the series with the newest sample. */
function newestInfo(
  info: readonly GridSeries[],
  identities: ReadonlyMap<GridSeries, string>,
  i: number,
): ReadonlyMap<string, GridSeries> {
  const newest = new Map<string, GridSeries>();
  for (const series of info) {
    if (series.present[i] === 0) continue;
    const key = infoKey(series.labels.metric, identities.get(series)!);
    const known = newest.get(key);
    if (known !== undefined && known.values[i] === series.values[i]) {
      const [knownMs, ms] = [known.values[i]! * 1000, series.values[i]! * 1000];
      throw executionError(
        `found duplicate series for info metric: existing ${known.labels} @ ${knownMs}, new ${series.labels} @ ${ms}`,
      );
    }
    if (known === undefined || known.values[i]! < series.values[i]!) newest.set(key, series);
  }
  return newest;
}

function infoKey(metric: string, identity: string): string {
  return `${metric.length}:${metric}${identity}`;
}

function found(
  names: readonly string[],
  newest: ReadonlyMap<string, GridSeries>,
  identity: string,
): readonly Labels[] {
  return names.flatMap((name) => newest.get(infoKey(name, identity))?.labels ?? []);
}

/** Undefined when the series is to be left out because labels were demanded and there is no info. */
function enrichedLabels(base: Labels, infos: readonly Labels[], wish: InfoWish): Labels | undefined {
  const added = new Map<string, string>();
  for (const info of infos) {
    for (const [name, value] of info.entries()) {
      if (name === METRIC_NAME || (wish.data.size > 0 && !wish.data.has(name))) continue;
      const known = added.get(name);
      if (known !== undefined && known !== value) throw executionError(`conflicting label: ${name}`);
      if (!base.has(name)) added.set(name, value);
    }
  }
  if (infos.length === 0) {
    for (const matchers of wish.data.values())
      if (!matchers.every((matcher) => matcher.accepts(''))) return undefined;
  }
  return added.size === 0 ? base : Labels.from([...base.entries(), ...added]);
}
