import { DecodeError } from '../../../lib/errors.ts';
import { Labels } from '../../../model/labels.ts';
import type { NativeHistogram } from '../../../model/native-histogram.ts';
import type { MetricType } from '../../series-rows.ts';
import type { PushGroup } from './push-groups.ts';
import type { PushedFamily, PushedSeries } from './push-parse.ts';
import { groupingOf } from './pushgateway.ts';
import { createImportedSeries } from './series-cache.ts';

const VERSION = 1;

/** Numbers that JSON has no form for are texts. */
type JsonNumber = number | 'NaN' | '+Inf' | '-Inf';

type JsonHistogram = {
  readonly [K in keyof NativeHistogram]: NativeHistogram[K] extends number
    ? JsonNumber
    : NativeHistogram[K] extends readonly number[]
      ? readonly JsonNumber[]
      : NativeHistogram[K];
};

interface JsonSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly value?: JsonNumber;
  readonly histogram?: JsonHistogram;
  readonly startMs?: number;
}

/** All groups as plain JSON. */
export interface PushSnapshot {
  readonly version: number;
  readonly groups: readonly {
    readonly labels: readonly (readonly [name: string, value: string])[];
    readonly pushTimeS: number;
    readonly failureTimeS: number;
    readonly families: readonly {
      readonly name: string;
      readonly type: MetricType;
      readonly help: string;
      readonly unit: string;
      readonly series: readonly JsonSeries[];
    }[];
  }[];
}

export function toSnapshot(groups: readonly PushGroup[]): PushSnapshot {
  return {
    version: VERSION,
    groups: groups.map(({ grouping, pushTimeS, failureTimeS, families }) => ({
      labels: grouping.labels,
      pushTimeS,
      failureTimeS,
      families: [...families.values()].map((family) => ({ ...family, series: family.series.map(toJson) })),
    })),
  };
}

function toJson({ labels, value, histogram, startMs }: PushedSeries): JsonSeries {
  const start = startMs === undefined ? {} : { startMs };
  if (histogram === undefined) return { labels: labels.toObject(), value: numberToJson(value), ...start };
  const entries = Object.entries(histogram).map(([key, part]) => [key, partToJson(part)]);
  return { labels: labels.toObject(), histogram: Object.fromEntries(entries) as JsonHistogram, ...start };
}

function partToJson(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(numberToJson);
  return typeof part === 'number' ? numberToJson(part) : part;
}

function numberToJson(value: number): JsonNumber {
  if (Number.isFinite(value)) return value;
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}

/** @throws DecodeError */
export function fromSnapshot(snapshot: unknown): PushGroup[] {
  const { version, groups } = record(snapshot, 'the snapshot');
  if (version !== VERSION) bad(`version ${String(version)}, expected ${VERSION}`);
  return list(groups, 'groups').map((item) => {
    const group = record(item, 'a group');
    const labels = list(group.labels, 'the labels of a group').map((pair): [string, string] => {
      const [name, value] = list(pair, 'a label');
      return [text(name, 'the name of a label'), text(value, 'the value of a label')];
    });
    const families = list(group.families, 'the families of a group').map(familyFrom);
    return {
      grouping: groupingOf(labels),
      pushTimeS: number(group.pushTimeS, 'pushTimeS'),
      failureTimeS: number(group.failureTimeS, 'failureTimeS'),
      families: new Map(families.map((family) => [family.name, family])),
    };
  });
}

function familyFrom(item: unknown): PushedFamily {
  const family = record(item, 'a family');
  return {
    name: text(family.name, 'the name of a family'),
    type: text(family.type, 'the type of a family') as MetricType,
    help: text(family.help, 'the help of a family'),
    unit: text(family.unit, 'the unit of a family'),
    series: list(family.series, 'the series of a family').map(seriesFrom),
  };
}

function seriesFrom(item: unknown): PushedSeries {
  const series = record(item, 'a series');
  const pairs = Object.entries(record(series.labels, 'the labels of a series'));
  const labels = Labels.from(pairs.map(([name, value]) => [name, text(value, 'the value of a label')]));
  if (labels.metric === '') bad('a series has no name');
  const histogram = series.histogram === undefined ? undefined : histogramFrom(series.histogram);
  const value = histogram === undefined ? number(series.value, 'the value of a series') : Number.NaN;
  const startMs = series.startMs === undefined ? undefined : number(series.startMs, 'startMs');
  return { labels, series: createImportedSeries(labels), value, histogram, startMs };
}

function histogramFrom(item: unknown): NativeHistogram {
  const json = record(item, 'a histogram');
  const scalar = (key: keyof NativeHistogram) => number(json[key], key);
  const numbers = (key: keyof NativeHistogram) => list(json[key], key).map((value) => number(value, key));
  const counterReset = text(json.counterReset, 'counterReset');
  return {
    schema: scalar('schema'),
    zeroThreshold: scalar('zeroThreshold'),
    zeroCount: scalar('zeroCount'),
    count: scalar('count'),
    sum: scalar('sum'),
    positiveIndexes: numbers('positiveIndexes'),
    positiveCounts: numbers('positiveCounts'),
    negativeIndexes: numbers('negativeIndexes'),
    negativeCounts: numbers('negativeCounts'),
    customBounds: numbers('customBounds'),
    counterReset: counterReset === 'gauge' ? 'gauge' : 'unknown',
  };
}

function record(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  return bad(`${what} is no object`);
}

function list(value: unknown, what: string): readonly unknown[] {
  return Array.isArray(value) ? value : bad(`${what}: no list`);
}

function text(value: unknown, what: string): string {
  return typeof value === 'string' ? value : bad(`${what} is no text`);
}

function number(value: unknown, what: string): number {
  if (typeof value === 'number') return value;
  if (value === 'NaN') return Number.NaN;
  if (value === '+Inf') return Number.POSITIVE_INFINITY;
  if (value === '-Inf') return Number.NEGATIVE_INFINITY;
  return bad(`${what} is no number`);
}

function bad(what: string): never {
  throw new DecodeError(`not a snapshot of pushed metrics: ${what}`);
}
