import { expect, test } from 'vitest';
import { Labels } from '../model/labels.ts';
import { createSeriesLimits } from './cardinality.ts';
import { createContext, NOW_MS, rowsOf } from './protocols/otlp/metrics-test-kit.ts';
import { MemoryStreamRegistry } from './registry.ts';
import { createSeriesRef, SeriesRows } from './series-rows.ts';

const DAY_MS = 86_400_000;
const ref = (labels: Record<string, string>) => createSeriesRef(Labels.fromObject(labels));
const up = { __name__: 'up', job: 'node' };

test('the row of a series is written once a day, for samples and for histograms', () => {
  const context = createContext();
  const rows = new SeriesRows(context);
  const series = ref(up);
  const empty = { schema: 0, zeroThreshold: 0, zeroCount: 0, count: 0, sum: 0 };
  const buckets = {
    positiveIndexes: [],
    positiveCounts: [],
    negativeIndexes: [],
    negativeCounts: [],
    customBounds: [],
  };
  for (const timeMs of [NOW_MS, NOW_MS + 1, NOW_MS + DAY_MS, NOW_MS + DAY_MS + 1]) {
    expect(rows.sample(series, timeMs, 1)).toBe(true);
    expect(rows.histogram(series, timeMs, 0, { ...empty, ...buckets, counterReset: 'unknown' })).toBe(true);
  }
  expect(rows.staleHistogram(series, NOW_MS + 2)).toBe(true);
  expect(rows.stale(series, NOW_MS + 2)).toBe(true);
  const written = rowsOf(context.batch, 'metric_series').map(({ storage }) => storage);
  // The end of the list goes back a day, which the registry does not remember.
  expect(written).toEqual(['cumulative', 'native', 'cumulative', 'native', 'native', 'cumulative']);
  expect(context.batch.metric_samples.ts.length).toBe(5);
  for (const column of Object.values(context.batch.metric_histograms)) expect(column.length).toBe(5);
});

test('a series remembered for one registry is asked for in another, and again after a rollback or reset', () => {
  const series = ref(up);
  const written = (streams: MemoryStreamRegistry) => {
    const context = createContext({ streams });
    new SeriesRows(context).sample(series, NOW_MS, 1);
    return context.batch.metric_series.metric.length;
  };
  const streams = new MemoryStreamRegistry();
  streams.mark();
  expect(written(streams)).toBe(1);
  expect(written(streams)).toBe(0);
  expect(written(new MemoryStreamRegistry())).toBe(1);
  expect(written(streams)).toBe(0);
  streams.rollback();
  expect(written(streams)).toBe(1);
  streams.mark();
  streams.rollback();
  expect(written(streams)).toBe(0);
  streams.reset();
  expect(written(streams)).toBe(1);
});

test('a series beyond the limit is not taken and not marked as seen', () => {
  const seriesLimits = createSeriesLimits({
    maxSeriesPerMetric: 1,
    maxSeriesPerSource: 0,
    maxSeries: 0,
    windowMs: DAY_MS,
  });
  const context = createContext({ seriesLimits, seriesSource: 'key-1' });
  const rows = new SeriesRows(context);
  expect(rows.sample(ref(up), NOW_MS, 1)).toBe(true);
  expect(rows.sample(ref({ ...up, job: 'other' }), NOW_MS, 1)).toBe(false);
  expect(rows.refusal).toMatchObject({ code: 'too_many_series' });
  expect(rows.sample(ref({ ...up, job: 'other' }), NOW_MS, 1)).toBe(false);
  expect(rows.sample(ref(up), NOW_MS + 1, 1)).toBe(true);
  expect(rowsOf(context.batch, 'metric_samples')).toHaveLength(2);
  expect(rowsOf(context.batch, 'metric_series')).toHaveLength(1);
  expect(seriesLimits.report(NOW_MS).sources).toMatchObject([{ source: 'key-1', series: 1 }]);
});

test('without a source a series counts for its job', () => {
  const seriesLimits = createSeriesLimits({
    maxSeriesPerMetric: 0,
    maxSeriesPerSource: 1,
    maxSeries: 0,
    windowMs: DAY_MS,
  });
  const rows = new SeriesRows(createContext({ seriesLimits }));
  expect(rows.sample(ref(up), NOW_MS, 1)).toBe(true);
  expect(rows.sample(ref({ ...up, __name__: 'b' }), NOW_MS, 1)).toBe(false);
  expect(rows.sample(ref({ ...up, job: 'other' }), NOW_MS, 1)).toBe(true);
});
