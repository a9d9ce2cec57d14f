import { describe, expect, it } from 'vitest';
import type { PlotBox } from '../../components/time-series/index.ts';
import { placeOf } from './exemplar-views.tsx';
import { exemplarsOf, thinned } from './exemplars.ts';
import type { SeriesExemplars } from './prometheus.ts';

const found: SeriesExemplars[] = [
  {
    seriesLabels: { __name__: 'x_bucket' },
    exemplars: [
      { labels: { traceID: 'abc', span_id: '1' }, value: '0.5', timestamp: 10.5 },
      { labels: {}, value: '+Inf', timestamp: 11 },
    ],
  },
];

describe('exemplars', () => {
  it('carry their trace, whatever it is called', () => {
    expect(exemplarsOf(found)).toMatchObject([
      { atMs: 10_500, value: 0.5, traceId: 'abc' },
      { atMs: 11_000, value: Number.POSITIVE_INFINITY, traceId: '' },
    ]);
  });

  it('are shown once when two queries name them, and the highest of each stretch when there are many', () => {
    const one = exemplarsOf(found);
    expect(thinned([...one, ...one])).toHaveLength(2);
    const many = Array.from({ length: 100 }, (_, at) => ({
      ...one[0]!,
      key: `${at}`,
      atMs: at,
      value: at % 10,
    }));
    const kept = thinned(many, 10);
    expect(kept).toHaveLength(10);
    expect(kept.every(({ value }) => value === 9)).toBe(true);
  });

  it('stand at their value, or at the edge of the plot', () => {
    const plot: PlotBox = {
      ...{ leftPx: 10, topPx: 20, widthPx: 100, heightPx: 50 },
      ...{ fromMs: 0, toMs: 1000, low: 0, high: 2 },
    };
    expect(placeOf({ atMs: 500, value: 1 }, plot)).toEqual({ left: 60, top: 45, isOutside: false });
    expect(placeOf({ atMs: 0, value: 9 }, plot)).toEqual({ left: 10, top: 20, isOutside: true });
    expect(placeOf({ atMs: 0, value: Number.NaN }, plot).isOutside).toBe(true);
  });
});
