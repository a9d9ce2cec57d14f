import { describe, expect, test } from 'vitest';
import { Labels } from '../../model/labels.ts';
import { isStale, type SeriesSamples, wordsOf } from '../../model/samples.ts';
import type { QueryEngine, QueryResult, QueryValue } from '../engine-types.ts';
import { runScript } from './run.ts';
import { type EvalCommand, type LoadCommand, parseScript } from './script.ts';

function firstSeries(text: string): SeriesSamples[] {
  const seen: SeriesSamples[] = [];
  const engine = fake({ type: 'scalar', timeMs: 0, value: 0 });
  void runScript(parseScript(`${text}\n\neval instant at 0 1\n 0`), (series) => {
    seen.push(...series);
    return engine;
  });
  return seen;
}

/** An engine with always the same answer. */
function fake(value: QueryValue, notes: Partial<Pick<QueryResult, 'warnings' | 'infos'>> = {}): QueryEngine {
  const result = { value, warnings: [], infos: [], ...notes } as unknown as QueryResult;
  return { instant: async () => result, range: async () => result };
}

async function outcome(text: string, engine: QueryEngine): Promise<string | undefined> {
  const [first] = await runScript(parseScript(text), () => engine);
  return first!.failure;
}

function vector(...samples: readonly (readonly [Record<string, string>, number])[]): QueryValue {
  return {
    type: 'vector',
    samples: samples.map(([labels, value]) => ({
      labels: Labels.fromObject(labels),
      timeMs: 0,
      value,
      histogram: undefined,
    })),
  };
}

describe('points', () => {
  test.each([
    ['1 -2.5 1e3 .5 2.', [1, -2.5, 1000, 0.5, 2]],
    ['Inf -Inf +inf', [Infinity, -Infinity, Infinity]],
    ['0+5x3', [0, 5, 10, 15]],
    ['10-2.5x2', [10, 7.5, 5]],
    ['-1-1x1', [-1, -2]],
    ['0x3', [0, 0, 0, 0]],
    ['0.1+0.1x2', [0.1, 0.2, 0.1 + 0.1 + 0.1]],
  ])('%s', (text, values) => {
    const [series] = firstSeries(`load 10s\n  m ${text}`);
    expect([...series!.values]).toEqual(values);
    expect([...series!.timesMs]).toEqual(values.map((_, i) => i * 10_000));
  });

  test('gaps leave out steps, staleness markers are exact bits', () => {
    const [series] = firstSeries('load 1m\n m 1 _ _x2 stale NaN');
    expect([...series!.timesMs]).toEqual([0, 240_000, 300_000]);
    const words = wordsOf(series!.values);
    expect([0, 1, 2].map((i) => isStale(words, i))).toEqual([false, true, false]);
    expect(series!.values[2]).toBeNaN();
  });

  test('histograms with all fields', () => {
    const [series] = firstSeries(
      'load 1m\n m {{schema:1 sum:-0.3 count:7.1 z_bucket:7.1 z_bucket_w:0.05 buckets:[5 0 7] offset:-3 n_buckets:[4 5] n_offset:-5 counter_reset_hint:gauge}}',
    );
    expect(series!.histograms![0]).toEqual({
      schema: 1,
      sum: -0.3,
      count: 7.1,
      zeroCount: 7.1,
      zeroThreshold: 0.05,
      positiveIndexes: [-3, -2, -1],
      positiveCounts: [5, 0, 7],
      negativeIndexes: [-5, -4],
      negativeCounts: [4, 5],
      customBounds: [],
      counterReset: 'gauge',
    });
    expect(series!.values[0]).toBeNaN();
  });

  test('rising and falling histograms', () => {
    const [series] = firstSeries(
      'load 1m\n m {{count:1 buckets:[1]}}+{{count:2 buckets:[1 1]}}x2 {{count:4 buckets:[4]}}-{{count:1 buckets:[1]}}x1',
    );
    expect(series!.histograms!.map((histogram) => histogram!.count)).toEqual([1, 3, 5, 4, 3]);
    expect(series!.histograms![2]!.positiveCounts).toEqual([3, 2]);
  });

  test('hints are those that storage would give back', () => {
    const [series] = firstSeries(
      'load 1m\n m {{count:1}} {{count:2}} {{count:1}} {{count:5 counter_reset_hint:reset}} 7 {{count:6}} {{count:1 counter_reset_hint:gauge}} {{count:3}}',
    );
    expect(series!.histograms!.map((histogram) => histogram?.counterReset)).toEqual([
      'unknown',
      'not_reset',
      'reset',
      'reset',
      undefined,
      'unknown',
      'gauge',
      'unknown',
    ]);
  });

  test.each(['x', '1+2', '1x', '{{count:1}', '{{what:1}}', '{{count:x}}', '{{buckets:1}}', '1{{count:1}}'])(
    'refuses %s',
    (text) => {
      expect(() => parseScript(`load 1m\n m ${text}`)).toThrow(/^line 2: /);
    },
  );

  test('has a bound on repetitions', () => {
    expect(() => parseScript('load 1m\n m 1x9999999999')).toThrow(/repetitions/);
  });
});

