import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Labels } from '../model/labels.ts';
import type { NativeHistogram } from '../model/native-histogram.ts';
import { type SeriesSamples, setStale, wordsOf } from '../model/samples.ts';
import { createEngine } from './engine.ts';
import type { EngineOptions, QueryResult } from './engine-types.ts';
import { memorySource } from './memory-source.ts';

const cases = Number(process.env.BELLWETHER_PROMQL_CASES ?? 500);

const options: EngineOptions = {
  lookbackMs: 300_000,
  maxSamples: 1_000_000,
  maxSeries: 1_000,
  timeoutMs: 60_000,
  subqueryStepMs: 60_000,
  hasExperimentalFunctions: true,
  hasDurationExpressions: true,
  hasExtendedRangeSelectors: true,
  hasDelayedNameRemoval: false,
  hasFillModifiers: true,
  hasFusedKernels: false,
};

/** A small generator of numbers, so that a case is described by its seed. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function histogramOf(count: number): NativeHistogram {
  return {
    schema: 0,
    zeroThreshold: 0.001,
    zeroCount: 0,
    count,
    sum: count * 1.5,
    positiveIndexes: [0, 1],
    positiveCounts: [count / 3, (2 * count) / 3],
    negativeIndexes: [],
    negativeCounts: [],
    customBounds: [],
    counterReset: 'unknown',
  };
}

/** An hour of samples every 15 s with gaps, markers, resets, values of every kind and histograms here and there. */
function seriesOf(seed: number, index: number): SeriesSamples {
  const next = random(seed * 31 + index);
  const timesMs: number[] = [];
  const kinds: ('float' | 'stale' | 'histogram')[] = [];
  const numbers: number[] = [];
  const isOdd = next() < 0.3;
  const hasHistograms = next() < 0.1;
  let value = next() * 100;
  for (let i = 0; i < 240; i++) {
    if (next() < 0.03) i += Math.floor(next() * 40);
    value = next() < 0.03 ? next() : value + next() * 10;
    const special = isOdd ? next() : 1;
    timesMs.push(i * 15_000 + Math.floor(next() * 3) * 500);
    kinds.push(next() < 0.02 ? 'stale' : hasHistograms && next() < 0.5 ? 'histogram' : 'float');
    if (special < 0.02) numbers.push(Number.NaN);
    else if (special < 0.03) numbers.push(Number.POSITIVE_INFINITY);
    else if (special < 0.05) numbers.push(special < 0.04 ? -value : 1.5e308);
    else numbers.push(next() < 0.2 ? Math.floor(value) : value);
  }
  const values = Float64Array.from(numbers);
  const words = wordsOf(values);
  kinds.forEach((kind, i) => {
    if (kind === 'stale') setStale(words, i);
  });
  const name = index % 7 === 6 ? 'other_total' : 'requests_total';
  return {
    labels: Labels.fromObject({ __name__: name, job: `j${index % 3}`, instance: `i${index}` }),
    timesMs: Float64Array.from(timesMs),
    values,
    histograms: hasHistograms
      ? kinds.map((kind, i) => (kind === 'histogram' ? histogramOf(Math.abs(numbers[i]!)) : undefined))
      : undefined,
  };
}

const RANGE_FUNCTIONS = [
  ...['rate', 'increase', 'delta', 'irate', 'idelta', 'resets', 'changes'],
  ...[
    'sum_over_time',
    'avg_over_time',
    'min_over_time',
    'max_over_time',
    'count_over_time',
    'last_over_time',
  ],
];
const SELECTORS = ['requests_total', '{job=~"j."}', '{job="j1"}', 'nothing', 'other_total'];
const AGGREGATIONS = ['sum', 'avg', 'min', 'max', 'count', 'group', 'stddev', 'stdvar'];
const GROUPINGS = [
  '',
  ' by (job)',
  ' by (instance, job)',
  ' without (instance)',
  ' by (__name__)',
  ' by (none)',
];
const MODIFIERS = ['', ' offset 2m', ' offset -3m', ' @ 1200', ' @ end() offset 1m'];

const queries = fc
  .record({
    aggregation: fc.constantFrom(...AGGREGATIONS),
    grouping: fc.constantFrom(...GROUPINGS),
    rangeFunction: fc.option(fc.constantFrom(...RANGE_FUNCTIONS)),
    selector: fc.constantFrom(...SELECTORS),
    range: fc.constantFrom('20s', '1m', '5m', '17m'),
    modifier: fc.constantFrom(...MODIFIERS),
    isBare: fc.boolean(),
  })
  .map(({ aggregation, grouping, rangeFunction, selector, range, modifier, isBare }) => {
    const operand =
      rangeFunction === null
        ? `${selector}${modifier}`
        : `${rangeFunction}(${selector}[${range}]${modifier})`;
    return isBare && rangeFunction !== null ? operand : `${aggregation}${grouping} (${operand})`;
  });

/** Everything about a result that must not differ, the very bits of values with it. */
function facts({ value, warnings, infos }: QueryResult): unknown {
  const bits = (values: Float64Array) => [
    ...wordsOf(values.map((one) => (Number.isNaN(one) ? Number.NaN : one))),
  ];
  const series =
    value.type === 'matrix'
      ? value.series.map(({ labels, timesMs, values, histograms }) => ({
          labels: labels.toString(),
          timesMs: [...timesMs],
          bits: bits(values),
          histograms: histograms ?? [],
        }))
      : value;
  return { series, warnings, infos };
}

async function outcome(
  series: readonly SeriesSamples[],
  changes: Partial<EngineOptions>,
  query: Parameters<ReturnType<typeof createEngine>['range']>[0],
): Promise<unknown> {
  const engine = createEngine({ source: memorySource(series), options: { ...options, ...changes } });
  try {
    return facts(await engine.range(query));
  } catch (error) {
    return String(error);
  }
}

test(`fused kernels give the same bits as the plain evaluator in ${cases} random queries`, async () => {
  const property = fc.asyncProperty(
    queries,
    fc.nat(1_000_000),
    fc.constantFrom(15_000, 60_000, 7_000, 400_000),
    fc.boolean(),
    async (text, seed, stepMs, hasDelayedNameRemoval) => {
      const series = Array.from({ length: 1 + (seed % 12) }, (_, i) => seriesOf(seed, i));
      const query = { text, startMs: 60_000 + (seed % 1000), endMs: 60_000 + stepMs * 60, stepMs };
      const plain = await outcome(series, { hasDelayedNameRemoval }, query);
      const fused = await outcome(series, { hasDelayedNameRemoval, hasFusedKernels: true }, query);
      expect(fused).toEqual(plain);
    },
  );
  await fc.assert(property, { numRuns: cases });
}, 600_000);

test('the comparison would notice a difference in the last bit', () => {
  const result = (value: number): QueryResult => ({
    value: {
      type: 'matrix',
      series: [
        {
          labels: Labels.EMPTY,
          timesMs: Float64Array.of(0),
          values: Float64Array.of(value),
          histograms: undefined,
        },
      ],
    },
    warnings: [],
    infos: [],
    stats: {
      totalSamples: 0,
      peakSamples: 0,
      seriesRead: 0,
      rowsRead: 0,
      bytesRead: 0,
      parseMs: 0,
      selectMs: 0,
      evaluateMs: 0,
    },
    plan: { operation: '', expression: '', seriesOut: 0, samplesRead: 0, elapsedMs: 0, children: [] },
  });
  expect(facts(result(0.1 + 0.2))).not.toEqual(facts(result(0.3)));
  expect(facts(result(Number.NaN))).toEqual(facts(result(Number.NaN)));
});
