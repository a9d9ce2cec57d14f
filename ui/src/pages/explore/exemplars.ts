import { parseValue } from './graph-data.ts';
import type { LabelSet, SeriesExemplars } from './prometheus.ts';

/** A sample that points to what caused it. */
export interface Exemplar {
  readonly key: string;
  readonly atMs: number;
  readonly value: number;
  /** Empty when it names none. */
  readonly traceId: string;
  readonly labels: LabelSet;
  readonly series: LabelSet;
}

/** Dots on one chart; of more, the highest of each stretch of time are kept. */
export const mostDots = 300;

const traceLabels = ['trace_id', 'traceID', 'traceId', 'TraceID'] as const;

export function exemplarsOf(found: readonly SeriesExemplars[]): Exemplar[] {
  return found.flatMap(({ seriesLabels, exemplars }) =>
    exemplars.map(({ labels, value, timestamp }): Exemplar => {
      const name = traceLabels.find((one) => labels[one] !== undefined);
      const traceId = name === undefined ? '' : labels[name]!;
      return {
        key: `${timestamp}/${value}/${traceId}`,
        atMs: timestamp * 1000,
        value: parseValue(value),
        traceId,
        labels,
        series: seriesLabels,
      };
    }),
  );
}

/** At most {@link mostDots}, the largest value of each stretch of time, in order of time. The same one from two queries counts once. */
export function thinned(exemplars: readonly Exemplar[], most = mostDots): readonly Exemplar[] {
  const once = new Map(exemplars.map((one) => [one.key, one]));
  const sorted = [...once.values()].sort((a, b) => a.atMs - b.atMs);
  if (sorted.length <= most) return sorted;
  const fromMs = sorted[0]!.atMs;
  const stretchMs = (sorted.at(-1)!.atMs - fromMs + 1) / most;
  const best = new Map<number, Exemplar>();
  for (const one of sorted) {
    const stretch = Math.floor((one.atMs - fromMs) / stretchMs);
    const known = best.get(stretch);
    if (known === undefined || one.value > known.value) best.set(stretch, one);
  }
  return [...best.values()];
}
