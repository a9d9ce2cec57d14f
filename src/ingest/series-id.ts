import { hash } from 'node:crypto';

/** One label of a series; `__name__` is kept apart. */
export type Label = readonly [name: string, value: string];

/**
 * The 64-bit id of a series: the first eight bytes, little-endian, of the SHA-256 of the metric name and the labels
 * sorted by name, each text written as `<UTF-16 length>:<text>`.
 *
 * The id is stored, so this must never change: the same series has the same id in every process, version and
 * protocol. A cryptographic hash, because label values come from outside and a chosen collision would mix two
 * series.
 */
export function seriesId(metric: string, sortedLabels: readonly Label[]): bigint {
  let text = `${metric.length}:${metric}`;
  for (const [name, value] of sortedLabels) text += `${name.length}:${name}${value.length}:${value}`;
  return hash64(text);
}

/** First eight bytes of a SHA-256, little-endian. */
export function hash64(text: string): bigint {
  return hash('sha256', text, 'buffer').readBigUInt64LE(0);
}

/** Sorts by name in place. Names are plain ASCII once sanitised, so UTF-16 order is byte order. */
export function sortLabels(labels: Label[]): Label[] {
  return labels.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
}
