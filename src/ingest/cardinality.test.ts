import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSeriesLimits, type LimitedSeries, type SeriesLimitOptions } from './cardinality.ts';
import { SeriesTable } from './cardinality-table.ts';
import { mixed } from './distinct-sketch.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2026, 10, 20, 12);

const NO_LIMITS: SeriesLimitOptions = {
  maxSeriesPerMetric: 0,
  maxSeriesPerSource: 0,
  maxSeries: 0,
  windowMs: DAY_MS,
};

function series(metric: string, n: number): LimitedSeries {
  return {
    metric,
    labels: [
      ['job', 'web'],
      ['path', `/orders/${n}`],
      ['zone', `z${n % 3}`],
    ],
    low: mixed(n) >>> 0,
    high: mixed(metric.length * 7919 + metric.charCodeAt(0)) >>> 0,
  };
}

describe('createSeriesLimits', () => {
  test('takes so many series of a metric, tells which label makes them many, and keeps those it knows', () => {
    const limits = createSeriesLimits({ ...NO_LIMITS, maxSeriesPerMetric: 100 });
    for (let n = 0; n < 100; n++) expect(limits.admits('a', series('hits', n), NOW_MS)).toBeUndefined();
    for (let n = 100; n < 200; n++) {
      for (let again = 0; again < 3; again++) {
        expect(limits.admits('a', series('hits', n), NOW_MS)).toMatchObject({ code: 'too_many_series' });
      }
    }
    expect(limits.admits('a', series('hits', 5), NOW_MS)).toBeUndefined();
    expect(limits.admits('a', series('other', 5), NOW_MS)).toBeUndefined();
    expect(limits.admits('b', series('hits', 999), NOW_MS)?.message).toMatch(
      /hits has 100 series, .* the label path has the most values, about \d\d+/,
    );
    const { refused, metrics, series: all } = limits.report(NOW_MS);
    expect(all).toBe(101);
    expect(metrics[0]).toMatchObject({ metric: 'hits', series: 100, added: 100 });
    expect(metrics[0]!.labels.map(({ label }) => label)).toEqual(['path', 'zone', 'job']);
    expect(refused).toMatchObject([
      {
        metric: 'hits',
        limit: 'metric',
        source: 'b',
        refusals: 301,
        label: { label: 'path' },
        lastAtMs: NOW_MS,
      },
    ]);
    expect(refused[0]!.series).toBeGreaterThan(85);
    expect(refused[0]!.series).toBeLessThan(115);
  });

  test('limits a source and the whole', () => {
    const limits = createSeriesLimits({ ...NO_LIMITS, maxSeriesPerSource: 2, maxSeries: 5 });
    const admitted = ['a', 'a', 'a', 'b', 'b', 'c', 'c'].map(
      (source, n) => limits.admits(source, series(`m${n}`, n), NOW_MS) === undefined,
    );
    expect(admitted).toEqual([true, true, false, true, true, true, false]);
    expect(limits.admits('a', series('m2', 2), NOW_MS)?.message).toMatch(/^a has 2 series/);
    expect(limits.admits('c', series('m6', 6), NOW_MS)?.message).toMatch(/the server may have/);
    expect(limits.report(NOW_MS)).toMatchObject({
      series: 5,
      sources: [
        { source: 'a', series: 2, refusals: 2 },
        { source: 'b', series: 2, refusals: 0 },
        { source: 'c', series: 1, refusals: 2 },
      ],
    });
  });

  test('forgets a series after a window in which nobody asked for it', () => {
    const limits = createSeriesLimits({ ...NO_LIMITS, maxSeriesPerMetric: 2 });
    limits.admits('a', series('m', 1), NOW_MS);
    limits.admits('a', series('m', 2), NOW_MS);
    expect(limits.admits('a', series('m', 3), NOW_MS)).toBeDefined();
    // Once a day is enough to stay, and 2 is still counted.
    expect(limits.admits('a', series('m', 1), NOW_MS + DAY_MS)).toBeUndefined();
    expect(limits.admits('a', series('m', 3), NOW_MS + DAY_MS)).toBeDefined();
    expect(limits.admits('a', series('m', 1), NOW_MS + 2 * DAY_MS)).toBeUndefined();
    expect(limits.admits('a', series('m', 3), NOW_MS + 2 * DAY_MS)).toBeUndefined();
    expect(limits.report(NOW_MS + 2 * DAY_MS)).toMatchObject({
      series: 2,
      metrics: [{ series: 2, added: 1 }],
    });
    expect(limits.report(NOW_MS + 9 * DAY_MS)).toMatchObject({
      series: 0,
      metrics: [],
      sources: [],
      refused: [],
    });
  });

  test('a clock that goes back forgets nothing', () => {
    const limits = createSeriesLimits({ ...NO_LIMITS, maxSeries: 1 });
    limits.admits('a', series('m', 1), NOW_MS);
    expect(limits.admits('a', series('m', 2), NOW_MS - 5 * DAY_MS)).toBeDefined();
    expect(limits.admits('a', series('m', 1), NOW_MS - 5 * DAY_MS)).toBeUndefined();
  });

  test('what a request brought is taken back with it', () => {
    const limits = createSeriesLimits({ ...NO_LIMITS, maxSeriesPerMetric: 3 });
    limits.admits('a', series('m', 1), NOW_MS);
    limits.mark();
    for (let n = 1; n < 10; n++) limits.admits('b', series('m', n), NOW_MS);
    for (let n = 0; n < 5000; n++) limits.admits('b', series(`other${n}`, n), NOW_MS);
    limits.rollback();
    limits.rollback();
    expect(limits.report(NOW_MS)).toMatchObject({
      series: 1,
      metrics: [{ metric: 'm', series: 1, added: 1 }],
    });
    expect(limits.report(NOW_MS).newPerHour.at(-1)).toEqual({ hourMs: NOW_MS, series: 1 });
    expect(limits.admits('a', series('m', 7), NOW_MS)).toBeUndefined();
    expect(limits.report(NOW_MS).series).toBe(2);
  });

  test('counts new series by hour', () => {
    const limits = createSeriesLimits(NO_LIMITS);
    for (let n = 0; n < 60; n++) limits.admits('a', series('m', n), NOW_MS + n * HOUR_MS);
    const { newPerHour } = limits.report(NOW_MS + 61 * HOUR_MS);
    expect(newPerHour).toHaveLength(24);
    expect(newPerHour.map(({ series: count }) => count)).toEqual([...Array(22).fill(1), 0, 0]);
  });

  test('a flood of metrics and sources stays bounded and is told', () => {
    const limits = createSeriesLimits({ ...NO_LIMITS, maxSeries: 10 });
    for (let n = 0; n < 20_000; n++) limits.admits(`source ${n}`, series(`metric_${n}`, n), NOW_MS);
    const report = limits.report(NOW_MS, 5);
    expect(report.series).toBe(10);
    expect(report.refused).toHaveLength(5);
    expect(report.otherRefusals).toBe(19_990 - 1000);
    expect(limits.report(NOW_MS, 1e6).sources.length).toBeLessThanOrEqual(10_001);
  });
});

