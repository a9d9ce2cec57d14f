import { describe, expect, it } from 'vitest';
import { type GraphAnswer, graphOf, mostLines, parseValue } from './graph-data.ts';
import type { MatrixSeries } from './prometheus.ts';

const answer = (letter: GraphAnswer['letter'], result: readonly MatrixSeries[]): GraphAnswer => ({
  letter,
  expr: 'expression',
  data: { resultType: 'matrix', result },
  startMs: 0,
  endMs: 30_000,
  stepMs: 10_000,
});

describe('the graph of answers', () => {
  it('puts values at their moments and leaves gaps', () => {
    const graph = graphOf([
      answer('A', [
        {
          metric: { __name__: 'up' },
          values: [
            [10, '1'],
            [30, '3'],
          ],
        },
      ]),
    ]);
    expect(graph.times).toEqual([0, 10_000, 20_000, 30_000]);
    expect(graph.series[0]?.values).toEqual([null, 1, null, 3]);
    expect(graph.series[0]).toMatchObject({ last: 3, min: 1, max: 3, mean: 2, short: 'up', label: 'up' });
  });

  it('shares one axis between queries, and tells their series apart', () => {
    const at = (...seconds: number[]) => [
      { metric: { job: 'a' }, values: seconds.map((second) => [second, '1'] as const) },
    ];
    // The second ran two seconds before the first.
    const earlier = { ...answer('B', at(-2, 8, 18, 28)), startMs: -2000, endMs: 28_000 };
    const graph = graphOf([answer('A', at(0, 10, 20, 30)), earlier]);
    expect(graph.times).toEqual([0, 10_000, 20_000, 30_000]);
    expect(graph.series.map(({ values }) => values)).toEqual([
      [1, 1, 1, 1],
      [1, 1, 1, 1],
    ]);
    expect(new Set(graph.series.map(({ label }) => label)).size).toBe(2);
  });

  it('gives a query of one series the colour of its letter', () => {
    const one = [{ metric: {}, values: [[0, '1']] as const }];
    const graph = graphOf([answer('A', one), answer('C', one)]);
    expect(graph.series.map(({ colour }) => colour)).toEqual(['--series-1', '--series-3']);
    expect(graph.series.map(({ label }) => label)).toEqual(['A: expression', 'C: expression']);
  });

  it('draws neither NaN nor infinity, and counts the infinite', () => {
    const graph = graphOf([
      answer('A', [
        {
          metric: {},
          values: [
            [0, 'NaN'],
            [10, '+Inf'],
            [20, '-Inf'],
            [30, '1e+300'],
          ],
        },
      ]),
    ]);
    expect(graph.series[0]?.values).toEqual([null, null, null, 1e300]);
    expect(graph.infinite).toBe(2);
  });

  it('counts native histograms, which no line can show', () => {
    const graph = graphOf([answer('A', [{ metric: {}, histograms: [[0, { count: '1', sum: '1' }]] }])]);
    expect(graph).toMatchObject({ histograms: 1, series: [] });
  });

  it('draws so many lines and says how many it left out', () => {
    const many = Array.from({ length: mostLines + 7 }, (_, index) => ({
      metric: { i: String(index) },
      values: [[0, '1']] as const,
    }));
    const graph = graphOf([answer('A', many)]);
    expect(graph.series).toHaveLength(mostLines);
    expect(graph.omitted).toBe(7);
  });

  it('reads values as the API writes them', () => {
    expect(['+Inf', '-Inf', '1e-07', '-0'].map(parseValue)).toEqual([
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      1e-7,
      -0,
    ]);
    expect(parseValue('NaN')).toBeNaN();
  });
});