describe('commands', () => {
  test('a comment ends a block, clear ends the data', () => {
    const commands = parseScript('load 5m\n a 1\n# c\nload 10s\n b 1\nclear\n\nclear\nload 1h30m\n c 1');
    expect(commands.map(({ kind, line }) => [kind, line])).toEqual([
      ['load', 1],
      ['load', 4],
      ['clear', 8],
      ['load', 9],
    ]);
    expect((commands[3] as LoadCommand).stepMs).toBe(5_400_000);
  });

  test('series with quoted names and escapes', () => {
    const [load] = parseScript(`load 1m\n {"a b", "c.d"='e\\'f', g=\`\\h\`} 1`) as [LoadCommand];
    expect(load.series[0]!.labels.toObject()).toEqual({
      __name__: 'a b',
      'c.d': "e'f",
      g: '\\h',
    });
  });

  test('a series that appears twice counts as the last time', () => {
    const series = firstSeries('load 1m\n m 1 2\n m{x="y"} 3\n m 4');
    expect(series.map(({ values }) => [...values])).toEqual([[4], [3]]);
  });

  test('loads add up until clear', () => {
    const series = firstSeries('load 1m\n old 1\n\nclear\n\nload 1m\n m 1 2\n\nload 1m\n m _ _ 3');
    expect(series.map(({ values }) => [...values])).toEqual([[1, 2, 3]]);
  });

  test('evaluations with all that may be expected', () => {
    const [range, fail] = parseScript(
      'eval range from 10s53ms to 1m step 5s sum(x) # y\n expect warn msg: a  b\n expect no_info\n {} 1 _ 3\n\neval_fail instant at 0 y\n expected_fail_message boom',
    ) as [EvalCommand, EvalCommand];
    expect(range.steps).toEqual({ startMs: 10_053, endMs: 60_000, stepMs: 5000 });
    expect(range.query).toBe('sum(x) # y');
    expect(range.expectations).toEqual([
      { type: 'warn', match: 'msg', text: 'a  b' },
      { type: 'no_info', match: undefined, text: '' },
    ]);
    expect(range.series[0]!.points.length).toBe(3);
    expect(fail.expectations).toEqual([{ type: 'fail', match: 'msg', text: 'boom' }]);
  });

  test.each([
    'lod 1m',
    'load',
    'load x',
    'eval instant 1',
    'eval instant at x 1',
    'eval instant at 0 1\n expect it',
  ])('refuses %s', (text) => {
    expect(() => parseScript(text)).toThrow(/^line \d: /);
  });

  test('load_with_nhcb folds classic histograms', () => {
    const series = firstSeries(
      'load_with_nhcb 1m\n h_bucket{le="1",a="b"} 1 2\n h_bucket{le="+Inf",a="b"} 4 6\n h_bucket{le="5",a="b"} 3 3\n h_sum{a="b"} 10 _',
    );
    const folded = series.find(({ labels }) => labels.metric === 'h')!;
    expect(folded.labels.toObject()).toEqual({ __name__: 'h', a: 'b' });
    expect(folded.histograms![0]).toMatchObject({
      schema: -53,
      count: 4,
      sum: 10,
      customBounds: [1, 5],
      positiveIndexes: [0, 1, 2],
      positiveCounts: [1, 2, 1],
    });
    expect(folded.histograms![1]).toMatchObject({ count: 6, sum: 0, positiveCounts: [2, 1, 3] });
    expect(series.length).toBe(5);
  });
});

