import type { Labels } from '../../model/labels.ts';
import type { NativeHistogram } from '../../model/native-histogram.ts';
import type { SeriesSamples } from '../../model/samples.ts';
import { bucketsOf, type QueryValue, type VectorSample } from '../../promql/index.ts';

/**
 * Query results in the JSON of Prometheus's HTTP API, in pieces, so that a large answer need not be one string and the event
 * loop can breathe between them.
 */
export function* resultJson(value: QueryValue): Generator<string> {
  yield `{"resultType":"${value.type}","result":`;
  if (value.type === 'scalar') yield `[${timeJson(value.timeMs)},"${valueText(value.value)}"]`;
  else if (value.type === 'string') yield `[${timeJson(value.timeMs)},${JSON.stringify(value.value)}]`;
  else if (value.type === 'vector') yield* listJson(value.samples, vectorSampleJson);
  else yield* listJson(value.series, seriesJson);
  yield '}';
}

function* listJson<T>(items: readonly T[], itemJson: (item: T) => string): Generator<string> {
  yield '[';
  for (let i = 0; i < items.length; i++) yield (i === 0 ? '' : ',') + itemJson(items[i]!);
  yield ']';
}

function vectorSampleJson({ labels, timeMs, value, histogram }: VectorSample): string {
  const metric = `{"metric":${labelsJson(labels)},`;
  return histogram === undefined
    ? `${metric}"value":[${timeJson(timeMs)},"${valueText(value)}"]}`
    : `${metric}"histogram":[${timeJson(timeMs)},${histogramJson(histogram)}]}`;
}

function seriesJson({ labels, timesMs, values, histograms }: SeriesSamples): string {
  const floats: string[] = [];
  const natives: string[] = [];
  for (let i = 0; i < timesMs.length; i++) {
    const histogram = histograms?.[i];
    const time = timeJson(timesMs[i]!);
    if (histogram === undefined) floats.push(`[${time},"${valueText(values[i]!)}"]`);
    else natives.push(`[${time},${histogramJson(histogram)}]`);
  }
  let json = `{"metric":${labelsJson(labels)}`;
  if (floats.length > 0) json += `,"values":[${floats.join(',')}]`;
  if (natives.length > 0) json += `,"histograms":[${natives.join(',')}]`;
  return `${json}}`;
}

export function labelsJson(labels: Labels): string {
  const parts: string[] = [];
  for (let i = 0; i < labels.size; i++) {
    parts.push(`${JSON.stringify(labels.names[i])}:${JSON.stringify(labels.values[i])}`);
  }
  return `{${parts.join(',')}}`;
}

/** Seconds, with three decimals unless they are whole. */
export function timeJson(ms: number): string {
  const rest = ((ms % 1000) + 1000) % 1000;
  if (rest === 0) return String(ms / 1000);
  const text = (Math.abs(ms) / 1000).toFixed(3);
  return ms < 0 ? `-${text}` : text;
}

/** A float as Go writes it: shortest form that reads back the same, an exponent of at least two digits beyond 1e-6 and 1e21. */
export function valueText(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return Object.is(value, -0) ? '-0' : String(value);
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const text = String(value);
  const exponentAt = text.indexOf('e');
  if (exponentAt < 0) return text;
  const digits = text.slice(exponentAt + 2);
  return digits.length >= 2 ? text : `${text.slice(0, exponentAt + 2)}0${digits}`;
}

/** Buckets as `[boundary rule, lower, upper, count]`; rule 0 is (a,b], 1 is [a,b), 2 is (a,b), 3 is [a,b]. */
function histogramJson(histogram: NativeHistogram): string {
  const buckets: string[] = [];
  for (const { lower, upper, isLowerInclusive, isUpperInclusive, count } of bucketsOf(histogram)) {
    if (count === 0) continue;
    const rule = isLowerInclusive ? (isUpperInclusive ? 3 : 1) : isUpperInclusive ? 0 : 2;
    buckets.push(`[${rule},"${valueText(lower)}","${valueText(upper)}","${valueText(count)}"]`);
  }
  const list = buckets.length === 0 ? '' : `,"buckets":[${buckets.join(',')}]`;
  return `{"count":"${valueText(histogram.count)}","sum":"${valueText(histogram.sum)}"${list}}`;
}
