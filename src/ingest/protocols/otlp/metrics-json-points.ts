import { JsonAttributes, toAttributes } from './attributes.ts';
import {
  arrayMember,
  asObject,
  doubleOf,
  failJson,
  highHalf,
  idMember,
  integerOf,
  type JsonObject,
  lowHalf,
  member,
  objectMember,
  uint32Member,
  unsignedMember,
} from './json.ts';
import type { DenseBuckets } from './metrics-exponential.ts';
import { exemplarLabels, type LabelLimits } from './metrics-labels.ts';
import {
  type Exemplar,
  type ExponentialPoint,
  type HistogramPoint,
  msOfNs,
  type NumberPoint,
  type SummaryPoint,
} from './metrics-points.ts';

/** Data points from OTLP/JSON. Field names in the comments of metrics-wire-points.ts, in lowerCamelCase. */

export function numberPoint(json: JsonObject, limits: LabelLimits): NumberPoint {
  const value = doubleOrInteger(json);
  return { ...common(json, limits), hasValue: value !== undefined, value: value ?? 0 };
}

export function histogramPoint(json: JsonObject, limits: LabelLimits): HistogramPoint {
  return {
    ...common(json, limits),
    count: count(json, 'count', 'count'),
    sum: optionalDouble(json, 'sum'),
    bounds: arrayMember(json, 'explicitBounds', 'explicit_bounds').map((bound) =>
      doubleOf(bound, 'explicitBounds[]'),
    ),
    counts: counts(json),
  };
}

export function exponentialPoint(json: JsonObject, limits: LabelLimits): ExponentialPoint {
  return {
    ...common(json, limits),
    count: count(json, 'count', 'count'),
    sum: optionalDouble(json, 'sum'),
    scale: int32(json, 'scale'),
    zeroCount: count(json, 'zeroCount', 'zero_count'),
    zeroThreshold: optionalDouble(json, 'zeroThreshold', 'zero_threshold') ?? 0,
    positive: buckets(objectMember(json, 'positive')),
    negative: buckets(objectMember(json, 'negative')),
  };
}

export function summaryPoint(json: JsonObject, limits: LabelLimits): SummaryPoint {
  return {
    ...common(json, limits),
    count: count(json, 'count', 'count'),
    sum: optionalDouble(json, 'sum') ?? 0,
    quantiles: arrayMember(json, 'quantileValues', 'quantile_values').map((element) => {
      const pair = asObject(element, 'quantileValues[]');
      return { quantile: optionalDouble(pair, 'quantile') ?? 0, value: optionalDouble(pair, 'value') ?? 0 };
    }),
  };
}

function common(json: JsonObject, limits: LabelLimits) {
  return {
    startMs: time(json, 'startTimeUnixNano', 'start_time_unix_nano'),
    timeMs: time(json, 'timeUnixNano', 'time_unix_nano'),
    flags: uint32Member(json, 'flags'),
    exemplars: exemplars(json, limits),
  };
}

function exemplars(json: JsonObject, limits: LabelLimits): Exemplar[] {
  const found: Exemplar[] = [];
  for (const element of arrayMember(json, 'exemplars')) {
    const exemplar = asObject(element, 'exemplars[]');
    const lists = new JsonAttributes();
    lists.clear(limits);
    const list = lists.add(arrayMember(exemplar, 'filteredAttributes', 'filtered_attributes'));
    const value = doubleOrInteger(exemplar);
    const traceId = idMember(exemplar, 'traceId', 'trace_id', 16);
    const spanId = idMember(exemplar, 'spanId', 'span_id', 8);
    const timeMs = time(exemplar, 'timeUnixNano', 'time_unix_nano');
    if (value === undefined) continue;
    found.push({
      timeMs,
      value,
      traceId: traceId?.length === 16 ? traceId : undefined,
      spanId: spanId?.length === 8 ? spanId : undefined,
      labels: lists.isTooDeep ? [] : exemplarLabels(toAttributes(lists, list)),
    });
  }
  return found;
}

/** The value of a number point or exemplar; undefined when there is none. */
function doubleOrInteger(json: JsonObject): number | undefined {
  const double = member(json, 'asDouble', 'as_double');
  if (double !== undefined) return doubleOf(double, 'asDouble');
  const integer = member(json, 'asInt', 'as_int');
  return integer === undefined ? undefined : Number(integerOf(integer, 'asInt'));
}

function time(json: JsonObject, name: string, protoName: string): number {
  const ns = unsignedMember(json, name, protoName);
  return msOfNs(lowHalf(ns), highHalf(ns));
}

function count(json: JsonObject, name: string, protoName: string): number {
  return Number(unsignedMember(json, name, protoName));
}

function optionalDouble(json: JsonObject, name: string, protoName = name): number | undefined {
  const value = member(json, name, protoName);
  return value === undefined ? undefined : doubleOf(value, name);
}

function int32(json: JsonObject, name: string): number {
  const value = Number(integerOf(member(json, name) ?? 0, name));
  return (value | 0) === value ? value : failJson(name, 'an integer of 32 bits', member(json, name));
}

function buckets(json: JsonObject | undefined): DenseBuckets {
  if (json === undefined) return { offset: 0, counts: [] };
  return { offset: int32(json, 'offset'), counts: counts(json) };
}

function counts(json: JsonObject): number[] {
  return arrayMember(json, 'bucketCounts', 'bucket_counts').map((element) => {
    const value = Number(integerOf(element, 'bucketCounts[]'));
    return value >= 0 ? value : failJson('bucketCounts[]', 'an integer of at least 0', element);
  });
}