describe('comparison', () => {
  const one = vector([{ a: 'b' }, 1]);

  test.each([
    ['equal', '{a="b"} 1', one, undefined],
    ['within a millionth', '{a="b"} 1.0000005', one, undefined],
    ['beyond a millionth', '{a="b"} 1.000003', one, /got 1, expected 1.000003/],
    ['other value', '{a="b"} 2', one, /expected 2/],
    ['other labels', '{a="c"} 1', one, /unexpected series/],
    ['the name counts', 'm{a="b"} 1', one, /unexpected series/],
    ['missing', '{a="b"} 1\n {a="c"} 1', one, /missing series/],
    ['a histogram instead', '{a="b"} {{count:1}}', one, /got 1, expected {count:1/],
    ['a scalar instead', '1', one, /expected the scalar/],
    ['a scalar', '1', { type: 'scalar', timeMs: 0, value: 1 } as QueryValue, undefined],
    ['another scalar', '1', { type: 'scalar', timeMs: 0, value: 2 } as QueryValue, /got 2/],
    ['NaN', '{} NaN', vector([{}, Number.NaN]), undefined],
    ['twice', '{a="b"} 1', vector([{ a: 'b' }, 1], [{ a: 'b' }, 1]), /twice/],
    ['any order', '{a="c"} 2\n {a="b"} 1', vector([{ a: 'b' }, 1], [{ a: 'c' }, 2]), undefined],
  ])('%s', async (_name, lines, value, failure) => {
    const engine = { ...fake(value), range: async () => Promise.reject(new Error('not asked')) };
    const found = await outcome(`eval instant at 0 q\n ${lines}`, engine);
    if (failure === undefined) expect(found).toBe('as the middle of a range: failed: not asked');
    else expect(found).toMatch(failure);
  });

  test('order, where it is expected', async () => {
    const value = vector([{ a: 'b' }, 1], [{ a: 'c' }, 2]);
    const text = (lines: string) => `eval instant at 0 q\n expect ordered\n ${lines}`;
    expect(await outcome(text('{a="b"} 1\n {a="c"} 2'), fake(value))).toBeUndefined();
    expect(await outcome(text('{a="c"} 2\n {a="b"} 1'), fake(value))).toMatch(/position 1, expected 2/);
  });

  const warned = fake({ type: 'matrix', series: [] }, { warnings: ['w (1:1)'] });
  const range = (lines: string) => `eval range from 0 to 1m step 1m q\n ${lines}`;

  test.each([
    ['# nothing', undefined],
    ['expect warn', undefined],
    ['expect warn msg: w (1:1)', undefined],
    ['expect warn regex: ^w', undefined],
    ['expect warn msg: w', /expected a warn/],
    ['expect no_warn', /unexpected warn/],
    ['expect info', /expected a info/],
    ['expect no_info', undefined],
    ['expect fail', /expected to fail/],
  ])('%s', async (lines, failure) => {
    const found = await outcome(range(lines), warned);
    if (failure === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(failure);
  });

  test('errors', async () => {
    const failing: QueryEngine = {
      instant: () => Promise.reject(new Error('no such thing')),
      range: () => Promise.reject(new Error('no such thing')),
    };
    expect(await outcome(range('expect fail'), failing)).toBeUndefined();
    expect(await outcome(range('expect fail msg: such'), failing)).toBeUndefined();
    expect(await outcome(range('expect fail regex: ^no'), failing)).toBeUndefined();
    expect(await outcome(range('expect fail msg: other'), failing)).toMatch(/failed with/);
    expect(await outcome(range(''), failing)).toMatch(/failed: no such thing/);
    const broken: QueryEngine = { ...failing, range: () => Promise.reject(new TypeError('undefined')) };
    expect(await outcome(range('expect fail'), broken)).toMatch(/failed: TypeError/);
  });

  test('points of a range', async () => {
    const series = [
      {
        labels: Labels.EMPTY,
        timesMs: Float64Array.of(0, 120_000),
        values: Float64Array.of(1, 3),
        histograms: undefined,
      },
    ];
    const engine = fake({ type: 'matrix', series });
    const text = (points: string) => `eval range from 0 to 2m step 1m q\n {} ${points}`;
    expect(await outcome(text('1 _ 3'), engine)).toBeUndefined();
    expect(await outcome(text('1 2 3'), engine)).toMatch(/no point at 60 s/);
    expect(await outcome(text('1'), engine)).toMatch(/2 points, expected 1/);
    expect(await outcome(text('1 _ 3 4'), engine)).toMatch(/more points than the range/);
    expect(await outcome(text('1 _ 4'), engine)).toMatch(/at 120 s: got 3, expected 4/);
  });
});