test('the table of series does what a map does', () => {
  const command = fc.oneof(
    fc.record({ kind: fc.constantFrom('touch', 'remove', 'drop'), id: fc.nat(40), window: fc.nat(3) }),
    fc.record({ kind: fc.constant('add'), id: fc.nat(40), window: fc.nat(3) }),
  );
  fc.assert(
    fc.property(fc.array(command, { maxLength: 200 }), (commands) => {
      const table = new SeriesTable<number>();
      let model: { id: number; window: number }[] = [];
      for (const { kind, id, window } of commands) {
        // Few slots, so that entries stand in each other's way.
        const [low, high] = [id % 5, id];
        const known = model.find((entry) => entry.id === id);
        if (kind === 'remove') expect(table.removeLast()).toBe(model.pop()?.id);
        else if (kind === 'drop') {
          const dropped: number[] = [];
          table.dropBefore(window, (owner) => dropped.push(owner));
          expect(dropped).toEqual(model.filter((entry) => entry.window < window).map((entry) => entry.id));
          model = model.filter((entry) => entry.window >= window);
        } else {
          expect(table.touch(low, high, window)).toBe(known !== undefined);
          if (known !== undefined) known.window = window;
          else if (kind === 'add') {
            table.add(low, high, window, id);
            model.push({ id, window });
          }
        }
        expect(table.size).toBe(model.length);
      }
      for (const { id } of model) expect(table.touch(id % 5, id, 0)).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test('the table grows', () => {
  const table = new SeriesTable<number>();
  for (let n = 0; n < 5000; n++) table.add(mixed(n) >>> 0, n, 1, n);
  for (let n = 0; n < 5000; n++) expect(table.touch(mixed(n) >>> 0, n, 1)).toBe(true);
  for (let n = 4999; n >= 0; n--) expect(table.removeLast()).toBe(n);
  expect(table.touch(mixed(1) >>> 0, 1, 1)).toBe(false);
});
