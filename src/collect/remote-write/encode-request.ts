import { ProtoWriter } from '../../lib/proto-writer.ts';
import { snappyCompress } from '../../lib/snappy.ts';
import { writeSample } from '../../model/prometheus-messages.ts';
import { decodeExemplar, HISTOGRAM, type QueuedOther, type QueuedSeries, textsOf } from './queue-format.ts';
import type { RemoteMetadata } from './types.ts';

/** What is sent in one request, in the order of the queue. */
export interface RequestItem {
  readonly series: QueuedSeries;
  readonly timeMs: number;
  /** Words of the value of a sample. */
  readonly low: number;
  readonly high: number;
  /** Undefined for a sample. */
  readonly other: QueuedOther | undefined;
}

/** `MetricMetadata.MetricType` and `Metadata.MetricType`. */
const METRIC_TYPES = [
  'unknown',
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
];

const out = new ProtoWriter();

/**
 * `prometheus.WriteRequest` of remote write 1.0, compressed. Items of one series that follow one another share its labels.
 * https://prometheus.io/docs/specs/prw/remote_write_spec/
 */
export function encodeV1(items: readonly RequestItem[]): Uint8Array {
  out.clear();
  for (let i = 0; i < items.length; ) {
    const { series } = items[i]!;
    const message = out.open(1);
    out.append(series.labels);
    for (; i < items.length && items[i]!.series === series; i++) writeItemV1(items[i]!);
    out.close(message);
  }
  return snappyCompress(out.written());
}

function writeItemV1({ timeMs, low, high, other }: RequestItem): void {
  if (other === undefined) {
    const sample = out.open(2);
    writeSample(out, timeMs, low, high);
    out.close(sample);
  } else if (other.kind === HISTOGRAM) out.block(4, other.bytes);
  else {
    const { value, texts } = decodeExemplar(other.bytes);
    const exemplar = out.open(3);
    for (let i = 0; i < texts.length; i += 2) {
      const label = out.open(1);
      out.text(1, texts[i]!);
      out.text(2, texts[i + 1]!);
      out.close(label);
    }
    out.double(2, value);
    out.int64(3, timeMs);
    out.close(exemplar);
  }
}

/** Metadata by the name of the family. */
export type MetadataByMetric = ReadonlyMap<string, RemoteMetadata>;

/**
 * `io.prometheus.write.v2.Request` of remote write 2.0, compressed: every text once, with what is known of each series' metric.
 * https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/
 */
export function encodeV2(items: readonly RequestItem[], metadata: MetadataByMetric): Uint8Array {
  out.clear();
  // The empty text has to be the first.
  const symbols = new Map<string, number>([['', 0]]);
  const refOf = (text: string): number => {
    const known = symbols.get(text);
    if (known !== undefined) return known;
    symbols.set(text, symbols.size);
    return symbols.size - 1;
  };
  for (let i = 0; i < items.length; ) {
    const { series } = items[i]!;
    const texts = textsOf(series);
    const message = out.open(5);
    out.packedVarints(1, texts.map(refOf));
    for (; i < items.length && items[i]!.series === series; i++) writeItemV2(items[i]!, refOf);
    writeMetadataV2(metadataOf(texts, metadata), refOf);
    out.close(message);
  }
  // Symbols may stand behind what refers to them.
  for (const text of symbols.keys()) out.text(4, text);
  return snappyCompress(out.written());
}

function writeItemV2({ timeMs, low, high, other }: RequestItem, refOf: (text: string) => number): void {
  if (other === undefined) {
    const sample = out.open(2);
    writeSample(out, timeMs, low, high);
    out.close(sample);
  } else if (other.kind === HISTOGRAM) out.block(3, other.bytes);
  else {
    const { value, texts } = decodeExemplar(other.bytes);
    const exemplar = out.open(4);
    out.packedVarints(1, texts.map(refOf));
    out.double(2, value);
    out.int64(3, timeMs);
    out.close(exemplar);
  }
}

function metadataOf(texts: readonly string[], metadata: MetadataByMetric): RemoteMetadata | undefined {
  const metric = texts[texts.indexOf('__name__') + 1] ?? '';
  return metadata.get(metric) ?? metadata.get(metric.replace(/_(?:bucket|count|sum|total)$/, ''));
}

/** `Metadata { MetricType type = 1; uint32 help_ref = 3; uint32 unit_ref = 4 }` */
function writeMetadataV2(facts: RemoteMetadata | undefined, refOf: (text: string) => number): void {
  if (facts === undefined) return;
  const message = out.open(5);
  out.varint(1, typeNumber(facts));
  out.varint(3, refOf(facts.help));
  out.varint(4, refOf(facts.unit));
  out.close(message);
}

/** A request of 1.0 with nothing but `MetricMetadata { type = 1; metric_family_name = 2; help = 4; unit = 5 }`, compressed. */
export function encodeMetadata(list: readonly RemoteMetadata[]): Uint8Array {
  out.clear();
  for (const facts of list) {
    const message = out.open(3);
    out.varint(1, typeNumber(facts));
    out.text(2, facts.metric);
    out.text(4, facts.help);
    out.text(5, facts.unit);
    out.close(message);
  }
  return snappyCompress(out.written());
}

function typeNumber({ type }: RemoteMetadata): number {
  return Math.max(0, METRIC_TYPES.indexOf(type));
}
