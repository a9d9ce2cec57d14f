import { createOutcome } from '../../outcome.ts';
import type { DecodeContext, DecodeOutcome, Decoder } from '../../types.ts';
import { JsonAttributes, toAttributes } from './attributes.ts';
import {
  arrayMember,
  asObject,
  enumMember,
  enumNames,
  failJson,
  type JsonObject,
  objectMember,
  parseJsonRequest,
  stringMember,
} from './json.ts';
import { exponentialPoint, histogramPoint, numberPoint, summaryPoint } from './metrics-json-points.ts';
import { isRefusal, labelLimits, type OrRefusal, pointLabels } from './metrics-labels.ts';
import { MetricRows } from './metrics-rows.ts';
import { createPointSeries, type PointSeries } from './metrics-series.ts';
import {
  type FamilyContext,
  JSON_SPACE,
  type KeyRange,
  type ResourceContext,
  type Translations,
  translationsFor,
} from './metrics-translations.ts';
import { MetricWriter } from './metrics-write.ts';
import type { MetricKind } from './prometheus-names.ts';
import { ScopeRun } from './scope-run.ts';
import { streamResolver } from './streams.ts';

const TEMPORALITIES = enumNames('AGGREGATION_TEMPORALITY_', ['UNSPECIFIED', 'DELTA', 'CUMULATIVE']);

/**
 * Decodes ExportMetricsServiceRequest from OTLP/JSON, by the same rules as from protobuf.
 *
 * Spec: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export const decodeMetricsJson: Decoder = (body, context) => {
  const outcome = createOutcome();
  const rows = new MetricRows(context);
  const request = parseJsonRequest(body);
  for (const [r, groupValue] of arrayMember(request, 'resourceMetrics', 'resource_metrics').entries()) {
    const group = asObject(groupValue, `resourceMetrics[${r}]`);
    for (const [s, scopeValue] of arrayMember(group, 'scopeMetrics', 'scope_metrics').entries()) {
      const scope = asObject(scopeValue, `resourceMetrics[${r}].scopeMetrics[${s}]`);
      decodeScope({ group, scope, rows, context, outcome });
    }
  }
  rows.finish();
  return outcome;
};

interface ScopeInput {
  readonly group: JsonObject;
  readonly scope: JsonObject;
  readonly rows: MetricRows;
  readonly context: DecodeContext;
  readonly outcome: DecodeOutcome;
}

function decodeScope({ group, scope, rows, context, outcome }: ScopeInput): void {
  const stream = streamResolver.fromJson(group, scope, context);
  const { scopeName, scopeVersion } = stream.origin;
  const translations = translationsFor(context);
  const resource = translations.resource(JSON_SPACE, keyOf(stream.resource), stream);
  const scopeInfo = translations.scope(resource, keyOf([stream.scope, scopeName, scopeVersion]), stream);
  const run = new ScopeRun(context, outcome, stream, 'metrics');
  const writer = new MetricWriter(run, rows);
  for (const [m, value] of arrayMember(scope, 'metrics').entries()) {
    decodeMetric(asObject(value, `metrics[${m}]`), { run, writer, translations, resource });
  }
  writer.tell(resource, scopeInfo);
}

interface ScopeState {
  readonly run: ScopeRun;
  readonly writer: MetricWriter;
  readonly translations: Translations;
  readonly resource: ResourceContext;
}

function decodeMetric(metric: JsonObject, scope: ScopeState): void {
  const found = dataOf(metric);
  if (found === undefined) return;
  const { kind, data } = found;
  const temporality = enumMember(data, 'aggregationTemporality', 'aggregation_temporality', TEMPORALITIES);
  const header = {
    name: stringMember(metric, 'name'),
    unit: stringMember(metric, 'unit'),
    description: stringMember(metric, 'description'),
    kind,
    temporality,
  };
  const family = scope.translations.family(scope.resource, keyOf(header), () => header);
  for (const [p, value] of arrayMember(data, 'dataPoints', 'data_points').entries()) {
    const point = asObject(value, `dataPoints[${p}]`);
    if (!scope.run.refusesNext()) decodePoint(point, family, scope);
  }
}

function decodePoint(
  point: JsonObject,
  context: FamilyContext,
  { run, writer, translations }: ScopeState,
): void {
  const { family } = context;
  const limits = labelLimits(run.context.limits);
  const attributes = new JsonAttributes();
  attributes.clear(limits);
  const list = attributes.add(arrayMember(point, 'attributes'));
  const series = seriesOf(context, attributes, translations);
  if (family.kind === 'histogram') writer.histogram(family, series, histogramPoint(point, limits));
  else if (family.kind === 'exponential_histogram') {
    writer.exponential(family, series, exponentialPoint(point, limits));
  } else if (family.kind === 'summary') writer.summary(family, series, summaryPoint(point, limits));
  else {
    const isObserved = run.observer !== undefined && !isRefusal(series);
    const observed = isObserved ? toAttributes(attributes, list) : undefined;
    writer.number(family, series, numberPoint(point, limits), observed);
  }
}

/** @param attributes list 0 has the point's attributes. */
function seriesOf(
  context: FamilyContext,
  attributes: JsonAttributes,
  translations: Translations,
): OrRefusal<PointSeries> {
  const isWhole = !attributes.isTooDeep && attributes.cutCount === 0 && attributes.dropped(0) === 0;
  const labels = () => pointLabels(context.resource.labels, attributes, 0);
  // What was cut cannot be told apart by its text, and is refused anyway.
  if (!isWhole) return createPointSeries(context.family, labels());
  const texts: string[] = [attributes.types(0)];
  for (let i = 0; i < attributes.count(0); i++) texts.push(attributes.key(0, i), attributes.text(0, i));
  const key = keyOf(texts);
  const known = translations.points.get(context.space, key.source, key.start, key.end);
  if (known !== undefined) return known;
  const made = createPointSeries(context.family, labels());
  translations.points.set(context.space, key.source, key.start, key.end, made);
  return made;
}

const DATA: readonly (readonly [name: string, protoName: string, kind: MetricKind])[] = [
  ['gauge', 'gauge', 'gauge'],
  ['sum', 'sum', 'counter'],
  ['histogram', 'histogram', 'histogram'],
  ['exponentialHistogram', 'exponential_histogram', 'exponential_histogram'],
  ['summary', 'summary', 'summary'],
];

function dataOf(metric: JsonObject): { kind: MetricKind; data: JsonObject } | undefined {
  for (const [name, protoName, kind] of DATA) {
    const data = objectMember(metric, name, protoName);
    if (data === undefined) continue;
    return { kind: kind === 'counter' && !isMonotonic(data) ? 'up_down_counter' : kind, data };
  }
  return undefined;
}

function isMonotonic(sum: JsonObject): boolean {
  const value = sum.isMonotonic ?? sum.is_monotonic ?? false;
  return typeof value === 'boolean' ? value : failJson('isMonotonic', 'true or false', value);
}

/** Flat data as a cache key. Never the parsed request itself, which may be nested deeper than can be written. */
function keyOf(value: object): KeyRange {
  const text = Buffer.from(JSON.stringify(value));
  const bytes = new Uint8Array(text.buffer, text.byteOffset, text.byteLength);
  const view = new DataView(text.buffer, text.byteOffset, text.byteLength);
  return { source: { bytes, view }, start: 0, end: bytes.length };
}
