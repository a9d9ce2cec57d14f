import { DecodeError } from '../../../lib/errors.ts';
import { Labels, quoted } from '../../../model/labels.ts';
import type { NativeHistogram } from '../../../model/native-histogram.ts';
import type { MetricType } from '../../series-rows.ts';
import { formatOf, parseExposition } from '../exposition/index.ts';
import {
  type ExpositionLimits,
  type ExpositionMetadata,
  type ExpositionSink,
  ownText,
  type SeriesDetails,
} from '../exposition/sink.ts';
import type { Grouping } from './pushgateway.ts';
import { createImportedSeries, type ImportedSeries } from './series-cache.ts';

/** What a group was last told of one series. */
export interface PushedSeries {
  readonly labels: Labels;
  readonly series: ImportedSeries;
  readonly value: number;
  /** Set for a native histogram; `value` is then of no meaning. */
  readonly histogram: NativeHistogram | undefined;
  readonly startMs: number | undefined;
}

/** A metric of a group: what one TYPE line covers. */
export interface PushedFamily {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  readonly unit: string;
  readonly series: readonly PushedSeries[];
}

export const PUSH_TIME = 'push_time_seconds';
export const PUSH_FAILURE_TIME = 'push_failure_time_seconds';

/**
 * Parses pushed metrics into families whose series have the labels of the group.
 *
 * Protobuf and OpenMetrics go by their content type, everything else is read as text, as the Pushgateway does.
 *
 * @throws DecodeError malformed bytes.
 */
export function parsePush(
  body: Uint8Array,
  contentType: string | undefined,
  grouping: Grouping,
  limits: ExpositionLimits,
): ParsedPush {
  const sink = new PushSink(grouping);
  const format = formatOf(contentType, 'text');
  // An empty body is a push of nothing, also where the format would want an end mark.
  if (body.byteLength > 0) parseExposition(body, contentType, sink, { limits, fallback: format });
  return { families: sink.families(), inconsistency: sink.inconsistency };
}

export interface ParsedPush {
  readonly families: readonly PushedFamily[];
  /** Why well-formed metrics cannot be taken all the same. */
  readonly inconsistency: DecodeError | undefined;
}

interface OpenFamily {
  type: MetricType;
  help: string;
  unit: string;
  readonly series: Map<string, PushedSeries>;
}

class PushSink implements ExpositionSink {
  inconsistency: DecodeError | undefined;
  readonly #grouping: Grouping;
  readonly #families = new Map<string, OpenFamily>();

  constructor(grouping: Grouping) {
    this.#grouping = grouping;
  }

  metadata(metric: string, facts: ExpositionMetadata): void {
    const family = this.#family(ownText(metric));
    if (facts.type !== undefined) family.type = facts.type;
    if (facts.help !== undefined) family.help = ownText(facts.help);
    if (facts.unit !== undefined) family.unit = ownText(facts.unit);
  }

  sample(_text: string, value: number, timeMs: number | undefined, details: SeriesDetails): void {
    this.#add(value, undefined, timeMs, details);
  }

  histogram(
    _text: string,
    histogram: NativeHistogram,
    timeMs: number | undefined,
    details: SeriesDetails,
  ): void {
    this.#add(Number.NaN, histogram, timeMs, details);
  }

  families(): PushedFamily[] {
    return [...this.#families]
      .filter(([name, { series }]) => series.size > 0 && name !== PUSH_TIME && name !== PUSH_FAILURE_TIME)
      .map(([name, family]) => ({ ...family, name, series: [...family.series.values()] }));
  }

  #add(
    value: number,
    histogram: NativeHistogram | undefined,
    timeMs: number | undefined,
    details: SeriesDetails,
  ): void {
    const pushed = details.labels();
    if (timeMs !== undefined) this.#refuse(`pushed metrics must not have times, ${pushed.metric} has one`);
    const labels = Labels.from([...pushed.entries(), ...this.#grouping.labels]);
    const { series } = this.#family(this.#familyOf(pushed.metric));
    // A histogram in both forms has a native one beside its classic series, under another name than these.
    if (series.has(labels.key)) this.#refuse(`${labels} was pushed twice, with the labels of the path`);
    const { startMs } = details;
    series.set(labels.key, { labels, series: createImportedSeries(labels), value, histogram, startMs });
  }

  #refuse(message: string): void {
    this.inconsistency ??= inconsistent(message);
  }

  #family(name: string): OpenFamily {
    let family = this.#families.get(name);
    if (family === undefined) {
      family = { type: '', help: '', unit: '', series: new Map() };
      this.#families.set(name, family);
    }
    return family;
  }

  #familyOf(metric: string): string {
    if (this.#families.has(metric)) return metric;
    for (const [suffix, types] of FAMILY_SUFFIXES) {
      if (!metric.endsWith(suffix)) continue;
      const name = metric.slice(0, -suffix.length);
      if (types.includes(this.#families.get(name)?.type ?? '')) return name;
    }
    return metric;
  }
}

/** What the names of a family's series may end with, by its type. */
const FAMILY_SUFFIXES: readonly (readonly [suffix: string, types: readonly MetricType[]])[] = [
  ['_bucket', ['histogram', 'gaugehistogram']],
  ['_count', ['histogram', 'summary']],
  ['_sum', ['histogram', 'summary']],
  ['_gcount', ['gaugehistogram']],
  ['_gsum', ['gaugehistogram']],
  ['_created', ['histogram', 'summary', 'counter']],
  ['_total', ['counter']],
  ['_info', ['info']],
];

export function inconsistent(message: string): DecodeError {
  return new DecodeError(
    `pushed metrics are invalid or inconsistent with existing metrics: ${message}`,
    'see "About metric inconsistencies" and "About timestamps" in the documentation of the Pushgateway',
  );
}

/** For messages. */
export function describeGrouping(grouping: Grouping): string {
  return `{${grouping.labels.map(([name, value]) => `${name}=${quoted(value)}`).join(', ')}}`;
}
